import numpy as np
import pytest

from halluguard.cascade.scores.estimate import Quality
from halluguard.cascade.scores.offspring import (
    estimate_dispersion,
    estimate_r_loop,
    expected_top_share,
    fit_offspring,
    profile_dispersion,
    top_share,
    truncation_weights,
    zero_count_upper,
)

# epiverse-trace/superspreading@e76d7b41, MIT, (c) 2022-2025 superspreading authors: Ebola, Conakry
EBOLA = np.array(
    [1, 2, 2, 5, 14, 1, 4, 4, 1, 3, 3, 8, 2, 1, 1, 4, 9, 9, 1, 1, 17, 2, 1, 1, 1, 4, 3, 3, 4, 2, 5, 1, 2, 2, 1, 9, 1, 3,
     1, 2, 1, 1, 2] + [0] * 109, dtype=float)  # fmt: skip
TRUNCATED = np.array([3, 0, 1, 0, 0, 2, 0, 5, 0, 0, 1, 0], dtype=float)
WEIGHTS = np.array([1, 1, 1, 1, 1, 1, 0.95, 0.9, 0.8, 0.6, 0.3, 0.1])


def test_ebola_offspring_match_the_published_fit():
    fit = fit_offspring(EBOLA)
    assert (fit.r, fit.k) == pytest.approx((0.953947, 0.181506), abs=1e-5)
    assert (fit.r_low, fit.r_high) == pytest.approx((0.642341, 1.474748), abs=1e-4)
    k_low, k_high = profile_dispersion(EBOLA, None, fit)
    assert k_low < fit.k < k_high


def test_index_and_other_cases_differ_as_published():
    index = np.array([2, 17, 5, 1, 8, 2, 14], dtype=float)
    others = list(EBOLA)
    for value in index:
        others.remove(value)
    assert len(others) == 145
    fit = fit_offspring(index)
    assert (fit.r, fit.k) == pytest.approx((7.0, 1.596656), abs=1e-3)
    fit = fit_offspring(np.array(others))
    assert (fit.r, fit.k) == pytest.approx((0.662069, 0.193752), abs=1e-5)


def test_truncated_fit_matches_the_oracle():
    fit = fit_offspring(TRUNCATED, WEIGHTS)
    assert (fit.r, fit.k, fit.r_low, fit.r_high) == pytest.approx(
        (1.260328, 0.612650, 0.458327, 4.349145), abs=1e-3
    )
    assert TRUNCATED.sum() / WEIGHTS.sum() == pytest.approx(1.243523, abs=1e-6)
    whole = fit_offspring(TRUNCATED)
    assert (whole.r, whole.k, whole.r_low, whole.r_high) == pytest.approx(
        (1, 0.523284, 0.357567, 3.642623), abs=1e-3
    )


@pytest.mark.parametrize(
    ("exposure", "poisson", "overdispersed"),
    [(5, 0.737776, 7.8), (11, 0.335353, 0.869644), (20, 0.184444, 0.302973)],
)
def test_bounds_without_offspring_match_the_oracle(exposure, poisson, overdispersed):
    assert zero_count_upper(np.ones(exposure), None) == pytest.approx(poisson, abs=1e-6)
    assert zero_count_upper(np.ones(exposure)) == pytest.approx(overdispersed, abs=1e-6)


def test_the_product_form_is_tighter_than_the_sum_of_weights():
    assert zero_count_upper(np.full(10, 0.5)) == pytest.approx(2.130, abs=1e-3)


def test_truncation_weights_match_the_oracle():
    ages = np.array([0, 0.25, 0.5, 1, 2, 4])
    expected = [0, 0.090204, 0.264241, 0.593994, 0.908422, 0.996981]
    assert truncation_weights(ages, 1.0, np.sqrt(0.5)) == pytest.approx(expected, abs=1e-6)
    assert list(truncation_weights(np.array([-1, 1.9, 2.0]), 2.0, 0.0)) == [0, 0, 1]


@pytest.mark.parametrize(
    ("k", "expected"), [(0.1, 0.951023), (0.2, 0.840903), (0.5, 0.649820), (1, 0.521888), (10, 0.295285)]
)
def test_share_of_the_top_fifth_matches_the_oracle(k, expected):
    assert expected_top_share(k) == pytest.approx(expected, abs=1e-6)


def test_the_empirical_top_fifth_counts_whole_entries():
    assert top_share(TRUNCATED) == pytest.approx(10 / 12)
    assert top_share(np.zeros(4)) is None


def test_r_loop_divides_children_by_exposure():
    found = estimate_r_loop(TRUNCATED, WEIGHTS)
    assert found.value == pytest.approx(12 / 9.65)
    assert found.quality is Quality.PROVISIONAL
    assert estimate_r_loop(TRUNCATED, np.ones(12)).quality is Quality.OK


def test_one_entry_without_child_keeps_an_interval_only():
    found = estimate_r_loop(np.zeros(1), np.ones(1))
    assert (found.value, found.low, found.high) == pytest.approx((0, 0, 3.688879), abs=1e-6)
    assert found.quality is Quality.INTERVAL_ONLY
    assert not found.usable


def test_too_little_exposure_is_insufficient():
    assert estimate_r_loop(np.array([1.0, 0, 2]), np.ones(3)).quality is Quality.INSUFFICIENT
    assert estimate_r_loop(np.ones(20), np.full(20, 0.2)).quality is Quality.INSUFFICIENT


def test_a_system_without_write_back_has_r_zero_by_structure():
    found = estimate_r_loop(np.zeros(2), np.ones(2), write_back=False)
    assert (found.value, found.high, found.quality) == (0, 0, Quality.STRUCTURAL)


def test_zero_children_give_the_overdispersed_bound_and_name_it():
    found = estimate_r_loop(np.zeros(20), np.ones(20))
    assert found.high == pytest.approx(0.302973, abs=1e-6)
    assert "k = 0.2" in found.method


def test_dispersion_is_omitted_below_twenty_entries_and_without_offspring():
    assert estimate_dispersion(TRUNCATED).quality is Quality.INSUFFICIENT
    assert estimate_dispersion(np.zeros(50)).quality is Quality.NOT_ESTIMABLE
    assert estimate_dispersion(EBOLA).value == pytest.approx(0.181506, abs=1e-5)
