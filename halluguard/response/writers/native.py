"""Write the plain store: lines exactly as they were, vectors in the number type they had.

An entry without an id is called by the number of its line, which changes where lines before it go. Such a line is given its name
as a last field, after two spaces, by which `give_up_name` knows it again. Lines that end so by themselves get one space more.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.response.writers.item import Item, Items, count_vectors
from halluguard.stores import Store, load_array

_MARK = "\ufeff"
_BY_LINE = re.compile(r"line-\d+")
_LENT = re.compile(r',( {2,})"id": "line-\d+"\}(?=\s*$)')


def read_items(store: Store) -> Iterator[Item]:
    """Yield entries with their raw line and the blank lines around it, and their row of the array.

    The line is None for a vector that is left over.
    """
    lines, array = _files(store)
    rows: Iterator[NDArray[Any]] = iter(()) if array is None else iter(load_array(array))
    pairs = zip_longest(_lines(lines), rows)
    for ordinal, (entry, (line, row)) in enumerate(zip(store.entries(), pairs, strict=True)):
        yield Item(ordinal, entry, line or {"line": None}, None if row is None else np.array(row))


def _files(store: Store) -> tuple[Path, Path | None]:
    return store.paths[0], (store.paths[1] if len(store.paths) > 1 else None)


def _lines(path: Path) -> Iterator[dict[str, str]]:
    """Yield every line that is not blank, line end included, with the blank ones before it; the last one with those after it."""
    waiting: dict[str, str] | None = None
    blank = ""
    with path.open("rb") as stream:
        for raw in stream:
            line = raw.decode("utf-8")
            if not raw.strip():
                blank += line
                continue
            if waiting is not None:
                yield waiting
            waiting, blank = {"before": blank, "line": line}, ""
    if waiting is not None:
        yield {**waiting, "after": blank}


def keep_name(item: Item) -> Item:
    """Return an item whose line says the name it has by its number."""
    line = item.payload.get("line")
    if line is None:
        return item
    if (lent := _LENT.search(line)) is not None:
        return _with_line(item, f"{line[: lent.start(1)]} {line[lent.start(1) :]}")
    if not _BY_LINE.fullmatch(item.entry.id) or json.loads(line.removeprefix(_MARK)).get("id"):
        return item
    body = line.rstrip()
    return _with_line(item, f'{body[:-1]},  "id": "{item.entry.id}"}}{line[len(body) :]}')


def give_up_name(item: Item) -> Item:
    """Return the item that `keep_name` was given."""
    line = item.payload.get("line")
    lent = None if line is None else _LENT.search(line)
    if line is None or lent is None:
        return item
    if len(lent[1]) > 2:
        return _with_line(item, f"{line[: lent.start(1)]}{line[lent.start(1) + 1 :]}")
    return _with_line(item, f"{line[: lent.start()]}{line[lent.end() - 1 :]}")


def _with_line(item: Item, line: str) -> Item:
    return replace(item, payload={**item.payload, "line": line})


def write_items(items: Items, like: Store, target: Path) -> tuple[str, ...]:
    """Write lines and array into a folder under the names that `like` has."""
    lines, array = _files(like)
    ended = True
    with (target / lines.name).open("wb") as stream:
        for item in items():
            line = item.payload.get("line")
            if line is None:
                continue
            if stream.tell():  # a byte order mark is one at the start of a file only
                line = line.removeprefix(_MARK)
            text = f"{item.payload.get('before', '')}{line}{item.payload.get('after', '')}"
            stream.write((text if ended else f"\n{text}").encode())
            ended = text.endswith("\n")
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
