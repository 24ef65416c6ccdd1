"""What an answer adds to its question: its own words and numbers, and how many of them a text holds."""

from halluguard.text.words import numbers, stems

Term = str | float
"""A word by its stem, or a number by its value."""

_ASSENT = frozenset({"yes"})
"""An answer that no text holds: who says so says it in the words of the question. `No` is a function word."""


def terms(text: str) -> frozenset[Term]:
    """Return the stems and numbers of a text; digits count as the numbers they are, and "one" as 1."""
    words = stems(text)
    said = frozenset(word for word in words if not word.isdigit() and word != "one") | numbers(text)
    return said | {1.0} if "one" in words else said


def own_terms(claim: str, question: str | None) -> frozenset[Term]:
    """Return the words and numbers that a claim adds to its question; all of them where it adds none."""
    said = terms(claim) - _ASSENT
    return said - terms(question) or said if question else said


def anchor_share(claim: str, question: str | None, text: str) -> float:
    """Return the share of a claim's own words and numbers that a text holds, 0 to 1. Numbers are compared as values."""
    own = own_terms(claim, question)
    return len(own & terms(text)) / len(own) if own else 0.0


def short_answer(claim: str, question: str | None) -> frozenset[Term]:
    """Return what an answer read behind its question adds to it; nothing where a claim is no such fragment.

    Nothing for a yes or no, too, which repeats the question.
    """
    asked = " ".join((question or "").split())
    if not asked or not claim.startswith(asked):
        return frozenset()
    return terms(claim[len(asked) :]) - _ASSENT - terms(asked)
