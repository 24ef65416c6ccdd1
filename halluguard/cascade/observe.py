"""What the log and the store show: answers in order of time, and versions of store entries."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from halluguard.records import Entry
from halluguard.run import Run

_MARKER = re.compile(r"\[[^\[\]\n]{1,60}\]")
_NOT_WORD = re.compile(r"[\W_]+")
_UP = frozenset(
    {"1", "1.0", "+1", "up", "true", "positive", "like", "thumbs_up", "thumbsup", "good", "yes", "helpful"}
)
_UP_KINDS = frozenset({"thumbs_up", "thumbsup", "like", "upvote"})
_FAULTS = frozenset(
    {
        "down", "thumbsdown", "dislike", "dislikes", "disliked", "downvote", "downvoted", "unhelpful", "negative", "bad", "wrong",
        "incorrect", "inaccurate", "false", "error", "mistake", "flag", "flagged", "report", "reported", "complaint",
        "hallucination", "hallucinations", "hallucinated", "ungrounded", "toxic", "toxicity", "harmful",
    }
)  # fmt: skip
"""Words of a kind that names a fault: what affirms it is no approval."""


class EntryStore(Protocol):
    """A store opened read-only."""

    def entries(self) -> Iterator[Entry]:
        """Yield every entry."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `time` in days since 1970, `retrieved` numbers of entry versions in rank order, `promoted` by a thumb."""

    turn_id: str
    time: float | None
    text: str
    question: str
    conversation_id: str | None
    user_id: str | None
    retrieved: tuple[int, ...]
    promoted: bool
    rated: bool = False
    retry_of: str | None = None


@dataclass(slots=True)
class EntryVersion:
    """One text of one entry; `time` when it became retrievable, `end` when it left, both in days, None if unknown."""

    entry_id: str
    text: str
    time: float | None = None
    end: float | None = None
    source: str | None = None
    batch: str | None = None
    writers: tuple[str, ...] = ()
    in_store: bool = False
    time_from_store: bool = False
    first_seen: float | None = None
    last_seen: float | None = None
    version: int = 1
    versions: int = 1
    vector: Any = None

    @property
    def key(self) -> str:
        """The entry's id, with its version where the entry was rewritten in place."""
        return self.entry_id if self.versions == 1 else f"{self.entry_id}#v{self.version}"


@dataclass(frozen=True)
class Observation:
    """All a cascade can be read from. `aliases` maps retried turns to the turn they repeat."""

    answers: tuple[Answer, ...]
    entries: tuple[EntryVersion, ...]
    aliases: Mapping[str, str]
    start: float | None
    end: float | None
    has_store: bool
    counts: Mapping[str, int]
    day_resolution: bool

    @property
    def by_turn(self) -> dict[str, int]:
        """The number of the answer of each turn, retries included."""
        numbers = {answer.turn_id: number for number, answer in enumerate(self.answers)}
        numbers.update({alias: numbers[turn] for alias, turn in self.aliases.items()})
        return numbers


def normalise(text: str) -> str:
    """Return words alone, in lower case, without citation markers: what is compared when texts are copies."""
    return _NOT_WORD.sub(" ", _MARKER.sub(" ", text).casefold()).strip()


def to_days(moment: datetime | None) -> float | None:
    """Return days since 1970-01-01 UTC; a moment without zone is read as UTC."""
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=_utc())).timestamp() / 86400.0


def _utc() -> Any:
    from datetime import UTC

    return UTC


@dataclass
class _Catalogue:
    """Versions of entries by id, grown while the log is read."""

    versions: list[EntryVersion] = field(default_factory=list)
    by_id: dict[str, list[int]] = field(default_factory=dict)
    texts: dict[tuple[str, str], int] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def add(self, version: EntryVersion) -> int:
        number = len(self.versions)
        self.versions.append(version)
        self.words.append(normalise(version.text))
        self.by_id.setdefault(version.entry_id, []).append(number)
        return number

    def find(self, chunk: Mapping[str, Any]) -> int:
        """Return the version a chunk of the log shows; a text that is no prefix of a known one is a new version."""
        entry_id, text = chunk["id"], chunk["text"] or ""
        exact = self.texts.get((entry_id, text))
        if exact is not None:
            return exact
        words = normalise(text)
        known = self.by_id.get(entry_id, [])
        number = next((n for n in known if _is_cut(self.words[n], words)), None)
        if number is None:
            number = self.add(EntryVersion(entry_id, text, source=chunk["source"]))
        elif len(text) > len(self.versions[number].text):
            self.versions[number].text, self.words[number] = text, words
        self.texts[entry_id, text] = number
        return number


