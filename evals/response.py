"""Contain every drill with a store origin: plan, apply, prove, restore, and what the truth says of what was taken out.

`python -m evals response [--scenarios vendor-page ...] [--seeds 3]`. Each drill is played and investigated blind; the responder has
its weekly copies of the store, and the proposed plan is applied as it stands. A short look (fewer scenarios than all) is printed and not written.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.results import Table, print_tables, write_result
from halluguard import ModelChoice, api
from halluguard.drill import DrillFiles, list_scenarios, load_scenario, run_drill
from halluguard.errors import InputError
from halluguard.response import Signature
from halluguard.run import digest_file, write_json

CACHE = Path(".eval-cache/response")
VERDICTS = Path(".eval-cache/drills/verdicts.sqlite")
SIGNED = Signature("evals", datetime(2026, 1, 1, tzinfo=UTC), "benchmark")


def main(arguments: Sequence[str]) -> int:
    """Respond to each drill, print the tables, and write them where all scenarios are in."""
    parser = argparse.ArgumentParser("python -m evals response", description=__doc__)
    parser.add_argument(
        "--scenarios", nargs="+", default=None, help="names; default: all with a store origin"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument(
        "--verdicts", type=Path, default=VERDICTS, help="what models said before; that of the drills"
    )
    options = parser.parse_args(arguments)
    every = [name for name in list_scenarios() if load_scenario(name).expected.origins]
    names = options.scenarios or every
    options.cache.mkdir(parents=True, exist_ok=True)
    options.verdicts.parent.mkdir(parents=True, exist_ok=True)
    loaded = ModelChoice(device=options.device, cache=options.verdicts).load()
    rows = []
    for seed in range(options.seeds):
        for name in names:
            rows.append(respond(name, seed, loaded, options.cache))
            print(json.dumps(rows[-1]), flush=True)
    tables = make_tables(rows)
    print_tables(tables)
    if set(names) >= set(every):
        models = loaded.models
        named = {models.scorer.name: models.scorer.digest, models.embedder.name: models.embedder.digest}
        write_result("response", {"drills": rows}, tables=tables, models=named, device=models.device)
    return 0


def respond(name: str, seed: int, loaded: Any, cache: Path) -> dict[str, Any]:
    """Play, investigate, plan, apply, prove and restore one drill; the row is kept by model."""
    kept = cache / f"{name}-{seed}.json"
    digest = loaded.models.scorer.digest
    if kept.is_file() and (row := json.loads(kept.read_text(encoding="utf-8")))["nli"] == digest:
        return dict(row)
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        drill = Path(folder) / "drill"
        run_drill(name, drill, embedder=loaded.models.embedder, seed=seed)
        files = DrillFiles(drill)
        run = api.investigate(files.log, files.trusted, files.store, drill / "run", models=loaded).run
        made = contain(run, files, Path(folder) / "out", loaded)
    row = {
        "scenario": name,
        "seed": seed,
        "nli": digest,
        **made,
        "cpu_s": round(time.process_time() - started, 1),
    }
    write_json(kept, row)
    return row


def contain(run: Any, files: DrillFiles, out: Path, loaded: Any) -> dict[str, Any]:
    """Plan, apply, prove and restore, and compare what was taken out with the truth."""
    before = _digests(files.store)
    truth = set(json.loads(files.truth.read_text(encoding="utf-8"))["entries"])
    plan = api.plan_response(run, files.store, out, snapshots=files.snapshots, models=loaded)
    gone, ghosts = set(plan.condemned()), set(plan.ghosts())
    kinds = {
        "contaminated": len(truth),
        "taken_out": len(gone),
        "put_back": len(plan.put_back()),
        "outside": len(ghosts),
        "rightly": len((gone | ghosts) & truth),
    }
    try:
        _, proof = api.apply_response(run, files.store, out, signed=SIGNED, models=loaded)
    except InputError as error:
        return {**kinds, "verdict": f"not applied: {error}"}
    api.restore_response(out, out.with_name("back"), signed=SIGNED)
    figures = proof.as_dict() if proof else {}
    return {
        **kinds,
        "verdict": figures["verdict"],
        "failures": figures["failures"],
        "probes": figures["probes"]["brought_it_up_before"],
        "hits": figures["probes"]["bring_it_up_now"],
        "residual_upper_95": figures["probes"]["residual_upper_95"],
        "clean": figures["clean"]["claims"],
        "clean_lost": figures["clean"]["lost"],
        "uncorroborated": len(figures["clean"]["uncorroborated"]),
        "restored_byte_for_byte": _digests(out.with_name("back")) == before,
        "original_untouched": _digests(files.store) == before,
    }


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: digest_file(path) for path in sorted(folder.iterdir()) if path.is_file()}


COUNTS = (
    "contaminated",
    "taken_out",
    "put_back",
    "outside",
    "rightly",
    "probes",
    "hits",
    "clean",
    "clean_lost",
    "uncorroborated",
)


def make_tables(rows: Sequence[dict[str, Any]]) -> dict[str, Table]:
    """Return what the drills must show, and a line a scenario with the sums over its seeds."""
    played: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        played.setdefault(row["scenario"], []).append(row)
    lines = tuple(
        (name, len(some), *_sums(some).values(), sum(row["verdict"] == "proved" for row in some))
        for name, some in sorted(played.items())
    )
    sums = _sums(rows)
    shown = (
        (
            "probes with the false claim unsupported, %",
            99.0,
            _percent(sums["probes"] - sums["hits"], sums["probes"]),
        ),
        ("clean support lost, %, at most", 0.5, _percent(sums["clean_lost"], sums["clean"])),
        ("drills proved, %", 100.0, _percent(sum(row["verdict"] == "proved" for row in rows), len(rows))),
        (
            "restored byte for byte, %",
            100.0,
            _percent(sum(bool(row.get("restored_byte_for_byte")) for row in rows), len(rows)),
        ),
        (
            "original untouched, %",
            100.0,
            _percent(sum(bool(row.get("original_untouched")) for row in rows), len(rows)),
        ),
    )
    return {
        "response": Table(
            ("", "aim", "value"),
            shown,
            f"{len(rows)} drills, each plan applied as proposed.",
            decimals={"value": 2},
        ),
        "response.drills": Table(
            ("scenario", "drills", *(name.replace("_", " ") for name in COUNTS), "proved"), lines
        ),
    }


def _sums(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(row.get(name) or 0 for row in rows) for name in COUNTS}


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
