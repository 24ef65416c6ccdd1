"""Exact nearest neighbours by cosine, in blocks."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_ROWS = 256


def score_blocks(
    queries: NDArray[np.float32], vectors: NDArray[np.float32]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield, block by block, the number of the first query and the cosines of its block, shape (rows, len(vectors))."""
    for start in range(0, len(queries), _ROWS):
        yield start, queries[start : start + _ROWS] @ vectors.T


def best_columns(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the k highest scores of each row and their columns, best first, lower columns first among equals."""
    best = np.argpartition(scores, scores.shape[1] - k, axis=1)[:, -k:]
    values = np.take_along_axis(scores, best, axis=1)
    order = np.lexsort((best, -values), axis=1)
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(best, order, axis=1)


def nearest(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the cosines and positions of the k best rows of `vectors` for each query, shapes (n, k); all unit rows."""
    k = min(k, len(vectors))
    cosines = np.empty((len(queries), k), dtype=np.float32)
    positions = np.empty((len(queries), k), dtype=np.int64)
    for start, scores in score_blocks(queries, vectors):
        rows = slice(start, start + len(scores))
        cosines[rows], positions[rows] = best_columns(scores, k)
    return cosines, positions
