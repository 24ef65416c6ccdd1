"""End to end as a responder runs it: a store with poison, a log, and with or without what people reported as false.

`python -m evals reported [--clean 4000]`: for each attack on NQ and HotpotQA a store of clean passages and the poison of
the held-out questions, as JSON lines with vectors; a log that gives each question's wrong and right answer; the gold
passages as trusted documents. `investigate` runs twice: blind, and with `--known-false`, one line for each wrong answer.
Nothing is fitted here; what the events behind it are fitted to is said by `python -m evals traceback`.
"""

import argparse
import json
import tempfile
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evals.data import data_path, digests
from evals.results import Table, print_tables, write_result
from evals.traceback_data import CLEAN, WIKI, PoisonData, Question, read_poison
from halluguard import Loaded, ModelChoice, RunResult, investigate
from halluguard.forensics.integrity import Code
from halluguard.models import Embedder
from halluguard.records import UNGROUNDED, Origin, SuspectVerdict

ATTACKS = ("poisonedrag", "gpt4", "gemini")
SHOWN = 5
"""Chunks of the store's own ranking that the log shows for each turn."""

_COLUMNS = (
    "store and attack",
    "told",
    "wrong answers flagged",
    "right answers flagged",
    "right answers accused",
    "entries: precision",
    "recall",
    "and says it: precision",
    "recall with it",
)


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark and return an exit code."""
    parser = argparse.ArgumentParser("python -m evals reported", description=__doc__)
    parser.add_argument("--clean", type=int, default=4000, help="clean passages in each store")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args(arguments)
    folder = data_path("poison")
    if folder is None:
        return 0
    with tempfile.TemporaryDirectory() as place:
        loaded = ModelChoice(device=options.device, cache=Path(place) / "verdicts.sqlite").load()
        data = read_poison(folder, loaded.models.embedder)
        rows = []
        for dataset in ("nq", "hotpotqa"):
            questions = [q for q in data.questions if q.dataset == dataset and q.held and q.incorrect]
            for attack in ATTACKS:
                case = Path(place) / f"{dataset}-{attack}"
                poison = write_case(
                    case, data, questions, attack, n_clean=options.clean, embedder=loaded.models.embedder
                )
                for told in (False, True):
                    row = {"store and attack": f"{dataset} {attack}", "told": "yes" if told else "no"}
                    rows.append(row | measure(run_case(case, loaded, told=told), poison))
                    print(json.dumps(rows[-1]), flush=True)
    table = Table(_COLUMNS, tuple(tuple(row[name] for name in _COLUMNS) for row in rows), _NOTE)
    print_tables({"reported": table})
    models = loaded.models
    write_result(
        "reported",
        {"rows": rows, "clean": options.clean},
        tables={"reported": table},
        data=digests(folder / "entries.jsonl.gz", folder / "questions.jsonl.gz"),
        models={models.scorer.name: models.scorer.digest, models.embedder.name: models.embedder.digest},
        device=models.device,
    )
    return 0


_NOTE = (
    "Percent. Told: each wrong answer, behind its question, is a line of `--known-false`. Entries: those called responsible, against "
    "those injected for the questions. Says it: entries of the store that the trace finds to say a line, called responsible or not."
)


def write_case(
    folder: Path,
    data: PoisonData,
    questions: Sequence[Question],
    attack: str,
    *,
    n_clean: int,
    embedder: Embedder,
) -> frozenset[str]:
    """Write store, trusted documents, log and reports, and return the ids of the injected entries."""
    gold = dict.fromkeys(id_ for q in questions for id_ in q.gold)
    clean = [id_ for id_, (of, label, _) in data.labels.items() if of in WIKI and label in CLEAN]
    poison = dict.fromkeys(id_ for q in questions for id_ in q.attacks.get(attack, ()))
    ids = list(dict.fromkeys((*gold, *clean[:n_clean], *poison)))
    vectors = np.stack([data.vectors[id_] for id_ in ids])
    store = folder / "store"
    store.mkdir(parents=True)
    _write_rows(store / "entries.jsonl", [{"id": id_, "text": data.entries[id_].text} for id_ in ids])
    np.save(store / "vectors.npy", vectors)
    _write_rows(folder / "trusted.jsonl", [{"id": id_, "text": data.entries[id_].text} for id_ in gold])
    turns, reports = [], []
    asked = embedder.encode([question.question for question in questions])
    for question, vector in zip(questions, asked, strict=True):
        nearest = np.argsort(-(vectors @ vector), kind="stable")[:SHOWN]
        shown = [{"id": ids[at], "text": data.entries[ids[at]].text} for at in nearest]
        for kind, answer in (("wrong", question.incorrect), ("right", question.correct)):
            turns.append(
                {
                    "turn_id": f"{kind} {question.qid}",
                    "question": question.question,
                    "answer": answer,
                    "retrieved": shown,
                }
            )
        reports.append({"text": f"{question.question} {question.incorrect}"})
    _write_rows(folder / "log.jsonl", turns)
    _write_rows(folder / "reported.jsonl", reports)
    return frozenset(poison)


def _write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def run_case(folder: Path, loaded: Loaded, *, told: bool) -> RunResult:
    """Investigate a case as a user does."""
    return investigate(
        folder / "log.jsonl",
        folder / "trusted.jsonl",
        folder / "store",
        folder / ("told" if told else "blind"),
        models=loaded,
        known_false=folder / "reported.jsonl" if told else None,
    )


def measure(result: RunResult, poison: frozenset[str]) -> dict[str, Any]:
    """Return what a run flagged and whom it named, in percent."""
    claims, events, suspects = (
        result.to_pandas(name).to_dict("records") for name in ("claims", "events", "suspects")
    )
    named = {row["entry_id"] for row in suspects if row["verdict"] == SuspectVerdict.RESPONSIBLE}
    saying = {
        row["entry_id"]
        for row in suspects
        if any(reason["code"] == Code.ASSERTS_KNOWN_FALSE for reason in row["reasons"])
    }
    both = named | saying
    accused = {row["turn_id"] for row in events if row["origin"] == Origin.STORE}
    right = {row["turn_id"] for row in claims if row["turn_id"].startswith("right")}
    return {
        "wrong answers flagged": _flagged(claims, "wrong"),
        "right answers flagged": _flagged(claims, "right"),
        "right answers accused": _share(len(accused & right), len(right)),
        "entries: precision": _share(len(named & poison), len(named)),
        "recall": _share(len(named & poison), len(poison)),
        "and says it: precision": _share(len(both & poison), len(both)) if saying else None,
        "recall with it": _share(len(both & poison), len(poison)) if saying else None,
    }


def _flagged(claims: Sequence[Mapping[Hashable, Any]], kind: str) -> float | None:
    turns = {row["turn_id"] for row in claims if row["turn_id"].startswith(kind)}
    bad = {row["turn_id"] for row in claims if row["status"] in UNGROUNDED} & turns
    return _share(len(bad), len(turns))


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
