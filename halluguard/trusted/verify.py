"""Embed a sample of an index again and say which stored vectors are not what the model gives today."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from halluguard.models import Embedder
from halluguard.trusted.chunks import embedding_text
from halluguard.trusted.index import open_index
from halluguard.trusted.manifest import IndexManifest

TOLERANCE = 1e-3
"""Largest 1 - cosine between a stored and a fresh vector of the same text. Batches and threads move a float32
vector by about 1e-6, half precision on a GPU by about 1e-4; another text moves it by 1e-1."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A chunk whose stored vector is not the one its text gives."""

    chunk_id: str
    source: str
    cosine: float


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a check of an index found; `lowest_cosine` is that of the worst chunk of the sample."""

    manifest: IndexManifest
    n_checked: int
    lowest_cosine: float
    disagreements: tuple[Disagreement, ...]

    @property
    def agrees(self) -> bool:
        """Whether every vector of the sample is what its text gives."""
        return not self.disagreements

    def summary(self) -> str:
        """One line for people, and one for each disagreement."""
        of = f"{self.n_checked} of {self.manifest.n_chunks} chunks embedded again"
        if self.agrees:
            return f"{of}: all agree (lowest cosine {self.lowest_cosine:.6f})"
        lines = [f"{of}: {len(self.disagreements)} disagree"]
        lines += [f"{each.chunk_id} ({each.source}): cosine {each.cosine:.4f}" for each in self.disagreements]
        return "\n".join(lines)


def verify_index(path: Path, embedder: Embedder, *, sample: int = 200, seed: int = 0) -> VerifyResult:
    """Check an index: files against digests, counts against the manifest, a sample of vectors against the model.

    Raises:
        TrustedCorpusError: it is no index, is damaged, or was built with another model.
        ValueError: the sample is empty.

    """
    if sample < 1:
        raise ValueError(f"sample must be at least 1, got {sample}")
    index = open_index(Path(path), embedder)
    rows = np.random.default_rng(seed).choice(len(index), min(sample, len(index)), replace=False)
    rows.sort()
    chunks = [index.chunk(int(row)) for row in rows]
    fresh = embedder.encode([embedding_text(chunk) for chunk in chunks])
    cosines = np.einsum("nd,nd->n", fresh, index.vectors(rows), dtype=np.float64)
    wrong = tuple(
        Disagreement(chunk.id, chunk.source, round(float(cosine), 6))
        for chunk, cosine in zip(chunks, cosines, strict=True)
        if not cosine >= 1 - TOLERANCE
    )
    return VerifyResult(index.manifest, len(chunks), round(float(cosines.min()), 6), wrong)
