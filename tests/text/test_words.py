"""Numbers of a text, and what it bears out of one."""

import pytest

from halluguard.text import numbers, stated_numbers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.2 million people", {1_200_000.0}),
        ("1,200,000", {1_200_000.0}),
        ("fifty-two", {52.0}),
        ("a hundred and five", {105.0}),
        ("two\u00a0hundred", {200.0}),
        ("5\u202fmillion", {5_000_000.0}),
        ("$25m and 25 m", {25_000_000.0, 25.0}),
        ("the third of 12 days", {3.0, 12.0}),
        ("one or the first", set()),
        ("1 or the 1st", {1.0}),
    ],
)
def test_values_are_read_in_digits_and_in_words(text, found):
    assert numbers(text) == found


@pytest.mark.parametrize("text", ["firſt", "fırst", "ſix", "ſix hundred", "bıllion", "größten", "éight", "²"])
def test_words_in_other_letters_count_nothing(text):
    assert numbers(text) == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"5{' ' * 20_000}x", {5.0}),
        (f"fifty{' ' * 20_000}x", {50.0}),
        (f"a{' ' * 20_000}x", set()),
        (f"5{' -' * 10_000}million", {5.0}),
    ],
)
def test_a_number_before_many_blanks_is_read(text, found):
    assert numbers(text) == found


@pytest.mark.parametrize("text", ["one bag", "The FIRST bag", "a single bag", "once a year", "1 bag"])
def test_who_says_one_bears_out_a_1(text):
    assert stated_numbers(text) == {1.0}


@pytest.mark.parametrize("text", ["someone", "phone", "two bags", "firſt"])
def test_other_words_bear_out_no_1(text):
    assert 1.0 not in stated_numbers(text)
