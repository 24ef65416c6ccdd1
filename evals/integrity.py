"""The integrity sweep against faults put into a clean store: `python -m evals integrity [--limit N] [--rates ...]`.

For each fault class and share: of the entries with the fault, how many are named under its code (recall), and of the
entries named under its code, how many have it (precision). What the untouched store shows under a code is listed, read
by a person, and left out of both. "Any" counts an entry as found under whatever code says it is damaged.

The store is a LangChain FAISS folder written by LangChain; every fault is put into smaller stores of the other kinds,
too. The result is written after every cell; a run that is stopped goes on where it was, as long as data, model and the
code that decides a cell are the same.
"""

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from evals.data import data_path, read_json_lines
from evals.fault_models import MiddleLayer
from evals.fault_stores import WRITERS, RefusedError
from evals.fault_types import Faulty, Rows
from evals.faults import FAULTS, FREE, inject
from evals.integrity_scale import measure_scale
from evals.results import RESULTS, ROOT, Table, print_tables, write_result
from halluguard.forensics.integrity import DAMAGE, Evidence, SweepResult, sweep
from halluguard.models import Cache, CachedEmbedder, load_embedder
from halluguard.run import digest_file
from halluguard.stores import open_store

RATES = (0.001, 0.01, 0.1)
MAIN, *OTHERS = WRITERS
CACHE = Path(".eval-cache/integrity/vectors.sqlite")
_DECIDES = (
    "halluguard/forensics/damage.py",
    "halluguard/forensics/integrity/*.py",
    "halluguard/stores/*.py",
    "evals/fault*.py",
    "evals/integrity.py",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One fault at one share in a store of one kind and size."""

    kind: str
    entries: int
    fault: str
    rate: float


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of a cell; `n_any` were found under any code of damage, `refused` says why there is nothing to count."""

    cell: Cell
    n_truth: int = 0
    n_hit: int = 0
    n_named: int = 0
    n_any: int = 0
    seconds: float = 0.0
    refused: str = ""

    @property
    def recall(self) -> float | None:
        """Named and faulty, over faulty."""
        return self.n_hit / self.n_truth if self.n_truth else None

    @property
    def precision(self) -> float | None:
        """Named and faulty, over named; None where nothing was named."""
        return self.n_hit / self.n_named if self.n_named else None


@dataclass(slots=True)
class Ledger:
    """What is measured so far, under the key of what decides it; written after every cell."""

    key: str
    write: Callable[["Ledger"], None]
    untouched: dict[str, dict[str, Any]] = field(default_factory=dict)
    scores: dict[Cell, Score] = field(default_factory=dict)
    scale: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, key: str, write: Callable[["Ledger"], None], path: Path) -> "Ledger":
        """Take up a result of the same key; any other is begun anew."""
        ledger = cls(key, write)
        kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if kept.get("key") == key:
            scores = [Score(**{**one, "cell": Cell(**one["cell"])}) for one in kept["counts"]]
            ledger.scores = {one.cell: one for one in scores}
            ledger.untouched, ledger.scale = kept["untouched"], kept["scale"]
        return ledger

    def payload(self) -> dict[str, Any]:
        """Return what is written."""
        counts = [asdict(one) for one in self.scores.values()]
        return {"key": self.key, "scale": self.scale, "untouched": self.untouched, "counts": counts}


