"""The monitor on streams whose truth is known: false alarms without drift, delay with it, and the published figures of PSI and K-S.

`python -m evals monitor` draws 1,000 streams a cell (5,000 in all) without drift and 40 with each kind of it; `--streams 100` is a
short look, not written. Streams are drawn, not logged: answers, scores and vectors follow stated distributions, several turns a conversation.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.results import Table, print_tables, write_result
from halluguard.monitor.decide import ALPHA
from halluguard.monitor.drift import measure_ks, psi_null, psi_of_counts
from halluguard.monitor.sample import Answer, Sample, Window, to_sample
from halluguard.monitor.watch import MonitorResult, compare_windows

FULL_STREAMS = 1000
DELAY_STREAMS = 40
BASELINE = 400
WINDOW = 50
MOST_WINDOWS = 16
DIMENSION = 24
TOPICS = 6


@dataclass(frozen=True, slots=True)
class World:
    """What answers are drawn from; `turns` a conversation share a topic and a user's luck."""

    ungrounded: float = 0.08
    conflict: float = 0.02
    similarity: float = 0.62
    topic: tuple[float, ...] = (0.3, 0.25, 0.2, 0.1, 0.1, 0.05)
    turns: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One call without drift: a baseline of `base` answers against `windows` of `size` answers each."""

    base: int
    windows: int
    size: int
    world: World = World()


CELLS = (
    Cell(50, 1, 50), Cell(200, 1, 200), Cell(1000, 1, 1000), Cell(200, 1, 200, World(turns=4)), Cell(BASELINE, 8, WINDOW),
)  # fmt: skip
DRIFTS = {
    "model invents: ungrounded answers 8 % to 20 %": World(ungrounded=0.20),
    "store poisoned: answers against the trusted corpus 2 % to 12 %": World(conflict=0.12),
    "users ask other things: topics change, retrieval fits less": World(
        similarity=0.57, topic=(0.1, 0.1, 0.15, 0.2, 0.2, 0.25)
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark, print its tables, and write them where every cell has its streams."""
    parser = argparse.ArgumentParser(prog="python -m evals monitor", description=__doc__)
    parser.add_argument("--streams", type=int, default=FULL_STREAMS, help="streams without drift a cell")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    started = time.monotonic()
    oracles = check_oracles()
    calm = [false_alarms(cell, options.streams, options.seed) for cell in CELLS]
    delays = [detection_delay(name, options.seed) for name in DRIFTS]
    tables = _tables(calm, delays, options.streams)
    print_tables(tables)
    print(f"oracles: {oracles['right']} of {oracles['total']}; {time.monotonic() - started:.0f} s")
    if options.streams >= FULL_STREAMS:
        payload = {
            "streams_per_cell": options.streams,
            "delay_streams": DELAY_STREAMS,
            "seed": options.seed,
            "alpha": ALPHA,
            "oracles": oracles,
            "false_alarms": calm,
            "delays": delays,
        }
        print(write_result("monitor", payload, tables=tables))
    return 0


