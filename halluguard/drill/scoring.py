"""Score the detector blind: what `investigate` said of a drill beside what really happened."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from halluguard.cascade import Evidence, Regime, decide_regime
from halluguard.cascade.scores import (
    Estimate,
    Quality,
    estimate_amplification,
    estimate_generation_interval,
    estimate_r_loop,
    estimate_slope,
    truncation_weights,
    wilson,
)
from halluguard.drill.record import DrillFiles
from halluguard.records import UNGROUNDED, Origin
from halluguard.run import Run


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of the things found are right, and how many of the right ones were found."""

    found: int
    right: int
    hits: int

    @property
    def precision(self) -> float | None:
        """Hits over found, None where nothing was found."""
        return self.hits / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Hits over right, None where there was nothing to find."""
        return self.hits / self.right if self.right else None


@dataclass(frozen=True, slots=True)
class DrillScore:
    """The score of one drill. `origin_first` is None without a store origin, `no_origin_named` None with one."""

    scenario: str
    seed: int
    origin_first: bool | None
    no_origin_named: bool | None
    named: tuple[str, ...]
    entries: Overlap
    cases: Overlap
    edges: Overlap
    generations: int | None
    true_generations: int
    r_loop: float | None
    true_r_loop: float | None
    ratio: float | None
    true_ratio: float | None
    verdict: str
    true_verdict: str
    right_verdicts: tuple[str, ...]
    verdict_right: bool
    days_to_detection: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, with precision and recall spelled out."""
        row = asdict(self)
        for name in ("entries", "cases", "edges"):
            overlap: Overlap = getattr(self, name)
            row[name] = {**row[name], "precision": overlap.precision, "recall": overlap.recall}
        return row


def compare(files: DrillFiles, run: Run) -> DrillScore:
    """Compare a finished investigation of a drill's log, pages and store with the drill's truth.

    The claim of the drill is the cascade that shares most of its cases; other cascades count as errors only in what they name.
    """
    truth = json.loads(files.truth.read_text(encoding="utf-8"))
    data = json.loads((run.path / "cascade.json").read_text(encoding="utf-8"))
    main = _main_cascade(data["cascades"], truth)
    named = _named_origins(data, run)
    entries = {
        entry["id"]
        for cascade in data["cascades"]
        for entry in cascade["entries"]
        if entry["role"] != "reports"
    }
    cases = {answer["turn_id"] for cascade in data["cascades"] for answer in cascade["answers"]}
    edges = {
        (e["source"], e["target"].split("#v")[0])
        for c in data["cascades"]
        for e in c["edges"]
        if e["kind"] == "write_back" and e["rung"] < 4
    }
    origins = truth["expected"]["origins"]
    true_edges = {(turn, entry) for entry, turn in truth["entries"].items() if turn is not None}
    true = judge_truth(truth)
    regime = data["verdict"]["regime"]
    expected = truth["expected"]["verdicts"] or [true.regime]
    return DrillScore(
        truth["scenario"],
        truth["seed"],
        named[0] in origins if named and origins else False if origins else None,
        None if origins else not named,
        tuple(named),
        _overlap(entries, set(truth["entries"])),
        _overlap(cases, set(truth["cases"])),
        _overlap(edges, true_edges),
        None
        if main is None
        else max((e["generation"] or 0 for e in main["entries"] if e["role"] != "reports"), default=0),
        max(truth["generations"].values(), default=0),
        _value(main, "S4b"),
        true.r_loop,
        _value(main, "S4"),
        true.ratio,
        regime,
        str(true.regime),
        tuple(map(str, expected)),
        regime in expected,
        _detection(run, truth),
    )


def _overlap(found: set[Any], right: set[Any]) -> Overlap:
    return Overlap(len(found), len(right), len(found & right))


