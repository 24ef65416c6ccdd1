"""The cascade of one false claim as a directed graph of entries and answers, with hops and generations."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import networkx as nx

from halluguard.cascade.contamination import Contamination
from halluguard.cascade.observe import Observation
from halluguard.cascade.provenance import RUNGS, SUSPECTED


def entry_node(number: int) -> tuple[str, int]:
    """Return the graph node of an entry version."""
    return ("entry", number)


def answer_node(number: int) -> tuple[str, int]:
    """Return the graph node of an answer."""
    return ("answer", number)


def build_graph(seen: Observation, cases: Contamination) -> tuple[nx.DiGraph, dict[str, int]]:
    """Return the cascade's graph, acyclic, and counts of cycles broken.

    Nodes are ("entry" | "answer", number) with `hop` (origins 0, their answers 1, entries written from them 2 ...),
    `generation` = floor(hop / 2), `role` (origin, left_cut, written_back, suspected, de_novo, case, reports) and `time`. Edges
    carry `kind` (exposure, write_back), `weight` (a child's parents sum to at most 1) and, for write-backs, `rung`.
    Suspected edges shape no generation, nor does an entry only retrieved beside a cited one. A text that refutes or reports the claim is a node without edges.
    """
    graph = nx.DiGraph()
    admissible = {edge.entry for edge in cases.write_backs if edge.rung != SUSPECTED}
    suspected = {edge.entry for edge in cases.write_backs} - admissible
    exposed = {edge.answer for edge in cases.exposures}
    turn_ids = seen.by_turn.keys()
    for number in cases.entries:
        entry = seen.entries[number]
        role = "written_back" if number in admissible else "suspected" if number in suspected else "origin"
        if role == "origin" and entry.writers and not turn_ids & set(entry.writers):
            role = "left_cut"
        graph.add_node(entry_node(number), kind="entry", role=role, stance="asserts", time=entry.time)
    for number in cases.answers:
        role = "case" if number in exposed else "de_novo"
        graph.add_node(
            answer_node(number), kind="answer", role=role, stance="asserts", time=seen.answers[number].time
        )
    for number, stance in cases.other_stances.items():
        graph.add_node(
            entry_node(number),
            kind="entry",
            role="reports",
            stance=stance.value,
            time=seen.entries[number].time,
        )
    for edge in cases.exposures:
        graph.add_edge(entry_node(edge.entry), answer_node(edge.answer), kind="exposure", weight=edge.weight)
    for back in cases.write_backs:
        graph.add_edge(
            answer_node(back.answer),
            entry_node(back.entry),
            kind="write_back",
            weight=back.weight,
            rung=back.rung,
        )
    broken = _finish(graph)
    return graph, {"cycles_broken": broken}


def _finish(graph: nx.DiGraph) -> int:
    """Set hops, break cycles against them, renormalise the weights that were cut."""
    _set_hops(graph)
    broken = 0
    for component in [c for c in nx.strongly_connected_components(graph) if len(c) > 1]:
        for source, target in sorted(graph.subgraph(component).edges):
            if graph.nodes[target]["hop"] <= graph.nodes[source]["hop"]:
                graph.remove_edge(source, target)
                broken += 1
                _renormalise(graph, target)
    return broken


def _renormalise(graph: nx.DiGraph, node: tuple[str, int]) -> None:
    edges = [data for _, _, data in graph.in_edges(node, data=True) if data.get("rung") != SUSPECTED]
    total = sum(data["weight"] for data in edges)
    for data in edges:
        data["weight"] /= total


def _is_main(graph: nx.DiGraph, source: tuple[str, int], target: tuple[str, int]) -> bool:
    edge = graph.edges[source, target]
    if edge.get("rung") == SUSPECTED:
        return False
    heaviest = max(data["weight"] for _, _, data in graph.in_edges(target, data=True))
    return bool(edge["weight"] >= heaviest / 2)


def _set_hops(graph: nx.DiGraph) -> None:
    """Breadth first by level: origins at 0, answers of the generator's own at 1.

    Suspected edges do not count, nor an entry that was only retrieved beside one that the answer was read from.
    """
    main = {(source, target) for source, target in graph.edges if _is_main(graph, source, target)}
    level = [
        node
        for node, data in graph.nodes(data=True)
        if data["kind"] == "entry" and data["role"] != "written_back"
    ]
    fresh = [node for node, data in graph.nodes(data=True) if data["role"] == "de_novo"]
    hop = 0
    waiting = {1: fresh}
    while level or waiting:
        for node in level:
            graph.nodes[node]["hop"], graph.nodes[node]["generation"] = hop, hop // 2
        below = {t for node in level for t in graph.successors(node) if (node, t) in main}
        below.update(waiting.pop(hop + 1, ()))
        hop += 1
        level = sorted(node for node in below if "hop" not in graph.nodes[node])
    for node, data in graph.nodes(data=True):
        if "hop" not in data:  # written back by answers in a ring that no origin feeds
            graph.nodes[node]["hop"], graph.nodes[node]["generation"] = (
                (0, 0) if node[0] == "entry" else (1, 0)
            )


def as_moment(days: float | None) -> str | None:
    """Return ISO 8601 in UTC to the second, or None."""
    if days is None:
        return None
    return datetime.fromtimestamp(round(days * 86400), tz=UTC).isoformat().replace("+00:00", "Z")


def label_of(seen: Observation, node: tuple[str, int]) -> str:
    """Return the id people know a node by."""
    return seen.entries[node[1]].key if node[0] == "entry" else seen.answers[node[1]].turn_id


def named_graph(
    seen: Observation, graph: nx.DiGraph, extra: Mapping[tuple[str, int], Mapping[str, Any]]
) -> nx.DiGraph:
    """Return a copy with string nodes (`entry:ID`, `answer:ID`) and attributes that GraphML and JSON can hold."""
    named = nx.DiGraph()
    for node in sorted(graph.nodes):
        data = {**graph.nodes[node], **extra.get(node, {})}
        data["time"] = as_moment(data["time"])
        label = label_of(seen, node)
        named.add_node(f"{node[0]}:{clean_xml(label)}", label=clean_xml(label), **_plain(data))
    for source, target in sorted(graph.edges):
        data = dict(graph.edges[source, target])
        if "rung" in data:
            data["evidence"] = RUNGS[data["rung"]]
        ends = (f"{kind}:{clean_xml(label_of(seen, (kind, number)))}" for kind, number in (source, target))
        named.add_edge(*ends, **_plain(data))
    return named


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: clean_xml(value) if isinstance(value, str) else value
        for key, value in data.items()
        if value is not None
    }


def clean_xml(text: str) -> str:
    """Replace characters that XML 1.0 cannot hold, so that a hostile label cannot break the file."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "\ufffd"
        for c in text
    )


def to_graphml(graphs: Iterable[nx.DiGraph]) -> bytes:
    """Return GraphML of named graphs side by side, each node prefixed with its cascade's id; the same graphs, the same bytes."""
    whole = nx.DiGraph()
    for graph in graphs:
        names = {node: f"{data['cascade']}/{node}" for node, data in graph.nodes(data=True)}
        whole = nx.compose(whole, nx.relabel_nodes(graph, names))
    return b"\n".join(line.encode() for line in nx.generate_graphml(whole)) + b"\n"


def to_node_link(graph: nx.DiGraph) -> dict[str, Any]:
    """Return a named graph as node-link JSON: {"nodes": [{"id", ...}], "edges": [{"source", "target", ...}]}."""
    data: dict[str, Any] = nx.node_link_data(graph, edges="edges")
    return data
