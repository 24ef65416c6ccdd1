"""Time and memory of the cascade stage by the size of the log: 1,000, 10,000 and 100,000 turns, one in twenty a case.

`python -m evals cascade_scale [--sizes 1000 10000]`. Each size is measured in a process of its own, after the check, with words
for an entailment model: reading texts costs what the model costs and is not the stage's.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from evals.results import ROOT, Table, print_tables, write_result
from halluguard.records import Entry
from halluguard.run import Run

SIZES = (1000, 10_000, 100_000)
START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 28.0
FALSE, TRUE = (
    "Refunds are paid up to {} days after the flight.",
    "Refunds are paid up to 30 days before the flight.",
)
CASES, WRITTEN = 20, 8
"""One turn in so many is a case; one in so many is written back."""


class GrownStore:
    """The entries of a loop: pages, one planted entry, and memories of answers."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def entries(self) -> Iterator[Entry]:
        """Yield every entry."""
        yield from self._entries


def grow_log(turns: int, folder: Path) -> tuple[Run, GrownStore]:
    """Write a checked run of so many turns over 28 days, and return it with the store that grew beside it."""
    generator = np.random.default_rng(turns)
    entries = [_page(number) for number in range(50)]
    clean, false = list(range(50)), [50]
    entries.append(Entry("planted", f"Policy update. {FALSE}", None, "feed", START, None))
    rows, claims = [], []
    for number in range(turns):
        when = START + timedelta(days=0.1 + (DAYS - 0.1) * number / turns)
        case = number % CASES == CASES - 1
        shown = [int(generator.choice(false))] if case else []
        shown += [int(one) for one in generator.choice(clean, 4)]
        rows.append(_turn(number, when, case, [entries[one] for one in shown]))
        claims.append(_claim(rows[-1], case, entries[shown[0]].id))
        if generator.random() < 1 / WRITTEN:
            (false if case else clean).append(len(entries))
            writer = rows[-1]["turn_id"] if number % 2 else None
            come = when + timedelta(hours=3 + float(generator.random()))
            text = f"Q: {rows[-1]['question']}\nA: {rows[-1]['answer']}"
            entries.append(
                Entry(f"memory-{number}", text, None, "memory", come, None, written_by_turn=writer)
            )
    run = Run.create(folder, {"fingerprint": f"scale {turns}"})
    run.write("turns", rows)
    run.write("claims", claims)
    return run, GrownStore(entries)


def _page(number: int) -> Entry:
    return Entry(
        f"page-{number}", f"{TRUE} Chapter {number} of the handbook.", None, "pages", START - timedelta(60)
    )


def _turn(number: int, when: datetime, case: bool, shown: Sequence[Entry]) -> dict[str, Any]:
    name = f"traveller {number % 997} of group {number % 89}"
    answer = f"{FALSE if case else TRUE} This holds for {name}."
    chunks = [
        {"id": e.id, "text": e.text, "source": e.source, "score": None, "rank": n, "used": True}
        for n, e in enumerate(shown)
    ]
    return {
        "turn_id": f"t{number}",
        "conversation_id": f"c{number // 3}",
        "timestamp": when,
        "user_id": f"u{number % 4001}",
        "question": f"Until when can {name} ask for a refund?",
        "answer": answer,
        "retrieved": chunks,
        "feedback": [],
    }


def _claim(turn: dict[str, Any], case: bool, source: str) -> dict[str, Any]:
    return {
        "turn_id": turn["turn_id"],
        "claim_id": f"{turn['turn_id']}#0",
        "text": turn["answer"],
        "reading": turn["answer"].split(" This holds")[0],
        "status": "source_conflict" if case else "grounded",
        "timestamp": turn["timestamp"],
        "cited_ids": [source],
        "cited_entailment": 0.9,
        "supporting_chunk_id": source if case else "",
    }


def measure(turns: int) -> dict[str, Any]:
    """Return cases, entries, seconds and the most memory this process held, for a log of so many turns."""
    import resource

    from halluguard.cascade import run_cascade

    with tempfile.TemporaryDirectory() as folder:
        run, store = grow_log(turns, Path(folder) / "run")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        wall, cpu = time.perf_counter(), time.process_time()
        result = run_cascade(run, store)
        return {
            "turns": turns,
            "cases": sum(cascade["n_answers"] for cascade in result.data["cascades"]),
            "entries": sum(cascade["n_entries"] for cascade in result.data["cascades"]),
            "wall_s": round(time.perf_counter() - wall, 2),
            "cpu_s": round(time.process_time() - cpu, 2),
            "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            "peak_before_mib": round(before / 1024, 1),
        }


def main(arguments: Sequence[str]) -> int:
    """Measure each size in a fresh process, print the table, and write it where all sizes are in."""
    parser = argparse.ArgumentParser("python -m evals cascade_scale", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--one", type=int, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one is not None:
        print(json.dumps(measure(options.one)))
        return 0
    rows = [_measure_alone(size) for size in options.sizes]
    tables = {"cascade.scale": make_table(rows)}
    print_tables(tables)
    if set(options.sizes) >= set(SIZES):
        print(write_result("cascade_scale", {"sizes": rows}, tables=tables))
    return 0


def _measure_alone(turns: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "evals.cascade_scale", "--one", str(turns)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def make_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Return a line a size, with CPU time over n log n beside that of the first size."""
    unit = rows[0]["cpu_s"] / (rows[0]["turns"] * math.log(rows[0]["turns"]))
    lines = tuple(
        (
            row["turns"],
            row["cases"],
            row["entries"],
            row["cpu_s"],
            row["wall_s"],
            row["peak_mib"],
            row["cpu_s"] / (row["turns"] * math.log(row["turns"])) / unit if unit else None,
        )
        for row in rows
    )
    return Table(
        ("turns", "cases", "contaminated entries", "CPU s", "wall s", "peak MiB", "CPU per n log n"),
        lines,
        "The cascade stage alone, after the check. The last column is relative to the first line: 1 is growth as n log n.",
        {"CPU per n log n": 2},
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
