"""Accusation: honest p-values, abstention, and clearing by the trusted corpus."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.forensics.responsibility import (
    CHORUS,
    ResponsibilityModel,
    accuse,
    chorus_score,
    default_responsibility,
)
from halluguard.forensics.signals import (
    FEATURES,
    Signals,
    add_echoes,
    togetherness,
    topic_share,
)
from halluguard.records import Origin
from halluguard.text import anchor_share, own_terms

MODEL = ResponsibilityModel(
    dict.fromkeys(FEATURES, 0.0),
    0.0,
    tuple(np.linspace(0.01, 0.6, 199).tolist()),
    tuple(np.linspace(0.01, 0.3, 199).tolist()),
    beside=0.4,
)


def signals(supported):
    return Signals(supported, 0.5, 0.5, 0.5, 0.0)


def judge(scores, *, model=MODEL, texts=None, opposed=None, cleared=None, caught=None, readable=True):
    """Accuse candidates of these scores, each of a text of its own unless it is given."""
    nobody = [False] * len(scores)
    p_values = model.p_values(scores, texts or [f"text {i}" for i in range(len(scores))], opposed or nobody)
    return accuse(
        model, scores, p_values, cleared=cleared or nobody, caught=caught or nobody, readable=readable
    )


def test_entry_that_says_it_is_accused_and_its_neighbour_is_not():
    found = judge([0.05, 0.95])

    assert found.origin is Origin.STORE
    assert found.accused == (1,)
    assert found.p_values[1] == pytest.approx(2 / 200)


def test_three_texts_that_lean_towards_it_are_accused_where_each_alone_is_not():
    together, alone = judge([0.5, 0.4, 0.45, 0.02]), judge([0.5, 0.4, 0.02])

    assert together.accused == (0, 1, 2)
    assert alone.accused == ()


def test_what_says_the_opposite_joins_no_chorus():
    found = judge([0.5, 0.4, 0.45, 0.02], opposed=[False, True, False, False])

    assert found.accused == ()
    assert found.p_values[1] == 1.0


def test_an_entry_that_stands_out_by_itself_needs_no_score_that_would_do_beside_another():
    strict = replace(MODEL, beside=0.99)

    assert judge([0.95, 0.5], model=strict).accused == (0,)


def test_copies_of_one_text_are_no_chorus():
    assert judge([0.5, 0.5, 0.5], texts=["It is so.", "it is  so.", "It is so."]).accused == ()


def test_a_chorus_is_the_third_highest_of_different_texts():
    assert chorus_score([0.9, 0.8, 0.8, 0.7], ["a", "b", "b", "c"]) == 0.7
    assert chorus_score([0.9] * (CHORUS - 1), ["a", "b"]) == 0


def test_without_clean_choruses_an_entry_is_held_against_maxima_alone():
    model = replace(MODEL, clean_choruses=())

    assert judge([0.5, 0.4, 0.45], model=model).accused == ()
    assert judge([0.95], model=model).p_values[0] == pytest.approx(1 / 200)


def test_nobody_says_it_so_the_generator_did():
    found = judge([0.05, 0.1])

    assert found.origin is Origin.GENERATOR
    assert found.accused == ()


def test_no_candidate_at_all_is_the_generator_too():
    assert judge([]).origin is Origin.GENERATOR


def test_text_that_stands_in_the_trusted_corpus_is_never_accused():
    found = judge([0.95], cleared=[True])

    assert found.accused == ()
    assert found.origin is Origin.GENERATOR


def test_unreadable_candidates_leave_the_origin_open():
    assert judge([0.05], readable=False).origin is Origin.UNDETERMINED


def test_near_miss_is_undetermined_rather_than_an_accusation():
    found = judge([0.593])

    assert MODEL.alpha < found.p_values[0] <= MODEL.grey
    assert found.near
    assert found.origin is Origin.UNDETERMINED
    assert not judge([0.05]).near


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_p_values_wrong_at_most_alpha_of_clean_events(seed):
    """With exchangeable clean events, accusing at p <= 0.05 is wrong in about 5 % of them, never far above."""
    draw = np.random.default_rng(seed).random((1400, 6))
    clean = np.sort(draw, axis=1)
    texts = list("abcdef")
    model = ResponsibilityModel(
        MODEL.weights,
        0.0,
        tuple(sorted(clean[:1000, -1].tolist())),
        tuple(sorted(clean[:1000, -CHORUS].tolist())),
    )
    wronged = np.mean(
        [min(model.p_values(scores, texts, [False] * 6)) <= 0.05 for scores in draw[1000:].tolist()]
    )

    assert wronged <= 0.11


def test_own_words_are_what_the_claim_adds_to_its_question():
    question = "how many episodes are in chicago fire season 4"

    assert own_terms(f"{question} 24", question) == {24.0}


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
    assert list(model.clean_choruses) == sorted(model.clean_choruses)
    assert len(model.clean_choruses) in {0, len(model.clean_maxima)}
    assert model.weights["entailed_anchor"] > 0


def test_an_entry_caught_in_a_conflict_is_accused_whatever_its_score():
    found = judge([0.05, 0.05], caught=[False, True])
    assert found.accused == (1,)
    assert found.origin is Origin.STORE


def test_an_entry_whose_words_stand_in_the_trusted_corpus_is_not_accused_though_caught():
    assert judge([0.05], cleared=[True], caught=[True]).accused == ()


def test_beside_an_accused_entry_a_lower_score_is_enough():
    strict = replace(MODEL, beside=0.6)
    assert judge([0.95, 0.5]).accused == (0, 1)
    assert judge([0.95, 0.5], cleared=[True, False]).accused == ()
    assert judge([0.95, 0.5], model=strict).accused == (0,)


def test_beside_an_accused_entry_one_that_stays_far_behind_it_is_not_accused():
    near = replace(MODEL, apart=2.0)
    assert judge([0.95, 0.8, 0.5], model=near).accused == (0, 1)
    assert judge([0.95, 0.8, 0.5], model=replace(MODEL, apart=4.0)).accused == (0, 1, 2)
    assert judge([0.995, 0.65], model=near).accused == (0, 1), "it stands out by itself"


def test_where_three_lean_towards_it_and_none_says_it_the_origin_is_open():
    found = judge([0.35, 0.35, 0.35])

    assert min(found.p_values) <= MODEL.alpha
    assert found.accused == ()
    assert found.origin is Origin.UNDETERMINED


def echoes(supported, texts, likeness=1.0):
    n = len(texts)
    signals = [Signals(one, 0.5, 0.5, 0.5, 0.0) for one in supported]
    return [one.echo for one in add_echoes(signals, texts, np.full((n, n), likeness))]


def test_an_echo_comes_from_another_text():
    assert echoes([0.9, 0.1], ["It is so.", "Nothing."]) == pytest.approx([0.05, 0.45])
    assert echoes([0.9, 0.9], ["It is so.", "it  is SO."]) == [0, 0]
    assert echoes([0.9, 0.8], ["It is so.", "So it is."]) == pytest.approx([0.4, 0.45])
    assert echoes([], []) == []


def test_an_echo_is_weaker_the_less_two_texts_are_alike():
    assert echoes([0.9, 0.8], ["It is so.", "So it is."], 0.5) == pytest.approx([0.2, 0.225])


def test_yes_is_said_in_the_words_of_the_question():
    question = "Do all private schools have uniforms?"

    assert anchor_share(f"{question} yes", question, "All private schools have uniforms.") == 1.0
    assert anchor_share(f"{question} yes", question, "Yes, it rains.") == 0.0


def test_words_that_stand_in_different_sentences_are_not_together():
    question, claim = "Who painted the mill?", "Who painted the mill? Anna Weiss"
    said = togetherness(claim, question, "Nothing here. The mill was painted by Anna Weiss.")
    scattered = togetherness(claim, question, "The mill was painted in 1801. Anna Weiss was born later.")
    assert said == 1.0
    assert scattered < said
    assert togetherness(claim, question, "") == 0.0
