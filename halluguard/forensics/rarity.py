"""How seldom an entry holds the words of a claim by chance: told from entries that have nothing to do with its question."""

import math
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.nearest import EntryIndex
from halluguard.records import Entry
from halluguard.text import Term, own_terms, terms

SAMPLE = 4000
"""Entries whose words are counted at most, drawn evenly along the store."""

FULL = 5.0
"""Natural logarithm of one in how many unrelated entries holds a claim's words where they count in full: about 150."""

DOUBT = 50
"""How many entries what is expected of a word weighs as much as, so that a small store does not make every word common."""


class Background:
    """The words of a store's entries, to be counted in those that are farthest from a question.

    What repeats a false claim is near the question it answers. Counted in the farther half of the store, its words stay
    rare however often it was planted, and words that any entry may hold, as "two" or "1990", are seen to be common.
    """

    def __init__(self, index: EntryIndex) -> None:
        """Draw the sample; texts are read when they are first needed."""
        size = len(index.entries)
        drawn = np.unique(np.linspace(0, size - 1, min(SAMPLE, size)).astype(int))
        self._vectors = index.vectors[drawn]
        self._entries: tuple[Entry, ...] = tuple(index.entries[place] for place in drawn)
        self._holds: dict[Term, NDArray[np.bool_]] = {}

    def rarity(self, claim: str, question: str | None, vector: NDArray[np.float32]) -> dict[Term, float]:
        """Return, for each of a claim's own words, minus the logarithm of the share of unrelated entries that hold it.

        Args:
            claim: the claim.
            question: what it answers; its words are not the claim's own.
            vector: unit vector of the question, shape (dimension,).

        """
        cosines = self._vectors @ vector
        far = cosines <= np.median(cosines) if len(cosines) else np.zeros(0, dtype=bool)
        expected = DOUBT * math.exp(-FULL)
        return {
            term: -math.log((int(self._holding(term)[far].sum()) + expected) / (int(far.sum()) + DOUBT))
            for term in own_terms(claim, question)
        }

    @cached_property
    def _words(self) -> list[frozenset[Term]]:
        return [terms(entry.text or "") for entry in self._entries]

    def _holding(self, term: Term) -> NDArray[np.bool_]:
        if term not in self._holds:
            self._holds[term] = np.array([term in words for words in self._words], dtype=bool)
        return self._holds[term]


def told(held: Iterable[Term], rarity: Mapping[Term, float]) -> float:
    """Return how far the words that an entry shares with a claim tell of more than chance, 0 to 1.

    Words are taken to meet independently: their logarithms add up, to 1 at `FULL`. Words of unknown rarity count in full.
    """
    return min(1.0, math.fsum(rarity.get(term, FULL) for term in held) / FULL)
