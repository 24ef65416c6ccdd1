import numpy as np
import pytest

from halluguard.cascade.scores.amplification import estimate_amplification
from halluguard.cascade.scores.estimate import Quality
from halluguard.cascade.scores.feedback import estimate_decay, estimate_feedback_gain
from halluguard.cascade.scores.prevalence import count_distinct, estimate_exposure, estimate_prevalence
from halluguard.cascade.scores.slope import estimate_slope

DAYS, FORTY = np.arange(10.0), np.full(10, 40.0)
CONTAMINATED = np.array([4, 1, 0, 3, 2.0]), np.array([14, 10, 8, 6, 2.0])
CLEAN = np.array([1, 0, 2, 0, 1, 0, 0, 1, 0, 0.0]), np.array([14, 14, 14, 14, 14, 14, 10, 6, 4, 2.0])


def test_a_steady_rise_matches_the_oracle():
    found = estimate_slope(DAYS, np.array([2, 2, 3, 4, 4, 6, 7, 9, 11, 13.0]), FORTY)
    assert (found.slope, found.se, found.z) == pytest.approx((0.260376, 0.055443, 4.696), abs=5e-4)
    assert found.phi == pytest.approx(0.0276, abs=1e-4)
    assert found.doubling_days == pytest.approx(2.662, abs=1e-3)


def test_overdispersed_days_widen_the_interval():
    found = estimate_slope(DAYS, np.array([1, 6, 2, 10, 3, 12, 5, 16, 8, 20.0]), FORTY)
    expected = (0.248263, 0.048343, 3.059607, 0.084560, 2.936)
    assert (found.slope, found.se_binomial, found.phi, found.se, found.z) == pytest.approx(expected, abs=5e-4)


def test_a_flat_series_has_no_slope():
    found = estimate_slope(DAYS, np.array([2, 3, 1, 2, 2, 3, 2, 1, 3, 2.0]), FORTY)
    assert (found.slope, found.z) == pytest.approx((0.003046, 0.039), abs=1e-3)


def test_the_slope_does_not_depend_on_the_first_day():
    cases = np.array([2, 2, 3, 4, 4, 6, 7, 9, 11, 13.0])
    assert estimate_slope(DAYS + 20_000, cases, FORTY).z == pytest.approx(
        estimate_slope(DAYS, cases, FORTY).z
    )


@pytest.mark.parametrize(
    ("days", "cases", "answers"),
    [
        ([0, 1, 2, 3], [1, 2, 3, 4], [40] * 4),
        (range(6), [0, 1, 0, 1, 0, 1], [4] * 6),
        (range(6), [0] * 6, [40] * 6),
        (range(6), [40] * 6, [40] * 6),
        (range(6), [0, 0, 0, 40, 40, 40], [40] * 6),
        (range(6), [0, 0, 0, 7, 40, 40], [40] * 6),
        ([0, 0, 1, 1, 2, 2], [1, 2, 1, 2, 1, 2], [40] * 6),
    ],
    ids=[
        "few days",
        "few answers",
        "none",
        "all",
        "separated",
        "separated but one day",
        "three distinct days",
    ],
)
def test_a_slope_that_cannot_be_estimated_says_so(days, cases, answers):
    found = estimate_slope(np.array(days, float), np.array(cases, float), np.array(answers, float))
    assert found.slope is None
    assert found.quality is Quality.NOT_ESTIMABLE
    assert found.reason


def test_days_without_answers_are_dropped():
    cases = np.array([2, 2, 3, 4, 4, 6, 7, 9, 11, 13, 0.0])
    found = estimate_slope(np.arange(11.0), cases, np.append(FORTY, 0))
    assert found.slope == pytest.approx(0.260376, abs=1e-5)
    assert found.days == 10


def test_relative_amplification_matches_the_oracle():
    found = estimate_amplification(*CONTAMINATED, *CLEAN)
    assert found.ratio == pytest.approx(5.3)
    assert found.phi == pytest.approx(1.276190, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((1.576, 17.823), abs=1e-3)


def test_one_superspreading_entry_widens_the_interval():
    found = estimate_amplification(np.array([12, 0, 0, 0, 0.0]), CONTAMINATED[1], *CLEAN)
    assert (found.ratio, found.phi) == pytest.approx((6.36, 2.300366), abs=1e-6)
    assert (found.low, found.high) == pytest.approx((1.307, 30.95), rel=1e-3)


def test_dispersion_below_one_leaves_the_poisson_interval():
    even = estimate_amplification(np.full(5, 2.0), np.full(5, 8.0), np.full(5, 1.0), np.full(5, 21.2))
    assert even.phi == 1
    assert (even.low, even.high) == pytest.approx((1.811564, 15.505942), rel=1e-6)


def test_without_children_on_either_side_only_counts_are_given():
    for pair in (
        (np.zeros(2), np.ones(2), np.ones(2), np.ones(2)),
        (np.ones(2), np.ones(2), np.zeros(2), np.ones(2)),
    ):
        found = estimate_amplification(*pair)
        assert found.ratio is None
        assert found.quality is Quality.NOT_ESTIMABLE
        assert "entry-days" in found.reason


def test_prevalence_without_answers_is_not_zero():
    assert estimate_prevalence(0, 0).value is None
    assert estimate_prevalence(7, 40).high == pytest.approx(0.319500, abs=1e-6)


def test_users_not_logged_are_never_zero():
    assert count_distinct(["a", "b", "a"]) == 2
    assert count_distinct(["a", None]) is None
    assert count_distinct([]) is None


def test_exposure_uses_the_actual_list_length_and_counts_empty_retrievals():
    share, lift, empty = estimate_exposure(
        np.array([1, 1, 0, 0]), np.array([5, 2, 5, 0]), np.array([0, 0, 1, 1]), store_share=np.full(4, 0.1)
    )
    assert share.value == pytest.approx((0.2 + 0.5 + 0) / 3)
    assert lift.value == pytest.approx(share.value / 0.1)
    assert empty == 1
    assert share.low <= share.value <= share.high


def test_lift_over_a_store_without_contamination_is_none():
    _, lift, _ = estimate_exposure(np.array([0]), np.array([5]), np.array([0]), store_share=np.zeros(1))
    assert lift.value is None
    _, lift, _ = estimate_exposure(np.array([0]), np.array([5]), np.array([0]))
    assert lift.quality is Quality.NOT_LOGGED


def test_feedback_gain_says_when_nothing_is_logged():
    assert estimate_feedback_gain(0, 3, 0, 4, logged=False).quality is Quality.NOT_LOGGED
    assert estimate_feedback_gain(0, 3, 0, 4).quality is Quality.NOT_ESTIMABLE
    assert estimate_feedback_gain(0, 0, 1, 4).quality is Quality.NOT_ESTIMABLE
    assert estimate_feedback_gain(12, 8, 30, 150).value == pytest.approx(7.5)


def test_decay_compares_the_last_generation_with_the_first():
    support = {0: [(0, 0.9), (1, 0.9)], 1: [(0, 0.6), (1, 0.8)], 2: [(0, 0.45), (1, 0.45)]}
    found = estimate_decay(support)
    assert found.value == pytest.approx(0.5)
    assert found.low <= 0.5 <= found.high
    assert estimate_decay({0: [(0, 0.9)]}).value is None
    assert estimate_decay({0: [(0, 0.0)], 1: [(0, 0.5)]}).value is None
