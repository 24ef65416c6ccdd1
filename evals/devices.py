"""The models in every number format that runs here beside float32 on the CPU: the same verdicts, and how much faster.

`python -m evals devices [--pairs 2000] [--nli-model FOLDER]`: pairs of the NLI development set alone, and a check of the
embedded airline from end to end, embeddings included. A GPU is one more row where torch sees one.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.data import data_path, digests, read_json_lines
from evals.results import Table, print_tables, write_result
from halluguard import Loaded, ModelChoice, check
from halluguard.corpus import find_corpus
from halluguard.models.devices import place
from halluguard.models.nli import Pair

FILE = ("nli", "dev.jsonl.gz")
WARM_UP = 200
"""Pairs scored before the clock starts: kernels are chosen and loaded when they are first asked for."""
REFERENCE = "cpu"


@dataclass(frozen=True, slots=True)
class Measured:
    """One placement: probabilities of the pairs, shape (n, 3), seconds for them, statuses of the airline, seconds for them."""

    probabilities: NDArray[np.float32]
    pairs_s: float
    statuses: tuple[str, ...]
    check_s: float


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark and return an exit code."""
    parser = argparse.ArgumentParser("python -m evals devices", description=__doc__)
    parser.add_argument("--pairs", type=int, default=2_000)
    parser.add_argument("--nli-model", default=None)
    options = parser.parse_args(arguments)
    path = data_path(*FILE)
    if path is None:
        return 0
    import torch

    pairs: list[Pair] = [(row["premise"], row["hypothesis"]) for row in read_json_lines(path)]
    pairs = pairs[:: max(1, len(pairs) // options.pairs)][: options.pairs]
    names = [REFERENCE, "cpu:bfloat16", *(["cuda", "cuda:float32"] if torch.cuda.is_available() else [])]
    loaded = {name: ModelChoice(options.nli_model, device=name, cache=False).load() for name in names}
    found = {name: measure(loaded[name], pairs) for name in names}
    scorer = loaded[REFERENCE].models.scorer
    rows = [compare(name, one, found[REFERENCE]) for name, one in found.items()]
    table = Table(
        tuple(rows[0]),
        tuple(tuple(row.values()) for row in rows),
        f"{len(pairs)} pairs; {len(found[REFERENCE].statuses)} claims of the airline, models loaded and nothing cached. Times "
        "faster and what differs are against the first row.",
        {"largest difference": 4, "another class, %": 2, "another status, %": 2},
    )
    print_tables({"devices": table})
    write_result(
        "devices",
        {"pairs": len(pairs), "rows": rows},
        tables={"devices": table},
        data=digests(path),
        models={scorer.name: scorer.digest},
        device=str(place("auto")),
    )
    return 0


def measure(loaded: Loaded, pairs: Sequence[Pair]) -> Measured:
    """Score the pairs, past the cache, and check the airline with the same models."""
    scorer = loaded.models.scorer.scorer
    scorer.score(pairs[:WARM_UP])
    started = time.perf_counter()
    probabilities = scorer.score(pairs).probabilities
    pairs_s = time.perf_counter() - started
    corpus = find_corpus("airline")
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        result = check(corpus.log, corpus.trusted, Path(folder) / "run", models=loaded)
        check_s = time.perf_counter() - started
        statuses = tuple(result.to_pandas("claims")["status"])
    return Measured(probabilities, pairs_s, statuses, check_s)


def compare(name: str, one: Measured, reference: Measured) -> dict[str, Any]:
    """Return the row of one placement beside the reference."""
    other_class = one.probabilities.argmax(axis=1) != reference.probabilities.argmax(axis=1)
    other_status = [a != b for a, b in zip(one.statuses, reference.statuses, strict=True)]
    return {
        "device": f"{name}:float32" if name == REFERENCE else name,
        "pairs a second": round(len(one.probabilities) / one.pairs_s, 1),
        "times faster": round(reference.pairs_s / one.pairs_s, 2),
        "another class, %": round(100 * float(other_class.mean()), 3),
        "largest difference": round(float(np.abs(one.probabilities - reference.probabilities).max()), 5),
        "airline check, s": round(one.check_s, 1),
        "check times faster": round(reference.check_s / one.check_s, 2),
        "another status, %": round(100 * float(np.mean(other_status)), 3),
    }
