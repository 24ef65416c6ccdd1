"""Embed the texts of a store block by block. A `CachedEmbedder` keeps each, so that a stopped sweep goes on from there."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.integrity.contents import Progress
from halluguard.models import Embedder

_BLOCK = 1_000


def embed_texts(
    texts: Sequence[str], embedder: Embedder, *, progress: Progress | None = None, step: str = "embed"
) -> NDArray[np.float32]:
    """Return the vectors of texts, shape (n, d), float32; `progress` is told of the step after every block."""
    vectors = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    for start in range(0, len(texts), _BLOCK):
        stop = min(start + _BLOCK, len(texts))
        vectors[start:stop] = embedder.encode(texts[start:stop])
        if progress:
            progress(step, stop, len(texts))
    return vectors


def count_tokens(texts: Sequence[str], embedder: Embedder) -> list[int] | None:
    """Return the tokens of each text, or None where the embedder does not count them."""
    count = getattr(embedder, "count_tokens", None)
    return None if count is None else [int(number) for number in count(texts)]
