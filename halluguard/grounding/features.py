"""What can be seen of a claim and its evidence, as a few numbers that a calibration weighs."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from halluguard.grounding.words import content_words, names, numbers, stem, stems

PROBABILITY_FLOOR = 1e-4
"""Probabilities are clipped before a logit, so that one saturated score cannot outweigh everything else."""


@dataclass(frozen=True, slots=True)
class WordFeatures:
    """What words alone say of a claim and the texts it may rest on, before any model has read them.

    Attributes:
        cover: share of the claim's distinct content stems found anywhere in the passages.
        copied: share of the claim's runs of three words found in one passage.
        missing_numbers: values the claim states and no passage does, at most 3.
        missing_names: share of the claim's names found in no passage; 0 where it names nothing.
        log_words: natural logarithm of 1 + the claim's distinct content stems.
        log_windows: natural logarithm of the number of windows.

    """

    cover: float
    copied: float
    missing_numbers: float
    missing_names: float
    log_words: float
    log_windows: float


def observe_words(claim: str, texts: Sequence[str], n_windows: int) -> WordFeatures:
    """Compare the words of a claim with those of its passages.

    Args:
        claim: what the model reads.
        texts: the passages.
        n_windows: how many windows the passages make.

    """
    wanted = stems(claim)
    found = frozenset[str]().union(*(stems(text) for text in texts))
    runs = _runs(claim)
    stated = frozenset[float]().union(*(numbers(text) for text in texts))
    named = names(claim)
    absent = [name for name in named if stem(name) not in found]
    return WordFeatures(
        cover=len(wanted & found) / len(wanted) if wanted else 0.0,
        copied=max((len(runs & _runs(text)) for text in texts), default=0) / len(runs) if runs else 0.0,
        missing_numbers=float(min(3, len(numbers(claim) - stated))),
        missing_names=len(absent) / len(named) if named else 0.0,
        log_words=math.log1p(len(wanted)),
        log_windows=math.log(max(1, n_windows)),
    )


def share_of_words(claim: str, document: str) -> float:
    """Return the share of a claim's content words found in a document: the baseline nobody may be under.

    Words are compared as written, repeats counted; 0 where the claim has no content word.
    """
    wanted = content_words(claim)
    found = frozenset(content_words(document))
    return sum(word in found for word in wanted) / len(wanted) if wanted else 0.0


def logit(probability: float) -> float:
    """Return the log-odds of a probability, clipped at the floor."""
    kept = min(max(probability, PROBABILITY_FLOOR), 1 - PROBABILITY_FLOOR)
    return math.log(kept / (1 - kept))


@lru_cache(maxsize=4096)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = [stem(word) for word in re.findall(r"\w+", text.lower())]
    return frozenset(zip(words, words[1:], words[2:], strict=False))
