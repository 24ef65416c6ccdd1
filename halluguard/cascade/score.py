"""The scores S1 to S10 of one cascade, in plain rows, and the verdict they lead to."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from halluguard.cascade.circumstances import Circumstances
from halluguard.cascade.contamination import Contamination, Surroundings
from halluguard.cascade.loop import Loop, exposure_weights
from halluguard.cascade.observe import Observation
from halluguard.cascade.readings import read_score
from halluguard.cascade.scores.amplification import estimate_amplification
from halluguard.cascade.scores.estimate import Estimate, Quality, refuse
from halluguard.cascade.scores.extinction import extinction_probability
from halluguard.cascade.scores.feedback import estimate_decay, estimate_feedback_gain
from halluguard.cascade.scores.intervals import wilson
from halluguard.cascade.scores.offspring import DEFAULT_K, estimate_dispersion, estimate_r_loop, top_share
from halluguard.cascade.scores.prevalence import count_distinct, estimate_exposure, estimate_prevalence
from halluguard.cascade.scores.reproduction import CoriWindow, estimate_cori, rounded_gamma_interval
from halluguard.cascade.scores.residual import estimate_residual
from halluguard.cascade.scores.slope import Slope, estimate_slope
from halluguard.cascade.scores.trees import MIN_FOR_VIRALITY, Shape, measure_tree
from halluguard.cascade.verdict import Decision, Evidence, decide_regime


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the score table; `reading` says it in plain words."""

    id: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    n: float | None
    quality: str
    reason: str
    method: str
    reading: str


@dataclass(frozen=True)
class Scored:
    """Rows of the table, the verdict, prevalence by day, Cori's windows and the entries' children and weights."""

    rows: tuple[Row, ...]
    decision: Decision
    series: tuple[Mapping[str, Any], ...]
    cori: tuple[Mapping[str, Any], ...]
    children: Mapping[int, float]
    interval: Mapping[str, Any] | None


_SAMPLED = "the log holds a sample of the turns: parents and children are missing from it"


def score_cascade(
    around: Surroundings,
    cases: Contamination,
    graph: nx.DiGraph,
    topic: NDArray[np.int64],
    loop: Loop,
    *,
    given: Circumstances,
    looks: int = 1,
) -> Scored:
    """Compute every score that the log allows, name what is missing, and decide the verdict.

    `looks` is the number of claims looked at: the worst of many small ones is called captured only where its share would
    stand out among so many.
    """
    seen = around.seen
    # A share can also rise by more imports: without a path back into the store that is no amplification.
    write_back = _has_write_back(around, given)
    r_loop, exposure = _score_r(seen, loop, write_back, given)
    slope = _score_slope(seen, cases, topic)
    ratio = estimate_amplification(loop.children, loop.days, loop.clean_children, loop.clean_days)
    prevalence = estimate_prevalence(len(cases.answers), len(topic))
    residual = estimate_residual(given.probe_hits, given.probes)
    timed = seen.start is not None
    rows = [
        *_reach_rows(seen, cases, prevalence, given),
        *_exposure_rows(seen, cases, topic, given.seed),
        _row("S3", "Selection slope, log odds per day", _slope_estimate(slope, timed)),
        _row("S4", "Relative amplification", _limit(_ratio_estimate(ratio), timed, given)),
        _row("S4b", "R_loop", _limit(r_loop, timed, given)),
        *_shape_rows(graph, given),
        *_dispersion_rows(loop, exposure, given),
        _row("S8", "Feedback gain", _score_feedback(around, cases, topic)),
        _row("S9", "Hop decay", _score_decay(around, cases, graph)),
        _row("S10", "Residual after containment", residual),
        _row("extinction", "Probability of dying out by itself", _score_extinction(r_loop, loop, exposure)),
    ]
    cori, windows = _score_cori(seen, graph, loop)
    rows.append(cori)
    decision = decide_regime(
        Evidence(
            residual.high,
            _quiet(seen, cases, loop, given),
            wilson(len(cases.answers), len(topic), looks=looks)[0] if len(topic) else None,
            ratio.low if timed and given.sample_rate >= 1 else None,
            slope.z if r_loop.quality is not Quality.STRUCTURAL else None,
            r_loop.low if r_loop.usable else None,
            r_loop.high if r_loop.usable or r_loop.quality is Quality.INTERVAL_ONLY else None,
            float(loop.children.sum()) if write_back is not None or len(around.write_backs) else None,
            r_loop.quality is Quality.STRUCTURAL,
            (*_missing(seen, loop, write_back, r_loop, given), *_unproved(seen, cases, given)),
        )
    )
    interval = None if loop.interval is None else asdict(loop.interval)
    children = dict(zip(loop.numbers.tolist(), loop.children.tolist(), strict=True))
    return Scored(tuple(rows), decision, _daily(seen, cases, topic, graph), windows, children, interval)


