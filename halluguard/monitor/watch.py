"""The monitor: windows against a baseline, every measure, one decision."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from halluguard.errors import SettingError
from halluguard.monitor.chart import Chart, Units, draw_chart
from halluguard.monitor.conditions import differing_conditions
from halluguard.monitor.decide import (
    ALPHA,
    LEAST_ALPHA,
    Comparison,
    Kind,
    Measure,
    decide_alarms,
    decide_exit,
    explain_drift,
    tell_drift,
)
from halluguard.monitor.drift import LEAST_P, measure_ks, measure_psi
from halluguard.monitor.homogeneity import Homogeneity, measure_homogeneity
from halluguard.monitor.read import Embed, read_windows
from halluguard.monitor.sample import RATES, Sample, Window, join_samples, to_sample
from halluguard.monitor.trend import Trend, measure_trend
from halluguard.run import Run

LEAST_CONVERSATIONS = 20
"""Below this on either side a window is not compared; it is counted."""
BASELINE_SHARE = 0.5
"""Without a baseline run, the first windows up to this share of the conversations are the baseline."""

_SIGNALS = {"support": Measure.SUPPORT, "similarity": Measure.SIMILARITY, "length": Measure.LENGTH}


@dataclass(frozen=True)
class MonitorResult:
    """What was compared and what came out; `told` says in words what the kinds mean, `limits` what could not be compared."""

    alpha: float
    baseline: Mapping[str, Any]
    windows: tuple[Mapping[str, Any], ...]
    tests: tuple[Comparison, ...]
    charts: Mapping[str, Chart]
    homogeneity: Homogeneity | None
    trends: Mapping[str, Trend]
    kinds: tuple[Kind, ...]
    told: str
    limits: tuple[str, ...]
    left_out: int = 0

    @property
    def alarms(self) -> tuple[Comparison, ...]:
        """The tests that raised an alarm."""
        return tuple(test for test in self.tests if test.alarm)

    @property
    def improved(self) -> bool:
        """Whether all that moved is grounding, for the better."""
        return self.kinds == (Kind.IMPROVED,)

    @property
    def exit_code(self) -> int:
        """0 calm or better, 1 alarm, 3 answers left out, 4 nothing to compare."""
        alarms = 0 if self.improved else len(self.alarms)
        return decide_exit(alarms=alarms, tests=len(self.tests), left_out=self.left_out)

    @property
    def line(self) -> str:
        """The verdict in one line."""
        if not self.tests:
            return "NOTHING COMPARED: too few conversations in the baseline or in every window"
        rate = f"false alarms in at most {self.alpha:g} of such calls"
        if not self.alarms:
            return f"NO DRIFT: {len(self.tests)} comparisons, none beyond chance ({rate})"
        word = "NO DRIFT FOR THE WORSE" if self.improved else "DRIFT"
        return (
            f"{word}: {len(self.alarms)} of {len(self.tests)} comparisons beyond chance ({rate}). {self.told}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; figures to six significant places."""
        return {
            "verdict": self.line,
            "exit_code": self.exit_code,
            "alpha": self.alpha,
            "kinds": [str(kind) for kind in self.kinds],
            "baseline": dict(self.baseline),
            "windows": [dict(window) for window in self.windows],
            "tests": [_short(asdict(test)) for test in self.tests],
            "charts": {name: _short(asdict(chart)) for name, chart in self.charts.items()},
            "homogeneity": None if self.homogeneity is None else _short(asdict(self.homogeneity)),
            "trends": {name: _short(asdict(trend)) for name, trend in self.trends.items()},
            "limits": list(self.limits),
            "left_out": self.left_out,
        }


def monitor_runs(
    runs: Sequence[Run],
    baseline: Run | None = None,
    *,
    window: str = "all",
    embed: Embed | None = None,
    alpha: float = ALPHA,
    seed: int = 0,
) -> MonitorResult:
    """Compare windows of runs with a baseline run, or, without one, later windows with the first.

    Args:
        runs: checked runs in order of time.
        baseline: the run that is taken as healthy.
        window: `all` (a run is a window), `day`, or a number of answers.
        embed: texts to unit vectors; without it questions, answers and homogeneity are not compared.
        alpha: share of calls that may raise a false alarm.
        seed: of shuffles and clusters.

    Raises:
        SettingError: there is nothing to compare with, or a setting is out of range.

    """
    if not 0 < alpha < 1:
        raise SettingError(f"--alpha {alpha:g} is not a share between 0 and 1")
    if alpha < LEAST_ALPHA:
        raise SettingError(
            f"--alpha {alpha:g} is below {LEAST_ALPHA:g}, the least that the shuffles behind an alarm can tell. "
            "Give a larger one"
        )
    if not runs:
        raise SettingError("no run to watch. Give at least one run directory")
    changed = _trusted_changed(baseline, runs)
    names = [run.path.name for run in runs] if len(runs) > 1 else [""]
    read = [
        one
        for run, name in zip(runs, names, strict=True)
        for one in read_windows(run, window, name=name, embed=embed)
    ]
    undated = sum(run.read("turns", ["turn_id"]).num_rows for run in runs) - sum(
        len(one.answers) for one in read
    )
    if baseline is not None:
        base = [to_sample(one) for one in read_windows(baseline, "all", embed=embed)]
        rest = [to_sample(one) for one in read]
    else:
        base, rest = _first_windows([to_sample(one) for one in read])
    return compare_windows(base, rest, alpha=alpha, seed=seed, trusted_changed=changed, left_out=undated,
                           limits=(*_limits(read, embed, baseline, changed), *_made_otherwise(runs, baseline)))  # fmt: skip


