"""Exact nearest neighbours by cosine, in blocks."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_ROWS = 256


def nearest(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    k: int,
    *,
    progress: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the cosines and positions of the k best rows of `vectors` for each query, best first, shapes (n, k).

    Both are unit rows. Ties go to the lower position, so that the result does not depend on the block size.
    """
    k = min(k, len(vectors))
    cosines = np.empty((len(queries), k), dtype=np.float32)
    positions = np.empty((len(queries), k), dtype=np.int64)
    for start in range(0, len(queries), _ROWS):
        scores = queries[start : start + _ROWS] @ vectors.T
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        values = np.take_along_axis(scores, best, axis=1)
        order = np.lexsort((best, -values), axis=1)
        cosines[start : start + len(scores)] = np.take_along_axis(values, order, axis=1)
        positions[start : start + len(scores)] = np.take_along_axis(best, order, axis=1)
        if progress:
            progress(start + len(scores))
    return cosines, positions
