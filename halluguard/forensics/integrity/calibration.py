"""What "healthy" is for a store, read from the store itself, and where along its order that changed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TOP_SHARE = 0.05
_LEAST_TOP = 20
_SPREADS = 6.0
_MAD_TO_SIGMA = 1.4826  # of a normal distribution
_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Healthy:
    """The upper mode of the cosines between stored and fresh vectors.

    `center` and `spread` (a standard deviation) describe it, `floor` is the lowest cosine that still belongs to it,
    `share` how many of the entries do.
    """

    center: float
    spread: float
    floor: float
    share: float

    @property
    def trusted(self) -> bool:
        """Whether the mode is that of the same model on the same text, however the vectors were stored."""
        return self.center >= 0.97


def find_healthy(cosines: NDArray[np.float64], *, least_margin: float = 0.002) -> Healthy:
    """Grow the upper mode from the highest cosines down to the first gap.

    Args:
        cosines: shape (n,), of stored against fresh vectors.
        least_margin: how far below its centre the mode always reaches; other hardware and float16 move a cosine by
            less than 0.001.

    """
    if not len(cosines):
        return Healthy(1.0, 0.0, 1.0 - least_margin, 0.0)
    ordered = np.sort(cosines)[::-1]
    members = ordered[: min(len(ordered), max(_LEAST_TOP, int(_TOP_SHARE * len(ordered))))]
    center, spread, floor = _describe(members, least_margin)
    for _ in range(_ROUNDS):
        grown = ordered[ordered >= floor]
        center, spread, lower = _describe(grown, least_margin)
        if lower >= floor:
            break
        floor = lower
    return Healthy(center, spread, floor, float((ordered >= floor).mean()))


def _describe(members: NDArray[np.float64], least_margin: float) -> tuple[float, float, float]:
    center = float(np.median(members))
    spread = float(_MAD_TO_SIGMA * np.median(np.abs(members - center)))
    return center, spread, center - max(least_margin, _SPREADS * spread)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of positions, `start` to `stop` exclusive, in which faults crowd.

    `rate_inside` and `rate_outside` are shares; `log_ratio` is how much better two rates explain the order than one.
    """

    start: int
    stop: int
    rate_inside: float
    rate_outside: float
    log_ratio: float


def find_stretch(faulty: NDArray[np.bool_], *, least_log_ratio: float = 12.0) -> Stretch | None:
    """Return the stretch of the insertion order where faults crowd, or None where they are spread evenly.

    The stretch is the interval with the largest excess over the overall rate (Kadane 1984, maximum subarray); it counts
    when two rates beat one by `least_log_ratio` in log likelihood (about p < 1e-4 over all intervals of 100,000).
    """
    n, hits = len(faulty), int(faulty.sum())
    if hits < 3 or hits == n:
        return None
    excess = np.concatenate(([0.0], np.cumsum(faulty - (0.5 + 0.5 * hits / n))))
    lowest = np.minimum.accumulate(excess)
    stop = int(np.argmax(excess - lowest))
    start = int(np.argmin(excess[: stop + 1]))
    inside, length = int(faulty[start:stop].sum()), stop - start
    outside = hits - inside
    gain = _log_likelihood(inside, length) + _log_likelihood(outside, n - length) - _log_likelihood(hits, n)
    if length in {0, n} or gain < least_log_ratio:
        return None
    return Stretch(start, stop, inside / length, outside / (n - length), gain)


def _log_likelihood(hits: int, total: int) -> float:
    """Return the largest log likelihood of so many hits, that of the rate hits / total."""
    return sum(count * float(np.log(count / total)) for count in (hits, total - hits) if count)
