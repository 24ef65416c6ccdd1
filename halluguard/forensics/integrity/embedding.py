"""Embed the texts of a store in blocks, and take up where a stopped sweep left off."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.integrity.contents import Progress
from halluguard.models import Embedder

_BLOCK = 1_000


def embed_texts(
    texts: Sequence[str], embedder: Embedder, *, cache: Path | None = None, progress: Progress | None = None
) -> NDArray[np.float32]:
    """Return the vectors of texts, shape (n, d).

    Args:
        texts: any number of texts.
        embedder: the model.
        cache: a folder that keeps each finished block, named by its texts and the model, so that a second sweep of
            the same texts embeds none of them again.
        progress: told after every block.

    """
    blocks = []
    for start in range(0, len(texts), _BLOCK):
        block = texts[start : start + _BLOCK]
        blocks.append(_embed_block(block, embedder, cache))
        if progress:
            progress("embed", start + len(block), len(texts))
    return np.concatenate(blocks) if blocks else np.zeros((0, 0), dtype=np.float32)


def _embed_block(texts: Sequence[str], embedder: Embedder, cache: Path | None) -> NDArray[np.float32]:
    if cache is None:
        return embedder.encode(texts)
    path = cache / f"{_name_block(texts, embedder)}.npy"
    if path.is_file():
        kept: NDArray[np.float32] = np.load(path, allow_pickle=False)
        return kept
    vectors = embedder.encode(texts)
    cache.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as stream:
        np.save(stream, vectors, allow_pickle=False)
    part.replace(path)
    return vectors


def _name_block(texts: Sequence[str], embedder: Embedder) -> str:
    total = hashlib.sha256(embedder.digest.encode())
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        total.update(len(raw).to_bytes(8) + raw)
    return total.hexdigest()[:40]


def count_tokens(texts: Sequence[str], embedder: Embedder) -> list[int] | None:
    """Return the tokens of each text, or None where the embedder does not count them."""
    count = getattr(embedder, "count_tokens", None)
    return None if count is None else [int(number) for number in count(texts)]
