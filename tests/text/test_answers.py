"""What an answer adds to its question."""

import pytest

from halluguard.text import anchor_share, short_answer, terms

QUESTION = "Who  wrote the first\nrules of the airport?"


@pytest.mark.parametrize(
    ("answer", "own"),
    [
        ("Mary Smith", {"mary", "smith"}),
        ("in 1920, by the airport", {1920.0}),
        ("yes", set()),
        ("No.", set()),
        ("the airport", set()),
    ],
)
def test_a_short_answer_is_what_is_not_in_its_question(answer, own):
    assert short_answer(f"Who wrote the first rules of the airport? {answer}", QUESTION) == own


@pytest.mark.parametrize("question", [None, "", "Who paid for the airport?"])
def test_a_claim_that_does_not_begin_with_its_question_is_no_short_answer(question):
    assert short_answer("Mary Smith wrote the first rules.", question) == frozenset()


def test_one_in_a_word_is_the_1_of_digits():
    assert terms("one bag") == terms("1 bag") == {1.0, "bag"}
    assert anchor_share("One bag is free.", None, "You get 1 free bag.") == 1.0
    assert 1.0 not in terms("someone")
