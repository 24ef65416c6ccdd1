"""The result of a score: a figure with its interval, or the reason why there is none."""

from dataclasses import dataclass
from enum import StrEnum


class Quality(StrEnum):
    """How far an estimate may be relied on."""

    OK = "ok"
    PROVISIONAL = "provisional"
    INTERVAL_ONLY = "interval_only"
    INSUFFICIENT = "insufficient"
    NOT_ESTIMABLE = "not_estimable"
    NOT_LOGGED = "not_logged"
    NOT_TESTED = "not_tested"
    STRUCTURAL = "structural"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score: `value` between `low` and `high` (95 % unless `method` says otherwise) from `n` observations.

    Each is None where it could not be had; `reason` then says what was missing, in words for a report.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: float = 0.0
    quality: Quality = Quality.OK
    reason: str = ""
    method: str = ""

    @property
    def usable(self) -> bool:
        """Whether the interval may decide something."""
        return self.low is not None and self.quality in (Quality.OK, Quality.PROVISIONAL, Quality.STRUCTURAL)


def refuse(quality: Quality, reason: str, n: float = 0.0) -> Estimate:
    """Return an estimate without a figure, with the reason."""
    return Estimate(None, n=n, quality=quality, reason=reason)
