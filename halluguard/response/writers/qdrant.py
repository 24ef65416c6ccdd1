"""Write a Qdrant folder through qdrant-client, from what was read of the original; the original is never opened with it."""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from halluguard.errors import StoreError, first_line
from halluguard.response.writers.item import Item, Items, tell_converted
from halluguard.stores import Store, copy_database
from halluguard.stores.qdrant import (
    META,
    Points,
    database_of,
    find_points,
    numbers_of,
    points_of,
    read_collections,
    read_content,
)

_BATCH = 500
_REFUSALS = (ValueError, TypeError, KeyError)
"""What qdrant-client raises where a point or a setting is not as it expects; errors of pydantic are ValueErrors."""


def read_items(store: Store) -> Iterator[Item]:
    """Yield entries with their point as it is stored: its id, its payload, and what other vectors it has."""
    chosen = find_points(store.path, store.collection)
    pairs = zip(store.entries(), points_of(read_content(chosen)), strict=True)
    for ordinal, (entry, point) in enumerate(pairs):
        if point is None:
            raise StoreError(
                f"{store.path}: the pickle of its {entry.id} was not read. Rebuild the store from its documents"
            )
        vector = numbers_of(point.vectors.get(chosen.vector))
        others = {name: one for name, one in point.vectors.items() if name != chosen.vector}
        yield Item(ordinal, entry, {"id": point.id, "payload": point.payload, "vectors": others}, vector)


def write_items(items: Items, like: Store, target: Path) -> tuple[str, ...]:
    """Write the collection of `like` anew, beside copies of the others; what cannot be kept as it was is returned as notes.

    Values that payloads kept as Python objects (dates, UUIDs) are written as the text or list that the reader made of them.

    Raises:
        StoreError: qdrant-client is not installed, or refuses a point or the settings.

    """
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        raise StoreError(
            "a Qdrant store is written with qdrant-client, which is not installed. "
            "Install it: pip install 'halluguard-rag[qdrant]'"
        ) from error
    chosen = find_points(like.path, like.collection)
    meta = {"collections": {chosen.name: chosen.settings}, "aliases": {}}
    (target / META).write_text(json.dumps(meta), encoding="utf-8")
    try:
        client = QdrantClient(path=str(target))
    except (*_REFUSALS, AttributeError) as error:
        raise StoreError(
            f"{like.path / META}: qdrant-client does not take the settings of {chosen.name!r} ({first_line(error, 160)})"
        ) from error
    try:
        _write_points(client, items, chosen, like.path)
    finally:
        client.close()
    (target / ".lock").unlink(missing_ok=True)
    _copy_others(like.path, chosen.name, target)
    shutil.copyfile(like.path / META, target / META)
    return tell_converted(like)


def _write_points(client: Any, items: Items, chosen: Points, path: Path) -> None:
    """Write points in batches; raises StoreError that names one which qdrant-client refuses, or would merge with another."""
    batch: list[Any] = []
    seen: set[Any] = set()

    def write() -> None:
        try:
            client.upsert(chosen.name, batch)
        except _REFUSALS:
            for point in batch:
                with _telling(path, point.id):
                    client.upsert(chosen.name, [point])
        batch.clear()

    for item in items():
        key = item.payload["id"]
        if key in seen:
            raise StoreError(
                f"{path}: two points have the id {key!a:.80}, of which Qdrant keeps one. Take that id out, or rebuild the store"
            )
        seen.add(key)
        with _telling(path, key):
            batch.append(_point(item, chosen))
        if len(batch) == _BATCH:
            write()
    if batch:
        write()


@contextmanager
def _telling(path: Path, key: Any) -> Iterator[None]:
    """Turn what qdrant-client raises at a point into one line that names it."""
    try:
        yield
    except _REFUSALS as error:
        raise StoreError(
            f"{path}: qdrant-client does not take the point {key!a:.80} ({first_line(error, 160)}). "
            "Take it out, or rebuild the store"
        ) from error


def _point(item: Item, chosen: Points) -> Any:
    """Return the point of an item; its vector is a list of numbers, or one beside others under its name."""
    from qdrant_client.models import PointStruct

    kept = item.payload
    vectors = {name: _restored(vector) for name, vector in kept["vectors"].items()}
    if item.vector is not None:
        vectors[chosen.vector] = item.vector.tolist()
    only: Any = vectors[""] if vectors.keys() == {""} else vectors
    return PointStruct(id=kept["id"], vector=only, payload=dict(kept["payload"]))


def _restored(vector: Any) -> Any:
    """Return a vector that is not the one read: dense, sparse, or of several vectors."""
    from qdrant_client.models import SparseVector

    numbers = numbers_of(vector)
    if numbers is not None:
        return numbers.tolist()
    return SparseVector(**vector) if isinstance(vector, Mapping) else vector


def _copy_others(source: Path, chosen: str, target: Path) -> None:
    """Copy the points of the other collections, pending writes included, without reading them."""
    for name in read_collections(source).keys() - {chosen}:
        if database_of(source, name).is_file():
            copy = copy_database(database_of(source, name))
            database_of(target, name).parent.mkdir(parents=True)
            with closing(copy.connect()) as kept, closing(sqlite3.connect(database_of(target, name))) as made:
                kept.backup(made)
