"""Do answers to like questions grow more alike? Mean pairwise cosine within clusters of questions, against shuffles."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]

QUESTIONS_A_CLUSTER = 25
MOST_CLUSTERS = 8
SHUFFLES = 999
"""Shuffles of a batch. A level that one batch cannot reach has more drawn, batch by batch, so that memory stays bounded."""
SAMPLE = 400
"""Conversations read on either side; more are thinned, and the count read is reported."""


@dataclass(frozen=True, slots=True)
class Homogeneity:
    """Mean pairwise cosine of answers to like questions, then and now; their difference, and how often chance gives as much.

    `null` is the 95 % quantile of the difference's size where nothing changed.
    """

    reference: float
    current: float
    null: float
    p_value: float
    n_reference: int
    n_current: int


def mean_cosine(vectors: Vectors) -> float:
    """Return the mean pairwise cosine of unit vectors, shape (n, d): (|sum u|^2 - n) / (n (n - 1)); 0 below two."""
    n = len(vectors)
    return float((np.sum(vectors.sum(axis=0) ** 2) - n) / (n * (n - 1))) if n > 1 else 0.0


def effective_answers(counts: NDArray[np.float64]) -> float:
    """Return exp(entropy) of cluster sizes: how many different answers there are in effect."""
    shares = counts[counts > 0] / counts.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def measure_homogeneity(
    reference: tuple[Vectors, Vectors],
    current: tuple[Vectors, Vectors],
    *,
    level: float = 0.001,
    seed: int = 0,
) -> Homogeneity | None:
    """Compare pairs (question vectors, answer vectors), one row a conversation; None where no cluster holds two of each.

    Rows are shuffled within clusters of questions only, so another mix of questions is no alarm. `level` is the p-value that has
    to be within reach.
    """
    questions_a, answers_a = _thin(reference, seed)
    questions_b, answers_b = _thin(current, seed)
    answers = np.concatenate([answers_a, answers_b])
    now = np.arange(len(answers)) >= len(answers_a)
    groups = [
        rows
        for rows in _clusters(np.concatenate([questions_a, questions_b]), seed)
        if now[rows].sum() > 1 and (~now[rows]).sum() > 1
    ]
    if not groups:
        return None
    generator = np.random.default_rng(seed)
    weights = np.array([min(now[rows].sum(), (~now[rows]).sum()) for rows in groups], dtype=np.float64)
    weights /= weights.sum()
    observed = np.zeros(2)
    count = SHUFFLES if level * (SHUFFLES + 1) >= 1 else ceil(2 / level)
    null = np.zeros(count)
    for weight, rows in zip(weights, groups, strict=True):
        inside = now[rows]
        for start in range(0, count, SHUFFLES):
            end = min(start + SHUFFLES, count)
            labels = np.concatenate([inside[None], _shuffled_labels(inside, end - start, generator)])
            cosines = _cosines(answers[rows], labels)
            if not start:
                observed += weight * cosines[:, 0]
            null[start:end] += weight * (cosines[1] - cosines[0])[1:]
    gap = observed[1] - observed[0]
    p_value = (1 + np.sum(np.abs(null) >= abs(gap) - 1e-12)) / (count + 1)
    return Homogeneity(
        float(observed[0]),
        float(observed[1]),
        float(np.quantile(np.abs(null), 0.95)),
        float(p_value),
        len(answers_a),
        len(answers_b),
    )


def _thin(pair: tuple[Vectors, Vectors], seed: int) -> tuple[Vectors, Vectors]:
    questions, answers = pair
    if len(answers) <= SAMPLE:
        return questions, answers
    kept = np.sort(np.random.default_rng(seed).choice(len(answers), SAMPLE, replace=False))
    return questions[kept], answers[kept]


def _clusters(questions: Vectors, seed: int) -> list[NDArray[np.int64]]:
    from sklearn.cluster import KMeans

    count = max(1, min(MOST_CLUSTERS, len(questions) // QUESTIONS_A_CLUSTER))
    if count == 1 or not questions.shape[1]:
        return [np.arange(len(questions))]
    count = min(count, len(np.unique(questions, axis=0)))
    labels = KMeans(count, n_init=1, random_state=seed).fit_predict(questions)
    return [np.flatnonzero(labels == number) for number in range(count)]


def _shuffled_labels(
    inside: NDArray[np.bool_], draws: int, generator: np.random.Generator
) -> NDArray[np.bool_]:
    return generator.permuted(np.tile(inside, (draws, 1)), axis=1)


def _cosines(vectors: Vectors, labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean cosine before and now for each row of labels; shape (2, rows)."""
    chosen = labels.astype(np.float32)
    narrow = vectors.astype(np.float32)
    summed = (chosen @ narrow).astype(np.float64)
    rest = vectors.sum(axis=0) - summed
    found = []
    for sums, n in ((rest, len(vectors) - labels[0].sum()), (summed, labels[0].sum())):
        found.append((np.sum(sums**2, axis=1) - n) / (n * (n - 1)))
    return np.stack(found)
