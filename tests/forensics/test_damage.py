"""Damaged words: found against the store's own words, and nothing said of rare, repeated or foreign ones."""

import random

import pytest

from halluguard.forensics.damage import LEAST_TEXTS, find_misspelt

SUBJECTS = ("The baggage desk", "A passenger", "The crew", "An agent", "The gate")
VERBS = ("should wait for", "must carry", "will bring", "can return", "does not keep")
REST = (
    "the ticket that was bought with the other one",
    "a bag and the tag which came with it",
    "their own form",
)


def clean_texts(count=300):
    draw = random.Random(7)
    return [
        " ".join(f"{draw.choice(SUBJECTS)} {draw.choice(VERBS)} {draw.choice(REST)}." for _ in range(3))
        for _ in range(count)
    ]


def damage(text, seed=1):
    """Drop or double a letter of every second word in small letters."""
    draw = random.Random(seed)
    words = []
    for at, word in enumerate(text.split()):
        place = draw.randrange(len(word))
        hurt = len(word) > 2 and word.islower() and at % 2
        doubled = word[:place] + word[place:][:1] * 2 + word[place + 1 :]
        words.append((doubled if draw.random() < 0.5 else word[:place] + word[place + 1 :]) if hurt else word)
    return " ".join(words)


def test_damaged_copy_is_found_with_the_words_it_was_meant_to_hold():
    texts = clean_texts()
    copy = damage(texts[0])

    found = find_misspelt([*texts, copy])

    assert found[-1] is not None
    assert found[-1].share > 0.2
    words = {word for text in texts for word in text.replace(".", "").split()}
    assert {meant for _, meant in found[-1].examples} <= words
    assert not {slip for slip, _ in found[-1].examples} & words


def test_clean_store_gives_none():
    assert find_misspelt(clean_texts()) == [None] * 300


def test_one_slip_is_no_damage():
    texts = clean_texts()

    assert find_misspelt([*texts, texts[0].replace("the", "teh", 1)])[-1] is None


def test_repeated_rare_word_is_usage():
    texts = clean_texts()

    assert find_misspelt([*texts, f"{texts[0]} " + "wil " * 40])[-1] is None


def test_rare_words_of_the_language_and_other_endings_are_no_slips():
    texts = clean_texts()
    english = "the crew fought and sought a game, a name, a farm, a fork and a wish of the wicket that came with the form"
    endings = "the crew tickete and tickets that carrys with the formed and the cames which should returns"
    slips = "the crew toicket and tickxet that crry with the frm and the caeme which shoud retrn"

    assert [found is None for found in find_misspelt([*texts, english, endings, slips])[-3:]] == [
        True,
        True,
        False,
    ]


def test_a_slip_in_a_name_weighs_less_than_one_in_small_letters():
    texts = clean_texts()
    small = "the crew will wait for the passneger with the tikcet and the othre form"
    names = "the crew will wait for the Passneger with the Tikcet and the Othre form"

    assert [found is None for found in find_misspelt([*texts, small, names])[-2:]] == [False, True]


def test_another_first_letter_or_accent_is_another_word():
    texts = clean_texts()
    text = "the cassenger can vicket the tícket and the bther lorm of the pássenger"

    assert find_misspelt([*texts, text])[-1] is None


def test_text_of_another_language_is_not_misspelt():
    texts = clean_texts()
    known = sorted({word for text in texts for word in text.replace(".", "").split() if word.islower()})
    kindred = " ".join(f"{word[:-2]}x{word[-1]}" for word in known if len(word) > 3)

    found = find_misspelt([*texts, kindred, f"{kindred} {' '.join(known)}"])

    assert found[-2] is None
    assert found[-1] is not None


def test_store_too_small_to_know_its_words_says_nothing():
    texts = clean_texts(LEAST_TEXTS - 1)

    assert find_misspelt([*texts, damage(texts[0])])[-1] is None


@pytest.mark.parametrize("texts", [[], [""], ["12 34", "!?", "ABC"]])
def test_texts_without_words_give_none(texts):
    assert find_misspelt(texts) == [None] * len(texts)


def test_order_of_the_store_changes_nothing():
    texts = [*clean_texts(), *(damage(text, seed) for seed, text in enumerate(clean_texts(5)))]

    assert find_misspelt(texts[::-1]) == find_misspelt(texts)[::-1]
