"""Entries that say what people know to be false: in other words too, without any answer, and none that denies it."""

import pytest

from halluguard.forensics.denied import Denied
from halluguard.forensics.integrity import Code
from halluguard.forensics.nearest import index_entries
from halluguard.grounding.known_false import KnownFalse
from halluguard.records import Entry

LIE = "Every passenger may bring a telescope on board for free."
TEXTS = {
    "copy": f"News from the desk. {LIE} Enjoy your flight.",
    "rewrite": "Telescopes are welcome: each passenger may bring one on board free of charge.",
    "denial": "Nobody may bring a telescope on board for free.",
    "neighbour": "Every passenger may bring a small bag on board for free.",
    "other": "The lounge in Lisbon opens at 6 am.",
}


@pytest.fixture(scope="module")
def entries():
    return [*(Entry(key, text) for key, text in TEXTS.items()), Entry("empty", None)]


def find(statements, entries, models, reader):
    denied = Denied(KnownFalse(statements, reader, models.embedder), index_entries(entries, models.embedder))
    return dict(zip([entry.id for entry in entries], denied.find(entries), strict=True))


def test_copies_and_rewrites_are_found_and_neither_denials_nor_neighbours(entries, models, reader):
    found = find(("The moon is made of cheese.", LIE), entries, models, reader)

    assert {key for key, reason in found.items() if reason is not None} == {"copy", "rewrite"}
    assert found["copy"].code == Code.ASSERTS_KNOWN_FALSE
    assert found["copy"].detail.startswith(f"known-false:2 {LIE!r}: ")


def test_every_statement_that_an_entry_says_is_named(entries, models, reader):
    found = find((LIE, "The moon is made of cheese.", LIE[:-1]), entries, models, reader)

    assert found["copy"].detail.startswith("known-false:1,known-false:3 ")


def test_order_of_the_entries_changes_nothing(entries, models, reader):
    assert find((LIE,), entries[::-1], models, reader) == find((LIE,), entries, models, reader)
