"""An alert as plain values, and as each channel wants it. No text of a user, an answer or an entry is in it."""

import hashlib
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from typing import Any

from halluguard.monitor.decide import Kind, worst_level
from halluguard.monitor.watch import MonitorResult
from halluguard.report.hostile import one_line

LEVELS = ("SEV3", "SEV2", "SEV1", "SEV0")
"""From the next working day to at once; a monitor raises SEV2 at most, people raise the rest."""
KIND_LEVELS = {
    Kind.DATA_DRIFT: "SEV3",
    Kind.UNEXPLAINED: "SEV3",
    Kind.CONCEPT_DRIFT: "SEV2",
    Kind.STORE_DRIFT: "SEV2",
    Kind.MODEL_DRIFT: "SEV2",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `dedup_key` is the same for the same trouble, `level` may rise; times are ISO 8601 with a zone."""

    id: str
    time: str
    level: str
    title: str
    verdict: str
    measures: tuple[str, ...]
    report_path: str
    dedup_key: str

    def as_dict(self) -> dict[str, Any]:
        """Return what a generic webhook gets."""
        return {**asdict(self), "measures": list(self.measures)}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "Alert":
        """Read it back from the outbox."""
        return cls(**{**value, "measures": tuple(value["measures"])})


def alert_of(
    result: MonitorResult, *, time: str, subject: str, place: str = "", report_path: str = ""
) -> Alert | None:
    """Make an alert of a monitor's result, None where it raised no alarm, or answers became better and nothing else moved.

    `subject` names what is watched; `place` says where it lies, which tells apart what bears one name in the key.
    """
    if not result.alarms or result.improved:
        return None
    kinds = [str(kind) for kind in result.kinds]
    key = _digest(place or subject, *sorted(kinds))
    measures = sorted({f"{test.signal} ({test.test})" for test in result.alarms})
    return Alert(
        id=_digest(key, time),
        time=time,
        level=worst_level(result.kinds, KIND_LEVELS),
        title=one_line(f"{', '.join(kinds)} in {subject}"),
        verdict=result.told,
        measures=tuple(measures),
        report_path=report_path,
        dedup_key=key,
    )


def slack_payload(alert: Alert) -> dict[str, str]:
    """Return what a Slack-compatible incoming webhook takes; &, < and > are escaped, so that nothing in it is a mention or link."""
    text = f"{alert.level} {alert.title}. {alert.verdict}. Measures: {', '.join(alert.measures)}."
    return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


def delivery_id(alert: Alert, step: int) -> str:
    """Return what a repeat of one sending can be told by; a later step of the escalation has its own."""
    return f"{alert.id}-{step}" if step else alert.id


def email_message(alert: Alert, *, sender: str, to: tuple[str, ...], step: int = 0) -> EmailMessage:
    """Return the alert as a plain-text message; its Message-ID is that of the sending, so that a repeat can be told."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = one_line(f"[halluguard {alert.level}] {alert.title}", 150)
    message["Message-ID"] = f"<{delivery_id(alert, step)}@halluguard.invalid>"
    lines = [
        alert.verdict,
        "",
        f"Level: {alert.level}",
        f"Time: {alert.time}",
        f"Measures: {', '.join(alert.measures)}",
        *([f"Report: {alert.report_path}"] if alert.report_path else []),
        f"Key: {alert.dedup_key}",
    ]
    message.set_content("\n".join(lines) + "\n")
    return message


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:24]
