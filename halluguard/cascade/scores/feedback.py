"""S8 feedback gain and S9 hop decay."""

from collections.abc import Mapping, Sequence

import numpy as np

from halluguard.cascade.scores.estimate import Estimate, Quality, refuse
from halluguard.cascade.scores.intervals import odds_ratio
from halluguard.cascade.scores.prevalence import BOOTSTRAPS


def estimate_feedback_gain(
    promoted_case: int, other_case: int, promoted_clean: int, other_clean: int, *, logged: bool = True
) -> Estimate:
    """Return S8, the odds ratio of being promoted (thumbs-up or write-back) for contaminated against clean answers.

    Woolf interval, 0.5 added to every cell if any is 0. Above 1, users and write-back favour the false claim: the only score
    that tests amplification by feedback. Without logged feedback or without answers of both kinds there is none.
    """
    total = promoted_case + other_case + promoted_clean + other_clean
    if not logged:
        return refuse(Quality.NOT_LOGGED, "no feedback and no write-back in the log")
    if not promoted_case + other_case or not promoted_clean + other_clean:
        missing = "contaminated" if not promoted_case + other_case else "clean"
        return refuse(Quality.NOT_ESTIMABLE, f"no {missing} answer on the topic", total)
    if not promoted_case + promoted_clean:
        return refuse(Quality.NOT_ESTIMABLE, "no answer was promoted", total)
    value, low, high = odds_ratio(promoted_case, other_case, promoted_clean, other_clean)
    return Estimate(value, low, high, total, method="Woolf, Haldane-Anscombe")


def estimate_decay(support: Mapping[int, Sequence[tuple[int, float]]], *, seed: int = 0) -> Estimate:
    """Return S9, mean support of the false claim at the last generation over that at the first.

    Args:
        support: for each generation, (claim cluster, support between 0 and 1) of its texts.
        seed: of the percentile bootstrap, which draws claim clusters (texts, where there is one cluster).

    Below 1 the claim fades with each round, above 1 it hardens (amplification factor, arXiv 2606.07937). Fewer than two
    generations or a first mean of 0 give none.
    """
    generations = sorted(generation for generation, texts in support.items() if texts)
    if len(generations) < 2:
        return refuse(Quality.NOT_ESTIMABLE, "fewer than two generations")
    first, last = (np.array(sorted(support[g]), dtype=np.float64) for g in (generations[0], generations[-1]))
    if first[:, 1].mean() == 0:
        return refuse(Quality.NOT_ESTIMABLE, "no support at the first generation")
    value = float(last[:, 1].mean() / first[:, 1].mean())
    clusters = np.unique(np.concatenate([first[:, 0], last[:, 0]]))
    generator = np.random.default_rng(seed)
    ratios = []
    for _ in range(BOOTSTRAPS):
        if len(clusters) > 1:
            drawn = generator.choice(clusters, len(clusters))
            means = [_mean_of_clusters(rows, drawn) for rows in (first, last)]
        else:
            means = [float(generator.choice(rows[:, 1], len(rows)).mean()) for rows in (first, last)]
        if means[0] > 0 and not np.isnan(means[1]):
            ratios.append(means[1] / means[0])
    if not ratios:
        return Estimate(value, n=len(first) + len(last), reason="no interval: too few texts")
    low, high = (float(q) for q in np.quantile(ratios, [0.025, 0.975]))
    return Estimate(value, low, high, len(first) + len(last), method="bootstrap by claim cluster")


def _mean_of_clusters(
    rows: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
    drawn: "np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> float:
    parts = [rows[rows[:, 0] == cluster, 1] for cluster in drawn]
    values = np.concatenate(parts)
    return float(values.mean()) if len(values) else float("nan")
