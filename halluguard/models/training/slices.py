"""Small fixed evaluation slices for use during training; the full benchmarks live in `evals`."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel

from halluguard.models.training.batches import collate, encode, plan_batches
from halluguard.models.training.curriculum import make_scene
from halluguard.models.training.examples import ENTAILMENT, LABELS, TARGETS, Example, read_rows
from halluguard.models.training.kinds import absent_sentence, copied, neighbour_sentence
from halluguard.models.training.mix import read_hans
from halluguard.models.training.network import forward
from halluguard.models.training.passages import Corpus, Passage

#: Padded tokens of a batch that is only read.
PREDICT_TOKENS = {"cpu": 4_096, "cuda": 65_536}


@dataclass(frozen=True, slots=True)
class Slice:
    """A named set of rows; `binary` counts entailment against the rest."""

    name: str
    rows: tuple[Example, ...]
    binary: bool = False


def standard_slices(data: Path, seed: int = 7, sizes: Mapping[str, int] | None = None) -> list[Slice]:
    """Draw the NLI slices: MNLI, SNLI, FEVER (three-way) and the reporting half of the HANS-style rows (two-way)."""
    sizes = sizes or {"mnli": 500, "snli": 300, "fever": 250, "hans": 300}
    rng = random.Random(seed)
    pools: dict[str, list[Example]] = defaultdict(list)
    for row in read_rows(data / "nli" / "dev.jsonl.gz"):
        for name in ("mnli", "snli", "fever"):
            if row["source"].lower().startswith(name):
                pools[name].append(
                    Example(row["premise"], row["hypothesis"], row["label"], name, row["licence"])
                )
    pools["hans"] = read_hans(data / "nli" / "hans_style.jsonl.gz", train=False)
    return [
        Slice(name, tuple(rng.sample(pools[name], min(size, len(pools[name])))), binary=name == "hans")
        for name, size in sizes.items()
    ]


def long_slice(pages: Sequence[Passage], count: int = 100, seed: int = 0, min_words: int = 100) -> Slice:
    """Build passages of `min_words` words or more with claims of which seven in ten are not in them.

    What they show: a long passage is not taken for support.
    """
    rng = random.Random(seed)
    corpus = Corpus(pages)
    absent: list[Example] = []
    stated: list[Example] = []
    while len(absent) < round(0.7 * count) or len(stated) < count - round(0.7 * count):
        scene = make_scene(corpus, rng.randrange(len(pages)), rng)
        if len(scene.text.split()) >= min_words:
            absent += rng.choice((absent_sentence, neighbour_sentence))(scene, rng)
            stated += copied(scene, rng)
    rows = [*absent[: round(0.7 * count)], *stated[: count - round(0.7 * count)]]
    return Slice("long", tuple(rows), binary=True)


def predict(
    network: PreTrainedModel,
    tokenizer: Tokenizer,
    rows: Sequence[Example],
    max_length: int = 512,
) -> list[list[float]]:
    """Return p(entailment), p(neutral), p(contradiction) of each row, in order."""
    encoded = encode(rows, tokenizer, max_length)
    device = network.device.type
    budget = PREDICT_TOKENS[device]
    order = {id(item): index for index, item in enumerate(encoded)}
    out: list[list[float]] = [[] for _ in rows]
    for planned in plan_batches(encoded, budget=budget, seed=0):
        batch = collate(planned, network.config.pad_token_id).to(device)
        scores = torch.softmax(forward(network, batch).float(), dim=-1).tolist()
        for item, row in zip(planned, scores, strict=True):
            out[order[id(item)]] = row
    return out


def accuracy(rows: Sequence[Example], scores: Sequence[Sequence[float]], *, binary: bool) -> float:
    """Return the share of rows whose most probable class is right, three-way or entailment against the rest."""
    hits = 0
    for row, score in zip(rows, scores, strict=True):
        best = max(range(len(LABELS)), key=score.__getitem__)
        hits += (best == 0) == (row.label == ENTAILMENT) if binary else best == TARGETS[row.label]
    return hits / len(rows)


def evaluate_slices(
    network: PreTrainedModel, tokenizer: Tokenizer, slices: Sequence[Slice]
) -> dict[str, float]:
    """Return the accuracy of each slice, as `acc_NAME`."""
    return {
        f"acc_{part.name}": accuracy(part.rows, predict(network, tokenizer, part.rows), binary=part.binary)
        for part in slices
        if part.rows
    }
