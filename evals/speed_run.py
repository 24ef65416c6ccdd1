"""One timed run of the check in a process of its own, so that nothing but the cache file is warm, and memory is its own.

Started by `evals.speed`; prints one JSON object.
"""

import argparse
import contextlib
import json
import math
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from halluguard.grounding.check import CheckSettings, Progress, check_log
from halluguard.grounding.decide import decide_turns
from halluguard.grounding.loading import load_reader
from halluguard.logs import read_log
from halluguard.models import (
    Cache,
    CachedEmbedder,
    CachedScorer,
    Models,
    PairScorer,
    PairScores,
    load_embedder,
    load_nli,
)
from halluguard.models.batching import padding_ratio, plan_batches
from halluguard.models.nli import NliModel, Pair
from halluguard.run import Run
from halluguard.trusted import open_index


@dataclass(frozen=True)
class _Recorder:
    """An NLI model that also keeps which pairs it was asked for in which call."""

    model: NliModel
    calls: list[list[Pair]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def digest(self) -> str:
        return self.model.digest

    @property
    def max_tokens(self) -> int:
        return self.model.max_tokens

    def score(self, pairs: Sequence[Pair]) -> PairScores:
        self.calls.append(list(pairs))
        return self.model.score(pairs)

    def padding(self) -> dict[str, Any]:
        """Plan the batches of every call again and count what they held."""
        real = padded = 0.0
        for pairs in self.calls:
            tokens = self.model._tokenizer([p for p, _ in pairs], [h for _, h in pairs], verbose=False)[  # noqa: SLF001
                "input_ids"
            ]
            lengths = [min(len(ids), self.max_tokens) for ids in tokens]
            real += sum(lengths)
            padded += sum(lengths) * padding_ratio(
                lengths, plan_batches(lengths, max_tokens=self.model.batch_tokens)
            )
        n_pairs = sum(map(len, self.calls))
        return {"pairs_read": n_pairs, "tokens": int(real), "padded_per_real": padded / real if real else 1.0}


def measure(arguments: Sequence[str]) -> int:
    """Load everything, warm the models up, time what is asked for and print it."""
    options = _parse(arguments)
    import torch

    torch.set_num_threads(options.threads)
    nli = load_nli(options.nli_model, device=options.device)
    recorder = _Recorder(nli)
    scorer: PairScorer = recorder if options.record else nli
    cache = Cache(options.cache)
    embedder = CachedEmbedder(load_embedder(device=options.device), cache)
    models = Models(embedder, CachedScorer(scorer, cache), cache, str(nli.placement), nli.folder)
    nli.score([("Warm up.", "Warm up.")] * 8)
    embedder.embedder.encode(["Warm up."])
    found = _time_turns(options, models) if options.one_by_one else _time_check(options, models)
    if options.record:
        found |= recorder.padding()
    print(json.dumps(found))
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("log", type=Path)
    parser.add_argument("trusted", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--nli-model")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--one-by-one", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=math.inf)
    return parser.parse_args(arguments)


def _time_check(options: argparse.Namespace, models: Models) -> dict[str, Any]:
    before = _peak_mib()
    started, busy = time.perf_counter(), time.process_time()
    run = _check_until(started + options.seconds, options, models)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - busy
    claims = run.read("claims", ["status", "error"])
    counts = {row["values"]: row["counts"] for row in claims["status"].value_counts().to_pylist()}
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "control_seconds": run.manifest["timings"].get("control_s", 0.0),
        "turns": run.read("turns", ["turn_id"]).num_rows,
        "claims": sum(n for status, n in counts.items() if status not in ("abstained", "not_a_claim")),
        "errors": counts.get("error", 0),
        "first_error": next((error for error in claims["error"].unique().to_pylist() if error), ""),
        "pairs_asked": models.scorer.hits.asked,
        "pairs_known": models.scorer.hits.hit,
        "peak_mib": _peak_mib(),
        "peak_before_mib": before,
    }


def _check_until(end: float, options: argparse.Namespace, models: Models) -> Run:
    """Check a log, or as many blocks of it as there is time for: what is done is then kept, as after SIGINT."""

    def stop_in_time(_: Progress) -> None:
        if time.perf_counter() > end:
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        check_log(
            options.log,
            options.trusted,
            options.output,
            models=models,
            reader=load_reader(models),
            settings=CheckSettings(),
            on_progress=stop_in_time,
        )
    return Run.open(options.output)


def _time_turns(options: argparse.Namespace, models: Models) -> dict[str, Any]:
    """Decide turns one at a time, as a service would."""
    reader, index = load_reader(models), open_index(options.trusted, models.embedder)
    took = []
    for turn in list(read_log(options.log))[: options.one_by_one]:
        started = time.perf_counter()
        decide_turns([turn], reader, models.embedder, index, top_k=CheckSettings().top_k)
        took.append(1000 * (time.perf_counter() - started))
    return {
        "turns": len(took),
        "p50_ms": float(np.percentile(took, 50)),
        "p95_ms": float(np.percentile(took, 95)),
    }


def _peak_mib() -> float:
    """Return the most memory this process ever held. `ru_maxrss` of a child starts at what its parent held."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (peak,) = (line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(measure(sys.argv[1:]))
