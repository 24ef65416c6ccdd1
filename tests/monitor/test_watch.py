import numpy as np
import pytest

from halluguard.errors import SettingError
from halluguard.monitor import monitor_runs
from halluguard.monitor.alerts import alert_of
from halluguard.monitor.decide import Kind
from halluguard.monitor.sample import Answer, Window, to_sample
from halluguard.monitor.tell import tell_result
from halluguard.monitor.watch import compare_windows


def test_a_run_against_itself_is_calm(make_run):
    run = make_run("a", 200)
    found = monitor_runs([run], run)

    assert found.exit_code == 0
    assert found.kinds == (Kind.NONE,)
    assert "NO DRIFT" in tell_result(found)


def test_more_inventions_are_model_drift(make_run):
    found = monitor_runs([make_run("b", 200, seed=1, bad=0.4)], make_run("a", 200))

    assert found.exit_code == 1
    assert Kind.MODEL_DRIFT in found.kinds
    assert any(test.signal == "support" and test.alarm for test in found.tests)
    assert "MODEL DRIFT" in tell_result(found).upper()


@pytest.mark.parametrize(("trusted", "kind"), [("a" * 64, Kind.STORE_DRIFT), ("b" * 64, Kind.CONCEPT_DRIFT)])
def test_conflicts_are_store_or_concept_drift_by_the_trusted_corpus(make_run, trusted, kind):
    base = make_run("a", 200, bad=0.05, status="source_conflict")
    now = make_run("b", 200, seed=1, bad=0.3, status="source_conflict", trusted=trusted)

    assert kind in monitor_runs([now], base).kinds


def test_worse_retrieval_alone_is_data_drift(make_run):
    found = monitor_runs([make_run("b", 200, seed=1, similarity=0.6)], make_run("a", 200))

    assert found.kinds == (Kind.DATA_DRIFT,)


def test_windows_of_one_run_are_compared_with_its_first_ones(make_run):
    run = make_run("a", 240)
    found = monitor_runs([run], window="40")

    assert [window["name"] for window in found.windows] == ["121-160", "161-200", "201-240"]
    assert found.baseline["answers"] == 120
    assert found.trends["support"].n_windows == 6
    assert any("no baseline run" in limit for limit in found.limits)


def test_days_are_windows_and_small_ones_are_charted_only(make_run):
    found = monitor_runs([make_run("a", 96)], window="day")

    assert len(found.windows) + 2 >= 4
    assert all("-" in window["name"] for window in found.windows)


def test_turns_of_one_conversation_count_once(make_run):
    found = monitor_runs([make_run("b", 200, seed=1, turns=5)], make_run("a", 200, turns=5))

    assert {test.n_current for test in found.tests if test.signal == "support"} == {40}


def test_too_little_is_said_and_is_exit_four(make_run):
    found = monitor_runs([make_run("b", 10, seed=1)], make_run("a", 10))

    assert found.exit_code == 4
    assert found.line.startswith("NOTHING COMPARED")


def test_the_same_runs_give_the_same_figures(make_run):
    base, now = make_run("a", 120), make_run("b", 120, seed=3)

    assert monitor_runs([now], base).as_dict() == monitor_runs([now], base).as_dict()


def test_texts_are_compared_where_there_is_an_embedder(make_run):
    def embed(texts):
        rows = [np.random.default_rng(len(text)).standard_normal(16) for text in texts]
        return np.array([row / np.linalg.norm(row) for row in rows], dtype=np.float32)

    found = monitor_runs([make_run("b", 80, seed=1)], make_run("a", 80), embed=embed)

    assert {"questions", "answers", "homogeneity"} <= {test.measure for test in found.tests}
    assert found.homogeneity is not None


@pytest.mark.parametrize(
    ("window", "told"), [("week", "neither day"), ("0", "neither day"), ("all", "no baseline")]
)
def test_what_cannot_be_cut_is_refused(make_run, window, told):
    with pytest.raises(SettingError, match=told):
        monitor_runs([make_run("a", 50)], window=window)


