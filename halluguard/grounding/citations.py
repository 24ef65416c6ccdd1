"""Citation markers of an answer: where they stand and which retrieved chunks they mean.

A label is looked up among the ids of the retrieved chunks first; a plain number ("[2]", "[doc2]", "Passage 2") then
counts the chunks shown to the model in rank order, from 1, or from 0 if the answer holds a marker 0. What a
marker names in vain is a ghost, if it can only be meant as a citation; "[sic]", "[2020]" and `rows[0]` are left alone.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from halluguard.grounding.markdown import Block, BlockKind
from halluguard.records import Chunk, Turn


@dataclass(frozen=True, slots=True)
class Marker:
    """A citation in the answer; `drop` says that it is no part of the sentence a model should read."""

    start: int
    end: int
    ids: tuple[str, ...] = ()
    ghosts: tuple[str, ...] = ()
    drop: bool = True


_NOUN = r"(?:passage|source|document|doc|excerpt|snippet|chunk|context|ctx|reference|ref|citation|result)"
_LIST = r"\d{1,3}(?:\s{0,2}(?:,\s{0,2}and\b|,|;|&|and\b|or\b|-|–|to\b)\s{0,2}#?\d{1,3}){0,12}"
_BRACKETED = re.compile(
    r"\\?\[(?P<square>[^\[\]\n]{1,200})\](?:\((?P<target>[^()\s]{0,500})\))?"
    r"|【(?P<lens>[^【】\n]{1,200})】"
    r"|\((?P<round>[^()\n]{1,200})\)"
    r"|<sup>\s{0,3}\[?(?P<sup>\d{1,3}(?:\s?,\s?\d{1,3}){0,12})\]?\s{0,3}</sup>"
    r"|(?<=[\w.,;:!?\"”’')\]])\^(?P<caret>\d{1,3})(?!\w)"
    r"|(?P<raised>[⁰¹²³⁴-⁹]{1,3}(?:[,˒]?[⁰¹²³⁴-⁹]{1,3}){0,6})"
)
_MENTION = re.compile(rf"\b{_NOUN}s?\s{{1,2}}(?:#|no\.\s?|number\s)?(?P<numbers>{_LIST})\b", re.IGNORECASE)
_NUMBERED = re.compile(rf"(?:{_NOUN}s?[\s_#:.\-–]{{0,3}}|\^|#)?(?P<numbers>{_LIST})\Z", re.IGNORECASE)
_WRAPPED = re.compile(
    rf"(?:(?:see(?:\s+also)?|from|in|based\s+on|(?:as\s+)?(?:mentioned|stated|noted|described|explained)\s+in|according\s+to|via)\s+)?(?:the\s+)?(?:sources?\s*[:=]\s*)?"
    rf"{_NOUN}s?[\s_#:.\-–]{{0,3}}(?P<numbers>{_LIST})(?:,\s*(?:step|page|p\.|section|line|para(?:graph)?)s?\s*[\d\-–]{{1,9}})?\.?\Z",
    re.IGNORECASE,
)
_PREFIXED = re.compile(
    r"(?:sources?|docs?|documents?|ids?|citations?|cite|refs?|references?|chunks?|passages?)\s*[:=]\s*(?P<label>.+)\Z",
    re.IGNORECASE,
)
_FILE_SEARCH = re.compile(r"(?P<message>\d{1,3}:)?(?P<number>\d{1,3})†.{0,150}\Z")
_PART = re.compile(r"\s*[,;|]\s*")
_RANGE = re.compile(r"(\d{1,3})\s*(?:-|–|to\b)\s*#?(\d{1,3})|(\d{1,3})", re.IGNORECASE)
_CODE_SPAN = re.compile(r"(`{1,2})(?!`)[^`\n]{1,300}\1")
_ID_SHAPE = re.compile(r"\d+")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_RAISED_WORD = 4
_MAX_RANGE = 20
_MARKER_CHARS = 40
_OPENING, _CLOSING = ("[", "(", "【"), ("]", ")", "】")
_QUICK = re.compile(rf"[\[【(^⁰¹²³⁴-⁹]|<sup>|\b{_NOUN}s?\s", re.IGNORECASE)


def find_markers(turn: Turn, blocks: Sequence[Block] = ()) -> tuple[Marker, ...]:
    """Return the citation markers of the answer in order, none overlapping; code in `blocks` is passed over.

    A marker that is plainly one (a number after a sentence, an id of the shape the retrieved ids have) and resolves to
    nothing is returned with its label as a ghost if the turn has retrieved chunks, and without one if it has none.
    """
    answer = turn.answer
    explicit = _explicit(turn)
    if not _QUICK.search(answer):
        return tuple(explicit)
    taken = _Spans((marker.start, marker.end) for marker in explicit)
    shelf = _Shelf(turn.retrieved)
    hidden = _code_spans(answer, blocks)
    found = [
        match
        for match in _BRACKETED.finditer(answer)
        if match.start() not in hidden and match.start() not in taken
    ]
    shelf.count_from_zero_if(any(match["square"] == "0" for match in found))
    markers = explicit + [marker for match in found if (marker := _bracketed(match, shelf))]
    markers += _mentions(answer, shelf, hidden, markers)
    return tuple(sorted(markers, key=lambda marker: marker.start))


def _explicit(turn: Turn) -> list[Marker]:
    """Where the markers that the log itself names stand, so that no model reads them; their ids are the log's affair."""
    spans: set[tuple[int, int]] = set()
    for text in sorted({citation.marker for citation in turn.citations or () if citation.marker}):
        spans.update(match.span() for match in re.finditer(re.escape(text), turn.answer))
    for citation in turn.citations or ():
        if (
            citation.start is not None
            and citation.end is not None
            and citation.end - citation.start <= _MARKER_CHARS
        ):
            framed = turn.answer[citation.start : citation.end]
            if framed[:1] in _OPENING and framed[-1:] in _CLOSING:
                spans.add((citation.start, citation.end))
    markers: list[Marker] = []
    for start, end in sorted(spans):
        if not markers or start >= markers[-1].end:
            markers.append(Marker(start, end))
    return markers


