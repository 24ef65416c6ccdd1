"""The last stretch of the small model: the mean of two trainings, and the rows it is then trained on."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from halluguard.models.training.examples import Example, read_examples, write_examples
from halluguard.models.training.network import SETTINGS, WEIGHTS, write_weights

#: Share of MNLI's own rows and of pairs with a foreign premise that the last stretch leaves out: the labels of the first
#: are known by heart by then, and most of the second are neutral.
LEFT_OUT = {"mnli_llmsknow": 0.6, "mnli_olora": 0.6, "crossed": 0.5}


def write_finish(judged: Sequence[Path], speech: Sequence[Path], out: Path, seed: int) -> int:
    """Write each judged shard thinned out, with its part of the speech pairs; return the number of examples."""
    rng = random.Random(seed)
    extra = [row for path in speech for row in read_examples(path)]
    rng.shuffle(extra)
    count = 0
    for number, path in enumerate(judged):
        kept = [row for row in read_examples(path) if not _left_out(row, rng)]
        count += write_examples(out / path.name, [*kept, *extra[number :: len(judged)]])
    return count


def _left_out(row: Example, rng: random.Random) -> bool:
    return row.kind in LEFT_OUT and rng.random() < LEFT_OUT[row.kind]


def write_mean(models: Sequence[Path], out: Path) -> None:
    """Write the mean of the weights of exported models of one shape that began alike (Wortsman et al. 2022).

    Configuration and tokenizer are those of the first.
    """
    from safetensors.torch import load_file

    loaded = [load_file(folder / WEIGHTS) for folder in models]
    mean = {name: torch.stack([weights[name].float() for weights in loaded]).mean(0) for name in loaded[0]}
    write_weights(mean, out)
    for name in SETTINGS:
        shutil.copyfile(models[0] / name, out / name)
