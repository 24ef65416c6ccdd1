"""The integrity sweep against faults put into a clean store: `python -m evals integrity [--limit N] [--rates ...]`.

For each fault class and share: of the entries with the fault, how many are named under its code (recall), and of the
entries named under its code, how many have it (precision). What the untouched store shows under a code is listed, read
by a person, and left out of both. "Any" counts an entry as found under whatever code says it is damaged.
"""

import argparse
import json
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.data import data_path, read_json_lines
from evals.faults import FAULTS, FREE, Faulty, Rows, inject
from evals.results import Table, print_tables, write_result
from halluguard.forensics.integrity import DAMAGE, Evidence, SweepResult, sweep
from halluguard.models import SentenceEmbedder, load_embedder
from halluguard.run import digest_file
from halluguard.stores import open_store

RATES = (0.001, 0.01, 0.1)


class Memory:
    """An embedder that remembers every text it has read, so that a store is embedded once for all its faults."""

    def __init__(self, model: SentenceEmbedder, known: dict[str, NDArray[np.float32]]) -> None:
        self.name, self.digest, self.dimension, self.max_tokens = (
            model.name,
            model.digest,
            model.dimension,
            model.max_tokens,
        )
        self._model, self._known = model, known

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (n, d)."""
        new = sorted({text for text in texts if text not in self._known}, key=lambda text: (len(text), text))
        self._known.update(zip(new, self._model.encode(new), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.float32).reshape(-1, self.dimension)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text."""
        return self._model.count_tokens(texts)


class MiddleLayer:
    """Another model of the same dimension: the mean of the third layer in place of the last."""

    def __init__(self, model: SentenceEmbedder) -> None:
        self._inner = model._model[0]  # noqa: SLF001  # no public way to a middle layer

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (n, d)."""
        import torch

        rows = []
        for text in texts:
            inputs = self._inner.tokenizer([text], truncation=True, max_length=256, return_tensors="pt")
            with torch.no_grad():
                hidden = (
                    self._inner.auto_model(**inputs, output_hidden_states=True)
                    .hidden_states[3][0]
                    .mean(dim=0)
                )
            rows.append((hidden / hidden.norm()).float().numpy())
        return np.array(rows, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one fault at one share; `n_any` were found under any code of damage."""

    fault: str
    kind: str
    rate: float
    n_truth: int
    n_hit: int
    n_named: int
    n_any: int

    @property
    def recall(self) -> float:
        """Named and faulty, over faulty."""
        return self.n_hit / self.n_truth

    @property
    def precision(self) -> float:
        """Named and faulty, over named; 1 where nothing was named."""
        return self.n_hit / self.n_named if self.n_named else 1.0


def read_clean(
    path: Path, limit: int | None, vectors: Path | None, ids: Path | None
) -> tuple[Rows, dict[str, NDArray[np.float32]]]:
    """Return the clean entries and the vectors already known, by text."""
    entries = [row for row in read_json_lines(path) if row["label"] == "clean"][:limit]
    known: dict[str, NDArray[np.float32]] = {}
    if vectors and ids:
        at = {key: number for number, key in enumerate(json.loads(ids.read_text()))}
        array = np.load(vectors, allow_pickle=False)
        known = {row["text"]: array[at[row["entry_id"]]] for row in entries if row["entry_id"] in at}
    rows = tuple(
        {"id": row["entry_id"], "text": row["text"], "source": row["title"] or None} for row in entries
    )
    return Rows(rows, np.zeros((len(rows), 0), dtype=np.float32)), known


def run_sweep(store: Rows, folder: Path, evidence: Evidence) -> SweepResult:
    """Write a store as JSONL and npy, open it and sweep it."""
    (folder / "entries.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in store.rows), encoding="utf-8"
    )
    np.save(folder / "vectors.npy", store.vectors)
    return sweep(open_store(folder), evidence)


def named_under(result: SweepResult, codes: Sequence[str]) -> frozenset[str]:
    """Return the ids named under one of the codes."""
    return frozenset(finding.entry_id for finding in result.findings if finding.reason.code in codes)


def score(fault: str, rate: float, faulty: Faulty, result: SweepResult, baseline: SweepResult) -> Score:
    """Count one fault at one share; entries the untouched store names under the same code count for neither side."""
    before = named_under(baseline, faulty.codes) - faulty.truth
    named = named_under(result, faulty.codes) - before
    damaged = named_under(result, (*faulty.codes, *DAMAGE))
    return Score(
        fault,
        FAULTS[fault][2],
        rate,
        len(faulty.truth),
        len(named & faulty.truth),
        len(named),
        len(damaged & faulty.truth),
    )


