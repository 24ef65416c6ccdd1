"""Write the shards of a run in one go, and say what is in them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halluguard.models.training.curriculum import POOLS, SHARD_ROWS, Grounding, Mixer, premise_pages
from halluguard.models.training.examples import Example, list_shards, read_examples, write_examples
from halluguard.models.training.held_out import read_split_pages
from halluguard.models.training.kinds import KINDS
from halluguard.models.training.mix import nli_pass, read_hans, read_nli, short_fever
from halluguard.models.training.passages import Corpus
from halluguard.models.training.unlabelled import draw_speech, draw_unlabelled

#: Premise words, upper ends of the bands of the label table; the last band is open.
BANDS = (20, 50, 100)
#: Share of scenes cut from encyclopedia pages; the rest are sentences of MNLI premises (speech, fiction, reports).
PAGE_RATE = 0.75
#: The opening NLI pass is dealt into this many shards, of which a run takes the first `nli_shards`.
NLI_PARTS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """How many shards of which sort, from which seed, without which kinds, and pairs without a label to deal over them."""

    nli_shards: int = 0
    mixed_shards: int = 40
    seed: int = 23
    without: frozenset[str] = frozenset()
    unlabelled: int = 0


def write_shards(data: Path, out: Path, plan: Plan) -> int:
    """Write `shard-000.jsonl` and on into `out`; return the number of examples.

    Deterministic: the same data and plan give the same bytes. Takes a second or two a mixed shard.
    """
    refuse_unknown(plan.without)
    rows = read_nli(data / "nli" / "train.jsonl.gz")
    hans = read_hans(data / "nli" / "hans_style.jsonl.gz", train=True)
    rng = random.Random(plan.seed)
    opening = nli_pass(rows, rng) + short_fever(rows, rng, 9_000) + rng.sample(hans, min(2_500, len(hans)))
    excluded = {source for name in plan.without for source in POOLS.get(name, (name,))}
    opening = [row for row in opening if row.kind not in excluded]
    rng.shuffle(opening)
    count = sum(
        write_examples(_shard_path(out, index), opening[index::NLI_PARTS]) for index in range(plan.nli_shards)
    )
    trained, _ = read_split_pages(data)
    mixer = build_mixer(rows, hans, trained, plan)
    extra = (
        draw_unlabelled(data / "nli" / "train.jsonl.gz", Corpus(trained), plan.unlabelled, plan.seed + 6)
        if plan.unlabelled
        else []
    )
    for number in range(plan.mixed_shards):
        dealt = [*mixer.shard(), *extra[number :: plan.mixed_shards]]
        count += write_examples(_shard_path(out, plan.nli_shards + number), dealt)
    return count


def write_speech(data: Path, out: Path, count: int, seed: int) -> int:
    """Write up to `count` pairs without a label from speech, fiction, reports and captions as shards of 4,000; return how many."""
    trained, _ = read_split_pages(data)
    drawn = draw_speech(data / "nli" / "train.jsonl.gz", Corpus(trained), seed)[:count]
    return sum(
        write_examples(_shard_path(out, number), drawn[start : start + 4_000])
        for number, start in enumerate(range(0, len(drawn), 4_000))
    )


def refuse_unknown(without: Collection[str]) -> None:
    """Raise ValueError where a kind to leave out is no kind at all: an ablation of nothing would look like a result."""
    known = {*KINDS, *SHARD_ROWS}
    unknown = sorted(set(without) - known)
    if unknown:
        msg = f"no kind is called {', '.join(unknown)}; choose from {', '.join(sorted(known))}"
        raise ValueError(msg)


def build_mixer(
    rows: dict[tuple[str, str], list[Example]], hans: Sequence[Example], pages: Sequence[Any], plan: Plan
) -> Mixer:
    """Build the mixer of the plan from NLI rows, the HANS-style half that trains, and the pages that train."""
    premises = sorted(
        {row.premise for (source, _), found in rows.items() if source.startswith("mnli") for row in found}
    )
    other = Corpus(premise_pages(premises, "MNLI (OANC/other)", random.Random(plan.seed)))
    corpora = [(Corpus(pages), PAGE_RATE), (other, 1 - PAGE_RATE)]
    return Mixer(rows, hans, Grounding(corpora, random.Random(plan.seed), plan.without))


def _shard_path(out: Path, index: int) -> Path:
    return out / f"shard-{index:03d}.jsonl"


def read_shards(folder: Path, indices: Collection[int] | None = None) -> Iterable[Example]:
    """Yield the examples of a folder of shards, all or those of the given indices."""
    for number, path in enumerate(list_shards(folder)):
        if indices is None or number in indices:
            yield from read_examples(path)


def band_of(premise: str) -> str:
    """Name the length band of a premise, by words."""
    words = len(premise.split())
    low = 0
    for high in BANDS:
        if words <= high:
            return f"{low + 1}-{high}"
        low = high
    return f"over {low}"


def describe(examples: Iterable[Example]) -> dict[str, dict[str, int]]:
    """Count examples by label and length band, by kind and label, and by licence."""
    bands: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    for example in examples:
        bands[f"{band_of(example.premise)} | {example.label}"] += 1
        kinds[f"{example.kind} | {example.label}"] += 1
        licences[f"{example.kind} | {example.licence}"] += 1
    return {
        name: dict(sorted(found.items()))
        for name, found in (("bands", bands), ("kinds", kinds), ("licences", licences))
    }
