"""Which rows train, how many of each, and in what order: the mix and its curriculum."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from halluguard.models.training.examples import (
    CONTRADICTION,
    ENTAILMENT,
    NEUTRAL,
    Example,
    read_rows,
)

#: Rows without one of these words in their licence field never touch shipped weights.
TRAINABLE_LICENCES = ("CC BY-SA", "Apache-2.0", "MIT", "MNLI (OANC/other)")


@dataclass(frozen=True, slots=True)
class Share:
    """How many rows a source gives: `rows` of each label, drawn in `passes` over the source (whole numbers repeat)."""

    source: str
    rows: dict[str, int]
    max_words: int = 60


#: Rows of a source that one NLI pass takes, by label. `semiauto_sim_wiki`, `semiauto_translate_wiki` and `joci` are left
#: out: on reading samples, many of their labels are wrong.
NLI_SHARES = (
    Share("mnli_llmsknow", {ENTAILMENT: 3300, NEUTRAL: 3350, CONTRADICTION: 3350}, max_words=90),
    Share("mnli_olora", {ENTAILMENT: 1000, NEUTRAL: 1000, CONTRADICTION: 1000}, max_words=90),
    Share("snli_cat", {ENTAILMENT: 5000, NEUTRAL: 5000, CONTRADICTION: 5000}),
    Share("cad_original", {ENTAILMENT: 350, NEUTRAL: 350, CONTRADICTION: 350}),
    Share("cad_revised_combined", {ENTAILMENT: 1500, NEUTRAL: 1500, CONTRADICTION: 1500}),
    Share("conjnli", {ENTAILMENT: 450, NEUTRAL: 250, CONTRADICTION: 450}),
    Share("help_andor", {ENTAILMENT: 250, NEUTRAL: 250}),
    Share("semiauto_base_wiki", {ENTAILMENT: 500, NEUTRAL: 500, CONTRADICTION: 500}),
)


def data_folder() -> Path:
    """Return the data folder: `HALLUGUARD_DATA`, else `../shared/data`."""
    return Path(os.environ.get("HALLUGUARD_DATA", "../shared/data"))


def may_train(licence: str) -> bool:
    """Tell whether rows under this licence may influence shipped weights; an empty licence may not."""
    return any(word in licence for word in TRAINABLE_LICENCES)


def read_nli(path: Path) -> dict[tuple[str, str], list[Example]]:
    """Read the trainable rows of `nli/train`, by source and label, in file order."""
    rows: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for row in read_rows(path):
        if may_train(row["licence"]):
            example = Example(row["premise"], row["hypothesis"], row["label"], row["source"], row["licence"])
            rows[row["source"], row["label"]].append(example)
    return dict(rows)


def in_train_half(premise: str) -> bool:
    """Split HANS-style rows by a hash of the premise, so that no premise is on both sides."""
    return sha256(premise.strip().lower().encode()).digest()[0] % 2 == 0


def read_hans(path: Path, *, train: bool) -> list[Example]:
    """Read one half of the HANS-style rows: the half that trains, or the half kept for reporting."""
    return [
        Example(row["premise"], row["hypothesis"], row["label"], "hans_style", row["licence"])
        for row in read_rows(path)
        if in_train_half(row["premise"]) is train
    ]


def draw(rows: Sequence[Example], count: int, rng: random.Random, max_words: int) -> list[Example]:
    """Draw up to `count` rows without replacement among those whose premise has at most `max_words` words."""
    short = [row for row in rows if len(row.premise.split()) <= max_words]
    return rng.sample(short, min(count, len(short)))


def nli_pass(
    rows: dict[tuple[str, str], list[Example]], rng: random.Random, scale: float = 1.0
) -> list[Example]:
    """Draw one pass over the NLI sources, `scale` times the size of `NLI_SHARES`."""
    drawn: list[Example] = []
    for share in NLI_SHARES:
        for label, count in share.rows.items():
            drawn += draw(rows.get((share.source, label), ()), round(count * scale), rng, share.max_words)
    return drawn


def short_fever(rows: dict[tuple[str, str], list[Example]], rng: random.Random, count: int) -> list[Example]:
    """Draw FEVER rows with the same number of each label in each band of premise words (up to 20, 35, 50)."""
    keys = {ENTAILMENT: "fever", CONTRADICTION: "fever", NEUTRAL: "fever_nei_paired"}
    bands = ((1, 20), (21, 35), (36, 50))
    drawn: list[Example] = []
    for low, high in bands:
        for label, source in keys.items():
            pool = [r for r in rows.get((source, label), ()) if low <= len(r.premise.split()) <= high]
            drawn += rng.sample(pool, min(count // 9, len(pool)))
    return drawn
