"""What neither log nor store can tell of a feedback loop, as people tell it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from halluguard.cascade.observe import to_days
from halluguard.errors import SettingError


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a responder knows beside the log; the defaults say that nothing is known.

    Attributes:
        sample_rate: share of all turns that the log holds, above 0 and up to 1; below 1 counts are scaled, R, depth and S7 refused.
        contained_at: when containment began; R is then measured before it. A moment without zone is read as UTC.
        probe_hits: canary probes after containment that still brought the false claim.
        probes: canary probes asked after containment.
        write_back: False where answers can never become entries; None to tell from the store.
        seed: of bootstraps and sampled trees.

    Raises:
        SettingError: a share or count is out of range.

    """

    sample_rate: float = 1.0
    contained_at: datetime | None = None
    probe_hits: int = 0
    probes: int = 0
    write_back: bool | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not 0 < self.sample_rate <= 1:
            raise SettingError(f"sample rate {self.sample_rate:g} is not a share above 0 and up to 1")
        if not 0 <= self.probe_hits <= self.probes:
            raise SettingError(
                f"{self.probe_hits} hits of {self.probes} probes: hits cannot be more than probes, nor below 0"
            )

    @property
    def contained_day(self) -> float | None:
        """When containment began, in days since 1970-01-01 UTC, as the scores count."""
        return to_days(self.contained_at)

    def told(self) -> dict[str, Any]:
        """Return what differs from knowing nothing, as JSON, so that a result says what it was told."""
        facts: dict[str, Any] = {}
        if self.sample_rate < 1:
            facts["sample_rate"] = self.sample_rate
        if self.contained_at is not None:
            facts["contained_at"] = self.contained_at.isoformat()
        if self.probes:
            facts["probes"] = {"hits": self.probe_hits, "asked": self.probes}
        if self.write_back is not None:
            facts["write_back"] = self.write_back
        return facts
