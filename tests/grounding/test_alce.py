"""ALCE's citation precision and recall, on the cases of its definition."""

from halluguard.grounding.alce import CitationCounts, count_citations


def test_one_supporting_citation_is_needed():
    counts = count_citations(1, all_support=True, alone={"a": True}, without={"a": False})

    assert counts == CitationCounts(claims=1, supported_claims=1, given=1, needed=1)


def test_citation_that_does_not_support_has_neither_recall_nor_precision():
    counts = count_citations(1, all_support=False, alone={"a": False}, without={"a": False})

    assert counts == CitationCounts(claims=1, supported_claims=0, given=1, needed=0)


def test_irrelevant_second_citation_costs_precision():
    counts = count_citations(
        2, all_support=True, alone={"a": True, "b": False}, without={"a": False, "b": True}
    )

    assert (counts.given, counts.needed) == (2, 1)


def test_two_citations_that_support_only_together_are_both_needed():
    counts = count_citations(
        2, all_support=True, alone={"a": False, "b": False}, without={"a": False, "b": False}
    )

    assert counts.needed == 2


def test_two_citations_that_each_support_are_both_needed():
    counts = count_citations(
        2, all_support=True, alone={"a": True, "b": True}, without={"a": True, "b": True}
    )

    assert counts.needed == 2


def test_ghost_citation_is_given_and_never_needed():
    counts = count_citations(2, all_support=True, alone={"a": True}, without={"a": False})

    assert (counts.given, counts.needed) == (2, 1)


def test_claim_without_citation_counts_in_recall_only():
    assert count_citations(0, all_support=False, alone={}, without={}) == CitationCounts(claims=1)
