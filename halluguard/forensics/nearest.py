"""The store's entries in memory, ranked the way the chatbot's retriever ranks them."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from halluguard.models import Embedder
from halluguard.records import Entry

_PROBE = 64
"""Entries embedded again to learn whether the stored vectors are those of our embedder."""

_SAME_MODEL_COSINE = 0.95


@dataclass(frozen=True)
class EntryIndex:
    """Entries with unit vectors, shape (n, dimension), float32; zero where the store holds none of that dimension.

    Where the texts were embedded again, those without text are zero.
    """

    entries: tuple[Entry, ...]
    vectors: NDArray[np.float32]
    embedded_again: bool

    def position(self, entry_id: str) -> int | None:
        """Return where an id stands first, or None for a ghost."""
        return next(iter(self.positions(entry_id)), None)

    def positions(self, entry_id: str) -> tuple[int, ...]:
        """Return everywhere an id stands, in insertion order: once in a sound store, nowhere for a ghost."""
        return self._positions.get(entry_id, ())

    @cached_property
    def _positions(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = defaultdict(list)
        for position, entry in enumerate(self.entries):
            found[entry.id].append(position)
        return {entry_id: tuple(places) for entry_id, places in found.items()}

    def later_than(self, moment: datetime | None) -> tuple[int, ...]:
        """Return where the entries stand that came into the store after a moment; none where it is unknown."""
        dates, places = self._dated
        return places[bisect_right(dates, moment) :] if moment is not None else ()

    @cached_property
    def _dated(self) -> tuple[list[datetime], tuple[int, ...]]:
        """The times of the entries that have one, in order, and where these stand: asked for every event of a trace."""
        dated = sorted((entry.ingested_at, at) for at, entry in enumerate(self.entries) if entry.ingested_at)
        return [date for date, _ in dated], tuple(at for _, at in dated)

    @cached_property
    def unreachable(self) -> frozenset[int]:
        """Where the entries stand that no retriever can return: the store holds no vector of its dimension for them."""
        if self.embedded_again:
            return frozenset()
        shape = self.vectors.shape[1:]
        zero = np.flatnonzero(~self.vectors.any(axis=1)).tolist()
        return frozenset(
            at for at in zero if (vector := self.entries[at].vector) is None or vector.shape != shape
        )

    def rank(
        self, query: NDArray[np.float32], k: int, without: Collection[int] = ()
    ) -> list[tuple[int, float]]:
        """Return the positions and cosines of the k entries nearest to a unit vector, ties in insertion order."""
        scores = self.vectors @ query
        left_out = list({*without})
        if left_out:
            scores[left_out] = -2.0
        k = min(k, len(scores) - len(left_out))
        if k <= 0:
            return []
        top = np.argpartition(-scores, k - 1)[:k]
        return [(int(p), float(scores[p])) for p in sorted(top, key=lambda p: (-scores[p], p))]


def index_entries(entries: Sequence[Entry], embedder: Embedder) -> EntryIndex:
    """Index entries by their stored vectors where those are our embedder's, else by their text embedded again.

    Whether they are is decided on a sample: the median cosine between stored and fresh vectors. Single entries
    whose vector fits another text, or that have none, stay as they are stored, since that is what the retriever
    sees. Where most have none, the store's vectors are taken to lie elsewhere.
    """
    texts = [entry.text or "" for entry in entries]
    has_vector = [
        entry.vector is not None and entry.vector.shape == (embedder.dimension,) for entry in entries
    ]
    stored = _stack(entries, has_vector, embedder.dimension)
    both = [at for at, text in enumerate(texts) if text and has_vector[at]]
    if (
        both
        and 2 * sum(has_vector) >= len(entries)
        and _is_ours(stored[both], [texts[at] for at in both], embedder)
    ):
        return EntryIndex(tuple(entries), stored, embedded_again=False)
    vectors = embedder.encode(texts)
    vectors[[not text for text in texts]] = 0.0
    return EntryIndex(tuple(entries), vectors, embedded_again=True)


def _stack(entries: Sequence[Entry], has_vector: Sequence[bool], dimension: int) -> NDArray[np.float32]:
    vectors = np.zeros((len(entries), dimension), dtype=np.float32)
    for at, entry in enumerate(entries):
        if has_vector[at] and entry.vector is not None:
            vectors[at] = entry.vector
    vectors[~np.isfinite(vectors).all(axis=1)] = 0.0
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / np.where(norms > 0, norms, 1.0)).astype(np.float32)
    return unit


def _is_ours(stored: NDArray[np.float32], texts: Sequence[str], embedder: Embedder) -> bool:
    sample = np.unique(np.linspace(0, len(texts) - 1, min(_PROBE, len(texts))).astype(int))
    fresh = embedder.encode([texts[position] for position in sample])
    return float(np.median(np.sum(fresh * stored[sample], axis=1))) >= _SAME_MODEL_COSINE
