"""Simulate and recover: whether the cascade's verdict says what a loop of known truth does.

`python -m evals cascade` runs 300 loops a cell, in about ten minutes on one core; `--runs 20` is a short look, not written.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.cascade_loops import Loops, LoopSettings, draw_cohort, grow_cascade, simulate_loops
from evals.results import Table, print_tables, write_result
from halluguard.cascade.scores import (
    Estimate,
    estimate_amplification,
    estimate_r_loop,
    estimate_slope,
    truncation_weights,
    wilson,
)
from halluguard.cascade.scores.generation import estimate_generation_interval
from halluguard.cascade.scores.residual import estimate_residual
from halluguard.cascade.verdict import Evidence, Regime, decide_regime

FULL_RUNS = 300
BOOSTS = {"none": 0.0, "moderate": 0.7, "strong": 1.5}
HORIZONS = (7, 14, 28)
COHORTS = [(r, k, n) for n in (20, 50, 100) for r in (0.7, 1.5, 2.5) for k in (0.3, 1.0)]
GROWN = [(0.7, 0.3, 5.0), (0.7, 1.0, 5.0), (1.5, 0.3, 5.0), (1.5, 1.0, 5.0), (2.5, 0.3, 4.0), (2.5, 1.0, 4.0)]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one run looks like on one day."""

    ratio: float | None
    ratio_low: float | None
    slope_z: float | None
    regime: Regime


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark, print its tables, and write them where every cell has its 300 runs."""
    parser = argparse.ArgumentParser(prog="python -m evals cascade", description=__doc__)
    parser.add_argument("--runs", type=int, default=FULL_RUNS, help="loops a cell")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    started = time.monotonic()
    coverage = [_cohort_row(cell, options.runs, options.seed) for cell in COHORTS]
    grown = [_grown_row(cell, options.runs, options.seed) for cell in GROWN]
    power, verdicts = [], []
    for name, boost in BOOSTS.items():
        loops = simulate_loops(LoopSettings(boost), options.runs, options.seed)
        for horizon in HORIZONS:
            outlooks = [look(loops, run, horizon) for run in range(options.runs)]
            power.append(_power_row(name, horizon, outlooks))
            verdicts.append(_verdict_row(f"bias {name}, day {horizon}", _right(name), outlooks))
    verdicts += _other_regimes(options.runs, options.seed)
    tables = _tables(coverage, grown, power, verdicts, options.runs)
    print_tables(tables)
    print(f"{time.monotonic() - started:.0f} s")
    if options.runs >= FULL_RUNS:
        print(
            write_result(
                "cascade",
                {"runs_per_cell": options.runs, "seed": options.seed, "aims": _aims(coverage, power)},
                tables=tables,
            )
        )
    return 0


def _covers(found: Estimate, r: float) -> bool:
    return found.low is not None and found.high is not None and found.low <= r <= found.high


def _cohort_row(cell: tuple[float, float, int], runs: int, seed: int) -> tuple[Any, ...]:
    r, k, n = cell
    generator = np.random.default_rng([seed, int(10 * r), int(10 * k), n])
    found = [estimate_r_loop(*draw_cohort(r, k, n, generator)) for _ in range(runs)]
    hits = sum(_covers(one, r) for one in found)
    median = float(np.median([one.value for one in found if one.value is not None]))
    return (r, k, n, median, hits / runs, *wilson(hits, runs))


def _grown_row(cell: tuple[float, float, float], runs: int, seed: int) -> tuple[Any, ...]:
    """Return the coverage over cascades that grew from one entry to at least 20: looking because it is large is a bias."""
    r, k, until = cell
    generator = np.random.default_rng([seed, 7, int(10 * r), int(10 * k)])
    found: list[Estimate] = []
    tried = 0
    while len(found) < runs and tried < 400 * runs:
        children, pi = grow_cascade(r, k, until, generator)
        tried += 1
        if len(children) >= 20:
            found.append(estimate_r_loop(children, pi))
    hits = sum(_covers(one, r) for one in found)
    median = float(np.median([one.value for one in found if one.value is not None]))
    return (r, k, len(found), len(found) / tried, median, hits / len(found))


def look(
    loops: Loops, run: int, horizon: int, *, residual: Estimate | None = None, quiet: float | None = None
) -> Outlook:
    """Score one run as the stage would on the last of `horizon` days."""
    known = loops.birth[run] <= horizon
    birth, bad, parent = loops.birth[run][known], loops.contaminated[run][known], loops.parent[run][known]
    written = np.flatnonzero(parent >= 0)
    children = np.bincount(parent[written], minlength=len(birth)).astype(np.float64)
    days = horizon - birth
    ratio = estimate_amplification(children[bad], days[bad], children[~bad], days[~bad])
    slope = estimate_slope(
        np.arange(float(horizon)), loops.cases[run, :horizon], loops.answers[run, :horizon]
    )
    cases, answers = loops.cases[run, :horizon].sum(), loops.answers[run, :horizon].sum()
    own = written[bad[written]] if bad[written].sum() >= 5 else written
    interval = estimate_generation_interval(
        birth[own] - birth[parent[own]], np.ones(len(own)), horizon - birth[parent[own]]
    )
    r_loop = (
        None
        if interval is None
        else estimate_r_loop(children[bad], truncation_weights(days[bad], interval.mean, interval.sd))
    )
    usable = r_loop is not None and r_loop.usable
    decision = decide_regime(
        Evidence(
            residual_upper=None if residual is None else residual.high,
            quiet_intervals=None if quiet is None or interval is None else quiet / interval.mean,
            prevalence_low=wilson(cases, answers)[0],
            ratio_low=ratio.low,
            slope_z=slope.z if slope.slope is not None and slope.slope > 0 else None,
            r_loop_low=r_loop.low if usable else None,
            r_loop_high=r_loop.high if usable else None,
            children=float(children[bad].sum()),
        )
    )
    return Outlook(ratio.ratio, ratio.low, slope.z, decision.regime)


def _power_row(name: str, horizon: int, outlooks: Sequence[Outlook]) -> tuple[Any, ...]:
    n = len(outlooks)
    by_ratio = sum(o.ratio_low is not None and o.ratio_low > 1 for o in outlooks) / n
    by_slope = sum(o.slope_z is not None and o.slope_z > 2.33 for o in outlooks) / n
    alarms = sum(o.regime in (Regime.AMPLIFYING, Regime.CAPTURED) for o in outlooks)
    ratios = [o.ratio for o in outlooks if o.ratio is not None]
    return (
        name,
        horizon,
        float(np.median(ratios)) if ratios else None,
        by_ratio,
        by_slope,
        alarms / n,
        *wilson(alarms, n),
    )


def _right(name: str) -> tuple[Regime, ...]:
    return (
        (Regime.GROWING_WITH_STORE, Regime.UNDETERMINED)
        if name == "none"
        else (Regime.AMPLIFYING, Regime.CAPTURED)
    )


def _verdict_row(name: str, right: Sequence[Regime], outlooks: Sequence[Outlook]) -> tuple[Any, ...]:
    counts = Counter(o.regime for o in outlooks)
    told = ", ".join(
        f"{regime} {count / len(outlooks):.0%}"
        for regime, count in sorted(counts.items(), key=lambda item: -item[1])
    )
    return (name, " or ".join(right), sum(counts[regime] for regime in right) / len(outlooks), told)


def _other_regimes(runs: int, seed: int) -> list[tuple[Any, ...]]:
    """Return the rows of loops that are captured, contained, or fed by imports alone."""
    captured = simulate_loops(LoopSettings(2.5, days=40, contaminated=5), runs, seed + 1)
    seeded = simulate_loops(LoopSettings(0.7, contaminated=20, write_back_contaminated=0.0), runs, seed + 2)
    contained = simulate_loops(LoopSettings(1.5, days=42, removed_on=10), runs, seed + 3)
    probes = estimate_residual(0, 60)
    return [
        _verdict_row(
            "captured, day 40", (Regime.CAPTURED,), [look(captured, run, 40) for run in range(runs)]
        ),
        _verdict_row(
            "imports only, gate on write-back, day 28",
            (Regime.SEEDED_ONLY,),
            [look(seeded, run, 28) for run in range(runs)],
        ),
        _verdict_row(
            "contained on day 10, 60 clean probes, day 42",
            (Regime.CONTAINED,),
            [look(contained, run, 42, residual=probes, quiet=32.0) for run in range(runs)],
        ),
    ]


def _aims(coverage: Sequence[tuple[Any, ...]], power: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    shares = [row[4] for row in coverage]
    return {
        "r_loop_coverage_min": min(shares),
        "r_loop_coverage_max": max(shares),
        "false_amplifying_max": max(row[5] for row in power if row[0] == "none"),
    }


def _tables(
    coverage: list[tuple[Any, ...]],
    grown: list[tuple[Any, ...]],
    power: list[tuple[Any, ...]],
    verdicts: list[tuple[Any, ...]],
    runs: int,
) -> dict[str, Table]:
    two = {
        "R": 1,
        "k": 1,
        "median R": 2,
        "coverage": 3,
        "low": 3,
        "high": 3,
        "reached 20": 3,
        "median RR": 2,
        "RR low > 1": 3,
        "z > 2.33": 3,
        "alarm": 3,
        "right": 3,
    }
    return {
        "cascade.coverage": Table(
            ("R", "k", "n", "median R", "coverage", "low", "high"),
            tuple(coverage),
            f"Share of {runs} cohorts whose 95 % interval of R_loop holds the truth; low and high are its Wilson interval.",
            two,
        ),
        "cascade.grown": Table(
            ("R", "k", "kept", "reached 20", "median R", "coverage"),
            tuple(grown),
            "Cascades grown from one entry and looked at because they reached 20 entries: a cascade that should die out is overstated.",
            two,
        ),
        "cascade.power": Table(
            ("bias", "day", "median RR", "RR low > 1", "z > 2.33", "alarm", "low", "high"),
            tuple(power),
            "AMPLIFYING or CAPTURED raised; with no bias that is a false alarm.",
            two,
        ),
        "cascade.verdicts": Table(
            ("loop", "right verdict", "right", "verdicts"), tuple(verdicts), decimals=two
        ),
    }


if __name__ == "__main__":
    raise SystemExit(main())
