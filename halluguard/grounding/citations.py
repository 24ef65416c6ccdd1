"""Citation markers of an answer: where they stand and which retrieved chunks they mean.

A label is looked up among the ids of the retrieved chunks first, then among the names of their documents ("[meals.md]",
"[Source: Meals policy, p. 3]"); a plain number ("[2]", "[doc2]", "Passage 2") then counts the chunks shown to the model
in rank order, from 1, or from 0 if the answer holds a marker 0. What a marker names in vain is a ghost, if it can only
be meant as a citation; "[sic]", "[2020]", "[he] said" and `rows[0]` are left alone.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from halluguard.grounding.kinds import is_statement
from halluguard.grounding.markdown import Block, BlockKind
from halluguard.grounding.shelf import Shelf, names_document
from halluguard.records import Citation, Turn


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
    r"|[【［](?P<lens>[^【】［］\n]{1,200})[】］]"
    r"|\((?P<round>[^()\n]{1,200})\)"
    r"|<sup>\s{0,3}\[?(?P<sup>\d{1,3}(?:\s?,\s?\d{1,3}){0,12})\]?\s{0,3}</sup>"
    r"|(?<=[\w.,;:!?\"”’')\]])\^(?P<caret>\d{1,3})(?!\w)"
    r"|(?P<raised>[⁰¹²³⁴-⁹]{1,3}(?:[,˒]?[⁰¹²³⁴-⁹]{1,3}){0,6})"
)
_MENTION = re.compile(rf"\b{_NOUN}s?\s{{1,2}}(?:#|no\.\s?|number\s)?(?P<numbers>{_LIST})\b", re.IGNORECASE)
_NUMBERED = re.compile(rf"(?:{_NOUN}s?[\s_#:.\-–]{{0,3}}|\^|#)?(?P<numbers>{_LIST})\Z", re.IGNORECASE)
_POINTED = r"(?:(?:see(?:\s+also)?|from|in|based\s+on|(?:as\s+)?(?:mentioned|stated|noted|described|explained)\s+in|according\s+to|via)\s+)?(?:the\s+)?"
_POINTER = re.compile(rf"\A{_POINTED}", re.IGNORECASE)
_WRAPPED = re.compile(
    rf"{_POINTED}(?:sources?\s*[:=]\s*)?"
    rf"{_NOUN}s?[\s_#:.\-–]{{0,3}}(?P<numbers>{_LIST})(?:,\s*(?:step|page|p\.|section|line|para(?:graph)?)s?\s*[\d\-–]{{1,9}})?\.?\Z",
    re.IGNORECASE,
)
_PREFIXED = re.compile(
    r"(?:sources?|docs?|documents?|ids?|citations?|cite|refs?|references?|chunks?|passages?)\s*[:=]\s*(?P<label>.+)\Z",
    re.IGNORECASE,
)
_FILE_SEARCH = re.compile(r"(?P<message>\d{1,3}:)?(?P<number>\d{1,3})†.{0,150}\Z")
_SAYS_SOURCE = re.compile(r"(?:sources?|references?|citations?)\s*[:=]", re.IGNORECASE)
_PART = re.compile(r"\s*[,;|]\s*")
_PART_OR_AND = re.compile(r"\s*(?:[,;|&]|\band\b)\s*", re.IGNORECASE)
_PLACE = re.compile(
    r"(?:\A|[,\s#]\s{0,2}\(?|\()(?:(?P<pages>pages|pp\.?)[\s=]{0,2}\d+(?:\s?(?:,|&|-|–|and\b|to\b)\s?\d+){0,5}"
    r"|(?:(?P<page>pages?|pp?\.?)|sections?|sec\.|§{1,2}|chapters?|lines?|para(?:graph)?s?|slides?|steps?)"
    r"[\s=]{0,2}\d[\d.]{0,9}(?:\s?[-–]\s?\d[\d.]{0,9})?)\)?(?=\s*(?:[,;|&]|\Z))",
    re.IGNORECASE,
)
"""A place in a document, behind its name: ", page 3", " p. 3", ", pp. 3-5", "#page=3", " section 4.2"."""
_TITLE = re.compile(
    r"[A-Z][^\n,;:.!?]{0,80}\s(?i:polic(?:y|ies)|guide|guidelines|handbook|manual|faqs?|documentation|knowledge base|(?:terms|conditions)(?: of \w+)?)"
    r"(?:,?\s\(?(?:19|20)\d\d\)?)?\Z"
)
_LED_INTO = re.compile(
    r"\b(?:to|in|by|from|per|see|of|on|with|and|or|the|an?|this|that|these|those|via|at|for|as|is|are|was|were|be|called|named|says?|said|under)[ \t]*\Z",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d{1,3})\s*(?:-|–|to\b)\s*#?(\d{1,3})|(\d{1,3})", re.IGNORECASE)
_FIGURES = re.compile(r"\d{1,3}")
_NUMBER = re.compile(r"\d{1,3}\Z")
_CODE_SPAN = re.compile(r"(`{1,2})(?!`)[^`\n]{1,300}\1")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_RAISED_WORD = 4
_MAX_RANGE = 20
"""In a longer range only its ends are missed where the shelf does not hold them: "[1-40]" has one ghost, not 37."""
_MARKER_CHARS = 40
_NEAR = 20
_OPENING, _CLOSING = ("[", "(", "【", "［"), ("]", ")", "】", "］")
_QUICK = re.compile(rf"[\[【［(^⁰¹²³⁴-⁹]|<sup>|\b{_NOUN}s?\s", re.IGNORECASE)


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
    shelf = Shelf(turn.retrieved)
    hidden = _code_spans(answer, blocks)
    found = [
        match for match in _bracketings(answer) if match.start() not in hidden and match.start() not in taken
    ]
    shelf.count_from_zero_if(any(map(_holds_zero, found)))
    read: list[Marker] = []
    for match in found:
        inside = read and match.start() < read[-1].end
        if not inside and (marker := _bracketed(match, shelf)):
            read.append(marker)
    markers = [*explicit, *read]
    markers += _mentions(answer, shelf, hidden, markers)
    return tuple(sorted(markers, key=lambda marker: marker.start))


def _bracketings(answer: str) -> Iterator[re.Match[str]]:
    """Yield brackets in order, and after a parenthesis those within it."""
    place = 0
    while found := _BRACKETED.search(answer, place):
        yield found
        place = found.end() if found["round"] is None else found.start() + 1


def _holds_zero(match: re.Match[str]) -> bool:
    content = (match["square"] or match["lens"] or match["round"] or "").strip()
    numbered = (_WRAPPED if match["round"] else _NUMBERED).match(content)
    return numbered is not None and 0 in map(int, _FIGURES.findall(numbered["numbers"]))


def find_cited(turn: Turn) -> Iterator[tuple[Citation, tuple[str, ...], tuple[str, ...]]]:
    """Yield each citation that the log itself names, with the ids it means and its ghosts, as a marker would have them.

    Where the log kept no chunks, nothing can be looked up and the ids are those of the log.
    """
    shelf = Shelf(turn.retrieved)
    shelf.count_from_zero_if(any(citation.id == "0" for citation in turn.citations or ()))
    for citation in turn.citations or ():
        known = shelf.by_id(citation.id)
        if known is None and _NUMBER.match(citation.id):
            known = shelf.by_number(int(citation.id))
        ids = shelf.by_name(citation.id) if known is None else (known,)
        if shelf:
            yield citation, ids, () if ids else (citation.id,)
        else:
            yield citation, (citation.id,), ()


def find_marker(marker: str, answer: str) -> list[tuple[int, int]]:
    """Return where a marker that the log names stands in an answer: not within a word, and a bare number or letter in brackets alone.

    A number may stand in a list of them: "[1, 2]".
    """
    pattern = re.escape(marker)
    if marker.isdecimal():
        pattern = rf"[\[【［]\s?(?:\d{{1,3}},\s?){{0,8}}{pattern}(?:,\s?\d{{1,3}}){{0,8}}\s?[\]】］]|\(\s?{pattern}\s?\)"
    elif len(marker) == 1 and marker.isalpha():
        pattern = rf"[\[(【［]\s?{pattern}\s?[\])】］]"
    elif any(end.isalpha() or end.isdecimal() for end in (marker[0], marker[-1])):  # "¹" is set at a word
        pattern = rf"(?<!\w){pattern}(?!\w)"
    return [match.span() for match in re.finditer(pattern, answer)]


def names_chunks(text: str, shelf: Shelf) -> bool:
    """Whether a text is only the names of retrieved chunks or their documents, as "Source: a.md, p. 3" is."""
    prefixed = _PREFIXED.match(text)
    label = prefixed["label"] if prefixed else text
    return any(parts and all(map(shelf.find, parts)) for parts in _ways_to_part(label))


def _explicit(turn: Turn) -> list[Marker]:
    """Where the markers that the log itself names stand, so that no model reads them; their ids are the log's affair."""
    spans: set[tuple[int, int]] = set()
    for text in sorted({citation.marker for citation in turn.citations or () if citation.marker}):
        spans.update(find_marker(text, turn.answer))
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