def _main_cascade(
    cascades: Sequence[Mapping[str, Any]], truth: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    def shared(cascade: Mapping[str, Any]) -> int:
        return sum(answer["turn_id"] in truth["cases"] for answer in cascade["answers"])

    best = max(cascades, key=shared, default=None)
    return best if best is not None and shared(best) else None


def _named_origins(data: Mapping[str, Any], run: Run) -> list[str]:
    """Return the entries named as where a false claim began, first the verdict's cascade, then any the trace holds responsible."""
    order = sorted(data["cascades"], key=lambda cascade: cascade["id"] != data["verdict"]["cascade"])
    named = [origin for cascade in order if cascade["n_entries"] for origin in cascade["origins"]]
    if run.has("suspects"):
        written = {entry["id"] for cascade in order for entry in cascade["entries"]}
        suspects = run.read("suspects", ["entry_id", "verdict"]).to_pylist()
        named += [
            row["entry_id"]
            for row in suspects
            if row["verdict"] == "responsible" and row["entry_id"] not in written
        ]
    return list(dict.fromkeys(named))


def _value(cascade: Mapping[str, Any] | None, id_: str) -> float | None:
    if cascade is None:
        return None
    return next((score["value"] for score in cascade["scores"] if score["id"] == id_), None)


def _detection(run: Run, truth: Mapping[str, Any]) -> float | None:
    """Return the days from the start of the trouble to the first true case that the check flagged, None if it flagged none."""
    rows = run.read("claims", ["turn_id", "status", "timestamp"]).to_pylist()
    flagged = {str(status) for status in UNGROUNDED}
    times = [
        row["timestamp"]
        for row in rows
        if row["status"] in flagged and row["turn_id"] in truth["cases"] and row["timestamp"]
    ]
    if not times or truth["began_at"] is None:
        return None
    return float((min(times) - datetime.fromisoformat(truth["began_at"])).total_seconds() / 86400)


@dataclass(frozen=True, slots=True)
class TrueFigures:
    """R_loop, RR and verdict from the true cases and parents, by the estimators the detector uses on what it sees."""

    r_loop: float | None
    ratio: float | None
    regime: Regime


def judge_truth(truth: Mapping[str, Any]) -> TrueFigures:
    """Score a drill's truth as if everything had been logged."""
    days = truth["days"]
    times = [day for key, day in days.items() if key.startswith("turn-")]
    if not truth["cases"] or not times:
        return TrueFigures(None, None, Regime.NO_CASE)
    start, end = min(times), max(times)
    bad = [entry for entry in truth["entries"] if entry in days]
    children, clean, pairs = _true_children(truth)
    others = _clean_on_topic(truth)
    lags = np.array([days[entry] - days[parent] for parent, entry in pairs])
    interval = estimate_generation_interval(
        lags, np.ones(len(lags)), np.array([end - days[parent] for parent, _ in pairs])
    )
    counts, risk = (
        np.array(column) for column in ([children[e] for e in bad], [end - max(start, days[e]) for e in bad])
    )
    r_loop = None
    if not truth["write_back"]:
        r_loop = estimate_r_loop(counts, counts, write_back=False)
    elif interval is not None and bad:
        r_loop = estimate_r_loop(counts, truncation_weights(risk, interval.mean, interval.sd))
    other_risk = np.array([end - max(start, days.get(entry, start)) for entry in others])
    ratio = estimate_amplification(counts, risk, np.array([clean[entry] for entry in others]), other_risk)
    decision = decide_regime(_true_evidence(truth, r_loop, ratio.low, float(counts.sum())))
    return TrueFigures(None if r_loop is None else r_loop.value, ratio.ratio, decision.regime)


def _topic_of(truth: Mapping[str, Any]) -> str:
    """Return the topic on which most cases are."""
    return Counter(str(truth["topics"][case]) for case in truth["cases"]).most_common(1)[0][0]


def _clean_on_topic(truth: Mapping[str, Any]) -> list[str]:
    """Return the topic's own pages and the entries written from its clean answers: what the false claim competes with."""
    pages = {id_ for id_, of in truth["pages"].items() if of == _topic_of(truth)}
    on_topic = set(truth["on_topic"])
    written = {id_ for id_, turn in truth["clean_children"].items() if turn in on_topic}
    return sorted(((pages | written) & truth["days"].keys()) - truth["entries"].keys())


def _true_children(
    truth: Mapping[str, Any],
) -> tuple[dict[str, float], dict[str, float], list[tuple[str, str]]]:
    """Return contaminated and clean children by parent, and contaminated (parent, child) pairs with both times known."""
    children: dict[str, float] = defaultdict(float)
    clean: dict[str, float] = defaultdict(float)
    pairs = []
    on_topic = set(truth["on_topic"])
    for entry, turn in truth["entries"].items():
        parent = None if turn is None else truth["cases"].get(turn)
        if parent is not None and entry in truth["days"]:
            children[parent] += 1
            pairs.append((parent, entry))
    for turn in truth["clean_children"].values():
        parent = truth["sources"].get(turn)
        if turn in on_topic and parent is not None and parent not in truth["entries"]:
            clean[parent] += 1
    return children, clean, pairs


def _true_evidence(
    truth: Mapping[str, Any], r_loop: Estimate | None, ratio_low: float | None, children: float
) -> Evidence:
    """Return the verdict's evidence on the turns where the claim competes."""
    asked = sorted((truth["days"][turn], turn in truth["cases"]) for turn in truth["on_topic"])
    first = min(
        [day for day, case in asked if case]
        + [truth["days"][e] for e in truth["entries"] if e in truth["days"]]
    )
    later = [(int(day), case) for day, case in asked if day >= first]
    days = sorted({day for day, _ in later})
    slope = estimate_slope(
        np.array(days, dtype=np.float64),
        np.array([sum(case for at, case in later if at == day) for day in days], dtype=np.float64),
        np.array([sum(at == day for at, _ in later) for day in days], dtype=np.float64),
    )
    structural = r_loop is not None and r_loop.quality is Quality.STRUCTURAL
    usable = r_loop is not None and r_loop.usable
    return Evidence(
        prevalence_low=wilson(sum(case for _, case in asked), len(asked))[0],
        ratio_low=ratio_low,
        slope_z=None if structural else slope.z,
        r_loop_low=r_loop.low if r_loop is not None and usable else None,
        r_loop_high=r_loop.high if r_loop is not None and usable else None,
        children=children,
        structural=structural,
    )


def origins_by_trace(run: Run) -> dict[str, int]:
    """Return how many flagged claims the trace laid at each door: store, generator, not in store, undetermined."""
    counts: dict[str, int] = {str(origin): 0 for origin in Origin}
    if run.has("events"):
        for row in run.read("events", ["origin"]).to_pylist():
            counts[row["origin"]] += 1
    return counts
