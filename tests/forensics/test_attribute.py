from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from halluguard.forensics.attribute import Attribution, Attributor, measure, was_caught
from halluguard.forensics.candidates import Candidate, Flagged
from halluguard.forensics.nearest import EntryIndex
from halluguard.forensics.responsibility import Accusation, ResponsibilityModel
from halluguard.forensics.signals import FEATURES
from halluguard.records import Entry, Origin, Reading
from halluguard.text import own_terms

FLAGGED = Flagged(
    "t#0", "t", "It costs 9.", None, None, ("a",), {"a": ("It costs 9.",), "b": ("x",)}, conflict=True
)
CITED = Candidate(
    Entry("a", "It costs 9."), 0, "It costs 9.", edited_since=False, pull=0.5, lean=0.0, shown=True
)
SAYS_SO = Reading(0.9, 0.0, supports=True, contradicts=False)


def test_the_cited_source_of_a_claim_in_conflict_is_caught():
    assert was_caught(FLAGGED, CITED, SAYS_SO)


@pytest.mark.parametrize(
    ("flagged", "candidate", "reading"),
    [
        (replace(FLAGGED, conflict=False), CITED, SAYS_SO),
        (FLAGGED, replace(CITED, entry=Entry("b", "x")), SAYS_SO),
        (FLAGGED, CITED, replace(SAYS_SO, supports=False)),
        (FLAGGED, CITED, replace(SAYS_SO, p_supported=0.5)),
        (replace(FLAGGED, cited_ids=()), replace(CITED, shown=False), SAYS_SO),
    ],
    ids=[
        "no conflict",
        "shown but not cited",
        "does not say so",
        "may say so",
        "cites nothing and was not shown",
    ],
)
def test_nothing_else_is_caught(flagged, candidate, reading):
    assert not was_caught(flagged, candidate, reading)


def test_where_nothing_is_cited_what_was_shown_is_caught():
    assert was_caught(replace(FLAGGED, cited_ids=()), CITED, SAYS_SO)


def test_an_echo_is_heard_only_from_what_pushes_the_same_way():
    east, west = np.array([1, 0], dtype=np.float32), np.array([-1, 0], dtype=np.float32)
    candidates = [
        replace(CITED, text="It costs 9.", way=east),
        replace(CITED, text="The price is 9.", way=east),
        replace(CITED, text="9 people came.", way=west),
        replace(CITED, text="It is 9, says the log.", way=None),
    ]

    found = measure(FLAGGED, candidates, [SAYS_SO, replace(SAYS_SO, p_supported=0.5), SAYS_SO, SAYS_SO])

    assert found[0].echo == pytest.approx(0.5 * found[1].anchor)
    assert found[1].echo == pytest.approx(0.9 * found[0].anchor)
    assert found[2].echo == found[3].echo == 0


def test_words_that_stand_anywhere_tell_less():
    own = own_terms(FLAGGED.claim, FLAGGED.question)
    common, rare = (replace(FLAGGED, rarity=dict.fromkeys(own, nats)) for nats in (1.0, 8.0))

    tells = [measure(one, [CITED], [SAYS_SO])[0] for one in (common, rare)]

    assert tells[0].told < tells[1].told == 1.0
    assert tells[0].as_row()[0] < tells[1].as_row()[0]


def test_what_says_the_opposite_is_not_responsible():
    attributor = Attributor(None, None, None, ResponsibilityModel({}, 0.0, (), ()))
    opposite = replace(SAYS_SO, supports=False, contradicts=True)

    assert attributor._cleared([True, True, False], (), [SAYS_SO, opposite, opposite]) == [False, True, True]


def test_what_is_left_is_judged_without_the_echo_of_what_was_removed():
    """A score of the echo alone, with clean events below 0.7: only what still has an echo is under suspicion."""
    texts = ["It costs 9.", "The price is 9.", "One pays 9."]
    index = EntryIndex(
        tuple(Entry(str(i), text) for i, text in enumerate(texts)),
        np.ones((3, 1), dtype=np.float32),
        embedded_again=False,
    )
    weights = {name: 4.0 if name == "echo" else 0.0 for name in FEATURES}
    model = ResponsibilityModel(weights, -2.0, tuple(np.linspace(0.2, 0.7, 199).tolist()), ())
    flagged = replace(FLAGGED, cited_ids=(), chunks={}, conflict=False)
    way = np.array([1.0], dtype=np.float32)
    candidates = tuple(
        replace(CITED, entry=index.entries[i], position=i, text=text, way=way) for i, text in enumerate(texts)
    )
    attributor = Attributor(index, None, None, model)
    event = attributor._accuse(flagged, candidates, (SAYS_SO, SAYS_SO, replace(SAYS_SO, p_supported=0.1)))

    assert event.accusation.origin is Origin.STORE
    assert attributor._is_still_said(event, [0, 1])
    assert not attributor._is_still_said(event, [2])
    assert not attributor._is_still_said(event, [])


class SaysNothing:
    """Bears no claim out."""

    def read(self, requests):
        return [replace(SAYS_SO, supports=False, p_supported=0.1) for _ in requests]


def test_a_replay_ranks_what_was_there_when_the_answer_was_given():
    asked = datetime(2026, 3, 9, tzinfo=UTC)
    dates = [None, asked + timedelta(days=1), asked - timedelta(days=1)]
    entries = tuple(Entry(str(i), "It costs 9.", ingested_at=date) for i, date in enumerate(dates))
    vectors = np.ones((3, 1), dtype=np.float32)
    index = EntryIndex(entries, vectors, embedded_again=True)
    model = ResponsibilityModel(
        dict.fromkeys(FEATURES, 0.0), -2.0, tuple(np.linspace(0.2, 0.7, 199).tolist()), ()
    )
    attributor = Attributor(index, SaysNothing(), None, model)
    flagged = replace(FLAGGED, cited_ids=(), chunks={}, conflict=False, timestamp=asked)
    candidate = replace(CITED, entry=entries[0], way=vectors[0])
    event = Attribution(flagged, (candidate,), (SAYS_SO,), Accusation(Origin.STORE, (0,), (0.9,), (0.01,)))

    (made,), remaining = attributor._replay([event], vectors[:1], vectors[:1])

    assert remaining == [(2,)]
    assert [one.entry.id for one in made.candidates] == ["0", "2"]