def _row(id_: str, name: str, estimate: Estimate) -> Row:
    e = estimate
    return Row(
        id_, name, e.value, e.low, e.high, e.n, e.quality.value, e.reason, e.method, read_score(id_, e)
    )


def _limit(estimate: Estimate, timed: bool, given: Circumstances) -> Estimate:
    """Refuse what a sample or a log without times cannot give; a structural zero needs neither."""
    if estimate.quality is Quality.STRUCTURAL:
        return estimate
    if given.sample_rate < 1:
        return refuse(Quality.REFUSED, _SAMPLED)
    return estimate if timed else refuse(Quality.NOT_LOGGED, "no timestamps")


def _has_write_back(around: Surroundings, given: Circumstances) -> bool | None:
    """Return whether answers become entries: as told, as seen, or False where a whole store shows no trace of any answer."""
    if given.write_back is not None:
        return given.write_back
    if around.write_backs:
        return True
    named = any(entry.writers for entry in around.seen.entries)
    whole = (
        around.seen.has_store
        and around.seen.start is not None
        and all(e.text for e in around.seen.entries if e.in_store)
    )
    return False if whole and not named and given.sample_rate >= 1 else None


def _score_r(
    seen: Observation, loop: Loop, write_back: bool | None, given: Circumstances
) -> tuple[Estimate, NDArray[np.float64] | None]:
    if write_back is False:
        told = (
            "as told"
            if given.write_back is False
            else f"none of the {len(seen.entries)} entries repeats or names an answer"
        )
        return Estimate(
            0.0,
            0.0,
            0.0,
            len(loop.numbers),
            Quality.STRUCTURAL,
            f"no answer is written back: {told}",
            "structural",
        ), None
    if not len(loop.numbers):
        return refuse(Quality.NOT_ESTIMABLE, "no contaminated entry in the store or the log"), None
    if not seen.has_store:
        reason = "no store given: entries written back but never retrieved cannot be seen"
        if not loop.children.sum():
            return refuse(Quality.NOT_LOGGED, reason), None
    if loop.interval is None:
        return refuse(
            Quality.NOT_ESTIMABLE,
            "generation interval unknown: no written-back entry whose parent has a time",
        ), None
    pi = exposure_weights(seen, loop.numbers, loop.interval, until=given.contained_day)
    return estimate_r_loop(loop.children, pi), pi


def _score_slope(seen: Observation, cases: Contamination, topic: NDArray[np.int64]) -> Slope:
    """Fit S3 from the arrival of the first contaminated entry on: the step from nothing to something is no selection."""
    came = [t for n in cases.entries if (t := seen.entries[n].time) is not None]
    came += [t for a in cases.answers if (t := seen.answers[a].time) is not None]
    first = min(came, default=0.0)
    timed = [int(a) for a in topic if (t := seen.answers[a].time) is not None and t >= first]
    days = np.array([int(seen.answers[a].time or 0) for a in timed], dtype=np.float64)
    member = set(cases.answers)
    case = np.array([a in member for a in timed], dtype=np.float64)
    values, place = np.unique(days, return_inverse=True)
    totals = np.bincount(place, minlength=len(values)).astype(np.float64)
    hits = np.asarray(np.bincount(place, weights=case, minlength=len(values)), dtype=np.float64)
    return estimate_slope(values, hits, totals)


def _slope_estimate(slope: Slope, timed: bool) -> Estimate:
    if not timed:
        return refuse(Quality.NOT_LOGGED, "no timestamps")
    told = "" if slope.z is None else f"z = {slope.z:.2f}"
    if slope.doubling_days is not None:
        told += f"; the odds double in {slope.doubling_days:.1f} days"
    return Estimate(
        slope.slope,
        slope.low,
        slope.high,
        slope.answers,
        slope.quality,
        slope.reason or told,
        "quasi-binomial logistic",
    )


