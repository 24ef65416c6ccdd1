"""S4b and S6: the loop's reproduction number and its dispersion, by a negative binomial with right truncation."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import gammainc, gammaincinv, gammaln

from halluguard.cascade.scores.estimate import Estimate, Quality, refuse

Array = NDArray[np.float64]
K_LOW, K_HIGH = 0.02, 200.0
DEFAULT_K = 0.2
"""Dispersion assumed where none can be estimated: the overdispersed end of what is seen, so bounds stay wide."""
CHI2_95 = 3.841458820694124
MIN_EXPOSURE, MIN_COUNT, MIN_FOR_K = 5.0, 5.0, 20


@dataclass(frozen=True, slots=True)
class OffspringFit:
    """Maximum likelihood of offspring counts: mean R and size k, with the profile interval of R."""

    r: float
    k: float
    r_low: float
    r_high: float


def truncation_weights(ages: Array, gi_mean: float, gi_sd: float) -> Array:
    """Return pi_i = G(age_i): the share of an entry's children that can have been seen after `ages` days.

    G is the gamma distribution with the generation interval's mean and sd, in days; with sd 0 it is a step at the mean.
    An age that is not positive has weight 0.
    """
    ages = np.maximum(np.asarray(ages, dtype=np.float64), 0.0)
    if gi_sd <= 0:
        return (ages >= gi_mean).astype(np.float64)
    shape = (gi_mean / gi_sd) ** 2
    return np.asarray(gammainc(shape, ages * shape / gi_mean), dtype=np.float64)


def log_likelihood(x: Array, pi: Array, r: float, k: float) -> float:
    """Return the log likelihood of x_i ~ NB(mean r·pi_i, size k); x may be fractional."""
    mean = r * pi
    return float(
        (
            gammaln(x + k)
            - gammaln(k)
            - gammaln(x + 1)
            - k * np.log1p(mean / k)
            + x * np.log(mean / (k + mean))
        ).sum()
    )


def fit_offspring(x: Array, pi: Array | None = None) -> OffspringFit:
    """Fit NB(mean R·pi_i, size k) to offspring counts with at least one child.

    Args:
        x: shape (n,), children of each entry (fractional where parents share a child).
        pi: shape (n,), truncation weight of each; None is all 1. Thinning a gamma-Poisson is exact (Lloyd-Smith,
            Nature 438 (2005) 355), so pi enters the mean alone.

    k is bounded to [0.02, 200]; the interval is {R : 2 (l_max - l_profile(R)) <= 3.841}. Raises ValueError at sum x = 0.
    """
    x, pi = _at_risk(x, pi)
    if x.sum() <= 0:
        raise ValueError("no offspring: the profile is unbounded, use zero_count_upper")
    start = math.log(x.sum() / pi.sum())

    def negative_profile_r(log_r: float) -> float:
        return -_best_k(x, pi, math.exp(log_r))[1]

    found = minimize_scalar(
        negative_profile_r, bounds=(start - 4, start + 4), method="bounded", options={"xatol": 1e-7}
    )
    log_r, best = float(found.x), -float(found.fun)
    k = _best_k(x, pi, math.exp(log_r))[0]

    def drop_r(value: float) -> float:
        return 2 * (best + negative_profile_r(value)) - CHI2_95

    low, high = (_crossing(drop_r, log_r, log_r + side) for side in (-14.0, 14.0))
    return OffspringFit(math.exp(log_r), k, math.exp(low), math.exp(high))


def profile_dispersion(x: Array, pi: Array | None, fit: OffspringFit) -> tuple[float, float]:
    """Return the 95 % profile interval of k about a fit, within [0.02, 200]."""
    x, pi = _at_risk(x, pi)
    best = log_likelihood(x, pi, fit.r, fit.k)

    def drop(log_k: float) -> float:
        return 2 * (best - _best_r(x, pi, math.exp(log_k))) - CHI2_95

    low, high = (math.exp(_crossing(drop, math.log(fit.k), math.log(edge))) for edge in (K_LOW, K_HIGH))
    return low, high


def _at_risk(x: Array, pi: Array | None) -> tuple[Array, Array]:
    """Drop entries that had no time to be a parent; a parent whose weight rounds to 0 keeps a small one."""
    x = np.asarray(x, dtype=np.float64)
    pi = np.ones_like(x) if pi is None else np.asarray(pi, dtype=np.float64)
    pi = np.where((x > 0) & (pi < 1e-3), 1e-3, pi)
    return x[pi > 0], pi[pi > 0]


def _best_k(x: Array, pi: Array, r: float) -> tuple[float, float]:
    bounds = (math.log(K_LOW), math.log(K_HIGH))
    found = minimize_scalar(
        lambda log_k: -log_likelihood(x, pi, r, math.exp(log_k)),
        bounds=bounds,
        method="bounded",
        options={"xatol": 1e-6},
    )
    edge = max((log_likelihood(x, pi, r, k), k) for k in (K_LOW, K_HIGH))
    if edge[0] > -found.fun:
        return edge[1], edge[0]
    return math.exp(float(found.x)), -float(found.fun)


def _best_r(x: Array, pi: Array, k: float) -> float:
    start = math.log(x.sum() / pi.sum())
    found = minimize_scalar(
        lambda log_r: -log_likelihood(x, pi, math.exp(log_r), k),
        bounds=(start - 4, start + 4),
        method="bounded",
    )
    return -float(found.fun)


def _crossing(function: Callable[[float], float], inside: float, edge: float) -> float:
    """Return where a profile crosses its limit between the maximum and an edge, or the edge where it never does."""
    if function(edge) <= 0:
        return edge
    return float(brentq(function, inside, edge, xtol=1e-7))


def zero_count_upper(pi: Array, k: float | None = DEFAULT_K) -> float:
    """Return the exact upper 97.5 % bound of R after no offspring from entries of weights `pi`.

    The R that solves prod (1 + R pi_i / k)^-k = 0.025; with k None the Poisson bound 3.6889 / sum pi. Replacing n by sum pi
    would be conservative, so the product form is used.
    """
    pi = np.asarray(pi, dtype=np.float64)
    pi = pi[pi > 0]
    if not len(pi):
        return math.inf
    if k is None:
        return float(-math.log(0.025) / pi.sum())

    def excess(log_r: float) -> float:
        return float(k * np.log1p(math.exp(log_r) * pi / k).sum() + math.log(0.025))

    return math.exp(brentq(excess, -20.0, 700.0, xtol=1e-12))


def estimate_r_loop(
    children: Array, pi: Array, *, write_back: bool | None = None, k_if_none: float = DEFAULT_K
) -> Estimate:
    """Return S4b, R_loop = sum C_i / sum pi_i over contaminated entries, with its negative binomial profile interval.

    Args:
        children: shape (n,), contaminated child entries of each, fractional where parents share one.
        pi: shape (n,), truncation weights G(T_i - t_i).
        write_back: False where the system has no path from an answer to an entry: R is then 0 by structure.
        k_if_none: dispersion of the zero-count bound.

    Children divided by *observed exposure*, never by cases: the mean children per case of a single tree is (n-1)/n by
    arithmetic. With sum pi < 5 or C + n < 5 it is insufficient (a lone entry without child keeps its Poisson interval);
    provisional while sum pi / n < 0.9.
    """
    if write_back is False:
        return Estimate(
            0.0,
            0.0,
            0.0,
            len(children),
            Quality.STRUCTURAL,
            "no path from an answer to an entry",
            "structural",
        )
    children, pi = np.asarray(children, dtype=np.float64), np.asarray(pi, dtype=np.float64)
    n, c, exposure = len(children), float(children.sum()), float(pi.sum())
    if n == 0:
        return refuse(Quality.NOT_ESTIMABLE, "no contaminated entry")
    if n == 1 and c == 0:
        upper = zero_count_upper(np.ones(1), None)
        return Estimate(
            0.0, 0.0, upper, n, Quality.INTERVAL_ONLY, "one entry without child", "Poisson zero count"
        )
    if exposure < MIN_EXPOSURE or c + n < MIN_COUNT:
        return refuse(
            Quality.INSUFFICIENT,
            f"{c:g} children of {n} entries with {exposure:.2f} of 5 complete exposures",
            n,
        )
    quality = Quality.OK if exposure / n >= 0.9 else Quality.PROVISIONAL
    reason = "" if quality is Quality.OK else f"{exposure / n:.0%} of the children can have been seen yet"
    if c == 0:
        upper = zero_count_upper(pi, k_if_none)
        return Estimate(0.0, 0.0, upper, n, quality, reason, f"exact zero count at k = {k_if_none:g}")
    fit = fit_offspring(children, pi)
    return Estimate(c / exposure, fit.r_low, fit.r_high, n, quality, reason, "negative binomial profile")


def estimate_dispersion(children: Array, pi: Array | None = None) -> Estimate:
    """Return S6, the dispersion k with its profile interval; below 1 a few entries make most of the children.

    Omitted below 20 entries or without offspring.
    """
    n = len(children)
    if not np.sum(children):
        return refuse(Quality.NOT_ESTIMABLE, "no offspring", n)
    if n < MIN_FOR_K:
        return refuse(Quality.INSUFFICIENT, f"{n} entries; {MIN_FOR_K} are needed", n)
    fit = fit_offspring(children, pi)
    low, high = profile_dispersion(children, pi, fit)
    return Estimate(fit.k, low, high, n, method="negative binomial profile")


def top_share(children: Array, share: float = 0.2) -> float | None:
    """Return the share of all children that the top ceil(share·n) entries made; None without offspring."""
    ordered = np.sort(np.asarray(children, dtype=np.float64))[::-1]
    total = float(ordered.sum())
    return float(ordered[: math.ceil(share * len(ordered) - 1e-9)].sum()) / total if total else None


def expected_top_share(k: float, share: float = 0.2) -> float:
    """Return the share of transmission the top `share` would make at dispersion k: 1 - F_{k+1}(F_k^-1(1 - share)).

    F_a is the unit-scale gamma distribution of shape a (Lloyd-Smith 2005, supplement).
    """
    return float(1 - gammainc(k + 1, gammaincinv(k, 1 - share)))
