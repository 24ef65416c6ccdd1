"""What a Chroma database says about one collection: segments, records, metadata, and the queue of pending writes."""

import json
import sqlite3
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import StoreError

DOCUMENT_KEY = "chroma:document"
ADD, UPDATE, DELETE = 0, 1, 3  # codes of the queue; 2 is an upsert
_SPACES = {"cosine": "cosine", "ip": "inner_product", "l2": "l2"}


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection with the ids of its two segments."""

    id: str
    name: str
    dimension: int | None
    metric: str | None
    metadata_segment: str
    vector_segment: str


@dataclass(frozen=True, slots=True)
class Row:
    """One record: `row` counts first writes, `seq` the last write, `created_at` the time of the first."""

    row: int
    id: str
    seq: int
    created_at: str | None
    text: str | None
    metadata: Mapping[str, Any]


def find_collection(connection: sqlite3.Connection, path: Path, name: str | None) -> Collection:
    """Return the collection of that name, or the only one that holds anything.

    Raises:
        StoreError: there is none, or several and no name was given; or a segment of any has an id that is no UUID.

    """
    collections = [
        _read_collection(connection, path, *row)
        for row in connection.execute("SELECT id, name, dimension FROM collections ORDER BY name")
    ]
    if name is not None:
        chosen = [one for one in collections if one.name == name]
    else:
        chosen = [one for one in collections if count_rows(connection, one)]
    if len(chosen) == 1:
        return chosen[0]
    if name is not None and chosen:
        raise StoreError(
            f"{path}: {len(chosen)} collections are named {name!r}, in several databases. Export the one the chatbot reads from"
        )
    names = ", ".join(repr(one.name) for one in (chosen or collections)) or "none"
    if name is not None:
        raise StoreError(f"{path}: no collection {name!r}; it has {names}. Name one with --collection")
    if not chosen:
        raise StoreError(
            f"{path}: the store holds no entries (collections: {names}). Give the store the chatbot reads from"
        )
    raise StoreError(f"{path}: {len(chosen)} collections hold entries: {names}. Name one with --collection")


def _read_collection(
    connection: sqlite3.Connection, path: Path, key: str, name: str, dimension: int | None
) -> Collection:
    segments = dict(connection.execute("SELECT scope, id FROM segments WHERE collection = ?", (key,)))
    for segment in segments.values():
        _require_uuid(segment, path)
    return Collection(
        key,
        name,
        dimension,
        _metric(connection, key),
        segments.get("METADATA", ""),
        segments.get("VECTOR", ""),
    )


def vector_segments(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Return the ids of the vector segments of all collections; raises StoreError where one is no UUID."""
    found = [
        row[0] for row in connection.execute("SELECT id FROM segments WHERE scope = 'VECTOR' ORDER BY id")
    ]
    for segment in found:
        _require_uuid(segment, path)
    return found


def _require_uuid(segment: Any, path: Path) -> None:
    """Raise StoreError for a segment id that is no UUID: it names a folder, and the database is hostile (`../..`)."""
    try:
        sound = str(UUID(segment)) == segment.lower()
    except (ValueError, AttributeError, TypeError):
        sound = False
    if not sound:
        raise StoreError(
            f"{path}: table segments, column id is {segment!a:.80}. Expected a UUID, as Chroma writes it: the database was tampered with"
        )


def _metric(connection: sqlite3.Connection, key: str) -> str | None:
    """Return the distance of a collection from its metadata, or from the configuration newer versions keep."""
    query = "SELECT str_value FROM collection_metadata WHERE collection_id = ? AND key = 'hnsw:space'"
    found = connection.execute(query, (key,)).fetchone()
    if found and found[0]:
        return _SPACES.get(found[0])
    columns = {row[1] for row in connection.execute("PRAGMA table_info(collections)")} & {
        "config_json_str",
        "schema_str",
    }
    for column in sorted(columns):
        (text,) = connection.execute(f"SELECT {column} FROM collections WHERE id = ?", (key,)).fetchone()
        for space in _find_spaces(text):
            return _SPACES.get(space)
    return "l2"  # Chroma's default where nothing is set


def _find_spaces(text: str | None) -> Iterator[str]:
    """Yield every value under a key `space`, depth first; `#embedding` of a schema before its defaults."""
    try:
        waiting: list[Any] = [json.loads(text or "{}")]
    except (ValueError, RecursionError):
        return
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if isinstance(item.get("space"), str):
                yield item["space"]
            waiting.extend(value for _, value in sorted(item.items()))
        elif isinstance(item, list):
            waiting.extend(item)


