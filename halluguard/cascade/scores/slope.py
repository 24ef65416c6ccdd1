"""S3: whether the contaminated share of answers rises over days faster than chance."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from halluguard.cascade.scores.estimate import Quality
from halluguard.cascade.scores.intervals import Z95

MIN_DAYS, MIN_ANSWERS = 5, 30
ONE_SIDED_Z = 2.33
"""The 1 % one-sided normal quantile: above it the slope counts as rising."""


@dataclass(frozen=True, slots=True)
class Slope:
    """The slope of the log odds per day; `z` is one-sided evidence of a rise, `doubling_days` None unless s > 0."""

    slope: float | None
    se: float | None = None
    se_binomial: float | None = None
    phi: float | None = None
    z: float | None = None
    low: float | None = None
    high: float | None = None
    doubling_days: float | None = None
    days: int = 0
    answers: int = 0
    quality: Quality = Quality.OK
    reason: str = ""


def estimate_slope(
    days: NDArray[np.float64], cases: NDArray[np.float64], answers: NDArray[np.float64]
) -> Slope:
    """Fit logit P(contaminated) = b0 + s·day by quasi-binomial logistic regression.

    Args:
        days: shape (d,), the day of each row.
        cases: shape (d,), contaminated answers that day.
        answers: shape (d,), answers on the topic that day; days with none are dropped.

    se = se0 sqrt(max(1, phi)), phi = Pearson chi² / (D - 2) (McCullagh & Nelder 1989, section 4.5); the odds double in
    ln 2 / s days. Fewer than 5 days or 30 answers, all days at 0 or at 1, or perfect separation are not estimable.
    """
    kept = answers > 0
    t, y, n = (np.asarray(a, dtype=np.float64)[kept] for a in (days, cases, answers))
    d, total = len(np.unique(t)), int(n.sum())
    if d < MIN_DAYS or total < MIN_ANSWERS:
        return _refuse(
            f"{d} {'day' if d == 1 else 'days'} and {total} {'answer' if total == 1 else 'answers'}; {MIN_DAYS} days and {MIN_ANSWERS} answers are needed",
            d,
            total,
        )
    if y.sum() == 0 or y.sum() == n.sum():
        return _refuse("every answer is contaminated" if y.sum() else "no answer is contaminated", d, total)
    if _separated(t, y, n):
        return _refuse("the days separate contaminated from clean answers perfectly", d, total)
    beta, covariance = _fit_logistic(t - t.mean(), y, n)
    p = 1 / (1 + np.exp(-(beta[0] + beta[1] * (t - t.mean()))))
    variance = np.maximum(n * p * (1 - p), 1e-12)
    phi = float(((y - n * p) ** 2 / variance).sum() / (len(t) - 2))
    se0 = math.sqrt(covariance[1, 1])
    se = se0 * math.sqrt(max(1.0, phi))
    s = float(beta[1])
    doubling = math.log(2) / s if s > 0 else None
    return Slope(s, se, se0, phi, s / se, s - Z95 * se, s + Z95 * se, doubling, d, total)


def _refuse(reason: str, days: int, answers: int) -> Slope:
    return Slope(None, days=days, answers=answers, quality=Quality.NOT_ESTIMABLE, reason=reason)


def _separated(t: NDArray[np.float64], y: NDArray[np.float64], n: NDArray[np.float64]) -> bool:
    """Whether one day divides all contaminated from all clean answers, so that the slope is infinite."""
    with_case, with_clean = t[y > 0], t[y < n]
    return bool(with_clean.max() <= with_case.min() or with_case.max() <= with_clean.min())


def _fit_logistic(
    t: NDArray[np.float64], y: NDArray[np.float64], n: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients and covariance by Newton's method with halving; `t` is centred."""
    design = np.column_stack([np.ones_like(t), t])
    beta = np.array([math.log((y.sum() + 0.5) / (n.sum() - y.sum() + 0.5)), 0.0])

    def loss(b: NDArray[np.float64]) -> float:
        eta = design @ b
        return float((n * np.logaddexp(0, eta) - y * eta).sum())

    information = np.eye(2)
    for _ in range(100):
        p = 1 / (1 + np.exp(-(design @ beta)))
        information = design.T @ (design * (n * p * (1 - p))[:, None])
        step = np.linalg.solve(information, design.T @ (y - n * p))
        while loss(beta + step) > loss(beta) + 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    covariance: NDArray[np.float64] = np.asarray(np.linalg.inv(information), dtype=np.float64)
    return np.asarray(beta, dtype=np.float64), covariance
