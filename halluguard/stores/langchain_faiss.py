"""A LangChain FAISS folder: `index.faiss` beside `index.pkl`, the second read through an allow list."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from halluguard.errors import StoreError
from halluguard.records import Entry, Reason
from halluguard.stores.codes import StoreCode
from halluguard.stores.confined import PickleContent, read_pickle
from halluguard.stores.faiss_file import FaissVectors, read_faiss
from halluguard.stores.metadata import AUTHOR_KEYS, BATCH_KEYS, SOURCE_KEYS, first_text, first_time
from halluguard.stores.store import Store, mend_entry, observe, refuse_empty


def open_langchain_faiss(index: Path) -> Store:
    """Open the folder of a `.faiss` file; where its pickle is foreign the vectors are read without their texts."""
    pickle = index.with_suffix(".pkl")
    if not pickle.is_file():
        raise StoreError(
            f"{pickle}: missing beside {index.name}. A LangChain FAISS folder holds both; copy it whole"
        )
    flat, content = read_faiss(index), read_pickle(pickle, "langchain")

    def read() -> Iterator[Entry]:
        return map(mend_entry, _entries(flat, content))

    knows, ids, count = observe(read())
    refuse_empty(count, index.parent)
    return Store(
        kind="langchain_faiss",
        path=index.parent,
        count=count,
        dimension=flat.vectors.shape[1] or None,
        metric=flat.metric,
        knows=knows,
        read=read,
        paths=(index, pickle),
        converted=content.kinds,
        faults=(*pickle_faults(content, pickle.name), *_count_faults(flat, content), *repeated_ids(ids)),
    )


def _entries(flat: FaissVectors, content: PickleContent) -> Iterator[Entry]:
    """Yield every position of the index in order, then the documents that no position names."""
    n = len(flat.vectors)
    expected = 0
    for row in content.lines():
        position = row["position"]
        if position is not None:
            yield from _unmapped(flat, expected, min(position, n))
            expected = max(expected, position + 1)
        mapped = position is not None and 0 <= position < n
        metadata = row["metadata"]
        yield Entry(
            id=row["id"],
            text=row["text"],
            vector=np.array(flat.vectors[position], dtype=np.float32) if mapped else None,
            source=first_text(metadata, SOURCE_KEYS),
            ingested_at=first_time(metadata),
            batch=first_text(metadata, BATCH_KEYS),
            written_by_turn=first_text(metadata, AUTHOR_KEYS),
            position=position,
            metadata=metadata,
        )
    yield from _unmapped(flat, expected, n)


def _unmapped(flat: FaissVectors, start: int, stop: int) -> Iterator[Entry]:
    for position in range(start, stop):
        vector = np.array(flat.vectors[position], dtype=np.float32)
        yield Entry(id=f"position-{position}", text=None, vector=vector, position=position)


def _count_faults(flat: FaissVectors, content: PickleContent) -> Iterator[Reason]:
    """Compare index, id map and docstore, where the docstore could be read."""
    if not content.readable:
        return
    positions: list[int] = []
    named = without_text = unmapped = 0
    for row in content.lines():
        named += row["position"] is not None
        unmapped += row["position"] is None
        without_text += row["position"] is not None and row["text"] is None
        if row["position"] is not None:
            positions.append(row["position"])
    documents = named - without_text + unmapped
    n = len(flat.vectors)
    if not n == named == documents or without_text or unmapped:
        detail = f"{n} vectors, {named} ids in the map, {documents} documents"
        yield Reason(StoreCode.COUNT_MISMATCH, float(max(abs(n - named), without_text, unmapped)), detail)
    if positions != list(range(len(positions))):
        detail = "the id map does not run from 0; LangChain renumbers it after every deletion"
        yield Reason(StoreCode.POSITION_MISSING, float(len(set(range(n)) ^ set(positions))), detail)


def pickle_faults(content: PickleContent, name: str) -> Iterator[Reason]:
    """Say what a pickle named or asked for that its kind of store never does."""
    if content.foreign:
        detail = f"{name} names {', '.join(content.foreign)}; nothing of it was imported or run"
        yield Reason(StoreCode.FOREIGN_PICKLE_GLOBAL, float(len(content.foreign)), detail)
    if content.refused:
        yield Reason(
            StoreCode.PICKLE_REFUSED, float(len(content.refused)), f"{name}: {'; '.join(content.refused)}"
        )
    if content.trailing:
        yield Reason(
            StoreCode.PICKLE_TRAILING_BYTES,
            float(content.trailing),
            f"{name}: {content.trailing} bytes after its end",
        )


def repeated_ids(ids: dict[str, int]) -> Iterator[Reason]:
    """Say which ids name more than one entry."""
    repeated = sorted(key for key, times in ids.items() if times > 1)
    if repeated:
        shown = ", ".join(repeated[:5]) + (", ..." if len(repeated) > 5 else "")
        yield Reason(
            StoreCode.ID_REPEATED,
            float(len(repeated)),
            f"{len(repeated)} ids name more than one entry: {shown}",
        )
