"""Distillation: what a larger model says of pairs, written beside their labels."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel

from halluguard.models.training.examples import Example, read_examples, write_examples
from halluguard.models.training.measure import load_network
from halluguard.models.training.network import fast_precision, load_tokenizer
from halluguard.models.training.slices import predict


def load_teacher(folder: Path, device: str = "cpu") -> tuple[PreTrainedModel, Tokenizer]:
    """Load a trained model to judge with, in the precision that is fastest there."""
    network = load_network(folder, device)
    if fast_precision(device) == "bfloat16":
        network.to(torch.bfloat16)
    return network, load_tokenizer(folder)


def teach(examples: Sequence[Example], network: PreTrainedModel, tokenizer: Tokenizer) -> list[Example]:
    """Return the examples, in order, with what the teacher gives each class."""
    with torch.inference_mode():
        scores = predict(network, tokenizer, examples)
    return [
        replace(row, teacher=(round(given[0], 4), round(given[1], 4), round(given[2], 4)))
        for row, given in zip(examples, scores, strict=True)
    ]


def teach_shards(
    shards: Sequence[Path], out: Path, teacher: Path, *, device: str = "cpu", workers: int = 0
) -> int:
    """Write each shard as the teacher of a folder judges it; shards that are there are kept.

    With `workers`, that many processes share the device, so that one reads and writes while another's pairs are judged.
    Returns the number of examples written now.
    """
    missing = [(path, out / path.name) for path in shards if not (out / path.name).exists()]
    if not missing:
        return 0
    if not workers:
        network, tokenizer = load_teacher(teacher, device)
        return sum(
            write_examples(target, teach(read_examples(path), network, tokenizer)) for path, target in missing
        )
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_hold, initargs=(teacher, device)
    ) as pool:
        return sum(pool.map(_judge, *zip(*missing, strict=True)))


_held: list[tuple[PreTrainedModel, Tokenizer]] = []
"""The teacher of a worker process, loaded once."""


def _hold(teacher: Path, device: str) -> None:
    torch.set_num_threads(1)
    _held.append(load_teacher(teacher, device))


def _judge(path: Path, target: Path) -> int:
    return write_examples(target, teach(read_examples(path), *_held[0]))