class _Shelf:
    """The retrieved chunks of one turn, by id and by number."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._ids = {chunk.id: chunk.id for chunk in chunks}
        self._folded = {chunk.id.casefold(): chunk.id for chunk in reversed(chunks)}
        self._shapes = frozenset(_ID_SHAPE.sub("0", chunk.id) for chunk in chunks)
        shown = [chunk for chunk in chunks if chunk.used]
        if all(chunk.rank is not None for chunk in shown):
            shown.sort(key=lambda chunk: chunk.rank or 0)
        self._ranked = [chunk.id for chunk in shown]
        self._base = 1

    def __bool__(self) -> bool:
        return bool(self._ids)

    def count_from_zero_if(self, zero: bool) -> None:
        self._base = 0 if zero and "0" not in self._ids else 1

    def by_id(self, label: str) -> str | None:
        return self._ids.get(label) or self._folded.get(label.casefold())

    def by_number(self, number: int) -> str | None:
        """Return the chunk a plain number means: the one whose id it is, else the one at that rank."""
        place = number - self._base
        return self._ids.get(str(number)) or (self._ranked[place] if 0 <= place < len(self._ranked) else None)

    def has_shape_of(self, label: str) -> bool:
        """Whether the label looks like the retrieved ids, digits apart ("kb-999" beside "kb-112")."""
        return (
            any(char.isdigit() for char in label)
            and not label.isdigit()
            and _ID_SHAPE.sub("0", label) in self._shapes
        )


class _Spans:
    """Spans asked many times whether a place is inside one of them; they may overlap."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._reach = list(accumulate((end for _, end in ordered), max))

    def __contains__(self, place: int) -> bool:
        before = bisect_right(self._starts, place)
        return before > 0 and place < self._reach[before - 1]


def _code_spans(answer: str, blocks: Sequence[Block]) -> _Spans:
    spans = [(block.start, block.end) for block in blocks if block.kind is BlockKind.CODE]
    if "`" in answer:
        spans += [match.span() for match in _CODE_SPAN.finditer(answer)]
    return _Spans(spans)


def _bracketed(match: re.Match[str], shelf: _Shelf) -> Marker | None:
    form = match.lastgroup if match.lastgroup != "target" else "square"
    content = match[form or ""].strip().rstrip("\\").strip()
    if form == "raised":
        return _raised(match, content.translate(_RAISED), shelf)
    if form in ("sup", "caret"):
        return _numbers(match, content, shelf, ghosts=bool(shelf))
    if form == "round":
        return _rounded(match, content, shelf)
    return _squared(match, content, shelf)


