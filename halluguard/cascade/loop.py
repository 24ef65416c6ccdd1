"""The loop's rates around one false claim: children, time at risk and generation interval of entries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from halluguard.cascade.contamination import RETRIEVED_WEIGHT, Surroundings
from halluguard.cascade.observe import Observation
from halluguard.cascade.scores.generation import MIN_LAGS, estimate_generation_interval
from halluguard.cascade.scores.offspring import truncation_weights


@dataclass(frozen=True, slots=True)
class GenerationInterval:
    """Mean and standard deviation, in days, of the time from an entry to the entries it led to; `source` says from what."""

    mean: float
    sd: float
    lags: int
    source: str


@dataclass(frozen=True)
class Loop:
    """Arrays over entries: numbers, children and days at risk, contaminated and clean, and lags of both."""

    numbers: NDArray[np.int64]
    children: NDArray[np.float64]
    days: NDArray[np.float64]
    clean_numbers: NDArray[np.int64]
    clean_children: NDArray[np.float64]
    clean_days: NDArray[np.float64]
    interval: GenerationInterval | None


def measure_loop(
    around: Surroundings,
    graph: nx.DiGraph,
    topic: Sequence[int],
    cited: Mapping[int, Sequence[int]],
    *,
    until: float | None = None,
) -> Loop:
    """Count children per entry on the topic, contaminated by the cascade's graph and clean by retrieval.

    Args:
        around: log, store and write-back edges.
        graph: the cascade of the claim.
        topic: numbers of answers on the topic.
        cited: for each answer, the entries it cites.
        until: when observation ends, in days; the end of the log by default, or the containment.

    Clean entries are those that answers on the topic cite (retrieved for them where none cites any) or written back from clean
    topic answers. A clean child is shared
    among the clean entries its answer was given from, 1 for a cited and 0.2 for an only retrieved one. Time at risk runs
    from the later of ingestion and start of the log to the earlier of `until` and the entry's end.
    """
    seen = around.seen
    end = seen.end if until is None else until
    contaminated = [
        node[1] for node, data in graph.nodes(data=True) if node[0] == "entry" and data["role"] != "reports"
    ]
    aside = set(contaminated)
    children, lags = _contaminated_children(seen, graph, end)
    on_topic = set(topic)
    clean = [a for a in topic if ("answer", a) not in graph]
    clean_children, clean_lags, clean_entries = _clean_children(around, clean, aside, cited, end)
    elsewhere = sorted(a for a in around.children if ("answer", a) not in graph and a not in on_topic)
    _, other_lags, _ = _clean_children(around, elsewhere, aside, cited, end)
    clean_entries |= _clean_read(seen, topic, cited) - aside
    numbers = np.array(sorted(contaminated), dtype=np.int64)
    others = np.array(sorted(clean_entries), dtype=np.int64)
    return Loop(
        numbers,
        np.array([children.get(n, 0.0) for n in numbers]),
        np.array([days_at_risk(seen, n, end) for n in numbers]),
        others,
        np.array([clean_children.get(n, 0.0) for n in others]),
        np.array([days_at_risk(seen, n, end) for n in others]),
        estimate_interval(seen, (lags, clean_lags, other_lags), end),
    )


def _clean_read(seen: Observation, topic: Sequence[int], cited: Mapping[int, Sequence[int]]) -> set[int]:
    """Return entries that answers on the topic cite, or, where none cites any, all that were retrieved for them.

    What only fills up the list of retrieved entries is about something else; counted as clean, it would make any claim look
    amplified.
    """
    read = {n for a in topic for n in cited.get(a, ())}
    return read or {n for a in topic for n in seen.answers[a].retrieved}


Lag = tuple[int, float, float]
"""Parent entry, days to its child, weight."""


def _contaminated_children(
    seen: Observation, graph: nx.DiGraph, end: float | None
) -> tuple[dict[int, float], list[Lag]]:
    children: dict[int, float] = defaultdict(float)
    lags: list[Lag] = []
    for answer, child, data in sorted(graph.edges(data=True), key=lambda edge: edge[:2]):
        if data["kind"] != "write_back" or not _before(seen, child[1], end):
            continue
        for parent, _, exposure in sorted(graph.in_edges(answer, data=True), key=lambda edge: edge[:2]):
            weight = data["weight"] * exposure["weight"]
            children[parent[1]] += weight
            lags += _lag(seen, parent[1], child[1], weight)
    return children, lags


def _clean_children(
    around: Surroundings,
    clean: Iterable[int],
    aside: set[int],
    cited: Mapping[int, Sequence[int]],
    end: float | None,
) -> tuple[dict[int, float], list[Lag], set[int]]:
    children: dict[int, float] = defaultdict(float)
    lags: list[Lag] = []
    written: set[int] = set()
    for answer in clean:
        for edge in around.children.get(answer, ()):
            if edge.entry in aside or not _before(around.seen, edge.entry, end):
                continue
            written.add(edge.entry)
            parents = {
                n: 1.0 if n in cited.get(answer, ()) else RETRIEVED_WEIGHT
                for n in around.seen.answers[answer].retrieved
            }
            total = sum(weight for n, weight in parents.items() if n not in aside)
            for parent in sorted(parents.keys() - aside):
                weight = edge.weight * parents[parent] / total
                children[parent] += weight
                lags += _lag(around.seen, parent, edge.entry, weight)
    return children, lags, written


def _before(seen: Observation, entry: int, end: float | None) -> bool:
    time = seen.entries[entry].time
    return end is None or time is None or time <= end


def _lag(seen: Observation, parent: int, child: int, weight: float) -> list[Lag]:
    """Return the lag of one pair; a parent older than the log is left out, its early children were never seen."""
    born, written = seen.entries[parent].time, seen.entries[child].time
    if born is None or written is None or seen.start is None or born < seen.start:
        return []
    return [(parent, max(0.0, written - born), weight)]


def _span(seen: Observation, number: int, end: float | None) -> tuple[float, float] | None:
    """Return how old an entry was when observation of it began and ended, in days; None without times."""
    entry = seen.entries[number]
    if seen.start is None or end is None:
        return None
    born = entry.time if entry.time is not None else seen.start
    last = end if entry.end is None else min(end, entry.end)
    first = max(born, seen.start)
    return first - born, max(last, first) - born


def days_at_risk(seen: Observation, number: int, end: float | None) -> float:
    """Return the days during which a child of the entry would have been seen; 0 without times."""
    span = _span(seen, number, end)
    return span[1] - span[0] if span else 0.0


def exposure_weights(
    seen: Observation, numbers: Iterable[int], interval: GenerationInterval, *, until: float | None = None
) -> NDArray[np.float64]:
    """Return pi = G(age at the end) - G(age when the log began) of each entry."""
    end = seen.end if until is None else until
    spans = np.array([_span(seen, int(n), end) or (0.0, 0.0) for n in numbers], dtype=np.float64).reshape(
        -1, 2
    )
    last, first = (truncation_weights(spans[:, side], interval.mean, interval.sd) for side in (1, 0))
    return np.asarray(last - np.where(spans[:, 0] > 0, first, 0.0), dtype=np.float64)


_SOURCES = ("contaminated entries", "entries on the topic", "entries on any topic")


def estimate_interval(
    seen: Observation, lags: Sequence[Sequence[Lag]], end: float | None
) -> GenerationInterval | None:
    """Estimate the generation interval from contaminated pairs; with fewer than 5, from more and more of the store.

    `lags` holds contaminated pairs, clean pairs on the topic, and all others. None where nothing was written back.
    """
    used: list[Lag] = []
    source = ""
    for pairs, name in zip(lags, _SOURCES, strict=True):
        if len(used) < MIN_LAGS and pairs:
            used, source = [*used, *pairs], name
    if not used or end is None:
        return None
    ages = np.array([end - (seen.entries[parent].time or 0.0) for parent, _, _ in used])
    found = estimate_generation_interval(
        np.array([lag for _, lag, _ in used]), np.array([w for _, _, w in used]), ages
    )
    if found is None:
        return None
    if not found.complete:
        source += ", not a completed cohort: a lower bound"
    return GenerationInterval(found.mean, found.sd, found.lags, source)
