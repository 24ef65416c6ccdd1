"""The store against the log: ids it no longer holds, texts that changed, answers that came back as entries."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_CROWD = 200  # a word sequence that more distinct answers share than this is boilerplate and points at none of them


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a text, and the same joined, with a space at both ends, for the cheap tests."""

    split: Sequence[str]
    joined: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one or more turns answered, word for word."""

    turns: Sequence[Turn]
    shingles: frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Answers:
    """The distinct answers of a log; `by_shingle` names, by number, at most one more than `_CROWD` that hold a sequence."""

    answers: Sequence[_Answer]
    by_shingle: Mapping[tuple[str, ...], Sequence[int]]


def check_retrieved(entries: Sequence[Entry], turns: Iterable[Turn]) -> Iterator[Finding]:
    """Yield the retrieved ids the store lacks, and the entries retrieved with another text than they have now.

    Where several entries share an id, a text is held against the one it agrees with most. Each text is judged once an id,
    however many turns retrieved it.
    """
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, entry in enumerate(entries):
        numbers[entry.id].append(number)
    ghosts: dict[str, list[str]] = defaultdict(list)
    changed: dict[str, tuple[float, int, str]] = {}
    stored: dict[str, list[_Words]] = {}
    judged: dict[str, set[str]] = defaultdict(set)
    for turn in turns:
        for chunk in turn.retrieved:
            if chunk.id not in numbers:
                ghosts[chunk.id].append(turn.turn_id)
            elif chunk.text is not None and chunk.id not in changed and chunk.text not in judged[chunk.id]:
                judged[chunk.id].add(chunk.text)
                if chunk.id not in stored:
                    stored[chunk.id] = [_words(entries[number].text or "") for number in numbers[chunk.id]]
                similarity, place = _best_agreement(_words(chunk.text), stored[chunk.id])
                if similarity < _CHANGED:
                    changed[chunk.id] = (similarity, numbers[chunk.id][place], turn.turn_id)
    for key, turn_ids in sorted(ghosts.items()):
        detail = f"retrieved in {len(turn_ids)} turns, first {turn_ids[0]}"
        yield Finding(key, None, Reason(Code.GHOST_RETRIEVED, float(len(turn_ids)), detail))
    for key, (similarity, number, turn_id) in sorted(changed.items(), key=lambda item: item[1][1]):
        detail = f"{similarity:.0%} of the words that turn {turn_id} retrieved under this id"
        yield Finding(key, number, Reason(Code.TEXT_CHANGED_SINCE_LOG, similarity, detail))


def _words(text: str) -> _Words:
    split = split_words(text)
    return _Words(split, f" {' '.join(split)} ")


def _best_agreement(logged: _Words, stored: Sequence[_Words]) -> tuple[float, int]:
    """Return how far a logged text agrees with one of the stored ones, 0 to 1, and which: the first of those it agrees with most.

    A log that keeps only a part of a text agrees with it. Agreement of `_CHANGED` is enough to stop at.
    """
    for place, text in enumerate(stored):
        if logged.joined in text.joined:
            return 1.0, place
    best, best_place = -1.0, 0
    for place, text in enumerate(stored):
        agreement = float(Indel.normalized_similarity(logged.split, text.split[: len(logged.split)]))
        if agreement > best:
            best, best_place = agreement, place
        if best >= _CHANGED:
            break
    return best, best_place


def check_written_back(entries: Sequence[Entry], turns: Iterable[Turn]) -> Iterator[tuple[int, Reason]]:
    """Yield the entries that repeat an earlier answer, or that say which turn wrote them.

    An answer that quotes an entry is not written back as that entry: one the turn retrieved, or whose text is in what
    it retrieved, is left alone, and so is one that the store had before the answer.
    """
    answers = _index_answers(turns)
    for number, entry in enumerate(entries):
        if entry.written_by_turn is not None:
            yield number, Reason(Code.WRITTEN_BACK, 1.0, f"its metadata names turn {entry.written_by_turn}")
        elif (found := _find_answer(entry, answers)) is not None:
            share, turn = found
            yield (
                number,
                Reason(
                    Code.WRITTEN_BACK,
                    share,
                    f"{share:.0%} of its word sequences are in the answer of turn {turn.turn_id}",
                ),
            )


def _index_answers(turns: Iterable[Turn]) -> _Answers:
    """Index every distinct answer once, with all its turns: which of them may have written an entry depends on their times."""
    given: dict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        given[turn.answer].append(turn)
    answers = [_Answer(same, _shingles(text)) for text, same in given.items()]
    by_shingle: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, answer in enumerate(answers):
        for shingle in answer.shingles:
            if len(holders := by_shingle[shingle]) <= _CROWD:
                holders.append(number)
    return _Answers(answers, by_shingle)


def _find_answer(entry: Entry, answers: _Answers) -> tuple[float, Turn] | None:
    own = _shingles(entry.text or "")
    if len(own) < _LEAST_WORDS - _SHINGLE + 1:
        return None
    near = [answers.answers[number] for number in _candidates(own, answers)]
    shares = [(_share(own, answer), answer) for answer in near]
    said = [(share, turn) for share, answer in shares if share >= _WRITTEN for turn in answer.turns]
    for share, turn in sorted(said, key=lambda one: (-one[0], one[1].turn_id)):
        if _may_have_written(turn, entry, own):
            return share, turn
    return None


def _candidates(own: frozenset[tuple[str, ...]], answers: _Answers) -> Sequence[int]:
    """Return the answers that may hold a share of `_WRITTEN` of an entry's word sequences.

    Sequences that crowds of answers share are counted as held by all. Only where they alone could make up the share, in an
    entry that is boilerplate itself, are answers looked up by them, and then the first `_CROWD`.
    """
    hits: Counter[int] = Counter()
    crowded: list[Sequence[int]] = []
    for shingle in own:
        holders = answers.by_shingle.get(shingle, ())
        if len(holders) > _CROWD:
            crowded.append(holders)
        else:
            hits.update(holders)
    found = {number for number, count in hits.items() if (count + len(crowded)) / len(own) >= _WRITTEN}
    if len(crowded) / len(own) >= _WRITTEN:
        found.update(number for holders in crowded for number in holders[:_CROWD])
    return sorted(found)


def _share(own: frozenset[tuple[str, ...]], answer: _Answer) -> float:
    return len(own & answer.shingles) / len(own)


def _may_have_written(turn: Turn, entry: Entry, own: frozenset[tuple[str, ...]]) -> bool:
    if any(chunk.id == entry.id for chunk in turn.retrieved):
        return False
    if (
        entry.ingested_at is not None
        and turn.timestamp is not None
        and _in_utc(entry.ingested_at) <= _in_utc(turn.timestamp)
    ):
        return False
    retrieved = frozenset().union(*(_shingles(chunk.text or "") for chunk in turn.retrieved))
    return len(own & retrieved) / len(own) < _WRITTEN


def _in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = split_words(text)
    return frozenset(tuple(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1))
