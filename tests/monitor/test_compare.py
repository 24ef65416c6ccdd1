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
