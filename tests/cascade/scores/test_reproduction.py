import numpy as np
import pytest

from halluguard.cascade.scores.reproduction import (
    estimate_cori,
    estimate_growth_r,
    estimate_ml_r,
    r_from_growth,
    required_cases,
    rounded_gamma_interval,
    shifted_gamma_interval,
    total_infectiousness,
)

EPYESTIM_CASES = np.array(
    [1, 3, 4, 7, 10, 3], dtype=float
)  # lo-hfk/epyestim@ca2ca928, MIT, (c) 2020 Hilfiker, Josi


def test_infectiousness_is_the_weighted_sum_of_earlier_cases():
    assert total_infectiousness(EPYESTIM_CASES, np.array([0, 0.3, 0.4, 0.2, 0])) == pytest.approx(
        [0, 0.3, 1.3, 2.6, 4.3, 6.6]
    )


def test_posterior_matches_epyestim_in_sliding_windows_and_blocks():
    w, nothing = np.array([0, 0.3, 0.4, 0.2, 0.1]), np.zeros(6)
    sliding = [(0, 2), (1, 3), (2, 4), (3, 5)]
    found = estimate_cori(EPYESTIM_CASES, nothing, w, sliding, prior_mean=5, prior_sd=5)
    assert [window.shape for window in found] == [9, 15, 22, 21]
    assert [window.scale for window in found] == pytest.approx(
        [0.555556, 0.227273, 0.117647, 0.070922], abs=1e-6
    )
    blocks = estimate_cori(EPYESTIM_CASES, nothing, w, [(0, 1), (2, 4)], prior_mean=5, prior_sd=5)
    assert [(b.shape, round(b.scale, 6)) for b in blocks] == [(5, 2.0), (22, 0.117647)]


def test_flu_2009_matches_epiestim(reference, numbers):
    text = reference("O1")
    cases = np.array(numbers(text, "I = ", "(32 days"))
    assert len(cases) == 32
    w = np.array(numbers(text, "w = ", ". Prior mean 5"))
    local, imported = cases.copy(), np.zeros(32)
    local[0], imported[0] = 0, cases[0]
    windows = [(first, first + 6) for first in range(1, 26)]
    found = estimate_cori(local, imported, w, windows, prior_mean=5, prior_sd=5)
    assert [window.mean for window in found] == pytest.approx(
        numbers(text, "mean ", ".\nWindow 1")[-25:], abs=3e-7
    )
    assert found[0].sd == pytest.approx(0.40908694, abs=3e-7)
    assert [found[0].quantile(q) for q in (0.025, 0.5, 0.975)] == pytest.approx(
        [1.02863184, 1.703576, 2.6244959], abs=3e-7
    )
    assert found[24].sd == pytest.approx(0.44900963, abs=3e-7)
    assert [found[24].quantile(q) for q in (0.025, 0.975)] == pytest.approx([0.32600128, 2.0565439], abs=3e-7)
    ours = estimate_cori(local, imported, w, windows)
    assert [window.mean for window in ours[:5]] == pytest.approx(
        [1.611315, 1.648746, 1.464987, 1.375381, 1.373508], abs=1e-6
    )
    assert [ours[0].quantile(q) for q in (0.025, 0.975)] == pytest.approx([0.954967, 2.436545], abs=1e-6)


def test_imported_split_matches_epiestim_and_our_prior_raises_no_alarm_without_cases(reference, numbers):
    text = reference("O2")
    cases = np.array([*numbers(text, "I = ", " then 0"), *[0] * 16, 1])
    local = np.array([*numbers(text, "local = ", " then 0"), *[0] * 18, 1])
    assert len(cases) == len(local) == 27
    w = shifted_gamma_interval(2.6, 1.5, 27)
    assert w[:7] == pytest.approx(
        [0, 0.23317213, 0.3585794, 0.19811083, 0.10334266, 0.05290518, 0.02682146], abs=1e-8
    )
    windows = [(first, first + 6) for first in range(1, 21)]
    found = estimate_cori(local, cases - local, w, windows, prior_mean=5, prior_sd=5)
    assert [window.mean for window in found] == pytest.approx(
        numbers(text, "means ", ". From window"), abs=3e-7
    )
    ours = estimate_cori(local, cases - local, w, windows)
    assert [ours[i].mean for i in (0, 7, 18, 19)] == pytest.approx(
        [0.597559, 0.161526, 0.994204, 1.994221], abs=1e-6
    )
    assert not any(window.enough for window in ours)


def test_a_window_needs_eleven_local_cases_and_a_start_after_the_first_day():
    assert required_cases() == 11
    local, imported = np.array([0, 10, 1, 0]), np.array([1, 0, 0, 0])
    first, second, short = estimate_cori(local, imported, np.array([0, 1.0]), [(0, 3), (1, 3), (2, 3)])
    assert (first.enough, second.enough, short.enough) == (False, True, False)
    assert "insufficient data" in short.estimate.reason


def test_growth_rate_and_ml_match_the_1918_series(reference, numbers):
    text = reference("O4")
    cases = np.array(numbers(text, "126 days:\n", "\nGT:"))
    assert len(cases) == 126
    growth = estimate_growth_r(cases[:27], rounded_gamma_interval(3, 1.5))
    assert growth.value == pytest.approx(1.525895, abs=1e-5)
    assert (growth.low, growth.high) == pytest.approx((1.494984, 1.557779), abs=2e-4)
    ml = estimate_ml_r(cases[:27], rounded_gamma_interval(2.45, 1.38))
    assert ml.value == pytest.approx(1.307246, abs=3e-5)
    assert (ml.low, ml.high) == pytest.approx((1.257259, 1.358541), abs=3e-5)


def test_day_bins_of_a_gamma_interval_match_the_published_ones():
    expected = [
        0,
        0.1386996,
        0.2855400,
        0.2592983,
        0.1645657,
        0.0856643,
        0.0393342,
        0.0165646,
        0.0065486,
        0.0024671,
    ]
    found = rounded_gamma_interval(3, 1.5)
    assert len(found) == 13
    assert found[:10] == pytest.approx(expected, abs=1e-7)


def test_growth_at_a_constant_rate_is_recovered():
    w = rounded_gamma_interval(3, 1.5)
    found = estimate_growth_r(100 * np.exp(0.12 * np.arange(40)), w)
    assert found.value == pytest.approx(r_from_growth(0.12, w), abs=1e-6)
    assert found.low < found.value < found.high
    assert r_from_growth(0.0, w) == 1.0
    assert r_from_growth(1e-9, w) == pytest.approx(1.0, abs=1e-6)
