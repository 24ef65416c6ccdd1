import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from evals.metrics import (
    auc,
    balanced_accuracy,
    bootstrap_interval,
    expected_calibration_error,
    macro_f1,
    merge_spans,
    precision_recall_f1,
    reliability,
    span_f1,
)

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 200)
SCORES = np.round(RNG.random(200) * 0.6 + LABELS * 0.3, 2)
CALLED = (SCORES >= 0.5).astype(np.int64)
SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6)


def test_figures_agree_with_scikit_learn():
    assert balanced_accuracy(LABELS, CALLED) == pytest.approx(100 * balanced_accuracy_score(LABELS, CALLED))
    assert macro_f1(LABELS, CALLED) == pytest.approx(100 * f1_score(LABELS, CALLED, average="macro"))
    assert precision_recall_f1(LABELS, CALLED, 0)[2] == pytest.approx(
        100 * f1_score(LABELS, CALLED, pos_label=0)
    )
    assert auc(LABELS, SCORES) == pytest.approx(100 * roc_auc_score(LABELS, SCORES))


def test_a_constant_answer_gets_half():
    assert balanced_accuracy(LABELS, np.ones_like(LABELS)) == 50.0


def test_nothing_predicted_gives_zeros_and_no_error():
    assert precision_recall_f1(LABELS, np.ones_like(LABELS), 0) == (0.0, 0.0, 0.0)


def test_calibration_error_is_the_gap_between_said_and_true():
    labels = np.array([1, 0, 0, 0])

    assert expected_calibration_error(labels, np.full(4, 0.25)) == pytest.approx(0.0)
    assert expected_calibration_error(labels, np.full(4, 0.95)) == pytest.approx(0.7)
    assert [part.rows for part in reliability(labels, np.array([0.0, 0.05, 0.5, 1.0]))] == [2, 1, 1]


def test_the_interval_widens_when_rows_share_documents():
    figure = lambda at: float(LABELS[at].mean())  # noqa: E731
    alone = bootstrap_interval([str(number) for number in range(200)], figure)
    shared = bootstrap_interval([str(number // 50) for number in range(200)], figure)

    assert alone[0] < LABELS.mean() < alone[1]
    assert len(set(np.round(alone, 6))) == 2
    assert bootstrap_interval(["one"] * 200, figure) == (LABELS.mean(), LABELS.mean())
    assert shared != alone


@given(SPANS, SPANS)
def test_span_figures_equal_those_of_character_sets(gold, predicted):
    def letters(spans):
        return {place for start, end in spans for place in range(start, end)}

    precision, recall, _ = span_f1([gold], [predicted])
    wanted, given_ = letters(gold), letters(predicted)

    assert precision == pytest.approx(100 * len(wanted & given_) / len(given_) if given_ else 0.0)
    assert recall == pytest.approx(100 * len(wanted & given_) / len(wanted) if wanted else 0.0)


def test_overlapping_spans_count_once():
    assert merge_spans([(5, 9), (0, 3), (3, 6), (7, 7)]) == [(0, 9)]
