"""The nouns of the design, frozen: turns, chunks, claims, readings, verdicts, entries, suspects.

Nothing here imports anything of ours, reads a file, or knows a model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Status(StrEnum):
    """What a claim can be: the table of the design, plus the three ways of not being checkable."""

    GROUNDED = "grounded"
    UNCORROBORATED = "uncorroborated"
    SOURCE_CONFLICT = "source_conflict"
    MISATTRIBUTED = "misattributed"
    UNCITED = "uncited"
    CONTRADICTED = "contradicted"
    UNSUPPORTED = "unsupported"
    ABSTAINED = "abstained"
    NOT_A_CLAIM = "not_a_claim"
    ERROR = "error"


UNGROUNDED = frozenset({Status.SOURCE_CONFLICT, Status.CONTRADICTED, Status.UNSUPPORTED})
"""Statuses that count in the ungrounded rate: no trusted or cited text bears the claim out."""

NOT_CHECKABLE = frozenset({Status.ABSTAINED, Status.NOT_A_CLAIM, Status.ERROR})
"""Statuses outside the denominator of every rate."""


class ClaimKind(StrEnum):
    """What a span of an answer is, decided before any model reads it."""

    CLAIM = "claim"
    ABSTAINED = "abstained"
    NOT_A_CLAIM = "not_a_claim"


class Origin(StrEnum):
    """Where a flagged claim came from, as far as the evidence shows."""

    STORE = "store"
    GENERATOR = "generator"
    NOT_IN_STORE = "not_in_store"
    UNDETERMINED = "undetermined"


class SuspectVerdict(StrEnum):
    """What a store entry turned out to be."""

    RESPONSIBLE = "responsible"
    CORRUPTED = "corrupted"
    SUSPECT = "suspect"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A retrieved passage as the log shows it; `text` is None where the log kept only the id."""

    id: str
    text: str | None = None
    score: float | None = None
    rank: int | None = None
    used: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str | None:
        """The source document the chunk's metadata names, under any of the usual keys."""
        for key in ("source", "file", "file_path", "url", "doc_uri", "filename"):
            value = self.metadata.get(key)
            if isinstance(value, str) and value:
                return value
        return None


@dataclass(frozen=True, slots=True)
class Citation:
    """A pointer from a place in the answer to a chunk id; `start` and `end` frame the marker or cited span."""

    id: str
    marker: str | None = None
    start: int | None = None
    end: int | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """A reaction to an answer; only `by == "user"` counts as human."""

    kind: str
    value: float | str | None = None
    timestamp: datetime | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and answer of a conversation. `citations` is None where the log has no such field."""

    turn_id: str
    answer: str
    question: str | None = None
    conversation_id: str | None = None
    timestamp: datetime | None = None
    retrieved: tuple[Chunk, ...] = ()
    citations: tuple[Citation, ...] | None = None
    feedback: tuple[Feedback, ...] = ()
    user_id: str | None = None
    model: str | None = None
    index_version: str | None = None
    retry_of: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkable span of an answer.

    `answer[start:end] == text`, always. `reading` is what a model reads: the text without citation markers
    and Markdown, with its list lead-in or question where it could not stand alone.
    """

    start: int
    end: int
    text: str
    reading: str
    kind: ClaimKind = ClaimKind.CLAIM
    cited_ids: tuple[str, ...] = ()
    ghost_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that may bear a claim out, with the id it is reported under."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a set of passages says about one claim; probabilities are calibrated, between 0 and 1.

    `supports` and `contradicts` apply the thresholds of the calibration in force; never both.
    `evidence_id` and `evidence_text` name the passage and window that decided, the empty string if there was none.
    `entailment` is the model's own best probability, before words and numbers are weighed with it.
    """

    p_supported: float
    p_contradicted: float
    supports: bool
    contradicts: bool
    evidence_id: str = ""
    evidence_text: str = ""
    truncated: bool = False
    entailment: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status of one claim beside the readings it came from; a reading is None where there was nothing to read."""

    claim: Claim
    status: Status
    cited: Reading | None = None
    retrieved: Reading | None = None
    trusted: Reading | None = None
    supporting_chunk_id: str = ""
    error: str = ""

    @property
    def truncated(self) -> bool:
        """Whether any text read for this claim was cut to the model's length."""
        return any(
            reading is not None and reading.truncated
            for reading in (self.cited, self.retrieved, self.trusted)
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with the counts it came from; None when nothing could be counted."""

    hits: int
    total: int

    @property
    def value(self) -> float | None:
        """The share between 0 and 1, or None when the total is 0."""
        return self.hits / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Document:
    """A trusted document before it is cut into chunks; offsets of its chunks count characters of `text`."""

    id: str
    text: str
    source: str
    title: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrustedChunk:
    """A piece of a trusted document: `document.text[start:end] == text`."""

    id: str
    text: str
    source: str
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of the vector store under suspicion; None means that the store cannot know.

    `position` is the insertion order, counted from 0, where the store keeps one.
    `vector` has shape (dimension,), float32, exactly as stored.
    """

    id: str
    text: str | None
    vector: NDArray[np.float32] | None = None
    source: str | None = None
    ingested_at: datetime | None = None
    batch: str | None = None
    written_by_turn: str | None = None
    position: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence against (or for) an entry: a stable code, its figure, and a sentence for people."""

    code: str
    figure: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A store entry with what the evidence shows about it. "Responsible" is never "malicious"."""

    entry: Entry
    verdict: SuspectVerdict
    responsibility: float
    p_value: float | None
    n_events: int
    n_turns: int
    reasons: tuple[Reason, ...] = ()
    nearest_trusted_id: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One flagged claim: the entries accused of it, or why none is."""

    event_id: str
    turn_id: str
    claim_id: str
    origin: Origin
    accused_ids: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    p_values: tuple[float, ...] = ()
    still_supported_after_removal: bool | None = None
