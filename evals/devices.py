"""The model on a GPU beside the CPU of the same machine: the same verdicts, and how much faster.

`python -m evals devices [--pairs 4000] [--nli-model FOLDER]`. Says plainly when torch sees no GPU, and writes nothing then.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np

from evals.data import data_path, digests, read_json_lines
from evals.results import Table, print_tables, write_result
from halluguard.models.nli import Pair, load_nli

FILE = ("nli", "dev.jsonl.gz")
WARM_UP = 400
"""Pairs scored before the clock starts: a GPU loads its kernels when they are first asked for."""


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark and return an exit code."""
    parser = argparse.ArgumentParser("python -m evals devices", description=__doc__)
    parser.add_argument("--pairs", type=int, default=4_000)
    parser.add_argument("--nli-model", default=None)
    options = parser.parse_args(arguments)
    path = data_path(*FILE)
    if path is None:
        return 0
    import torch

    if not torch.cuda.is_available():
        print("no GPU: torch sees no CUDA device, so there is nothing to compare the CPU with")
        return 0
    pairs: list[Pair] = [(row["premise"], row["hypothesis"]) for row in read_json_lines(path)]
    pairs = pairs[:: max(1, len(pairs) // options.pairs)][: options.pairs]
    models = {device: load_nli(options.nli_model, device=device) for device in ("cpu", "cuda")}
    found, rates = {}, {}
    for device, model in models.items():
        model.score(pairs[:WARM_UP])
        started = time.perf_counter()
        found[device] = model.score(pairs).probabilities
        rates[device] = len(pairs) / (time.perf_counter() - started)
    difference = np.abs(found["cpu"] - found["cuda"])
    flipped = found["cpu"].argmax(axis=1) != found["cuda"].argmax(axis=1)
    figures = {
        "gpu": torch.cuda.get_device_name(0),
        "pairs": len(pairs),
        "pairs_per_s": {device: round(rate, 1) for device, rate in rates.items()},
        "faster": round(rates["cuda"] / rates["cpu"], 2),
        "other_class": round(float(flipped.mean()), 5),
        "largest_difference": round(float(difference.max()), 5),
    }
    rows = (
        ("CPU, float32", rates["cpu"], None, None),
        (f"{figures['gpu']}, float16", rates["cuda"], 100 * float(flipped.mean()), float(difference.max())),
    )
    table = Table(
        ("device", "pairs a second", "another class, %", "largest difference of a probability"),
        rows,
        decimals={"another class, %": 3, "largest difference of a probability": 4},
    )
    print_tables({"devices": table})
    write_result(
        "devices",
        figures,
        tables={"devices": table},
        data=digests(path),
        models={models["cpu"].name: models["cpu"].digest},
        device="cuda",
    )
    return 0
