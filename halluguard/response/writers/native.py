"""Write the plain store: lines exactly as they were, vectors in the number type they had."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.response.writers.item import Item, Items, count_vectors
from halluguard.stores import Store, load_array


def read_items(store: Store) -> Iterator[Item]:
    """Yield entries with their raw line, None for a vector that is left over, and their row of the array."""
    lines, array = _files(store)
    rows: Iterator[NDArray[Any]] = iter(()) if array is None else iter(load_array(array))
    pairs = zip_longest(_lines(lines), rows)
    for ordinal, (entry, (line, row)) in enumerate(zip(store.entries(), pairs, strict=True)):
        yield Item(ordinal, entry, {"line": line}, None if row is None else np.array(row))


def _files(store: Store) -> tuple[Path, Path | None]:
    return store.paths[0], (store.paths[1] if len(store.paths) > 1 else None)


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")


def write_items(items: Items, like: Store, target: Path) -> tuple[str, ...]:
    """Write lines and array into a folder under the names that `like` has."""
    lines, array = _files(like)
    with (target / lines.name).open("w", encoding="utf-8", newline="\n") as stream:
        for item in items():
            if item.payload.get("line") is not None:
                stream.write(f"{item.payload['line']}\n")
    if array is not None:
        _write_array(items, target / array.name, load_array(array))
    return ()


def _write_array(items: Items, path: Path, like: NDArray[Any]) -> None:
    count, _, _ = count_vectors(items)
    if not count:
        np.save(path, np.zeros((0, like.shape[1]), dtype=like.dtype))
        return
    array = np.lib.format.open_memmap(path, "w+", dtype=like.dtype, shape=(count, like.shape[1]))
    rows = (item.vector for item in items() if item.vector is not None)
    for place, row in enumerate(rows):
        array[place] = row
    array.flush()
