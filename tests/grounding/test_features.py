import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluguard.grounding.features import (
    PROBABILITY_FLOOR,
    WordFeatures,
    logit,
    observe_words,
    share_of_words,
)
from halluguard.text import numbers, stems


def test_overlap_counts_content_words_as_written():
    assert share_of_words("The refund takes 30 days", "A refund is paid in 14 days") == pytest.approx(2 / 4)


def test_overlap_of_a_claim_without_content_is_zero():
    assert share_of_words("It is.", "It is.") == 0.0


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1.2 million people", {1_200_000}),
        ("1,200,000 people", {1_200_000}),
        ("fifty-two weeks", {52}),
        ("three hundred and five rooms", {305}),
        ("two thousand twenty", {2020}),
        ("a fee of $2.5k", {2500}),
        ("the third floor", {3}),
        ("in the 1990s", {1990}),
        ("a pool 25 m long", {25}),
        ("$25m and 3M users", {25_000_000, 3_000_000}),
        ("between five and ten days", {5, 10}),
        ("a hundred and five rooms, half a million guests", {105}),
        ("one of the guests came first", set()),
    ],
)
def test_numbers_are_read_as_values(text, values):
    assert numbers(text) == values


def test_a_number_from_another_sentence_is_stray_and_not_missing():
    seen = observe_words(
        "Adults pay 12 euros", ["Adults pay 15 euros. Children pay 12 euros."], "Adults pay 15 euros."
    )

    assert (seen.stray_numbers, seen.missing_numbers) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("claim", "best", "stray"),
    [
        ("Dogs may not board.", "Dogs may board.", 1.0),
        ("Dogs may not board.", "Dogs cannot board.", 0.0),
        ("Dogs may board.", "Dogs mayn't board.", 0.0),
        ("Dogs may board.", "Dogs may board.", 0.0),
    ],
)
def test_a_negation_is_stray_where_the_best_sentence_has_none(claim, best, stray):
    assert observe_words(claim, [best], best).stray_negation == stray


def test_inflections_share_a_stem():
    assert stems("cancelled bookings") & stems("booking") == {"book"}
    assert stems("refunds") == stems("refunded") == stems("refund")


def test_a_number_in_no_passage_is_missing_however_it_is_written():
    assert observe_words("It costs twelve euros", ["The price is 12 euros."]).missing_numbers == 0
    assert observe_words("It costs thirteen euros", ["The price is 12 euros."]).missing_numbers == 1


def test_an_equal_quantity_in_other_writing_is_not_missing_and_its_words_count():
    seen = observe_words("Keep it dry for two days.", ["Stay dry for 48 hours."], "Stay dry for 48 hours.")
    other = observe_words("Keep it dry for three days.", ["Stay dry for 48 hours."], "Stay dry for 48 hours.")

    assert (seen.missing_numbers, seen.stray_numbers) == (0, 0)
    assert (other.missing_numbers, other.stray_numbers) == (1, 1)
    assert seen.sentence_cover > other.sentence_cover


def test_the_best_sentence_is_measured_by_the_claims_words():
    seen = observe_words(
        "The office in Lisbon opened", ["The office in Lisbon closed."], "The office in Lisbon closed."
    )

    assert seen.sentence_cover == pytest.approx(2 / 3)
    assert seen.log_words == pytest.approx(math.log(6))


def test_a_claim_without_words_has_finite_features():
    assert observe_words("", []) == WordFeatures(0.0, 0.0, 0.0, 0.0, 0.0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_logit_rises_with_probability_and_is_bounded(one, other):
    low, high = sorted((one, other))

    assert logit(low) <= logit(high)
    assert abs(logit(one)) <= -math.log(PROBABILITY_FLOOR) + 1e-3
