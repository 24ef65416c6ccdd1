"""Sentences of a block of prose, by character offset, none longer than a model can read."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from sentencex import get_sentence_boundaries

from halluguard.grounding.citations import Marker
from halluguard.grounding.markdown import Span
from halluguard.text import mend_text

MAX_CLAIM_CHARS = 600
"""Longer sentences are cut at punctuation or a blank: about 150 tokens, so that evidence still fits beside a claim."""

WRAP_COLUMNS = 60
"""A line at least this long without a full stop is taken to go on in the next one."""

_LINE_END = re.compile(r"[.!?:;。！？…][\"'”’»*_)\]]*$")
_CLOSERS = re.compile(r"\s*(?:[*_~`\"'”’»)\]]{1,8}(?=\s|$)|[.,;:!?]{1,8}(?=\s|$))")
_NUMBER_ALONE = re.compile(r"(?:[^.!?]{0,60}:\s+)?\d{1,2}[.)]\Z")
_ZONE = re.compile(
    r"\s*(?:UTC|GMT|BST|W?EST|EDT|CES?T|EES?T|PS?T|PDT|MS?T|MDT|CDT|IST|JST|Eastern|Central|Pacific|local)\b"
)
"""What goes on behind "2 a.m." as part of the time."""
_CUT_PLACES = (re.compile(r"[;:。！？][\s\"'”’)]*"), re.compile(r"[,，、][\s\"'”’)]*"), re.compile(r"\s+"))


def split_sentences(answer: str, lines: Sequence[Span], markers: Sequence[Marker]) -> Iterator[Span]:
    """Yield the spans of the sentences in the lines of one block, without outer blanks.

    A line break ends a sentence unless the next line goes on with it. A citation marker, quote or emphasis mark that
    follows a full stop belongs to the sentence before. Each sentence has at most MAX_CLAIM_CHARS characters.
    """
    for start, end in _join_lines(answer, lines):
        text = answer[start:end]
        for left, right in _repair(text, start, _bounds(text), markers):
            yield from _cut(answer, start + left, start + right)


def _join_lines(answer: str, lines: Sequence[Span]) -> Iterator[Span]:
    start, end = lines[0]
    for left, right in lines[1:]:
        line = answer[start:end] if end - start < WRAP_COLUMNS else answer[end - WRAP_COLUMNS : end]
        goes_on = not _LINE_END.search(line) and (
            len(line) >= WRAP_COLUMNS or answer[left].islower() or line.endswith((",", "-", "–", "—", "("))
        )
        if not goes_on:
            yield start, end
            start = left
        end = right
    yield start, end


def _bounds(text: str) -> list[Span]:
    if len(text) < 2:
        return [(0, len(text))]
    flat = text.replace("\n", " ").replace("\r", " ")
    try:
        found = get_sentence_boundaries("en", flat)
    except UnicodeEncodeError:
        found = get_sentence_boundaries("en", mend_text(flat))
    return [(bound["start_index"], bound["end_index"]) for bound in found]


def _repair(text: str, offset: int, bounds: Sequence[Span], markers: Sequence[Marker]) -> Iterator[Span]:
    """Close gaps, give trailing marks to the sentence they follow, and numbers to the one they lead."""
    place = 0
    held = -1
    for number, (_, bound) in enumerate(bounds):
        last = number == len(bounds) - 1
        end = len(text) if last else _after_marks(text, max(bound, place), offset, markers)
        start = _skip_blanks(text, place, end)
        stop = start + len(text[start:end].rstrip())
        place = end
        if start == stop:
            continue
        if not last and (
            (held < 0 and _NUMBER_ALONE.match(text[start:stop]))
            or (text[max(start, stop - 4) : stop].lower() in ("a.m.", "p.m.") and _ZONE.match(text, end))
        ):
            held = start if held < 0 else held
            continue
        yield (start if held < 0 else held), stop
        held = -1
    if held >= 0:
        yield held, len(text.rstrip())


def _skip_blanks(text: str, place: int, end: int) -> int:
    while place < end and text[place].isspace():
        place += 1
    return place


def _after_marks(text: str, place: int, offset: int, markers: Sequence[Marker]) -> int:
    """Where the citation markers and closing marks that start at `place` end; a bound inside a marker moves behind it."""
    index = bisect_right(markers, offset + place, key=lambda marker: marker.start) - 1
    if index >= 0 and markers[index].drop and markers[index].end > offset + place:
        place = min(len(text), markers[index].end - offset)
    while True:
        ahead = _skip_blanks(text, place, len(text))
        index = bisect_left(markers, offset + ahead, key=lambda marker: marker.start)
        if index < len(markers) and markers[index].start == offset + ahead and markers[index].drop:
            place = min(len(text), markers[index].end - offset)
            continue
        closer = _CLOSERS.match(text, place)
        if not closer or closer.end() == place or (text[place].isspace() and not _closes(text, closer)):
            return place
        place = closer.end()


def _closes(text: str, closer: re.Match[str]) -> bool:
    """Whether marks behind a blank close something rather than open it: they end the text or are not emphasis."""
    return closer.end() == len(text) or closer[0].strip()[0] in ".,;:!?)]"


def _cut(answer: str, start: int, end: int) -> Iterator[Span]:
    while end - start > MAX_CLAIM_CHARS:
        middle, limit = start + MAX_CLAIM_CHARS // 2, start + MAX_CLAIM_CHARS
        place = next(
            (found for pattern in _CUT_PLACES if (found := _last(pattern, answer, middle, limit))), limit
        )
        stop = start + len(answer[start:place].rstrip())
        if stop > start:
            yield start, stop
        start = _skip_blanks(answer, place, end)
    if start < end:
        yield start, end


def _last(pattern: re.Pattern[str], answer: str, middle: int, limit: int) -> int:
    place = 0
    for found in pattern.finditer(answer, middle, limit):
        place = found.end()
    return place
