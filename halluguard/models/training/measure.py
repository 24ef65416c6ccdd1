"""Measure finished weights on the development sets that judge a training run: NLI, HANS-style, held-out edits."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import BertForSequenceClassification

from halluguard.models.training.examples import Example
from halluguard.models.training.held_out import held_out_edits, split_pages
from halluguard.models.training.network import load_tokenizer
from halluguard.models.training.passages import gold_ids, read_pages
from halluguard.models.training.slices import Slice, accuracy, long_slice, predict, standard_slices

#: Rows of each NLI set; None of them trains.
FULL_SIZES = {"mnli": 6_000, "snli": 4_000, "fever": 3_000, "hans": 2_000}


def load_network(folder: Path) -> BertForSequenceClassification:
    """Load exported weights in float32 for measuring on a CPU."""
    network = BertForSequenceClassification.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa")
    network.eval()
    return network


def dev_slices(data: Path, limit: int | None = None) -> list[Slice]:
    """Return the development sets, each cut to `limit` rows if given, drawn with a fixed seed."""
    sizes = {name: min(size, limit or size) for name, size in FULL_SIZES.items()}
    slices = standard_slices(data, sizes=sizes)
    pages = read_pages(data / "poison" / "entries.jsonl.gz", gold_ids(data / "poison" / "questions.jsonl.gz"))
    held = split_pages(pages)[1]
    by_kind: dict[str, list[Example]] = defaultdict(list)
    edits = held_out_edits(2_000, pages=held)
    pairs = [edits[i : i + 2] for i in range(0, len(edits), 2)]
    random.Random(0).shuffle(pairs)
    for example in [e for pair in pairs for e in pair][: limit and 2 * limit]:
        by_kind[example.kind].append(example)
    slices += [Slice(kind, tuple(rows), binary=True) for kind, rows in sorted(by_kind.items())]
    return [*slices, long_slice(held, count=min(400, limit or 400))]


def measure(folder: Path, slices: Sequence[Slice]) -> dict[str, dict[str, float]]:
    """Return accuracy and row count of each slice for the weights in `folder`."""
    network = load_network(folder)
    tokenizer = load_tokenizer(folder)
    figures = {}
    with torch.inference_mode():
        for part in slices:
            scores = predict(network, tokenizer, part.rows)
            value = accuracy(part.rows, scores, binary=part.binary)
            figures[part.name] = {"accuracy": round(value, 4), "rows": len(part.rows)}
    return figures