def _ratio_estimate(ratio: Any) -> Estimate:
    counts = f"{ratio.c_contaminated:g} children in {ratio.e_contaminated:.0f} entry-days against {ratio.c_clean:g} in {ratio.e_clean:.0f}"
    n = ratio.c_contaminated + ratio.c_clean
    return Estimate(
        ratio.ratio,
        ratio.low,
        ratio.high,
        n,
        ratio.quality,
        ratio.reason or counts,
        "quasi-Poisson rate ratio",
    )


def _reach_rows(
    seen: Observation, cases: Contamination, prevalence: Estimate, given: Circumstances
) -> list[Row]:
    answers = [seen.answers[number] for number in cases.answers]
    scale = 1 / given.sample_rate
    told = "" if given.sample_rate >= 1 else f"counted {len(answers)}, scaled by 1/{given.sample_rate:g}"
    conversations = count_distinct([a.conversation_id for a in answers])
    users = count_distinct([a.user_id for a in answers])
    rows = [
        _row(
            "S1.answers", "Contaminated answers", Estimate(len(answers) * scale, n=len(answers), reason=told)
        )
    ]
    for id_, name, count in (
        ("S1.conversations", "Conversations reached", conversations),
        ("S1.users", "Users reached", users),
    ):
        estimate = (
            refuse(Quality.NOT_LOGGED, "not logged")
            if count is None
            else Estimate(count * scale, n=count, reason=told)
        )
        rows.append(_row(id_, name, estimate))
    return [*rows, _row("S1", "Prevalence on the topic", prevalence)]


def _exposure_rows(seen: Observation, cases: Contamination, topic: NDArray[np.int64], seed: int) -> list[Row]:
    contaminated = set(cases.entries)
    lists = [seen.answers[a] for a in topic]
    hits = np.array([len(contaminated.intersection(a.retrieved)) for a in lists], dtype=np.int64)
    lengths = np.array([len(a.retrieved) for a in lists], dtype=np.int64)
    clusters = (
        np.unique([a.conversation_id or f"\0{n}" for n, a in enumerate(lists)], return_inverse=True)[1]
        if lists
        else lengths
    )
    share, lift, empty = estimate_exposure(
        hits, lengths, clusters, store_share=_store_share(seen, cases, lists), seed=seed
    )
    if empty and share.value is not None:
        share = Estimate(
            share.value,
            share.low,
            share.high,
            share.n,
            share.quality,
            f"{empty} empty retrievals left out",
            share.method,
        )
    return [
        _row("S2", "Exposure: contaminated share of what is retrieved", share),
        _row("S2.lift", "Lift over the store", lift),
    ]


def _store_share(seen: Observation, cases: Contamination, lists: Sequence[Any]) -> NDArray[np.float64] | None:
    """Return the contaminated share of the store when each answer was given; an entry without time was always there."""
    if not seen.has_store or any(answer.time is None for answer in lists):
        return None
    times = np.array([answer.time for answer in lists], dtype=np.float64)

    def alive(numbers: Sequence[int]) -> NDArray[np.int64]:
        born = np.sort([t if (t := seen.entries[n].time) is not None else -np.inf for n in numbers])
        gone = np.sort([t if (t := seen.entries[n].end) is not None else np.inf for n in numbers])
        return np.searchsorted(born, times, side="right") - np.searchsorted(gone, times, side="left")

    total = alive(range(len(seen.entries)))
    return np.asarray(alive(cases.entries) / np.maximum(total, 1), dtype=np.float64)


def _shape_rows(graph: nx.DiGraph, given: Circumstances) -> list[Row]:
    shape, span = measure_shape(graph)
    if given.sample_rate < 1:
        return [_row("S5.depth", "Generations", refuse(Quality.REFUSED, _SAMPLED))]
    generations = max(
        (data["generation"] for _, data in graph.nodes(data=True) if data["role"] != "reports"), default=0
    )
    cut = any(data["role"] == "left_cut" for _, data in graph.nodes(data=True))
    told = "an origin lies before the log: a lower bound" if cut else ""
    rows = [
        _row(
            "S5.size", "Size of the cascade, entries and answers", Estimate(float(shape.size), n=shape.size)
        ),
        _row("S5.depth", "Generations", Estimate(float(generations), n=shape.size, reason=told)),
        _row("S5.breadth", "Widest hop", Estimate(float(shape.max_breadth), n=shape.size)),
        _row("S5.roots", "Origins and inventions", Estimate(float(shape.roots), n=shape.size)),
    ]
    if span is not None:
        rows.append(_row("S5.span", "Days from first to last", Estimate(span, n=shape.size)))
    if shape.virality is None or shape.size < MIN_FOR_VIRALITY:
        reason = "several roots" if shape.roots != 1 else f"fewer than {MIN_FOR_VIRALITY} nodes"
        virality = refuse(Quality.NOT_ESTIMABLE, reason, shape.size)
    else:
        virality = Estimate(shape.virality, n=shape.size, reason="compare at equal size only")
    return [*rows, _row("S5.virality", "Structural virality", virality)]


