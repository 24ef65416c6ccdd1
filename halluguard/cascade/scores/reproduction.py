"""Reproduction numbers from daily counts: Cori's instantaneous R, growth rate, and maximum likelihood."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincinv

from halluguard.cascade.scores.estimate import Estimate, Quality
from halluguard.cascade.scores.intervals import Z95

Array = NDArray[np.float64]
PRIOR_MEAN, PRIOR_SD = 1.0, 1.0
"""EpiEstim's own prior (5, 5) reports R near 5 for a window without a case; a responder needs the opposite."""
GATE_CV = 0.3


@dataclass(frozen=True, slots=True)
class CoriWindow:
    """R over days `first`..`last` (counted from 0, inclusive) with shape and scale of its gamma posterior."""

    first: int
    last: int
    shape: float
    scale: float
    local_cases: float
    enough: bool

    @property
    def mean(self) -> float:
        """The posterior mean."""
        return self.shape * self.scale

    @property
    def sd(self) -> float:
        """The posterior standard deviation."""
        return math.sqrt(self.shape) * self.scale

    def quantile(self, probability: float) -> float:
        """Return a quantile of the posterior."""
        return float(gammaincinv(self.shape, probability)) * self.scale

    @property
    def estimate(self) -> Estimate:
        """The posterior mean with its 95 % interval, marked insufficient below the gate of local cases."""
        quality = Quality.OK if self.enough else Quality.INSUFFICIENT
        reason = "" if self.enough else f"insufficient data: {self.local_cases:g} local cases"
        low, high = self.quantile(0.025), self.quantile(0.975)
        return Estimate(self.mean, low, high, self.local_cases, quality, reason, "Cori 2013, gamma posterior")


def total_infectiousness(cases: Array, interval: Array) -> Array:
    """Return Lambda_t = sum over s >= 1 of w_s I_{t-s}, shape of `cases`; `interval[0]` is ignored."""
    weights = np.array(interval, dtype=np.float64)
    weights[0] = 0.0
    return np.convolve(np.asarray(cases, dtype=np.float64), weights)[: len(cases)]


def required_cases(prior_mean: float = PRIOR_MEAN, prior_sd: float = PRIOR_SD) -> int:
    """Return the local cases a window needs for a posterior coefficient of variation of 0.3: ceil(1/cv² - a)."""
    return math.ceil(1 / GATE_CV**2 - (prior_mean / prior_sd) ** 2 - 1e-9)


def estimate_cori(
    local: Array,
    imported: Array,
    interval: Array,
    windows: Sequence[tuple[int, int]],
    *,
    prior_mean: float = PRIOR_MEAN,
    prior_sd: float = PRIOR_SD,
) -> tuple[CoriWindow, ...]:
    """Estimate Cori's R in each window (Cori et al., Am J Epidemiol 178 (2013) 1505).

    Args:
        local: shape (t,), entries written back each day; the numerator.
        imported: shape (t,), entries seeded each day; they feed Lambda alone. The first step should be all imported.
        interval: generation interval by day, w_0 ignored; not renormalised.
        windows: pairs of first and last day, counted from 0, inclusive.
        prior_mean: of the gamma prior of R.
        prior_sd: of the gamma prior of R.

    Posterior shape a + sum local, scale 1 / (1/b + sum Lambda). A window that starts on the first day, or holds fewer local
    cases than `required_cases`, is marked not `enough`. Never an alarm by itself: the whole store may be growing.
    """
    local, imported = np.asarray(local, dtype=np.float64), np.asarray(imported, dtype=np.float64)
    infectiousness = total_infectiousness(local + imported, interval)
    a, b = (prior_mean / prior_sd) ** 2, prior_sd**2 / prior_mean
    gate = required_cases(prior_mean, prior_sd)
    found = []
    for first, last in windows:
        count = float(local[first : last + 1].sum())
        scale = 1 / (1 / b + float(infectiousness[first : last + 1].sum()))
        found.append(CoriWindow(first, last, a + count, scale, count, first >= 1 and count >= gate))
    return tuple(found)