def _bracketed(match: re.Match[str], shelf: Shelf) -> Marker | None:
    form = match.lastgroup if match.lastgroup != "target" else "square"
    content = match[form or ""].strip().rstrip("\\").strip()
    if form == "raised":
        return _raised(match, content.translate(_RAISED), shelf)
    if form in ("sup", "caret"):
        return _numbers(match, content, shelf, ghosts=bool(shelf))
    if form == "round":
        return _rounded(match, content, shelf)
    return _squared(match, content, shelf)


def _squared(match: re.Match[str], content: str, shelf: Shelf) -> Marker | None:
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
    label = prefixed["label"] if prefixed else content
    named = prefixed is not None or _stands_beside(match)
    cited = _cited(label, lambda part: _label(part, shelf, named=named))
    if cited is None and named and _is_reference(content) and not is_statement(label):
        cited = _Cited()
    if cited is None or (not cited.ids and _is_index(match)):
        return None
    return Marker(*match.span(), cited.ids, cited.ghosts if shelf else ())


@dataclass(frozen=True, slots=True)
class _Cited:
    """What the labels of a bracket stand for."""

    ids: tuple[str, ...] = ()
    ghosts: tuple[str, ...] = ()


def _cited(content: str, read: Callable[[str], _Cited | None]) -> _Cited | None:
    """Read a list of labels in the first way in which each of them cites; None if there is none."""
    for parts in _ways_to_part(content):
        cited = [one for part in parts if (one := read(part)) is not None]
        if cited and len(cited) == len(parts):
            return _Cited(
                _unique([id_ for one in cited for id_ in one.ids]),
                _unique([label for one in cited for label in one.ghosts]),
            )
    return None