def count_rows(connection: sqlite3.Connection, collection: Collection) -> int:
    """Return how many records a collection's metadata segment holds."""
    query = "SELECT COUNT(*) FROM embeddings WHERE segment_id = ?"
    return int(connection.execute(query, (collection.metadata_segment,)).fetchone()[0])


def read_rows(connection: sqlite3.Connection, collection: Collection) -> Iterator[Row]:
    """Stream the records of a collection in the order of their first write."""
    has_lists = _has_lists(connection)
    query = """
        SELECT e.id, e.embedding_id, e.seq_id, e.created_at, m.key, m.string_value, m.int_value, m.float_value, m.bool_value
        FROM embeddings e LEFT JOIN embedding_metadata m ON m.id = e.id WHERE e.segment_id = ? ORDER BY e.id, m.key
    """
    for (row, key, seq, created), values in groupby(
        connection.execute(query, (collection.metadata_segment,)), itemgetter(0, 1, 2, 3)
    ):
        metadata = {
            name: _value(found) for *_, name, a, b, c, d in values if name and (found := (a, b, c, d))
        }
        if has_lists:
            metadata |= _read_lists(connection, row)
        text = metadata.pop(DOCUMENT_KEY, None)
        yield Row(row, str(key), _sequence(seq), created, text if isinstance(text, str) else None, metadata)


def _has_lists(connection: sqlite3.Connection) -> bool:
    """Tell whether the database has the table in which Chroma keeps lists from version 1.5 on."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'embedding_metadata_array'"
    return connection.execute(query).fetchone() is not None


def _read_lists(connection: sqlite3.Connection, row: int) -> dict[str, list[Any]]:
    """Return the lists among the metadata of one record, a row of the table for each of their items."""
    query = """
        SELECT key, string_value, int_value, float_value, bool_value FROM embedding_metadata_array
        WHERE id = ? ORDER BY key, rowid
    """
    items = groupby(connection.execute(query, (row,)), itemgetter(0))
    return {key: [_value((a, b, c, d)) for _, a, b, c, d in values] for key, values in items}


def _value(columns: tuple[Any, Any, Any, Any]) -> Any:
    text, whole, real, truth = columns
    return (
        bool(truth)
        if truth is not None
        else text
        if text is not None
        else whole
        if whole is not None
        else real
    )


def _sequence(value: int | bytes | None) -> int:
    """Read a sequence number; versions before 1.0 stored it as big-endian bytes."""
    return int.from_bytes(value) if isinstance(value, bytes) else int(value or 0)


def sequence_of(connection: sqlite3.Connection, segment: str) -> int:
    """Return the last sequence number a segment has taken in, 0 for none."""
    found = connection.execute("SELECT seq_id FROM max_seq_id WHERE segment_id = ?", (segment,)).fetchone()
    return _sequence(found[0]) if found else 0


def read_queue(
    connection: sqlite3.Connection, collection: Collection, after: int, *, held: Container[str] | None = ()
) -> dict[str, NDArray[np.float32] | None]:
    """Return, by id, the vector of the last pending write after a sequence number; None where it was deleted.

    `held` are the ids of the vector segment, None where they cannot be told. Chroma ignores an update of an id that is
    nowhere, and an addition of one that is there; so does this.
    """
    query = "SELECT id, operation, vector, encoding FROM embeddings_queue WHERE topic LIKE ? AND seq_id > ? ORDER BY seq_id"
    pending: dict[str, NDArray[np.float32] | None] = {}
    for name, operation, vector, encoding in connection.execute(query, (f"%{collection.id}", after)):
        key = str(name)
        if operation == DELETE:
            pending[key] = None
        elif vector is not None and not _is_ignored(operation, key, pending, held):
            pending[key] = np.frombuffer(vector, dtype="<i4" if encoding == "INT32" else "<f4").astype(
                np.float32
            )
    return pending


def _is_ignored(
    operation: int, key: str, pending: Mapping[str, NDArray[np.float32] | None], held: Container[str] | None
) -> bool:
    if key not in pending and held is None:
        return False
    is_there = pending[key] is not None if key in pending else key in (held or ())
    return operation == (ADD if is_there else UPDATE)
