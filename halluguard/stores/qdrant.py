"""A Qdrant folder (local mode): `meta.json`, and per collection a SQLite database whose points are pickles, read through an allow list."""

import base64
import json
import sqlite3
import struct
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import StoreError
from halluguard.records import Entry
from halluguard.stores.confined import PickleContent, read_pickle
from halluguard.stores.langchain_faiss import pickle_faults, repeated_ids
from halluguard.stores.metadata import (
    AUTHOR_KEYS,
    BATCH_KEYS,
    SOURCE_KEYS,
    first_text,
    first_time,
    text_field,
)
from halluguard.stores.sqlite_copy import copy_database, database_files
from halluguard.stores.store import Store, mend_entry, observe, refuse_empty
from halluguard.text import has_surrogate

META = "meta.json"
_METRICS = {"Cosine": "cosine", "Dot": "inner_product", "Euclid": "l2"}
_INNER = ("metadata", "meta")
"""Under which LangChain and Haystack nest the metadata in a payload."""

_NODE = "_node_content"
"""Under which LlamaIndex keeps a node, its text included, as JSON."""


@dataclass(frozen=True, slots=True)
class Points:
    """One collection as it lies on disk; `vector` names the one of its dense vectors that is read, "" for the only one."""

    name: str
    vector: str
    settings: Mapping[str, Any]
    database: Path

    @property
    def dense(self) -> Mapping[str, Any]:
        """The settings of the dense vector that is read."""
        vectors = self.settings["vectors"]
        found = vectors[self.vector] if self.vector else vectors
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Point:
    """A point: its id (a number or a UUID), its vectors by name as the reader of pickles writes them, its payload."""

    id: int | str
    vectors: Mapping[str, Any]
    payload: Mapping[str, Any]


def open_qdrant(folder: Path, *, collection: str | None) -> Store:
    """Open one collection of a folder, `name` or `name/vector` where it has several dense vectors; only copies are read.

    Raises:
        StoreError: a file is cut or corrupted, or several collections or vectors may be meant and none is named.

    """
    chosen = find_points(folder, collection)
    content = read_content(chosen)
    if not content.readable:
        raise StoreError(
            f"{chosen.database}: {'; '.join(content.refused)}. Copy the store again, or look for a hostile point"
        )

    def read() -> Iterator[Entry]:
        return map(mend_entry, _entries(chosen, content))

    knows, ids, count = observe(read())
    refuse_empty(count, folder)
    size = chosen.dense.get("size")
    return Store(
        kind="qdrant",
        path=folder,
        count=count,
        dimension=size if isinstance(size, int) else None,
        metric=_METRICS.get(str(chosen.dense.get("distance"))),
        knows=knows,
        read=read,
        paths=(folder / META, *_databases(folder)),
        converted=content.kinds,
        faults=(*pickle_faults(content, chosen.database.name), *repeated_ids(ids)),
        collection=f"{chosen.name}/{chosen.vector}" if chosen.vector else chosen.name,
    )


def find_points(folder: Path, named: str | None) -> Points:
    """Return the collection of a name, or the only one that holds anything.

    Raises:
        StoreError: there is none, or several and no name was given, or `meta.json` is not as Qdrant writes it.

    """
    known = read_collections(folder)
    name, vector = _resolve(named, known, _read_meta(folder).get("aliases"))
    if name:
        chosen = [name] if name in known else []
    else:
        chosen = [one for one in known if count_points(database_of(folder, one))]
    names = ", ".join(f"{one!a:.80}" for one in chosen or known) or "none"
    if not chosen and name:
        raise StoreError(f"{folder}: no collection {name!a:.80}; it has {names}. Name one with --collection")
    if not chosen:
        raise StoreError(
            f"{folder}: the store holds no entries (collections: {names}). Give the store the chatbot reads from"
        )
    if len(chosen) > 1:
        raise StoreError(
            f"{folder}: {len(chosen)} collections hold entries: {names}. Name one with --collection"
        )
    if not database_of(folder, chosen[0]).is_file():
        raise StoreError(
            f"{database_of(folder, chosen[0])}: missing, though {META} names its collection. Copy the store whole"
        )
    settings = known[chosen[0]]
    return Points(
        chosen[0], _find_vector(folder, chosen[0], settings, vector), settings, database_of(folder, chosen[0])
    )


def _resolve(named: str | None, known: Collection[str], aliases: Any) -> tuple[str, str]:
    """Return the collection and the vector that a user names: a name may be an alias, may hold slashes, and a vector may follow.

    The longest known name counts, so that a collection "kb/body" is never taken for the vector "body" of "kb".
    """
    if not named:
        return "", ""
    other = aliases if isinstance(aliases, dict) else {}
    parts = named.split("/")
    for count in range(len(parts), 0, -1):
        name = "/".join(parts[:count])
        name = name if name in known else str(other.get(name, ""))
        if name in known:
            return name, "/".join(parts[count:])
    return named, ""


def _read_meta(folder: Path) -> dict[str, Any]:
    path = folder / META
    try:
        return dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError, RecursionError) as error:
        raise _not_as_written(path, error) from error


