"""What to remove: the smallest cut, the greedy order, and what removing the origin alone leaves alive."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import networkx as nx
import numpy as np

from halluguard.cascade.provenance import SUSPECTED

Node = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Step:
    """One removal and what is left: contaminated answers that a remaining entry still feeds, and remaining entries."""

    entry: int
    answers_left: int
    entries_left: int


@dataclass(frozen=True, slots=True)
class Remainder:
    """What stays alive when only the origins are taken out of the store."""

    removed: tuple[int, ...]
    entries_left: int
    answers_left: int
    answers_now: int


def contaminated_entries(graph: nx.DiGraph) -> list[int]:
    """Return the numbers of contaminated entries, in order."""
    return sorted(
        node[1]
        for node, data in graph.nodes(data=True)
        if data["kind"] == "entry" and data["role"] != "reports"
    )


def minimum_cut(graph: nx.DiGraph, *, since: float | None = None) -> tuple[int, ...]:
    """Return the smallest set of entries whose absence cuts every path to later answers.

    With `since` None: as if the entries had never come, from the origins to all answers. With a time, in days: entries then in
    the store are all alive, whatever wrote them, so each is a source, as are origins that come later; the answers to protect
    are those after that time. Minimum vertex cut by Dinic's maximum flow on the split graph; answers cannot be cut. Of several
    smallest cuts the one nearest the sources is returned.
    """
    answers = _later(graph, since)
    nodes = [
        node
        for node in sorted(graph.nodes)
        if graph.nodes[node]["role"] != "reports" and (node[0] == "entry" or node in answers)
    ]
    sources = [node for node in nodes if node[0] == "entry" and _is_source(graph, node, since)]
    if not sources or not answers:
        return ()
    return _cut(graph, nodes, sources, answers)


def _later(graph: nx.DiGraph, since: float | None) -> set[Node]:
    answers = (node for node, data in graph.nodes(data=True) if data["kind"] == "answer")
    if since is None:
        return set(answers)
    return {node for node in answers if (time := graph.nodes[node]["time"]) is not None and time > since}


def _is_source(graph: nx.DiGraph, node: Node, since: float | None) -> bool:
    data = graph.nodes[node]
    admissible = any(edge.get("rung") != SUSPECTED for _, _, edge in graph.in_edges(node, data=True))
    return not admissible or (since is not None and (data["time"] is None or data["time"] <= since))


def _cut(
    graph: nx.DiGraph, nodes: Sequence[Node], sources: Iterable[Node], targets: Collection[Node]
) -> tuple[int, ...]:
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    place = {node: number for number, node in enumerate(nodes)}
    n, endless = len(nodes), len(nodes) + 1
    source, sink = 2 * n, 2 * n + 1
    arcs: list[tuple[int, int, int]] = [
        (2 * place[s], 2 * place[s] + 1, 1 if s[0] == "entry" else endless) for s in nodes
    ]
    arcs += [(source, 2 * place[s], endless) for s in sources]
    arcs += [(2 * place[t] + 1, sink, endless) for t in sorted(targets)]
    arcs += [(2 * place[a] + 1, 2 * place[b], endless) for a, b in graph.edges if a in place and b in place]
    rows, columns, capacities = (np.array(column, dtype=np.int32) for column in zip(*arcs, strict=True))
    capacity = csr_matrix((capacities, (rows, columns)), shape=(2 * n + 2, 2 * n + 2), dtype=np.int32)
    flow = maximum_flow(capacity, source, sink).flow
    residual = capacity - flow
    residual.data[residual.data < 0] = 0
    residual.eliminate_zeros()
    reached = set(breadth_first_order(residual, source, return_predecessors=False).tolist())
    return tuple(
        node[1] for node in nodes if 2 * place[node] in reached and 2 * place[node] + 1 not in reached
    )


def removal_order(graph: nx.DiGraph) -> tuple[Step, ...]:
    """Return entries in greedy order of removal from the store, with the reach left after each step.

    An answer is safe once every contaminated entry it was given from is gone; each step takes the entry that holds most of what
    is left, an answer's weight shared among its remaining entries. Entries that fed no answer come last, oldest first.
    Removal acts on the store as it is: what an entry led to is not undone by removing it. Cost n log n.
    """
    feeds: dict[int, dict[int, float]] = {number: {} for number in contaminated_entries(graph)}
    parents: dict[int, set[int]] = {}
    for entry, answer, data in graph.edges(data=True):
        if data["kind"] == "exposure":
            feeds[entry[1]][answer[1]] = data["weight"]
            parents.setdefault(answer[1], set()).add(entry[1])
    gain = {entry: sum(weights.values()) for entry, weights in feeds.items()}
    heap = [(-round(value, 9), _age(graph, entry), entry) for entry, value in gain.items()]
    heapify(heap)
    steps: list[Step] = []
    removed: set[int] = set()
    alive = len(parents)
    while heap:
        value, _, entry = heappop(heap)
        if entry in removed or value != -round(gain[entry], 9):
            continue
        removed.add(entry)
        alive -= _take(entry, feeds, parents, gain)
        changed = {other for answer in feeds[entry] for other in parents[answer]}
        for other in sorted(changed):
            heappush(heap, (-round(gain[other], 9), _age(graph, other), other))
        steps.append(Step(entry, alive, len(feeds) - len(removed)))
    return tuple(steps)


def _age(graph: nx.DiGraph, entry: int) -> float:
    time = graph.nodes["entry", entry]["time"]
    return float("-inf") if time is None else float(time)


def _take(
    entry: int, feeds: dict[int, dict[int, float]], parents: dict[int, set[int]], gain: dict[int, float]
) -> int:
    """Remove an entry, hand its share of each answer to the entries left, and return the answers made safe."""
    safe = 0
    for answer in feeds[entry]:
        left = parents[answer]
        left.discard(entry)
        safe += not left
        total = sum(feeds[other][answer] for other in left)
        for other in left:
            share = feeds[other][answer] / total
            gain[other] += share - feeds[other][answer]
            feeds[other][answer] = share
    return safe


def leave_without_origins(graph: nx.DiGraph) -> Remainder:
    """Return what removing the origins alone leaves: written-back entries, and the answers they feed."""
    origins = tuple(
        number for number in contaminated_entries(graph) if _is_source(graph, ("entry", number), None)
    )
    gone = {("entry", number) for number in origins}
    fed: Mapping[Node, list[Node]] = {
        node: list(graph.predecessors(node)) for node in graph.nodes if node[0] == "answer"
    }
    exposed = {answer: entries for answer, entries in fed.items() if entries}
    left = sum(any(entry not in gone for entry in entries) for entries in exposed.values())
    return Remainder(origins, len(contaminated_entries(graph)) - len(origins), left, len(exposed))
