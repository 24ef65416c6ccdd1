"""Accusation: honest p-values, abstention, and clearing by the trusted corpus."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.forensics.responsibility import ResponsibilityModel, accuse, default_responsibility
from halluguard.forensics.signals import (
    FEATURES,
    Signals,
    add_echoes,
    anchor_share,
    own_words,
    togetherness,
    topic_share,
)
from halluguard.records import Origin

MODEL = ResponsibilityModel(
    {**dict.fromkeys(FEATURES, 0.0), "logit_supported": 1.0}, 0.0, tuple(np.linspace(0.01, 0.6, 99))
)


def signals(supported):
    return Signals(supported, 0.1, 0.5, 0.5, 0.5, 0.0)


def test_entry_that_says_it_is_accused_and_its_neighbour_is_not():
    found = accuse(
        MODEL, [signals(0.05), signals(0.95)], cleared=[False, False], caught=[False, False], readable=True
    )

    assert found.origin is Origin.STORE
    assert found.accused == (1,)
    assert found.p_values[1] == pytest.approx(0.01)


def test_nobody_says_it_so_the_generator_did():
    found = accuse(
        MODEL, [signals(0.05), signals(0.1)], cleared=[False, False], caught=[False, False], readable=True
    )

    assert found.origin is Origin.GENERATOR
    assert found.accused == ()


def test_no_candidate_at_all_is_the_generator_too():
    assert accuse(MODEL, [], cleared=[], caught=[], readable=True).origin is Origin.GENERATOR


def test_text_that_stands_in_the_trusted_corpus_is_never_accused():
    found = accuse(MODEL, [signals(0.95)], cleared=[True], caught=[False], readable=True)

    assert found.accused == ()
    assert found.origin is Origin.GENERATOR


def test_unreadable_candidates_leave_the_origin_open():
    assert (
        accuse(MODEL, [signals(0.05)], cleared=[False], caught=[False], readable=False).origin
        is Origin.UNDETERMINED
    )


def test_near_miss_is_undetermined_rather_than_an_accusation():
    found = accuse(MODEL, [signals(0.585)], cleared=[False], caught=[False], readable=True)

    assert 0.02 < found.p_values[0] <= 0.05
    assert found.origin is Origin.UNDETERMINED


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_p_values_wrong_at_most_alpha_of_clean_events(seed):
    """With exchangeable clean maxima, accusing at p <= 0.05 is wrong in about 5 % of clean events, never far above."""
    draw = np.random.default_rng(seed).random(1400)
    model = ResponsibilityModel(MODEL.weights, 0.0, tuple(np.sort(draw[:1000])))
    wronged = np.mean([model.p_value(float(score)) <= 0.05 for score in draw[1000:]])

    assert wronged <= 0.11


def test_own_words_are_what_the_claim_adds_to_its_question():
    words, values = own_words(
        "how many episodes are in chicago fire season 4 24", "how many episodes are in chicago fire season 4"
    )

    assert values == {24.0}
    assert not {word for word in words if not word.isdigit()}


def test_numbers_are_compared_as_values():
    question = "How many Death Stars are there?"

    assert anchor_share(f"{question} 4", question, "Four Death Stars were built.") == 1.0
    assert anchor_share(f"{question} 4", question, "Two Death Stars were built.") == 0.0


def test_claim_that_repeats_its_question_is_compared_whole():
    assert anchor_share("Is Paris in France", "Is Paris in France?", "Paris lies in France.") == 1.0


def test_topic_is_the_question_and_without_one_the_claim():
    assert topic_share("x 24", "Chicago Fire season", "The Chicago Fire season") == 1.0
    assert topic_share("bags cost 30 dollars", None, "bags cost") == 0.5


def test_shipped_calibration_can_reach_its_own_alpha():
    model = default_responsibility()

    assert set(model.weights) == set(FEATURES)
    assert 1 / (len(model.clean_maxima) + 1) <= model.alpha < model.grey
    assert list(model.clean_maxima) == sorted(model.clean_maxima)
    assert model.weights["logit_supported"] > 0


def test_an_entry_caught_in_a_conflict_is_accused_whatever_its_score():
    found = accuse(
        MODEL, [signals(0.05), signals(0.05)], cleared=[False] * 2, caught=[False, True], readable=True
    )
    assert found.accused == (1,)
    assert found.origin is Origin.STORE


def test_an_entry_whose_words_stand_in_the_trusted_corpus_is_not_accused_though_caught():
    found = accuse(MODEL, [signals(0.05)], cleared=[True], caught=[True], readable=True)
    assert found.accused == ()


def test_beside_an_accused_entry_a_lower_score_is_enough():
    model = replace(MODEL, beside=0.4)
    both = [signals(0.95), signals(0.5)]
    assert accuse(model, both, cleared=[False] * 2, caught=[False] * 2, readable=True).accused == (0, 1)
    assert accuse(model, both, cleared=[True, False], caught=[False] * 2, readable=True).accused == ()
    assert accuse(MODEL, both, cleared=[False] * 2, caught=[False] * 2, readable=True).accused == (0,)


def test_an_echo_comes_from_another_text():
    alone = add_echoes([signals(0.9), signals(0.1)], ["It is so.", "Nothing."])
    copied = add_echoes([signals(0.9), signals(0.9)], ["It is so.", "it  is SO."])
    reworded = add_echoes([signals(0.9), signals(0.8)], ["It is so.", "So it is."])
    assert [one.echo for one in alone] == pytest.approx([0.05, 0.45])
    assert [one.echo for one in copied] == [0, 0]
    assert [one.echo for one in reworded] == pytest.approx([0.4, 0.45])


def test_words_that_stand_in_different_sentences_are_not_together():
    question, claim = "Who painted the mill?", "Who painted the mill? Anna Weiss"
    said = togetherness(claim, question, "Nothing here. The mill was painted by Anna Weiss.")
    scattered = togetherness(claim, question, "The mill was painted in 1801. Anna Weiss was born later.")
    assert said == 1.0
    assert scattered < said
    assert togetherness(claim, question, "") == 0.0