def _ways_to_part(content: str) -> Iterator[list[str]]:
    """Yield the labels of a list: first as it is and then without the pages it names; an "and" may belong to a name."""
    for text in (content, _PLACE.sub("", content)):
        for separator in (_PART, _PART_OR_AND):
            yield [part for part in separator.split(text) if part]
        yield [text]


def _label(label: str, shelf: Shelf, *, named: bool) -> _Cited | None:
    """Return what one label of a square bracket stands for, or None if it is no citation; names count only if `named`."""
    known = shelf.by_id(label)
    if known is not None:
        return _Cited((known,))
    numbered = _NUMBERED.match(label)
    called = shelf.by_name(label) if named or numbered else ()
    if called:
        return _Cited(called)
    if numbered:
        return _counted(label, numbered["numbers"], shelf)
    if shelf.has_shape_of(label) or (named and shelf.names_all_like(label)):
        return _Cited(ghosts=(label,))
    return _Cited() if named and names_document(label) else None


def _stands_beside(match: re.Match[str]) -> bool:
    """Whether a bracket stands beside its sentence, and not in it as in "[he] said" and "save it in [notes.txt]"."""
    answer = match.string
    after = answer[match.end() : match.end() + _NEAR].lstrip(" \t")
    before = answer[max(0, match.start() - _NEAR) : match.start()]
    return not after[:1].islower() and not _LED_INTO.search(before)


def _is_reference(content: str) -> bool:
    """Whether a bracket that names nothing known can only be a reference: "Source: ...", "..., p. 3", "Meals Policy"."""
    return bool(_SAYS_SOURCE.match(content) or _TITLE.match(content)) or any(
        place["page"] or place["pages"] for place in _PLACE.finditer(content)
    )


def _is_index(match: re.Match[str]) -> bool:
    """Whether a bracket that resolves to nothing stands right behind a name, as in `rows[7]`."""
    before = match.string[match.start() - 1 : match.start()] if match["square"] else ""
    return before.isalnum() or before == "_"


