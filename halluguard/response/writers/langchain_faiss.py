"""Write a LangChain FAISS folder from what the allow-list reader saw: a flat index and a pickle of our own making."""

import pickle  # only to write plain strings and numbers inside LangChain's two classes
from pathlib import Path
from typing import Any

import numpy as np

from halluguard.errors import StoreError
from halluguard.response.writers.item import Item, Items, count_vectors, tell_converted
from halluguard.stores import Store, StoreCode, read_faiss

_FLAT_TAGS = (b"IxFI", b"IxF2")


def write_items(items: Items, like: Store, target: Path) -> tuple[str, ...]:
    """Write `index.faiss` and `index.pkl` under the names of `like`; what cannot be kept as it was is returned as notes.

    The index is flat: every vector as stored, whatever the original's index type. Values that metadata kept as
    Python objects (dates, paths, UUIDs, tuples) are written as the text or list that the reader made of them.

    Raises:
        StoreError: langchain-community is not installed, or the pickle was refused so that its texts are unknown.

    """
    index, pickled = like.paths[0], like.paths[1]
    refuse_unread(like)
    _write_index(items, index, target / index.name)
    _write_pickle(items, target / pickled.name)
    with index.open("rb") as stream:
        flat = stream.read(4) in _FLAT_TAGS
    notes = [] if flat else [f"{index.name} was not a flat index; the new one is, and finds exactly"]
    return (*notes, *tell_converted(like))


def refuse_unread(store: Store) -> None:
    """Raise `StoreError` where the pickle was refused, since a store without texts would be written."""
    codes = {StoreCode.FOREIGN_PICKLE_GLOBAL, StoreCode.PICKLE_REFUSED}
    fault = next((reason for reason in store.findings() if reason.code in codes), None)
    if fault is not None:
        raise StoreError(
            f"{store.path}: its pickle was not read ({fault.detail}). Rebuild the store from its documents"
        )


def _write_index(items: Items, original: Path, target: Path) -> None:
    import faiss

    count, shape, _ = count_vectors(items)
    dimension = shape[0] if count else int(read_faiss(original).vectors.shape[1])
    inner = read_faiss(original).metric == "inner_product"
    index = faiss.IndexFlatIP(dimension) if inner else faiss.IndexFlatL2(dimension)
    block: list[Any] = []
    for item in items():
        if item.vector is not None:
            block.append(item.vector)
        if len(block) == 4096:
            index.add(np.stack(block).astype(np.float32))
            block = []
    if block:
        index.add(np.stack(block).astype(np.float32))
    faiss.write_index(index, str(target))


def _write_pickle(items: Items, target: Path) -> None:
    try:
        from langchain_community.docstore.in_memory import InMemoryDocstore
    except ImportError as error:
        raise StoreError(
            "a LangChain store is written with langchain-community, which is not installed. "
            "Install it: pip install 'halluguard-rag[langchain]'"
        ) from error
    from langchain_core.documents import Document

    documents: dict[str, Any] = {}
    names: dict[int, str] = {}
    position, beyond = 0, []
    for item in items():
        entry = item.entry
        if item.vector is not None:
            if not _is_unmapped(item):
                names[position] = entry.id
            position += 1
        elif entry.position is not None:
            beyond.append(entry.id)
        if entry.text is not None:
            documents[entry.id] = Document(
                id=entry.id, page_content=entry.text, metadata=dict(entry.metadata)
            )
    names.update(enumerate(beyond, start=position))
    with target.open("wb") as stream:
        pickle.dump((InMemoryDocstore(documents), names), stream)


def _is_unmapped(item: Item) -> bool:
    """Whether a vector has no id in the map; the reader names it by its position."""
    entry = item.entry
    return entry.text is None and not entry.metadata and entry.id == f"position-{entry.position}"
