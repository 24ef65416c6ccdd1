from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.text.windows import (
    WINDOW_TOKENS,
    Span,
    estimate_tokens,
    split_sentences,
    split_windows,
)

SENTENCES = "The museum opens at nine. Dr. Weiss leads the tours! Are dogs allowed?\n- Lockers cost 2 euros\n\nOn Mondays it is closed."
TEXTS = st.text(alphabet=st.sampled_from("ab c.\n!?é漢字😀\t,1"), max_size=400)


def test_sentences_end_at_stops_and_line_breaks_but_not_at_titles():
    found = [SENTENCES[span.start : span.end] for span in split_sentences(SENTENCES)]

    assert found == [
        "The museum opens at nine.",
        "Dr. Weiss leads the tours!",
        "Are dogs allowed?",
        "- Lockers cost 2 euros",
        "On Mondays it is closed.",
    ]


@given(TEXTS)
@settings(max_examples=60)
def test_every_visible_character_is_in_some_window(text):
    covered = set()
    for span in split_windows(text, 20):
        covered.update(range(span.start, span.end))

    assert {place for place, letter in enumerate(text) if not letter.isspace()} <= covered


@given(TEXTS)
@settings(max_examples=60)
def test_windows_come_in_order_and_each_adds_something(text):
    spans = split_windows(text, 20)

    assert all(one.start < other.start and one.end < other.end for one, other in pairwise(spans))


def test_a_short_text_is_one_window():
    assert split_windows("  One sentence. Another one. ") == (Span(2, 28),)


def test_a_blank_text_has_no_window():
    assert split_windows(" \n\t ") == ()


def test_long_texts_make_windows_under_the_limit_that_share_a_sentence():
    text = " ".join(
        f"Sentence number {number} says that gate {number} is open today." for number in range(60)
    )

    windows = [text[span.start : span.end] for span in split_windows(text)]

    assert len(windows) > 3
    assert all(estimate_tokens(window) <= WINDOW_TOKENS for window in windows)
    assert all(one.split(". ")[-1].rstrip(".") in other for one, other in pairwise(windows))


def test_a_sentence_without_end_is_cut_at_blanks():
    text = "word " * 2000

    windows = [text[span.start : span.end] for span in split_windows(text)]

    assert all(estimate_tokens(window) <= WINDOW_TOKENS for window in windows)
    assert sum(window.count("word") for window in windows) >= 2000


def test_a_word_of_ten_thousand_characters_is_cut_too():
    assert all(span.end - span.start <= 1000 for span in split_windows("x" * 10_000))


def test_estimate_does_not_fall_short_of_the_models_tokenizer(models):
    text = "Extraordinarily long-winded, unpunctuated administrative regulations (2021/45) govern 1,200,000 travellers' rights."

    tokens = models.embedder.embedder.count_tokens([text])[0]

    assert 0.8 * tokens <= estimate_tokens(text) <= 2 * tokens