def window_of(name, n, wrong):
    """A window of answers, so many of them inventions, each its own conversation."""
    answers = (
        Answer(f"{name}{i}", f"{name}c{i}", None, 20, None, None, True, i < wrong, False, i < wrong, True)
        for i in range(n)
    )
    return to_sample(Window(name, tuple(answers)))


def test_fewer_inventions_are_no_model_drift_whatever_one_last_answer_says():
    rest = [window_of("d1", 1000, 50), window_of("d2", 1000, 50), window_of("d3", 1, 1)]
    found = compare_windows([window_of("base", 1000, 200)], rest)
    rates = {test.signal: test for test in found.tests if test.test == "ewma"}

    assert rates["invention"].alarm
    assert rates["invention"].higher is False
    assert Kind.MODEL_DRIFT not in found.kinds


def test_a_small_alpha_can_still_raise_an_alarm():
    found = compare_windows([window_of("base", 400, 8)], [window_of("now", 400, 360)], alpha=0.001)

    assert {test.signal for test in found.alarms if test.test == "ewma"} == {"ungrounded", "invention"}
    assert found.exit_code == 1


@pytest.mark.parametrize(("windows", "said"), [(2, False), (300, True)])
def test_comparisons_too_many_for_the_shuffles_of_psi_are_told(windows, said):
    rest = [window_of(f"d{number}", 20, 2) for number in range(windows)]
    found = compare_windows([window_of("base", 100, 10)], rest)

    assert any("the shuffles behind PSI (length)" in limit for limit in found.limits) is said


@pytest.mark.parametrize("alpha", [9e-5, 1e-12])
def test_an_alpha_that_no_shuffle_can_reach_is_refused(make_run, alpha):
    run = make_run("a", 50)
    with pytest.raises(SettingError, match=r"--alpha .* is below 0\.0001"):
        monitor_runs([run], run, alpha=alpha)


@pytest.mark.parametrize(("base", "now"), [(None, "a" * 64), ("a" * 64, None)])
def test_runs_with_and_without_a_trusted_corpus_are_not_compared(make_run, base, now):
    before, after = make_run("base", 60, trusted=base), make_run("now", 60, seed=1, trusted=now)
    having, lacking = (before, after) if base else (after, before)

    with pytest.raises(SettingError) as told:
        monitor_runs([after], before)
    assert str(told.value).startswith(
        f"{having.path} was checked with --trusted and {lacking.path} was checked without: "
    )
    with pytest.raises(SettingError, match="Check them alike"):
        monitor_runs([before, after])
    with pytest.raises(SettingError, match=f"{before.path} and 1 more were checked"):
        monitor_runs([before, after], before)


def test_runs_without_a_trusted_corpus_are_compared_and_it_is_said(make_run):
    found = monitor_runs([make_run("now", 60, seed=1, trusted=None)], make_run("base", 60, trusted=None))

    assert any(limit.startswith("no trusted corpus") for limit in found.limits)


def test_statements_known_to_be_false_count_as_what_is_trusted(make_run):
    def conflicts(name, known_false, seed):
        return make_run(
            name,
            200,
            seed=seed,
            bad=0.05 + 0.3 * seed,
            status="source_conflict",
            trusted=None,
            known_false=known_false,
        )

    base, same = conflicts("base", "a" * 64, 0), conflicts("same", "a" * 64, 1)
    assert Kind.STORE_DRIFT in monitor_runs([same], base).kinds
    assert Kind.CONCEPT_DRIFT in monitor_runs([conflicts("other", "b" * 64, 1)], base).kinds
    with pytest.raises(SettingError, match="checked with --known-false"):
        monitor_runs([conflicts("none", None, 1)], base)


def test_better_answers_are_told_and_call_nobody(make_run):
    found = monitor_runs([make_run("b", 200, seed=1, bad=0.02)], make_run("a", 200, bad=0.5))

    assert found.alarms
    assert (found.kinds, found.exit_code) == ((Kind.IMPROVED,), 0)
    assert found.line.startswith("NO DRIFT FOR THE WORSE")
    assert alert_of(found, time="2026-03-22T09:00:00+00:00", subject="b") is None
