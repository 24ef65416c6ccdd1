"""Whether a restored store is the one before, where the library that writes it changes the last bits of its vectors."""

from dataclasses import replace
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from halluguard.records import Entry
from halluguard.response.digests import leaf_of
from halluguard.stores import Store

MAX_DIFFERENCE = 1e-6
"""How far a number of a restored vector may be from the one before: float32 keeps some seven digits."""


def agree(made: Store, before: Store) -> bool:
    """Tell whether two stores hold the same entries in the same order, their vectors but for `MAX_DIFFERENCE`.

    Chroma makes vectors of a cosine collection unit vectors each time it moves them to the index, so they are compared as such.
    """
    cosine = before.metric == "cosine"
    pairs = zip_longest(made.entries(), before.entries())
    return all(
        one is not None and other is not None and _says_the_same(one, other, cosine=cosine)
        for one, other in pairs
    )


def _says_the_same(one: Entry, other: Entry, *, cosine: bool) -> bool:
    first, second = (replace(leaf_of(entry), vector=None) for entry in (one, other))
    if first != second or one.vector is None or other.vector is None:
        return first == second and one.vector is other.vector
    if one.vector.shape != other.vector.shape:
        return False
    left, right = (_unit(vector) if cosine else vector for vector in (one.vector, other.vector))
    return bool(np.allclose(left, right, rtol=0.0, atol=MAX_DIFFERENCE, equal_nan=True))


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = vector.astype(np.float64)
    length = float(np.linalg.norm(wide))
    return wide / length if length > 0 else wide
