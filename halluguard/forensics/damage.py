"""Texts whose words are damaged: misspelt, badly scanned, or garbled on purpose. No model is asked.

The store is its own dictionary. A word is taken for a slip where it is rare and one edit away from a word that is many
times as frequent: `tje` beside `the`. Two things are no slips: a word that the shipped tokenizer knows whole (`truck`
beside `track` is English), and another ending (`voyages` beside `voyage` is grammar). A clean text holds a slip by
chance now and then, a damaged one far more than chance gives. Only words in small letters count, each once a text:
names are spelt as they please, and what is repeated (`bin`, `sq mi`) is usage. A text that shares too few words with
the store is of another language, and its words are not misspelt ones of ours. Short texts cannot be told: three slips
among twenty words are damage, two may be chance.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import binom

from halluguard.models.vocabulary import common_words

LIKELIER = 5
"""Texts that hold the intended word for each that holds the slip, at least."""

LEAST_TEXTS = 10
"""Texts that must hold a word before others are taken for slips of it; a smaller store cannot tell."""

LEAST_LETTERS = 4
"""Letters of a word that is looked at: among shorter ones nearly every word is one edit from another."""

CHANCE = 0.01
"""Share of slips that a clean text is granted: clean Wikipedia passages hold half as many on average."""

LEAST_CHANCE = 1e-3
"""A text is damaged where a clean one would hold as many slips with at most this probability (binomial)."""

LEAST_SLIPS = 3
"""Slips that a damaged text holds at least, however short it is."""

LEAST_KNOWN = 0.2
"""Share of a text's words that must be frequent in the store, for it to be of the store's language."""

_WORD = re.compile(rf"\b[^\W\d_A-Z]{{{LEAST_LETTERS},}}\b")
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Misspelling:
    """What speaks for damage to one text.

    Attributes:
        slips: distinct words that are slips of frequent ones, in alphabetical order.
        words: distinct words of four letters and more in small letters that the text holds, more than 0.
        examples: up to three pairs of a slip and a word that it may be meant for.

    """

    slips: tuple[str, ...]
    words: int
    examples: tuple[tuple[str, str], ...]

    @property
    def share(self) -> float:
        """Share of the distinct words that are slips, 0 to 1."""
        return len(self.slips) / self.words


def find_misspelt(texts: Sequence[str]) -> list[Misspelling | None]:
    """Return, for each text of a store, what speaks for damage to its words, or None.

    Every text is held against the words of all. Time and memory grow with the number of distinct words.
    """
    held = [frozenset(_WORD.findall(text)) for text in texts]
    counts = Counter(word for words in held for word in words)
    frequent = {word for word, count in counts.items() if count >= LEAST_TEXTS}
    meant = _find_slips(counts, frequent)
    return [_judge(words, frequent, meant) for words in held]


def _find_slips(counts: Mapping[str, int], frequent: set[str]) -> dict[str, str]:
    """Return the slips with the most frequent word that each may be meant for.

    Words are one edit apart where deleting at most one letter from each, never the last, leaves the same (as in SymSpell): this
    finds letters that were dropped, added, replaced or exchanged without comparing all pairs.
    """
    nearest: dict[str, str] = {}
    for word in sorted(frequent, key=lambda word: (-counts[word], word)):
        for rest in _shortened(word):
            nearest.setdefault(rest, word)
    slips = {}
    for word in counts.keys() - common_words():
        near = {nearest[rest] for rest in _shortened(word) if rest in nearest}
        best = min(near, key=lambda other: (-counts[other], other), default=None)
        if best is not None and counts[best] >= LIKELIER * counts[word]:
            slips[word] = best
    return slips


def _shortened(word: str) -> Iterator[str]:
    """Yield a word and what is left of it without one of its letters, the last excepted."""
    yield word
    yield from (word[:at] + word[at + 1 :] for at in range(len(word) - 1))


def _judge(words: frozenset[str], frequent: set[str], meant: Mapping[str, str]) -> Misspelling | None:
    slips = sorted(words & meant.keys())
    if len(slips) < LEAST_SLIPS or len(words & frequent) < LEAST_KNOWN * len(words):
        return None
    if float(binom.sf(len(slips) - 1, len(words), CHANCE)) > LEAST_CHANCE:
        return None
    return Misspelling(tuple(slips), len(words), tuple((slip, meant[slip]) for slip in slips[:_EXAMPLES]))
