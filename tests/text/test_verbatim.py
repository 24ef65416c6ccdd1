from time import perf_counter

import pytest

from halluguard.text.verbatim import stands_in

PAGE = (
    "The change fee is $50. The deadline is May 15. Until 24 hours before departure you may cancel. "
    "It is a myth that refunds are paid for 90 days.\nWhat is kept is 50%.\nIt costs $1.500 here.\nIt has -5 points.\n"
    "Do you pay for pets?"
)


@pytest.mark.parametrize(
    "text",
    [
        "The change fee is $5.",
        "The deadline is May 1.",
        "4 hours before departure you may cancel.",
        "Refunds are paid for 90 days.",
        "refunds are paid for 90 days.",
        "Refunds are paid for 90 days. The deadline is May 15.",
        "What is kept is $50.",
        "It costs $1,500 here.",
        "It has 5 points.",
        "Do you pay for pets.",
        "Yes.",
        "",
    ],
)
def test_part_of_a_sentence_or_another_sign_is_not_what_a_page_says(text):
    assert not stands_in(text, text, [PAGE])


@pytest.mark.parametrize(
    "text",
    [
        "the change fee is $50",
        "The deadline is May 15. The change fee is $50.",
        "The change fee is $50; the deadline is May 15 [e04].",
        "Q: Do you pay for pets?",
        "before departure you may cancel. What is kept is 50%. It is a myth that",
    ],
)
def test_whole_sentences_stand_in_a_page_and_so_do_the_ends_of_a_text_cut_from_it(text):
    assert stands_in(text, text, [PAGE])


def test_a_part_of_a_text_that_was_cut_is_judged_by_its_place_in_it():
    head, rest = "before departure you may cancel.", "What is kept is 50%."
    assert stands_in(head, f"{head} {rest}", [PAGE])
    assert not stands_in(head, f"{rest} {head}", [PAGE])
    assert not stands_in(head, head, [PAGE])


def test_time_grows_with_the_sentences_of_a_long_text():
    parts = [f"Pump {n} is serviced every {n} weeks." for n in range(3000)]
    whole = " ".join(parts)
    start = perf_counter()

    assert all(stands_in(part, whole, [part]) for part in parts)
    assert perf_counter() - start < 10
