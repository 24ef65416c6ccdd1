"""The embedded airline, investigated and held against its known truth: statuses, responsible entries, time.

`python -m evals airline [-o RUN]`. The corpus is our own and was not used to fit anything.
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
from halluguard.corpus import find_corpus
from halluguard.grounding.check import digest_path
from halluguard.records import UNGROUNDED

_FALSE = ("stale", "poisoned", "written_back_false")


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark and return an exit code."""
    parser = argparse.ArgumentParser("python -m evals airline", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=None, help="keep the run here")
    parser.add_argument("--nli-model", default=None)
    options = parser.parse_args(arguments)
    corpus = find_corpus("airline")
    output = options.output or Path(tempfile.mkdtemp()) / "run"
    loaded = ModelChoice(nli=options.nli_model, cache=False).load()
    started = time.perf_counter()
    result = investigate(corpus.log, corpus.trusted, corpus.store, output, models=loaded)
    seconds = time.perf_counter() - started
    truth = json.loads((corpus.folder / "truth.json").read_text(encoding="utf-8"))
    pairs = match_claims(truth["turns"], result.to_pandas("claims").to_dict("records"))
    figures = {
        "seconds": round(seconds, 1),
        "claims": len(pairs),
        "status_agreement": _share(sum(wanted == found for wanted, found in pairs), len(pairs)),
        "ungrounded": binary_figures([(w in UNGROUNDED, f in UNGROUNDED) for w, f in pairs]),
        "source_conflict": binary_figures(
            [(w == "source_conflict", f == "source_conflict") for w, f in pairs]
        ),
        "entries": entry_figures(truth["entries"], result.to_pandas("suspects").to_dict("records")),
        "confusions": Counter(f"{w} -> {f}" for w, f in pairs if w != f).most_common(12),
    }
    tables = {"airline": _table(figures)}
    print_tables(tables)
    print(json.dumps(figures, indent=1))
    models = loaded.models
    write_result(
        "airline",
        figures,
        tables=tables,
        data={"corpora/airline": digest_path(corpus.folder)},
        models={models.scorer.name: models.scorer.digest, models.embedder.name: models.embedder.digest},
        device=models.device,
    )
    return 0


def match_claims(turns: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return (true status, found status) for each true claim: that of the found claim that overlaps it most."""
    by_turn: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_turn.setdefault(row["turn_id"], []).append(row)
    pairs = []
    for turn_id, turn in turns.items():
        for claim in turn["claims"]:
            best = max(by_turn.get(turn_id, ()), key=lambda row, c=claim: _overlap(row, c), default=None)
            found = best["status"] if best is not None and _overlap(best, claim) > 0 else "missed"
            pairs.append((claim["status"], found))
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


def _table(figures: Mapping[str, Any]) -> Table:
    rows = [
        (name, part["true"], part["found"], part["hit"], part["precision"], part["recall"])
        for name, part in (
            ("claims: ungrounded", figures["ungrounded"]),
            ("claims: source_conflict", figures["source_conflict"]),
            ("entries: responsible", figures["entries"]),
        )
    ]
    note = (
        f"Statuses equal to the truth on {figures['status_agreement']:.1%} of {figures['claims']} claims; "
        f"{figures['entries']['faults_reported']} of {figures['entries']['faults']} injected integrity faults reported; "
        f"{figures['seconds']:.0f} s in all."
    )
    columns = ("", "true", "found", "hit", "precision", "recall")
    return Table(columns, tuple(rows), note, {"precision": 3, "recall": 3})
