"""Score entries for one claim and say which are responsible, or that none is. Rules only: no model, no file but its own.

The score is a logistic combination of `Signals`. Its p-value is conformal (Vovk et al. 2005, section 2.2) over the
highest score of each event in which nothing was responsible, so that accusing at p <= alpha wrongs at most a share
alpha of clean events, whatever the number of candidates.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.signals import FEATURES, Signals, stack_rows
from halluguard.records import Origin


@dataclass(frozen=True, slots=True)
class ResponsibilityModel:
    """Weights of the score and the clean maxima behind its p-values.

    Attributes:
        weights: one per feature of `FEATURES`, on the raw features.
        intercept: added before the logistic function.
        clean_maxima: the highest score of each calibration event without a responsible entry, ascending.
        alpha: the p-value up to which an entry is accused.
        grey: the p-value up to which an event that accuses nobody stays undetermined.
        beside: the score from which a candidate is accused beside one that is accused on its own; 1 for never. Whether
            an event has a responsible entry at all is the clean maxima's to say; once it has, copies and rewrites of
            the same claim need not each be the worst that clean events ever showed.
        source: what it was calibrated on.

    """

    weights: Mapping[str, float]
    intercept: float
    clean_maxima: tuple[float, ...]
    alpha: float = 0.02
    grey: float = 0.05
    beside: float = 1.0
    source: str = ""

    def score(self, signals: Sequence[Signals]) -> NDArray[np.float64]:
        """Return the responsibility of each entry, 0 to 1, shape (n,)."""
        return self.score_rows(stack_rows(signals))

    def score_rows(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the responsibility of each row of features in the order of `FEATURES`, shape (n,)."""
        weights = np.array([self.weights[name] for name in FEATURES])
        return np.asarray(1.0 / (1.0 + np.exp(-(features @ weights + self.intercept))), dtype=np.float64)

    def is_likely(self, score: float) -> bool:
        """Whether a score could lead to an accusation, on its own or beside another."""
        return score >= self.beside or self.p_value(score) <= self.grey

    def p_value(self, score: float) -> float:
        """Return the share of clean events, this one counted in, whose highest score is at least as high."""
        clean = self.clean_maxima
        at_least = len(clean) - int(np.searchsorted(clean, score, side="left"))
        return (1 + at_least) / (len(clean) + 1)


@dataclass(frozen=True, slots=True)
class Accusation:
    """What one event ends in: positions of the accused among the candidates, with every candidate's figures."""

    origin: Origin
    accused: tuple[int, ...]
    scores: tuple[float, ...]
    p_values: tuple[float, ...]


def accuse(
    model: ResponsibilityModel,
    signals: Sequence[Signals],
    *,
    cleared: Sequence[bool],
    caught: Sequence[bool],
    readable: bool,
) -> Accusation:
    """Decide one event.

    `store` where a candidate's p-value is at most alpha, or it was caught in a conflict, and nothing clears it; others
    whose score is high enough are then accused beside it. `undetermined` where one comes near, or where candidates
    could not be read; else `generator`: no candidate says it.

    Args:
        model: weights and clean maxima.
        signals: one per candidate.
        cleared: whether the deciding text of a candidate stands word for word in the trusted corpus.
        caught: whether the claim cites the candidate, is borne out by it, and is contradicted by trusted documents: the
            check has then seen both sides, and no clean event looks like that.
        readable: whether every cited and retrieved candidate had text to read.

    """
    scores = model.score(signals)
    p_values = [model.p_value(float(score)) for score in scores]
    certain = {i for i, p in enumerate(p_values) if (p <= model.alpha or caught[i]) and not cleared[i]}
    beside = {i for i, score in enumerate(scores) if certain and score >= model.beside and not cleared[i]}
    accused = tuple(sorted(certain | beside))
    near = any(p <= model.grey and not cleared[i] for i, p in enumerate(p_values))
    if accused:
        origin = Origin.STORE
    elif near or not readable:
        origin = Origin.UNDETERMINED
    else:
        origin = Origin.GENERATOR
    return Accusation(origin, accused, tuple(float(s) for s in scores), tuple(p_values))


@lru_cache(maxsize=1)
def default_responsibility() -> ResponsibilityModel:
    """Return the calibration shipped with the package, made by `python -m evals traceback --fit`."""
    data = json.loads((files("halluguard.forensics") / "responsibility.json").read_text(encoding="utf-8"))
    return ResponsibilityModel(
        data["weights"],
        data["intercept"],
        tuple(data["clean_maxima"]),
        data["alpha"],
        data["grey"],
        data["beside"],
        data["source"],
    )
