"""The fourteen data sets of `grounding/dev`, cross-validated by family, beside word overlap and the model alone."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evals.data import Row, data_path, digests, draw_rows, read_rows
from evals.diagrams import reliability_svg, reliability_text
from evals.grounding_changes import changed_details
from evals.metrics import (
    Floats,
    Labels,
    auc,
    balanced_accuracy,
    bootstrap_interval,
    brier_score,
    expected_calibration_error,
    macro_f1,
    precision_recall_f1,
    reliability,
)
from evals.published import SUMMEDITS, WICE
from evals.results import Table
from halluguard.grounding.calibrate import (
    Evidence,
    Labelled,
    examine_pairs,
    fit_from,
    fold_of,
    label_row,
    predict_held_back,
    probability_of,
    shuffle_documents,
    weighted_calibration_error,
    worst_of,
)
from halluguard.grounding.calibration import Calibration
from halluguard.grounding.features import share_of_words
from halluguard.grounding.reader import Reader

FILE = ("grounding", "dev.jsonl.gz")
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Found:
    """One part's findings."""

    figures: Mapping[str, Any]
    tables: Mapping[str, Table]
    data: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    calibration: Calibration | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """A way of scoring rows, with the threshold that each row's family was given by the other families."""

    name: str
    scores: Floats
    thresholds: Floats

    @property
    def called(self) -> Labels:
        """1 where a row is called supported."""
        return (self.scores >= self.thresholds).astype(np.int64)


