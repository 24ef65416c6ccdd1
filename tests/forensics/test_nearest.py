"""The store's own ranking: whose vectors it uses, and what becomes of entries that have none."""

import numpy as np
import pytest

from halluguard.forensics.nearest import index_entries
from halluguard.records import Entry

TEXTS = ("north", "east", "south", "west")
WAYS = dict(zip(TEXTS, np.eye(4, dtype=np.float32), strict=True))


class Compass:
    """Embeds each of four texts in a direction of its own, and every other text as nothing."""

    name = digest = "compass"
    dimension = 4
    max_tokens = 8

    def encode(self, texts):
        return np.array([WAYS.get(text, np.zeros(4)) for text in texts], dtype=np.float32).reshape(-1, 4)


def store(*vectors):
    return [Entry(text, text, vector) for text, vector in zip(TEXTS, vectors, strict=True)]


def test_an_entry_without_a_vector_leaves_the_stored_vectors_of_the_others_in_use():
    tilted = np.array([0.98, 0.2, 0, 0], dtype=np.float32)
    index = index_entries(store(tilted, WAYS["east"], WAYS["south"], None), Compass())

    assert not index.embedded_again
    assert index.vectors[0] == pytest.approx(tilted / np.linalg.norm(tilted))
    assert not index.vectors[3].any()
    assert index.unreachable == {3}


def test_a_vector_of_another_dimension_is_none():
    index = index_entries(
        store(WAYS["north"], WAYS["east"], WAYS["south"], np.ones(3, np.float32)), Compass()
    )

    assert not index.embedded_again
    assert index.unreachable == {3}


def test_a_stored_zero_vector_is_damaged_and_not_out_of_reach():
    index = index_entries(
        store(WAYS["north"], WAYS["east"], WAYS["south"], np.zeros(4, np.float32)), Compass()
    )

    assert index.unreachable == frozenset()


@pytest.mark.parametrize(
    "vectors",
    [
        (WAYS["north"], None, None, None),
        (None, None, None, None),
        (WAYS["east"], WAYS["north"], WAYS["west"], None),
    ],
    ids=["most lack one", "all lack one", "another model's"],
)
def test_texts_are_embedded_again_where_the_stored_vectors_cannot_be_used(vectors):
    index = index_entries(store(*vectors), Compass())

    assert index.embedded_again
    assert index.unreachable == frozenset()
    assert index.vectors == pytest.approx(np.eye(4))


def test_a_store_without_texts_has_nothing_to_embed():
    index = index_entries([Entry("a", None, WAYS["north"]), Entry("b", None, WAYS["east"])], Compass())

    assert index.embedded_again
    assert not index.vectors.any()


def test_what_is_left_out_of_a_ranking_is_counted_once():
    index = index_entries(store(*WAYS.values()), Compass())

    assert [at for at, _ in index.rank(WAYS["east"], 4, [1, 1])] == [0, 2, 3]
