"""Extinction probability, superspreading shares and chain sizes of a branching process."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betainc, gammaln

Array = NDArray[np.float64]


_ROUNDING = 1e-9
"""How far above 1 a reproduction number may come by rounding: n/n in weights that sum to 1."""


def extinction_probability(
    r: float,
    k: float = math.inf,
    *,
    seeds: int = 1,
    individual_control: float = 0.0,
    population_control: float = 0.0,
) -> float:
    """Return the probability that a cascade from `seeds` entries dies out by itself.

    The smallest root of s = ind + (1-ind)(1 + (1-pop)(R/k)(1-s))^-k, to the power of the seeds (Lloyd-Smith 2005); k
    infinite is Poisson. `individual_control` is the share of entries that transmit nothing, `population_control` the
    proportional cut of R. It is 1 when (1-ind)(1-pop)R <= 1.
    """
    ind, effective = individual_control, (1 - population_control) * r
    if (1 - ind) * effective <= 1 + _ROUNDING:
        return 1.0

    def excess(s: float) -> float:
        power = -effective * (1 - s) if math.isinf(k) else -k * math.log1p(effective / k * (1 - s))
        return ind + (1 - ind) * math.exp(power) - s

    high = 1 - 1e-3
    while high < 1 and excess(high) >= 0:
        high = 1 - (1 - high) / 10
    if high >= 1:  # the root and 1 are one floating-point number
        return 1.0
    return float(brentq(excess, 0.0, high, xtol=1e-15)) ** seeds


def share_causing(r: float, k: float, share: float = 0.8) -> float:
    """Return the smallest share of entries expected to cause `share` of all offspring (Endo et al. 2020, appendix).

    Offspring are NB(mean r, size k); the size-biased distribution is NB(mean r(k+1)/k, size k+1) shifted by one,
    and the boundary count is split in proportion.
    """
    p = k / (k + r)
    below = _nb_quantile(1 - share, k + 1, p)
    before = _nb_cdf(below - 1, k + 1, p)
    split = (1 - share - before) / (_nb_cdf(below, k + 1, p) - before)
    top = 1 - _nb_cdf(below, k, p)
    boundary = _nb_cdf(below + 1, k, p) - _nb_cdf(below, k, p)
    return top - boundary * split


def _nb_quantile(probability: float, k: float, p: float) -> int:
    """Return the smallest count whose negative binomial distribution function reaches `probability`."""
    count = 0
    while _nb_cdf(count, k, p) < probability:
        count += 1
    return count


def _nb_cdf(count: int, k: float, p: float) -> float:
    return 0.0 if count < 0 else float(betainc(k, count + 1, p))


def r_from_chains(sizes: Array) -> float:
    """Return R = 1 - m/N from m complete, extinct chains of N nodes in all, singletons included, whatever k is.

    Without the singletons it is biased upwards. Raises ValueError for no chain.
    """
    total = float(np.sum(sizes))
    if not len(sizes) or total <= 0:
        raise ValueError("no chain")
    return 1 - len(sizes) / total


def chain_size_log_likelihood(sizes: Array, mean: float, k: float = math.inf) -> Array:
    """Return the log probability of each total chain size for NB(mean, size k) offspring, Poisson at infinite k.

    Blumberg & Lloyd-Smith, PLoS Comput Biol 9 (2013) e1002993; Borel's distribution for Poisson.
    """
    x = np.asarray(sizes, dtype=np.float64)
    if math.isinf(k):
        return np.asarray(
            (x - 1) * math.log(mean) - mean * x + (x - 2) * np.log(x) - gammaln(x), dtype=np.float64
        )
    head = gammaln(k * x + x - 1) - gammaln(k * x) - gammaln(x + 1)
    return np.asarray(
        head + (x - 1) * math.log(mean / k) - (k * x + x - 1) * math.log1p(mean / k), dtype=np.float64
    )


def gamma_borel_log_likelihood(sizes: Array, mean: float, k: float) -> Array:
    """Return the log probability of each chain size when R varies between chains as gamma(mean, shape k)."""
    x = np.asarray(sizes, dtype=np.float64)
    head = gammaln(k + x - 1) - gammaln(x + 1) - gammaln(k)
    tail = (x - 1) * np.log(x) - (k + x - 1) * np.log(x + k / mean)
    return np.asarray(head - k * math.log(mean / k) + tail, dtype=np.float64)


def chain_length_log_likelihood(lengths: Array, mean: float) -> Array:
    """Return the log probability that a chain of Poisson(mean) offspring lasts exactly each number of generations."""
    longest = int(np.max(lengths))
    reached = [0.0]
    for _ in range(longest):
        reached.append(math.exp(-mean * (1 - reached[-1])))
    steps = np.diff(reached)
    return np.asarray(np.log(steps[np.asarray(lengths, dtype=np.int64) - 1]), dtype=np.float64)
