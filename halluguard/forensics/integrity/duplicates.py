"""Entries that repeat each other: the same text, nearly the same, or an edited copy of a known bad one."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from halluguard.forensics.integrity.codes import Code
from halluguard.records import Entry, Reason

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"\b(?:[^\W\d_a-zà-ÿ]\w*|\w*\d\w*)")  # capitalised, or with a digit
_SHINGLE = 4  # words
_SKETCH = 12  # smallest shingle hashes kept of each text
_CROWD = 200  # a shingle shared by more texts than this is boilerplate and brings no pairs together
_NAMED = 5  # equals of a text that are named
_ONE_INGESTION = timedelta(
    hours=1
)  # two entries of one source this close are of one run, not of two versions
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """When two texts count as nearly the same.

    `similarity` is the least share of words in common order (Indel over words, 0 to 1); `words` the least length of the
    shorter text; `names` how many names and numbers may be exchanged for others, as a share of the shorter text's words;
    `known_bad` the least similarity to a known bad text.
    """

    similarity: float = 0.9
    words: int = 12
    names: float = 0.02
    known_bad: float = 0.6


def split_words(text: str) -> list[str]:
    """Return the words of a text without case."""
    return _WORD.findall(text.casefold())


def check_duplicates(entries: Sequence[Entry], rule: DuplicateRule) -> Iterator[tuple[int, Reason]]:
    """Yield every entry that has an exact or near duplicate; the first of a group of equals is named by the others."""
    words = [split_words(entry.text or "") for entry in entries]
    groups = _group_equal(words)
    firsts = []
    for members in groups:
        firsts.append(members[0])
        if len(members) > 1:
            yield from _name_equals(entries, members)
    yield from _near(entries, words, firsts, rule)


def _group_equal(words: Sequence[list[str]]) -> list[list[int]]:
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, text in enumerate(words):
        if text:
            groups[tuple(text)].append(number)
    return list(groups.values())


def _name_equals(entries: Sequence[Entry], members: Sequence[int]) -> Iterator[tuple[int, Reason]]:
    for number in members:
        others = [entries[other].id for other in members[: _NAMED + 1] if other != number][:_NAMED]
        shown = ", ".join(others) + (", ..." if len(members) > _NAMED + 1 else "")
        yield number, Reason(Code.DUPLICATE_EXACT, float(len(members)), f"the same words as {shown}")


def _near(
    entries: Sequence[Entry], words: Sequence[list[str]], numbers: Sequence[int], rule: DuplicateRule
) -> Iterator[tuple[int, Reason]]:
    best: dict[int, tuple[float, int]] = {}
    for left, right in _candidates([words[number] for number in numbers]):
        first, second = numbers[left], numbers[right]
        similarity = _similarity(words[first], words[second], rule)
        if not similarity or _exchanges_names(entries[first], entries[second], rule):
            continue
        for one, other in ((first, second), (second, first)):
            if similarity > best.get(one, (0.0, -1))[0]:
                best[one] = (similarity, other)
    for number in sorted(best):
        similarity, other = best[number]
        newer = entries[other]
        if _supersedes(newer, entries[number]):
            yield (
                number,
                Reason(Code.SUPERSEDED, similarity, f"{newer.id} is a later version from the same source"),
            )
        else:
            yield (
                number,
                Reason(Code.DUPLICATE_NEAR, similarity, f"{similarity:.0%} of the words of {newer.id}"),
            )


def _similarity(first: list[str], second: list[str], rule: DuplicateRule) -> float:
    """Return the share of words two texts have in common order, 0 where they do not count as near duplicates."""
    if min(len(first), len(second)) < rule.words:
        return 0.0
    return float(Indel.normalized_similarity(first, second, score_cutoff=rule.similarity))


def _exchanges_names(first: Entry, second: Entry, rule: DuplicateRule) -> bool:
    """Tell two texts of one form about different things from two versions of one text.

    Two villages or two films differ in a few names and numbers, exchanged on both sides; a version adds or drops.
    """
    left, right = (Counter(_NAME.findall(entry.text or "")) for entry in (first, second))
    exchanged = min((left - right).total(), (right - left).total())
    return exchanged > rule.names * min(len((entry.text or "").split()) for entry in (first, second))


def _supersedes(newer: Entry, older: Entry) -> bool:
    if newer.source is None or newer.source != older.source:
        return False
    return (
        newer.ingested_at is not None
        and older.ingested_at is not None
        and newer.ingested_at - older.ingested_at > _ONE_INGESTION
    )


def _candidates(words: Sequence[list[str]]) -> Iterator[tuple[int, int]]:
    """Yield pairs of texts that share one of the smallest hashes of their word shingles (bottom-k sketches).

    Broder 1997: two texts of Jaccard resemblance r share the smallest hash with probability r.
    """
    vocabulary: dict[str, int] = {}
    buckets: dict[int, list[int]] = defaultdict(list)
    for number, text in enumerate(words):
        ids = np.array([vocabulary.setdefault(word, len(vocabulary) + 1) for word in text], dtype=np.uint64)
        for value in _sketch(ids):
            buckets[int(value)].append(number)
    pairs = {
        (left, right)
        for members in buckets.values()
        if len(members) <= _CROWD
        for at, left in enumerate(members)
        for right in members[at + 1 :]
    }
    yield from sorted(pairs)


def _sketch(ids: NDArray[np.uint64]) -> NDArray[np.uint64]:
    if len(ids) < _SHINGLE:
        return np.zeros(0, dtype=np.uint64)
    total = np.zeros(len(ids) - _SHINGLE + 1, dtype=np.uint64)
    for offset in range(_SHINGLE):
        total = _scramble(total ^ ids[offset : offset + len(total)])
    return np.unique(total)[:_SKETCH]


def _scramble(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit numbers so that neighbours land far apart (the finaliser of SplitMix64)."""
    values = values + _MIX
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def check_known_bad(
    entries: Sequence[Entry], known_bad: Sequence[str], rule: DuplicateRule
) -> Iterator[tuple[int, Reason]]:
    """Yield the entries whose words repeat a known bad text, in order, even with many of them changed."""
    bad = [split_words(text) for text in known_bad]
    for number, entry in enumerate(entries):
        words = split_words(entry.text or "")
        if not words:
            continue
        similarity = max((_copy_similarity(words, text, rule) for text in bad), default=0.0)
        if similarity and len(words) >= _SHINGLE:
            yield (
                number,
                Reason(
                    Code.COPY_OF_KNOWN_BAD,
                    similarity,
                    f"{similarity:.0%} of the words, in order, of a known bad entry",
                ),
            )


def _copy_similarity(words: list[str], bad: list[str], rule: DuplicateRule) -> float:
    return float(Indel.normalized_similarity(words, bad, score_cutoff=rule.known_bad))
