import pytest

from halluguard.monitor.decide import (
    Comparison,
    Kind,
    Measure,
    decide_alarms,
    decide_exit,
    explain_drift,
    tell_drift,
)


def one(measure, p, signal="x", higher=None, alarm=False):
    return Comparison(measure, signal, "", "ks", 0.5, 0.3, p, 50, 50, higher, alarm)


def test_the_rate_is_shared_among_measures_and_stepped_down_inside_each():
    tests = [one(Measure.SUPPORT, 0.004), one(Measure.LENGTH, 0.0049), one(Measure.LENGTH, 0.9)]
    found = decide_alarms(tests, 0.01)

    assert [test.alarm for test in found] == [
        True,
        False,
        False,
    ]  # 0.005 for support; 0.0025 for the best of two lengths


def test_after_the_first_alarm_of_a_measure_the_next_is_held_to_less():
    tests = [one(Measure.SUPPORT, 0.001), one(Measure.SUPPORT, 0.009), one(Measure.SUPPORT, 0.02)]

    assert [test.alarm for test in decide_alarms(tests, 0.02)] == [True, True, True]
    assert [test.alarm for test in decide_alarms(tests, 0.01)] == [True, False, False]


RATES = Measure.RATES


@pytest.mark.parametrize(
    ("alarms", "changed", "kinds"),
    [
        ([], True, (Kind.NONE,)),
        ([(RATES, "conflict", True)], True, (Kind.CONCEPT_DRIFT,)),
        ([(RATES, "conflict", True)], False, (Kind.STORE_DRIFT,)),
        ([(RATES, "conflict", True)], None, (Kind.STORE_DRIFT,)),
        ([(RATES, "invention", True)], False, (Kind.MODEL_DRIFT,)),
        ([(RATES, "invention", False)], False, (Kind.IMPROVED,)),
        ([(RATES, "ungrounded", False), (Measure.SUPPORT, "support", True)], None, (Kind.IMPROVED,)),
        ([(RATES, "ungrounded", False), (Measure.LENGTH, "length", True)], None, (Kind.UNEXPLAINED,)),
        ([(RATES, "ungrounded", True), (Measure.SUPPORT, "support", True)], None, (Kind.UNEXPLAINED,)),
        ([(Measure.DECAY, "support trend", True)], None, (Kind.IMPROVED,)),
        ([(Measure.DECAY, "similarity trend", True)], None, (Kind.UNEXPLAINED,)),
        ([(Measure.QUESTIONS, "question projection 1", True)], True, (Kind.DATA_DRIFT,)),
        (
            [(Measure.SIMILARITY, "similarity", False), (RATES, "invention", True)],
            False,
            (Kind.MODEL_DRIFT, Kind.DATA_DRIFT),
        ),
        ([(Measure.LENGTH, "length", True)], False, (Kind.UNEXPLAINED,)),
    ],
)
def test_kinds_of_drift_follow_from_what_moved(alarms, changed, kinds):
    tests = [one(measure, 0.0, signal, higher, alarm=True) for measure, signal, higher in alarms]

    assert tell_drift(tests, trusted_changed=changed) == kinds


@pytest.mark.parametrize(
    ("alarms", "changed", "said", "unsaid"),
    [
        ([(RATES, "conflict", True)], False, "those are the same", "trusted corpus"),
        ([(RATES, "conflict", True)], True, "those have changed", "the same"),
        ([(RATES, "conflict", True)], None, "is not known", "the same"),
        (
            [(RATES, "conflict", True), (Measure.QUESTIONS, "q", True)],
            False,
            "less grounded",
            "as well grounded",
        ),
        (
            [(Measure.SIMILARITY, "s", False), (Measure.SUPPORT, "support", False)],
            None,
            "less grounded",
            "as well",
        ),
        ([(Measure.QUESTIONS, "q", True)], None, "as well grounded", "less"),
        ([(Measure.QUESTIONS, "q", True), (RATES, "ungrounded", False)], None, "better grounded", "as well"),
        ([(RATES, "ungrounded", True)], None, "less grounded", "nor grounding"),
        ([(Measure.DECAY, "support trend", False)], None, "less grounded", "nor grounding"),
        ([(Measure.LENGTH, "length", True)], None, "nor grounding", "less grounded"),
        ([(RATES, "ungrounded", False)], None, "better grounded", "unexplained"),
    ],
)
def test_what_is_said_of_drift_contradicts_no_alarm(alarms, changed, said, unsaid):
    tests = [one(measure, 0.0, signal, higher, alarm=True) for measure, signal, higher in alarms]
    told = explain_drift(tell_drift(tests, trusted_changed=changed), tests, trusted_changed=changed)

    assert said in told
    assert unsaid not in told


@pytest.mark.parametrize(
    ("alarms", "tests", "left_out", "code"), [(0, 9, 0, 0), (2, 9, 5, 1), (0, 9, 5, 3), (0, 0, 5, 4)]
)
def test_exit_codes(alarms, tests, left_out, code):
    assert decide_exit(alarms=alarms, tests=tests, left_out=left_out) == code
