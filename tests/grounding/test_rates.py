"""Rates and intervals against published and independent figures."""

import pytest
from scipy.stats import binomtest

from halluguard.grounding.rates import rate_row, wilson
from halluguard.records import Rate


@pytest.mark.parametrize(("hits", "total"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 1000), (999, 1000)])
def test_wilson_agrees_with_scipy(hits, total):
    low, high = wilson(Rate(hits, total))
    expected = binomtest(hits, total).proportion_ci(method="wilson")

    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_nothing_counted_has_no_value_and_no_interval():
    assert rate_row(Rate(0, 0)) == {"hits": 0, "total": 0, "value": None, "low": None, "high": None}