def measure_shape(graph: nx.DiGraph) -> tuple[Shape, float | None]:
    """Return the shape of a cascade's graph and its span in days, None without times."""
    nodes = sorted(node for node, data in graph.nodes(data=True) if data["role"] != "reports")
    place = {node: number for number, node in enumerate(nodes)}
    edges = sorted((place[a], place[b]) for a, b, data in graph.edges(data=True) if data.get("rung") != 4)
    targets = {child for _, child in edges}
    roots = [number for number in range(len(nodes)) if number not in targets]
    times = [graph.nodes[node]["time"] for node in nodes if graph.nodes[node]["time"] is not None]
    return measure_tree(len(nodes), edges, roots), (max(times) - min(times)) if times else None


def _dispersion_rows(loop: Loop, pi: NDArray[np.float64] | None, given: Circumstances) -> list[Row]:
    if given.sample_rate < 1:
        return [_row("S6", "Dispersion k", refuse(Quality.REFUSED, _SAMPLED))]
    share = top_share(loop.children)
    top = (
        refuse(Quality.NOT_ESTIMABLE, "no offspring")
        if share is None
        else Estimate(share, n=len(loop.children))
    )
    dispersion = estimate_dispersion(loop.children, pi)
    return [
        _row("S6", "Dispersion k", dispersion),
        _row("S6.top", "Offspring from the top fifth of entries", top),
    ]


def _score_feedback(around: Surroundings, cases: Contamination, topic: NDArray[np.int64]) -> Estimate:
    seen = around.seen
    member = set(cases.answers)
    table = {(case, promoted): 0 for case in (True, False) for promoted in (True, False)}
    for number in topic:
        promoted = seen.answers[number].promoted or bool(around.children.get(int(number)))
        table[int(number) in member, promoted] += 1
    logged = bool(seen.counts["with_feedback"] or around.write_backs)
    return estimate_feedback_gain(
        table[True, True], table[True, False], table[False, True], table[False, False], logged=logged
    )


def _score_decay(around: Surroundings, cases: Contamination, graph: nx.DiGraph) -> Estimate:
    if not cases.cluster.method.startswith("entailment"):
        return refuse(Quality.NOT_ESTIMABLE, "no entailment model to read the support with")
    support: dict[int, list[tuple[int, float]]] = {}
    for claim in cases.cluster.claims:
        node = ("answer", around.by_turn.get(claim.turn_id, -1))
        if node in graph:
            support.setdefault(graph.nodes[node]["generation"], []).append(
                (0, cases.cluster.supports[claim.claim_id])
            )
    return estimate_decay(support)


def _score_extinction(r_loop: Estimate, loop: Loop, pi: NDArray[np.float64] | None) -> Estimate:
    if r_loop.value is None or not r_loop.usable:
        return refuse(Quality.NOT_ESTIMABLE, "R_loop is not known")
    dispersion = estimate_dispersion(loop.children, pi)
    k = dispersion.value if dispersion.value is not None else DEFAULT_K
    seeds = max(1, len(loop.numbers))
    high, low = (extinction_probability(r, k, seeds=seeds) for r in (r_loop.low or 0.0, r_loop.high or 0.0))
    value = extinction_probability(r_loop.value, k, seeds=seeds)
    return Estimate(
        value, low, high, seeds, r_loop.quality, f"from {seeds} entries at k = {k:.2g}", "branching process"
    )


