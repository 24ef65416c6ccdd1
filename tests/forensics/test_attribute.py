from dataclasses import replace

import pytest

from halluguard.forensics.attribute import was_caught
from halluguard.forensics.candidates import Candidate, Flagged
from halluguard.records import Entry, Reading

FLAGGED = Flagged(
    "t#0", "t", "It costs 9.", None, None, ("a",), {"a": "It costs 9.", "b": "x"}, conflict=True
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
        (replace(FLAGGED, cited_ids=()), replace(CITED, shown=False), SAYS_SO),
    ],
    ids=["no conflict", "shown but not cited", "does not say so", "cites nothing and was not shown"],
)
def test_nothing_else_is_caught(flagged, candidate, reading):
    assert not was_caught(flagged, candidate, reading)


def test_where_nothing_is_cited_what_was_shown_is_caught():
    assert was_caught(replace(FLAGGED, cited_ids=()), CITED, SAYS_SO)
