"""Answers of a window as the figures that are compared: one value a conversation, since its turns are not independent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from halluguard.monitor.homogeneity import Vectors

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
"""The conversation of each answer, counted from 0."""

PROJECTIONS = 3
"""Directions on which embeddings are compared; random, the same for every run."""
PROJECTION_SEED = 20240731

RATES = ("ungrounded", "conflict", "invention")
"""Shares of checkable answers: any ungrounded claim; a claim whose source the trusted corpus denies; one without any source."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One turn as the monitor sees it; None where the log or the check could not say.

    `support` is the support, 0 to 1, of the answer's least supported checkable claim; `similarity` the best retrieval score.
    """

    turn_id: str
    conversation: str
    timestamp: datetime | None
    length: int
    support: float | None
    similarity: float | None
    checkable: bool
    ungrounded: bool
    conflict: bool
    invention: bool
    has_trusted: bool


@dataclass(frozen=True, slots=True)
class Window:
    """The answers of a day, of N turns, or of a run, with their vectors (shape (answers, d)) where these were made."""

    name: str
    answers: tuple[Answer, ...]
    questions: Vectors | None = field(default=None, compare=False)
    vectors: Vectors | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """A window by conversation: `values` of each signal, `hits` and `totals` of each rate, unit vectors where there are any."""

    name: str
    n_answers: int
    n_conversations: int
    values: Mapping[str, Array]
    hits: Mapping[str, Array]
    totals: Array
    pair: tuple[Vectors, Vectors] | None


def split_windows(answers: Sequence[Answer], by: str) -> list[tuple[str, tuple[int, ...]]]:
    """Return names and row numbers of windows: `day`, a number of answers, or `all`; a short last window joins its neighbour.

    Answers without a time are in no day; the caller counts them.
    """
    if by == "all":
        return [("all", tuple(range(len(answers))))]
    if by == "day":
        days: dict[str, list[int]] = {}
        for row, answer in enumerate(answers):
            if answer.timestamp is not None:
                days.setdefault(f"{answer.timestamp:%Y-%m-%d}", []).append(row)
        return [(day, tuple(rows)) for day, rows in sorted(days.items())]
    size = int(by)
    starts = list(range(0, len(answers), size))
    if len(starts) > 1 and len(answers) - starts[-1] < size / 2:
        starts.pop()
    ends = [*starts[1:], len(answers)]
    return [(f"{a + 1}-{b}", tuple(range(a, b))) for a, b in zip(starts, ends, strict=True)]


def to_sample(window: Window) -> Sample:
    """Average a window's answers by conversation; an answer without a conversation stands for itself."""
    numbers: dict[str, int] = {}
    rows = np.array(
        [
            numbers.setdefault(answer.conversation or f"\0{row}", len(numbers))
            for row, answer in enumerate(window.answers)
        ],
        dtype=np.int64,
    )
    figures: dict[str, list[float | None]] = {
        "support": [answer.support for answer in window.answers],
        "similarity": [answer.similarity for answer in window.answers],
        "length": [float(answer.length) for answer in window.answers],
    }
    values = {name: _means(column, rows) for name, column in figures.items()}
    for name, vectors in (("question", window.questions), ("answer", window.vectors)):
        if vectors is not None:
            for number, column in enumerate(project(vectors).T):
                values[f"{name} projection {number + 1}"] = _means(column.tolist(), rows)
    checkable = np.array([answer.checkable for answer in window.answers], dtype=np.float64)
    hits = {
        rate: _sums(np.array([getattr(answer, rate) for answer in window.answers], dtype=np.float64), rows)
        for rate in RATES
    }
    pair = None
    if window.questions is not None and window.vectors is not None:
        pair = (_unit_means(window.questions, rows), _unit_means(window.vectors, rows))
    return Sample(window.name, len(window.answers), len(numbers), values, hits, _sums(checkable, rows), pair)


def project(vectors: Vectors) -> Array:
    """Return the vectors on fixed random directions, shape (n, 3)."""
    generator = np.random.default_rng(PROJECTION_SEED)
    directions = generator.standard_normal((vectors.shape[1], PROJECTIONS))
    return np.asarray(vectors @ (directions / np.linalg.norm(directions, axis=0)), dtype=np.float64)


def join_samples(name: str, samples: Sequence[Sample]) -> Sample:
    """Put samples together as one."""
    names = samples[0].values
    pairs = [sample.pair for sample in samples]
    whole = [pair for pair in pairs if pair is not None]
    pair = None
    if whole and len(whole) == len(pairs):
        pair = (np.concatenate([q for q, _ in whole]), np.concatenate([a for _, a in whole]))
    return Sample(
        name,
        sum(sample.n_answers for sample in samples),
        sum(sample.n_conversations for sample in samples),
        {key: np.concatenate([sample.values[key] for sample in samples]) for key in names},
        {rate: np.concatenate([sample.hits[rate] for sample in samples]) for rate in RATES},
        np.concatenate([sample.totals for sample in samples]),
        pair,
    )


def _means(column: Sequence[float | None], rows: Rows) -> Array:
    """Return the mean of each conversation over what is known; conversations with nothing known are left out."""
    figures = np.array([np.nan if value is None else value for value in column], dtype=np.float64)
    known = ~np.isnan(figures)
    counts = np.bincount(rows[known])
    sums = np.bincount(rows[known], weights=figures[known])
    return np.asarray(sums[counts > 0] / counts[counts > 0])


def _sums(column: Array, rows: Rows) -> Array:
    return np.bincount(rows, weights=column).astype(np.float64)


def _unit_means(vectors: Vectors, rows: Rows) -> Vectors:
    """Return the direction of each conversation's mean vector."""
    sums = np.zeros((int(rows.max(initial=-1)) + 1, vectors.shape[1]))
    np.add.at(sums, rows, vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.where(lengths > 0, lengths, 1.0))