def _is_cut(one: str, other: str) -> bool:
    """Whether one of two normalised texts may be the other, cut short or whole."""
    return one.startswith(other) or other.startswith(one)


def observe(run: Run, store: EntryStore | None = None) -> Observation:
    """Read the turns of a run and, where given, the store's entries; results do not depend on row order.

    Retries (the same question and answer in one conversation, or by `retry_of`) count once. An entry's time is the earlier of
    its ingestion and its first retrieval; where the store keeps the day alone, an entry came with the answer of that day it was
    written by. An entry seen in the log but gone from the store ends with its last retrieval.
    """
    catalogue = _Catalogue()
    if store is not None:
        turn_ids = frozenset(run.read("turns", ["turn_id"])["turn_id"].to_pylist())
        for entry in store.entries():
            _add_entry(catalogue, entry, turn_ids)
    rows = sorted(
        _read_answers(run, catalogue), key=lambda a: (a.time is None, a.time or 0.0, a.text, a.turn_id)
    )
    answers, aliases = _merge_retries(rows)
    counts = {
        "turns": len(rows),
        "retries": len(aliases),
        "without_timestamp": sum(a.time is None for a in answers),
    }
    counts["with_feedback"] = sum(a.rated for a in answers)
    _date_by_writers(catalogue.versions, {answer.turn_id: answer.time for answer in rows})
    _see_entries(catalogue.versions, answers)
    _date_entries(catalogue, counts, has_store=store is not None)
    answers = _renumber(catalogue, answers)
    times = [a.time for a in answers if a.time is not None]
    days = len(set(times)) > 1 and all(time == int(time) for time in times)
    return Observation(
        tuple(answers),
        tuple(catalogue.versions),
        aliases,
        min(times, default=None),
        max(times, default=None),
        store is not None,
        counts,
        days,
    )


_WRITER_KEYS = ("written_by_turn", "from_turn", "source_turn")
"""Metadata that names the turn an entry was written by, in the log or not."""

_POSSIBLE_WRITER_KEYS = ("turn_id", "source_run_id", "run_id", "message_id", "answer_id")
"""Metadata that may do so, or tell of an ingestion, a transcript or a mail: it names a turn only where the log has it."""


def _find_writers(entry: Entry, turn_ids: Collection[str]) -> tuple[str, ...]:
    """Return the turns that an entry says it was written by."""
    sure, possible = (_values_of(entry, keys) for keys in (_WRITER_KEYS, _POSSIBLE_WRITER_KEYS))
    own = entry.written_by_turn
    if own and own not in possible:  # a store reader takes it from `turn_id` too
        sure = [own, *sure]
    return tuple(dict.fromkeys([*sure, *(name for name in possible if name in turn_ids)]))


def _values_of(entry: Entry, keys: Iterable[str]) -> list[str]:
    values = (entry.metadata.get(key) for key in keys)
    return [str(value) for value in values if isinstance(value, str | int) and value != ""]


def _add_entry(catalogue: _Catalogue, entry: Entry, turn_ids: Collection[str]) -> None:
    writers = _find_writers(entry, turn_ids)
    time = to_days(entry.ingested_at)
    catalogue.add(
        EntryVersion(
            entry.id, entry.text or "", time, None, entry.source, entry.batch, writers, True, time is not None,
            vector=entry.vector,
        )
    )  # fmt: skip


def _read_answers(run: Run, catalogue: _Catalogue) -> Iterator[Answer]:
    for batch in run.stream("turns"):
        for row in batch.to_pylist():
            retrieved = (chunk for chunk in row["retrieved"] or () if chunk["used"] is not False)
            yield Answer(
                row["turn_id"],
                to_days(row["timestamp"]),
                row["answer"] or "",
                row["question"] or "",
                row["conversation_id"],
                row["user_id"],
                tuple(dict.fromkeys(catalogue.find(chunk) for chunk in retrieved)),
                any(is_thumbs_up(item) for item in row["feedback"] or ()),
                bool(row["feedback"]),
                row["retry_of"],
            )


def is_thumbs_up(feedback: Mapping[str, Any]) -> bool:
    """Whether a reaction of a user (or of nobody named) approves the answer; a rating counts from 4 of 5."""
    if feedback["by"] not in (None, "user"):
        return False
    kind, value = (feedback["kind"] or "").casefold(), str(feedback["value"] or "").casefold()
    words = set(_NOT_WORD.split(kind))
    if words & _FAULTS and "up" not in words:
        return False
    if kind in {"rating", "stars", "score"}:
        try:
            return float(value) >= 4
        except ValueError:
            return value in _UP
    return value in _UP or (kind in _UP_KINDS and value in {"", *_UP})


