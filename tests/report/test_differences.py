"""The words that differ are marked, and no text is lost on the way."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.report.differences import Segment, mark_differences

WORDS = st.lists(
    st.sampled_from(
        ["Books", "book", "may", "not", "be", "kept", "for", "30", "90", "days,", "the", "", "\n", "'", "3.5"]
    ),
    max_size=14,
).map(" ".join)


@given(WORDS | st.text(max_size=60), WORDS | st.text(max_size=60))
@settings(max_examples=60)
def test_both_texts_can_be_read_back(a, b):
    segments = mark_differences(a, b)
    assert "".join(segment.left for segment in segments) == a
    assert "".join(segment.right for segment in segments) == b
    assert all(one.same != other.same for one, other in itertools.pairwise(segments))


@given(WORDS)
@settings(max_examples=40)
def test_a_text_does_not_differ_from_itself_in_other_case_and_spacing(text):
    assert all(segment.same for segment in mark_differences(text, text.upper().replace(" ", "  ")))


def marked(a: str, b: str) -> tuple[list[str], list[str]]:
    changed = [segment for segment in mark_differences(a, b) if not segment.same]
    return [s.left.strip() for s in changed if s.left.strip()], [
        s.right.strip() for s in changed if s.right.strip()
    ]


@pytest.mark.parametrize(
    ("a", "b", "left", "right"),
    [
        ("Books may be kept for 90 days.", "Books may be kept for 30 days.", ["90"], ["30"]),
        ("Dogs are allowed in the cabin.", "Dogs are not allowed in the cabin.", [], ["not"]),
        ("The fee is 1,250.50 euros.", "The fee is 1,205.50 euros.", ["1,250.50"], ["1,205.50"]),
        (
            "Open on Monday, closed on Sunday.",
            "Closed on Monday, open on Sunday.",
            ["Open", "closed"],
            ["Closed", "open"],
        ),
    ],
)
def test_alike_texts_are_aligned_word_by_word(a, b, left, right):
    assert marked(a, b) == (left, right)


def test_unlike_texts_mark_only_figures_and_words_that_turn_the_meaning():
    left, right = marked(
        "Members pay a late fee of 25 cents each day a book is overdue.",
        "No charge arises since January 2026, whatever happens.",
    )
    assert left == ["25"]
    assert right == ["No", "2026"]


def test_a_phrase_is_one_mark():
    assert mark_differences("Come by bus today.", "Come in a hired car today.") == (
        Segment("Come ", "Come ", same=True),
        Segment("by bus ", "in a hired car ", same=False),
        Segment("today.", "today.", same=True),
    )