def _rounded(match: re.Match[str], content: str, shelf: Shelf) -> Marker | None:
    """Take a parenthesis as a citation only if nothing else could be meant: "(doc1, doc2)", "(Source: Meals policy)"."""
    if _is_plain(content) and (known := shelf.find(content)):
        return Marker(*match.span(), known)
    wrapped = _WRAPPED.match(content)
    if wrapped:
        counted = _counted(content, wrapped["numbers"], shelf)
        return Marker(*match.span(), counted.ids, counted.ghosts if shelf else ())
    prefixed = _PREFIXED.match(content)
    label = prefixed["label"].strip() if prefixed else content
    if _SAYS_SOURCE.match(content):
        cited = _cited(label, lambda part: _label(part, shelf, named=True))
        if cited is None:
            return None if is_statement(label) or "[" in label else Marker(*match.span())
        return Marker(*match.span(), cited.ids, cited.ghosts if shelf else ())
    linked = shelf.by_id(label) if prefixed else None
    if linked:
        return Marker(*match.span(), (linked,))
    listed = _cited(label, lambda part: _plain_label(part, shelf))
    return Marker(*match.span(), listed.ids, listed.ghosts) if listed and listed.ids else None


def _plain_label(label: str, shelf: Shelf) -> _Cited | None:
    """Return what one label of a parenthesis stands for, or None if it may be a word of the sentence."""
    bare = _POINTER.sub("", label, count=1)
    known = shelf.find(bare) if _is_plain(bare) else ()
    if known:
        return _Cited(known)
    wrapped = _WRAPPED.match(label)
    if wrapped:
        return _counted(bare, wrapped["numbers"], shelf)
    return _Cited(ghosts=(bare,)) if shelf.has_shape_of(bare) else None


def _is_plain(label: str) -> bool:
    """Whether a label, if it is known, is no ordinary word: a name with a figure in it, a file."""
    return names_document(label) or (any(char.isdigit() for char in label) and not label.isdigit())


def _raised(match: re.Match[str], digits: str, shelf: Shelf) -> Marker | None:
    """Take a raised figure as a citation after a word or a point, not after a unit ("m²") or a number ("10²")."""
    before = match.string[max(0, match.start() - _RAISED_WORD) : match.start()]
    if not before or not (
        before[-1] in ".,;:!?\"”’')]" or (len(before) == _RAISED_WORD and before.isalpha())
    ):
        return None
    marker = _numbers(match, digits.replace("˒", ","), shelf, ghosts=False)
    return marker if marker.ids else None


def _numbers(match: re.Match[str], numbers: str, shelf: Shelf, *, ghosts: bool) -> Marker:
    cited = _split_numbers(numbers, shelf)
    return Marker(*match.span(), cited.ids, cited.ghosts if ghosts else ())


def _counted(label: str, numbers: str, shelf: Shelf) -> _Cited:
    """Return what the numbers of a label stand for; one that is shaped as the ids are is missed by its whole name."""
    cited = _split_numbers(numbers, shelf)
    return _Cited(ghosts=(label,)) if not cited.ids and shelf.has_shape_of(label) else cited


def _split_numbers(numbers: str, shelf: Shelf) -> _Cited:
    ids, missing = [], []
    for number in _expand(numbers, shelf):
        known = shelf.by_number(number)
        if known is None:
            missing.append(str(number))
        else:
            ids.append(known)
    return _Cited(_unique(ids), _unique(missing))


def _expand(numbers: str, shelf: Shelf) -> Iterator[int]:
    """Yield the numbers of a list; of a long range its ends and what the shelf holds between, which bounds the work."""
    for first, last, single in _RANGE.findall(numbers):
        if single:
            yield int(single)
        elif int(first) <= int(last) <= int(first) + _MAX_RANGE:
            yield from range(int(first), int(last) + 1)
        else:
            yield from (int(first), *shelf.numbers_within(int(first) + 1, int(last)), int(last))


def _mentions(answer: str, shelf: Shelf, hidden: _Spans, markers: Sequence[Marker]) -> list[Marker]:
    """Find sources named in the prose ("According to passage 2, ..."): they cite if they resolve, and stay where they are."""
    taken = _Spans((marker.start, marker.end) for marker in markers)
    found = []
    for match in _MENTION.finditer(answer):
        if match.start() not in hidden and match.start() not in taken:
            cited = _split_numbers(match["numbers"], shelf)
            if cited.ids:
                found.append(Marker(*match.span(), cited.ids, drop=False))
    return found


def _unique(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))
