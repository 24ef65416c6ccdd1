"""Speed: the check against the plain reference of one `CrossEncoder.predict` call a claim, on RAGTruth QA.

Both sides have the same model, index and threads. All 832 answers take hours on a small machine, nearly all of them the
reference's; `--sample 60` measures both sides on that many answers, spread over the whole, and the result says so.
`--sample 20 --turns 400 --no-write` is a short look.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.data import data_path, digests, read_json_lines
from evals.plain import PlainCheck, PlainResult, PlainScorer
from evals.ragtruth_log import ragtruth_log, ragtruth_turns, repeat_turns, write_turns
from evals.results import ROOT, Table, print_tables, write_result
from halluguard.grounding.check import CheckSettings
from halluguard.grounding.loading import load_reader
from halluguard.logs import read_log
from halluguard.models import Models, load_models
from halluguard.records import Turn
from halluguard.run import Run
from halluguard.trusted import build_index, open_index

LONG_LOG = 100_000


@dataclass(frozen=True, slots=True)
class _Place:
    """The files of one measurement, and what every process of it shares."""

    folder: Path
    options: argparse.Namespace

    def check(
        self, log: str, output: str, *, cache: str = "cache.sqlite", more: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Run the check in a fresh process and return what it measured."""
        options = self.options
        command = [sys.executable, "-m", "evals.speed_run", log, "index", output, *more]
        command += ["--threads", str(options.threads), "--device", options.device]
        command += ["--cache", cache] if cache else []
        command += ["--nli-model", str(Path(options.nli_model).resolve())] if options.nli_model else []
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(options.threads)}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        print(f"{output}: {json.dumps(found)}", flush=True)
        return found


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark and return an exit code."""
    options = _parse(arguments)
    path = data_path("grounding", "ragtruth_qa_test.jsonl.gz")
    if path is None:
        return 0
    import torch

    torch.set_num_threads(options.threads)
    every = list(read_json_lines(path))
    rows = spread(every, options.sample)
    models = load_models(nli=options.nli_model, device=options.device, cache=False)
    with tempfile.TemporaryDirectory(prefix="halluguard-speed-") as folder:
        place = _Place(Path(folder), options)
        ragtruth_log(rows, place.folder / "log.jsonl", place.folder / "trusted.jsonl")
        build_index(place.folder / "trusted.jsonl", place.folder / "index", models.embedder)
        payload: dict[str, Any] = {"command": " ".join(["python -m evals speed", *arguments])}
        payload["sample"] = {"answers": len(rows), "of": len(every), "whole": len(rows) == len(every)}
        payload |= _measure(place, list(read_log(place.folder / "log.jsonl")), models)
        payload["memory"] = _measure_memory(place, list(ragtruth_turns(rows)))
    tables = {"speed": _speed_table(payload), "speed-goals": _goal_table(payload)}
    print_tables(tables)
    if not options.no_write:
        named = {models.scorer.name: models.scorer.digest, models.embedder.name: models.embedder.digest}
        write_result("speed", payload, tables=tables, data=digests(path), models=named, device=models.device)
    return 0


def spread(rows: Sequence[Mapping[str, Any]], count: int) -> list[Mapping[str, Any]]:
    """Return about `count` rows, all answers of documents at equal distances; all rows where `count` is 0.

    Answers to one question share their passages, in this log as in any: a sample of single answers would not.
    """
    if not 0 < count < len(rows):
        return list(rows)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["document"], []).append(row)
    wanted = max(1, round(count * len(groups) / len(rows)))
    kept = [list(groups.values())[place * len(groups) // wanted] for place in range(wanted)]
    return [row for group in kept for row in group]


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m evals speed", description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="answers to measure, spread over all; 0 is all")
    parser.add_argument("--turns", type=int, default=LONG_LOG, help="turns of the long log; 0 leaves it out")
    parser.add_argument("--long-minutes", type=float, default=20.0, help="the long log is stopped after them")
    parser.add_argument("--alone", type=int, default=100, help="turns that are also decided one at a time")
    parser.add_argument("--no-write", action="store_true", help="print the figures only")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--nli-model", default=None)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args(arguments)


def _measure(place: _Place, turns: list[Turn], models: Models) -> dict[str, Any]:
    cold = place.check("log.jsonl", "cold", more=["--record"])
    warm = place.check("log.jsonl", "warm")
    alone = place.check(
        "log.jsonl", "alone", cache="", more=["--one-by-one", str(min(place.options.alone, len(turns)))]
    )
    found, again = (_statuses(Run.open(place.folder / name)) for name in ("cold", "warm"))
    plain, same = _check_by_reference(place, turns, models)
    checked = {name: status for name, status in found.items() if name in plain.statuses}
    first = {turn.turn_id for turn in turns[: alone["turns"]]}
    plain_alone = [1000 * sum(some) for name, some in plain.seconds.items() if name in first]
    rates = {"plain": len(plain.statuses) / plain.claim_seconds.sum()}
    rates |= {"cold": cold["claims"] / cold["seconds"], "warm": warm["claims"] / warm["seconds"]}
    busy = {"plain": sum(plain.cpu_seconds), "cold": cold["cpu_seconds"], "warm": warm["cpu_seconds"]}
    return {
        "turns": len(turns),
        "claims": len(plain.statuses),
        "claims_per_s": rates,
        "times_plain": {name: rates[name] / rates["plain"] for name in ("cold", "warm")},
        "times_plain_without_control": {
            name: one["claims"] / (one["seconds"] - one["control_seconds"]) / rates["plain"]
            for name, one in (("cold", cold), ("warm", warm))
        },
        "times_plain_cpu": {name: busy["plain"] / busy[name] for name in ("cold", "warm")},
        "cpu_ms_per_claim": {name: 1000 * spent / len(plain.statuses) for name, spent in busy.items()},
        "pairs": {
            "plain": sum(plain.pairs),
            "cold": cold["pairs_read"],
            "warm": warm["pairs_asked"] - warm["pairs_known"],
        },
        "padded_per_real": cold["padded_per_real"],
        "agreement": _agreement(checked, plain.statuses),
        "agreement_same_evidence": _agreement(checked, same),
        "disagreements": _disagreements(checked, plain.statuses),
        "warm_equals_cold": found == again,
        "turn_ms": {
            "plain": {
                "p50": float(np.percentile(plain_alone, 50)),
                "p95": float(np.percentile(plain_alone, 95)),
            },
            "cold": {"p50": alone["p50_ms"], "p95": alone["p95_ms"]},
        },
        "cold": cold,
        "warm": warm,
    }


def _check_by_reference(
    place: _Place, turns: list[Turn], models: Models
) -> tuple[PlainResult, dict[str, str]]:
    reader = load_reader(models)
    folder = models.nli_folder
    if folder is None:
        raise SystemExit("the reference reads a model folder: give one with --nli-model")
    scorer = PlainScorer(folder, models.device, models.scorer.digest)
    scorer.predict([("Warm up.", "Warm up.")] * 8)
    embedder = models.embedder.embedder  # without the cache
    index = open_index(place.folder / "index", embedder)
    reference = PlainCheck(scorer, reader, embedder, index, CheckSettings().top_k)
    return reference.decide(turns), reference.decide_same_evidence(turns)


def _statuses(run: Run) -> dict[str, str]:
    table = run.read("claims", ["claim_id", "status"])
    return dict(zip(table["claim_id"].to_pylist(), table["status"].to_pylist(), strict=True))


def _agreement(found: Mapping[str, str], wanted: Mapping[str, str]) -> float:
    """Return the share of claims with the same status; a claim that only one side has counts as another status."""
    names = found.keys() | wanted.keys()
    return sum(found.get(name) == wanted.get(name) for name in names) / len(names) if names else 1.0


def _disagreements(found: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            key = f"{wanted.get(name)} -> {found.get(name)}"
            counts[key] = counts.get(key, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _measure_memory(place: _Place, turns: list[Turn]) -> dict[str, Any]:
    """Check a long log, the cache as the measurement before left it, and return its figures."""
    if not place.options.turns:
        return {}
    write_turns(repeat_turns(turns, place.options.turns), place.folder / "long.jsonl")
    minutes = place.options.long_minutes
    found = place.check("long.jsonl", "long", more=["--seconds", str(60 * minutes)])
    return {**found, "wanted": place.options.turns, "turns_per_s": found["turns"] / found["seconds"]}


def _speed_table(payload: Mapping[str, Any]) -> Table:
    names = {
        "plain": "one `CrossEncoder.predict` call a claim",
        "cold": "halluguard, cold cache",
        "warm": "halluguard, warm cache",
    }
    rows = [
        (
            name,
            payload["claims_per_s"][key],
            payload["times_plain"].get(key, 1.0),
            payload["cpu_ms_per_claim"][key],
            payload["pairs"][key],
            payload["turn_ms"].get(key, {}).get("p50"),
            payload["turn_ms"].get(key, {}).get("p95"),
        )
        for key, name in names.items()
    ]
    sample = payload["sample"]
    part = "" if sample["whole"] else f"A sample: {sample['answers']} of {sample['of']} answers. "
    note = (
        f"{part}{payload['turns']} answers, {payload['claims']} claims of RAGTruth QA; same model, index and threads. "
        "p50 and p95 of deciding one turn by itself."
    )
    columns = ("", "claims/s", "times plain", "CPU ms/claim", "pairs read", "p50 ms", "p95 ms")
    return Table(columns, tuple(rows), note, {"p50 ms": 0, "p95 ms": 0})


def _goal_table(payload: Mapping[str, Any]) -> Table:
    times, memory = payload["times_plain"], payload["memory"]
    alone, busy = payload["times_plain_without_control"], payload["times_plain_cpu"]
    rows = [
        ("claims/s against the plain reference, cold", f"{times['cold']:.1f} times", "at least 5"),
        ("the same, warm", f"{times['warm']:.0f} times", "at least 50"),
        (
            "both without the control of false alarms, which reads a tenth of the claims, at most 100, once",
            f"{alone['cold']:.1f} and {alone['warm']:.0f} times",
            "",
        ),
        ("both by processor time", f"{busy['cold']:.1f} and {busy['warm']:.0f} times", ""),
        (
            "statuses agreeing with the reference, which reads every window",
            f"{payload['agreement']:.2%}",
            "at least 99.5 %",
        ),
        (
            "the same where it reads the evidence halluguard chose",
            f"{payload['agreement_same_evidence']:.2%}",
            "",
        ),
        ("padded tokens per real token", f"{payload['padded_per_real']:.3f}", ""),
        ("warm statuses equal cold ones", "yes" if payload["warm_equals_cold"] else "no", "yes"),
    ]
    if memory:
        rows.append(
            (f"peak memory, {memory['turns']:,} turns", f"{memory['peak_mib']:.0f} MiB", "under 2,048")
        )
        rows.append((f"turns/s, {memory['turns']:,} turns", f"{memory['turns_per_s']:.0f}", ""))
    sample = payload["sample"]
    note = "" if sample["whole"] else f"A sample: {sample['answers']} of {sample['of']} answers."
    if memory and memory["turns"] < memory["wanted"]:
        note += f" The long log of {memory['wanted']:,} turns was stopped after {memory['seconds']:.0f} s."
    return Table(("", "measured", "goal"), tuple(rows), note.strip())
