"""Texts whose words are damaged: misspelt, badly scanned, or garbled on purpose. No model is asked.

The store is its own dictionary. A word is taken for a slip where it is rare and one edit away from a word that is many
times as frequent: `tje` beside `the`. Three things are no slips: a word that the shipped tokenizer knows, also as its
plural (`truck` beside `track` is English), another ending (`voyages` beside `voyage` is grammar), and another first
letter or accent (few slip there, and `solar` beside `polar` is another word). Each word counts once a text: what is
repeated is usage. A clean text holds a slip by chance now and then, in short words and in names more often than in long
ones; a damaged text holds far more. Both are weighed word by word, and a text is named where damage is many times the
likelier. A text that shares too few words with the store is of another language, and its words are not misspelt ones of
ours.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from halluguard.models.vocabulary import common_words

LIKELIER = 5
"""Texts that hold the intended word for each that holds the slip, at least."""

LEAST_TEXTS = 10
"""Texts that must hold a word before others are taken for slips of it; a smaller store cannot tell."""

LEAST_LETTERS = 4
"""Letters of a word that is looked at: among shorter ones nearly every word is one edit from another."""

CHANCE = ((6, 0.003, 0.03), (8, 0.003, 0.015), (math.inf, 0.0015, 0.004))
"""Share of a clean text's words that pass for slips: of words under so many letters, in small letters, with a capital.

Counted on 10,900 clean passages of Wikipedia."""

DAMAGE = 0.15
"""Share of a damaged text's words that are slips, at a modest guess."""

LEAST_EVIDENCE = 6.5
"""Natural logarithm of the likelihood ratio from which a text is damaged: 650 to 1."""

LEAST_KNOWN = 0.2
"""Share of a text's words that must be frequent in the store, for it to be of the store's language."""

_WORD = re.compile(rf"\b[^\W\d_]{{{LEAST_LETTERS},}}\b")
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Misspelling:
    """What speaks for damage to one text.

    Attributes:
        slips: distinct words that are slips of frequent ones, in alphabetical order.
        words: distinct words of four letters and more that the text holds, more than 0.
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
    held = [_read_words(text) for text in texts]
    counts = Counter(word for words in held for word in words)
    frequent = {word for word, count in counts.items() if count >= LEAST_TEXTS}
    meant = _find_slips(counts, frequent)
    return [_judge(words, frequent, meant) for words in held]


def _read_words(text: str) -> dict[str, bool]:
    """Return a text's words in small letters, and whether each is found with a capital only."""
    found = frozenset(_WORD.findall(text))
    return {word.lower(): word.lower() not in found for word in found}


def _find_slips(counts: Mapping[str, int], frequent: set[str]) -> dict[str, str]:
    """Return the slips with the most frequent word that each may be meant for.

    Words are one edit apart where deleting at most one letter from each, neither the first nor the last, leaves the same
    (as in SymSpell): this finds letters that were dropped, added, replaced or exchanged without comparing all pairs.
    """
    nearest: dict[str, str] = {}
    for word in sorted(frequent, key=lambda word: (-counts[word], word)):
        for rest in _shortened(word):
            nearest.setdefault(rest, word)
    slips = {}
    for word in counts:
        if not common_words().isdisjoint((word, word.removesuffix("s"))):
            continue
        near = {nearest[rest] for rest in _shortened(word) if rest in nearest}
        others = (other for other in near if _bare(other) != _bare(word))
        best = min(others, key=lambda other: (-counts[other], other), default=None)
        if best is not None and counts[best] >= LIKELIER * counts[word]:
            slips[word] = best
    return slips


def _shortened(word: str) -> Iterator[str]:
    """Yield a word and what is left of it without one of its inner letters."""
    yield word
    yield from (word[:at] + word[at + 1 :] for at in range(1, len(word) - 1))


def _bare(word: str) -> str:
    """Return a word without its accents."""
    return "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))


def _judge(words: Mapping[str, bool], frequent: set[str], meant: Mapping[str, str]) -> Misspelling | None:
    slips = sorted(words.keys() & meant.keys())
    if not slips or len(words.keys() & frequent) < LEAST_KNOWN * len(words):
        return None
    if math.fsum(_evidence(word, capital, word in meant) for word, capital in words.items()) < LEAST_EVIDENCE:
        return None
    return Misspelling(tuple(slips), len(words), tuple((slip, meant[slip]) for slip in slips[:_EXAMPLES]))


def _evidence(word: str, capital: bool, slip: bool) -> float:
    """Return the logarithm of how much likelier a word is in a damaged text than in a clean one."""
    chance = next(name if capital else small for letters, small, name in CHANCE if len(word) < letters)
    return math.log(DAMAGE / chance) if slip else math.log((1 - DAMAGE) / (1 - chance))
