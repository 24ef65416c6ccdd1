"""The gate: verdict line and exit code come from one function."""

import pytest

from halluguard.errors import SettingError
from halluguard.gate import Condition, decide_outcome, parse_condition
from halluguard.grounding.summary import summarise


def manifest(skipped=0, **statuses):
    made = summarise({"totals": {"turns": 3}, "statuses": statuses})
    made["counts"]["skipped_rows"] = skipped
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ungrounded_rate>0.05", Condition("ungrounded_rate", ">", 0.05)),
        (" citation_recall <= 90% ", Condition("citation_recall", "<=", 0.9)),
        ("unsupported_rate>=.1", Condition("unsupported_rate", ">=", 0.1)),
        ("ungrounded_rate>0.7%", Condition("ungrounded_rate", ">", 0.007)),
    ],
)
def test_condition_is_read(text, expected):
    assert parse_condition(text) == expected


@pytest.mark.parametrize("text", ["", "rate", "rate>", "rate=1", "rate>x", "__import__('os')>1"])
def test_anything_else_is_refused(text):
    with pytest.raises(SettingError, match="fail-on"):
        parse_condition(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ungrounded_rate>5", "For 5 % write 'ungrounded_rate>0.05' or 'ungrounded_rate>5%'"),
        ("ungrounded_rate>1", "For 1 % write 'ungrounded_rate>0.01' or 'ungrounded_rate>1%'"),
        ("citation_recall<90", "For 90 % write 'citation_recall<0.9' or 'citation_recall<90%'"),
        ("ungrounded_rate>500%", "a rate is 100 % at most"),
        ("ungrounded_rate>=120", "a rate is 100 % at most"),
        ("citation_recall<=1", "For 1 % write 'citation_recall<=0.01' or 'citation_recall<=1%'"),
        ("citation_recall<=100%", "a rate is 100 % at most"),
        ("citation_recall<0", "a rate is 0 at least"),
        ("ungrounded_rate>=0%", "a rate is 0 at least"),
    ],
)
def test_a_limit_beyond_every_rate_is_refused_with_what_was_meant(text, meant):
    with pytest.raises(SettingError, match="can decide nothing") as caught:
        parse_condition(text)

    assert str(caught.value).startswith(f"--fail-on {text!r}")
    assert meant in str(caught.value)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("ungrounded_rate>=1", 1),
        ("ungrounded_rate>=100%", 1),
        ("citation_recall<1", 1),
        ("ungrounded_rate>0", 0),
        ("citation_recall<=0%", 0),
    ],
)
def test_a_limit_that_rates_can_reach_is_read(text, limit):
    assert parse_condition(text).limit == limit


def test_gate_fails_with_one_and_says_so():
    outcome = decide_outcome(manifest(grounded=9, unsupported=1), [parse_condition("ungrounded_rate>0.05")])

    assert outcome.exit_code == 1
    assert "GATE FAILED" in outcome.line
    assert "1 of 10" in outcome.line


def test_gate_passes_at_the_limit():
    assert (
        decide_outcome(
            manifest(grounded=9, unsupported=1), [parse_condition("ungrounded_rate>0.1")]
        ).exit_code
        == 0
    )


@pytest.mark.parametrize(
    ("grounded", "unsupported", "condition", "code"),
    [
        (993, 7, "ungrounded_rate>0.7%", 0),
        (992, 8, "ungrounded_rate>0.7%", 1),
        (2_999_999, 1, "ungrounded_rate>0", 1),
        (2_999_999, 1, "grounded_rate<1", 1),
        (2, 1, "ungrounded_rate>0.333333", 1),
    ],
)
def test_a_condition_is_held_against_the_counts_and_not_a_rounded_rate(
    grounded, unsupported, condition, code
):
    made = manifest(grounded=grounded, unsupported=unsupported)
    assert decide_outcome(made, [parse_condition(condition)]).exit_code == code


def test_skipped_rows_and_errors_end_in_three():
    assert decide_outcome(manifest(skipped=1, grounded=1)).exit_code == 3
    assert decide_outcome(manifest(grounded=1, error=1)).exit_code == 3


def test_failed_gate_outranks_skipped_rows():
    assert (
        decide_outcome(manifest(skipped=1, unsupported=1), [parse_condition("ungrounded_rate>0")]).exit_code
        == 1
    )


def test_nothing_checkable_is_an_outcome_of_its_own():
    outcome = decide_outcome(manifest(abstained=4, not_a_claim=2), [parse_condition("ungrounded_rate>0")])

    assert outcome.exit_code == 4
    assert "NOTHING CHECKABLE" in outcome.line


def test_unknown_rate_names_the_known_ones():
    with pytest.raises(SettingError, match="citation_recall"):
        decide_outcome(manifest(grounded=1), [parse_condition("hallucinations>0")])


def test_misattributed_uncited_and_uncorroborated_are_not_ungrounded():
    made = manifest(misattributed=1, uncited=1, uncorroborated=1, source_conflict=1)

    assert made["summary"]["ungrounded_rate"]["hits"] == 1
    assert made["summary"]["ungrounded_rate"]["total"] == 4


def test_a_gate_none_of_whose_rates_was_measured_has_decided_nothing():
    outcome = decide_outcome(manifest(unsupported=1), [parse_condition("citation_precision<0.9")])

    assert outcome.exit_code == 4
    assert outcome.line.startswith("GATE UNDECIDED: not measured: citation_precision")
    both = [parse_condition("citation_precision<0.9"), parse_condition("ungrounded_rate>0.5")]
    assert decide_outcome(manifest(unsupported=1), both).exit_code == 1
