"""A control chart of a rate: an exponentially weighted average of windows against the baseline's rate.

The limit is the wider of two: the one with a stated average run length, and the one that chance alone reaches in this many
windows as seldom as asked, found by shuffling conversations between baseline and windows.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WEIGHT = 0.2
"""Weight of the newest window (Montgomery, Introduction to Statistical Quality Control, chapter 9: 0.05 to 0.25)."""
RUN_LENGTH = 500.0
"""Windows between false alarms that the limit alone gives, where the baseline's rate is the true one."""
SHUFFLES = 4999
"""Shuffles at the least, and of a batch: a level that needs more has them drawn so many at a time, so that memory stays bounded."""


@dataclass(frozen=True, slots=True)
class Point:
    """One window on the chart: hits of total, its rate, the average so far, and the limits around the centre."""

    window: str
    hits: float
    total: float
    rate: float | None
    average: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A rate over windows. `z` is the largest standardised average, `limit` what it may reach, `run_length` what `limit` gives.

    `p_value` is the share of shuffles whose largest average is as large; `higher` tells whether the average that gives `z` lies
    above the baseline's rate.
    """

    centre: float | None
    points: tuple[Point, ...]
    z: float
    limit: float
    run_length: float
    p_value: float
    higher: bool


@dataclass(frozen=True, slots=True)
class Units:
    """Hits and totals of conversations, shape (units,), and the window each belongs to: 0 is the baseline."""

    hits: Array
    totals: Array
    window: NDArray[np.int64]


def average_run_length(limit: float, weight: float = WEIGHT, states: int = 101) -> float:
    """Return the mean windows to a false alarm of a two-sided EWMA of standard normal figures.

    Markov chain over `states` cells of the in-control interval (Lucas and Saccucci 1990, Technometrics 32).
    """
    from scipy.stats import norm

    edge = limit * np.sqrt(weight / (2 - weight))
    width = 2 * edge / states
    centres = -edge + width * (np.arange(states) + 0.5)
    start = (1 - weight) * centres[:, None]
    upper = (centres[None, :] + width / 2 - start) / weight
    lower = (centres[None, :] - width / 2 - start) / weight
    moves = norm.cdf(upper) - norm.cdf(lower)
    lengths = np.linalg.solve(np.eye(states) - moves, np.ones(states))
    return float(lengths[states // 2])


@lru_cache(maxsize=32)
def limit_for(run_length: float, weight: float = WEIGHT) -> float:
    """Return the limit, in standard deviations of the average, with this mean run length."""
    from scipy.optimize import brentq

    return float(brentq(lambda limit: average_run_length(limit, weight) - run_length, 1.0, 6.0, xtol=1e-4))


def draw_chart(units: Units, windows: list[str], *, level: float, seed: int = 0) -> Chart | None:
    """Chart a rate; None where baseline or windows hold nothing to count.

    Args:
        units: conversations of the baseline (window 0) and of the windows 1, 2, ...
        windows: their names, without the baseline's.
        level: how often chance alone may reach the limit in this call.
        seed: of the shuffles.

    """
    kept = units.totals > 0
    units = Units(units.hits[kept], units.totals[kept], units.window[kept])
    if not (units.window == 0).any() or not (units.window > 0).any():
        return None
    order = np.argsort(units.window, kind="stable")
    hits, totals, window = units.hits[order], units.totals[order], units.window[order]
    scale = _spread(hits, totals)
    signed = _standardised(
        _sums(hits[None], window, len(windows)), _sums(totals[None], window, len(windows)), scale
    )[0]
    top = float(signed[np.argmax(np.abs(signed))])
    z = abs(top)
    count = max(SHUFFLES, ceil(2 / level))
    null = _shuffled(hits, totals, window, len(windows), scale=scale, seed=seed, count=count)
    p_value = float((1 + np.sum(null >= z - 1e-9)) / (len(null) + 1))
    limit = max(limit_for(RUN_LENGTH), float(np.quantile(null, 1 - level, method="higher")))
    return Chart(
        centre=float(hits[window == 0].sum() / totals[window == 0].sum()),
        points=_points(hits, totals, window, windows, limit=limit, scale=scale),
        z=z,
        limit=limit,
        run_length=min(average_run_length(min(limit, 6.0)), 1e9),
        p_value=p_value,
        higher=top > 0,
    )


def _spread(hits: Array, totals: Array) -> float:
    """Return the standard deviation of one trial's share, widened by how alike the trials of a conversation are."""
    rate = hits.sum() / totals.sum()
    units = len(hits)
    between = np.sum((hits - rate * totals) ** 2) / totals.sum() * units / max(units - 1, 1)
    return float(np.sqrt(max(between, rate * (1 - rate), 1e-9)))


