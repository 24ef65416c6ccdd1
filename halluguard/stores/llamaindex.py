"""A LlamaIndex storage folder: nodes in `docstore.json`, vectors in `*vector_store.json`; plain JSON throughout."""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import compress, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import StoreError
from halluguard.records import Entry, Reason
from halluguard.stores.codes import StoreCode
from halluguard.stores.metadata import AUTHOR_KEYS, BATCH_KEYS, SOURCE_KEYS, first_text, first_time
from halluguard.stores.store import (
    Store,
    common_dimension,
    mend_entry,
    observe,
    refuse_empty,
)
from halluguard.text import mend_text

MAX_FILE = 2 << 30
MAX_PLACES = 8
"""Places of a node's metadata that JSON may have changed, up to which every reading is tried: 256 hashes."""

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_Place = tuple[str, ...]
"""Keys on the way to a list or object of metadata, `*` for an item of a list: those of one place are of one kind."""


def open_llamaindex(docstore: Path) -> Store:
    """Open the folder of a `docstore.json`.

    Raises:
        StoreError: a file is cut, corrupted, too large, or has another layout.

    """
    files = tuple(sorted(docstore.parent.glob("*vector_store.json")))
    nodes, hashes = _read_nodes(docstore)
    vectors = _read_vectors(files)

    def read() -> Iterator[Entry]:
        return map(mend_entry, _entries(nodes, vectors))

    knows, _, count = observe(read())
    refuse_empty(count, docstore.parent)
    marks = _check_hashes(nodes, hashes)
    return Store(
        kind="llamaindex",
        path=docstore.parent,
        count=count,
        dimension=common_dimension(map(len, vectors.values())),
        metric="cosine" if vectors else None,  # its SimpleVectorStore ranks by cosine
        knows=knows,
        read=read,
        paths=tuple(sorted(docstore.parent.glob("*.json"))),
        faults=(*_count_faults(nodes, vectors), *_hash_faults(marks)),
        marks=marks,
    )


def _read_json(path: Path) -> dict[str, Any]:
    if (size := path.stat().st_size) > MAX_FILE:
        raise StoreError(
            f"{path}: {size:,} bytes, more than {MAX_FILE:,}. Export the store as JSONL with a .npy of its vectors"
        )
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: not whole JSON ({error}). Half written? Copy the store again") from error
    if not isinstance(content, dict):
        raise StoreError(f"{path}: a {type(content).__name__} where a JSON object is expected")
    return content


def _read_nodes(path: Path) -> tuple[dict[str, Mapping[str, Any]], dict[str, str]]:
    """Return the nodes by id, and the hash recorded for each."""
    content = _read_json(path)
    data, recorded = content.get("docstore/data", {}), content.get("docstore/metadata", {})
    if not isinstance(data, dict) or not isinstance(recorded, dict):
        raise StoreError(f'{path}: "docstore/data" is no object; not a docstore of LlamaIndex')
    nodes: dict[str, Mapping[str, Any]] = {}
    for key, item in data.items():
        node = item.get("__data__") if isinstance(item, dict) else None
        if not isinstance(node, dict):
            raise StoreError(f'{path}: node {key!r} has no "__data__"; not a docstore of LlamaIndex')
        nodes[key] = node
    hashes = {
        key: item["doc_hash"]
        for key, item in recorded.items()
        if isinstance(item, dict) and "doc_hash" in item
    }
    return nodes, hashes


def _read_vectors(files: tuple[Path, ...]) -> dict[str, NDArray[np.float32]]:
    vectors: dict[str, NDArray[np.float32]] = {}
    for path in files:
        embeddings = _read_json(path).get("embedding_dict", {})
        try:
            vectors |= {
                key: np.asarray(values, dtype=np.float32).reshape(-1) for key, values in embeddings.items()
            }
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise StoreError(f'{path}: "embedding_dict" is no map of ids to lists of numbers') from error
    return vectors