def draw_window(name: str, n: int, world: World, draw: np.random.Generator) -> Sample:
    """Draw one window of `n` answers."""
    centres = np.random.default_rng(0).standard_normal((2, TOPICS, DIMENSION))
    n_conversations = -(-n // world.turns)
    conversation = np.repeat(np.arange(n_conversations), world.turns)[:n]
    topics = draw.choice(TOPICS, n_conversations, p=world.topic)[conversation]
    luck = draw.normal(0, 0.3, n_conversations)[conversation]
    bad = draw.random(n) < world.ungrounded * np.exp(luck - 0.045)
    against = draw.random(n) < world.conflict
    wrong = bad | against
    support = np.where(wrong, draw.beta(2, 5, n), draw.beta(9, 2, n)).round(2)
    similarity = np.clip(draw.normal(world.similarity, 0.08, n), 0, 1)
    lengths = np.maximum(3, draw.lognormal(3.4, 0.5, n)).astype(int)
    questions = _unit(centres[0][topics] + 0.8 * draw.standard_normal((n, DIMENSION)))
    vectors = _unit(centres[1][topics] + 0.8 * draw.standard_normal((n, DIMENSION)))
    answers = tuple(
        Answer(
            f"{name}-{i}", f"{name}-{conversation[i]}", None, int(lengths[i]), float(support[i]), float(similarity[i]),
            checkable=True, ungrounded=bool(wrong[i]), conflict=bool(against[i]), invention=bool(bad[i]), has_trusted=True,
        )
        for i in range(n)
    )  # fmt: skip
    return to_sample(Window(name, answers, questions, vectors))


def _unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def false_alarms(cell: Cell, streams: int, seed: int) -> dict[str, Any]:
    """Count calls that raise an alarm where baseline and windows come from one world."""
    alarms = 0
    measures: Counter[str] = Counter()
    for stream in range(streams):
        draw = np.random.default_rng([seed, cell.base, cell.size, cell.world.turns, stream])
        base = draw_window("base", cell.base, cell.world, draw)
        windows = [draw_window(f"now {n}", cell.size, cell.world, draw) for n in range(cell.windows)]
        found = compare_windows([base], windows, seed=stream)
        alarms += bool(found.alarms)
        measures.update({f"{test.measure} by {test.test}" for test in found.alarms})
    low, high = _wilson(alarms, streams)
    print(f"{cell}: {alarms} of {streams}, {dict(measures)}", flush=True)
    return {
        "baseline": cell.base,
        "windows": cell.windows,
        "answers": cell.size,
        "turns_a_conversation": cell.world.turns,
        "streams": streams,
        "alarms": alarms,
        "rate": alarms / streams,
        "low": low,
        "high": high,
        "stated": ALPHA,
        "by_measure": dict(sorted(measures.items())),
    }


def _wilson(hits: int, total: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    found = binomtest(hits, total).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def detection_delay(name: str, seed: int) -> dict[str, Any]:
    """Count windows of 50 answers from the onset of a drift to the first alarm, monitoring after each; at most 16."""
    delays: list[int] = []
    kinds: Counter[str] = Counter()
    before = 0
    for stream in range(DELAY_STREAMS):
        draw = np.random.default_rng([seed, len(name), stream])
        base = draw_window("base", BASELINE, World(), draw)
        windows = [draw_window(f"calm {n}", WINDOW, World(), draw) for n in range(2)]
        before += bool(compare_windows([base], windows, seed=stream).alarms)
        first = None
        for number in range(1, MOST_WINDOWS + 1):
            windows.append(draw_window(f"drift {number}", WINDOW, DRIFTS[name], draw))
            found: MonitorResult = compare_windows([base], windows, seed=stream, trusted_changed=False)
            if found.alarms:
                first = number
                kinds.update(map(str, found.kinds))
                break
        delays.append(first if first is not None else MOST_WINDOWS + 1)
    seen = [delay for delay in delays if delay <= MOST_WINDOWS]
    return {
        "drift": name,
        "streams": DELAY_STREAMS,
        "detected": len(seen),
        "median_windows": float(np.median(delays)) if np.median(delays) <= MOST_WINDOWS else None,
        "p90_windows": float(np.quantile(delays, 0.9)) if np.quantile(delays, 0.9) <= MOST_WINDOWS else None,
        "false_alarms_before": before,
        "kinds": dict(sorted(kinds.items())),
    }


def check_oracles() -> dict[str, Any]:
    """Compare PSI and K-S with published and hand-computed figures."""
    a = np.array([0.81, 0.79, 0.84, 0.88, 0.77, 0.90, 0.83, 0.86])
    b = np.array([0.71, 0.74, 0.80, 0.69, 0.78, 0.73, 0.85, 0.66])
    ks = measure_ks(a, b)
    rows = {
        "psi quarters": (psi_of_counts((1, 1, 1, 1), (1, 2, 3, 4), 0), 0.2282174),
        "psi halves": (psi_of_counts((5, 5), (4, 6), 0), 0.0405465),
        "psi of counts": (psi_of_counts((16, 18, 16, 14, 12, 12), (16, 16, 16, 16, 16, 8), 0), 0.0372184),
        "psi smoothed": (psi_of_counts((50, 30, 20, 0), (40, 30, 20, 10)), 0.320117),
        "psi null, n = m = 50": (psi_null(50, 50), 0.677),
        "psi null, n = m = 1000": (psi_null(1000, 1000), 0.0338),
        "ks distance": (ks.value, 0.625),
        "ks exact p": (ks.p_value, 0.087024),
    }
    right = sum(abs(found - expected) <= 2e-3 * abs(expected) for found, expected in rows.values())
    return {"right": right, "total": len(rows), "rows": {name: list(pair) for name, pair in rows.items()}}


def _tables(calm: list[dict[str, Any]], delays: list[dict[str, Any]], streams: int) -> dict[str, Table]:
    first = Table(
        ("Baseline", "Windows", "Answers a window", "Turns a conversation", "False alarms", "Rate %", "95 % low", "95 % high", "Stated %"),
        tuple(
            (row["baseline"], row["windows"], row["answers"], row["turns_a_conversation"], f"{row['alarms']} of {row['streams']}", 100 * row["rate"], 100 * row["low"],
             100 * row["high"], 100 * row["stated"])
            for row in calm
        ),
        note=f"{streams} drawn streams a row without drift, one call each at default settings.",
        decimals={"Rate %": 2, "95 % low": 2, "95 % high": 2, "Stated %": 1},
    )  # fmt: skip
    second = Table(
        ("Drift", "Detected", "Median windows", "90 % within", "Told as"),
        tuple(
            (row["drift"], f"{row['detected']} of {row['streams']}", row["median_windows"], row["p90_windows"],
             ", ".join(f"{kind} {count}" for kind, count in row["kinds"].items()))
            for row in delays
        ),
        note=f"Windows of {WINDOW} answers after the onset until the first alarm, against a baseline of {BASELINE}; monitored after each.",
        decimals={"Median windows": 1, "90 % within": 1},
    )  # fmt: skip
    return {"monitor.false_alarms": first, "monitor.delay": second}