def run_sets(reader: Reader, *, sample: int, seed: int) -> Found | None:
    """Score every set, print nothing, and return tables, figures and a calibration fitted on all of them."""
    path = data_path(*FILE)
    if path is None:
        return None
    rows = draw_rows(read_rows(path), sample, seed)
    pairs = [as_labelled(row) for row in rows]
    started = time.monotonic()
    seen = examine_in_blocks(pairs, reader)
    seconds = time.monotonic() - started
    unrelated = examine_in_blocks(shuffle_documents(pairs)[:: max(1, len(pairs) // 400)], reader)
    data = digests(path)
    refuted = examine_in_blocks(more_refuted(path, pairs, sample), reader)
    changed = examine_in_blocks(changed_details(seed), reader)
    calibration = fit_from(
        [*seen, *changed],
        [*unrelated, *refuted],
        model_digest=reader.scorer.digest,
        data=f"{path.name} and {len(changed)} changed details of our own making",
        data_digest=data[path.name],
    )
    methods = [overlap_method(rows), entailment_method(rows, seen), combined_method(rows, seen, changed)]
    documents = by_document_method(seen, changed)
    figures, files = calibration_figures(seen, changed)
    tables = {
        "grounding-means": means_table(rows, [*methods, documents]),
        "grounding-sets": sets_table(rows, methods),
        "grounding-published": published_table(rows, methods[-1]),
        "grounding-false-alarms": alarms_table([*seen, *refuted], unrelated, calibration),
    }
    claims = sum(len(one.parts) for one in seen)
    figures |= {
        "rows": len(rows),
        "claims": claims,
        "claims_per_s": claims_per_second(claims, seconds, reader),
        "calibration": calibration.describe(),
    }
    return Found(figures, tables, data, files, calibration)


def claims_per_second(claims: int, seconds: float, reader: Reader) -> float | None:
    """Return the speed, or None where so many pairs were remembered that it would be the cache's."""
    hits = getattr(reader.scorer, "hits", None)
    remembered = hits.hit / hits.asked if hits and hits.asked else 0.0
    return None if remembered > 0.1 else round(claims / max(seconds, 1e-9), 2)


def more_refuted(path: Path, pairs: Sequence[Labelled], sample: int) -> list[Labelled]:
    """Return refuted claims beyond those drawn, since a sample holds few; they serve the fit of contradiction alone."""
    drawn = set(pairs)
    rest = [pair for pair in map(as_labelled, read_rows(path)) if pair.contradicted and pair not in drawn]
    rest.sort(key=lambda pair: hashlib.sha256(pair.claim.encode()).hexdigest())
    return rest[: 3 * sample] if sample else rest


def as_labelled(row: Row) -> Labelled:
    """Return a row as the calibration reads it."""
    return label_row(asdict(row))


def examine_in_blocks(pairs: Sequence[Labelled], reader: Reader) -> list[Evidence]:
    """Examine pairs block by block, so that a run that is broken off has kept most of its scores; says how far it is."""
    seen: list[Evidence] = []
    for start in range(0, len(pairs), _BLOCK):
        seen += examine_pairs(pairs[start : start + _BLOCK], reader)
        print(f"\r{len(seen)} of {len(pairs)} pairs", end="", flush=True)
    print()
    return seen


def overlap_method(rows: Sequence[Row]) -> Method:
    """Score by the share of the claim's content words in the document: the rung nobody may be under."""
    scores = np.array([share_of_words(row.claim, row.document) for row in rows])
    return Method("word overlap", scores, _thresholds(rows, scores))


def entailment_method(rows: Sequence[Row], seen: Sequence[Evidence]) -> Method:
    """Score by the best entailment of the worst claim, nothing else."""
    logits = [
        min([part.support["entailment"] for part in one.parts if part.support], default=9.0) for one in seen
    ]
    scores = 1 / (1 + np.exp(-np.array(logits)))
    return Method("entailment alone", scores, _thresholds(rows, scores))


def combined_method(rows: Sequence[Row], seen: Sequence[Evidence], changed: Sequence[Evidence]) -> Method:
    """Score as `halluguard score` does, with weights fitted on the other families and on changed details."""
    families = [*(row.family for row in rows), *(one.pair.group for one in changed)]
    return _held_back("halluguard, families held back", seen, changed, families)


def _held_back(
    name: str, seen: Sequence[Evidence], changed: Sequence[Evidence], folds: Sequence[object]
) -> Method:
    """Score pairs by fits that saw nothing of their fold; `changed` take part in fits and are not scored."""
    held_back = predict_held_back([*seen, *changed], folds)
    return Method(name, held_back.probabilities[: len(seen)], held_back.thresholds[: len(seen)])


def by_document_method(seen: Sequence[Evidence], changed: Sequence[Evidence]) -> Method:
    """Score with weights fitted on other documents of all data sets: what to expect on data like these."""
    folds = [fold_of(one.pair.document) for one in (*seen, *changed)]
    return _held_back("halluguard, documents held back", seen, changed, folds)


def _thresholds(rows: Sequence[Row], scores: Floats) -> Floats:
    """Return for each row the threshold with the best mean balanced accuracy on the families other than its own."""
    families = np.array([row.family for row in rows])
    out = np.zeros(len(rows))
    for family in np.unique(families):
        others = [row for row in rows if row.family != family]
        kept = scores[families != family]
        labels, sets = _labels(others), list(_sets(others).values())
        grid = np.round(np.arange(0.05, 0.96, 0.01), 2)
        figures = [
            np.mean([balanced_accuracy(labels[at], (kept[at] >= value).astype(np.int64)) for at in sets])
            for value in grid
        ]
        out[families == family] = grid[int(np.argmax(figures))]
    return out


def _labels(rows: Sequence[Row]) -> Labels:
    return np.array([row.label for row in rows], dtype=np.int64)


def _sets(rows: Sequence[Row]) -> dict[str, Labels]:
    names = np.array([row.set_name for row in rows])
    return {str(name): np.flatnonzero(names == name) for name in np.unique(names)}


def means_table(rows: Sequence[Row], methods: Sequence[Method]) -> Table:
    """Return one row a method: means over the data sets, and on how many of them it beats word overlap."""
    labels, sets = _labels(rows), _sets(rows)
    floor = {name: balanced_accuracy(labels[at], methods[0].called[at]) for name, at in sets.items()}
    lines = []
    for method in methods:
        accuracy = {name: balanced_accuracy(labels[at], method.called[at]) for name, at in sets.items()}
        areas = [auc(labels[at], method.scores[at]) for at in sets.values()]
        f1 = [macro_f1(labels[at], method.called[at]) for at in sets.values()]
        above = sum(accuracy[name] > floor[name] for name in sets)
        means = (float(np.mean(list(accuracy.values()))), float(np.mean(f1)), float(np.mean(areas)))
        lines.append((method.name, *means, f"{above} of {len(sets)}"))
    note = "Means over data sets. Weights and thresholds of a family come from the other families; in the last row, those of a document come from the other documents."
    return Table(("method", "balanced accuracy", "macro-F1", "AUC", "sets above overlap"), tuple(lines), note)


def sets_table(rows: Sequence[Row], methods: Sequence[Method]) -> Table:
    """Return one row a data set, with the interval of the balanced accuracy over whole documents."""
    labels, documents, lines = _labels(rows), [row.document for row in rows], []
    floor, ours = methods[0], methods[-1]
    for name, at in _sets(rows).items():
        low, high = bootstrap_interval(
            [documents[i] for i in at],
            lambda drawn, at=at: balanced_accuracy(labels[at[drawn]], ours.called[at[drawn]]),  # type: ignore[misc]
        )
        precision, recall, f1 = precision_recall_f1(labels[at], ours.called[at], 0)
        lines.append(
            (
                name, f"{int(labels[at].sum())} / {int((1 - labels[at]).sum())}",
                balanced_accuracy(labels[at], floor.called[at]), auc(labels[at], floor.scores[at]),
                balanced_accuracy(labels[at], ours.called[at]), f"{low:.0f}–{high:.0f}", macro_f1(labels[at], ours.called[at]),
                precision, recall, f1, auc(labels[at], ours.scores[at]),
            )
        )  # fmt: skip
    columns = (
        "data set", "supported / not", "overlap BA", "overlap AUC", "BA", "95 %", "macro-F1", "P", "R", "F1", "AUC",
    )  # fmt: skip
    return Table(columns, tuple(lines), "BA balanced accuracy; P, R and F1 of the class *not supported*.")


def published_table(rows: Sequence[Row], ours: Method) -> Table:
    """Return published figures on SummEdits and WiCE with ours among them."""
    labels = _labels(rows)
    domains = np.array([row.benchmark for row in rows])
    parts = [
        np.flatnonzero(domains == name) for name in np.unique(domains) if str(name).startswith("summedits")
    ]
    mean = float(np.mean([balanced_accuracy(labels[at], ours.called[at]) for at in parts])) if parts else None
    wice = np.flatnonzero(domains == "wice_claim")
    lines = [("SummEdits, mean of 8 domains", name, value) for name, value in SUMMEDITS]
    lines.append(("SummEdits, mean of 8 domains", "halluguard (22M, no tuning on it)", mean))
    lines += [("WiCE claims", name, value) for name, value in WICE]
    lines.append(
        ("WiCE claims", "halluguard (22M), dev claims", balanced_accuracy(labels[wice], ours.called[wice]))
    )
    return Table(("data set", "system", "balanced accuracy"), tuple(lines), "Sources: `evals/published.py`.")


def alarms_table(seen: Sequence[Evidence], unrelated: Sequence[Evidence], calibration: Calibration) -> Table:
    """Return how often claims are called contradicted where they are not, and where they are."""
    groups = {
        "supported by the document": [one for one in seen if one.pair.label == 1],
        "document of another claim": list(unrelated),
        "refuted by the document": [one for one in seen if one.pair.contradicted],
    }
    lines = [(name, len(some), 100 * _share_contradicted(some, calibration)) for name, some in groups.items()]
    note = "A claim is contradicted only by a window that holds a quarter of its content words."
    return Table(("claims", "rows", "called contradicted, %"), tuple(lines), note)


def _share_contradicted(seen: Sequence[Evidence], calibration: Calibration) -> float:
    def contradicted(one: Evidence) -> bool:
        rated = [(part, probability_of(part, calibration.support)) for part in one.parts if part.support]
        return any(
            calibration.decide(p, worst_of(part, p, calibration.contradiction))[1] for part, p in rated
        )

    return float(np.mean([contradicted(one) for one in seen])) if seen else 0.0


def calibration_figures(
    seen: Sequence[Evidence], changed: Sequence[Evidence]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return how far probabilities can be believed, on held-back documents, and the diagram."""
    labels = np.array([one.pair.label for one in seen], dtype=np.int64)
    scores = by_document_method(seen, changed).scores
    bins = reliability(labels, scores)
    figures = {
        "expected_calibration_error": round(expected_calibration_error(labels, scores), 4),
        "expected_calibration_error_sets_alike": round(weighted_calibration_error(seen, scores), 4),
        "brier_score": round(brier_score(labels, scores), 4),
    }
    print(f"\nreliability on held-back documents: {figures}\n{reliability_text(bins)}")
    return figures, {"grounding_reliability.svg": reliability_svg(bins, "grounding/dev, held-back documents")}