@dataclass(frozen=True, slots=True)
class Bench:
    """A clean store, the models, and how its stores are written."""

    kind: str
    clean: Rows
    embedder: CachedEmbedder
    other: CachedEmbedder

    def sweep(self, store: Rows, evidence: Evidence) -> SweepResult:
        """Write a store, open it and sweep it."""
        with tempfile.TemporaryDirectory() as folder:
            WRITERS[self.kind](store, Path(folder))
            return sweep(open_store(Path(folder)), evidence)

    def cell(self, fault: str, rate: float) -> Cell:
        """Name a cell of this store."""
        return Cell(self.kind, len(self.clean.rows), fault, rate)

    def measure(self, fault: str, rate: float, baseline: SweepResult) -> Score:
        """Put a fault in, sweep, and count."""
        cell, started = self.cell(fault, rate), time.perf_counter()
        faulty = inject(self.clean, fault, rate, encode=self.embedder.encode, encode_other=self.other.encode)
        evidence = Evidence(
            embedder=None if FAULTS[fault][2] == FREE else self.embedder,
            turns=faulty.turns,
            known_bad=faulty.known_bad,
            read_source=None if faulty.sources is None else faulty.sources.get,
        )
        try:
            found = self.sweep(faulty.store, evidence)
        except RefusedError as error:
            return Score(cell, refused=str(error))
        return count(cell, faulty, found, baseline, time.perf_counter() - started)


def read_clean(path: Path, limit: int | None, embed: Callable[[Sequence[str]], Any]) -> Rows:
    """Return the clean entries, embedded."""
    entries = [row for row in read_json_lines(path) if row["label"] == "clean"][:limit]
    rows = tuple(
        {"id": row["entry_id"], "text": row["text"], "source": row["title"] or None} for row in entries
    )
    return Rows(rows, embed([str(row["text"]) for row in rows]))


def named_under(result: SweepResult, codes: Sequence[str]) -> frozenset[str]:
    """Return the ids named under one of the codes."""
    return frozenset(finding.entry_id for finding in result.findings if finding.reason.code in codes)


def count(cell: Cell, faulty: Faulty, result: SweepResult, baseline: SweepResult, seconds: float) -> Score:
    """Count a cell; entries the untouched store names under the same code count for neither side."""
    before = named_under(baseline, faulty.codes) - faulty.truth
    named = named_under(result, faulty.codes) - before
    damaged = named_under(result, (*faulty.codes, *DAMAGE))
    return Score(
        cell,
        n_truth=len(faulty.truth),
        n_hit=len(named & faulty.truth),
        n_named=len(named),
        n_any=len(damaged & faulty.truth),
        seconds=round(seconds, 1),
    )


def measure(bench: Bench, faults: Sequence[str], rates: Sequence[float], ledger: Ledger) -> None:
    """Measure what the ledger lacks of one store: the untouched store, then a store a fault and share."""
    todo = [
        (fault, rate) for fault in faults for rate in rates if bench.cell(fault, rate) not in ledger.scores
    ]
    if not todo:
        return
    started = time.perf_counter()
    baseline = bench.sweep(bench.clean, Evidence(embedder=bench.embedder))
    ledger.untouched[bench.kind] = {
        "entries": len(bench.clean.rows),
        "seconds": round(time.perf_counter() - started, 1),
        "findings": baseline.counts(),
        "container": [asdict(reason) for reason in baseline.container],
    }
    print(f"{bench.kind}, untouched: {ledger.untouched[bench.kind]}", flush=True)
    for number, (fault, rate) in enumerate(todo, start=1):
        one = bench.measure(fault, rate, baseline)
        ledger.scores[one.cell] = one
        ledger.write(ledger)
        figures = one.refused or (
            f"recall {_show(one.recall)} precision {_show(one.precision)} "
            f"any {one.n_any}/{one.n_truth}, {one.seconds:.0f} s"
        )
        print(f"[{number}/{len(todo)}] {bench.kind}, {fault}, {rate:.1%}: {figures}", flush=True)


