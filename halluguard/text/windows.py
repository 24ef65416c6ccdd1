"""Passages to overlapping windows of whole sentences, short enough for a model to read well."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from halluguard.text.remember import remember

WINDOW_TOKENS = 140
"""Tokens a window aims at. A small cross-encoder reads short premises better than long ones: measured on
`grounding/dev`, see `evals.grounding`."""

OVERLAP_SENTENCES = 1
"""Sentences that neighbouring windows share, so that evidence across a border is read whole once."""

_PIECE = re.compile(r"[^\W_]+|[^\w\s]|_")
_WIDE = re.compile(r"[\u2e80-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text: `text[start:end]`."""

    start: int
    end: int


def estimate_tokens(text: str) -> int:
    """Return about how many WordPiece tokens a text takes, rather too many than too few, without a tokenizer.

    A word counts one token for each six characters begun, a punctuation mark one, and an ideograph one.
    """
    words = sum(1 + (len(piece) - 1) // 6 for piece in _PIECE.findall(text))
    return words + len(_WIDE.findall(text))


@remember
def split_sentences(text: str) -> tuple[Span, ...]:
    """Return the sentences of a text without surrounding white space, in order; line breaks end a sentence too.

    A sentence longer than WINDOW_TOKENS is cut at white space, so that no sentence fills a window alone.
    """
    from sentencex import get_sentence_boundaries

    spans: list[Span] = []
    for line in re.finditer(r"[^\n]+", text):
        for bounds in get_sentence_boundaries("en", line.group()):
            span = _strip(text, line.start() + bounds["start_index"], line.start() + bounds["end_index"])
            if span.end > span.start:
                spans += _cut(text, span, WINDOW_TOKENS)
    return tuple(spans)


def _strip(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return Span(
        start + len(part) - len(part.lstrip()),
        end - (len(part) - len(part.rstrip())) if part.strip() else start,
    )


@remember
def split_windows(text: str, limit: int = WINDOW_TOKENS) -> tuple[Span, ...]:
    """Return overlapping windows of whole sentences that cover a text, in order.

    A text that fits with half as much again stays whole.

    Args:
        text: a passage.
        limit: estimated tokens a window may hold.

    """
    sentences = [piece for span in split_sentences(text) for piece in _cut(text, span, limit)]
    sizes = [estimate_tokens(text[span.start : span.end]) for span in sentences]
    if not sentences:
        return ()
    if sum(sizes) <= limit + limit // 2:
        return (Span(sentences[0].start, sentences[-1].end),)
    return tuple(Span(sentences[first].start, sentences[last].end) for first, last in _group(sizes, limit))


def _group(sizes: Sequence[int], limit: int) -> Iterator[tuple[int, int]]:
    """Yield first and last positions of runs whose sizes stay under the limit; each run adds something new."""
    first = 0
    while first < len(sizes):
        last, total = first, sizes[first]
        while last + 1 < len(sizes) and total + sizes[last + 1] <= limit:
            last += 1
            total += sizes[last]
        yield first, last
        if last + 1 == len(sizes):
            return
        first = max(first + 1, last + 1 - OVERLAP_SENTENCES)
        if OVERLAP_SENTENCES and first <= last and sum(sizes[first : last + 2]) > limit:
            first = last + 1


def _cut(text: str, span: Span, limit: int) -> Iterator[Span]:
    """Yield a sentence whole, or in pieces that stay under the limit where it is longer."""
    if estimate_tokens(text[span.start : span.end]) <= limit:
        yield span
        return
    start, total = span.start, 0
    for word in re.finditer(r"\S{1,300}\s*", text[span.start : span.end]):
        size = estimate_tokens(word.group())
        if total and total + size > limit:
            yield _strip(text, start, span.start + word.start())
            start, total = span.start + word.start(), 0
        total += size
    yield _strip(text, start, span.end)
