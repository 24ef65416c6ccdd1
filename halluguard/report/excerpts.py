"""Long texts cut to what a page can hold, with what is left out counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from halluguard.records import Status
from halluguard.report.data import Span
from halluguard.report.statuses import is_flagged

ANSWER_CHARACTERS = 3000
"""Up to this length an answer is shown whole."""
AROUND_CLAIM = 300
"""Characters of a longer answer that stay on each side of a flagged claim."""
NAMED_CLAIMS = 12
"""How many flagged claims of a long answer are certain to be shown in it."""
CLAIM_CHARACTERS = 400
"""Characters shown of a claim where it is repeated beside its evidence."""
TEXT_CHARACTERS = 1200
"""Characters shown of any other text: evidence, entries, questions, one claim."""


def shorten(text: str, limit: int = TEXT_CHARACTERS) -> str:
    """Return `text`, or its first `limit` characters and how many are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]} [… {len(text) - limit:,} more characters]"


def answer_spans(answer: str, claims: Sequence[Mapping[str, Any]]) -> tuple[Span, ...]:
    """Cut an answer into its claims and what lies between them; flagged claims are numbered from 1.

    The texts of the spans and the characters they leave out add up to the answer.
    """
    spans = list(_spans(answer, claims))
    if len(answer) <= ANSWER_CHARACTERS:
        return tuple(span for _, span in spans)
    return tuple(_clip(spans, _windows(answer, spans), len(answer)))


def _spans(answer: str, claims: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Span]]:
    """Yield each span with the place where it starts."""
    position, number = 0, 0
    for claim in sorted(claims, key=lambda row: (row["start"], row["end"])):
        start, end = max(claim["start"], position), min(claim["end"], len(answer))
        status = Status(claim["status"])
        number += is_flagged(status)
        if start >= end:
            continue
        if position < start:
            yield position, Span(answer[position:start])
        yield start, Span(answer[start:end], status, number if is_flagged(status) else None)
        position = end
    if position < len(answer):
        yield position, Span(answer[position:])


def _windows(answer: str, spans: Sequence[tuple[int, Span]]) -> list[tuple[int, int]]:
    """Choose what stays of a long answer: the first flagged claims with their surroundings, else its beginning."""
    flagged = [
        (start, start + min(len(span.text), TEXT_CHARACTERS))
        for start, span in spans
        if span.number is not None
    ]
    wanted = [(start - AROUND_CLAIM, end + AROUND_CLAIM) for start, end in flagged[:NAMED_CLAIMS]] or [
        (0, ANSWER_CHARACTERS)
    ]
    windows: list[tuple[int, int]] = []
    for low, high in wanted:
        start, end = _after_space(answer, max(low, 0)), min(high, len(answer))
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(windows[-1][1], end))
        else:
            windows.append((start, end))
    return windows


def _after_space(answer: str, position: int) -> int:
    """Move a cut forward to the beginning of a word, if one is near."""
    space = answer.find(" ", position, position + 30)
    return position if position == 0 or space < 0 else space + 1


def _clip(
    spans: Sequence[tuple[int, Span]], windows: Sequence[tuple[int, int]], length: int
) -> Iterator[Span]:
    shown = 0
    for low, high in windows:
        if low > shown:
            yield Span("", n_left_out=low - shown)
        for start, span in spans:
            text = span.text[max(low - start, 0) : max(high - start, 0)]
            if text:
                yield replace(span, text=text)
        shown = high
    if shown < length:
        yield Span("", n_left_out=length - shown)