def _show(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def tables_of(ledger: Ledger) -> dict[str, Table]:
    """Return the tables of faults by share, of faults by kind of store, and of the untouched stores."""
    scores = list(ledger.scores.values())
    main = [one for one in scores if one.cell.kind == MAIN]
    others = [one for one in scores if one.cell.kind != MAIN]
    tables = {"integrity": _by(main, lambda cell: f"{cell.rate:.1%}", _note(main))}
    if others:
        tables["integrity_stores"] = _by(others, lambda cell: cell.kind, _note(others))
    untouched = tuple(
        (kind, one["entries"], code, number)
        for kind, one in ledger.untouched.items()
        for code, number in one["findings"].items()
    )
    tables["integrity_untouched"] = Table(("store", "entries", "code", "named"), untouched)
    return tables


def _by(scores: Sequence[Score], heading: Callable[[Cell], str], note: str) -> Table:
    """Lay scores out: a row a fault, two columns a heading."""
    headings = list(dict.fromkeys(heading(one.cell) for one in scores))
    at = {(one.cell.fault, heading(one.cell)): one for one in scores}
    columns = tuple(f"{what}, {name}" for name in headings for what in ("recall", "precision"))
    rows = []
    for fault in (name for name in FAULTS if any(one.cell.fault == name for one in scores)):
        found = [at.get((fault, name)) for name in headings]
        figures = [
            figure for one in found for figure in ((one.recall, one.precision) if one else (None, None))
        ]
        rows.append((fault, FAULTS[fault][2], *figures))
    return Table(("fault", "takes", *columns), tuple(rows), note, dict.fromkeys(columns, 3))


def _note(scores: Sequence[Score]) -> str:
    sizes = sorted({one.cell.entries for one in scores})
    rates = ", ".join(f"{rate:.1%}" for rate in sorted({one.cell.rate for one in scores}))
    kinds = ", ".join(dict.fromkeys(one.cell.kind for one in scores))
    size = " or ".join(f"{size:,}" for size in sizes)
    return f"{kinds}; {size} clean entries; faults in {rates} of them. Dashes: the store's library writes no such entry."


def key_of(parts: Sequence[str]) -> str:
    """Digest what decides a cell beside its name: data, models, sizes, and code, whatever its commit."""
    total = hashlib.sha256("\n".join(parts).encode())
    for path in sorted(path for pattern in _DECIDES for path in ROOT.glob(pattern)):
        total.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return total.hexdigest()[:16]


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write `integrity.json`."""
    options = _parse(arguments)
    path = data_path("poison", "entries.jsonl.gz")
    if path is None:
        return 0
    model = load_embedder(device=options.device)
    kept = Cache(options.cache)
    embedder, other = CachedEmbedder(model, kept), CachedEmbedder(MiddleLayer(model), kept)
    data, models = {path.name: digest_file(path)}, {model.name: model.digest}

    def write(ledger: Ledger) -> None:
        if not options.dry:
            write_result(
                "integrity", ledger.payload(), tables=tables_of(ledger), data=data, models=models,
                device=options.device,
            )  # fmt: skip

    ledger = Ledger.open(key_of([*data.values(), model.digest]), write, RESULTS / "integrity.json")
    clean = read_clean(path, options.limit, embedder.encode)
    measure(Bench(MAIN, clean, embedder, other), options.faults, options.rates, ledger)
    small = Rows(clean.rows[: options.small], clean.vectors[: options.small])
    for kind in OTHERS if options.small else ():
        measure(Bench(kind, small, embedder, other), options.faults, [0.01], ledger)
    if options.scale and ledger.scale.get("entries") != options.scale:
        ledger.scale = measure_scale(options.scale, options.cache, options.device)
        write(ledger)
    print_tables(tables_of(ledger))
    print(ledger.scale)
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals integrity", description=__doc__)
    parser.add_argument("--limit", type=int, help="only the first N clean entries")
    parser.add_argument(
        "--small", type=int, default=2_000, help="entries of the stores of other kinds, 0 for none"
    )
    parser.add_argument("--rates", type=float, nargs="+", default=list(RATES))
    parser.add_argument("--faults", nargs="+", default=list(FAULTS), choices=list(FAULTS))
    parser.add_argument("--scale", type=int, default=100_000, help="entries of the run for size, 0 for none")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where vectors are kept")
    parser.add_argument("--device", default="cpu", help="where the embedding model runs")
    parser.add_argument("--dry", action="store_true", help="print, do not write")
    return parser.parse_args(arguments)