def _squared(match: re.Match[str], content: str, shelf: _Shelf) -> Marker | None:
    file_search = _FILE_SEARCH.match(content)
    if file_search:
        # "message:index" counts from 0, a bare number from 1
        content = str(int(file_search["number"]) + (file_search["message"] is not None))
    whole = shelf.by_id(content)
    if whole is not None:
        return Marker(*match.span(), (whole,))
    target = match["target"]
    if target is not None and not _NUMBERED.match(content):
        linked = shelf.by_id(target)
        return Marker(*match.span(), (linked,), drop=False) if linked else None
    prefixed = _PREFIXED.match(content)
    parts = [_label(part, shelf) for part in _PART.split(prefixed["label"] if prefixed else content) if part]
    if not parts or any(part is None for part in parts):
        return None
    ids = [id_ for part in parts if part for id_ in part[0]]
    ghosts = [label for part in parts if part for label in part[1]]
    if not ids and _is_index(match):
        return None
    return Marker(*match.span(), _unique(ids), _unique(ghosts) if shelf else ())


def _label(label: str, shelf: _Shelf) -> tuple[list[str], list[str]] | None:
    """Return the ids and ghosts one label of a bracket stands for, or None if it is no citation."""
    known = shelf.by_id(label)
    if known is not None:
        return [known], []
    numbered = _NUMBERED.match(label)
    if numbered:
        return _split_numbers(numbered["numbers"], shelf)
    return ([], [label]) if shelf.has_shape_of(label) else None


def _is_index(match: re.Match[str]) -> bool:
    """Whether a bracket that resolves to nothing stands right behind a name, as in `rows[7]`."""
    before = match.string[match.start() - 1 : match.start()] if match["square"] else ""
    return before.isalnum() or before == "_"


def _rounded(match: re.Match[str], content: str, shelf: _Shelf) -> Marker | None:
    known = (
        shelf.by_id(content) if any(char.isdigit() for char in content) and not content.isdigit() else None
    )
    if known is not None:
        return Marker(*match.span(), (known,))
    wrapped = _WRAPPED.match(content)
    if wrapped:
        return _numbers(match, wrapped["numbers"], shelf, ghosts=bool(shelf))
    prefixed = _PREFIXED.match(content)
    linked = shelf.by_id(prefixed["label"].strip()) if prefixed else None
    return Marker(*match.span(), (linked,)) if linked else None


def _raised(match: re.Match[str], digits: str, shelf: _Shelf) -> Marker | None:
    """Take a raised figure as a citation after a word or a point, not after a unit ("m²") or a number ("10²")."""
    before = match.string[max(0, match.start() - _RAISED_WORD) : match.start()]
    if not before or not (
        before[-1] in ".,;:!?\"”’')]" or (len(before) == _RAISED_WORD and before.isalpha())
    ):
        return None
    marker = _numbers(match, digits.replace("˒", ","), shelf, ghosts=False)
    return marker if marker.ids else None


def _numbers(match: re.Match[str], numbers: str, shelf: _Shelf, *, ghosts: bool) -> Marker:
    ids, missing = _split_numbers(numbers, shelf)
    return Marker(*match.span(), _unique(ids), _unique(missing) if ghosts else ())


def _split_numbers(numbers: str, shelf: _Shelf) -> tuple[list[str], list[str]]:
    ids, missing = [], []
    for number in _expand(numbers):
        known = shelf.by_number(number)
        if known is None:
            missing.append(str(number))
        else:
            ids.append(known)
    return ids, missing


def _expand(numbers: str) -> Iterator[int]:
    for first, last, single in _RANGE.findall(numbers):
        if single:
            yield int(single)
        elif int(first) <= int(last) <= int(first) + _MAX_RANGE:
            yield from range(int(first), int(last) + 1)
        else:
            yield from (int(first), int(last))


def _mentions(answer: str, shelf: _Shelf, hidden: _Spans, markers: Sequence[Marker]) -> list[Marker]:
    """Find sources named in the prose ("According to passage 2, ..."): they cite if they resolve, and stay where they are."""
    taken = _Spans((marker.start, marker.end) for marker in markers)
    found = []
    for match in _MENTION.finditer(answer):
        if match.start() not in hidden and match.start() not in taken:
            ids, _ = _split_numbers(match["numbers"], shelf)
            if ids:
                found.append(Marker(*match.span(), _unique(ids), drop=False))
    return found


def _unique(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))
