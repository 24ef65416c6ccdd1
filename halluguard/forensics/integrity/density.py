"""Entries that say the same as many neighbours in other words: a scan of the store that needs no question.

After RAGSieve's RSG rule: among the 16 nearest neighbours, those that are semantically near (cosine of at least .85)
and lexically far (word-set Jaccard of at most .60) are eligible; the rise of the best four over the 16th neighbour's
cosine says how far they stand out from the entry's surroundings. Ours is that they must agree in their numbers: texts of
one form about different things (dukes of one house, census tables) differ there, and paraphrases do not. On 10,923 passages
of Wikipedia that leaves 2 of 49 named, and all named poison.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.integrity.codes import Code
from halluguard.forensics.integrity.duplicates import split_words
from halluguard.forensics.integrity.neighbours import best_columns, score_blocks
from halluguard.records import Reason

_NUMBER = re.compile(r"(?<!\w)\d[\d,.]*")


@dataclass(frozen=True, slots=True)
class DensityRule:
    """The published constants of the scan, and ours: `least_rise` and `least_eligible` before an entry is named.

    `shared_numbers` is the least share of the numbers of the text with fewer that the other holds, too. `budget` is the most of a store that may be named; beyond it the highest rises are.
    """

    neighbours: int = 16
    near_cosine: float = 0.85
    far_jaccard: float = 0.60
    shared_numbers: float = 0.5
    best: int = 4
    least_rise: float = 0.5
    least_eligible: int = 3
    budget: float = 0.05


@dataclass(frozen=True, slots=True)
class _Said:
    """The words of a text, and its numbers."""

    words: frozenset[str]
    numbers: frozenset[str]


def _in_other_words(first: _Said, second: _Said, rule: DensityRule) -> bool:
    return (
        jaccard(first.words, second.words) <= rule.far_jaccard
        and share_of_fewer(first.numbers, second.numbers) >= rule.shared_numbers
    )


def check_density(
    texts: Sequence[str],
    vectors: NDArray[np.float32],
    rule: DensityRule,
    *,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, Reason]]:
    """Yield the entries whose rise is high, by their number; `vectors` are unit rows, shape (n, d)."""
    rises, eligible = measure_rises(texts, vectors, rule, progress=progress)
    named = np.flatnonzero((rises >= rule.least_rise) & (eligible >= rule.least_eligible))
    most = int(rule.budget * len(texts))
    if len(named) > most:
        named = np.sort(named[np.lexsort((named, -rises[named]))][:most])
    for number in named:
        detail = f"{eligible[number]} of {rule.neighbours} neighbours say the same in other words"
        yield int(number), Reason(Code.SEMANTIC_TWIN_DENSITY, float(rises[number]), detail)


def measure_rises(
    texts: Sequence[str],
    vectors: NDArray[np.float32],
    rule: DensityRule,
    *,
    progress: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the rise, 0 to 1, and the number of eligible neighbours of every entry, both of shape (n,)."""
    n = len(texts)
    rises, counts = np.zeros(n), np.zeros(n, dtype=np.int64)
    if n <= rule.neighbours:
        return rises, counts
    said = [_Said(frozenset(split_words(text)), find_numbers(text)) for text in texts]
    for start, scores in score_blocks(vectors, vectors):
        crowded = np.flatnonzero((scores >= rule.near_cosine).sum(axis=1) > 1)  # itself and one more
        if len(crowded):
            cosines, positions = best_columns(scores[crowded], rule.neighbours + 1)
            for number, near, at in zip(crowded + start, cosines, positions, strict=True):
                rises[number], counts[number] = _measure(int(number), near, at, said, rule)
        if progress:
            progress(start + len(scores))
    return rises, counts


def _measure(
    number: int,
    cosines: NDArray[np.float32],
    positions: NDArray[np.int64],
    said: Sequence[_Said],
    rule: DensityRule,
) -> tuple[float, int]:
    """Return the rise of one entry and the number of its eligible neighbours."""
    others = positions != number
    found, places = cosines[others][: rule.neighbours], positions[others][: rule.neighbours]
    eligible = [
        float(cosine)
        for cosine, place in zip(found, places, strict=True)
        if cosine >= rule.near_cosine and _in_other_words(said[number], said[place], rule)
    ]
    return rise(eligible, float(found[-1]), rule.best), len(eligible)


def rise(eligible: Sequence[float], last: float, best: int) -> float:
    """Return (mean of the best eligible cosines - the last neighbour's) / (1 - the last neighbour's), 0 to 1.

    Halved where there is only one eligible neighbour.
    """
    if not eligible or last >= 1:
        return 0.0
    mean = float(np.mean(sorted(eligible, reverse=True)[:best]))
    return min(1.0, max(0.0, (mean - last) / (1 - last))) * min(1.0, len(eligible) / 2)


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """Return the share of words two sets have in common, 0 for two empty sets."""
    union = len(first | second)
    return len(first & second) / union if union else 0.0


def find_numbers(text: str) -> frozenset[str]:
    """Return the numbers of a text as they are written."""
    return frozenset(number.rstrip(".,") for number in _NUMBER.findall(text))


def share_of_fewer(first: frozenset[str], second: frozenset[str]) -> float:
    """Return the share of the smaller set that the other holds, 1 where it is empty."""
    fewer = min(len(first), len(second))
    return len(first & second) / fewer if fewer else 1.0
