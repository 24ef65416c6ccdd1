"""The loop's vector store: a LangChain vector store over a real FAISS index, and its snapshots in the native format."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from numpy.typing import NDArray

from halluguard.models import Embedder


class RememberingEmbeddings(Embeddings):  # type: ignore[misc] # langchain-core is not followed
    """An embedder that embeds each text once; a drill asks the same questions for weeks."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), dimension)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._embedder.encode(new), strict=True))
        if not texts:
            return np.zeros((0, self._embedder.dimension), dtype=np.float32)
        return np.stack([self._known[text] for text in texts])

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return vectors as LangChain wants them."""
        found: list[list[float]] = self.vectors(texts).tolist()
        return found

    def embed_query(self, text: str) -> list[float]:
        """Return one vector as LangChain wants it."""
        return self.embed_documents([text])[0]


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """An entry of the loop's store."""

    id: str
    text: str
    source: str
    ingested_at: datetime
    batch: str
    written_by_turn: str | None = None

    def as_row(self) -> dict[str, Any]:
        """Return a line of the native store."""
        row = {
            "id": self.id,
            "text": self.text,
            "source": self.source,
            "ingested_at": self.ingested_at.isoformat(),
            "batch": self.batch,
        }
        return row if self.written_by_turn is None else {**row, "written_by_turn": self.written_by_turn}


class Shelf(VectorStore):  # type: ignore[misc] # langchain-core is not followed
    """A flat inner-product FAISS index with stable ids, behind LangChain's interface; `as_retriever()` gives the retriever."""

    def __init__(self, embeddings: RememberingEmbeddings) -> None:
        dimension = embeddings.vectors(["dimension"]).shape[1]
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._embeddings = embeddings
        self._entries: dict[int, ShelfEntry] = {}
        self._numbers: dict[str, int] = {}
        self._next = 0

    @property
    def embeddings(self) -> RememberingEmbeddings:
        """The embedder of the store."""
        return self._embeddings

    def put(self, entry: ShelfEntry) -> None:
        """Add an entry, or replace the one of the same id."""
        self.remove([entry.id])
        vector = self._embeddings.vectors([entry.text])
        self._index.add_with_ids(vector, np.array([self._next], dtype=np.int64))
        self._entries[self._next] = entry
        self._numbers[entry.id] = self._next
        self._next += 1

    def remove(self, ids: Iterable[str]) -> None:
        """Take entries out of the index; unknown ids are passed over."""
        numbers = [self._numbers.pop(id_) for id_ in ids if id_ in self._numbers]
        if numbers:
            self._index.remove_ids(faiss.IDSelectorBatch(np.array(numbers, dtype=np.int64)))
            for number in numbers:
                del self._entries[number]

    def similarity_search_with_score(self, query: str, k: int = 4) -> list[tuple[Document, float]]:
        """Return the k nearest entries with their cosine, best first."""
        count = min(k, self._index.ntotal)
        if not count:
            return []
        scores, numbers = self._index.search(self._embeddings.vectors([query]), count)
        return [
            (self._document(int(n), float(s)), float(s)) for s, n in zip(scores[0], numbers[0], strict=True)
        ]

    def similarity_search(self, query: str, k: int = 4, **_: Any) -> list[Document]:
        """Return the k nearest entries; each document's metadata carries its score."""
        return [document for document, _ in self.similarity_search_with_score(query, k)]

    def _document(self, number: int, score: float) -> Document:
        entry = self._entries[number]
        return Document(entry.text, id=entry.id, metadata={"source": entry.source, "score": score})

    @classmethod
    def from_texts(
        cls, texts: list[str], embedding: Embeddings, metadatas: list[dict[str, Any]] | None = None, **_: Any
    ) -> "Shelf":
        """Refuse: entries need a time and a source, use `put`."""
        raise NotImplementedError("entries need a time and a source: use put")

    def entries(self) -> list[ShelfEntry]:
        """Return the entries in order of insertion."""
        return [self._entries[number] for number in sorted(self._entries)]

    def save(self, folder: Path) -> None:
        """Write the store in the native format, the vectors as they lie in the index."""
        numbers = sorted(self._entries)
        vectors = (
            np.stack([self._index.reconstruct(n) for n in numbers])
            if numbers
            else np.zeros((0, self._index.d))
        )
        save_entries(self.entries(), vectors.astype(np.float32), folder)


def save_entries(entries: Sequence[ShelfEntry], vectors: NDArray[np.float32], folder: Path) -> None:
    """Write `store.jsonl` and `store.npy`, vectors of shape (len(entries), dimension), into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(entry.as_row(), ensure_ascii=False) for entry in entries]
    (folder / "store.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    np.save(folder / "store.npy", vectors)
