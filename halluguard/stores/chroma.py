"""A Chroma folder: records in SQLite, vectors in an HNSW segment and in the queue of writes it has not taken in."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import StoreError
from halluguard.records import Entry, Reason
from halluguard.stores.chroma_tables import (
    Collection,
    Row,
    find_collection,
    read_queue,
    read_rows,
    sequence_of,
    vector_segments,
)
from halluguard.stores.codes import StoreCode
from halluguard.stores.confined import read_pickle
from halluguard.stores.hnsw import read_segment
from halluguard.stores.langchain_faiss import pickle_faults
from halluguard.stores.metadata import (
    AUTHOR_KEYS,
    BATCH_KEYS,
    SOURCE_KEYS,
    first_text,
    first_time,
    parse_time,
)
from halluguard.stores.sqlite_copy import DatabaseCopy, copy_database, database_files
from halluguard.stores.store import Store, mend_entry, observe, refuse_empty

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Index:
    """The vectors of a collection by id: slots of the segment, overridden by pending writes."""

    slots: Mapping[str, int] = field(default_factory=dict)
    vectors: Vector | None = None
    pending: Mapping[str, Vector | None] = field(default_factory=dict)
    n_unmapped: int = 0
    faults: tuple[Reason, ...] = ()

    def find(self, key: str) -> Vector | None:
        if key in self.pending:
            return self.pending[key]
        slot = self.slots.get(key)
        return (
            None if slot is None or self.vectors is None else np.array(self.vectors[slot], dtype=np.float32)
        )

    def ids(self) -> Iterator[str]:
        """Every id that retrieval can still return, in slot order, pending ones last."""
        for key in sorted(self.slots, key=self.slots.__getitem__):
            if key not in self.pending:
                yield key
        yield from (key for key, vector in self.pending.items() if vector is not None)


def open_chroma(database: Path, *, collection: str | None = None) -> Store:
    """Open one collection of a Chroma database, on a copy of it.

    Raises:
        StoreError: the database is locked, cut or corrupted, or holds several collections and none is named.

    """
    copy = copy_database(database)
    try:
        with closing(copy.connect()) as connection:
            chosen = find_collection(connection, database, collection)
            index = _read_index(connection, database, chosen)
            paths = _paths(database, vector_segments(connection, database))
            marks, rewritten = _find_rewrites(read_rows(connection, chosen))
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{database}: no Chroma database halluguard knows ({error}). Chroma 0.4 and later are read"
        ) from error
    read = _reader(copy, chosen, index)
    knows, _, count = observe(read())
    refuse_empty(count, database)
    return Store(
        kind="chroma",
        path=database.parent,
        count=count,
        dimension=chosen.dimension or (None if index.vectors is None else index.vectors.shape[1]),
        metric=chosen.metric,
        knows=knows,
        read=read,
        paths=paths,
        faults=(*index.faults, *_count_faults(index, read), *rewritten),
        marks=marks,
        collection=chosen.name,
    )


def _reader(copy: DatabaseCopy, collection: Collection, index: _Index) -> Callable[[], Iterator[Entry]]:
    def read() -> Iterator[Entry]:
        """Yield the records, then the vectors that no record names."""
        seen: set[str] = set()
        with closing(copy.connect()) as connection:
            for position, row in enumerate(read_rows(connection, collection)):
                seen.add(row.id)
                yield mend_entry(_entry(row, position, index.find(row.id)))
        for key in index.ids():
            if key not in seen:
                yield mend_entry(Entry(id=key, text=None, vector=index.find(key)))

    return read


def _entry(row: Row, position: int, vector: Vector | None) -> Entry:
    # A store that was migrated or rebuilt is younger than what it holds: the entry's own time says when it was first there.
    times = (first_time(row.metadata), parse_time(row.created_at))
    return Entry(
        id=row.id,
        text=row.text,
        vector=vector,
        source=first_text(row.metadata, SOURCE_KEYS),
        ingested_at=min((time for time in times if time is not None), default=None),
        batch=first_text(row.metadata, BATCH_KEYS) or row.created_at,
        written_by_turn=first_text(row.metadata, AUTHOR_KEYS),
        position=position,
        metadata=row.metadata,
    )


def _read_index(connection: sqlite3.Connection, database: Path, collection: Collection) -> _Index:
    """Join the vector segment with the queue; a segment that was never written is all queue."""
    folder = database.parent / collection.vector_segment
    taken_in = sequence_of(connection, collection.vector_segment)
    metadata = folder / "index_metadata.pickle"
    if not collection.vector_segment or not metadata.is_file():
        after = taken_in if folder.is_dir() else 0
        return _Index(pending=read_queue(connection, collection, after, held=None if after else ()))
    content = read_pickle(metadata, "chroma")
    segment = read_segment(folder)
    faults = tuple(pickle_faults(content, metadata.name))
    if not content.readable:
        pending = read_queue(connection, collection, taken_in, held=None)
        return _Index(vectors=segment.vectors, pending=pending, n_unmapped=len(segment.labels), faults=faults)
    by_label = {int(label): slot for slot, label in enumerate(segment.labels)}
    labels = next(content.lines())["id_to_label"]
    pending = read_queue(connection, collection, taken_in, held=labels)
    slots = {key: by_label[label] for key, label in labels.items() if label in by_label}
    return _Index(slots, segment.vectors, pending, len(segment.labels) - len(slots), faults)


def _count_faults(index: _Index, read: Callable[[], Iterator[Entry]]) -> Iterator[Reason]:
    """Compare records with vectors, both ways, and name the slots of deleted entries."""
    without_vector = without_record = 0
    for entry in read():
        without_vector += entry.vector is None
        without_record += entry.position is None
    readable = not index.faults
    if without_vector and readable:
        detail = f"{without_vector} records have no vector, neither in the index nor in the queue of pending writes"
        yield Reason(StoreCode.INDEX_BEHIND, float(without_vector), detail)
    if without_record:
        yield Reason(
            StoreCode.COUNT_MISMATCH,
            float(without_record),
            f"{without_record} vectors of the index belong to no record",
        )
    if index.n_unmapped and readable:
        detail = f"{index.n_unmapped} vectors of deleted entries are still in the file; retrieval cannot reach them"
        yield Reason(StoreCode.DELETED_SLOTS, float(index.n_unmapped), detail)


def _find_rewrites(rows: Iterator[Row]) -> tuple[dict[str, tuple[Reason, ...]], tuple[Reason, ...]]:
    """Find records whose last write came after the first write of a later record (an update or upsert)."""
    kept = [(row.id, row.seq) for row in rows]
    marks: dict[str, tuple[Reason, ...]] = {}
    lowest_after = None
    for key, seq in reversed(kept):
        if lowest_after is not None and seq > lowest_after:
            marks[key] = (
                Reason(
                    StoreCode.REWRITTEN_IN_PLACE,
                    float(seq),
                    f"write {seq} came after write {lowest_after} of a later entry",
                ),
            )
        lowest_after = seq if lowest_after is None else min(seq, lowest_after)
    if not marks:
        return {}, ()
    detail = f"{len(marks)} entries were updated or upserted after later ones were added; honest re-ingestion does the same"
    return marks, (Reason(StoreCode.REWRITTEN_IN_PLACE, float(len(marks)), detail),)


def _paths(database: Path, segments: Iterable[str]) -> tuple[Path, ...]:
    """Return the database, then the files of every collection's index: a copy of fewer is no Chroma store."""
    folders = [folder for segment in segments if (folder := database.parent / segment).is_dir()]
    held = (path for folder in folders for path in sorted(folder.iterdir()) if path.is_file())
    return (*database_files(database), *held)
