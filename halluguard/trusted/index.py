"""An index of trusted chunks, opened from disk: vectors mapped into memory, texts read when asked for."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from halluguard.errors import TrustedCorpusError
from halluguard.models import Embedder
from halluguard.records import TrustedChunk
from halluguard.run import digest_file
from halluguard.trusted.manifest import IndexManifest, read_manifest
from halluguard.trusted.vectors import open_vectors

CHUNKS = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("source", pa.string()),
        ("title", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
    ]
)
_GROUPS_KEPT = 64
_QUERIES_AT_ONCE = 512
_SPARE = 8
_DECIMALS = 5


def open_index(path: Path, embedder: Embedder) -> "TrustedIndex":
    """Open an index for search with the embedder it was built with; its files are checked against their digests.

    Raises:
        TrustedCorpusError: it is no index, is damaged, or was built with another model or dimension.

    """
    path = Path(path)
    manifest = read_manifest(path)
    if manifest.dimension != embedder.dimension or manifest.model_digest != embedder.digest:
        raise TrustedCorpusError(
            f"{path}: built with {manifest.model_name} ({manifest.model_digest[:12]}, {manifest.dimension} dimensions), "
            f"opened with {embedder.name} ({embedder.digest[:12]}, {embedder.dimension}). "
            "Build it again with `halluguard index build`, or name its model with --embedder"
        )
    for name, digest in (
        (manifest.index_file, manifest.index_digest),
        (manifest.chunks_file, manifest.chunks_digest),
    ):
        _check_file(path, name, digest)
    vectors = open_vectors(path / manifest.index_file, count=manifest.n_chunks, dimension=manifest.dimension)
    return TrustedIndex(manifest, path / manifest.chunks_file, vectors)


def _check_file(folder: Path, name: str, digest: str) -> None:
    """Refuse a damaged file before FAISS or Arrow parse it: their readers trust what they read."""
    path = folder / name
    if Path(name).name != name:
        raise TrustedCorpusError(
            f"{folder}: its manifest names {name!r}, a file elsewhere. Build the index again"
        )
    try:
        found = digest_file(path)
    except OSError as error:
        raise TrustedCorpusError(
            f"{path}: cannot be read ({error.strerror}). Build the index again"
        ) from error
    if found != digest:
        raise TrustedCorpusError(
            f"{path}: damaged, its digest is {found[:12]}, the manifest says {digest[:12]}. Build the index again"
        )


class TrustedIndex:
    """Trusted chunks with their vectors; positions count from 0 in the order of the documents. Made by `open_index`."""

    def __init__(self, manifest: IndexManifest, chunks_path: Path, vectors: Any) -> None:
        self.manifest = manifest
        self._vectors = vectors
        self._table = pq.ParquetFile(chunks_path, memory_map=True)
        sizes = [
            self._table.metadata.row_group(group).num_rows for group in range(self._table.num_row_groups)
        ]
        self._group_ends = np.cumsum(sizes)
        if int(self._group_ends[-1]) != manifest.n_chunks:
            raise TrustedCorpusError(
                f"{chunks_path}: holds {self._group_ends[-1]} chunks, the manifest says {manifest.n_chunks}"
            )
        self._read_group = lru_cache(maxsize=_GROUPS_KEPT)(self._table.read_row_group)

    def __len__(self) -> int:
        """Return the number of chunks."""
        return self.manifest.n_chunks

    def chunk(self, position: int) -> TrustedChunk:
        """Return the chunk at a position; reads about a thousand neighbours with it and keeps them a while."""
        if not 0 <= position < len(self):
            raise IndexError(f"position {position} is outside 0..{len(self) - 1}")
        group = int(np.searchsorted(self._group_ends, position, side="right"))
        row = position - (int(self._group_ends[group - 1]) if group else 0)
        found = self._read_group(group).slice(row, 1).to_pylist()[0]
        return TrustedChunk(**found)

    def stream(self) -> Iterator[TrustedChunk]:
        """Yield all chunks in order; one row group is in memory at a time."""
        for batch in self._table.iter_batches(batch_size=1024):
            yield from (TrustedChunk(**row) for row in batch.to_pylist())

    def vectors(self, positions: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the stored unit vectors at positions, shape (len(positions), dimension)."""
        wanted = np.ascontiguousarray(positions, dtype=np.int64)
        found: NDArray[np.float32] = self._vectors.reconstruct_batch(wanted)
        return found

    def search(self, vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the k nearest chunks of each vector.

        Equally near chunks come in the order of their positions, so that neither the number of vectors nor the
        number of threads shows in the result.

        Args:
            vectors: unit vectors, shape (n, dimension).
            k: how many chunks to find for each, at least 1.

        Returns:
            Positions, shape (n, k), -1 where there are fewer than k chunks; and cosines, same shape, between -1
            and 1, rounded to five decimals, best first, -1 beside a missing chunk.

        """
        queries = np.ascontiguousarray(vectors, dtype=np.float32)
        if queries.ndim != 2 or queries.shape[1] != self.manifest.dimension or k < 1:
            raise ValueError(
                f"expected vectors of shape (n, {self.manifest.dimension}) and k >= 1, got {queries.shape}, k={k}"
            )
        parts = [
            self._search_some(queries[start : start + _QUERIES_AT_ONCE], k)
            for start in range(0, len(queries), _QUERIES_AT_ONCE)
        ]
        if not parts:
            return np.zeros((0, k), dtype=np.int64), np.zeros((0, k), dtype=np.float32)
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _search_some(
        self, queries: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        # FAISS sums in another order for one query than for many: a few spare hits are summed again, always alike.
        _, found = self._vectors.search(queries, min(k + _SPARE, len(self)))
        stored = self.vectors(np.maximum(found, 0).ravel()).reshape(*found.shape, -1)
        cosines = np.einsum("qd,qkd->qk", queries, stored, dtype=np.float64).clip(-1.0, 1.0).round(_DECIMALS)
        cosines[found < 0] = -2.0
        order = np.lexsort((found, -cosines), axis=1)[:, :k]
        positions = np.full((len(queries), k), -1, dtype=np.int64)
        scores = np.full((len(queries), k), -1.0, dtype=np.float32)
        positions[:, : order.shape[1]] = np.take_along_axis(found, order, axis=1)
        scores[:, : order.shape[1]] = np.take_along_axis(cosines, order, axis=1).clip(-1.0, 1.0)
        return positions, scores