def _merge_retries(answers: Sequence[Answer]) -> tuple[list[Answer], dict[str, str]]:
    """Keep the earliest of answers equal in question and text, within a conversation or where one names the other as its first try."""
    named = {answer.retry_of for answer in answers if answer.retry_of}
    kept: list[Answer] = []
    first: dict[tuple[str, str, str, str], str] = {}
    aliases: dict[str, str] = {}
    for answer in answers:
        words = normalise(answer.question), normalise(answer.text)
        asked = (
            [("conversation", answer.conversation_id, *words)] if answer.conversation_id is not None else []
        )
        tried = [("turn", answer.retry_of, *words)] if answer.retry_of else []
        repeated = next((first[key] for key in (*tried, *asked) if key in first), None)
        if repeated is None:
            kept.append(answer)
        else:
            aliases[answer.turn_id] = repeated
        own = [("turn", answer.turn_id, *words)] if answer.turn_id in named else []
        for key in (*own, *asked):
            first.setdefault(key, repeated or answer.turn_id)
    return kept, aliases


def _renumber(catalogue: _Catalogue, answers: Iterable[Answer]) -> list[Answer]:
    """Put entries in order of time and text, so that no result depends on the order of the store or on names."""
    old = catalogue.versions
    order = sorted(
        range(len(old)),
        key=lambda n: (old[n].time is None, old[n].time or 0.0, old[n].text, old[n].entry_id, old[n].version),
    )
    new = {number: place for place, number in enumerate(order)}
    catalogue.versions = [old[number] for number in order]
    return [
        replace(answer, retrieved=tuple(new[number] for number in answer.retrieved)) for answer in answers
    ]


def _date_by_writers(entries: Iterable[EntryVersion], times: Mapping[str, float | None]) -> None:
    """Let an entry that its store dates by the day, read as its midnight, begin with the last of its writers on that day."""
    for entry in entries:
        day = entry.time
        if day is None or day != int(day):
            continue
        given = (times.get(writer) for writer in entry.writers)
        entry.time = max((time for time in given if time is not None and day < time < day + 1), default=day)


def _see_entries(entries: list[EntryVersion], answers: Iterable[Answer]) -> None:
    """Note when each version was first and last retrieved; answers are in order of time."""
    for answer in answers:
        if answer.time is None:
            continue
        for number in answer.retrieved:
            entry = entries[number]
            entry.first_seen = answer.time if entry.first_seen is None else entry.first_seen
            entry.last_seen = answer.time


def _date_entries(catalogue: _Catalogue, counts: dict[str, int], *, has_store: bool) -> None:
    counts["rewritten_entries"] = counts["seen_before_ingestion"] = counts["gone_from_store"] = 0
    for numbers in catalogue.by_id.values():
        versions = [catalogue.versions[number] for number in numbers]
        versions.sort(key=lambda v: (v.in_store, v.first_seen is None, v.first_seen or 0.0, v.text))
        counts["rewritten_entries"] += len(versions) > 1
        for place, entry in enumerate(versions, start=1):
            entry.version, entry.versions = place, len(versions)
            _begin_after(entry, versions[place - 2] if place > 1 else None)
            if entry.first_seen is not None and (entry.time is None or entry.first_seen < entry.time):
                counts["seen_before_ingestion"] += entry.time is not None
                entry.time, entry.time_from_store = entry.first_seen, False
            if entry.in_store:
                continue  # it stands there still, beside others of its id or alone
            if place < len(versions):
                # A store that keeps the first date of a repaired entry would end the old text before it was last seen.
                known = [t for t in (entry.last_seen, versions[place].time) if t is not None]
                entry.end = max(known, default=None)
            elif has_store:
                entry.end = entry.last_seen
                counts["gone_from_store"] += 1


def _begin_after(entry: EntryVersion, before: EntryVersion | None) -> None:
    """Let a text begin no earlier than the one it took the place of was last seen, whatever date the store kept."""
    if before is None or before.in_store or before.last_seen is None or entry.time is None:
        return
    if entry.time < before.last_seen and (entry.first_seen is None or entry.first_seen >= before.last_seen):
        entry.time, entry.time_from_store = before.last_seen, False