def _not_as_written(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"{path}: not as Qdrant writes it ({str(error)[:120]}). Half written? Copy the store again"
    )


def read_collections(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return the settings of each collection that `meta.json` names."""
    path = folder / META
    try:
        found = _read_meta(folder)["collections"]
        known: dict[str, Mapping[str, Any]] = {str(name): dict(settings) for name, settings in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _not_as_written(path, error) from error
    for name in known:  # names with a slash in them were once allowed
        odd = "\\" in name or "\0" in name or has_surrogate(name)
        if odd or {"", ".", ".."} & set(name.split("/")):
            raise StoreError(
                f"{path}: a collection named {name!a:.80}. Expected a plain name: the file was tampered with"
            )
    return known


def database_of(folder: Path, name: str) -> Path:
    """Where the points of a collection lie."""
    return folder / "collection" / name / "storage.sqlite"


def _databases(folder: Path) -> Iterator[Path]:
    """Yield the files of all collections: the store is one folder, and is kept as evidence whole."""
    for name in read_collections(folder):
        yield from database_files(database_of(folder, name))


def count_points(database: Path) -> int:
    """Return how many points a database holds, 0 where there is none."""
    if not database.is_file():
        return 0
    try:
        with closing(copy_database(database).connect()) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM points").fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise _unknown(database, error) from error


def _unknown(database: Path, error: Exception) -> StoreError:
    return StoreError(f"{database}: no Qdrant database halluguard knows ({error}). Copy the store again")


def _find_vector(folder: Path, name: str, settings: Mapping[str, Any], wanted: str) -> str:
    """Return the name of the dense vector to read, "" where it has none; a collection may have several, or sparse ones alone."""
    vectors = settings.get("vectors")
    if not isinstance(vectors, dict) or not vectors:
        raise StoreError(f"{folder}: collection {name!r} has no dense vectors, which halluguard reads")
    if "size" in vectors and not isinstance(vectors["size"], dict):
        vectors = {"": vectors}
    if wanted in vectors:
        return wanted
    if len(vectors) == 1 and not wanted:
        return str(next(iter(vectors)))
    names = ", ".join(repr(f"{name}/{one}" if one else name) for one in vectors)
    problem = f"no vector {wanted!a:.80}" if wanted else "several vectors"
    raise StoreError(
        f"{folder}: {problem} in collection {name!r}: it has {names}. Name one with --collection"
    )


def read_content(chosen: Points) -> PickleContent:
    """Read all points of a collection in a confined child process, in the order of their last writing."""
    with tempfile.TemporaryDirectory(prefix="halluguard-") as folder:
        framed = Path(folder) / "points"
        try:
            with closing(copy_database(chosen.database).connect()) as connection, framed.open("wb") as stream:
                for (blob,) in connection.execute("SELECT point FROM points ORDER BY rowid"):
                    held = blob if isinstance(blob, bytes) else b""
                    stream.write(struct.pack("<Q", len(held)) + held)
        except sqlite3.DatabaseError as error:
            raise _unknown(chosen.database, error) from error
        return read_pickle(framed, "qdrant")


def points_of(content: PickleContent) -> Iterator[Point | None]:
    """Yield the points in order, None for one whose pickle was refused."""
    for row in content.lines():
        yield None if row is None else Point(row["id"], row["vectors"], row["payload"])


def numbers_of(packed: Any) -> NDArray[np.float64] | None:
    """Return a dense vector as it was stored, None where it is something else."""
    return np.frombuffer(base64.b64decode(packed), dtype="<f8") if isinstance(packed, str) else None


def _entries(chosen: Points, content: PickleContent) -> Iterator[Entry]:
    for position, point in enumerate(points_of(content)):
        if point is None:
            yield Entry(id=f"position-{position}", text=None, vector=None, position=position)
            continue
        payload = point.payload
        inner: Mapping[str, Any] = next(
            (payload[key] for key in _INNER if isinstance(payload.get(key), dict)), {}
        )
        vector = numbers_of(point.vectors.get(chosen.vector))
        name = text_field(payload)
        yield Entry(
            id=str(point.id),
            text=_text(payload, name),
            vector=None if vector is None else vector.astype(np.float32),
            source=first_text(inner, SOURCE_KEYS) or first_text(payload, SOURCE_KEYS),
            ingested_at=first_time(inner) or first_time(payload),
            batch=first_text(inner, BATCH_KEYS) or first_text(payload, BATCH_KEYS),
            written_by_turn=first_text(inner, AUTHOR_KEYS) or first_text(payload, AUTHOR_KEYS),
            position=position,
            metadata={key: value for key, value in payload.items() if key != name},
        )


def _text(payload: Mapping[str, Any], name: str | None) -> str | None:
    """Return the text of a payload, or of the node in it."""
    text = None if name is None else payload[name]
    if not isinstance(text, str) and isinstance(payload.get(_NODE), str):
        try:
            text = json.loads(payload[_NODE])["text"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
    return text if isinstance(text, str) else None
