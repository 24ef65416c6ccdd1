"""The last stretches of the small model: means of trainings, and the rows it is then trained on."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

import torch

from halluguard.models.training.examples import Example, read_examples, write_examples
from halluguard.models.training.network import SETTINGS, WEIGHTS, write_weights
from halluguard.models.training.tariffs import deal_tariffs
from halluguard.models.training.written import Block, copies_of, even_out, examples_of

#: Share of MNLI's own rows and of pairs with a foreign premise that the last stretch leaves out: the labels of the first
#: are known by heart by then, and most of the second are neutral.
LEFT_OUT = {"mnli_llmsknow": 0.6, "mnli_olora": 0.6, "crossed": 0.5}

LESSON_ROWS = 4_000
"""Written rows of a shard, about."""


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


def write_lessons(
    blocks: Sequence[tuple[str, Block]],
    judged: Sequence[Path],
    out: Path,
    *,
    passes: int,
    replay: float,
    tariffs: float,
    seed: int,
) -> int:
    """Write shards of the claims written for this project, `passes` times over, each row with `replay` judged ones; return the number of examples.

    Every pass evens the labels out anew, copies other sentences and deals new tariffs. The judged rows keep alive what the model knows. Claims of one
    document, and twins among judged rows, stay in one shard.

    Args:
        blocks: kind and document with claims, as `read_parts` gives them.
        judged: shards that a teacher judged.
        out: folder of the shards.
        passes: how often each document is dealt.
        replay: judged rows for each row of a document.
        tariffs: claims about prices and hours, as `deal_tariffs` gives them, for each written one.
        seed: of the draw and the order.

    """
    rng = random.Random(seed)
    known = _shuffled_rows(judged, rng)
    count = number = 0
    for _ in range(passes):
        written = even_out([row for kind, block in blocks for row in examples_of(block, kind)], rng)
        documents: dict[str, list[Example]] = {}
        copied = [copy for _, block in blocks for copy in copies_of(block, rng)]
        for row in (*written, *copied, *deal_tariffs(rng, round(tariffs * len(written)))):
            documents.setdefault(row.premise, []).append(row)
        order = rng.sample(sorted(documents), len(documents))
        parts = max(1, len(written) // LESSON_ROWS)
        for part in range(parts):
            own = [row for document in order[part::parts] for row in documents[document]]
            kept = islice(known, round(replay * len(own)))
            count += write_examples(out / f"shard-{number:03d}.jsonl", [*own, *kept])
            number += 1
    return count


def _shuffled_rows(shards: Sequence[Path], rng: random.Random) -> Iterator[Example]:
    for path in cycle(rng.sample(list(shards), len(shards))):
        units: dict[str, list[Example]] = {}
        for number, row in enumerate(read_examples(path)):
            units.setdefault(row.twin or str(number), []).append(row)
        for unit in rng.sample(list(units), len(units)):
            yield from units[unit]


def write_mean(models: Sequence[Path], out: Path, shares: Sequence[float] | None = None) -> None:
    """Write the mean of the weights of exported models of one shape that began alike (Wortsman et al. 2022).

    Configuration and tokenizer are those of the first.

    Args:
        models: folders of exported models.
        out: folder of the mean.
        shares: what each counts for, summing to 1; alike if not given.

    """
    from safetensors.torch import load_file

    shares = shares or [1 / len(models)] * len(models)
    loaded = [load_file(folder / WEIGHTS) for folder in models]
    mean = {
        name: torch.stack(
            [share * weights[name].float() for share, weights in zip(shares, loaded, strict=True)]
        ).sum(0)
        for name in loaded[0]
    }
    write_weights(mean, out)
    for name in SETTINGS:
        shutil.copyfile(models[0] / name, out / name)
