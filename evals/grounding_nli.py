"""The NLI model by itself on NLI sets, and the reader on claims in which one detail was changed."""

import random
from collections.abc import Sequence

import numpy as np

from evals.data import data_path, digests, read_json_lines
from evals.grounding_sets import Found
from evals.results import Table
from halluguard.grounding.check import digest_path
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.models import PairScorer
from halluguard.models.training.examples import ENTAILMENT, Example
from halluguard.models.training.held_out import held_out_edits
from halluguard.models.training.mix import read_hans
from halluguard.models.training.written import find_written, read_written
from halluguard.records import Passage

EDITS = 2_000
NLI_SHARE, EDIT_SHARE = 10, 20
"""Rows of an NLI set, and edited claims with their twins, for each row of a grounding set in the sample: they take less time."""
EDIT_SEED = 17
"""Not the seed of the slice that training looks at."""

_CLASSES = ("entailment", "neutral", "contradiction")


def run_nli(scorer: PairScorer, *, sample: int, seed: int) -> Found | None:
    """Return accuracies on MNLI, SNLI and FEVER, on the half of the HANS-style rows that never trained, and on written claims kept back."""
    dev, hans = data_path("nli", "dev.jsonl.gz"), data_path("nli", "hans_style.jsonl.gz")
    if dev is None or hans is None:
        return None
    pools: dict[str, list[tuple[str, str, str]]] = {"MNLI dev": [], "SNLI dev": [], "FEVER dev": []}
    for row in read_json_lines(dev):
        name = next(name for name in pools if row["source"].lower().startswith(name.split()[0].lower()))
        pools[name].append((row["premise"], row["hypothesis"], row["label"]))
    written = find_written()
    examples = {
        "HANS-style, held-out half": read_hans(hans, train=False),
        "Written claims, kept back": read_written(written, held_back=True),
    }
    for name, found in examples.items():
        pools[name] = [(row.premise, row.hypothesis, row.label) for row in found]
    lines = []
    for name, rows in pools.items():
        drawn = random.Random(seed).sample(rows, min(len(rows), NLI_SHARE * sample or len(rows)))
        lines += _accuracy_lines(name, drawn, scorer)
    table = Table(
        ("set", "class", "rows", "accuracy"),
        tuple(lines),
        "HANS-style: entailment against the rest. Written claims: of documents of `corpora/written` that never trained; a second "
        "reading, by a language model too, agreed with 98.7 % of 2,875 of their labels.",
    )
    return Found({}, {"nli": table}, {**digests(dev, hans), "corpora/written": digest_path(written)})


def _accuracy_lines(
    name: str, rows: Sequence[tuple[str, str, str]], scorer: PairScorer
) -> list[tuple[str, str, int, float]]:
    best = scorer.score([(premise, hypothesis) for premise, hypothesis, _ in rows]).probabilities.argmax(
        axis=1
    )
    three_way = any(label == "neutral" for _, _, label in rows)
    right = np.array(
        [
            _CLASSES[found] == label if three_way else (found == 0) == (label == ENTAILMENT)
            for found, (_, _, label) in zip(best, rows, strict=True)
        ]
    )
    labels = np.array([label for _, _, label in rows])
    lines = [(name, "all", len(rows), 100 * float(right.mean()))]
    parts = {label: labels == label for label in dict.fromkeys(labels.tolist())}
    return [
        *lines,
        *((name, label, int(at.sum()), 100 * float(right[at].mean())) for label, at in parts.items()),
    ]


def run_edits(reader: Reader, *, sample: int, seed: int) -> Found:
    """Return how many changed numbers, dates, names and negations are caught, and how many true twins pass.

    The templates and documents are of our own making and none of them trains (`models.training.held_out`).
    """
    rows = held_out_edits(EDITS, EDIT_SEED + seed)
    if sample:
        rows = rows[: EDIT_SHARE * sample]
    readings = reader.read([ReadRequest(row.hypothesis, (Passage("document", row.premise),)) for row in rows])
    supported = np.array([reading.supports for reading in readings])
    contradicted = np.array([reading.contradicts for reading in readings])
    kinds = ("all", *dict.fromkeys(row.kind for row in rows))
    lines = [_edit_line(kind, rows, supported, contradicted) for kind in kinds]
    note = "Caught: not called supported. Each edited claim has a true twin on the same document."
    columns = (
        "changed",
        "edited claims",
        "caught, %",
        "called contradicted, %",
        "true twins",
        "supported, %",
    )
    return Found({}, {"edits": Table(columns, tuple(lines), note)}, {})


def _edit_line(
    kind: str, rows: Sequence[Example], supported: np.ndarray, contradicted: np.ndarray
) -> tuple[str, int, float, float, int, float]:
    inside = np.array([kind in ("all", row.kind) for row in rows])
    true = np.array([row.label == ENTAILMENT for row in rows])
    edited, twins = inside & ~true, inside & true
    return (
        kind,
        int(edited.sum()),
        100 * float((~supported[edited]).mean()),
        100 * float(contradicted[edited].mean()),
        int(twins.sum()),
        100 * float(supported[twins].mean()) if twins.any() else 0.0,
    )
