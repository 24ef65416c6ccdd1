"""S10: how sure one can be, after probes, that the false claim is gone."""

from halluguard.cascade.scores.estimate import Estimate, Quality, refuse
from halluguard.cascade.scores.intervals import upper_share


def estimate_residual(hits: int, probes: int) -> Estimate:
    """Return S10, the share of probes that still got the false claim with its exact one-sided 95 % upper bound.

    Probes must be after the eviction *and* after the caches were flushed; 0 of 59 gives an upper bound just below 5 %.
    Without a probe it is not tested, never 0.
    """
    if probes == 0:
        return refuse(Quality.NOT_TESTED, "no canary probe after containment")
    high = upper_share(hits, probes)
    return Estimate(hits / probes, 0.0, high, probes, method="Clopper-Pearson, one-sided 95 %")
