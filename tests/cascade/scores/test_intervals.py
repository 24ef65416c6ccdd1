import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluguard.cascade.scores.estimate import Quality
from halluguard.cascade.scores.intervals import garwood, odds_ratio, probes_needed, upper_share, wilson
from halluguard.cascade.scores.residual import estimate_residual

# Project oracle file score_intervals.json, and section O8 of the reference


@pytest.mark.parametrize(
    ("x", "n", "expected"),
    [
        (0, 10, (0, 0.2775327998628892)),
        (7, 40, (0.0874541374603592, 0.31949990331787714)),
        (30, 40, (0.598060, 0.858129)),
        (40, 40, (0.9123783988027135, 1)),
        (1, 1, (0.20654931437723745, 1)),
    ],
)
def test_wilson_matches_the_oracle(x, n, expected):
    assert wilson(x, n) == pytest.approx(expected, abs=1e-6)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_is_symmetric(case):
    x, n = case
    low, high = wilson(x, n)
    assert 0 <= low <= x / n <= high <= 1
    assert wilson(n - x, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(
    ("count", "exposure", "expected"),
    [
        (0, 1, (0, 3.6888794541139354)),
        (0, 20, (0, 0.18444397270569676)),
        (5, 4, (0.40587159752960517, 2.9170830198306676)),
        (30, 20, (1.0120437010710457, 2.141343269740383)),
    ],
)
def test_garwood_matches_the_oracle(count, exposure, expected):
    assert garwood(count, exposure) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ((12, 8, 30, 150), (7.5, 2.8241095107726113, 19.91778285701509)),
        ((5, 0, 30, 150), (54.27868852459017, 2.9242245810639136, 1007.5067582112919)),
        ((1, 1, 1, 1), (1.0, 0.01984252396814992, 50.39681451841221)),
    ],
)
def test_odds_ratio_matches_the_oracle(cells, expected):
    assert odds_ratio(*cells) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("hits", "probes", "expected"),
    [
        (0, 59, 0.049508),
        (0, 58, 0.050339),
        (0, 30, 0.095034),
        (0, 100, 0.029513),
        (0, 299, 0.009969),
        (0, 300, 0.009936),
        (1, 93, 0.049994),
    ],
)
def test_residual_bound_matches_the_oracle(hits, probes, expected):
    assert upper_share(hits, probes) == pytest.approx(expected, abs=1e-6)
    assert estimate_residual(hits, probes).high == pytest.approx(expected, abs=1e-6)


def test_the_bound_without_hits_is_the_rule_of_three_made_exact():
    for n, upper in ((1, 0.95), (10, 0.2588655508930523), (30, 0.09503385285530419)):
        assert upper_share(0, n) == pytest.approx(upper, rel=1e-12)


@pytest.mark.parametrize(("hits", "below", "expected"), [(0, 0.05, 59), (1, 0.05, 93), (0, 0.01, 299)])
def test_probes_still_needed_are_exact(hits, below, expected):
    assert probes_needed(hits, below) == expected


def test_no_probe_is_not_tested_and_all_hits_bound_nothing():
    assert estimate_residual(0, 0).quality is Quality.NOT_TESTED
    assert estimate_residual(3, 3).high == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson(2, 1),
        lambda: wilson(0, 0),
        lambda: garwood(-1, 1),
        lambda: garwood(0, 0),
        lambda: upper_share(3, 2),
    ],
)
def test_impossible_counts_are_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()
