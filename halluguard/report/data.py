"""What a report says, as plain frozen values: no markup, no file, no model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from halluguard.records import Origin, Rate, Reason, Status, SuspectVerdict
from halluguard.report.differences import Segment


@dataclass(frozen=True, slots=True)
class MeasuredRate(Rate):
    """A share with its counts and 95 % Wilson interval; the ends are None where the run does not state them."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class GroupRate:
    """The ungrounded rate of one group of claims, such as one source or one day."""

    key: str
    rate: MeasuredRate


@dataclass(frozen=True, slots=True)
class Grouping:
    """The ungrounded rate by one property; `rest` sums the `n_rest` groups that are not named, but not sources, which may share claims."""

    name: str
    groups: tuple[GroupRate, ...]
    n_rest: int = 0
    rest: MeasuredRate = MeasuredRate(0, 0)


@dataclass(frozen=True, slots=True)
class Counts:
    """How much was read and how it ended; turns, claims, citations and rows."""

    turns: int = 0
    claims: int = 0
    checkable: int = 0
    ungrounded: int = 0
    flagged_turns: int = 0
    errors: int = 0
    truncated: int = 0
    skipped_rows: int = 0
    ghost_citations: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage with the id it is reported under; `text` is empty where the run does not hold it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class FlaggedClaim:
    """A claim of a shown answer that no text bears out, with what its source and the trusted documents say.

    `comparison` sets `compared` ("cited" or "claim") against the trusted text; empty where there is none.
    `outcome` says what the trace found, empty where there was none.
    """

    number: int
    status: Status
    text: str
    cited: Quote | None
    trusted: Quote | None
    compared: str
    comparison: tuple[Segment, ...]
    p_cited: float | None
    p_trusted_for: float | None
    p_trusted_against: float | None
    ghost_ids: tuple[str, ...]
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an answer. `status` is None between claims; `number` leads to its `FlaggedClaim`.

    `n_left_out` > 0 stands for that many characters that are not shown.
    """

    text: str
    status: Status | None = None
    number: int | None = None
    n_left_out: int = 0


@dataclass(frozen=True, slots=True)
class WorstAnswer:
    """An answer worth reading, standing for `n_alike` others with the same fault, some of them named.

    `claims` are the gravest of its flagged claims; the others are marked in `spans` only, and counted.
    """

    turn_id: str
    conversation_id: str
    timestamp: datetime | None
    question: str
    model: str
    index_version: str
    spans: tuple[Span, ...]
    claims: tuple[FlaggedClaim, ...]
    n_claims_left_out: int
    n_alike: int
    alike: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Culprit:
    """An entry behind flagged claims: how many, in how many turns, and when it was first and last seen."""

    entry_id: str
    source: str
    n_claims: int
    n_turns: int
    first_seen: datetime | None
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class SourceShare:
    """The culprits of one source together."""

    source: str
    n_entries: int
    n_claims: int


@dataclass(frozen=True, slots=True)
class GroupShare:
    """How much of a source, a batch or a day of ingest is accused; `whole` where all of it is."""

    level: str
    key: str
    accused: int
    total: int
    p_value: float
    whole: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What happened. `traced` tells entries found responsible by the trace from passages counted behind conflicts.

    `removal` counts the claims that the store no longer supports once the accused entries are gone.
    """

    traced: bool
    culprits: tuple[Culprit, ...] = ()
    n_culprits: int = 0
    n_claims: int = 0
    n_turns: int = 0
    sources: tuple[SourceShare, ...] = ()
    origins: tuple[tuple[Origin, int], ...] = ()
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    rollup: tuple[GroupShare, ...] = ()
    n_rollup: int = 0
    removal: Rate | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """When an entry came in and which turns retrieved it, in equal bins from `start` to `end`.

    `flagged` counts those turns of a bin in which a claim is laid at the entry's door; never more than `touched`.
    """

    start: datetime
    end: datetime
    ingested_at: datetime | None
    touched: tuple[int, ...]
    flagged: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SuspectCard:
    """A store entry with its text set against the nearest trusted text, its reasons, and the turns it touched."""

    entry_id: str
    source: str
    batch: str
    ingested_at: datetime | None
    verdict: SuspectVerdict
    responsibility: float | None
    p_value: float | None
    n_claims: int
    n_turns: int
    reasons: tuple[Reason, ...]
    text: str
    trusted: Quote | None
    comparison: tuple[Segment, ...]
    activity: Activity | None
    turn_ids: tuple[str, ...]
    n_touched: int


@dataclass(frozen=True, slots=True)
class Suspects:
    """The suspects of a traced store; `counts` covers all of them, `cards` the gravest."""

    cards: tuple[SuspectCard, ...] = ()
    counts: tuple[tuple[SuspectVerdict, int], ...] = ()
    n_left_out: int = 0


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything a report shows of one run, of which `interrupted` ones hold only a part of the log; `cascade` is cascade.json as it lies there, None where there is none.

    `run` and `store` are the folders as the commands were given them; `store` is None where none was traced.
    """

    title: str
    version: str
    run: str
    store: str | None
    interrupted: bool
    counts: Counts
    statuses: tuple[tuple[Status, int], ...]
    rate: MeasuredRate
    other_rates: tuple[tuple[str, MeasuredRate], ...]
    groupings: tuple[Grouping, ...]
    first_turn: datetime | None
    last_turn: datetime | None
    findings: Findings
    worst: tuple[WorstAnswer, ...]
    n_worst_left_out: int
    suspects: Suspects | None
    cascade: Mapping[str, Any] | None
    not_shown: tuple[str, ...]
    store_faults: tuple[tuple[str, str], ...]
    method: tuple[tuple[str, str], ...]