def _score_cori(
    seen: Observation, graph: nx.DiGraph, loop: Loop
) -> tuple[Row, tuple[Mapping[str, Any], ...]]:
    """Return the latest 7-day window that has enough cases, and all windows."""
    name = "Cori R_t, latest week"
    if loop.interval is None or seen.start is None or seen.end is None or loop.interval.mean < 0.5:
        reason = (
            "generation interval unknown" if loop.interval is None else "generation interval under half a day"
        )
        return _row("R_t", name, refuse(Quality.NOT_ESTIMABLE, reason)), ()
    first, days = int(seen.start), int(seen.end) - int(seen.start) + 1
    local, imported = np.zeros(days), np.zeros(days)
    for node, data in graph.nodes(data=True):
        if node[0] == "entry" and data["role"] != "reports" and data["time"] is not None:
            day = max(0, int(data["time"]) - first)
            if day < days:
                (local if data["role"] == "written_back" else imported)[day] += 1
    weights = rounded_gamma_interval(loop.interval.mean, max(loop.interval.sd, 0.1 * loop.interval.mean))
    windows = estimate_cori(local, imported, weights, [(last - 6, last) for last in range(7, days)])
    told = tuple(_window(window, first) for window in windows)
    enough = [window for window in windows if window.enough]
    if not enough:
        return _row(
            "R_t",
            name,
            refuse(Quality.INSUFFICIENT, "insufficient data: no week with 11 written-back entries"),
        ), told
    return _row("R_t", name, enough[-1].estimate), told


def _window(window: CoriWindow, first: int) -> Mapping[str, Any]:
    e = window.estimate
    return {
        "first_day": _day(first + window.first),
        "last_day": _day(first + window.last),
        "value": e.value if window.enough else None,
        "low": e.low if window.enough else None,
        "high": e.high if window.enough else None,
        "local_cases": window.local_cases,
    }


def _day(day: int) -> str:
    return str(np.datetime64(day, "D"))


def _quiet(seen: Observation, cases: Contamination, loop: Loop, given: Circumstances) -> float | None:
    """Return how long the log goes on after containment, in mean generation intervals; None where a case came since or none was told."""
    contained = given.contained_day
    if contained is None or loop.interval is None or seen.end is None or _cases_since(seen, cases, contained):
        return None
    return max(0.0, seen.end - contained) / loop.interval.mean


def _cases_since(seen: Observation, cases: Contamination, moment: float) -> int:
    return sum(1 for a in cases.answers if (t := seen.answers[a].time) is not None and t > moment)


def _unproved(seen: Observation, cases: Contamination, given: Circumstances) -> list[str]:
    """Return why a claim is not called contained though probes were asked, or containment was told."""
    contained = given.contained_day
    if contained is None:
        return ["when containment began: probes alone do not tell that it did"] if given.probes else []
    since = _cases_since(seen, cases, contained)
    told = [f"an end of it: {since:,} answers since containment still say it"] if since else []
    if seen.end is not None and contained >= seen.end:
        told.append("answers since containment: the log ends before it")
    return told if given.probes else [*told, "probes since containment"]


def _missing(
    seen: Observation, loop: Loop, write_back: bool | None, r_loop: Estimate, given: Circumstances
) -> list[str]:
    missing = []
    if seen.start is None:
        missing.append("timestamps")
    if not seen.has_store:
        missing.append("store: the entries themselves")
    if seen.has_store and seen.start is not None and not any(e.time_from_store for e in seen.entries):
        missing.append("ingestion times of store entries")
    if given.sample_rate < 1:
        missing.append("the turns left out by sampling")
    if write_back is not False and loop.interval is None and len(loop.numbers):
        missing.append("generation interval: no written-back entry whose parent has a time")
    if r_loop.quality is Quality.INSUFFICIENT:
        missing.append(f"R_loop: {r_loop.reason}")
    return missing


def _daily(
    seen: Observation, cases: Contamination, topic: NDArray[np.int64], graph: nx.DiGraph
) -> tuple[Mapping[str, Any], ...]:
    """Return prevalence by day with its Wilson interval, and contaminated entries that came that day."""
    member = set(cases.answers)
    answers: dict[int, list[int]] = {}
    for number in topic:
        time = seen.answers[number].time
        if time is not None:
            counts = answers.setdefault(int(time), [0, 0])
            counts[0] += int(number) in member
            counts[1] += 1
    came: dict[int, list[int]] = {}
    for node, data in graph.nodes(data=True):
        if node[0] == "entry" and data["role"] != "reports" and data["time"] is not None:
            came.setdefault(int(data["time"]), [0, 0])[data["role"] == "written_back"] += 1
    rows = []
    for day, (hits, total) in sorted(answers.items()):
        low, high = wilson(hits, total)
        imported, written = came.get(day, (0, 0))
        rows.append(
            {"day": _day(day), "cases": hits, "answers": total, "value": hits / total, "low": low, "high": high,
             "entries_imported": imported, "entries_written_back": written}
        )  # fmt: skip
    return tuple(rows)
