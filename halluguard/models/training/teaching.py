"""Distillation: pairs without a label, and what a larger model says of pairs."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel

from halluguard.models.training.examples import UNLABELLED, Example, read_examples, read_rows, write_examples
from halluguard.models.training.measure import load_network
from halluguard.models.training.mix import may_train
from halluguard.models.training.network import fast_precision, load_tokenizer
from halluguard.models.training.slices import predict

#: Sources of `nli/train` whose texts are good and many of whose labels are wrong: a teacher may judge them anew.
MISLABELLED = frozenset({"joci", "semiauto_sim_wiki", "semiauto_translate_wiki"})
#: Words of a premise that may stand as a claim.
MAX_CLAIM_WORDS = 40


def draw_unlabelled(path: Path, count: int, seed: int) -> list[Example]:
    """Draw `count` pairs without a label from the rows of `nli/train`.

    A third each: pairs turned round; two claims made of one premise; pairs of sources whose labels are poor.
    """
    rng = random.Random(seed)
    rows = [row for row in read_rows(path) if may_train(row["licence"])]
    pools = [list(_turned(rows)), list(_siblings(rows, rng)), list(_relabelled(rows))]
    drawn = [row for pool in pools for row in rng.sample(pool, min(len(pool), count // len(pools)))]
    rng.shuffle(drawn)
    return drawn


def _unlabelled(premise: str, hypothesis: str, kind: str, licence: str) -> Example:
    return Example(premise, hypothesis, UNLABELLED, kind, licence)


def _turned(rows: Iterable[dict[str, str]]) -> Iterator[Example]:
    for row in rows:
        if len(row["premise"].split()) <= MAX_CLAIM_WORDS:
            yield _unlabelled(row["hypothesis"], row["premise"], "turned_round", row["licence"])


def _siblings(rows: Iterable[dict[str, str]], rng: random.Random) -> Iterator[Example]:
    """Yield one pair of different claims a premise, in either order."""
    claims: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for row in rows:
        claims[row["premise"], row["licence"]][row["hypothesis"]] = None
    for (_, licence), made in claims.items():
        if len(made) > 1:
            premise, claim = rng.sample(list(made), 2)
            yield _unlabelled(premise, claim, "siblings", licence)


def _relabelled(rows: Iterable[dict[str, str]]) -> Iterator[Example]:
    for row in rows:
        if row["source"] in MISLABELLED:
            yield _unlabelled(row["premise"], row["hypothesis"], "relabelled", row["licence"])


def load_teacher(folder: Path) -> tuple[PreTrainedModel, Tokenizer]:
    """Load a trained model to judge with, in the precision that is fastest here."""
    network = load_network(folder)
    if fast_precision("cpu") == "bfloat16":
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
    shards: Sequence[Path],
    extra: Sequence[Example],
    out: Path,
    network: PreTrainedModel,
    tokenizer: Tokenizer,
) -> int:
    """Write each shard, with its part of the extra pairs, as the teacher judges them; shards that are there are kept.

    Returns the number of examples written now.
    """
    count = 0
    for number, path in enumerate(shards):
        target = out / path.name
        if not target.exists():
            rows = [*read_examples(path), *extra[number :: len(shards)]]
            count += write_examples(target, teach(rows, network, tokenizer))
    return count
