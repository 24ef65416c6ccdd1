"""The plain store: JSONL entries, with their vectors inline or in a `.npy` file of the same order beside them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import StoreError
from halluguard.records import Entry, Reason
from halluguard.stores.codes import StoreCode
from halluguard.stores.langchain_faiss import repeated_ids
from halluguard.stores.metadata import (
    AUTHOR_KEYS,
    BATCH_KEYS,
    OTHER_TEXTS,
    SOURCE_KEYS,
    first_text,
    first_time,
    parse_time,
    text_field,
)
from halluguard.stores.store import Store, common_dimension, mend_entry, observe, refuse_empty

MAX_LINE = 64 << 20


class _Repeated(dict[str, Any]):
    """An object that gave a key twice; the last value stands, as in every JSON reader."""


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    fields: dict[str, Any]


def open_native(path: Path, vectors: Path | None) -> Store:
    """Open a JSONL file and, where there is one, the array of its vectors.

    Raises:
        StoreError: a line is no entry, or the array is not a plain two-dimensional array of numbers.

    """
    array = None if vectors is None else load_array(vectors)

    def read() -> Iterator[Entry]:
        return map(mend_entry, _entries(path, array))

    knows, ids, count = observe(read())
    refuse_empty(count, path)
    return Store(
        kind="native",
        path=path.parent if vectors else path,
        count=count,
        dimension=_dimension(array, read),
        metric=None,
        knows=knows,
        read=read,
        paths=(path, *([vectors] if vectors else [])),
        faults=(*_row_faults(path, array), *repeated_ids(ids)),
    )


def load_array(path: Path) -> NDArray[Any]:
    """Map a `.npy` array of shape (n, dimension); an array of objects is a pickle and is refused.

    Raises:
        StoreError: the file is cut, corrupted, holds objects, or has another shape.

    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        why = (
            "holds Python objects, which only code can read"
            if "python objects" in str(error).lower()
            else "is cut or corrupted"
        )
        raise StoreError(f"{path}: the array {why}. Save the vectors again as float32") from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind != "f":
        found = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "an archive"
        raise StoreError(f"{path}: {found} where floats of shape (entries, dimension) are expected")
    return array


def _dimension(array: NDArray[Any] | None, read: Callable[[], Iterator[Entry]]) -> int | None:
    if array is not None:
        return int(array.shape[1])
    return common_dimension(len(entry.vector) for entry in read() if entry.vector is not None)


def _rows(path: Path) -> Iterator[_Row]:
    """Yield every line that is not blank as a JSON object."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            if len(line) > MAX_LINE:
                raise StoreError(f"{path}:{number}: a line of {len(line):,} bytes, more than {MAX_LINE:,}")
            yield _Row(number, _parse(path, number, line))


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(
            line.decode("utf-8-sig" if number == 1 else "utf-8"), object_pairs_hook=_keep_pairs
        )
    except UnicodeDecodeError as error:
        raise StoreError(
            f"{path}:{number}: not UTF-8 (byte {error.start} of the line). Save the store as UTF-8"
        ) from error
    except (ValueError, RecursionError) as error:
        half = "" if line.endswith(b"\n") else "; the line has no end: half written?"
        raise StoreError(f"{path}:{number}: not a JSON object ({error}){half}") from error
    if not isinstance(fields, dict):
        raise StoreError(f"{path}:{number}: a {type(fields).__name__} where an entry object is expected")
    name = text_field(fields)
    if name is None:
        found = ", ".join(f'"{key[:40]}"' for key in list(fields)[:8]) or "no field"
        raise StoreError(
            f'{path}:{number}: field "text" is missing (found {ascii(found)[1:-1]}), and no single one of '
            f'{", ".join(OTHER_TEXTS)} stands in. An entry is {{"id", "text", "source", ...}}'
        )
    if not isinstance(fields[name], str | None):
        kind = type(fields[name]).__name__
        raise StoreError(f'{path}:{number}: field "{name}" is a {kind} where a string is expected')
    return fields


def _keep_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Repeated(made)


def _entries(path: Path, array: NDArray[Any] | None) -> Iterator[Entry]:
    """Yield an entry a line, and one without text for each vector that is left over."""
    vectors: Iterator[NDArray[Any]] = iter(()) if array is None else iter(array)
    for position, (row, vector) in enumerate(zip_longest(_rows(path), vectors)):
        if row is None:
            yield Entry(
                id=f"position-{position}",
                text=None,
                vector=np.array(vector, dtype=np.float32),
                position=position,
            )
        else:
            yield _entry(path, row, vector, position)


def _entry(path: Path, row: _Row, vector: NDArray[Any] | None, position: int) -> Entry:
    fields = row.fields
    metadata = fields.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise StoreError(
            f'{path}:{row.line}: field "metadata" is a {type(metadata).__name__} where an object is expected'
        )
    if vector is None and fields.get("vector") is not None:
        vector = _inline(path, row)
    key, text = fields.get("id"), text_field(fields)
    return Entry(
        id=f"line-{row.line}" if key is None or key == "" else str(key),
        text=None if text is None else fields[text],
        vector=None if vector is None else np.array(vector, dtype=np.float32),
        source=first_text(fields, SOURCE_KEYS) or first_text(metadata, SOURCE_KEYS),
        ingested_at=parse_time(fields.get("ingested_at")) or first_time(metadata),
        batch=first_text(fields, ("batch",)) or first_text(metadata, BATCH_KEYS),
        written_by_turn=first_text(fields, ("written_by_turn",)) or first_text(metadata, AUTHOR_KEYS),
        position=position,
        metadata=metadata,
    )


def _inline(path: Path, row: _Row) -> NDArray[Any]:
    try:
        vector = np.asarray(row.fields["vector"], dtype=np.float32)
    except (ValueError, TypeError, OverflowError) as error:  # a whole number of 400 digits: OverflowError
        raise StoreError(f'{path}:{row.line}: field "vector" is no list of numbers') from error
    if vector.ndim != 1:
        raise StoreError(f'{path}:{row.line}: field "vector" is no list of numbers')
    return vector


def _row_faults(path: Path, array: NDArray[Any] | None) -> Iterator[Reason]:
    """Compare the lines with the array, and name keys that a line gives twice."""
    lines, repeated = 0, []
    for row in _rows(path):
        lines += 1
        if isinstance(row.fields, _Repeated):
            repeated.append(row.line)
    if array is not None and lines != len(array):
        detail = f"{lines} entries and {len(array)} vectors; from the first gap on no vector can be trusted to be its entry's"
        yield Reason(StoreCode.COUNT_MISMATCH, float(abs(lines - len(array))), detail)
    if repeated:
        detail = (
            f"{len(repeated)} lines, first line {repeated[0]}; readers may disagree about which value counts"
        )
        yield Reason(StoreCode.JSON_KEY_REPEATED, float(len(repeated)), detail)
