"""A sweep of a large store in a process of its own, for its time and memory: `python -m evals.integrity_scale N`.

The texts are those of the data set; where they run out, each goes round again with most of its words exchanged for
words of others, so that lengths and frequencies stay. Vectors are kept as they are made: a run that is stopped embeds
nothing twice, and the time of embedding is taken over what is embedded afresh.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evals.data import data_path, read_json_lines
from evals.fault_stores import write_native
from evals.fault_types import Rows
from halluguard.forensics.integrity import Evidence, sweep
from halluguard.models import Cache, CachedEmbedder, load_embedder
from halluguard.stores import open_store

_EXCHANGED = 0.6  # of the words; fewer, and rounds of a text count as versions of it
_BLOCK = 1_000


def make_texts(texts: Sequence[str], n: int) -> list[str]:
    """Return n texts, the given ones first, then each again with words of others; the same for the same texts."""
    rng = np.random.default_rng(0)
    words = np.array([word for text in texts for word in text.split()])
    made = list(texts[:n])
    while len(made) < n:
        own = np.array(texts[len(made) % len(texts)].split())
        swapped = rng.random(len(own)) < _EXCHANGED
        own = np.where(swapped, rng.choice(words, size=len(own)), own)
        made.append(" ".join(own))
    return made


class Steps:
    """Adds up the seconds between reports of progress, by step, and shows them as they come."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = self._shown = time.perf_counter()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Count the time since the last report for this step."""
        now = time.perf_counter()
        self.seconds[step] = self.seconds.get(step, 0.0) + now - self._last
        self._last = now
        if now - self._shown > 10 or done == total:
            print(f"{step}: {done:,} of {total:,}, {self.seconds[step]:.0f} s", file=sys.stderr, flush=True)
            self._shown = now


def run(path: Path, n: int, cache: Path, device: str) -> dict[str, Any]:
    """Make a store of n entries and sweep it; return entries, seconds by step, peak memory and what was found."""
    texts = make_texts([row["text"] for row in read_json_lines(path)], n)
    embedder = CachedEmbedder(load_embedder(device=device), Cache(cache))
    steps = Steps()
    blocks = []
    for start in range(0, n, _BLOCK):
        blocks.append(embedder.encode(texts[start : start + _BLOCK]))
        steps("embedding the store", min(start + _BLOCK, n), n)
    fresh = embedder.hits.asked - embedder.hits.hit
    rows = tuple({"id": f"e{number}", "text": text} for number, text in enumerate(texts))
    with tempfile.TemporaryDirectory() as folder:
        write_native(Rows(rows, np.concatenate(blocks)), Path(folder))
        del rows, blocks, texts
        started = time.perf_counter()
        found = sweep(open_store(Path(folder)), Evidence(embedder=embedder), progress=steps)
        rest = time.perf_counter() - started
    embedding = steps.seconds["embedding the store"]
    return {
        "entries": n,
        "embedded_afresh": fresh,
        "embedding_seconds_per_1000": round(1000 * embedding / fresh, 2) if fresh else None,
        "rest_seconds_per_1000": round(1000 * rest / n, 2),
        "steps_seconds": {step: round(seconds, 1) for step, seconds in steps.seconds.items()},
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "findings": found.counts(),
    }


def measure_scale(n: int, cache: Path, device: str) -> dict[str, Any]:
    """Run in a process of its own, whose memory is that of the sweep alone."""
    command = [
        sys.executable,
        "-m",
        "evals.integrity_scale",
        str(n),
        "--cache",
        str(cache),
        "--device",
        device,
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", type=int)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    path = data_path("poison", "entries.jsonl.gz")
    if path is None:
        return 1
    print(json.dumps(run(path, options.entries, options.cache, options.device)))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
