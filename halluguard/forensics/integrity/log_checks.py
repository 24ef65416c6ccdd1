"""The store against the log: ids it no longer holds, texts that changed, answers that came back as entries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rapidfuzz.distance import Indel

from halluguard.forensics.integrity.codes import Code
from halluguard.forensics.integrity.duplicates import split_words
from halluguard.forensics.integrity.result import Finding
from halluguard.records import Entry, Reason, Turn

_SHINGLE = 4  # words
_CHANGED = 0.8  # similarity of words below which a logged text is another text; logs cut and clean
_WRITTEN = 0.6  # share of an entry's word sequences in one answer
_LEAST_WORDS = 8


@dataclass(frozen=True, slots=True)
class _Seen:
    """An answer that shares word sequences with an entry."""

    turn: Turn
    shingles: frozenset[tuple[str, ...]]


def check_retrieved(entries: Sequence[Entry], turns: Iterable[Turn]) -> Iterator[Finding]:
    """Yield the retrieved ids the store lacks, and the entries retrieved with another text than they have now.

    Where several entries share an id, a text is held against the one it agrees with most.
    """
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, entry in enumerate(entries):
        numbers[entry.id].append(number)
    ghosts: dict[str, list[str]] = defaultdict(list)
    changed: dict[str, tuple[float, int, str]] = {}
    for turn in turns:
        for chunk in turn.retrieved:
            if chunk.id not in numbers:
                ghosts[chunk.id].append(turn.turn_id)
            elif chunk.text is not None and chunk.id not in changed:
                similarity, negative = max(
                    (text_agreement(chunk.text, entries[number].text or ""), -number)
                    for number in numbers[chunk.id]
                )
                if similarity < _CHANGED:
                    changed[chunk.id] = (similarity, -negative, turn.turn_id)
    for key, turn_ids in sorted(ghosts.items()):
        detail = f"retrieved in {len(turn_ids)} turns, first {turn_ids[0]}"
        yield Finding(key, None, Reason(Code.GHOST_RETRIEVED, float(len(turn_ids)), detail))
    for key, (similarity, number, turn_id) in sorted(changed.items(), key=lambda item: item[1][1]):
        detail = f"{similarity:.0%} of the words that turn {turn_id} retrieved under this id"
        yield Finding(key, number, Reason(Code.TEXT_CHANGED_SINCE_LOG, similarity, detail))


def text_agreement(logged: str, stored: str) -> float:
    """Return how far a logged text agrees with a stored one, 0 to 1; a log that keeps only a part agrees."""
    first, second = split_words(logged), split_words(stored)
    if f" {' '.join(first)} " in f" {' '.join(second)} ":
        return 1.0
    return float(Indel.normalized_similarity(first, second[: len(first)]))


def check_written_back(entries: Sequence[Entry], turns: Iterable[Turn]) -> Iterator[tuple[int, Reason]]:
    """Yield the entries that repeat an earlier answer, or that say which turn wrote them.

    An answer that quotes an entry is not written back as that entry: one the turn retrieved, or whose text is in what
    it retrieved, is left alone, and so is one that the store had before the answer.
    """
    by_shingle: dict[tuple[str, ...], list[_Seen]] = defaultdict(list)
    for turn in turns:
        seen = _Seen(turn, _shingles(turn.answer))
        for shingle in seen.shingles:
            by_shingle[shingle].append(seen)
    for number, entry in enumerate(entries):
        if entry.written_by_turn is not None:
            yield number, Reason(Code.WRITTEN_BACK, 1.0, f"its metadata names turn {entry.written_by_turn}")
        elif (found := _find_answer(entry, by_shingle)) is not None:
            share, turn = found
            yield (
                number,
                Reason(
                    Code.WRITTEN_BACK,
                    share,
                    f"{share:.0%} of its word sequences are in the answer of turn {turn.turn_id}",
                ),
            )


def _find_answer(entry: Entry, by_shingle: dict[tuple[str, ...], list[_Seen]]) -> tuple[float, Turn] | None:
    own = _shingles(entry.text or "")
    if len(own) < _LEAST_WORDS - _SHINGLE + 1:
        return None
    hits: dict[str, int] = defaultdict(int)
    answers: dict[str, _Seen] = {}
    for shingle in own:
        for seen in by_shingle.get(shingle, ()):
            hits[seen.turn.turn_id] += 1
            answers[seen.turn.turn_id] = seen
    for key in sorted(hits, key=lambda key: (-hits[key], key)):
        share = hits[key] / len(own)
        if share < _WRITTEN:
            return None
        if _may_have_written(answers[key].turn, entry, own):
            return share, answers[key].turn
    return None


def _may_have_written(turn: Turn, entry: Entry, own: frozenset[tuple[str, ...]]) -> bool:
    if any(chunk.id == entry.id for chunk in turn.retrieved):
        return False
    if entry.ingested_at is not None and turn.timestamp is not None:
        return _in_utc(entry.ingested_at) > _in_utc(turn.timestamp)
    retrieved = frozenset().union(*(_shingles(chunk.text or "") for chunk in turn.retrieved))
    return len(own & retrieved) / len(own) < _WRITTEN


def _in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = split_words(text)
    return frozenset(tuple(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1))