def measure(
    clean: Rows, embedder: Memory, other: MiddleLayer, rates: Sequence[float], names: Sequence[str]
) -> tuple[SweepResult, list[Score]]:
    """Sweep the untouched store, then one store a fault and share."""
    scores = []
    with tempfile.TemporaryDirectory() as folder:
        baseline = run_sweep(clean, Path(folder), Evidence(embedder=embedder))
        print("untouched:", baseline.counts(), [reason.code for reason in baseline.container], flush=True)
        for name in names:
            for rate in rates:
                faulty = inject(clean, name, rate, encode=embedder.encode, encode_other=other.encode)
                needs_model = FAULTS[name][2] != FREE
                evidence = Evidence(
                    embedder=embedder if needs_model else None, turns=faulty.turns, known_bad=faulty.known_bad
                )
                found = run_sweep(faulty.store, Path(folder), evidence)
                scores.append(score(name, rate, faulty, found, baseline))
                one = scores[-1]
                print(
                    f"{name} {rate:.1%}: recall {one.recall:.3f} precision {one.precision:.3f} any {one.n_any}/{one.n_truth}",
                    flush=True,
                )
    return baseline, scores


def measure_scale(n: int) -> dict[str, float]:
    """Sweep a store of `n` made-up entries without a model; return seconds a thousand entries and peak memory."""
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(20_000)])
    texts = [" ".join(words[rng.zipf(1.3, size=60) % len(words)]) for _ in range(n)]
    vectors = rng.normal(size=(n, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Rows(tuple({"id": f"e{i}", "text": text} for i, text in enumerate(texts)), vectors)
        del texts
        started = time.perf_counter()
        run_sweep(store, Path(folder), Evidence())
        elapsed = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"entries": n, "seconds_per_1000": 1000 * elapsed / n, "peak_gib": peak}


def tables_of(clean: Rows, baseline: SweepResult, scores: Sequence[Score]) -> dict[str, Table]:
    """Return the table of faults and that of the untouched store."""
    rows = []
    for name in dict.fromkeys(one.fault for one in scores):
        own = [one for one in scores if one.fault == name]
        cells: list[Any] = [name, own[0].kind]
        for one in own:
            cells += [one.recall, one.precision]
        rows.append(tuple(cells))
    rates = list(dict.fromkeys(one.rate for one in scores))
    columns = (
        "fault",
        "kind",
        *(f"{what} at {rate:.1%}" for rate in rates for what in ("recall", "precision")),
    )
    counts = Counter(baseline.counts())
    note = f"{len(clean.rows):,} clean entries; findings of the untouched store are listed apart and count for neither figure."
    return {
        "integrity": Table(columns, tuple(rows), note, dict.fromkeys(columns[2:], 3)),
        "integrity_untouched": Table(
            ("code", "entries"), tuple(sorted(counts.items())), f"{len(clean.rows):,} clean entries"
        ),
    }


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write `integrity.json`."""
    parser = argparse.ArgumentParser(prog="python -m evals integrity", description=__doc__)
    parser.add_argument("--limit", type=int, help="only the first N clean entries")
    parser.add_argument("--rates", type=float, nargs="+", default=list(RATES))
    parser.add_argument("--faults", nargs="+", default=list(FAULTS), choices=list(FAULTS))
    parser.add_argument(
        "--vectors", type=Path, help="vectors of the entries, so that they are not embedded again"
    )
    parser.add_argument("--ids", type=Path, help="JSON list of the entry ids of --vectors")
    parser.add_argument(
        "--scale", type=int, default=100_000, help="entries of the memory and time run, 0 for none"
    )
    parser.add_argument("--dry", action="store_true", help="print, do not write")
    options = parser.parse_args(arguments)
    path = data_path("poison", "entries.jsonl.gz")
    if path is None:
        return 0
    model = load_embedder()
    clean, known = read_clean(path, options.limit, options.vectors, options.ids)
    embedder = Memory(model, known)
    clean = Rows(clean.rows, embedder.encode([str(row["text"]) for row in clean.rows]))
    baseline, scores = measure(clean, embedder, MiddleLayer(model), options.rates, options.faults)
    tables = tables_of(clean, baseline, scores)
    scale = measure_scale(options.scale) if options.scale else {}
    print_tables(tables)
    print(scale)
    if not options.dry:
        payload = {
            "scale": scale,
            "counts": [{name: getattr(one, name) for name in Score.__slots__} for one in scores],
        }
        write_result(
            "integrity",
            payload,
            tables=tables,
            data={path.name: digest_file(path)},
            models={model.name: model.digest},
        )
    return 0
