"""A cascade as the plain values of `cascade.json`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import networkx as nx
import numpy as np

from halluguard.cascade.contamination import Contamination, Surroundings
from halluguard.cascade.graph import as_moment, label_of
from halluguard.cascade.provenance import RUNGS, SUSPECTED
from halluguard.cascade.score import Scored
from halluguard.cascade.scores.blast import count_dominated, expected_reach, sample_reach
from halluguard.cascade.verdict import MEANING

MAX_TEXT = 400
Node = tuple[str, int]


@dataclass(frozen=True)
class FoundCascade:
    """One cascade before it is described: its cases, graph and scores, what to remove, and the answers on its topic."""

    cases: Contamination
    graph: nx.DiGraph
    scored: Scored
    removal: Mapping[str, Any]
    n_topic: int


def describe_cascade(
    id_: str,
    around: Surroundings,
    found: FoundCascade,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """Return one cascade of `cascade.json`; entries and answers in order of time, origins by what hangs on them."""
    cases, graph, scored, removal = found.cases, found.graph, found.scored, found.removal
    reach = {} if removal["sampled"] else measure_reach(graph, seed=seed)
    cut = set(removal["cut"])
    entries = [_entry(around, node, found, reach.get(node), cut) for node in _in_time(graph, "entry")]
    answers = [_answer(around, graph, node) for node in _in_time(graph, "answer")]
    origins = [entry for entry in entries if entry["role"] in ("origin", "left_cut", "suspected")]
    origins.sort(key=lambda entry: (-(entry["expected"] or 0.0), entry["time"] or "", entry["id"]))
    return {
        "id": id_,
        "claim": cases.cluster.leader,
        "clustering": cases.cluster.method,
        "topic": removal["topic"],
        "verdict": {**asdict(scored.decision), "meaning": MEANING[scored.decision.regime]},
        "n_answers": len(cases.answers),
        "n_entries": len(cases.entries),
        "n_topic": found.n_topic,
        "origins": [entry["id"] for entry in origins],
        "scores": [_round(asdict(row)) for row in scored.rows],
        "generation_interval": None if scored.interval is None else _round(dict(scored.interval)),
        "series": [_round(dict(day)) for day in scored.series],
        "r_t": [_round(dict(window)) for window in scored.cori],
        "entries": entries,
        "answers": answers,
        "edges": _edges(around, graph),
        "containment": _containment(around, removal),
        "counts": dict(removal["counts"]),
    }


def measure_reach(graph: nx.DiGraph, *, seed: int = 0) -> dict[Node, dict[str, float]]:
    """Return S7 for each entry: nodes dominated, expected reach, and its 2.5 and 97.5 % quantiles over 200 sampled trees.

    Nodes are numbered by time before sampling, so that names and row order do not change a draw.
    """
    nodes = [node for node in _in_time(graph, None) if graph.nodes[node]["role"] != "reports"]
    place = {node: number for number, node in enumerate(nodes)}
    edges = [(place[a], place[b], data["weight"]) for a, b, data in graph.edges(data=True)]
    certain = [
        (place[a], place[b], data["weight"])
        for a, b, data in graph.edges(data=True)
        if data.get("rung") != SUSPECTED
    ]
    targets = {child for _, child, _ in certain}
    dominated = count_dominated(len(nodes), certain, [n for n in range(len(nodes)) if n not in targets])
    expected = expected_reach(len(nodes), edges)
    low, high = (
        np.quantile(sample_reach(len(nodes), edges, seed=seed), [0.025, 0.975], axis=0) if nodes else ([], [])
    )
    return {
        node: {
            "dominated": dominated.get(n, 0),
            "expected": float(expected[n]),
            "low": float(low[n]),
            "high": float(high[n]),
        }
        for node, n in place.items()
        if node[0] == "entry"
    }


def _in_time(graph: nx.DiGraph, kind: str | None) -> list[Node]:
    nodes = [node for node in graph.nodes if kind is None or node[0] == kind]
    return sorted(
        nodes, key=lambda node: (graph.nodes[node]["time"] is None, graph.nodes[node]["time"] or 0.0, node)
    )


def _entry(
    around: Surroundings, node: Node, found: FoundCascade, s7: Mapping[str, float] | None, cut: set[int]
) -> dict[str, Any]:
    graph = found.graph
    entry, data = around.seen.entries[node[1]], graph.nodes[node]
    rungs = [edge["rung"] for _, _, edge in graph.in_edges(node, data=True)]
    return {
        "id": entry.entry_id,
        "key": entry.key,
        "time": as_moment(entry.time),
        "end": as_moment(entry.end),
        "in_store": entry.in_store,
        "role": data["role"],
        "stance": data["stance"],
        "hop": data.get("hop"),
        "generation": data.get("generation"),
        "rung": min(rungs, default=None),
        "evidence": RUNGS[min(rungs)] if rungs else None,
        "source": entry.source,
        "batch": entry.batch,
        "n_answers": sum(graph.nodes[t]["kind"] == "answer" for t in graph.successors(node)),
        "children": round(found.scored.children.get(node[1], 0.0), 4),
        "dominated": None if s7 is None else s7["dominated"],
        "expected": None if s7 is None else round(s7["expected"], 4),
        "expected_low": None if s7 is None else s7["low"],
        "expected_high": None if s7 is None else s7["high"],
        "in_cut": node[1] in cut,
        "text": entry.text[:MAX_TEXT],
    }


def _answer(around: Surroundings, graph: nx.DiGraph, node: Node) -> dict[str, Any]:
    answer, data = around.seen.answers[node[1]], graph.nodes[node]
    return {
        "turn_id": answer.turn_id,
        "time": as_moment(answer.time),
        "conversation_id": answer.conversation_id,
        "role": data["role"],
        "hop": data["hop"],
        "generation": data["generation"],
    }


def _edges(around: Surroundings, graph: nx.DiGraph) -> list[dict[str, Any]]:
    rows = []
    for source, target in sorted(graph.edges):
        data = graph.edges[source, target]
        rows.append(
            {
                "kind": data["kind"],
                "source": label_of(around.seen, source),
                "target": label_of(around.seen, target),
                "weight": round(data["weight"], 4),
                "rung": data.get("rung"),
            }
        )
    return rows


def _containment(around: Surroundings, removal: Mapping[str, Any]) -> dict[str, Any]:
    keys = [entry.key for entry in around.seen.entries]
    rest = removal["without_origins"]
    return {
        "minimum_cut": [keys[number] for number in removal["cut"]],
        "quarantine": [keys[s.entry] for s in removal["order"] if around.seen.entries[s.entry].end is None],
        "removal_order": [
            {"entry": keys[s.entry], "answers_left": s.answers_left, "entries_left": s.entries_left}
            for s in removal["order"]
        ],
        "without_origins": {
            "removed": [keys[number] for number in rest.removed],
            "entries_left": rest.entries_left,
            "answers_left": rest.answers_left,
            "answers_now": rest.answers_now,
        },
    }


def _round(row: dict[str, Any]) -> dict[str, Any]:
    """Round figures to six significant places; JSON has no infinity, which becomes null."""
    return {key: _short(value) if isinstance(value, float) else value for key, value in row.items()}


def _short(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
