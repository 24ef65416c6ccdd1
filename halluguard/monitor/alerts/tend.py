"""The alert part of one `monitor` call, with the machine's clock: raise, acknowledge, escalate, send."""

import time
from datetime import UTC, datetime
from pathlib import Path

from halluguard.errors import SettingError
from halluguard.monitor.alerts.alert import alert_of
from halluguard.monitor.alerts.deliver import deliver
from halluguard.monitor.alerts.outbox import Outbox
from halluguard.monitor.alerts.settings import AlertSettings, load_settings
from halluguard.monitor.watch import MonitorResult


def ready_alerts(settings_path: Path) -> AlertSettings:
    """Read the alert settings and see that their outbox can be used; raises SettingError where not."""
    settings = load_settings(settings_path)
    Outbox(settings.outbox).waiting()
    return settings


def tend_alerts(
    settings: AlertSettings,
    result: MonitorResult | None,
    *,
    subject: str,
    place: str = "",
    report: str = "",
    acknowledge: str | None = None,
) -> str:
    """Raise an alert for a result that alarms, send what the outbox holds, and say what was done in one line each.

    Args:
        settings: channels, routes and limits.
        result: of the monitor; None sends what is left only.
        subject: what is watched, as the alert names it.
        place: where it lies; part of the key by which repeats are told. By default the subject is.
        report: where the figures lie, named in the alert.
        acknowledge: key of an alert that someone has taken over; it escalates no further.

    A key that names no open alert is said beside a result, whose alert must go out; without one it raises SettingError.
    """
    problems = []
    if acknowledge is not None and not Outbox(settings.outbox).acknowledge(acknowledge, time.time()):
        problems.append(f"--acknowledge {acknowledge!r} names no open alert in {settings.outbox}")
        if result is None:
            raise SettingError(problems[0])
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    alert = (
        None
        if result is None
        else alert_of(result, time=moment, subject=subject, place=place, report_path=report)
    )
    done = deliver(settings, (alert,) if alert else (), clock=time.time, sleep=time.sleep)
    lines = [
        (
            f"alerts: {done.raised} raised, {done.repeated} told before, {done.escalated} escalated, "
            f"{done.sent} sent, {done.waiting} waiting"
        )
    ]
    if alert:
        lines.append(f"key: {alert.dedup_key}")
    return "\n".join([*lines, *problems, *done.problems])
