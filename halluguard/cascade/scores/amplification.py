"""S4: whether contaminated entries are written back at a higher rate than clean entries on the same questions."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from halluguard.cascade.scores.estimate import Quality
from halluguard.cascade.scores.intervals import Z95

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Amplification:
    """The rate ratio with its counts: children `c_*` over entry-days at risk `e_*`, contaminated and clean."""

    ratio: float | None
    low: float | None
    high: float | None
    phi: float | None
    c_contaminated: float
    e_contaminated: float
    c_clean: float
    e_clean: float
    quality: Quality = Quality.OK
    reason: str = ""


def estimate_amplification(
    children: Array, days_at_risk: Array, clean_children: Array, clean_days_at_risk: Array
) -> Amplification:
    """Return S4, RR = (C_con/E_con) / (C_cln/E_cln), each array one element an entry.

    The interval is exp(ln RR ± z sqrt(phi (1/C_con + 1/C_cln))) with phi = max(1, sum (C_i - r_g E_i)² / (r_g E_i) / (m-2)),
    r_g the rate of the entry's own group and m the entries with E_i > 0: the Wald log rate ratio of two Poisson
    groups with a quasi-Poisson dispersion. A pooled rate would make phi grow with RR itself. With no child in either
    group it is not estimable and only the counts are given.
    """
    c1, e1, m1, chi1 = _group(children, days_at_risk)
    c0, e0, m0, chi0 = _group(clean_children, clean_days_at_risk)
    if c1 == 0 or c0 == 0 or e1 == 0 or e0 == 0:
        which = "contaminated" if c1 == 0 or e1 == 0 else "clean"
        reason = f"no written-back child of a {which} entry ({c1:g} in {e1:.1f} against {c0:g} in {e0:.1f} entry-days)"
        return Amplification(None, None, None, None, c1, e1, c0, e0, Quality.NOT_ESTIMABLE, reason)
    phi = max(1.0, (chi1 + chi0) / (m1 + m0 - 2)) if m1 + m0 > 2 else 1.0
    ratio = (c1 / e1) / (c0 / e0)
    half = Z95 * math.sqrt(phi * (1 / c1 + 1 / c0))
    return Amplification(ratio, ratio * math.exp(-half), ratio * math.exp(half), phi, c1, e1, c0, e0)


def _group(children: Array, days: Array) -> tuple[float, float, int, float]:
    """Return the total children, total days, entries at risk, and Pearson chi² about the group's own rate."""
    at_risk = np.asarray(days, dtype=np.float64) > 0
    c, e = np.asarray(children, dtype=np.float64)[at_risk], np.asarray(days, dtype=np.float64)[at_risk]
    total, exposure = float(c.sum()), float(e.sum())
    if total == 0 or exposure == 0:
        return total, exposure, len(c), 0.0
    expected = e * total / exposure
    return total, exposure, len(c), float(((c - expected) ** 2 / expected).sum())
