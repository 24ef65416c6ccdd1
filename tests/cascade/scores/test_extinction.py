import math

import numpy as np
import pytest

from halluguard.cascade.scores.extinction import (
    chain_length_log_likelihood,
    chain_size_log_likelihood,
    extinction_probability,
    gamma_borel_log_likelihood,
    r_from_chains,
    share_causing,
)

# epiverse-trace/superspreading@e76d7b41 and epichains@47506265, MIT, (c) 2019-2026 their authors
CHAINS = np.array([1, 1, 4, 7])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 0.7675919),
        ({"individual_control": 0.1}, 0.8391855),
        ({"population_control": 0.1}, 0.8213172),
        ({"individual_control": 0.1, "population_control": 0.1}, 0.8915076),
        ({"individual_control": 0.1, "seeds": 5}, 0.4161882),
        ({"population_control": 0.1, "seeds": 5}, 0.3737271),
        ({"individual_control": 0.2}, 0.909294),
        ({"population_control": 0.2}, 0.8866175),
    ],
)
def test_extinction_matches_superspreading(options, expected):
    assert extinction_probability(1.5, 0.5, **options) == pytest.approx(expected, abs=1e-6)


def test_below_one_every_cascade_dies_out():
    assert extinction_probability(0.9, 0.2) == 1
    assert extinction_probability(1.0) == 1
    assert extinction_probability(1.0000000000000002) == 1
    assert extinction_probability(1 + 1e-9, 0.2) == 1
    assert 0.99 < extinction_probability(1 + 1e-6) <= 1
    assert extinction_probability(1.5, individual_control=0.4) == 1


def test_poisson_extinction_solves_its_equation():
    s = extinction_probability(1.5)
    assert s == pytest.approx(math.exp(-1.5 * (1 - s)), abs=1e-12)
    assert extinction_probability(1.001, 0.5) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("k", "expected"),
    [
        (0.1, (0.08693433, 0.0920882, 0.09389299)),
        (0.2, (0.14293729, 0.15561248, 0.16024765)),
        (0.3, (0.18158065, 0.20282175, 0.21039108)),
    ],
)
def test_share_causing_four_fifths_matches_superspreading(k, expected):
    assert [share_causing(r, k) for r in (1, 2, 3)] == pytest.approx(expected, abs=1e-7)


def test_share_causing_four_fifths_at_k_one_half():
    assert [share_causing(r, 0.5) for r in (1, 2, 3)] == pytest.approx([0.226, 0.264419, 0.280], abs=6e-4)


def test_chain_sizes_match_epichains():
    expected = [-0.25055, -0.25055, -3.79542, -4.83785]
    assert chain_size_log_likelihood(CHAINS, 0.5, 0.2) == pytest.approx(expected, abs=1e-5)
    assert chain_size_log_likelihood(CHAINS, 0.2) == pytest.approx([-0.2, -0.2, -4.64748, -7.90633], abs=1e-5)
    expected = [-0.25055, -0.25055, -4.58222, -5.8339]
    assert gamma_borel_log_likelihood(CHAINS, 0.5, 0.2) == pytest.approx(expected, abs=1e-5)
    assert chain_length_log_likelihood(CHAINS, 0.5) == pytest.approx(
        [-0.5, -0.5, -3.13243, -5.26702], abs=1e-5
    )


def test_r_of_complete_chains_is_one_minus_chains_over_nodes():
    assert r_from_chains(CHAINS) == pytest.approx(0.692308, abs=1e-6)


@pytest.mark.parametrize("k", [0.2, 1.0, math.inf])
def test_chain_maximum_likelihood_does_not_depend_on_k(k):
    grid = np.linspace(0.5, 0.9, 401)
    best = grid[np.argmax([chain_size_log_likelihood(CHAINS, r, k).sum() for r in grid])]
    assert best == pytest.approx(0.692308, abs=1e-3)
