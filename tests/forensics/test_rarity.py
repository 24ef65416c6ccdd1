import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluguard.forensics.nearest import EntryIndex
from halluguard.forensics.rarity import DOUBT, FULL, SAMPLE, Background, told
from halluguard.records import Entry

EAST = np.array([1.0, 0.0], dtype=np.float32)
WEST = -EAST
QUESTION = "What does a bag cost?"


def store(near, far):
    texts = [*near, *far]
    vectors = np.array([EAST] * len(near) + [WEST] * len(far), dtype=np.float32)
    entries = tuple(Entry(str(number), text) for number, text in enumerate(texts))
    return Background(EntryIndex(entries, vectors, embedded_again=False))


def test_a_planted_word_stays_rare_and_a_common_one_does_not():
    planted = ["A bag costs 80 florins in two parts."] * 200
    background = store(planted, ["Two boats leave at noon."] * 200)

    rarity = background.rarity("80 florins, two", QUESTION, EAST)

    assert rarity["florin"] == pytest.approx(FULL + math.log((200 + DOUBT) / DOUBT))
    assert rarity[80.0] == rarity["florin"]
    assert rarity[2.0] == pytest.approx(-math.log((200 + DOUBT * math.exp(-FULL)) / (200 + DOUBT)))
    assert told(["florin"], rarity) == 1.0
    assert told([2.0], rarity) < 0.1


def test_a_store_too_small_to_tell_takes_a_word_for_rare():
    rarity = store(["x"], ["y"]).rarity("It costs florins.", QUESTION, EAST)

    assert told(["florin"], rarity) == 1.0


def test_an_empty_store_tells_nothing():
    index = EntryIndex((), np.zeros((0, 2), dtype=np.float32), embedded_again=False)

    assert Background(index).rarity("florins", QUESTION, EAST)["florin"] == pytest.approx(FULL)


def test_an_entry_without_text_holds_no_word():
    entries = (Entry("a", None), Entry("b", "florins"))
    background = Background(EntryIndex(entries, np.stack([WEST, EAST]), embedded_again=False))

    assert background.rarity("florins", QUESTION, EAST)["florin"] > FULL


def test_a_large_store_is_sampled():
    far = ["Florins are taken."] * (SAMPLE // 2) + ["No coins."] * (SAMPLE // 2)
    background = store(["A bag."] * SAMPLE, far)

    assert background.rarity("florins", QUESTION, EAST)["florin"] == pytest.approx(math.log(2), abs=0.05)


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 20)), st.data())
def test_more_words_tell_no_less(rarity, data):
    held = data.draw(st.lists(st.sampled_from(sorted(rarity)), unique=True)) if rarity else []

    shares = [told(held[:count], rarity) for count in range(len(held) + 1)]

    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
