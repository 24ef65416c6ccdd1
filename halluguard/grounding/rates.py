"""Rates with counts and intervals, and the groups they are shown by."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from halluguard.records import NOT_CHECKABLE, UNGROUNDED, Rate, Status

_Z95 = 1.959963984540054


def wilson(rate: Rate, z: float = _Z95) -> tuple[float, float] | None:
    """Return the Wilson score interval of a rate (Wilson 1927, J. Am. Stat. Assoc. 22), or None for a total of 0."""
    if not rate.total:
        return None
    n, p = rate.total, rate.hits / rate.total
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if rate.hits == 0 else centre - half, 1.0 if rate.hits == n else centre + half)


def rate_row(rate: Rate) -> dict[str, float | int | None]:
    """Return a rate as it stands in a manifest: hits, total, value, low, high, rounded to six decimals."""
    interval = wilson(rate)
    value = rate.value
    return {
        "hits": rate.hits,
        "total": rate.total,
        "value": None if value is None else round(value, 6),
        "low": None if interval is None else round(interval[0], 6),
        "high": None if interval is None else round(interval[1], 6),
    }


@dataclass(frozen=True, slots=True)
class Tally:
    """Statuses counted over some claims."""

    counts: Mapping[str, int]

    @property
    def checkable(self) -> int:
        """Claims that could be decided."""
        return sum(n for status, n in self.counts.items() if Status(status) not in NOT_CHECKABLE)

    @property
    def ungrounded(self) -> Rate:
        """The share of checkable claims that nothing bears out or something trusted denies."""
        return Rate(sum(self.counts.get(status, 0) for status in UNGROUNDED), self.checkable)

    def share(self, status: Status) -> Rate:
        """The share of checkable claims with one status."""
        return Rate(self.counts.get(status, 0), self.checkable)