def _sums(values: Array, window: NDArray[np.int64], n_windows: int) -> Array:
    """Sum rows of units by window; shape (rows, windows + 1)."""
    edges = np.searchsorted(window, np.arange(n_windows + 2))
    padded = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    return np.asarray(padded[:, edges[1:]] - padded[:, edges[:-1]])


def _averages(hits: Array, totals: Array, scale: float) -> tuple[Array, Array]:
    """Return the EWMA of the windows' deviations from the baseline and its standard deviation, shape (rows, windows).

    A window without trials leaves the average where it was. The deviation adds the baseline's noise to that of the windows, by
    the weight the average has gathered so far.
    """
    centre = hits[:, :1] / np.maximum(totals[:, :1], 1e-9)
    average, variance, gathered = np.zeros(len(hits)), np.zeros(len(hits)), np.zeros(len(hits))
    base = scale**2 / np.maximum(totals[:, 0], 1e-9)
    found, spreads = [], []
    for number in range(1, hits.shape[1]):
        n = totals[:, number]
        seen = n > 0
        deviation = np.divide(hits[:, number], n, out=np.zeros_like(n), where=seen) - centre[:, 0]
        noise = np.divide(scale**2, n, out=np.zeros_like(n), where=seen)
        average = np.where(seen, WEIGHT * deviation + (1 - WEIGHT) * average, average)
        variance = np.where(seen, WEIGHT**2 * noise + (1 - WEIGHT) ** 2 * variance, variance)
        gathered = np.where(seen, WEIGHT + (1 - WEIGHT) * gathered, gathered)
        found.append(average)
        spreads.append(np.sqrt(variance + gathered**2 * base))
    return np.stack(found, axis=1), np.stack(spreads, axis=1)


def _top(hits: Array, totals: Array, scale: float) -> Array:
    """Return the size of the largest standardised average of each row of counts by window."""
    return np.asarray(np.abs(_standardised(hits, totals, scale)).max(axis=1))


def _standardised(hits: Array, totals: Array, scale: float) -> Array:
    """Return the averages over their standard deviations, shape (rows, windows); 0 where there is none."""
    average, spread = _averages(hits, totals, scale)
    return np.asarray(np.divide(average, spread, out=np.zeros_like(average), where=spread > 0))


def _shuffled(
    hits: Array,
    totals: Array,
    window: NDArray[np.int64],
    n_windows: int,
    *,
    scale: float,
    seed: int,
    count: int,
) -> Array:
    """Return the largest average of each of `count` shuffles of conversations over windows of the same sizes.

    Conversations of equal hits and total are interchangeable, so a shuffle is a random table of kinds by windows with these
    margins, drawn kind by kind and window by window: the cost does not grow with the log.
    """
    generator = np.random.default_rng(seed)
    kinds, counts = np.unique(np.stack([hits, totals], axis=1), axis=0, return_counts=True)
    sizes = np.bincount(window, minlength=n_windows + 1)
    return np.concatenate(
        [
            _top(*_shuffled_batch(kinds, counts, sizes, min(SHUFFLES, count - start), generator), scale)
            for start in range(0, count, SHUFFLES)
        ]
    )


def _shuffled_batch(
    kinds: Array,
    counts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    draws: int,
    generator: np.random.Generator,
) -> tuple[Array, Array]:
    """Return hits and totals by window of so many shuffles, each of shape (draws, windows + 1)."""
    room = np.tile(sizes, (draws, 1))
    h, t = np.zeros(room.shape), np.zeros(room.shape)
    for (hit, total), count in zip(kinds, counts, strict=True):
        left = np.full(draws, count)
        beyond = room.sum(axis=1)
        for number in range(len(sizes)):
            beyond = beyond - room[:, number]
            drawn = generator.hypergeometric(room[:, number], beyond, left)
            room[:, number] -= drawn
            left -= drawn
            h[:, number] += hit * drawn
            t[:, number] += total * drawn
    return h, t


def _points(
    hits: Array, totals: Array, window: NDArray[np.int64], windows: list[str], *, limit: float, scale: float
) -> tuple[Point, ...]:
    h, t = _sums(hits[None], window, len(windows)), _sums(totals[None], window, len(windows))
    average, spread = _averages(h, t, scale)
    centre = float(h[0, 0] / t[0, 0])
    points = []
    for number, name in enumerate(windows):
        n, mid, reach = (
            float(t[0, number + 1]),
            centre + float(average[0, number]),
            limit * float(spread[0, number]),
        )
        points.append(
            Point(
                name,
                float(h[0, number + 1]),
                n,
                float(h[0, number + 1]) / n if n else None,
                mid,
                max(0.0, centre - reach),
                min(1.0, centre + reach),
            )
        )
    return tuple(points)
