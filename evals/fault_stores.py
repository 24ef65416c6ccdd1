"""Write rows as a store of each kind, with the library that owns the format where there is one."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evals.fault_types import Row, Rows

_CHROMA_BATCH = 1_000


class RefusedError(Exception):
    """The library that owns the format does not write such an entry, so the fault cannot come about that way."""


def write_native(store: Rows, folder: Path) -> None:
    """Write JSONL with a `.npy`, or with the vectors inline where some rows have none."""
    rows = [dict(row) for row in store.rows]
    if store.without:
        for at, row in enumerate(rows):
            if at not in store.without:
                row["vector"] = store.vectors[at].tolist()
    else:
        np.save(folder / "vectors.npy", store.vectors)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "entries.jsonl").write_text(lines, encoding="utf-8")


def write_faiss(store: Rows, folder: Path) -> None:
    """Save a LangChain FAISS folder; a text that is lost has no document, a vector that is lost no position."""
    import faiss
    from langchain_community.docstore.in_memory import InMemoryDocstore
    from langchain_community.vectorstores import FAISS
    from langchain_core.documents import Document
    from langchain_core.embeddings import DeterministicFakeEmbedding

    kept = [at for at in range(len(store.rows)) if at not in store.without]
    index = faiss.IndexFlatIP(store.vectors.shape[1])
    index.add(np.ascontiguousarray(store.vectors[kept]))
    documents = {
        str(row["id"]): Document(page_content=str(row["text"]), metadata=_metadata(row))
        for row in store.rows
        if row["text"] is not None
    }
    positions = {position: str(store.rows[at]["id"]) for position, at in enumerate(kept)}
    embedding = DeterministicFakeEmbedding(size=store.vectors.shape[1])
    FAISS(embedding, index, InMemoryDocstore(documents), positions).save_local(str(folder))


def write_chroma(store: Rows, folder: Path) -> None:
    """Add the rows to a collection of a persistent Chroma client."""
    import chromadb

    if store.without:
        raise RefusedError("Chroma embeds a document that comes without a vector")
    if not np.isfinite(store.vectors).all():
        raise RefusedError("Chroma's index takes no vector that is not finite")
    settings = chromadb.config.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(folder), settings=settings)
    collection = client.create_collection("faults", embedding_function=None)
    for start in range(0, len(store.rows), _CHROMA_BATCH):
        some = store.rows[start : start + _CHROMA_BATCH]
        collection.add(
            ids=[str(row["id"]) for row in some],
            embeddings=store.vectors[start : start + _CHROMA_BATCH],
            documents=[row["text"] for row in some],
            metadatas=[_metadata(row) or {"source": ""} for row in some],
        )


def write_llamaindex(store: Rows, folder: Path) -> None:
    """Persist an index of nodes; a text or a vector that is lost is deleted from its half afterwards."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.schema import TextNode

    nodes = [
        TextNode(
            id_=str(row["id"]), text=row["text"] or "", embedding=vector.tolist(), metadata=_metadata(row)
        )
        for row, vector in zip(store.rows, store.vectors, strict=True)
    ]
    index = VectorStoreIndex(
        nodes, embed_model=MockEmbedding(store.vectors.shape[1]), store_nodes_override=True
    )
    for row in store.rows:
        if row["text"] is None:
            index.docstore.delete_document(str(row["id"]))
    for at in store.without:
        index.vector_store.data.embedding_dict.pop(str(store.rows[at]["id"]))
    index.storage_context.persist(str(folder))


def _metadata(row: Row) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in {"id", "text"} and value is not None}


WRITERS: Mapping[str, Callable[[Rows, Path], None]] = {
    "LangChain FAISS": write_faiss,
    "JSONL and npy": write_native,
    "Chroma": write_chroma,
    "LlamaIndex": write_llamaindex,
}
"""How to write a store, by the kind's name."""
