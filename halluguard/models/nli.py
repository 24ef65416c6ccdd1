"""(premise, hypothesis) pairs to entailment, neutral and contradiction, by any sequence-classification model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import ModelError, first_line
from halluguard.models.batching import BATCH_TOKENS, plan_batches
from halluguard.models.devices import Placement, place
from halluguard.models.digest import digest_model, find_snapshot

DEFAULT_MODEL = Path(__file__).parent / "nli-minilm-grounding"
"""The cross-encoder shipped as package data."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PairScores:
    """Scores of pairs, in the order they were given.

    `probabilities` has shape (n, 3): entailment, neutral, contradiction, each row summing to 1.
    `truncated` has shape (n,): whether a pair was cut to the model's length.
    """

    probabilities: NDArray[np.float32]
    truncated: NDArray[np.bool_]


class PairScorer(Protocol):
    """Anything that scores (premise, hypothesis) pairs; the same pair always gets the same scores."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def max_tokens(self) -> int: ...

    def score(self, pairs: Sequence[Pair]) -> PairScores: ...


@dataclass(frozen=True)
class NliModel:
    """A cross-encoder with its label order resolved."""

    name: str
    digest: str
    max_tokens: int
    batch_tokens: int
    placement: Placement
    _order: tuple[int | None, int | None, int | None]
    _tokenizer: Any
    _model: Any
    on_batch: Callable[[int], None] | None = None
    folder: Path | None = None

    def score(self, pairs: Sequence[Pair]) -> PairScores:
        """Score pairs in length-sorted batches under the token budget; memory is bounded by the budget."""
        import torch

        truncated = np.zeros(len(pairs), dtype=np.bool_)
        probabilities = np.zeros((len(pairs), 3), dtype=np.float32)
        if not pairs:
            return PairScores(probabilities, truncated)
        encoded = self._encode(pairs, truncated)
        for batch in plan_batches([len(ids["input_ids"]) for ids in encoded], max_tokens=self.batch_tokens):
            inputs = self._tokenizer.pad([encoded[position] for position in batch], return_tensors="pt")
            with torch.inference_mode():
                logits = self._model(**inputs.to(self.placement.device)).logits.float()
            rows = torch.softmax(logits, dim=-1).cpu().numpy()
            probabilities[list(batch)] = self._reorder(rows)
            if self.on_batch:
                self.on_batch(len(batch))
        return PairScores(probabilities, truncated)

    def _encode(self, pairs: Sequence[Pair], truncated: NDArray[np.bool_]) -> list[dict[str, list[int]]]:
        """Tokenize pairs whole; those too long are cut, longest text first, and marked in `truncated`."""
        whole = self._tokenizer(
            [p for p, _ in pairs], [h for _, h in pairs], truncation=False, padding=False, verbose=False
        )
        encoded = [{key: whole[key][i] for key in whole} for i in range(len(pairs))]
        for position, ids in enumerate(encoded):
            if len(ids["input_ids"]) > self.max_tokens:
                truncated[position] = True
                encoded[position] = dict(
                    self._tokenizer(*pairs[position], truncation="longest_first", max_length=self.max_tokens)
                )
        return encoded

    def _reorder(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        columns = [
            rows[:, i] if i is not None else np.zeros(len(rows), dtype=np.float32) for i in self._order
        ]
        return np.stack(columns, axis=1)


def label_order(id2label: dict[int, str]) -> tuple[int | None, int | None, int | None]:
    """Return the positions of entailment, neutral and contradiction in a model's output.

    A two-way model (entailment / not_entailment) has no contradiction: its position is None and its score 0.

    Raises:
        ModelError: the labels are not those of an NLI model; an order is never guessed.

    """
    found: dict[str, int] = {}
    for position, label in id2label.items():
        key = label.lower().replace("-", "_").replace(" ", "_")
        if key.startswith(("not_entail", "non_entail")):
            found["neutral"] = int(position)
        elif key.startswith("entail"):
            found["entailment"] = int(position)
        elif key.startswith("neutral"):
            found["neutral"] = int(position)
        elif key.startswith("contradict"):
            found["contradiction"] = int(position)
    if "entailment" not in found or "neutral" not in found or len(found) != len(id2label):
        raise ModelError(
            f"labels {sorted(id2label.values())} are not those of an NLI model. "
            "Expected entailment, neutral and contradiction in the model's id2label"
        )
    return found["entailment"], found["neutral"], found.get("contradiction")


def load_nli(
    name_or_path: str | None = None,
    *,
    device: str = "auto",
    batch_tokens: int | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> NliModel:
    """Load an NLI cross-encoder by folder or hub name; without a name the one in the package.

    Args:
        name_or_path: a model folder or hub name.
        device: as `place` takes it: `auto`, `cpu`, `cuda`, or `cpu:bfloat16`.
        batch_tokens: the most tokens read at once, padding included; None is what suits the device.
        on_batch: called with the number of pairs of each batch.

    Raises:
        ModelError: found nowhere, unreadable, or with labels that cannot be recognised.

    """
    source = str(name_or_path) if name_or_path is not None else str(DEFAULT_MODEL)
    folder = Path(source)
    if not folder.is_dir() and (name_or_path is None or folder.is_absolute() or source.startswith(".")):
        raise ModelError(
            f"NLI model {source!r}: no such folder. Give a model folder or hub name with --nli-model"
        )
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # its bars would mix with ours

    placement = place(device)
    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        order = label_order(config.id2label)
        model = AutoModelForSequenceClassification.from_pretrained(
            source, dtype=placement.dtype, trust_remote_code=False
        )
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"NLI model {source!r} cannot be loaded ({first_line(error, 200)}). Check --nli-model"
        ) from error
    model.to(placement.device).eval()
    digest = digest_model(folder if folder.is_dir() else find_snapshot(source))
    limit = min(int(getattr(config, "max_position_embeddings", 512)), 512)
    return NliModel(
        folder.name if folder.is_dir() else source,
        digest,
        limit,
        batch_tokens or BATCH_TOKENS[placement.device],
        placement,
        order,
        tokenizer,
        model,
        on_batch,
        folder if folder.is_dir() else None,
    )
