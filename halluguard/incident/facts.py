"""What a record is written from: the facts of a run, as plain frozen values. None and empty mean "not known", never "none"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from halluguard.records import Origin, Reason, Status, SuspectVerdict
from halluguard.report import ReportData


@dataclass(frozen=True, slots=True)
class Header:
    """The minimum incident record of NIST AI 600-1 GV-4.3-002, as far as a person has stated it, and the times only people know."""

    system: str = ""
    title: str = ""
    reporter: str = ""
    source: str = ""
    reported_at: datetime | None = None
    occurred_at: datetime | None = None
    description: str = ""
    impacts: str = ""
    stakeholders: str = ""
    detected_at: datetime | None = None
    contained_at: datetime | None = None
    ended_at: datetime | None = None
    owner: str = ""
    contact: str = ""
    adversary_suspected: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """Something that was done: when, what, by whom and why, in which phase, with digests.

    People state `containment`, `eradication` or `recovery`; a ledger gives `evidence`, or `prepared` for a store that was written beside
    the one in use: only people know when it took its place.
    """

    time: datetime | None
    what: str
    who: str = ""
    why: str = ""
    phase: str = "containment"
    digest_before: str = ""
    digest_after: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One flagged claim with what lies behind it; `line` is the row of the log, counted from 1."""

    id: str
    status: Status
    turn_id: str
    conversation: str
    timestamp: datetime | None
    line: int | None
    start: int
    end: int
    text: str
    cited_ids: tuple[str, ...]
    ghost_ids: tuple[str, ...]
    support: float | None
    contradiction: float | None
    trusted_id: str
    trusted_text: str
    origin: Origin | None
    accused_ids: tuple[str, ...]
    generation: int | None


@dataclass(frozen=True, slots=True)
class EntryFact:
    """One suspect entry of the store."""

    id: str
    source: str
    batch: str
    ingested_at: datetime | None
    text: str
    verdict: SuspectVerdict
    responsibility: float | None
    p_value: float | None
    n_events: int
    n_turns: int
    reasons: tuple[Reason, ...]
    trusted_id: str
    trusted_text: str
    role: str = ""
    rung: int | None = None
    reach: int | None = None
    dominated: float | None = None
    expected: float | None = None
    action: str = ""


@dataclass(frozen=True, slots=True)
class CascadeFact:
    """One claim that spread, with its verdict, scores (rows of cascade.json), edges, and what to remove."""

    id: str
    claim: str
    regime: str
    rule: str
    n_answers: int
    n_entries: int
    origins: tuple[str, ...]
    minimum_cut: tuple[str, ...]
    quarantine: tuple[str, ...]
    written_back: int
    scores: tuple[Mapping[str, Any], ...]
    edges: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """How many answers, conversations and users the flagged claims reached; None where the log does not say."""

    answers: int
    conversations: int | None
    users: int | None


@dataclass(frozen=True)
class Facts:
    """Everything a record states of one run."""

    header: Header
    report: ReportData
    manifest: Mapping[str, Any]
    findings: tuple[Finding, ...]
    entries: tuple[EntryFact, ...]
    cascades: tuple[CascadeFact, ...] | None
    regime: str
    reach: Reach
    traced: bool
    log_name: str
    actions: tuple[Action, ...] = ()
    redacted: bool = False
    first_bad_entry: datetime | None = None
    first_false_answer: datetime | None = None
    last_false_answer: datetime | None = None
    limits: tuple[str, ...] = field(default=())

    @property
    def has_trusted(self) -> bool:
        """Whether answers were held against trusted documents."""
        return bool((self.manifest.get("inputs") or {}).get("trusted"))

    @property
    def has_known_false(self) -> bool:
        """Whether answers were held against statements that people know to be false."""
        return bool((self.manifest.get("inputs") or {}).get("known_false"))

    @property
    def responsible(self) -> tuple[EntryFact, ...]:
        """The entries that the trace found responsible."""
        return tuple(entry for entry in self.entries if entry.verdict is SuspectVerdict.RESPONSIBLE)

    @property
    def contained_at(self) -> datetime | None:
        """When containment began: as stated, else the first containment that people recorded."""
        times = [action.time for action in self.actions if action.phase == "containment" and action.time]
        return self.header.contained_at or min(times, default=None)
