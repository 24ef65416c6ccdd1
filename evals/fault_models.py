"""Another embedding model of the same dimension, made of the one at hand, so that none has to be fetched."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from halluguard.models import SentenceEmbedder

_LAYER = 3
_BATCH = 32


class MiddleLayer:
    """The mean of a middle layer in place of the last: same words, same dimension, other directions."""

    def __init__(self, model: SentenceEmbedder) -> None:
        self.name, self.digest = f"layer {_LAYER} of {model.name}", f"{model.digest}/layer-{_LAYER}"
        self.dimension, self.max_tokens = model.dimension, model.max_tokens
        self._outer, self._inner = model, model._model[0]  # noqa: SLF001  # no public way to a middle layer

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32, shape (n, d)."""
        blocks = [self._encode(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        return np.concatenate(blocks) if blocks else np.zeros((0, self.dimension), dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, as the whole model counts them."""
        return self._outer.count_tokens(texts)

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import torch

        inputs = self._inner.tokenizer(
            list(texts), truncation=True, max_length=self.max_tokens, padding=True, return_tensors="pt"
        ).to(self._inner.auto_model.device)
        with torch.inference_mode():
            hidden = self._inner.auto_model(**inputs, output_hidden_states=True).hidden_states[_LAYER]
        mask = inputs["attention_mask"][..., None].to(hidden.dtype)
        means = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(means, dim=1).float().cpu().numpy()
        return vectors
