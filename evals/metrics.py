"""Figures of merit for scores against labels, and how sure one may be of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def balanced_accuracy(labels: Labels, predicted: Labels) -> float:
    """Return the mean recall of both classes in per cent; a class without rows does not count."""
    recalls = [
        float((predicted[labels == label] == label).mean()) for label in (0, 1) if (labels == label).any()
    ]
    return 100 * sum(recalls) / len(recalls)


def precision_recall_f1(labels: Labels, predicted: Labels, positive: int) -> tuple[float, float, float]:
    """Return precision, recall and F1 of one class in per cent; 0 where undefined."""
    hits = int(((labels == positive) & (predicted == positive)).sum())
    given, wanted = int((predicted == positive).sum()), int((labels == positive).sum())
    precision = hits / given if given else 0.0
    recall = hits / wanted if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return 100 * precision, 100 * recall, 100 * f1


def macro_f1(labels: Labels, predicted: Labels) -> float:
    """Return the mean F1 of both classes in per cent."""
    return sum(precision_recall_f1(labels, predicted, label)[2] for label in (0, 1)) / 2


def auc(labels: Labels, scores: Floats) -> float:
    """Return the chance, in per cent, that a supported row outranks an unsupported one, ties half."""
    from scipy.stats import rankdata

    positive = labels == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return float("nan")
    ranks = rankdata(scores)
    return 100 * float(
        (ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)
    )


def bootstrap_interval(
    groups: Sequence[str], figure: Callable[[NDArray[np.int64]], float], *, draws: int = 500, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of a figure when whole groups are drawn with replacement.

    Args:
        groups: the document of each row; rows of one document are not independent.
        figure: a figure of the rows at some positions.
        draws: how often to draw.
        seed: of the draws.

    """
    rng = np.random.default_rng(seed)
    names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    members: list[list[int]] = [[] for _ in names]
    for position, name in enumerate(groups):
        members[names[name]].append(position)
    arrays = [np.array(one, dtype=np.int64) for one in members]
    values = []
    for _ in range(draws):
        drawn = rng.integers(0, len(arrays), len(arrays))
        values.append(figure(np.concatenate([arrays[one] for one in drawn])))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Bin:
    """A range of probabilities: how many rows fell in it, what was said of them and what was true."""

    low: float
    high: float
    rows: int
    mean_probability: float
    share_supported: float


def reliability(labels: Labels, probabilities: Floats, *, bins: int = 10) -> tuple[Bin, ...]:
    """Return equal-width bins of probability with what was said and what was true; empty bins are left out."""
    found = []
    places = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    for place in range(bins):
        inside = places == place
        if inside.any():
            said, true = float(probabilities[inside].mean()), float(labels[inside].mean())
            found.append(Bin(place / bins, (place + 1) / bins, int(inside.sum()), said, true))
    return tuple(found)


def expected_calibration_error(labels: Labels, probabilities: Floats, *, bins: int = 10) -> float:
    """Return the mean distance between what was said and what was true, weighted by rows (Guo et al. 2017)."""
    parts = reliability(labels, probabilities, bins=bins)
    return sum(part.rows * abs(part.mean_probability - part.share_supported) for part in parts) / len(labels)


def brier_score(labels: Labels, probabilities: Floats) -> float:
    """Return the mean squared distance between probability and label."""
    return float(((probabilities - labels) ** 2).mean())


def merge_spans(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order with overlapping and touching ones joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def span_f1(
    gold: Sequence[Sequence[tuple[int, int]]], predicted: Sequence[Sequence[tuple[int, int]]]
) -> tuple[float, float, float]:
    """Return precision, recall and F1 in per cent over characters, pooled over texts; spans are merged first."""
    shared = n_predicted = n_gold = 0
    for some_gold, some_predicted in zip(gold, predicted, strict=True):
        wanted, given = merge_spans(some_gold), merge_spans(some_predicted)
        n_gold += sum(end - start for start, end in wanted)
        n_predicted += sum(end - start for start, end in given)
        shared += sum(
            max(0, min(end, right) - max(start, left)) for start, end in wanted for left, right in given
        )
    precision = shared / n_predicted if n_predicted else 0.0
    recall = shared / n_gold if n_gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return 100 * precision, 100 * recall, 100 * f1
