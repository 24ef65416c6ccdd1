"""Score entries for one claim and say which are responsible, or that none is. Rules only: no model, no file but its own.

The score is a logistic combination of `Signals`. Its p-value is conformal (Vovk et al. 2005, section 2.2) over events in
which nothing was responsible, so that accusing at p <= alpha wrongs at most a share alpha of clean events, whatever the
number of candidates. Two things are held against those events, each at half of alpha (Bonferroni): how high an entry
scores, and how high the lowest of three entries of different texts does. What is planted is planted several times, and
while one innocent text may well mention a wrong answer, three that lean towards it hardly meet by chance.
"""

import json
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from halluguard.forensics.signals import FEATURES, Signals, plain_texts, stack_rows
from halluguard.records import Origin

CHORUS = 3
"""Entries of different texts that are held against clean events together."""


@dataclass(frozen=True, slots=True)
class ResponsibilityModel:
    """Weights of the score and the clean maxima behind its p-values.

    Attributes:
        weights: one per feature of `FEATURES`, on the raw features.
        intercept: added before the logistic function.
        clean_maxima: the highest score of each calibration event without a responsible entry, ascending, over the entries
            that do not say the opposite of the claim: the others are never accused.
        clean_choruses: the third highest score of each such event, entries of one text counted once, ascending;
            without any, only maxima are held against, at the whole of alpha.
        alpha: the p-value up to which an entry is accused.
        grey: the p-value up to which an event that accuses nobody stays undetermined.
        beside: the score from which a candidate is accused in an event that has a responsible entry. Whether it has one at
            all is the clean events' to say; once it has, copies and rewrites of the same claim need not each be the
            worst that clean events ever showed, nor is every entry accused that three others make suspicious.
        apart: how far, in log-odds, such a candidate may stay behind the highest score of its event. What repeats a claim
            scores much as the worst does, and an innocent text that shares its words stays far behind.
        source: what it was calibrated on.

    """

    weights: Mapping[str, float]
    intercept: float
    clean_maxima: tuple[float, ...]
    clean_choruses: tuple[float, ...]
    alpha: float = 0.02
    grey: float = 0.05
    beside: float = 0.5
    apart: float = math.inf
    source: str = ""

    def score(self, signals: Sequence[Signals]) -> NDArray[np.float64]:
        """Return the responsibility of each entry, 0 to 1, shape (n,)."""
        return self.score_rows(stack_rows(signals))

    def score_rows(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the responsibility of each row of features in the order of `FEATURES`, shape (n,)."""
        weights = np.array([self.weights[name] for name in FEATURES])
        return np.asarray(1.0 / (1.0 + np.exp(-(features @ weights + self.intercept))), dtype=np.float64)

    def least_beside(self, highest: float) -> float:
        """Return the score that is enough beside an accused entry, in an event of this highest score."""
        return max(self.beside, float(expit(logit(highest) - self.apart)))

    def is_likely(self, score: float, p_value: float) -> bool:
        """Whether a candidate could be accused, on its own or beside another."""
        return score >= self.beside or p_value <= self.grey

    def p_values(self, scores: Sequence[float], texts: Sequence[str], opposed: Sequence[bool]) -> list[float]:
        """Return, for each candidate of one event, the share of clean events that look as bad, this one counted in.

        Twice the lower of two shares: of events whose highest score is at least its own, and of events whose chorus is
        at least that of the candidate and two others. Candidates that are `opposed`, which say the opposite of the claim,
        have 1 and are no part of a chorus.
        """
        open_ = [i for i in range(len(scores)) if not opposed[i]]
        chorus = chorus_score([scores[i] for i in open_], [texts[i] for i in open_])
        return [
            1.0 if against else min(self.p_alone(one), self._p_chorus(min(one, chorus)))
            for one, against in zip(scores, opposed, strict=True)
        ]

    def p_alone(self, score: float) -> float:
        """Return the p-value of a candidate by its own score, whatever stands beside it."""
        return min(1.0, (2 if self.clean_choruses else 1) * _share(self.clean_maxima, score))

    def _p_chorus(self, score: float) -> float:
        return min(1.0, 2 * _share(self.clean_choruses, score)) if self.clean_choruses else 1.0


def chorus_score(scores: Sequence[float], texts: Sequence[str]) -> float:
    """Return the third highest score of one event's candidates, 0 to 1, entries of one text counted once; 0 for fewer."""
    highest: dict[str, float] = {}
    for score, text in zip(scores, plain_texts(texts), strict=True):
        highest[text] = max(highest.get(text, 0.0), score)
    return sorted(highest.values(), reverse=True)[CHORUS - 1] if len(highest) >= CHORUS else 0.0


def _share(clean: Sequence[float], score: float) -> float:
    at_least = len(clean) - bisect_left(clean, score)
    return (1 + at_least) / (len(clean) + 1)


@dataclass(frozen=True, slots=True)
class Accusation:
    """What one event ends in: positions of the accused among the candidates, with every candidate's figures.

    `near` says that a candidate that nothing clears has a p-value of at most grey.
    """

    origin: Origin
    accused: tuple[int, ...]
    scores: tuple[float, ...]
    p_values: tuple[float, ...]
    near: bool = False


def accuse(
    model: ResponsibilityModel,
    scores: Sequence[float],
    p_values: Sequence[float],
    *,
    cleared: Sequence[bool],
    caught: Sequence[bool],
    readable: bool,
) -> Accusation:
    """Decide one event.

    `store` where a candidate's p-value is at most alpha, or it was caught in a conflict, and nothing clears it: accused are
    the caught, those whose own score no more than alpha of clean events reach, and beside them all whose score is high
    enough, both in itself and next to the highest. `undetermined` where one comes near, or where candidates could not be
    read; else `generator`: no candidate says it.

    Args:
        model: weights and clean maxima.
        scores: one per candidate.
        p_values: one per candidate, as of `ResponsibilityModel.p_values`.
        cleared: whether a candidate says the opposite of the claim, or its deciding text stands word for word in the
            trusted corpus.
        caught: whether the claim cites the candidate, is borne out by it, and is contradicted by trusted documents: the
            check has then seen both sides, and no clean event looks like that.
        readable: whether every cited and retrieved candidate had text to read.

    """
    open_ = [i for i in range(len(scores)) if not cleared[i]]
    certain = any(p_values[i] <= model.alpha or caught[i] for i in open_)
    enough = model.least_beside(max((scores[i] for i in open_), default=0.0))
    accused = tuple(
        i
        for i in open_
        if caught[i] or model.p_alone(scores[i]) <= model.alpha or (certain and scores[i] >= enough)
    )
    near = any(p_values[i] <= model.grey for i in open_)
    if accused:
        origin = Origin.STORE
    elif near or not readable:
        origin = Origin.UNDETERMINED
    else:
        origin = Origin.GENERATOR
    return Accusation(origin, accused, tuple(scores), tuple(p_values), near)


@lru_cache(maxsize=1)
def default_responsibility() -> ResponsibilityModel:
    """Return the calibration shipped with the package, made by `python -m evals traceback --fit`."""
    data = json.loads((files("halluguard.forensics") / "responsibility.json").read_text(encoding="utf-8"))
    return ResponsibilityModel(
        data["weights"],
        data["intercept"],
        tuple(data["clean_maxima"]),
        tuple(data["clean_choruses"]),
        data["alpha"],
        data["grey"],
        data["beside"],
        data["apart"],
        data["source"],
    )