def _entries(
    nodes: Mapping[str, Mapping[str, Any]], vectors: Mapping[str, NDArray[np.float32]]
) -> Iterator[Entry]:
    for key, node in nodes.items():
        metadata = node.get("metadata") if isinstance(node.get("metadata"), dict) else {}
        assert isinstance(metadata, dict)
        yield Entry(
            id=key,
            text=_text(node),
            vector=vectors.get(key),
            # its relation to a document is none: the document's id is a random one, not a name anybody can look up
            source=first_text(metadata, SOURCE_KEYS),
            ingested_at=first_time(metadata),
            batch=first_text(metadata, BATCH_KEYS),
            written_by_turn=first_text(metadata, AUTHOR_KEYS),
            metadata=metadata,
        )
    for key, vector in vectors.items():
        if key not in nodes:
            yield Entry(id=key, text=None, vector=vector)


def _text(node: Mapping[str, Any]) -> str | None:
    """Return a node's text; newer nodes keep it in a media resource."""
    text = node.get("text")
    if text is None and isinstance(node.get("text_resource"), dict):
        text = node["text_resource"].get("text")
    return text if isinstance(text, str) else None


def _check_hashes(
    nodes: Mapping[str, Mapping[str, Any]], hashes: Mapping[str, str]
) -> dict[str, tuple[Reason, ...]]:
    """Recompute the hash of every text node, SHA-256 over its text and its metadata as Python writes it.

    A node is marked where no metadata that JSON makes into the stored one gives the hash. Where more than `MAX_PLACES`
    may have been something else, that cannot be told, and the node is not marked.
    """
    marks: dict[str, tuple[Reason, ...]] = {}
    for key, node in nodes.items():
        text, recorded = node.get("text"), hashes.get(key)
        if node.get("class_name") != "TextNode" or not isinstance(text, str) or recorded is None:
            continue
        try:
            sound = _may_have_hash(text, node.get("metadata"), recorded)
        except RecursionError:  # nested deeper than any loader writes: it cannot be told either
            sound = True
        if not sound:
            detail = "text or metadata were changed without the store's own writer"
            marks[mend_text(key)] = (Reason(StoreCode.HASH_MISMATCH, 1.0, detail),)
    return marks


def _may_have_hash(text: str, metadata: Any, recorded: str) -> bool:
    """Tell whether text and metadata had this hash before JSON made lists of tuples and strings of whole-number keys."""
    if _hash(text, metadata) == recorded:
        return True
    places = sorted(set(_ambiguous(metadata)))
    if len(places) > MAX_PLACES:
        return True
    return any(
        _hash(text, _restore(metadata, set(compress(places, changed)))) == recorded
        for changed in product((False, True), repeat=len(places))
    )


def _ambiguous(value: Any, place: _Place = ()) -> Iterator[_Place]:
    """Yield the places of lists, and of objects with a key that is a whole number."""
    if isinstance(value, list):
        yield place
        for item in value:
            yield from _ambiguous(item, (*place, "*"))
    elif isinstance(value, dict):
        if place and any(map(_WHOLE.fullmatch, value)):
            yield place
        for key, item in value.items():
            yield from _ambiguous(item, (*place, key))


def _restore(value: Any, changed: Collection[_Place], place: _Place = ()) -> Any:
    """Return a value with tuples for the lists, and numbers for the keys, at the given places."""
    if isinstance(value, list):
        items = [_restore(item, changed, (*place, "*")) for item in value]
        return tuple(items) if place in changed else items
    if isinstance(value, dict):
        return {
            int(key) if place in changed and _WHOLE.fullmatch(key) else key: _restore(
                item, changed, (*place, key)
            )
            for key, item in value.items()
        }
    return value


def _hash(text: str, metadata: Any) -> str:
    return hashlib.sha256((text + str(metadata)).encode("utf-8", "surrogatepass")).hexdigest()


def _hash_faults(marks: Mapping[str, tuple[Reason, ...]]) -> Iterator[Reason]:
    if marks:
        detail = f"{len(marks)} nodes no longer have the hash that was recorded for them"
        yield Reason(StoreCode.HASH_MISMATCH, float(len(marks)), detail)


def _count_faults(
    nodes: Mapping[str, Mapping[str, Any]], vectors: Mapping[str, NDArray[np.float32]]
) -> Iterator[Reason]:
    if not vectors:
        return
    without_vector, without_node = len(nodes.keys() - vectors.keys()), len(vectors.keys() - nodes.keys())
    if without_vector or without_node:
        detail = f"{without_vector} nodes have no vector and {without_node} vectors no node"
        yield Reason(StoreCode.COUNT_MISMATCH, float(max(without_vector, without_node)), detail)
