"""Pairs without a label, for a teacher to judge: made of the rows of `nli/train` by code."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from halluguard.models.training.edits import all_edits
from halluguard.models.training.examples import UNLABELLED, Example, read_rows
from halluguard.models.training.mix import may_train
from halluguard.models.training.passages import Corpus, content_words
from halluguard.models.training.rewrites import rewrite

#: Sources of `nli/train` whose texts are good and many of whose labels are wrong: a teacher may judge them anew.
MISLABELLED = frozenset({"joci", "semiauto_sim_wiki", "semiauto_translate_wiki"})
#: Beginnings of the names of sources whose texts are speech, fiction, reports and captions.
SPEECH = ("mnli", "snli", "cad")
#: Words of a premise that may stand as a claim.
MAX_CLAIM_WORDS = 40
#: Words of a premise beside which a claim not its own, or a changed one, is put.
MAX_PREMISE_WORDS = 90
#: A word in more premises than this says little about what a claim and a premise have in common.
COMMON = 60


def draw_unlabelled(path: Path, corpus: Corpus, count: int, seed: int) -> list[Example]:
    """Draw `count` pairs without a label from the rows of `nli/train`.

    A fifth each: pairs turned round; two claims made of one premise; pairs of sources whose labels are poor; claims beside
    another premise that shares a rare word with them; claims with one thing changed, the names taken from `corpus`.
    """
    rng = random.Random(seed)
    rows = [row for row in read_rows(path) if may_train(row["licence"])]
    pools = [
        list(_turned(rows)),
        list(_siblings(rows, rng)),
        list(_relabelled(rows)),
        list(_crossed(rows, rng)),
        list(_changed(rows, corpus, rng)),
    ]
    drawn = [row for pool in pools for row in rng.sample(pool, min(len(pool), count // len(pools)))]
    rng.shuffle(drawn)
    return drawn


def draw_speech(path: Path, corpus: Corpus, seed: int) -> list[Example]:
    """Make every pair without a label that rows outside the encyclopedias give: MNLI's thrice, SNLI's and CAD's once over.

    MNLI's rows are few and a model soon knows their labels by heart; of pairs made of them only a teacher's judgement is to be had.
    """
    rng = random.Random(seed)
    rows = [row for row in read_rows(path) if may_train(row["licence"]) and row["source"].startswith(SPEECH)]
    mnli = [row for row in rows if row["source"].startswith("mnli")]
    rest = [row for row in rows if not row["source"].startswith("mnli")]
    made = [row for _ in range(3) for row in _changed(mnli, corpus, rng)]
    made += [row for _ in range(2) for row in _crossed(mnli, rng)]
    made += [*_turned(mnli), *_changed(rest, corpus, rng), *_crossed(rest, rng), *_siblings(rest, rng)]
    first: dict[tuple[str, str], Example] = {}
    for row in made:
        first.setdefault((row.premise, row.hypothesis), row)
    drawn = list(first.values())
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


def _crossed(rows: Sequence[dict[str, str]], rng: random.Random) -> Iterator[Example]:
    short = [row for row in rows if len(row["premise"].split()) <= MAX_PREMISE_WORDS]
    premises: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(short):
        for word in content_words(row["premise"]):
            premises[word].append(number)
    for row in rows:
        rare = sorted(word for word in content_words(row["hypothesis"]) if 2 <= len(premises[word]) <= COMMON)
        other = short[rng.choice(premises[rng.choice(rare)])] if rare else row
        if other["premise"] != row["premise"]:
            yield _unlabelled(other["premise"], row["hypothesis"], "crossed", other["licence"])


def _changed(rows: Iterable[dict[str, str]], corpus: Corpus, rng: random.Random) -> Iterator[Example]:
    edits = all_edits(corpus)
    for row in rows:
        if len(row["premise"].split()) > MAX_PREMISE_WORDS:
            continue
        claim = rewrite(row["hypothesis"], rng, edits)
        if claim is not None:
            yield _unlabelled(row["premise"], claim, "changed", row["licence"])
