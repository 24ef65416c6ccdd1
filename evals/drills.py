"""Blind over all drills: what the detector finds of feedback loops with known truth, as it is and with a check that makes no error.

`python -m evals drills [--scenarios vendor-page ...] [--seeds 10]`. Each drill is played, investigated from its log, trusted pages
and store alone, and compared with its truth. What is scored lies in `.eval-cache/drills` and is not scored again with the
same model; `--anew` does. A short look (fewer scenarios or seeds than all and ten) is printed and not written.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.metrics import bootstrap_interval
from evals.results import Table, print_tables, write_result
from halluguard import ModelChoice
from halluguard.cascade.scores import wilson
from halluguard.drill import list_scenarios, load_scenario
from halluguard.drill.reading import scenario_folder
from halluguard.drill.run import exercise
from halluguard.grounding.check import digest_path
from halluguard.run import write_json

CACHE = Path(".eval-cache/drills")
FULL_SEEDS = 10
AIMS = {
    "origin ranked first": 0.95,
    "no origin named where there is none": 0.95,
    "entries: precision": 0.95,
    "entries: recall": 0.9,
    "minimum cut verified by replay": None,
    "verdict right": None,
    "false answers: precision": None,
    "false answers: recall": None,
    "write-backs: precision": None,
    "write-backs: recall": None,
}
"""What is measured, and the least share that is aimed at."""

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Share:
    """A share over drills with its 95 % interval; `n` drills, or things found or to be found in them."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def main(arguments: Sequence[str]) -> int:
    """Score what is not scored yet, print the tables, and write them where all drills are in."""
    parser = argparse.ArgumentParser("python -m evals drills", description=__doc__)
    parser.add_argument("--scenarios", nargs="+", default=None, help="names; default: all")
    parser.add_argument("--seeds", type=int, default=FULL_SEEDS)
    parser.add_argument("--nli-model", default=None)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--anew", action="store_true", help="score again what is scored")
    options = parser.parse_args(arguments)
    names = options.scenarios or list_scenarios()
    options.cache.mkdir(parents=True, exist_ok=True)
    choice = ModelChoice(
        nli=options.nli_model, device=options.device, cache=options.cache / "verdicts.sqlite"
    )
    loaded = choice.load()
    digest = loaded.models.scorer.digest
    rows = []
    for seed in range(options.seeds):
        for name in names:
            path = options.cache / f"{name}-{seed}.json"
            rows.append(_known(path, digest, options.anew) or _score(name, seed, path, loaded))
    figures = {kind: measure(part) for kind, part in split_kinds(rows).items()}
    tables = make_tables(rows, figures)
    print_tables(tables)
    if set(names) >= set(list_scenarios()) and options.seeds >= FULL_SEEDS:
        models = loaded.models
        payload = {
            "drills": len(rows),
            "seeds": options.seeds,
            "figures": {
                kind: {name: vars_of(share) for name, share in found.items()}
                for kind, found in figures.items()
            },
            "cpu_seconds": round(sum(row["cpu_s"] for row in rows), 1),
        }
        written = write_result(
            "drills",
            payload,
            tables=tables,
            data={"corpora/drills": digest_path(scenario_folder())},
            models={models.scorer.name: models.scorer.digest, models.embedder.name: models.embedder.digest},
            device=models.device,
        )
        print(written)
    return 0


def vars_of(share: Share) -> dict[str, Any]:
    """Return a share as plain values."""
    return {"value": share.value, "low": share.low, "high": share.high, "n": share.n}


def _known(path: Path, digest: str, anew: bool) -> dict[str, Any] | None:
    if anew or not path.is_file():
        return None
    row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return row if row["nli"] == digest else None


def _score(name: str, seed: int, path: Path, loaded: Any) -> dict[str, Any]:
    """Play and score one drill, keep the row, and say what it came to."""
    folder = Path(tempfile.mkdtemp())
    started = time.process_time()
    try:
        result = exercise(name, folder / "drill", seed=seed, score=True, models=loaded)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    row = {
        "nli": loaded.models.scorer.digest,
        "title": load_scenario(name).title,
        "cpu_s": round(time.process_time() - started, 2),
        **result,
    }
    write_json(path, row)
    score = row["score"]
    print(
        f"{name} {seed}: {row['cpu_s']:.0f} s, named {', '.join(score['named']) or 'none'}, "
        f"entries {score['entries']['hits']}/{score['entries']['right']} of {score['entries']['found']} found, "
        f"{score['verdict']} {'right' if score['verdict_right'] else 'wrong'}",
        flush=True,
    )
    return row


