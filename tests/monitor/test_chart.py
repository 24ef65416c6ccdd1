import numpy as np
import pytest

from halluguard.monitor.chart import Units, average_run_length, draw_chart, limit_for
from halluguard.monitor.homogeneity import effective_answers, mean_cosine, measure_homogeneity
from halluguard.monitor.trend import measure_trend


@pytest.mark.parametrize(
    ("limit", "weight", "length"), [(2.814, 0.1, 500), (2.998, 0.25, 500), (3.0, 1.0, 370.4)]
)
def test_average_run_length_is_that_of_the_published_table(limit, weight, length):
    assert average_run_length(limit, weight) == pytest.approx(length, rel=0.01)


def test_the_limit_gives_the_run_length_asked_for():
    assert average_run_length(limit_for(370.0)) == pytest.approx(370, rel=1e-3)


def units(rates, n=150, seed=0):
    draw = np.random.default_rng(seed)
    window = np.repeat(np.arange(len(rates)), n)
    return Units(
        (draw.random(len(window)) < np.array(rates)[window]).astype(float), np.ones(len(window)), window
    )


def test_a_rate_that_creeps_up_leaves_the_limit_and_a_steady_one_does_not():
    names = [f"w{n}" for n in range(1, 7)]
    steady = draw_chart(units([0.1] * 7), names, level=0.001)
    creeping = draw_chart(units([0.1, 0.12, 0.2, 0.3, 0.35, 0.4, 0.45]), names, level=0.001)

    assert steady.z <= steady.limit
    assert creeping.z > creeping.limit
    assert creeping.p_value < 0.001
    assert steady.run_length >= 500


def test_the_chart_does_not_depend_on_the_order_of_conversations():
    found = units([0.1, 0.3, 0.2])
    order = np.random.default_rng(1).permutation(len(found.hits))
    mixed = Units(found.hits[order], found.totals[order], found.window[order])

    assert draw_chart(mixed, ["a", "b"], level=0.01).z == pytest.approx(
        draw_chart(found, ["a", "b"], level=0.01).z
    )


def test_without_anything_to_count_there_is_no_chart():
    assert draw_chart(Units(np.zeros(4), np.zeros(4), np.array([0, 0, 1, 1])), ["a"], level=0.01) is None


def test_an_empty_window_leaves_the_average_where_it_was():
    found = units([0.1, 0.4, 0.1])
    totals = np.where(found.window == 2, 0.0, found.totals)
    chart = draw_chart(Units(found.hits * totals, totals, found.window), ["a", "b"], level=0.01)

    assert chart.points[1].rate is None
    assert chart.points[1].average == chart.points[0].average


def test_decay_is_that_of_the_worked_example():
    trend = measure_trend([0.91, 0.90, 0.88, 0.89, 0.85, 0.84, 0.80, 0.79])

    assert trend.slope == pytest.approx(-0.0175714, abs=1e-6)
    assert (trend.low, trend.high) == (pytest.approx(-0.025), pytest.approx(-0.010))
    assert trend.tau == pytest.approx(-0.928571, abs=1e-6)
    assert trend.p_value == pytest.approx(0.000397, abs=1e-6)
    assert measure_trend([1, 2, 3, 4]) is None
    assert measure_trend([1.0] * 6).p_value == 1


def test_homogeneity_is_that_of_the_worked_examples():
    assert mean_cosine(np.array([[1.0, 0], [1, 0], [0, 1]])) == pytest.approx(1 / 3)
    assert effective_answers(np.array([8.0, 1, 1])) == pytest.approx(1.894646, abs=1e-6)
    assert effective_answers(np.array([4.0, 3, 3])) == pytest.approx(2.971004, abs=1e-6)


def vectors(n, seed, common=0.0):
    drawn = np.random.default_rng(seed).standard_normal((n, 8))
    drawn[:, 0] += common
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_answers_that_grow_alike_are_told_from_another_mix_of_questions():
    questions = vectors(120, 0)
    same = measure_homogeneity((questions, vectors(120, 1)), (vectors(120, 2), vectors(120, 3)))
    alike = measure_homogeneity((questions, vectors(120, 1)), (vectors(120, 2), vectors(120, 3, common=2.0)))

    assert same.p_value > 0.01
    assert alike.p_value <= 0.001
    assert alike.current - alike.reference > alike.null

    topics = np.eye(8)[[0] * 100 + [1] * 20]  # answers follow topics; only the mix of topics changes
    other = np.eye(8)[[0] * 30 + [1] * 90]
    noise = 0.3 * np.random.default_rng(4).standard_normal((2, 120, 8))
    mixed = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (topics + noise[0], other + noise[1])]
    assert measure_homogeneity((topics, mixed[0]), (other, mixed[1])).p_value > 0.01


def counted(*windows):
    """Units of one trial: hits of total for the baseline and each window."""
    hits = np.concatenate([np.arange(total) < hit for hit, total in windows]).astype(float)
    return Units(
        hits, np.ones(len(hits)), np.repeat(np.arange(len(windows)), [total for _, total in windows])
    )


def test_the_chart_tells_the_way_of_the_average_that_gives_its_figure():
    # a last window of one bad answer moves the raw average most, and says least
    found = draw_chart(counted((200, 1000), (50, 1000), (50, 1000), (1, 1)), ["a", "b", "c"], level=0.001)
    sizes = [abs(point.average - found.centre) for point in found.points]

    assert sizes.index(max(sizes)) == 2
    assert found.points[2].average > found.centre
    assert found.z > found.limit
    assert not found.higher
    assert draw_chart(counted((50, 1000), (200, 1000)), ["a"], level=0.001).higher


def test_a_small_level_has_as_many_shuffles_as_it_needs():
    found = counted((8, 400), (360, 400))

    assert draw_chart(found, ["a"], level=0.01).p_value == 1 / 5000
    assert draw_chart(found, ["a"], level=4e-5).p_value == 1 / 50_001


def test_homogeneity_reaches_a_small_level_too():
    questions = vectors(60, 0)
    pairs = (questions, vectors(60, 1)), (vectors(60, 2), vectors(60, 3, common=4.0))
    usual, small = measure_homogeneity(*pairs), measure_homogeneity(*pairs, level=1e-4)

    assert usual.p_value == 1 / 1000
    assert small.p_value == 1 / 20_001
    assert (small.reference, small.current) == (usual.reference, usual.current)
