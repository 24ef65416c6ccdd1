"""S1 reach and S2 exposure: how many answers, and how much of what is retrieved, carry the false claim."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from halluguard.cascade.scores.estimate import Estimate, Quality, refuse
from halluguard.cascade.scores.intervals import wilson

BOOTSTRAPS = 2000


def estimate_prevalence(contaminated: int, answers: int) -> Estimate:
    """Return S1's prevalence: contaminated answers over answers on the topic, Wilson 95 %.

    With no answer on the topic it is not estimable, never 0.
    """
    if answers == 0:
        return refuse(Quality.NOT_ESTIMABLE, "no answer on the topic")
    return Estimate(contaminated / answers, *wilson(contaminated, answers), answers, method="Wilson")


def count_distinct(ids: Sequence[str | None]) -> int | None:
    """Return the number of distinct ids among cases, or None ("not logged") where any case has none."""
    if not ids or any(value is None for value in ids):
        return None
    return len(set(ids))


def estimate_exposure(
    hits: NDArray[np.int64],
    lengths: NDArray[np.int64],
    clusters: NDArray[np.int64],
    *,
    store_share: NDArray[np.float64] | None = None,
    seed: int = 0,
) -> tuple[Estimate, Estimate, int]:
    """Return S2: share@k, its lift over the store, and the number of empty retrievals left out.

    Args:
        hits: shape (q,), contaminated entries in each query's list.
        lengths: shape (q,), the list's actual length; 0 is an empty retrieval, excluded and counted.
        clusters: shape (q,), conversation of each query; the bootstrap draws conversations.
        store_share: shape (q,), contaminated share of the store when the query ran; None where unknown.
        seed: of the bootstrap.

    share@k is the mean over queries of hits / length, with a percentile bootstrap of 2,000 draws; lift is share@k over the
    mean store share, None where that is 0 (Spiral of Silence, arXiv 2404.10496, for share@k).
    """
    kept = lengths > 0
    empty = int((~kept).sum())
    if not kept.any():
        nothing = refuse(Quality.NOT_LOGGED, "no query with a retrieved list")
        return nothing, nothing, empty
    shares = hits[kept] / lengths[kept]
    value = float(shares.mean())
    low, high = _bootstrap_mean(shares, clusters[kept], seed)
    share = Estimate(value, low, high, int(kept.sum()), method="bootstrap by conversation")
    if store_share is None:
        return share, refuse(Quality.NOT_LOGGED, "size of the store over time unknown"), empty
    base = float(store_share[kept].mean())
    if base == 0:
        return share, refuse(Quality.NOT_ESTIMABLE, "no contaminated entry in the store at query time"), empty
    return share, Estimate(value / base, low / base, high / base, share.n, method=share.method), empty


def _bootstrap_mean(
    values: NDArray[np.float64], clusters: NDArray[np.int64], seed: int
) -> tuple[float, float]:
    _, inverse = np.unique(clusters, return_inverse=True)
    sums = np.bincount(inverse, weights=values)
    counts = np.bincount(inverse)
    order = np.lexsort((sums, counts))  # so that no draw depends on how conversations are named
    sums, counts = sums[order], counts[order]
    generator = np.random.default_rng(seed)
    draws = np.empty(BOOTSTRAPS)
    for index in range(BOOTSTRAPS):
        drawn = generator.integers(0, len(sums), len(sums))
        draws[index] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