def split_kinds(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Return the scores of the shipped check and of a perfect one, with what containment saved beside both."""
    real = [row["score"] for row in rows]
    return {"real": real, "perfect": [{"cut": None, **score["perfect_check"]} for score in real]}


def measure(scores: Rows) -> dict[str, Share]:
    """Return every figure over drills: shares of drills by Wilson, precision and recall with drills drawn again."""
    cuts = [score for score in scores if score["cut"] and score["origin_first"] is not None]
    found = {
        "origin ranked first": _share(_known_values(scores, "origin_first")),
        "no origin named where there is none": _share(_known_values(scores, "no_origin_named")),
        "minimum cut verified by replay": _share([s["cut"]["false_answers_after"] == 0 for s in cuts]),
        "verdict right": _share([score["verdict_right"] for score in scores]),
    }
    for label, key in (("entries", "entries"), ("false answers", "cases"), ("write-backs", "edges")):
        found[f"{label}: precision"] = _pooled([score[key] for score in scores], "found")
        found[f"{label}: recall"] = _pooled([score[key] for score in scores], "right")
    return {name: found[name] for name in AIMS}


def _known_values(scores: Rows, key: str) -> list[bool]:
    return [score[key] for score in scores if score[key] is not None]


def _share(values: Iterable[bool]) -> Share:
    known = list(values)
    if not known:
        return Share(None, None, None, 0)
    return Share(sum(known) / len(known), *wilson(sum(known), len(known)), len(known))


def _pooled(overlaps: Sequence[dict[str, Any]], total: str) -> Share:
    """Return hits over `found` or `right`, all drills together; things of one drill are not independent."""
    kept = [one for one in overlaps if one[total]]
    hits, totals = (np.array([one[key] for one in kept], dtype=np.float64) for key in ("hits", total))
    if not kept:
        return Share(None, None, None, 0)
    low, high = bootstrap_interval(
        [str(n) for n in range(len(kept))], lambda rows: float(hits[rows].sum() / totals[rows].sum())
    )
    return Share(float(hits.sum() / totals.sum()), low, high, int(totals.sum()))


def make_tables(rows: Rows, figures: dict[str, dict[str, Share]]) -> dict[str, Table]:
    """Return the figures with their aims, and a line a scenario."""
    three = dict.fromkeys(("aim", "value", "low", "high", "perfect check"), 3)
    lines = [
        (name, aim, share.value, share.low, share.high, share.n, figures["perfect"][name].value)
        for (name, aim), share in zip(AIMS.items(), figures["real"].values(), strict=True)
    ]
    names = sorted({row["scenario"] for row in rows})
    return {
        "drills": Table(
            ("", "aim", "value", "low", "high", "n", "perfect check"),
            tuple(lines),
            f"Blind over {len(rows)} drills, {len(names)} scenarios. Perfect check: what the same cascade makes of claims judged "
            "without error. Low and high are Wilson intervals of drills, or of drills drawn with replacement.",
            three,
        ),
        "drills.scenarios": Table(
            (
                "scenario",
                "drills",
                "origin",
                "entries P",
                "entries R",
                "cases R",
                "verdict",
                "days to see",
                "spared",
            ),
            tuple(
                _scenario_line(name, [r["score"] for r in rows if r["scenario"] == name]) for name in names
            ),
            "Origin: ranked first, or rightly none named. Days to see: from the beginning to the first flagged false answer, "
            "median. Spared: false answers that would not have been given, had what is in quarantine gone a day after that.",
            {"origin": 2, "entries P": 2, "entries R": 2, "cases R": 2, "verdict": 2, "spared": 2},
        ),
    }


def _scenario_line(name: str, scores: Rows) -> tuple[Any, ...]:
    right = [
        bool(s["origin_first"] if s["origin_first"] is not None else s["no_origin_named"]) for s in scores
    ]
    seen = [s["days_to_detection"] for s in scores if s["days_to_detection"] is not None]
    spared = [
        1 - s["quarantine"]["false_answers_after"] / s["quarantine"]["false_answers"]
        for s in scores
        if s["quarantine"]
    ]
    mean: Callable[[list[Any]], float | None] = lambda values: float(np.mean(values)) if values else None  # noqa: E731
    return (
        name,
        len(scores),
        mean(right),
        _pooled([s["entries"] for s in scores], "found").value,
        _pooled([s["entries"] for s in scores], "right").value,
        _pooled([s["cases"] for s in scores], "right").value,
        mean([s["verdict_right"] for s in scores]),
        float(np.median(seen)) if seen else None,
        mean(spared),
    )


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
