"""The generation interval: how long it takes from an entry to the entries it led to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MIN_LAGS = 5


@dataclass(frozen=True, slots=True)
class Interval:
    """Mean and standard deviation in days, from `lags` pairs; `complete` where they come from a completed cohort."""

    mean: float
    sd: float
    lags: int
    complete: bool


def estimate_generation_interval(lags: Array, weights: Array, ages: Array) -> Interval | None:
    """Estimate mean and sd of the generation interval, None without a lag or with a mean of 0.

    Args:
        lags: shape (m,), days from parent entry to child entry.
        weights: shape (m,), weight of each pair.
        ages: shape (m,), how long each pair's parent was observed, in days.

    Only parents observed for at least the longest lag count, the completed cohort: in a growing cascade young parents show
    their early children only, and the mean of all lags is too short (0.68 for 1.0 at R = 2.5). With fewer than 5 such
    pairs all are used and the interval is a lower bound.
    """
    if not len(lags):
        return None
    cohort = np.asarray(ages) >= np.max(lags)
    complete = int(cohort.sum()) >= MIN_LAGS
    if not complete:
        cohort = np.ones(len(lags), dtype=bool)
    days, weight = np.asarray(lags)[cohort], np.asarray(weights)[cohort]
    mean = float(np.average(days, weights=weight))
    if mean <= 0:
        return None
    return Interval(
        mean, float(np.sqrt(np.average((days - mean) ** 2, weights=weight))), int(cohort.sum()), complete
    )
