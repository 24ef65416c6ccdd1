"""Who infected whom: Wallinga-Teunis attribution from times, or from times and provenance."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def attribute_parents(
    times: Array,
    interval: Callable[[Array], Array],
    *,
    background: float | Array = 0.0,
    strength: Array | None = None,
) -> tuple[Array, Array]:
    """Return the probability that i is j's parent, shape (n, n), and that j came from the background, shape (n,).

    Args:
        times: shape (n,), in days.
        interval: density of the generation interval, called with differences in days; it must be 0 at 0 and below.
        background: mu_j, the rate of cases with no parent; a number or shape (n,).
        strength: s_ij, shape (n, n): 1 where i was cited by j, less where it was only retrieved, 0 where neither.

    p_ij = w(t_j - t_i) s_ij / (mu_j + sum_k w(t_j - t_k) s_kj) (Wallinga & Teunis 2004; Cauchemez 2006 for the
    background). A case with no possible parent belongs to the background. Cost n²: for one cascade, not for a log.
    """
    times = np.asarray(times, dtype=np.float64)
    lags = times[None, :] - times[:, None]
    weights = np.where(lags > 0, interval(lags), 0.0)
    if strength is not None:
        weights = weights * strength
    mu = np.broadcast_to(np.asarray(background, dtype=np.float64), times.shape)
    total = mu + weights.sum(axis=0)
    parents = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    origin = np.divide(mu, total, out=np.ones_like(mu), where=total > 0)
    return parents, origin


def case_reproduction(parents: Array, weights: Array | None = None) -> Array:
    """Return R_i = sum_j p_ij, shape (n,), divided by the truncation weight G(T - t_i) where given (0 gives NaN)."""
    totals = np.asarray(parents.sum(axis=1), dtype=np.float64)
    if weights is None:
        return totals
    found: Array = np.divide(totals, weights, out=np.full_like(totals, np.nan), where=weights > 0)
    return found


def estimate_cohort_r(cases: Array, interval: Array) -> Array:
    """Return the cohort R_t of daily counts, right-truncation corrected, shape (t,); NaN on days with no cases to judge.

    R_t = sum_{s>t} I_s w_{s-t} / sum_{u<s} I_u w_{s-u}, divided by sum_{d <= T-1-t} w_d (Wallinga & Teunis 2004;
    correction of Cauchemez et al. 2006). `interval[0]` is ignored.
    """
    cases, w = np.asarray(cases, dtype=np.float64), np.array(interval, dtype=np.float64)
    w[0] = 0.0
    n = len(cases)
    infectiousness = np.convolve(cases, w)[:n]
    pull = np.divide(cases, infectiousness, out=np.zeros(n), where=infectiousness > 0)
    raw: Array = np.array(
        [(pull[t + 1 : t + len(w)] * w[1 : len(pull[t + 1 : t + len(w)]) + 1]).sum() for t in range(n)]
    )
    seen = np.cumsum(w)[np.minimum(np.arange(n)[::-1], len(w) - 1)]
    found: Array = np.divide(raw, seen, out=np.full(n, np.nan), where=(seen > 0) & (cases > 0))
    return found


def aggregate_cohort_r(r: Array, cases: Array, period: int) -> Array:
    """Return the case-weighted mean of daily R over consecutive periods; an undefined R counts as 0."""
    filled = np.nan_to_num(np.asarray(r, dtype=np.float64))
    starts = np.arange(0, len(filled), period)
    weights = np.add.reduceat(np.asarray(cases, dtype=np.float64), starts)
    totals = np.add.reduceat(filled * cases, starts)
    found: Array = np.divide(totals, weights, out=np.full(len(starts), np.nan), where=weights > 0)
    return found
