"""The embedded corpora, investigated and held against their known truth: statuses, responsible entries, time.

`python -m evals corpora [NAME ...] [-o FOLDER]`. They are our own writing. Nothing was fitted on any of them.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.results import Table, print_tables, write_result
from halluguard import ModelChoice, investigate
from halluguard.api import Loaded
from halluguard.corpus import find_corpus
from halluguard.grounding.check import digest_path
from halluguard.records import UNGROUNDED

CORPORA = ("airline", "council", "clinic", "ledger")
_FALSE = ("stale", "poisoned", "written_back_false")


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark and return an exit code."""
    parser = argparse.ArgumentParser("python -m evals corpora", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"default: {' '.join(CORPORA)}")
    parser.add_argument("-o", "--output", type=Path, default=None, help="keep the runs in this folder")
    parser.add_argument("--nli-model", default=None)
    options = parser.parse_args(arguments)
    output = options.output or Path(tempfile.mkdtemp())
    loaded = ModelChoice(nli=options.nli_model, cache=False).load()
    figures = {name: _measure(name, output / name, loaded) for name in options.names or CORPORA}
    tables = {"corpora": _table(figures)}
    print_tables(tables)
    print(json.dumps(figures, indent=1))
    if options.names:
        return 0  # a look at some of them is no result
    models = loaded.models
    write_result(
        "corpora",
        figures,
        tables=tables,
        data={f"corpora/{name}": digest_path(find_corpus(name).folder) for name in CORPORA},
        models={models.scorer.name: models.scorer.digest, models.embedder.name: models.embedder.digest},
        device=models.device,
    )
    return 0


def _measure(name: str, output: Path, loaded: Loaded) -> dict[str, Any]:
    """Investigate one corpus and hold what was found against its truth."""
    corpus = find_corpus(name)
    started = time.perf_counter()
    result = investigate(corpus.log, corpus.trusted, corpus.store, output, models=loaded)
    seconds = time.perf_counter() - started
    truth = json.loads((corpus.folder / "truth.json").read_text(encoding="utf-8"))
    pairs = match_claims(truth["turns"], result.to_pandas("claims").to_dict("records"))
    return {
        "seconds": round(seconds, 1),
        "answers": len(truth["turns"]),
        "claims": len(pairs),
        "status_agreement": _share(sum(wanted == found for wanted, found in pairs), len(pairs)),
        "ungrounded": binary_figures([(w in UNGROUNDED, f in UNGROUNDED) for w, f in pairs]),
        "source_conflict": binary_figures(
            [(w == "source_conflict", f == "source_conflict") for w, f in pairs]
        ),
        "entries": entry_figures(truth["entries"], result.to_pandas("suspects").to_dict("records")),
        "confusions": Counter(f"{w} -> {f}" for w, f in pairs if w != f).most_common(12),
    }


def match_claims(turns: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return (true status, found status) for each true claim: that of the found claim that overlaps it most.

    Where the truth accepts other statuses too and one of them was found, it is the true one.
    """
    by_turn: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_turn.setdefault(row["turn_id"], []).append(row)
    pairs = []
    for turn_id, turn in turns.items():
        for claim in turn["claims"]:
            best = max(by_turn.get(turn_id, ()), key=lambda row, c=claim: _overlap(row, c), default=None)
            found = best["status"] if best is not None and _overlap(best, claim) > 0 else "missed"
            pairs.append((found if found in claim.get("also_accepted", ()) else claim["status"], found))
    return pairs


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    return max(0, min(one["end"], other["end"]) - max(one["start"], other["start"]))


def binary_figures(pairs: Sequence[tuple[bool, bool]]) -> dict[str, Any]:
    """Return precision, recall and counts of (true, found) pairs."""
    hit = sum(wanted and found for wanted, found in pairs)
    wanted, found = sum(w for w, _ in pairs), sum(f for _, f in pairs)
    return {
        "true": wanted,
        "found": found,
        "hit": hit,
        "precision": _share(hit, found),
        "recall": _share(hit, wanted),
    }


def entry_figures(truth: Mapping[str, Any], suspects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return precision and recall of the entries called responsible among those that say something false."""
    false = {id_ for id_, entry in truth.items() if entry["label"] in _FALSE}
    accused = {row["entry_id"] for row in suspects if row["verdict"] == "responsible"}
    named = [row["entry_id"] for row in suspects]
    faults = {id_ for id_, entry in truth.items() if entry["label"].startswith("fault:")}
    return {
        **binary_figures([(id_ in false, id_ in accused) for id_ in truth]),
        "clean_accused": sorted(id_ for id_ in accused if truth.get(id_, {}).get("label") == "clean"),
        "missed": sorted(false - accused),
        "first": named[0] if named else None,
        "faults": len(faults),
        "faults_reported": len(faults & set(named)),
    }


def _share(hits: int, total: int) -> float | None:
    return round(hits / total, 4) if total else None


def _table(figures: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = []
    for name, found in figures.items():
        claims, entries = found["ungrounded"], found["entries"]
        rows.append(
            (
                name,
                found["answers"],
                found["claims"],
                100 * found["status_agreement"],
                100 * claims["precision"],
                100 * claims["recall"],
                f"{entries['hit']} of {entries['true']}",
                entries["found"] - entries["hit"],
                f"{entries['faults_reported']} of {entries['faults']}",
                found["seconds"],
            )
        )
    columns = (
        "corpus",
        "answers",
        "claims",
        "statuses right, %",
        "ungrounded: precision",
        "recall",
        "false entries found",
        "others named",
        "faults found",
        "s",
    )
    note = (
        "Statuses: claims with the status of the truth, or with another that it accepts. False entries: those of the store that say something false, and are called "
        "responsible; others named: entries that say nothing false. Faults: integrity faults put in. Seconds with the models loaded and nothing cached."
    )
    return Table(columns, tuple(rows), note, {"s": 0})
