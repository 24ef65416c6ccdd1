"""Claims of an answer: the checkable spans, what a model reads of each, and what each cites."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from halluguard.grounding.attribution import drop_lead_in
from halluguard.grounding.citations import Marker, find_cited, find_marker, find_markers, names_chunks
from halluguard.grounding.context import Context, answers_nothing
from halluguard.grounding.kinds import is_bracket, kind_of
from halluguard.grounding.markdown import NOTE_LABEL, Block, BlockKind, Span, plain_text, scan_blocks
from halluguard.grounding.sentences import MAX_CLAIM_CHARS, split_sentences
from halluguard.grounding.shelf import Shelf, names_document
from halluguard.records import Citation, Claim, ClaimKind, Turn

COLUMN_CHARS = 100
"""The name of a table's column is cut to so many characters before it is put in front of a cell."""

_THOUGHTS = re.compile(r"\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THOUGHT_TAG = re.compile(r"</?(?:think|thinking|reasoning)>", re.IGNORECASE)
_LONE_TAG = re.compile(
    rf"(?:\A|(?<=[\r\n]))[ \t]*{_THOUGHT_TAG.pattern}|{_THOUGHT_TAG.pattern}(?=[ \t]*(?:[\r\n]|\Z))",
    re.IGNORECASE,
)
_SAID = re.compile(r"\w")
_SEEN = re.compile(r"[^\r\n]")
_PROSE = frozenset({BlockKind.PARAGRAPH, BlockKind.ITEM})
_NEVER_CLAIMS = frozenset({BlockKind.HEADING, BlockKind.TABLE_HEAD, BlockKind.CODE, BlockKind.REFERENCE})


def split_claims(turn: Turn) -> tuple[Claim, ...]:
    """Return the claims of a turn's answer in order, spans that claim nothing included, each with its kind.

    `answer[claim.start:claim.end] == claim.text`; spans do not overlap, and hold every character of the answer that is
    neither blank nor Markdown furniture (see `scan_blocks`), but for what a model thought aloud before it answered
    (see `_without_thoughts`). A claim is a sentence, a list item's sentence or a table row, of at most MAX_CLAIM_CHARS
    characters. Needs no model; linear in the length of the answer.
    """
    answer = turn.answer
    turn = replace(turn, answer=_without_thoughts(answer))
    blocks = _unheaded(scan_blocks(turn.answer))
    markers = find_markers(turn, blocks)
    drafted = _Drafter(turn, markers).draft(blocks)
    # A heading of nothing but a line separator is a block without a visible character.
    drafts = [draft for draft in drafted if not turn.answer[draft.start : draft.end].isspace()]
    cited = _attach(turn, drafts, markers)
    return tuple(_finish(answer, draft, *cites) for draft, cites in zip(drafts, cited, strict=True))


def _without_thoughts(answer: str) -> str:
    """Return an answer with what a model thought aloud before it blotted out, each character by a blank.

    That is what stands between `<think>` tags at the beginning, or before a closing tag at the edge of a line that no tag comes
    before, since some templates put the opening one into the prompt. An answer must not hide what it says: thoughts that
    nothing is said after, or that no tag closes, are read, and only a tag at the edge of a line is no part of them.
    """
    if "<" not in answer:
        return answer
    end = _end_of_thoughts(answer)
    end = end if _SAID.search(answer, end) else 0
    return _blotted(answer[:end]) + _LONE_TAG.sub(lambda tag: _blotted(tag[0]), answer[end:])


def _end_of_thoughts(answer: str) -> int:
    if thoughts := _THOUGHTS.match(answer):
        return thoughts.end()
    tag, lone = _THOUGHT_TAG.search(answer), _LONE_TAG.search(answer)
    return tag.end() if tag and lone and tag.end() == lone.end() and tag[0].startswith("</") else 0


def _blotted(text: str) -> str:
    return _SEEN.sub(" ", text)


def _unheaded(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Headings that head nothing are what the answer says: "**30 days**"."""
    tail = len(blocks)
    while tail and blocks[tail - 1].kind is BlockKind.HEADING:
        tail -= 1
    return (*blocks[:tail], *(replace(block, kind=BlockKind.PARAGRAPH) for block in blocks[tail:]))


@dataclass(slots=True)
class _Draft:
    """A span whose reading and kind are decided and whose citations are not."""

    start: int
    end: int
    reading: str
    kind: ClaimKind


class _Drafter:
    """One walk over the blocks of an answer, with the context that fragments are read in."""

    def __init__(self, turn: Turn, markers: Sequence[Marker]) -> None:
        self._answer = turn.answer
        self._markers = markers
        self._starts = [marker.start for marker in markers]
        self._shelf = Shelf(turn.retrieved)
        self._context = Context.of_question(turn.question)
        self._columns: list[str] = []
        self._claimed = False

    def draft(self, blocks: Iterable[Block]) -> Iterator[_Draft]:
        for block in blocks:
            if block.kind in _PROSE:
                yield from self._prose(block)
            elif block.kind is BlockKind.TABLE_ROW:
                yield from self._row(block)
            else:
                yield self._furnished(block)

    def _reading(self, start: int, end: int) -> str:
        """Return a span as a reader sees it, without the citation markers that are no part of the sentence."""
        pieces = []
        place = start
        for marker in self._markers[
            bisect_right(self._starts, start - 1) : bisect_right(self._starts, end - 1)
        ]:
            if marker.drop and place <= marker.start:
                pieces.append(self._answer[place : marker.start])
                place = min(end, marker.end)
        pieces.append(self._answer[place:end])
        return plain_text(" ".join(pieces) if len(pieces) > 1 else pieces[0])

    def _prose(self, block: Block) -> Iterator[_Draft]:
        depth = self._context.enter(block)
        listed = block.kind is BlockKind.ITEM
        for start, end in split_sentences(self._answer, block.spans, self._markers):
            note = self._note(start, end)
            plain = self._reading(note or start, end)
            if note and names_chunks(plain.rstrip(" ."), self._shelf):
                yield _Draft(start, end, plain, ClaimKind.NOT_A_CLAIM)
            elif plain.endswith((":", "：")):
                self._context.add_lead(depth, plain)
                yield _Draft(start, end, plain, ClaimKind.NOT_A_CLAIM)
            elif self._claimed and is_bracket(plain) and not (listed and start == block.start):
                # Behind a statement it says where that is from; an item or an answer may be one: "[30 days]".
                yield _Draft(start, end, plain, ClaimKind.NOT_A_CLAIM)
            else:
                draft = self._sentence(start, end, plain, listed=listed)
                self._claimed = self._claimed or draft.kind is ClaimKind.CLAIM
                yield draft

    def _note(self, start: int, end: int) -> int | None:
        """Return where the text of a note begins that a marker or a footnote's label is put before: "[^1]: doc1"."""
        label = NOTE_LABEL.match(self._answer, start, end)
        return label.end() if label and (self._is_marked(start) or label["foot"]) else None

    def _sentence(self, start: int, end: int, plain: str, *, listed: bool) -> _Draft:
        kind = ClaimKind.NOT_A_CLAIM if self._lists_source(start, listed=listed) else kind_of(plain)
        if self._claimed and self._is_marked(start) and names_document(plain):
            kind = ClaimKind.NOT_A_CLAIM
        if kind is not ClaimKind.CLAIM:
            return _Draft(start, end, plain, kind)
        reading = drop_lead_in(plain)
        if answers_nothing(reading, self._context.question):
            return _Draft(start, end, plain, ClaimKind.NOT_A_CLAIM)
        before = self._context.before(reading, listed=listed)
        return _Draft(start, end, f"{before} {reading}" if before else reading, kind)

    def _lists_source(self, start: int, *, listed: bool) -> bool:
        """Whether an item or marked line belongs to a list of sources; plain prose ends such a list."""
        context = self._context
        if context.in_sources and not listed:
            context.in_sources = self._is_marked(start)
        return context.in_sources

    def _is_marked(self, start: int) -> bool:
        """Whether a citation marker begins at a place."""
        index = bisect_right(self._starts, start) - 1
        return index >= 0 and self._starts[index] == start

    def _row(self, block: Block) -> Iterator[_Draft]:
        """Draft a row as one claim, or cell by cell if it is longer than a claim may be."""
        start, end = _trimmed(block.spans)
        if end - start <= MAX_CLAIM_CHARS:
            cells = (self._cell(number, *span) for number, span in enumerate(block.spans))
            reading = "; ".join(cell for cell in cells if cell)
            said = any(kind_of(self._reading(*span)) is ClaimKind.CLAIM for span in block.spans[1:])
            yield _Draft(start, end, reading, ClaimKind.CLAIM if said else kind_of(reading))
            return
        for number, span in enumerate(block.spans):
            for left, right in split_sentences(self._answer, [span], self._markers):
                reading = self._cell(number, left, right)
                yield _Draft(left, right, reading, kind_of(reading))

    def _cell(self, number: int, start: int, end: int) -> str:
        """Return a cell with its column's name in front, or the empty string for an empty one."""
        text = self._reading(start, end)
        column = self._columns[number] if number < len(self._columns) else ""
        return f"{column}: {text}" if text and column else text

    def _furnished(self, block: Block) -> _Draft:
        start, end = _trimmed(block.spans)
        if block.kind is BlockKind.TABLE_HEAD:
            self._columns = [self._reading(*span)[:COLUMN_CHARS].rstrip(":") for span in block.spans]
        reading = self._reading(start, end) if block.kind is not BlockKind.CODE else self._answer[start:end]
        if block.kind is BlockKind.HEADING:
            self._context.enter_heading(reading)
        return _Draft(start, end, reading, ClaimKind.NOT_A_CLAIM)


def _trimmed(spans: Sequence[Span]) -> Span:
    filled = [span for span in spans if span[0] < span[1]]
    return filled[0][0], filled[-1][1]


def _attach(
    turn: Turn, drafts: Sequence[_Draft], markers: Sequence[Marker]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the ids and ghosts of each draft, in the order of their markers, none twice."""
    ids: list[dict[str, None]] = [{} for _ in drafts]
    ghosts: list[dict[str, None]] = [{} for _ in drafts]
    starts = [draft.start for draft in drafts]
    if turn.citations:
        for citation, known, missing in dict.fromkeys(find_cited(turn)):  # a log may repeat itself
            for index in _targets(citation, turn.answer, starts, drafts):
                ids[index].update(dict.fromkeys(known))
                ghosts[index].update(dict.fromkeys(missing))
    else:
        for marker in markers:
            index = bisect_right(starts, marker.start) - 1
            while (
                index > 0
                and drafts[index].kind is ClaimKind.NOT_A_CLAIM
                and not any(map(str.isalnum, drafts[index].reading))
            ):
                index -= 1
            if index >= 0:
                ids[index].update(dict.fromkeys(marker.ids))
                ghosts[index].update(dict.fromkeys(marker.ghosts))
    return [(tuple(one), tuple(other)) for one, other in zip(ids, ghosts, strict=True)]


def _targets(
    citation: Citation, answer: str, starts: Sequence[int], drafts: Sequence[_Draft]
) -> Iterable[int]:
    """Return the drafts one explicit citation covers: by its span, else where its marker stands, else all of them."""
    if citation.start is not None:
        return _covered(citation.start, citation.end, starts, drafts)
    if citation.marker and (spans := find_marker(citation.marker, answer)):
        return [max(0, bisect_right(starts, start) - 1) for start, _ in spans]
    return range(len(drafts))


def _covered(start: int, end: int | None, starts: Sequence[int], drafts: Sequence[_Draft]) -> Iterable[int]:
    """Return the drafts that overlap [start, end), or else the one before it."""
    first = max(0, bisect_right(starts, start) - 1)
    stop = max(first + 1, bisect_right(starts, (end if end is not None and end > start else start + 1) - 1))
    overlapping = [index for index in range(first, min(stop, len(drafts))) if drafts[index].end > start]
    return overlapping or range(first, min(first + 1, len(drafts)))


def _finish(answer: str, draft: _Draft, cited: tuple[str, ...], ghosts: tuple[str, ...]) -> Claim:
    return Claim(
        start=draft.start,
        end=draft.end,
        text=answer[draft.start : draft.end],
        reading=draft.reading,
        kind=draft.kind,
        cited_ids=cited,
        ghost_ids=ghosts,
    )
