"""What can be seen of a claim and its evidence, as a few numbers that a calibration weighs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from halluguard.text import content_words, negates, numbers, restate, stated_numbers, stems

PROBABILITY_FLOOR = 1e-4
"""Probabilities are clipped before a logit, so that one saturated score cannot outweigh everything else."""


@dataclass(frozen=True, slots=True)
class WordFeatures:
    """What words alone say of a claim and the texts it may rest on, before any model has read them.

    Attributes:
        sentence_cover: share of the claim's distinct content stems that the one sentence holds which holds most of them.
        missing_numbers: 1 where the claim states a value that no passage states, else 0.
        stray_numbers: 1 where the claim states a value that its best sentence does not, else 0.
        stray_negation: 1 where the claim negates its verb and its best sentence does not, else 0.
        log_words: natural logarithm of 1 + the words of the claim.
    """

    sentence_cover: float
    missing_numbers: float
    stray_numbers: float
    stray_negation: float
    log_words: float


WORD_FEATURES = tuple(each.name for each in fields(WordFeatures))


def observe_words(claim: str, texts: Sequence[str], best_sentence: str = "") -> WordFeatures:
    """Compare the words of a claim with those of its passages, and of the sentence that shares most with it.

    Quantities count as the same in whatever writing (see `restate`).
    """
    beside_best = restate(claim, best_sentence)
    wanted = stems(beside_best)
    values = numbers(restate(claim, "\n".join(texts)))
    stated = frozenset[float]().union(*(stated_numbers(text) for text in texts))
    return WordFeatures(
        sentence_cover=len(wanted & stems(best_sentence)) / len(wanted) if wanted else 0.0,
        missing_numbers=float(bool(values - stated)),
        stray_numbers=float(bool(numbers(beside_best) - stated_numbers(best_sentence))),
        stray_negation=float(negates(claim) and not negates(best_sentence)),
        log_words=math.log1p(len(claim.split())),
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
