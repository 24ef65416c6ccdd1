"""Entries that say what people know to be false: in other words too, without any answer, and none that denies it."""

from dataclasses import dataclass

import numpy as np
import pytest

from halluguard.forensics.denied import NEAREST, Denied
from halluguard.forensics.integrity import Code
from halluguard.forensics.nearest import EntryIndex, index_entries
from halluguard.grounding.known_false import KnownFalse
from halluguard.records import Entry, Reading

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


@dataclass
class SaysWhatItRepeats:
    """Finds a statement in every text that holds it, without a model."""

    statements: tuple[str, ...]
    vectors: np.ndarray
    n_read: int = 0

    def read(self, pairs):
        self.n_read += len(pairs)
        borne = Reading(0.9, 0.0, supports=True, contradicts=False)
        return [borne if self.statements[number] in text else None for number, text in pairs]


def test_copies_are_looked_for_until_a_round_finds_none():
    n, others = 2 * NEAREST + 20, 10 * NEAREST
    entries = [Entry(f"c{at}", LIE) for at in range(n)] + [Entry(f"o{at}", "Other.") for at in range(others)]
    vectors = np.array([[1.0, 0.0]] * n + [[0.5, 0.5]] * others, dtype=np.float32)
    known = SaysWhatItRepeats((LIE,), np.array([[1.0, 0.0]], dtype=np.float32))

    found = Denied(known, EntryIndex(tuple(entries), vectors, embedded_again=False)).find(entries)

    assert [reason is not None for reason in found] == [True] * n + [False] * others
    assert known.n_read == 4 * NEAREST
