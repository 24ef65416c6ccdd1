import pytest

from halluguard.errors import InputError
from halluguard.monitor import compare_runs
from halluguard.monitor.compare import bound_difference, count_pairs
from halluguard.monitor.tell import tell_difference


def test_discordant_pairs_are_tested_by_the_exact_binomial():
    pairs = [(False, True)] * 9 + [(True, False)] + [(True, True)] * 30
    found = count_pairs(pairs)

    assert (found.gained, found.lost, found.pairs) == (9, 1, 40)
    assert found.p_value == pytest.approx(0.021484, abs=1e-6)
    assert found.difference == pytest.approx(0.2)


def test_without_discordant_pairs_nothing_changed():
    assert count_pairs([(True, True)] * 5).p_value == 1
    assert count_pairs([]).difference is None


def test_the_interval_widens_where_answers_of_a_conversation_move_together():
    flips = [1] * 10 + [0] * 90
    alone = bound_difference(flips, [str(n) for n in range(100)])
    together = bound_difference(flips, [str(n // 10) for n in range(100)])

    assert together[1] - together[0] > alone[1] - alone[0]
    assert alone[0] <= 0.1 <= alone[1]
    assert bound_difference([1], ["a"]) == (None, None)


def test_a_worse_run_is_told_by_source_and_fails_the_gate(make_run):
    before, after = make_run("a", 150, bad=0.02), make_run("b", 150, seed=5, bad=0.4)
    found = compare_runs(before, after)

    assert found.worse
    assert found.real
    assert found.high < 0
    assert (found.exit_code(), found.exit_code(gate=True)) == (0, 1)
    assert {one.source for one in found.sources} == {"page-0.md", "page-1.md", "page-2.md"}
    assert sum(one.paired.lost for one in found.sources) == found.paired.lost
    assert "WORSE" in tell_difference(found)


def test_the_same_run_differs_in_nothing(make_run):
    run = make_run("a", 60)
    found = compare_runs(run, run)

    assert not found.real
    assert found.as_dict()["difference"] == 0
    assert found.exit_code(gate=True) == 0


def test_turns_of_one_run_only_are_counted(make_run):
    found = compare_runs(make_run("a", 60), make_run("b", 80, seed=1))

    assert (found.only_before, found.only_after, found.paired.pairs) == (0, 20, 60)


def test_runs_without_a_common_turn_are_refused(make_run, tmp_path):
    run = make_run("a", 5)
    other = make_run("b", 5)
    rows = [{**row, "turn_id": f"x{row['turn_id']}"} for row in other.read("turns").to_pylist()]
    other.write("turns", rows)

    with pytest.raises(InputError, match="no turn_id in common"):
        compare_runs(run, other)


def with_answers(make_run, name, grounded, *, turns):
    """A run whose turns are grounded as said, so many in a row to a conversation, all of one source."""
    run = make_run(name, len(grounded), turns=turns)
    rows = run.read("turns").to_pylist()
    for row, good in zip(rows, grounded, strict=True):
        row["n_ungrounded"] = 0 if good else 1
        row["retrieved"] = [{**chunk, "source": "policy.md"} for chunk in row["retrieved"]]
    run.write("turns", rows)
    return run


def test_a_source_whose_conversations_flip_as_a_whole_is_not_worse_by_its_turns_alone(make_run):
    # 6 conversations of ten turns lose grounding and 3 gain it: 60 to 30 turns, but 6 to 3 of what is independent
    before = [False] * 30 + [True] * 60 + [True] * 110
    after = [True] * 30 + [False] * 60 + [True] * 110
    found = compare_runs(
        with_answers(make_run, "a", before, turns=10), with_answers(make_run, "b", after, turns=10)
    )
    (source,) = found.sources

    assert source.p_holm < 0.01
    assert source.low < 0 <= source.high
    assert not found.worse
    assert found.exit_code(gate=True) == 0


def test_a_source_that_lost_grounding_in_many_conversations_is_worse(make_run):
    before, after = [True] * 200, [False] * 40 + [True] * 160
    found = compare_runs(
        with_answers(make_run, "a", before, turns=1), with_answers(make_run, "b", after, turns=1)
    )
    (source,) = found.sources

    assert source.worse
    assert source.low == pytest.approx(found.low)
    assert found.as_dict()["sources"][0]["high"] == source.high < 0


def test_a_source_of_one_conversation_has_no_interval_and_is_not_worse(make_run):
    found = compare_runs(
        with_answers(make_run, "a", [True] * 20, turns=20),
        with_answers(make_run, "b", [False] * 20, turns=20),
    )

    assert (found.sources[0].low, found.sources[0].high) == (None, None)
    assert found.sources[0].p_holm < 0.01
    assert not found.worse


def test_answers_to_different_questions_are_no_pair(make_run):
    """Ids made of line numbers shift where one log has a line more."""
    before, after = make_run("a", 30), make_run("b", 30)
    rows = after.read("turns").to_pylist()
    for row in rows[10:]:
        row["question"] = "another one"
    rows[0]["question"] = rows[0]["question"].upper() + " "
    rows[1]["question"] = None
    after.write("turns", rows)
    found = compare_runs(before, after)

    assert (found.paired.pairs, found.other_questions, found.not_checkable) == (10, 20, 0)
