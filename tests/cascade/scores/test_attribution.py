import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.cascade.scores.attribution import (
    aggregate_cohort_r,
    attribute_parents,
    case_reproduction,
    estimate_cohort_r,
)
from halluguard.cascade.scores.reproduction import rounded_gamma_interval


def density(days):
    return np.where(days > 0, days * np.exp(-days), 0.0)


def test_background_attribution_matches_the_oracle():
    times = np.array([0, 1, 1, 2, 3.0])
    parents, origin = attribute_parents(times, density, background=0.1)
    assert origin == pytest.approx([1, 0.21373, 0.21373, 0.090381, 0.086312], abs=1e-6)
    assert case_reproduction(parents) == pytest.approx([1.946091, 0.566115, 0.566115, 0.317526, 0], abs=1e-6)
    parents, origin = attribute_parents(times, density)
    assert case_reproduction(parents) == pytest.approx([2.410037, 0.621221, 0.621221, 0.347521, 0], abs=1e-6)
    assert origin == pytest.approx([1, 0, 0, 0, 0])


def test_cohort_r_matches_the_1918_series(reference, numbers):
    text = reference("O4")
    cases = np.array(numbers(text, "126 days:\n", "\nGT:"))
    r = estimate_cohort_r(cases, rounded_gamma_interval(3, 1.5))
    assert r[:10] == pytest.approx(numbers(text, "days 1-10: ", ". Weekly"), abs=4e-7)
    assert aggregate_cohort_r(r, cases, 7) == pytest.approx(numbers(text, "Weekly: ", " (last day"), abs=4e-7)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=12), st.floats(0, 2), st.randoms())
def test_attributed_offspring_are_all_cases_but_the_background_in_any_order(days, background, random):
    times = np.array(days, dtype=float)
    parents, origin = attribute_parents(times, density, background=background)
    reproduction = case_reproduction(parents)
    assert reproduction.sum() == pytest.approx(len(times) - origin.sum())
    order = list(range(len(times)))
    random.shuffle(order)
    shuffled, _ = attribute_parents(times[order], density, background=background)
    assert case_reproduction(shuffled) == pytest.approx(reproduction[order])
    assert reproduction[times == times.max()] == pytest.approx(0)


def test_without_background_the_scale_of_the_interval_does_not_matter():
    times = np.array([0, 1, 2.5, 4])
    once, _ = attribute_parents(times, density)
    tenfold, _ = attribute_parents(times, lambda days: 10 * density(days))
    assert once == pytest.approx(tenfold)


def test_a_citation_outweighs_a_retrieval_and_no_provenance_means_background():
    times = np.array([0, 0, 1, 1.0])
    strength = np.zeros((4, 4))
    strength[0, 2], strength[1, 2] = 1.0, 0.2
    parents, origin = attribute_parents(times, density, strength=strength)
    assert parents[:, 2] == pytest.approx([1 / 1.2, 0.2 / 1.2, 0, 0])
    assert origin[3] == 1


def test_truncated_cases_are_divided_by_what_could_be_seen():
    parents = np.array([[0, 0.5], [0, 0]])
    corrected = case_reproduction(parents, np.array([0.5, 0.0]))
    assert corrected[0] == 1.0
    assert np.isnan(corrected[1])
