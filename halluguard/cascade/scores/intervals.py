"""Exact and score intervals for shares, rates and odds ratios.

The normal quantile is exact (1.959964), so limits differ from those computed with 1.96 by up to 2e-4 relative.
"""

import math

import numpy as np
from scipy.special import betaincinv, gammaincinv, ndtri

Z95 = float(ndtri(0.975))
"""The two-sided 95 % normal quantile."""

Interval = tuple[float, float]


def wilson(x: float, n: float, *, looks: int = 1) -> Interval:
    """Return the 95 % Wilson score interval of x hits in n trials, or one of `looks` such that hold together (Bonferroni).

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n); Wilson, JASA 22 (1927) 209. The limits are exactly 0 at
    x = 0 and 1 at x = n. Raises ValueError unless 0 <= x <= n and n > 0.
    """
    if not 0 <= x <= n or n <= 0:
        raise ValueError(f"expected 0 <= x <= n and n > 0, found x={x}, n={n}")
    z = Z95 if looks == 1 else float(ndtri(1 - 0.025 / looks))
    p, square = x / n, z * z
    centre = p + square / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + square / (4 * n * n))
    scale = 1 + square / n
    low = 0.0 if x == 0 else (centre - half) / scale
    high = 1.0 if x == n else (centre + half) / scale
    return low, high


def garwood(count: float, exposure: float) -> Interval:
    """Return the exact 95 % interval of a Poisson rate: `count` events in `exposure` units.

    Gamma quantiles (Garwood, Biometrika 28 (1936) 437); the lower limit is 0 at count 0. Raises ValueError for a
    negative count or an exposure that is not positive.
    """
    if count < 0 or exposure <= 0:
        raise ValueError(f"expected count >= 0 and exposure > 0, found {count} and {exposure}")
    low = 0.0 if count == 0 else float(gammaincinv(count, 0.025)) / exposure
    return low, float(gammaincinv(count + 1, 0.975)) / exposure


def odds_ratio(a: float, b: float, c: float, d: float) -> tuple[float, float, float]:
    """Return (ad/bc, low, high) of a two-by-two table with its 95 % Woolf interval.

    exp(log OR ± z sqrt(1/a + 1/b + 1/c + 1/d)); with any cell 0, 0.5 is added to every cell (Haldane 1956,
    Anscombe 1956). Raises ValueError for a negative cell or an empty table.
    """
    cells = np.array([a, b, c, d], dtype=np.float64)
    if (cells < 0).any() or not cells.any():
        raise ValueError(f"expected four counts, not all zero, found {a}, {b}, {c}, {d}")
    if (cells == 0).any():
        cells = cells + 0.5
    log_ratio = math.log(cells[0] * cells[3] / (cells[1] * cells[2]))
    half = Z95 * math.sqrt(float((1 / cells).sum()))
    return math.exp(log_ratio), math.exp(log_ratio - half), math.exp(log_ratio + half)


def upper_share(hits: int, probes: int, confidence: float = 0.95) -> float:
    """Return the exact one-sided upper bound of a share after `hits` in `probes`.

    Clopper-Pearson: Beta^-1(confidence; hits+1, probes-hits), which is 1 - (1-confidence)^(1/probes) at no hit; 1 when
    every probe hit. Raises ValueError unless 0 <= hits <= probes and probes > 0.
    """
    if not 0 <= hits <= probes or probes <= 0:
        raise ValueError(f"expected 0 <= hits <= probes and probes > 0, found {hits} of {probes}")
    if hits == probes:
        return 1.0
    return float(betaincinv(hits + 1, probes - hits, confidence))


def probes_needed(hits: int, below: float, confidence: float = 0.95) -> int:
    """Return the smallest number of probes whose upper bound after `hits` lies below `below` (59 for 0 and 5 %)."""
    if not 0 < below < 1:
        raise ValueError(f"expected a share between 0 and 1, found {below}")
    low, high = hits + 1, hits + 2
    while upper_share(hits, high, confidence) >= below:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if upper_share(hits, middle, confidence) >= below else (low, middle)
    return low
