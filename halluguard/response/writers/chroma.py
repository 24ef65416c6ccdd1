"""Write a Chroma folder through chromadb, from what was read of the original; the original is never opened with it."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from halluguard.errors import StoreError
from halluguard.response.writers.item import Item, Items, plain_items
from halluguard.stores import (
    DATA_FILE,
    Collection,
    Store,
    StoreCode,
    copy_database,
    count_rows,
    filled_bytes,
    find_collection,
    open_store,
)

_SPACES = {"cosine": "cosine", "inner_product": "ip", "l2": "l2"}
_BATCH = 500
_WRITE_TIMES = ("hnsw:batch_size", "hnsw:sync_threshold")
"""When vectors go from the queue to the index, where cosine makes them unit vectors: copied, they would change what is restored."""
_SETTINGS = ("config_json_str", "schema_str")
"""Columns in which newer versions keep the settings of a collection."""


def read_items(store: Store) -> Iterator[Item]:
    """Yield entries with the name and distance of their collection, and the time of their first write."""
    with closing(copy_database(store.paths[0]).connect()) as connection:
        chosen = _collection_of(store, connection)
        created = dict(
            connection.execute(
                "SELECT embedding_id, created_at FROM embeddings WHERE segment_id = ?",
                (chosen.metadata_segment,),
            )
        )
    for item in plain_items(store.entries()):
        yield Item(
            item.ordinal, item.entry, {"created_at": _text(created.get(item.entry.id))}, item.entry.vector
        )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _collection_of(store: Store, connection: sqlite3.Connection) -> Collection:
    """Return the collection that a store was opened on, by its name: another one may hold the same ids."""
    return find_collection(connection, store.paths[0], store.collection)


def _filled(connection: sqlite3.Connection) -> list[str]:
    return [
        name
        for name in _names(connection)
        if count_rows(connection, find_collection(connection, Path(), name))
    ]


def _names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM collections ORDER BY name")]


def _metadata(connection: sqlite3.Connection, key: str) -> dict[str, Any]:
    """Return the metadata of a collection, each value of the kind it has."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(collection_metadata)")}
    flag = "bool_value" if "bool_value" in columns else "NULL"
    rows = connection.execute(
        f"SELECT key, str_value, int_value, float_value, {flag} FROM collection_metadata WHERE collection_id = ?",
        (key,),
    )
    made = {}
    for name, text, whole, real, truth in rows:
        values = (value for value in (text, whole, real) if value is not None)
        made[name] = next(values, None) if truth is None else bool(truth)
    return {name: value for name, value in made.items() if value is not None}


def _copied(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name not in _WRITE_TIMES}


def _settings(connection: sqlite3.Connection, key: str) -> dict[str, Any]:
    """Return the settings of a collection, flat, without those of an embedding function that has no name."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(collections)")}
    made: dict[str, Any] = {}
    for column in _SETTINGS:
        if column not in columns:
            continue
        (text,) = connection.execute(f"SELECT {column} FROM collections WHERE id = ?", (key,)).fetchone()
        try:
            made |= _flat(json.loads(text or "{}"), column)
        except (ValueError, RecursionError):
            made[column] = "unreadable"
    return made


def _flat(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {path: value}
    if path.endswith(".embedding_function") and value.get("type") != "known":
        return {}
    return {
        key: leaf for name, inner in value.items() for key, leaf in _flat(inner, f"{path}.{name}").items()
    }


def _differences(
    name: str, metadata: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return a note where settings of a collection are not in the new one."""
    lost = {key.rpartition(".")[2] for key, value in old.items() if new.get(key) != value}
    lost |= {key.removeprefix("hnsw:") for key in _WRITE_TIMES if key in metadata}
    return (f"collection {name!r}: settings that are not copied: {', '.join(sorted(lost))}",) if lost else ()


