import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.cascade.scores.blast import count_dominated, expected_reach, sample_reach
from halluguard.cascade.scores.trees import measure_tree


def star(n):
    return [(0, child) for child in range(1, n)]


def path(n):
    return [(node, node + 1) for node in range(n - 1)]


def balanced(r, h):
    return list(nx.balanced_tree(r, h, create_using=nx.DiGraph).edges)


@pytest.mark.parametrize(
    ("edges", "n", "depth", "breadth", "virality"),
    [
        ([], 1, 0, 1, None),
        (path(2), 2, 1, 1, 1.0),
        (star(3), 3, 1, 2, 4 / 3),
        (path(5), 5, 4, 1, 2.0),
        (star(10), 10, 1, 9, 1.8),
        (path(10), 10, 9, 1, 3.666667),
        (star(50), 50, 1, 49, 1.96),
        (path(50), 50, 49, 1, 17.0),
        (balanced(2, 2), 7, 2, 4, 2.285714),
        (balanced(2, 3), 15, 3, 8, 3.504762),
        (balanced(3, 3), 40, 3, 27, 4.361538),
        ([(0, 1), (1, 2), (2, 3), (1, 4), (2, 5), (3, 6)], 7, 4, 2, 2.190476),
    ],
)
def test_closed_forms_match_the_oracle(edges, n, depth, breadth, virality):
    found = measure_tree(n, edges, [0])
    assert (found.size, found.depth, found.max_breadth) == (n, depth, breadth)
    assert found.virality == (virality if virality is None else pytest.approx(virality, abs=1e-6))


@pytest.mark.parametrize(
    ("root", "expected"), [(173, (9, 4, (1, 1, 2, 4, 1), 88, 2.444444)), (174, (5, 3, None, 18, 1.8))]
)
def test_measles_components_match_the_reference(reference, root, expected):
    listed = re.search(rf"{root}[ =edgs]*((?:\d+-\d+ ?)+)", reference("O9")).group(1)
    edges = [tuple(map(int, pair.split("-"))) for pair in listed.split()]
    number = {name: index for index, name in enumerate(dict.fromkeys([root, *(n for e in edges for n in e)]))}
    found = measure_tree(len(number), [(number[a], number[b]) for a, b in edges], [0])
    assert (found.size, found.depth, found.wiener) == (expected[0], expected[1], expected[3])
    assert expected[2] in (None, found.breadths)
    assert found.virality == pytest.approx(expected[4], abs=1e-6)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=25))
def test_virality_is_the_mean_distance_between_nodes_of_any_tree(draws):
    edges = [(draw % (child + 1), child + 1) for child, draw in enumerate(draws)]
    found = measure_tree(len(draws) + 1, edges, [0])
    assert found.virality == pytest.approx(nx.average_shortest_path_length(nx.Graph(edges)))


def test_a_node_with_several_parents_counts_once_at_its_least_hop():
    found = measure_tree(4, [(0, 1), (1, 2), (0, 3), (2, 3)], [0])
    assert (found.size, found.depth, found.breadths) == (4, 2, (1, 2, 1))


def test_several_roots_have_no_virality():
    assert measure_tree(3, [(0, 2)], [0, 1]).virality is None


# e1 e2 a1 a2 e3 e4 a3 a4 = 0..7; the oracle O10
BLAST = [
    (0, 2, 0.5),
    (1, 2, 0.5),
    (0, 3, 1.0),
    (2, 4, 1.0),
    (3, 5, 1.0),
    (4, 6, 1.0),
    (5, 7, 0.5),
    (4, 7, 0.5),
]


def test_dominated_nodes_match_the_oracle():
    found = count_dominated(8, BLAST, [0, 1])
    assert [found[node] for node in range(8)] == [2, 0, 2, 1, 1, 0, 0, 0]


def test_expected_reach_matches_the_oracle_and_sums_over_origins():
    found = expected_reach(8, BLAST)
    assert found[:2] == pytest.approx([4.25, 1.75])


def test_sampled_trees_average_to_the_expectation_with_the_same_seed_the_same():
    sampled = sample_reach(8, BLAST, samples=4000)
    assert sampled.mean(axis=0) == pytest.approx(expected_reach(8, BLAST), abs=0.08)
    assert (sampled[:, 0] + sampled[:, 1] == 6).all()
    assert np.array_equal(sampled, sample_reach(8, BLAST, samples=4000))


def test_unattributed_nodes_hang_on_nobody():
    assert sample_reach(2, [(0, 1, 0.3)], samples=2000)[:, 0].mean() == pytest.approx(0.3, abs=0.05)


def test_a_cycle_is_refused():
    with pytest.raises(ValueError, match="cycle"):
        expected_reach(2, [(0, 1, 1.0), (1, 0, 1.0)])
