"""Write a Chroma folder through chromadb, from what was read of the original; the original is never opened with it."""

import sqlite3
from collections.abc import Iterator
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
    """Return the collection that a store was opened on: the one whose records its paths and count fit."""
    for name in _filled(connection):
        chosen = find_collection(connection, store.paths[0], name)
        ids = {entry.id for entry in store.entries() if entry.position is not None}
        found = connection.execute(
            "SELECT embedding_id FROM embeddings WHERE segment_id = ?", (chosen.metadata_segment,)
        )
        if {str(key) for (key,) in found} == ids:
            return chosen
    raise StoreError(f"{store.path}: the collection can no longer be found in its database")


def _filled(connection: sqlite3.Connection) -> list[str]:
    names = [name for (name,) in connection.execute("SELECT name FROM collections ORDER BY name")]
    return [name for name in names if count_rows(connection, find_collection(connection, Path(), name))]


def write_items(items: Items, like: Store, target: Path) -> tuple[str, ...]:
    """Write the collection of `like` with the given items, and every other collection of its database as it was.

    Raises:
        StoreError: chromadb is not installed, or an entry has no vector, which Chroma cannot store.

    """
    chromadb = _import_chromadb()
    refuse_unread(like)
    with closing(copy_database(like.paths[0]).connect()) as connection:
        chosen = _collection_of(like, connection).name
        others = [name for name in _filled(connection) if name != chosen]
    client = chromadb.PersistentClient(str(target), settings=chromadb.Settings(anonymized_telemetry=False))
    made: dict[str, dict[str, str | None]] = {chosen: _write(client, chosen, like, items)}
    for name in others:
        other = open_store(like.path, collection=name)
        made[name] = _write(client, name, other, lambda other=other: read_items(other))  # type: ignore[misc]
    client._system.stop()  # noqa: SLF001 - no public way to close a client before its files are moved
    client.clear_system_cache()
    _set_times(target / "chroma.sqlite3", made)
    _blank_room(target)
    return ()


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


def _write(client: Any, name: str, like: Store, items: Items) -> dict[str, str | None]:
    """Add the items in order and return the time of first write by id."""
    space = _SPACES.get(like.metric or "l2", "l2")
    collection = client.create_collection(name, embedding_function=None, metadata={"hnsw:space": space})
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
