"""S5 and structural virality: the shape of a cascade given as parent and child arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MIN_FOR_VIRALITY = 10
"""Below this size structural virality says nothing; it is mostly a size effect, so compare only at matched size."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Size, depth and breadth of a cascade; `virality` is None for one node."""

    size: int
    depth: int
    max_breadth: int
    breadths: tuple[int, ...]
    roots: int
    wiener: int
    virality: float | None


def measure_tree(n: int, edges: Sequence[tuple[int, int]], roots: Sequence[int]) -> Shape:
    """Measure a forest of `n` nodes, 0 to n-1, given as (parent, child) edges; cost is linear.

    Depth is by least hop, also where a node has several parents. The Wiener index is the sum over tree edges of
    s (n - s), s the nodes below the edge, and virality 2W / (n (n-1)) (Goel et al., Manage Sci 62 (2016) 180); both
    follow each node's first parent of least hop, and are counted for a single root.
    """
    children: list[list[int]] = [[] for _ in range(n)]
    for parent, child in edges:
        children[parent].append(child)
    hops = np.full(n, -1, dtype=np.int64)
    parent_of = np.full(n, -1, dtype=np.int64)
    order = list(roots)
    hops[order] = 0
    for node in order:
        for child in children[node]:
            if hops[child] < 0:
                hops[child], parent_of[child] = hops[node] + 1, node
                order.append(child)
    reached = hops[hops >= 0]
    breadths = tuple(int(count) for count in np.bincount(reached)) if len(reached) else ()
    wiener = _wiener(order, parent_of, len(roots))
    size = len(order)
    virality = 2 * wiener / (size * (size - 1)) if size > 1 and len(roots) == 1 else None
    return Shape(
        size,
        len(breadths) - 1 if breadths else 0,
        max(breadths, default=0),
        breadths,
        len(roots),
        wiener,
        virality,
    )


def _wiener(order: list[int], parent_of: "np.ndarray[tuple[int], np.dtype[np.int64]]", roots: int) -> int:
    if roots != 1:
        return 0
    below = dict.fromkeys(order, 1)
    total, n = 0, len(order)
    for node in reversed(order[1:]):
        total += below[node] * (n - below[node])
        below[int(parent_of[node])] += below[node]
    return total
