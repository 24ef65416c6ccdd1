"""What is carried from one store to another: an entry with everything its own kind of store keeps of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.records import Entry
from halluguard.stores import Store


@dataclass(frozen=True, slots=True)
class Item:
    """An entry on its way: `ordinal` is its place in its store, from 0.

    `payload` holds, as JSON values, what the kind of store keeps beside the entry's fields; `vector` has the store's own
    number type, which `entry.vector` may not have.
    """

    ordinal: int
    entry: Entry
    payload: Mapping[str, Any] = field(default_factory=dict)
    vector: NDArray[Any] | None = None


Items = Callable[[], Iterator[Item]]
"""Items in order, from the start at each call, so that nothing needs to be held."""


def plain_items(entries: Iterator[Entry]) -> Iterator[Item]:
    """Yield items of a store that keeps nothing beside what an entry says."""
    for ordinal, entry in enumerate(entries):
        yield Item(ordinal, entry, {}, entry.vector)


def tell_converted(store: Store) -> tuple[str, ...]:
    """Say which kinds of values of a store's pickles are written as another kind, if any are."""
    told = f"metadata held values that are written as text or lists: {', '.join(store.converted)}"
    return (told,) if store.converted else ()


def count_vectors(items: Items) -> tuple[int, tuple[int, ...], "np.dtype[Any] | None"]:
    """Return how many items have a vector, the shape of one, and its number type."""
    count, shape, kind = 0, (0,), None
    for item in items():
        if item.vector is not None:
            count, shape, kind = count + 1, item.vector.shape, item.vector.dtype
    return count, shape, kind