def write_items(items: Items, like: Store, target: Path) -> tuple[str, ...]:
    """Write the collection of `like` with the given items, and every other collection of its database as it was.

    Metadata of collections is kept, and empty ones too; settings that could not be are returned as notes.

    Raises:
        StoreError: chromadb is not installed, or an entry has no vector, which Chroma cannot store.

    """
    chromadb = _import_chromadb()
    refuse_unread(like)
    with closing(copy_database(like.paths[0]).connect()) as connection:
        chosen = _collection_of(like, connection).name
        filled, names = set(_filled(connection)), _names(connection)
        keys = {name: find_collection(connection, like.paths[0], name).id for name in names}
        metadata = {name: _metadata(connection, key) for name, key in keys.items()}
        metrics = {name: find_collection(connection, like.paths[0], name).metric for name in names}
        settings = {name: _settings(connection, key) for name, key in keys.items()}
    client = chromadb.PersistentClient(str(target), settings=chromadb.Settings(anonymized_telemetry=False))
    made: dict[str, dict[str, str | None]] = {}
    for name in (chosen, *(name for name in names if name != chosen)):
        space = _SPACES.get(metrics[name] or "l2", "l2")
        collection = client.create_collection(
            name, embedding_function=None, metadata={**_copied(metadata[name]), "hnsw:space": space}
        )
        if name == chosen:
            made[name] = _fill(collection, like, items)
        elif name in filled:
            other = open_store(like.path, collection=name)
            made[name] = _fill(collection, other, lambda other=other: read_items(other))  # type: ignore[misc]
    client._system.stop()  # noqa: SLF001 - no public way to close a client before its files are moved
    client.clear_system_cache()
    _set_times(target / "chroma.sqlite3", made)
    _blank_room(target)
    with closing(sqlite3.connect(target / "chroma.sqlite3")) as connection:
        now = {name: _settings(connection, find_collection(connection, target, name).id) for name in names}
    return tuple(
        note for name in names for note in _differences(name, metadata[name], settings[name], now[name])
    )


def _blank_room(target: Path) -> None:
    """Blank the room for further elements, which hnswlib writes to disk with whatever its memory held: quarantined text too."""
    for data in sorted(target.glob(f"*/{DATA_FILE}")):
        filled = filled_bytes(data.parent)
        with data.open("r+b") as stream:
            size = stream.seek(0, 2)
            stream.truncate(filled)
            stream.truncate(size)


def _import_chromadb() -> Any:
    try:
        import chromadb
    except ImportError as error:
        raise StoreError(
            "a Chroma store is written with chromadb, which is not installed. "
            "Install it: pip install 'halluguard-rag[chroma]'"
        ) from error
    return chromadb


def refuse_unread(store: Store) -> None:
    """Raise `StoreError` where vectors could not be told from the pickle of a segment."""
    codes = {StoreCode.FOREIGN_PICKLE_GLOBAL, StoreCode.PICKLE_REFUSED}
    fault = next((reason for reason in store.findings() if reason.code in codes), None)
    if fault is not None:
        raise StoreError(
            f"{store.path}: its vectors were not read ({fault.detail}). Rebuild it from its documents"
        )


def _fill(collection: Any, like: Store, items: Items) -> dict[str, str | None]:
    """Add the items in order and return the time of first write by id."""
    block: list[Item] = []
    times: dict[str, str | None] = {}
    for item in items():
        if item.vector is None:
            raise StoreError(
                f"{like.path}: entry {item.entry.id!r} has no vector, and Chroma stores none without. Rebuild its index first"
            )
        times[item.entry.id] = item.payload["created_at"]
        block.append(item)
        if len(block) == _BATCH:
            _add(collection, block)
            block = []
    if block:
        _add(collection, block)
    return times


def _add(collection: Any, block: list[Item]) -> None:
    collection.add(
        ids=[item.entry.id for item in block],
        embeddings=[item.vector for item in block],
        documents=[item.entry.text for item in block],
        metadatas=[dict(item.entry.metadata) or None for item in block],
    )


def _set_times(database: Path, made: dict[str, dict[str, str | None]]) -> None:
    """Give every record the time of its first write, which chromadb sets to now; batches are told by it."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for name, times in made.items():
            segment = find_collection(connection, database, name).metadata_segment
            connection.executemany(
                "UPDATE embeddings SET created_at = ? WHERE segment_id = ? AND embedding_id = ?",
                [(time, segment, key) for key, time in times.items() if time is not None],
            )
