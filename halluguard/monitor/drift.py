"""Two samples of one figure: population stability index and Kolmogorov-Smirnov, each beside its null quantile."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 10
SMOOTHING = 0.5
"""Added to every count of both samples, so that an empty bin gives no infinity; PSI depends on it."""
EXACT_PAIRS = 25_000_000
"""Up to this product of the sample sizes the Kolmogorov-Smirnov p-value is exact."""
SHUFFLES = 1_999
MORE_SHUFFLES = 97_999
"""Shuffles for the p-value of PSI, and how many follow where the first are hardly ever as large."""
LEAST_P = 1 / (1 + SHUFFLES + MORE_SHUFFLES)
"""The smallest p-value that PSI can have."""
FEW = 20


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one sample lies from another: the statistic, what chance alone gives at this size, and the p-value.

    `null` is the 95 % quantile of the statistic where nothing changed.
    """

    test: str
    value: float
    null: float
    p_value: float
    n_reference: int
    n_current: int


def psi_of_counts(reference: ArrayLike, current: ArrayLike, smoothing: float = SMOOTHING) -> float:
    """Return sum (p - q) ln(p / q) over bins; counts of shape (bins,), `smoothing` added to each of them."""
    return float(_psi(np.asarray(reference), np.asarray(current), smoothing))


def _psi(reference: NDArray[Any], current: NDArray[Any], smoothing: float = SMOOTHING) -> NDArray[np.float64]:
    """Return PSI over the last axis of counts."""
    a, b = reference + smoothing, current + smoothing
    p, q = (x / x.sum(axis=-1, keepdims=True) for x in (a, b))
    return np.asarray(np.sum((p - q) * np.log(p / q), axis=-1), dtype=np.float64)


def psi_null(n: int, m: int, bins: int = BINS, level: float = 0.95) -> float:
    """Return the quantile of PSI under no change: chi2(bins - 1) (1/n + 1/m), for samples of n and m.

    For orientation: it lies too high where a bin holds fewer than about ten values. Alarms go by the p-value.
    """
    from scipy.stats import chi2

    return float(chi2.ppf(level, bins - 1) * (1 / n + 1 / m))


def measure_psi(
    reference: NDArray[np.float64], current: NDArray[np.float64], bins: int = BINS, *, seed: int = 0
) -> Shift:
    """Compare by PSI over the deciles of both samples together; deciles that coincide, as with ties, are one bin.

    The p-value is that of shuffling values between the samples, which leaves these bins as they are: it holds for any sizes and
    ties, where that of chi-square is too small in the tail under ties and too large for small samples.
    """
    pooled = np.concatenate([reference, current])
    edges = np.unique(np.quantile(pooled, np.linspace(0, 1, bins + 1)[1:-1]))
    old, new = (
        np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
        for values in (reference, current)
    )
    used = (old + new) > 0
    old, new, n, m = old[used], new[used], len(reference), len(current)
    if len(old) == 1:
        return Shift("psi", 0.0, 0.0, 1.0, n, m)
    value = psi_of_counts(old, new)
    return Shift("psi", value, psi_null(n, m, len(old)), _shuffled_p(value, old + new, n, seed), n, m)


def _shuffled_p(value: float, counts: NDArray[np.int64], n: int, seed: int) -> float:
    """Return the share of shuffles whose PSI is as large, the samples' own arrangement counted as one.

    More shuffles are drawn only where the first give a small share. Any level is then kept: below what the first can give only
    all of them together decide, above it the first alone (after Besag and Clifford 1991, Biometrika 78).
    """
    generator = np.random.default_rng(seed)

    def as_large(draws: int) -> int:
        old = generator.multivariate_hypergeometric(counts, n, size=draws, method="marginals")
        return int(np.sum(_psi(old, counts - old) >= value - 1e-12))

    hits = as_large(SHUFFLES)
    if hits >= FEW:
        return (1 + hits) / (1 + SHUFFLES)
    return (1 + hits + as_large(MORE_SHUFFLES)) / (1 + SHUFFLES + MORE_SHUFFLES)


def measure_ks(reference: NDArray[np.float64], current: NDArray[np.float64]) -> Shift:
    """Compare by the two-sample Kolmogorov-Smirnov distance; exact p-value up to 25 million pairs, conservative under ties."""
    from scipy.stats import ks_2samp

    n, m = len(reference), len(current)
    method = "exact" if n * m <= EXACT_PAIRS else "asymp"
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # a lattice too deep falls back to the asymptotic p-value
        found = ks_2samp(reference, current, method=method)
    null = 1.3581 * np.sqrt((n + m) / (n * m))
    return Shift("ks", float(found.statistic), float(min(1.0, null)), float(found.pvalue), n, m)
