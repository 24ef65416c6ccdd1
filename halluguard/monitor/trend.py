"""Decay over windows: Theil-Sen slope with its interval, and Kendall's tau with its p-value."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_WINDOWS = 5
"""Below this no order of windows is rare enough to be told from chance."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Change a window with its 95 % interval, tau between -1 and 1, and the p-value of tau."""

    slope: float
    low: float
    high: float
    tau: float
    p_value: float
    n_windows: int


def measure_trend(values: Sequence[float]) -> Trend | None:
    """Return the trend of one figure a window, in order of time; None below five windows."""
    from scipy.stats import kendalltau, theilslopes

    if len(values) < LEAST_WINDOWS:
        return None
    order = np.arange(len(values))
    slope, _, low, high = theilslopes(values, order, 0.95)
    if len(set(values)) == 1:
        return Trend(0.0, 0.0, 0.0, 0.0, 1.0, len(values))
    found = kendalltau(order, values)
    return Trend(
        float(slope), float(low), float(high), float(found.statistic), float(found.pvalue), len(values)
    )
