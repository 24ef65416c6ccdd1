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
        source: what it was calibrated on.

    """

    weights: Mapping[str, float]
    intercept: float
    clean_maxima: tuple[float, ...]
    alpha: float = 0.02
    grey: float = 0.05
    source: str = ""

    def score(self, signals: Sequence[Signals]) -> NDArray[np.float64]:
        """Return the responsibility of each entry, 0 to 1, shape (n,)."""
        weights = np.array([self.weights[name] for name in FEATURES])
        logits = stack_rows(signals) @ weights + self.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float64)

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
    model: ResponsibilityModel, signals: Sequence[Signals], *, cleared: Sequence[bool], readable: bool
) -> Accusation:
    """Decide one event.

    `store` where a candidate's p-value is at most alpha and nothing clears it; `undetermined` where one comes near,
    or where candidates could not be read; else `generator`: no candidate says it.

    Args:
        model: weights and clean maxima.
        signals: one per candidate.
        cleared: whether the deciding text of a candidate stands word for word in the trusted corpus.
        readable: whether every cited and retrieved candidate had text to read.

    """
    scores = model.score(signals)
    p_values = [model.p_value(float(score)) for score in scores]
    accused = tuple(i for i, p in enumerate(p_values) if p <= model.alpha and not cleared[i])
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
        data["source"],
    )
