"""What was left out of a log or put right in it: skipped rows, repaired fields, and fields the log does not have."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from halluguard.records import Turn
from halluguard.text.language import looks_english


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that could not be read as a turn: its line (or row number in Parquet) from 1, and why."""

    line: int
    reason: str


REPAIRS = {
    "bad_score": "a retrieval score was no finite number and is taken as unknown",
    "bad_number": "NaN or infinity stood where JSON has null and is taken as unknown",
    "bad_timestamp": "a timestamp is impossible and is taken as unknown",
    "naive_timestamp": "a timestamp has no zone and is taken as unknown; give one with --assume-tz",
    "bad_chunk": "a retrieved chunk is no text and no object, and is left out",
    "bad_citation": "a citation names no id, and is left out",
    "bad_citation_span": "a citation's offsets lie outside the answer and are dropped",
    "bad_feedback": "a feedback entry cannot be read, and is left out",
    "bad_field": "a field has a value of another kind than expected and is taken as unknown",
    "lone_surrogates": "half of a surrogate pair was replaced by U+FFFD",
    "chunk_without_id": "a retrieved chunk has no id and is named by its text",
    "late_row": "a row came long after the other rows of its trace, and is left out",
    "ids_only": "a trace lists its observations or scores by id only; export whole traces",
    "line_as_turn_id": "a turn has no id of its own and is named by its line",
}
"""What each repair code means, in words for the manifest and the report."""

_CONSEQUENCES = {
    "timestamp": "no onset, growth or drift over time",
    "conversation_id": "conversations cannot be told apart, retries cannot be merged",
    "user_id": "the users reached cannot be counted",
    "question": "fragments are read without their question",
    "retrieved": "no chunk of the answer is known: citations cannot be checked, nothing can be traced",
    "chunk_id": "chunks are matched to entries by their text",
    "chunk_text": "the text must be read from the store as of today, not as answered",
    "score": "no drift of retrieval scores, exposure is not weighted",
    "citations": "no citation is checked: all retrieved chunks count alike",
    "feedback": "user feedback is not logged",
    "model": "no rates by model",
    "index_version": "no rates by index version",
}
"""What each missing field switches off (the manifest's "what the log could not show")."""


_MARKED = re.compile(r"[\[【［]\^?\w|\((?:sources?|passages?|docs?|documents?)\s", re.IGNORECASE)


@dataclass(slots=True)
class LogNotes:
    """Counts that `read_log` fills while it reads: turns, skipped rows, repairs by code, fields seen by name, answers not in English."""

    turns: int = 0
    skipped: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    present: Counter[str] = field(default_factory=Counter)
    foreign: int = 0
    format: str = ""
    mapping: dict[str, str] = field(default_factory=dict)

    def repair(self, code: str) -> None:
        """Count one repair; the code is a key of REPAIRS."""
        self.repairs[code] += 1

    def see(self, turn: Turn) -> None:
        """Count a turn and the fields it has."""
        self.turns += 1
        self.present.update(_fields_of(turn))
        self.foreign += not looks_english(turn.answer)


def _fields_of(turn: Turn) -> Iterator[str]:
    for name in (
        "timestamp",
        "conversation_id",
        "user_id",
        "question",
        "model",
        "index_version",
        "retrieved",
        "feedback",
    ):
        if getattr(turn, name):
            yield name
    if turn.citations or _MARKED.search(turn.answer):
        yield "citations"
    if turn.retrieved:
        if not any(chunk.id.startswith("sha:") for chunk in turn.retrieved):
            yield "chunk_id"
        if all(chunk.text is not None for chunk in turn.retrieved):
            yield "chunk_text"
        if any(chunk.score is not None for chunk in turn.retrieved):
            yield "score"


def absent_fields(notes: LogNotes) -> tuple[str, ...]:
    """Return one line per field that some turns lack, and one for answers in other languages, with what cannot be shown for it."""
    lines = []
    for name, consequence in _CONSEQUENCES.items():
        whole = notes.present["retrieved"] if name in ("chunk_id", "chunk_text", "score") else notes.turns
        missing = whole - notes.present[name]
        if missing > 0:
            share = "every turn" if missing == whole else f"{missing:,} of {whole:,} turns"
            lines.append(f"{name.replace('_', ' ')} missing in {share}: {consequence}")
    if notes.foreign:
        share = (
            "every answer is"
            if notes.foreign == notes.turns
            else f"{notes.foreign:,} of {notes.turns:,} answers are"
        )
        lines.append(
            f"{share} not in English, which alone the models read: most of what they say is called ungrounded"
        )
    return tuple(lines)


def repair_lines(notes: LogNotes) -> tuple[str, ...]:
    """Return one line per kind of repair, with its count."""
    return tuple(f"{count:,} x {REPAIRS[code]}" for code, count in sorted(notes.repairs.items()))


def shown(value: object, limit: int = 60) -> str:
    """Return a value as one short line of plain ASCII, for a message that quotes hostile input."""
    try:
        text = json.dumps(value if isinstance(value, str) else str(value), ensure_ascii=True)
    except RecursionError:
        return "a value nested too deeply"
    return text if len(text) <= limit else text[: limit - 3] + '..."'


OnSkip = Callable[[SkippedRow], None]
