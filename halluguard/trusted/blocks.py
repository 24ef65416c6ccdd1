"""The shape of a Markdown or plain text: headings, paragraphs, lists, tables and code, as spans of characters."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

Span = tuple[int, int]
_LINE_END = re.compile(r"\r\n?|\n")
MAX_HEADING = 120
"""Characters; a longer line marked as a heading is text, or half a document could hide in a title."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text under one heading path.

    `atoms` are the places it may be cut: sentences of prose, items of a list, rows of a table, lines of code.
    A block that is not `prose` is kept in one piece where it fits.
    """

    headings: tuple[str, ...]
    atoms: tuple[Span, ...]
    prose: bool


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int
    text: str
    span: Span


def parse_blocks(text: str) -> list[Block]:
    """Cut a text into blocks, in order; every character that is not whitespace, a heading or a rule is in one atom."""
    starts = _line_starts(text)
    path: list[_Heading] = []
    bare: _Heading | None = None
    blocks: list[Block] = []
    for item in _scan(text, len(starts) - 1):
        if not isinstance(item, _Heading):
            first, last, kind, cuts = item
            atoms = _atoms(text, kind, [starts[line] for line in (first, *cuts, last)])
            if atoms:
                blocks.append(Block(tuple(each.text for each in path), atoms, kind == "prose"))
                bare = None
            continue
        if bare is not None and item.level <= bare.level:
            blocks.append(_say_heading(text, path))
        while path and path[-1].level >= item.level:
            path.pop()
        bare = _Heading(item.level, item.text, (starts[item.span[0]], starts[item.span[1]]))
        path.append(bare)
    if bare is not None:
        blocks.append(_say_heading(text, path))
    return [block for block in blocks if block.atoms]


def _say_heading(text: str, path: Sequence[_Heading]) -> Block:
    """Make text of a heading with nothing under it: it is all its section says."""
    return Block(tuple(each.text for each in path[:-1]), (strip_span(text, *path[-1].span),), prose=True)


@lru_cache(maxsize=1)
def _parser() -> Any:
    from markdown_it import MarkdownIt

    # Indented lines of plain text and PDF are prose, and link definitions must not vanish.
    parser = MarkdownIt("commonmark").enable("table").disable(["code", "reference"])
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _line_starts(text: str) -> list[int]:
    """Where each line begins, and where the last one ends; lines end where the parser says they do."""
    return [0, *(found.end() for found in _LINE_END.finditer(text)), len(text)]


def _scan(text: str, n_lines: int) -> Iterator[_Heading | tuple[int, int, str, list[int]]]:
    """Yield headings (span in lines) and blocks (first line, line after, kind, lines where it may be cut)."""
    tokens = _parser().parse(text)
    done = 0
    for position, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        first, last = token.map
        if first > done:
            yield done, first, "prose", []
        done = last
        if token.type == "heading_open" and len(tokens[position + 1].content) <= MAX_HEADING:
            yield _Heading(int(token.tag[1]), " ".join(tokens[position + 1].content.split()), (first, last))
        elif token.type != "hr":
            # Only the items of a list are looked for in what follows, and not in a copy, which would cost each block
            # as much as the whole text.
            rest = range(position, len(tokens)) if token.type.endswith("list_open") else ()
            yield (
                first,
                last,
                _KINDS.get(token.type, "prose"),
                _cuts((tokens[place] for place in rest), token),
            )
    if n_lines > done:
        yield done, n_lines, "prose", []


_KINDS = {
    "bullet_list_open": "list",
    "fence": "lines",
    "html_block": "lines",
    "ordered_list_open": "list",
    "table_open": "lines",
}


def _cuts(tokens: Iterable[Any], opening: Any) -> list[int]:
    """Lines inside a block where it may be cut, sorted; a table's header stays with its first row."""
    first, last = opening.map
    if opening.type == "table_open":
        return list(range(first + 3, last))
    if opening.type in ("fence", "html_block"):
        return list(range(first + 1, last))
    if not opening.type.endswith("list_open"):
        return []
    lines: set[int] = set()
    for token in tokens:
        if token.level == 0 and token.nesting == -1:
            break
        if token.type == "list_item_open":
            lines.add(token.map[0])
    return sorted(lines - {first})


def _atoms(text: str, kind: str, bounds: Sequence[int]) -> tuple[Span, ...]:
    spans = find_sentences(text, (bounds[0], bounds[-1])) if kind == "prose" else list(pairwise(bounds))
    return tuple(span for span in (strip_span(text, *span) for span in spans) if span[0] < span[1])


def find_sentences(text: str, span: Span) -> list[Span]:
    """Return the sentences of a part of a text, as spans of the whole text, whitespace at their ends left out."""
    from sentencex import get_sentence_boundaries

    start, end = span
    found = get_sentence_boundaries("en", text[start:end])
    spans = (strip_span(text, start + each["start_index"], start + each["end_index"]) for each in found)
    return [each for each in spans if each[0] < each[1]]


def strip_span(text: str, start: int, end: int) -> Span:
    """Move both ends inwards over whitespace; an empty span where there is nothing else."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    return (start + left, start + left + len(piece.strip()))
