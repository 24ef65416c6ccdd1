"""Long texts cut to what a page can hold, with what is left out counted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from halluguard.records import Status
from halluguard.report.data import Span
from halluguard.report.statuses import is_flagged

ANSWER_CHARACTERS = 3000
"""Up to this length an answer is shown whole."""
AROUND_CLAIM = 300
"""Characters of a longer answer that stay on each side of a flagged claim."""
NAMED_CLAIMS = 12
"""How many flagged claims of one answer are shown with their evidence."""
TEXT_CHARACTERS = 1600
"""Characters shown of any other text: evidence, entries, questions."""


def shorten(text: str, limit: int = TEXT_CHARACTERS) -> str:
    """Return `text`, or its first `limit` characters and how many are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]} [… {len(text) - limit:,} more characters]"


def answer_spans(answer: str, claims: Sequence[Mapping[str, Any]]) -> tuple[Span, ...]:
    """Cut an answer into its claims and what lies between them; flagged claims are numbered from 1.

    Without what is left out of a long answer, the texts of the spans join to the answer.
    """
    spans = list(_spans(answer, claims))
    if len(answer) > ANSWER_CHARACTERS:
        spans = list(_left_out(spans))
    return tuple(spans)


def _spans(answer: str, claims: Sequence[Mapping[str, Any]]) -> Iterator[Span]:
    position, number = 0, 0
    for claim in sorted(claims, key=lambda row: (row["start"], row["end"])):
        start, end = max(claim["start"], position), min(claim["end"], len(answer))
        status = Status(claim["status"])
        number += is_flagged(status)
        if start >= end:
            continue
        if position < start:
            yield Span(answer[position:start])
        yield Span(answer[start:end], status, number if is_flagged(status) else None)
        position = end
    if position < len(answer):
        yield Span(answer[position:])


def _left_out(spans: Iterable[Span]) -> Iterator[Span]:
    """Keep flagged claims and their surroundings; the beginning of an answer without any."""
    placed, position = [], 0
    for span in spans:
        placed.append((position, span))
        position += len(span.text)
    kept = [
        (start - AROUND_CLAIM, start + min(len(span.text), TEXT_CHARACTERS) + AROUND_CLAIM)
        for start, span in placed
        if span.number is not None
    ] or [(0, ANSWER_CHARACTERS)]
    shown, pending = 0, 0
    for start, span in placed:
        for low, high, keep in _pieces(start, start + len(span.text), kept):
            keep = keep and shown < 2 * ANSWER_CHARACTERS
            if not keep:
                pending += high - low
                continue
            if pending:
                yield Span("", n_left_out=pending)
                pending = 0
            shown += high - low
            yield Span(span.text[low - start : high - start], span.status, span.number)
    if pending:
        yield Span("", n_left_out=pending)


def _pieces(start: int, end: int, kept: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, bool]]:
    """Cut start..end at the borders of the windows that are kept."""
    borders = sorted({start, end, *(edge for window in kept for edge in window if start < edge < end)})
    for low, high in zip(borders, borders[1:], strict=False):
        yield low, high, any(first <= low and high <= last for first, last in kept)
