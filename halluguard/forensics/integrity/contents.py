"""A store's entries in memory: texts as they are, vectors in one array."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from halluguard.records import Entry
from halluguard.stores import Store

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how many entries are done, and how many there are."""

_BLOCK = 5_000


@dataclass(frozen=True, slots=True)
class Contents:
    """Entries in the order of the store, their vectors apart.

    `vectors` has shape (n, dimension), float32, rows of zeros where an entry has none of that dimension; `lengths`,
    shape (n,), is the dimension each entry's own vector has, 0 for none.
    """

    entries: tuple[Entry, ...]
    vectors: NDArray[np.float32]
    lengths: NDArray[np.int64]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which entries have a finite vector of the store's dimension that is not zero, shape (n,)."""
        fits = (
            self.lengths == self.vectors.shape[1]
            if self.vectors.shape[1]
            else np.zeros(len(self.entries), dtype=bool)
        )
        for start in range(0, len(fits), _BLOCK):
            block = self.vectors[start : start + _BLOCK]
            fits[start : start + _BLOCK] &= np.isfinite(block).all(axis=1) & block.any(axis=1)
        return np.asarray(fits, dtype=np.bool_)

    @property
    def texts(self) -> list[str]:
        """The texts, the empty string where an entry has none."""
        return [entry.text or "" for entry in self.entries]


def load_contents(store: Store, progress: Progress | None = None) -> Contents:
    """Read a whole store; memory is that of its texts and 4 bytes a number of its vectors."""
    dimension = store.dimension or 0
    vectors = np.zeros((store.count, dimension), dtype=np.float32)
    lengths = np.zeros(store.count, dtype=np.int64)
    entries: list[Entry] = []
    for number, entry in enumerate(store.entries()):
        if entry.vector is not None:
            lengths[number] = len(entry.vector)
            if len(entry.vector) == dimension:
                vectors[number] = entry.vector
        entries.append(replace(entry, vector=None))
        if progress and (number + 1) % _BLOCK == 0:
            progress("read", number + 1, store.count)
    return Contents(tuple(entries), vectors, lengths)


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows of length 1, shape (n, d); rows that are zero or not finite become zero."""
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    good = np.isfinite(norms) & (norms > 0)
    scaled = np.zeros_like(vectors)
    scaled[good] = vectors[good] / norms[good, None]
    return scaled