def shifted_gamma_interval(mean: float, sd: float, days: int) -> Array:
    """Return w_0..w_{days-1} of a gamma interval shifted by one day and discretised (Cori 2013, web appendix 11).

    w_k = max(0, k F_a(k) + (k-2) F_a(k-2) - 2(k-1) F_a(k-1) + a b (2 F_{a+1}(k-1) - F_{a+1}(k-2) - F_{a+1}(k))) with
    a = ((mean-1)/sd)², b = sd²/(mean-1); not renormalised. Mean must exceed 1 day.
    """
    shape, scale = ((mean - 1) / sd) ** 2, sd**2 / (mean - 1)

    def cdf(k: Array, a: float) -> Array:
        return np.asarray(gammainc(a, np.maximum(k, 0) / scale))

    k = np.arange(days, dtype=np.float64)
    first = k * cdf(k, shape) + (k - 2) * cdf(k - 2, shape) - 2 * (k - 1) * cdf(k - 1, shape)
    second = 2 * cdf(k - 1, shape + 1) - cdf(k - 2, shape + 1) - cdf(k, shape + 1)
    return np.maximum(0.0, first + shape * scale * second)


def rounded_gamma_interval(mean: float, sd: float, *, coverage: float = 0.9999) -> Array:
    """Return w_0.. of a gamma interval in day bins F(k+.5) - F(k-.5), bin 0 set to 0, cut at `coverage`, summing to 1."""
    shape, scale = (mean / sd) ** 2, sd**2 / mean
    edges = np.arange(0.5, 0.5 + max(50.0, mean + 30 * sd))
    bins = np.diff(gammainc(shape, edges / scale), prepend=0.0)
    cumulative = np.cumsum(bins)
    bins = bins[: int(np.searchsorted(cumulative, coverage, side="right")) + 1]
    bins[0] = 0.0
    return np.asarray(bins / bins.sum(), dtype=np.float64)


def r_from_growth(rate: float, interval: Array) -> float:
    """Return R = r / sum w_k (e^-rk - e^-r(k+1)) for exponential growth at `rate` a day (Wallinga & Lipsitch 2007)."""
    if rate == 0:
        return 1.0
    k = np.arange(len(interval))
    return float(rate / (interval * (np.exp(-rate * k) - np.exp(-rate * (k + 1)))).sum())


def estimate_growth_r(cases: Array, interval: Array) -> Estimate:
    """Return R from the Poisson log-linear growth rate of daily `cases`, with the profile interval of the rate.

    The intercept is profiled out: l(r) = r sum t y_t - Y log sum e^rt.
    """
    from scipy.optimize import brentq, minimize_scalar

    y, days = np.asarray(cases, dtype=np.float64), np.arange(len(cases), dtype=np.float64)
    total, moment = float(y.sum()), float((y * days).sum())

    def loss(rate: float) -> float:
        shifted = rate * (days - len(y))
        return (
            total
            * (float(np.log(np.exp(shifted - shifted.max()).sum())) + float(shifted.max()) + rate * len(y))
            - rate * moment
        )

    found = minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10})
    best, rate = float(found.fun), float(found.x)

    def drop(value: float) -> float:
        return 2 * (loss(value) - best) - Z95**2

    low, high = brentq(drop, rate - 5, rate), brentq(drop, rate, rate + 5)
    limits = [r_from_growth(value, interval) for value in (low, rate, high)]
    return Estimate(limits[1], limits[0], limits[2], total, method="Poisson growth rate, profile")


def estimate_ml_r(cases: Array, interval: Array) -> Estimate:
    """Return R = sum I_t / sum Lambda_t over t >= 1, the Poisson maximum likelihood (White & Pagano 2008).

    The 95 % interval holds R with 2 (l_max - l(R)) <= 3.841.
    """
    from scipy.optimize import brentq

    y = np.asarray(cases, dtype=np.float64)[1:]
    exposure = float(total_infectiousness(cases, interval)[1:].sum())
    total = float(y.sum())
    value = total / exposure

    def drop(r: float) -> float:
        return 2 * (total * math.log(value / r) - (value - r) * exposure) - Z95**2

    return Estimate(
        value,
        brentq(drop, value * 1e-6, value),
        brentq(drop, value, value * 50 + 50),
        total,
        method="Poisson ML",
    )
