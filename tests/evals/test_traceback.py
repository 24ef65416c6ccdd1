"""The traceback benchmark's own rules: which entries an event holds responsible, and how the bounds are fitted."""

import numpy as np

from evals.traceback import GREYS, best_bounds, widest_grey
from evals.traceback_data import PoisonData, Question, attack_scenario
from halluguard.records import Entry


def question(**changes):
    given = {
        "qid": "q",
        "dataset": "ramdocs",
        "question": "When was it built?",
        "correct": "1902",
        "incorrect": "1885",
        "attacks": {"edit": ("a", "b", "c")},
        "number": 0,
    }
    return Question(**{**given, **changes})


def data(some):
    texts = {
        "a": "Built in 1885.",
        "b": "It was built in 1890 (not 18855).",
        "c": "Built 1885, again 1890.",
        "d": "Built 1902.",
    }
    return PoisonData(
        {id_: Entry(id_, text) for id_, text in texts.items()},
        {id_: ("ramdocs", "clean" if id_ == "d" else "poison", "") for id_ in texts},
        {id_: np.ones(2, dtype=np.float32) for id_ in texts},
        (some,),
    )


def test_each_wrong_answer_is_an_event_of_the_entries_that_hold_it():
    some = question(others=("1890", "1777"))
    scenario = attack_scenario(data(some), "ramdocs", "edit", [some])

    assert {event.answer: event.poison for event in scenario.events} == {
        "1885": {"a", "c"},
        "1890": {"b", "c"},
    }
    assert scenario.poison == {"a", "b", "c"}


def test_an_only_wrong_answer_is_that_of_all_injected_entries():
    some = question()

    assert [event.poison for event in attack_scenario(data(some), "ramdocs", "edit", [some]).events] == [
        {"a", "b", "c"}
    ]


def test_bounds_part_with_the_fewest_errors_and_never_by_what_may_not_be_accused():
    """One event wants a low score accused, near its highest; the other wants a higher one spared, far behind."""
    close = (np.array([0.7, 0.6]), np.array([True, True]), np.array([True, True]))
    far = (np.array([0.999, 0.65, 0.99]), np.array([True, True, False]), np.array([True, False, False]))

    beside, apart = best_bounds([close, far])

    assert beside == 0.6
    assert 0.5 < apart < 6.5


def test_the_zone_of_doubt_is_the_widest_that_leaves_wrong_answers_to_the_generator():
    clear = [1.0] * 92
    assert widest_grey([*clear, *[0.01] * 8]) == GREYS[0]
    assert widest_grey([*clear[1:], 0.045, *[0.01] * 8]) == 0.04
    assert widest_grey([0.01] * 10) == GREYS[-1]
