"""Where the blocks of a Markdown answer lie: paragraphs, items, headings, tables and code, by character offset.

Markdown libraries for Python give line numbers of blocks and no offsets of what stands in them, and a claim must be
found again at its exact place; so this reads the few constructs that chat answers use, line by line and in linear time.
Text that CommonMark would hide from a reader of claims (an unclosed code fence, a sentence made a heading) is read as prose.
"""

import html
import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from halluguard.text.marks import drop_ids, drop_pictures

Span = tuple[int, int]


class BlockKind(StrEnum):
    """What a block of an answer is."""

    PARAGRAPH = "paragraph"
    ITEM = "item"
    HEADING = "heading"
    TABLE_HEAD = "table_head"
    TABLE_ROW = "table_row"
    CODE = "code"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Block:
    """One block: the spans of its lines (or cells) in the answer, without markers; `depth` is its indentation."""

    kind: BlockKind
    spans: tuple[Span, ...]
    depth: int = 0

    @property
    def start(self) -> int:
        """Where the first line or cell starts."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """Where the last line or cell ends."""
        return self.spans[-1][1]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its quote marks and outer blanks."""

    text: str
    start: int
    indent: int

    @property
    def span(self) -> Span:
        return self.start, self.start + len(self.text)


_BREAKS = re.compile(r"\r\n|\r|\n")
_QUOTE = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([^`]*)$")
_HEADING = re.compile(r"#{1,6}(?:[ \t]+|$)")
_ITEM = re.compile(r"(?:[-*+–—][ \t]+|[•◦▪●‣·][ \t]*|\d{1,3}[.)][ \t]+|\(?[A-Za-z][)][ \t]+)(?=\S)")
_BARE_ITEM = re.compile(r"(?:[-*+–—•◦▪●‣·]|\d{1,3}[.)])$")
_BOLD_LINE = re.compile(r"(?:\*\*[^*\n]+\*\*|__[^_\n]+__):?$")
_REFERENCE = re.compile(r"\[[^\]\n]{1,100}\]:[ \t]*<?(?:https?://|www\.|$)")
NOTE_LABEL = re.compile(r"\[(?P<foot>\^)?[^\[\]\n]{1,100}\]:[ \t]+(?=\S)")
"""What a note below the text begins with: "[^1]: ..."; each is a paragraph of its own."""
_SENTENCE_END = re.compile(r"[.!?。！？][\"'”’*_)\]]*$")
_PROSE_FENCES = frozenset({"markdown", "md", "text", "txt", "plaintext"})
_ANSWERS = re.compile(
    r"[*_]*(?:(?:yes|no)(?:[,:!]|\s[-–—])\s|yes\.\s|(?:you|we|they)['’](?:re|ll|ve)\s|(?:it|there)['’]s\s"
    r"|(?:you|we|it|they|there)\s+(?:can(?:not|['’]t)?|may(?!\s+also\s+(?:like|be|need|want)\b)|must|will|would|should|have|has|are|is|need|get|pay|do(?:n['’]t)?|won['’]t)\s)",
    re.IGNORECASE,
)
"""How a line begins that answers, though it is set as a heading and has no stop."""
_HEADING_CHARS = 120
_HEADING_WORDS = 3


def scan_blocks(answer: str) -> tuple[Block, ...]:
    """Return the blocks of an answer in order; their spans never overlap.

    Every character that is neither blank nor Markdown furniture (list, quote and heading marks, fences with their info
    string, table pipes and rules, horizontal rules) lies inside a block. Linear in the length of the answer.
    """
    return _Scanner(_lines(answer)).scan()


def _lines(answer: str) -> list[_Line]:
    lines: list[_Line] = []
    place = 0
    for newline in [*_BREAKS.finditer(answer), None]:
        end = len(answer) if newline is None else newline.start()
        lines.append(_line(answer[place:end], place))
        place = end if newline is None else newline.end()
    return lines


def _line(raw: str, place: int) -> _Line:
    quote = _QUOTE.match(raw) if ">" in raw[:4] else None
    begin = quote.end() if quote else 0
    body = raw[begin:]
    left = body.lstrip()
    indent = len(body) - len(left)
    return _Line(left.rstrip(), place + begin + indent, indent)


def _is_rule(text: str) -> bool:
    marks = text.replace(" ", "").replace("\t", "")
    return len(marks) >= 3 and marks[0] in "-*_=" and marks == marks[0] * len(marks)


def _is_table_rule(text: str) -> bool:
    return "|" in text and "-" in text and not text.strip("|-: \t") and set(text) <= set("|-: \t")


def _is_prose(info: str) -> bool:
    return len(info.split(maxsplit=2)) > 1 and "=" not in info and "{" not in info


def _reads_as_sentence(text: str) -> bool:
    """Whether a heading is a sentence: by its end, or as it answers ("Yes, refunds are possible", "You can bring two bags")."""
    if len(text.split(maxsplit=_HEADING_WORDS)) <= _HEADING_WORDS:
        return False
    return _is_told(text)


def _is_told(text: str) -> bool:
    return bool(
        _SENTENCE_END.search(text[-12:].rstrip("*_:"))
        or (_ANSWERS.match(text) and not text.rstrip("*_ ").endswith(":"))
    )


class _Scanner:
    """One pass over the lines; `_open` is the paragraph or item that the next line may go on."""

    def __init__(self, lines: list[_Line]) -> None:
        self._lines = lines
        self._blocks: list[Block] = []
        self._open: list[Span] = []
        self._open_kind = BlockKind.PARAGRAPH
        self._open_depth = 0
        self._last_text = ""
        self._closers = self._longest_closers()
        self._prose_fence = ""

    def _longest_closers(self) -> list[dict[str, int]] | None:
        """For each line, the longest closing fence at or after it, so that an unclosed fence costs nothing to see."""
        if not any(line.text[:3] in ("```", "~~~") for line in self._lines):
            return None
        longest = {"`": 0, "~": 0}
        table = []
        for line in reversed(self._lines):
            found = _FENCE.match(line.text)
            if found and not found[2].strip():
                longest = {**longest, found[1][0]: max(longest[found[1][0]], len(found[1]))}
            table.append(longest)
        return table[::-1]

    def scan(self) -> tuple[Block, ...]:
        """Read every line once."""
        number = 0
        while number < len(self._lines):
            number = self._read(number)
        self._close()
        return tuple(self._blocks)

    def _read(self, number: int) -> int:
        """Read the block or line at `number` and return the number of the next unread one."""
        line = self._lines[number]
        text = line.text
        if not text:
            self._close()
        elif text[:3] in ("```", "~~~") and (fence := _FENCE.match(text)):
            return self._read_fence(number, fence)
        elif _is_rule(text):
            self._underline()
        elif text[0] == "#" and (mark := _HEADING.match(text)):
            self._read_heading(line, mark.end())
        elif "|" in text and number + 1 < len(self._lines) and _is_table_rule(self._lines[number + 1].text):
            return self._read_table(number)
        elif _is_table_rule(text) or (
            _BARE_ITEM.match(text) and (not text[0].isdigit() or self._leads(number))
        ):
            self._close()
        elif mark := _ITEM.match(text):
            self._close()
            self._open_kind = BlockKind.ITEM
            self._go_on((line.start + mark.end(), line.span[1]), text, line.indent)
        elif text[0] == "[" and _REFERENCE.match(text):
            self._add(BlockKind.REFERENCE, line.span)
        elif text[0] == "[" and NOTE_LABEL.match(text):
            self._close()
            self._go_on(line.span, text, line.indent)
        elif _BOLD_LINE.match(text) and not _is_told(text):
            self._add(BlockKind.HEADING, line.span)
        else:
            self._go_on(line.span, text, line.indent)
        return number + 1

    def _leads(self, number: int) -> bool:
        return number + 1 < len(self._lines) and bool(self._lines[number + 1].text)

    def _go_on(self, span: Span, text: str, depth: int) -> None:
        if not self._open:
            self._open_depth = depth
        self._open.append(span)
        self._last_text = text

    def _close(self) -> None:
        if self._open:
            self._blocks.append(Block(self._open_kind, tuple(self._open), self._open_depth))
        self._open = []
        self._open_kind, self._open_depth = BlockKind.PARAGRAPH, 0

    def _add(self, kind: BlockKind, *spans: Span) -> None:
        self._close()
        self._blocks.append(Block(kind, spans))

    def _underline(self) -> None:
        """Make a heading of one short line over a rule, unless it is a sentence: chat answers also rule off prose."""
        lone = len(self._open) == 1 and self._open_kind is BlockKind.PARAGRAPH
        if lone and len(self._last_text) <= _HEADING_CHARS and not _is_told(self._last_text):
            self._open_kind = BlockKind.HEADING
        self._close()

    def _read_heading(self, line: _Line, mark: int) -> None:
        text = line.text[mark:].rstrip("# \t") or line.text[mark:]
        if not text:
            self._close()
            return
        start = line.start + mark
        kind = BlockKind.PARAGRAPH if _reads_as_sentence(text) else BlockKind.HEADING
        self._add(kind, (start, start + len(text)))

    def _read_table(self, number: int) -> int:
        self._add(BlockKind.TABLE_HEAD, *(_cells(self._lines[number]) or [self._lines[number].span]))
        number += 2
        while number < len(self._lines) and "|" in self._lines[number].text:
            cells = _cells(self._lines[number])
            if cells:
                self._add(BlockKind.TABLE_ROW, *cells)
            number += 1
        return number

    def _read_fence(self, number: int, fence: re.Match[str]) -> int:
        """Take a closed fence as code; the marks of an unclosed one, or of one around prose, are furniture.

        What stands behind the marks names a language, unless it has several words as a statement has.
        """
        self._close()
        mark, info = fence[1], fence[2].strip().lower()
        if _is_prose(info):
            start = self._lines[number].start + fence.start(2)
            self._add(BlockKind.PARAGRAPH, (start, start + len(fence[2].rstrip())))
        if mark == self._prose_fence and not info:
            self._prose_fence = ""
            return number + 1
        assert self._closers is not None
        after = self._closers[number + 1] if number + 1 < len(self._closers) else {}
        if after.get(mark[0], 0) < len(mark):
            return number + 1
        if info in _PROSE_FENCES:
            self._prose_fence = mark
            return number + 1
        return self._read_code(number + 1, mark)

    def _read_code(self, number: int, mark: str) -> int:
        spans = []
        while True:
            line = self._lines[number]
            number += 1
            found = _FENCE.match(line.text)
            if found and found[1][0] == mark[0] and len(found[1]) >= len(mark) and not found[2].strip():
                break
            if line.text:
                spans.append(line.span)
        if spans:
            self._add(BlockKind.CODE, *spans)
        return number


def _cells(line: _Line) -> list[Span]:
    """Return the trimmed cells of a table line, empty ones as empty spans so that columns keep their number."""
    text = line.text
    bars = [-1] if not text.startswith("|") else []
    bars += [place for place, char in enumerate(text) if char == "|" and text[place - 1 : place] != "\\"]
    if bars[-1] != len(text) - 1 or len(bars) == 1:
        bars.append(len(text))
    spans = []
    for left, right in pairwise(bars):
        cell = text[left + 1 : right]
        start = left + 1 + len(cell) - len(cell.lstrip())
        spans.append((line.start + start, line.start + max(start, left + 1 + len(cell.rstrip()))))
    while spans and spans[-1][0] == spans[-1][1]:
        spans.pop()
    return spans if any(start < end for start, end in spans) else []


_IMAGE = re.compile(r"!\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}(?:[ \t]+\"[^\"\n]{0,200}\")?\)")
_LINK = re.compile(
    r"\[([^\[\]\n]{1,300})\](?:\([^()\s]{0,500}(?:[ \t]+\"[^\"\n]{0,200}\")?\)|\[[^\[\]\n]{0,100}\])"
)
_TAG = re.compile(
    r"</?(?:b|i|u|em|strong|br|p|sup|sub|span|li|ul|ol|div|code|mark|small)(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"(\*\*\*|\*\*|\*|~~|(?<!\w)___|(?<!\w)__|(?<!\w)_)(?=\S)([^*~\n]{1,600}?)(?<=\S)\1(?!\w)"
)
_STRAY = re.compile(r"(?<!\\)\*{2,}|(?<![\w\\])\*(?=\w)|(?<=[\w.!?:])\*(?!\w)")
_CODE = re.compile(r"`+([^`\n]{1,600})`+")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~$])")
_SOFT_BREAK = re.compile(r"[\r\n]+[ \t]*(?:>[ \t]?)*")
_BLANKS = re.compile(r"\s+")
_BEFORE_POINT = re.compile(r"\s+(?=[.,;!?](?:\s|$))")
_EMPTY_BRACKETS = re.compile(r"\((?:\s*(?:see\b|sources?\s*:))?[\s,;]*\)|\[\s*\]")
INLINE_MARKS = re.compile(r"[*_`~\[\]<>\\&\n\r|()]|\s\s|[^\S ]|\s[.,;!?]")
"""What `plain_text` could change; a text without any of it is returned as it is, but for pictures at its ends."""


def plain_text(text: str) -> str:
    """Return the text as a reader sees it: no emphasis, link targets, inline tags, escapes or line breaks, no ids that it cites.

    Meant for one claim at a time: its patterns are bounded, so the cost is linear for the lengths claims have.
    """
    if not INLINE_MARKS.search(text):
        return drop_pictures(text).strip()
    text = drop_ids(text)
    text = _SOFT_BREAK.sub(" ", text)
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text)) if "[" in text else text
    text = _TAG.sub(" ", text) if "<" in text else text
    text = _CODE.sub(r"\1", text) if "`" in text else text
    if "*" in text or "_" in text or "~" in text:
        text = _STRAY.sub("", _STRONG.sub(r"\2", _STRONG.sub(r"\2", text)))
    text = _ESCAPE.sub(r"\1", text) if "\\" in text else text
    text = html.unescape(text) if "&" in text else text
    text = _EMPTY_BRACKETS.sub("", text)
    return drop_pictures(_BEFORE_POINT.sub("", _BLANKS.sub(" ", text)).strip())
