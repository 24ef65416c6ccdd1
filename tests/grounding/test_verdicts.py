"""Each row of the design's table."""

import itertools

import pytest

from halluguard.grounding.verdicts import status_of, unchecked_status
from halluguard.records import ClaimKind, Reading, Status

E = Reading(0.9, 0.05, supports=True, contradicts=False)
C = Reading(0.05, 0.9, supports=False, contradicts=True)
N = Reading(0.2, 0.2, supports=False, contradicts=False)


@pytest.mark.parametrize(
    ("cited", "others", "trusted", "expected"),
    [
        (E, None, E, Status.GROUNDED),
        (E, None, N, Status.UNCORROBORATED),
        (E, None, None, Status.UNCORROBORATED),
        (E, None, C, Status.SOURCE_CONFLICT),
        (N, N, E, Status.MISATTRIBUTED),
        (N, E, N, Status.MISATTRIBUTED),
        (C, E, None, Status.MISATTRIBUTED),
        (None, N, E, Status.MISATTRIBUTED),
        (N, N, C, Status.CONTRADICTED),
        (N, E, C, Status.CONTRADICTED),
        (C, N, N, Status.UNSUPPORTED),
        (N, N, N, Status.UNSUPPORTED),
        (None, None, None, Status.UNSUPPORTED),
    ],
)
def test_cited_claim(cited, others, trusted, expected):
    assert status_of(cited, others, trusted, has_citation=True) is expected


@pytest.mark.parametrize(
    ("others", "trusted", "expected"),
    [
        (E, E, Status.UNCITED),
        (N, E, Status.UNCITED),
        (None, E, Status.UNCITED),
        (E, N, Status.UNCORROBORATED),
        (E, C, Status.SOURCE_CONFLICT),
        (N, C, Status.CONTRADICTED),
        (N, N, Status.UNSUPPORTED),
        (None, None, Status.UNSUPPORTED),
    ],
)
def test_claim_without_citation(others, trusted, expected):
    assert status_of(None, others, trusted, has_citation=False) is expected


def test_more_support_never_makes_a_claim_ungrounded():
    bad = {Status.UNSUPPORTED, Status.CONTRADICTED, Status.SOURCE_CONFLICT}
    for cited, others, has in itertools.product((E, N, C, None), (E, N, C, None), (True, False)):
        assert status_of(cited, others, E, has_citation=has) not in bad


def test_spans_that_are_no_claims_need_no_reading():
    assert unchecked_status(ClaimKind.ABSTAINED) is Status.ABSTAINED
    assert unchecked_status(ClaimKind.NOT_A_CLAIM) is Status.NOT_A_CLAIM
    assert unchecked_status(ClaimKind.CLAIM) is None
