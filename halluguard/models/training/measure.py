"""Measure finished weights on the development sets that judge a training run: NLI, HANS-style, held-out edits."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from halluguard.models.devices import resolve_device
from halluguard.models.training.examples import Example
from halluguard.models.training.held_out import held_out_edits, read_split_pages
from halluguard.models.training.network import load_tokenizer
from halluguard.models.training.passages import Passage
from halluguard.models.training.slices import Slice, accuracy, long_slice, predict, standard_slices
from halluguard.models.training.written import find_written, read_written

#: Rows of each NLI set; None of them trains.
FULL_SIZES = {"mnli": 6_000, "snli": 4_000, "fever": 3_000, "hans": 2_000}


def load_network(folder: Path, device: str = "cpu") -> PreTrainedModel:
    """Load exported weights in float32, to measure or to judge with."""
    network: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
    network.to(resolve_device(device)).eval()
    return network


def held_pages(data: Path) -> list[Passage]:
    """Read the pages kept out of training."""
    return read_split_pages(data)[1]


def draw_edits(pages: Sequence[Passage], count: int) -> list[Example]:
    """Draw `count` of the 2,000 held-out edited claims, twins together, always the same ones."""
    edits = held_out_edits(2_000, pages=pages)
    pairs = [edits[index : index + 2] for index in range(0, len(edits), 2)]
    random.Random(0).shuffle(pairs)
    return [example for pair in pairs[: count // 2] for example in pair]


def small_slices(data: Path) -> list[Slice]:
    """Return what is measured at each checkpoint: some 2,000 rows, under a minute on two cores."""
    pages = held_pages(data)
    return [
        *standard_slices(data),
        Slice("edits", tuple(draw_edits(pages, 240)), binary=True),
        long_slice(pages),
        written_slice(300),
    ]


def written_slice(limit: int | None = None) -> Slice:
    """Return the written pairs that are kept back (three-way), or `limit` of them drawn with a fixed seed."""
    rows = read_written(find_written(), held_back=True)
    return Slice("written", tuple(random.Random(0).sample(rows, min(len(rows), limit or len(rows)))))


def dev_slices(data: Path, limit: int | None = None) -> list[Slice]:
    """Return the development sets, each cut to `limit` rows if given, drawn with a fixed seed."""
    sizes = {name: min(size, limit or size) for name, size in FULL_SIZES.items()}
    pages = held_pages(data)
    by_kind: dict[str, list[Example]] = defaultdict(list)
    for example in draw_edits(pages, min(2_000, 2 * (limit or 1_000))):
        by_kind[example.kind].append(example)
    edits = [Slice(kind, tuple(rows), binary=True) for kind, rows in sorted(by_kind.items())]
    return [
        *standard_slices(data, sizes=sizes),
        *edits,
        long_slice(pages, count=min(400, limit or 400)),
        written_slice(limit),
    ]


def measure(folder: Path, slices: Sequence[Slice], device: str = "cpu") -> dict[str, dict[str, float]]:
    """Return accuracy and row count of each slice for the weights in `folder`."""
    network = load_network(folder, device)
    tokenizer = load_tokenizer(folder)
    figures = {}
    with torch.inference_mode():
        for part in slices:
            scores = predict(network, tokenizer, part.rows)
            value = accuracy(part.rows, scores, binary=part.binary)
            figures[part.name] = {"accuracy": round(value, 4), "rows": len(part.rows)}
    return figures