def _first_windows(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    if len(samples) < 2:
        raise SettingError(
            "one window and no baseline. Give --baseline RUN, or cut the run with --window day or --window N"
        )
    half = BASELINE_SHARE * sum(sample.n_conversations for sample in samples)
    count, seen = 0, 0
    while count < len(samples) - 1 and (count == 0 or seen + samples[count].n_conversations <= half):
        seen += samples[count].n_conversations
        count += 1
    return list(samples[:count]), list(samples[count:])


def _trusted_changed(baseline: Run | None, runs: Sequence[Run]) -> bool | None:
    """Whether what can deny an answer differs among the runs: trusted documents, statements known to be false; None where none was given.

    Raises SettingError where some runs had something and some had nothing, or documents only some: an answer is in conflict only
    where something can deny it. Statements beside documents are a change like another edition of the documents.
    """
    everyone = (*([baseline] if baseline else []), *runs)
    trusted, known_false = _digests(everyone, "trusted"), _digests(everyone, "known_false")
    _require_alike(everyone, trusted, "--trusted")
    if not any(trusted):
        _require_alike(everyone, known_false, "--known-false")
    if not any((*trusted, *known_false)):
        return None
    return len(set(zip(trusted, known_false, strict=True))) > 1


def _digests(runs: Sequence[Run], name: str) -> list[str | None]:
    return [((run.manifest.get("inputs") or {}).get(name) or {}).get("sha256") for run in runs]


def _require_alike(runs: Sequence[Run], digests: Sequence[str | None], option: str) -> None:
    having = [str(run.path) for run, digest in zip(runs, digests, strict=True) if digest is not None]
    lacking = [str(run.path) for run, digest in zip(runs, digests, strict=True) if digest is None]
    if having and lacking:
        raise SettingError(
            f"{_listed(having)} checked with {option} and {_listed(lacking)} checked without: their rates mean different "
            "things. Check them alike"
        )


def _listed(paths: Sequence[str]) -> str:
    """Name the first of the runs, and say how many more there are."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0]}{more} {'were' if more else 'was'}"


def _made_otherwise(runs: Sequence[Run], baseline: Run | None) -> tuple[str, ...]:
    """Say what was otherwise when a run was made than for the baseline, or else for the first of the runs."""
    reference = baseline or runs[0]
    return tuple(
        f"{run.path.name} was not made as {reference.path.name}: {one}"
        for run in runs
        for one in differing_conditions(reference, run)
    )


def _limits(
    read: Sequence[Window], embed: Embed | None, baseline: Run | None, changed: bool | None
) -> tuple[str, ...]:
    answers = [answer for window in read for answer in window.answers]
    found = []
    if embed is None:
        found.append("no embedder: questions, answers and homogeneity were not compared")
    if baseline is None:
        found.append("no baseline run: the first windows are taken as healthy")
    if changed is None or not any(answer.has_trusted for answer in answers):
        found.append("no trusted corpus: store drift and concept drift cannot be told apart")
    missing = sum(answer.similarity is None for answer in answers)
    if missing:
        found.append(f"retrieval scores missing in {missing} of {len(answers)} answers")
    loose = sum(not answer.conversation for answer in answers)
    if loose:
        found.append(
            f"conversation missing in {loose} of {len(answers)} answers: each counts as one of its own"
        )
    return tuple(found)


def compare_windows(
    base: Sequence[Sample],
    rest: Sequence[Sample],
    *,
    alpha: float = ALPHA,
    seed: int = 0,
    trusted_changed: bool | None = None,
    left_out: int = 0,
    limits: Sequence[str] = (),
) -> MonitorResult:
    """Compare samples with the baseline's, both in order of time; see `monitor_runs`."""
    joined = join_samples("baseline", base)
    compared = [
        sample
        for sample in rest
        if min(sample.n_conversations, joined.n_conversations) >= LEAST_CONVERSATIONS
    ]
    small = len(rest) - len(compared)
    said = [
        *limits,
        *(
            [f"{small} windows with fewer than {LEAST_CONVERSATIONS} conversations are only charted"]
            if small
            else []
        ),
    ]
    tests = [test for sample in compared for test in _shifts(joined, sample, seed)]
    charts = _charts(base, rest, alpha, seed) if joined.n_conversations >= LEAST_CONVERSATIONS else {}
    tests += [_rate_test(name, chart, joined, rest) for name, chart in charts.items()]
    alike = _homogeneity(joined, compared, alpha, seed)
    if alike is not None:
        tests.append(_homogeneity_test(alike))
    trends = {
        name: trend for name in ("support", "similarity") if (trend := _trend([*base, *compared], name))
    }
    tests += [_trend_test(name, trend) for name, trend in trends.items()]
    decided = decide_alarms(tests, alpha)
    kinds = tell_drift(decided, trusted_changed=trusted_changed)
    return MonitorResult(
        alpha=alpha,
        baseline=_size(joined),
        windows=tuple(_size(sample) for sample in rest),
        tests=decided,
        charts=charts,
        homogeneity=alike,
        trends=trends,
        kinds=kinds,
        told=explain_drift(kinds, decided, trusted_changed=trusted_changed),
        limits=(*said, *_dull_psi(tests, alpha)),
        left_out=left_out,
    )


def _dull_psi(tests: Sequence[Comparison], alpha: float) -> tuple[str, ...]:
    """Say of which measures so many comparisons share the false-alarm rate that no p-value of PSI is small enough by itself."""
    counts = Counter(test.measure for test in tests)
    shuffled = {test.measure for test in tests if test.test == "psi"}
    dull = sorted(one for one in shuffled if alpha / len(counts) / counts[one] < LEAST_P)
    told = f"too many comparisons for the shuffles behind PSI ({', '.join(dull)}): there it alarms beside others only"
    return (told,) if dull else ()


def _size(sample: Sample) -> dict[str, Any]:
    return {"name": sample.name, "answers": sample.n_answers, "conversations": sample.n_conversations}


def _shifts(base: Sample, sample: Sample, seed: int) -> list[Comparison]:
    found = []
    for signal, old in base.values.items():
        new = sample.values[signal]
        if min(len(old), len(new)) < LEAST_CONVERSATIONS:
            continue
        measure = _SIGNALS.get(signal) or (
            Measure.QUESTIONS if signal.startswith("question") else Measure.ANSWERS
        )
        higher = bool(np.mean(new) > np.mean(old))
        found += [
            Comparison(measure, signal, sample.name, shift.test, shift.value, shift.null, shift.p_value,
                 shift.n_reference, shift.n_current, higher)
            for shift in (measure_ks(old, new), measure_psi(old, new, seed=seed))
        ]  # fmt: skip
    return found


def _charts(base: Sequence[Sample], rest: Sequence[Sample], alpha: float, seed: int) -> dict[str, Chart]:
    totals = np.concatenate([sample.totals for sample in (*base, *rest)])
    window = np.concatenate(
        [np.zeros(sum(len(sample.totals) for sample in base), dtype=np.int64)]
        + [np.full(len(sample.totals), number) for number, sample in enumerate(rest, start=1)]
    )
    level = alpha / len(Measure) / len(RATES)
    charts = {}
    for rate in RATES:
        hits = np.concatenate([sample.hits[rate] for sample in (*base, *rest)])
        chart = draw_chart(
            Units(hits, totals, window), [sample.name for sample in rest], level=level, seed=seed
        )
        if chart is not None:
            charts[rate] = chart
    return charts


def _rate_test(name: str, chart: Chart, base: Sample, rest: Sequence[Sample]) -> Comparison:
    """Write the chart as a test; inside the limit with the stated run length nothing is an alarm."""
    inside = chart.z <= chart.limit
    return Comparison(Measure.RATES, name, "", "ewma", chart.z, chart.limit, 1.0 if inside else chart.p_value,
                base.n_conversations, sum(sample.n_conversations for sample in rest), chart.higher)  # fmt: skip


def _homogeneity(base: Sample, rest: Sequence[Sample], alpha: float, seed: int) -> Homogeneity | None:
    if not rest or base.pair is None:
        return None
    now = join_samples("now", rest)
    if now.pair is None:
        return None
    return measure_homogeneity(base.pair, now.pair, level=alpha / len(Measure), seed=seed)


def _homogeneity_test(found: Homogeneity) -> Comparison:
    gap = found.current - found.reference
    return Comparison(Measure.HOMOGENEITY, "homogeneity", "", "shuffle", gap, found.null, found.p_value,
                found.n_reference, found.n_current, gap > 0)  # fmt: skip


def _trend(samples: Sequence[Sample], signal: str) -> Trend | None:
    return measure_trend(
        [float(np.median(sample.values[signal])) for sample in samples if len(sample.values[signal])]
    )


def _trend_test(signal: str, trend: Trend) -> Comparison:
    return Comparison(Measure.DECAY, f"{signal} trend", "", "kendall", trend.tau, 0.0, trend.p_value,
                trend.n_windows, trend.n_windows, trend.slope > 0)  # fmt: skip


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_short(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value
