"""S7: what hangs on one node, surely (dominated) and in expectation, on a weighted acyclic graph."""

from collections.abc import Mapping, Sequence

import networkx as nx
import numpy as np
from numpy.typing import NDArray

Edge = tuple[int, int, float]


def topological_order(n: int, edges: Sequence[Edge]) -> list[int]:
    """Return nodes 0..n-1, parents first and otherwise in order of number; raises ValueError for a cycle."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from((parent, child) for parent, child, _ in edges)
    try:
        return list(nx.topological_sort(graph))
    except nx.NetworkXUnfeasible as error:
        raise ValueError("the graph has a cycle") from error


def count_dominated(n: int, edges: Sequence[Edge], origins: Sequence[int]) -> Mapping[int, int]:
    """Return for each node the number of nodes that every path from every origin reaches only through it.

    Dominator tree of a super-root over the origins (Lengauer & Tarjan 1979). Unreached nodes are absent.
    """
    tree = dominator_tree(n, edges, origins)
    counts: dict[int, int] = dict.fromkeys(tree, 0)
    below = nx.DiGraph((parent, child) for child, parent in tree.items())
    for node in nx.dfs_postorder_nodes(below, n) if n in below else ():
        if node != n and tree[node] != n:
            counts[tree[node]] += counts[node] + 1
    return counts


def dominator_tree(n: int, edges: Sequence[Edge], origins: Sequence[int]) -> dict[int, int]:
    """Return the immediate dominator of each reached node; `n` stands for the super-root.

    networkx leaves the root out of its answer from 3.6.1 on and maps it to itself before; both are read.
    """
    graph = nx.DiGraph()
    graph.add_node(n)
    graph.add_edges_from((n, origin) for origin in origins)
    graph.add_edges_from((parent, child) for parent, child, _ in edges)
    return {node: parent for node, parent in nx.immediate_dominators(graph, n).items() if node != n}


def expected_reach(n: int, edges: Sequence[Edge]) -> NDArray[np.float64]:
    """Return the expected number of descendants of each node, shape (n,), itself left out.

    sum_j r_j(e) with r_e = 1 and r_j = sum_i p_ij r_i; linear, so it is b_e = sum_j p_ej (1 + b_j) in reverse
    order. A child's parent weights sum to at most 1.
    """
    outgoing: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    for parent, child, weight in edges:
        outgoing[parent].append((child, weight))
    reach = np.zeros(n)
    for node in reversed(topological_order(n, edges)):
        reach[node] = sum(weight * (1 + reach[child]) for child, weight in outgoing[node])
    return reach


def sample_reach(n: int, edges: Sequence[Edge], *, samples: int = 200, seed: int = 0) -> NDArray[np.int64]:
    """Return descendants of each node in trees sampled by parent weight, shape (samples, n).

    Each node draws one parent, or none with what its weights leave of 1.
    """
    incoming: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    for parent, child, weight in sorted(edges):
        incoming[child].append((parent, weight))
    generator = np.random.default_rng(seed)
    sizes = np.zeros((n + 1, samples), dtype=np.int64)
    columns = np.arange(samples)
    for node in reversed(topological_order(n, edges)):
        if not incoming[node]:
            continue
        parents = np.array([parent for parent, _ in incoming[node]] + [n])
        cumulative = np.cumsum([weight for _, weight in incoming[node]])
        drawn = np.searchsorted(
            cumulative, generator.random(samples) * max(1.0, float(cumulative[-1])), side="right"
        )
        sizes[parents[drawn], columns] += sizes[node] + 1
    return sizes[:n].T
