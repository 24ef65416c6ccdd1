import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.monitor.drift import measure_ks, measure_psi, psi_null, psi_of_counts


@pytest.mark.parametrize(
    ("reference", "current", "smoothing", "value"),
    [
        ((0.25, 0.25, 0.25, 0.25), (0.1, 0.2, 0.3, 0.4), 0, 0.2282174),
        ((0.5, 0.5), (0.4, 0.6), 0, 0.0405465),
        ((3, 4), (3, 4), 0.5, 0.0),
        ((16, 18, 16, 14, 12, 12), (16, 16, 16, 16, 16, 8), 0, 0.0372184),
        ((50, 30, 20, 0), (40, 30, 20, 10), 0.5, 0.320117),
        ((50, 30, 20, 0), (40, 30, 20, 10), 1, 0.251553),
        (
            (0.07503515644, 0.277836534, 0.05839156866, 0.4262459727, 0.1624907682),
            (0.2758396382, 0.3951879123, 0.06448344476, 0.1348141569, 0.1296748478),
            0,
            0.6462464617,
        ),
        (
            (0.242168917, 0.1770865436, 0.3261793809, 0.2503898605, 0.0041752981),
            (0.1036647182, 0.1764017232, 0.08020612084, 0.39458861, 0.2451388278),
            0,
            1.509525416,
        ),
    ],
)
def test_psi_is_that_of_the_published_examples(reference, current, smoothing, value):
    assert psi_of_counts(reference, current, smoothing) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("n", "m", "bins", "null"),
    [
        (50, 50, 10, 0.677),
        (100, 100, 10, 0.338),
        (1000, 100, 10, 0.186109),
        (100, 100, 5, 0.1898),
        (100, 100, 20, 0.6029),
    ],
)
def test_the_null_quantile_of_psi_shrinks_with_the_sample(n, m, bins, null):
    assert psi_null(n, m, bins) == pytest.approx(null, abs=5e-4)


def test_ks_is_exact_where_the_asymptotic_p_value_would_be_a_false_alarm():
    reference = np.array([0.81, 0.79, 0.84, 0.88, 0.77, 0.90, 0.83, 0.86])
    current = np.array([0.71, 0.74, 0.80, 0.69, 0.78, 0.73, 0.85, 0.66])
    found = measure_ks(reference, current)

    assert (found.value, found.p_value) == (pytest.approx(0.625), pytest.approx(0.087024, abs=1e-5))
    apart = measure_ks(np.arange(4.0), np.arange(4.0) + 4)
    assert (apart.value, apart.p_value) == (1.0, pytest.approx(0.028571, abs=1e-6))
    assert measure_ks(reference, reference).p_value == 1.0


def test_ties_and_constants_are_compared_without_empty_bins():
    flat = np.ones(40)
    mostly = np.concatenate([np.ones(35), np.zeros(5)])

    assert measure_psi(flat, flat).p_value == 1.0
    assert measure_psi(mostly, np.concatenate([np.ones(5), np.zeros(35)])).p_value < 2e-5


def test_the_p_value_of_psi_is_true_where_chi_square_is_not():
    draw = np.random.default_rng(3)
    small = [measure_psi(*draw.standard_normal((2, 50)), seed=n).p_value for n in range(400)]
    tied = [measure_psi(*draw.lognormal(3.4, 0.5, (2, 200)).astype(int), seed=n).p_value for n in range(400)]

    for found in (small, tied):
        assert 0.02 < np.mean(np.array(found) <= 0.05) < 0.09
    assert min(small) < 0.01


def test_the_more_seldom_the_more_shuffles_and_the_same_seed_gives_the_same():
    before, after = np.arange(200.0), np.arange(200.0) + 40
    found = measure_psi(before, after, seed=5)

    assert found.p_value < 1 / 2000
    assert found == measure_psi(before, after, seed=5)


@settings(max_examples=40)
@given(
    st.lists(st.floats(-5, 5), min_size=20, max_size=60), st.lists(st.floats(-5, 5), min_size=20, max_size=60)
)
def test_both_distances_are_bounded_and_zero_between_equals(first, second):
    a, b = np.array(first), np.array(second)
    psi, ks = measure_psi(a, b), measure_ks(a, b)

    assert psi.value >= -1e-12
    assert 0 <= ks.value <= 1
    assert 0 <= psi.p_value <= 1
    assert measure_psi(a, a).value == pytest.approx(0, abs=1e-12)
