"""Write a Qdrant folder through qdrant-client, from what was read of the original; the original is never opened with it."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from halluguard.errors import StoreError
from halluguard.response.writers.item import Item, Items
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
_OURS = ("qdrant_client.",)


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
        StoreError: qdrant-client is not installed.

    """
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        raise StoreError(
            "a Qdrant store is written with qdrant-client, which is not installed. "
            "Install it: pip install 'halluguard-rag[qdrant]'"
        ) from error
    chosen = find_points(like.path, like.collection)
    shutil.copyfile(like.path / META, target / META)  # says how each collection is to be made
    client = QdrantClient(path=str(target))
    try:
        batch: list[Any] = []
        for item in items():
            batch.append(_point(item, chosen))
            if len(batch) == _BATCH:
                client.upsert(chosen.name, batch)
                batch = []
        if batch:
            client.upsert(chosen.name, batch)
    finally:
        client.close()
    (target / ".lock").unlink(missing_ok=True)
    _copy_others(like.path, chosen.name, target)
    objects = [name for name in read_content(chosen).names if not name.startswith(_OURS)]
    return (
        (f"payloads held Python objects ({', '.join(objects)}); they are written as text or lists",)
        if objects
        else ()
    )


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
            with closing(copy.connect()) as kept, closing(sqlite3.connect(database_of(target, name))) as made:
                kept.backup(made)
