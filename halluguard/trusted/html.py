"""What a reader of a web page sees, as Markdown: one pass over the parsed page, whatever its depth."""

import re
from typing import Any

_UNREAD = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "svg",
        "title",
        "nav",
        "button",
        "select",
        "iframe",
        "del",
        "s",
        "strike",
    ]
)
"""What no reader takes for what the page says: programs, menus, and text that is struck out."""
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "legend",
        "main",
        "menu",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "ul",
    ]
)
_UNSEEN = ("display:none", "visibility:hidden", "text-decoration:line-through")
_HEADING = re.compile("h[1-6]")
_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_FRAMES = frozenset({"table", "td", "th"})
_LAYOUT = ["table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"]


def read_page(markup: str) -> tuple[str, str]:
    """Return the visible text of a page, with headings, list items and table rows as Markdown has them, and its title."""
    from bs4 import BeautifulSoup, NavigableString

    soup = BeautifulSoup(markup, "html.parser")
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    page = _Page()
    open_tags: list[Any] = []
    for node in soup.descendants:
        while open_tags and open_tags[-1] is not node.parent:
            page.close(open_tags.pop())
        if isinstance(node, NavigableString):
            if type(node) is NavigableString:  # the others are comments and declarations
                page.add(str(node))
        else:
            page.open(node)
            open_tags.append(node)
    for tag in reversed(open_tags):
        page.close(tag)
    return page.text(), title


def _is_unread(tag: Any) -> bool:
    style = str(tag.get("style", "")).replace(" ", "").lower()
    hidden = tag.has_attr("hidden") or any(rule in style for rule in _UNSEEN)
    return hidden or tag.name in _UNREAD


def _raise(text: str) -> str:
    """Return text of a <sup> with its digits raised, so that "23" and the mark of a footnote are not read as 231.

    Small print that stands in a <sup> keeps its values, but for what would stick to the word before it.
    """
    first = re.split(r"\s", text, maxsplit=1)[0] if any(map(str.isalpha, text)) else text
    return first.translate(_RAISED) + text[len(first) :]


class _Page:
    """Text collected so far, and how many tags of each kind are open around the place reached."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.unread = self.preformatted = self.headings = self.items = self.raised = 0
        self.row: Any = None  # what is open of a data table; none holds another, so one of each is enough
        self.cell: Any = None
        self.widths: list[
            int | None
        ] = []  # of each open table: cells of its first row so far, None when that is done
        self.data_tables: list[bool] = []
        self.frames: list[str] = []  # the names of the tables and cells that are open

    def add(self, text: str) -> None:
        if self.unread:
            return
        folded = text if self.preformatted and not self._inline else re.sub(r"\s+", " ", text)
        shown = _raise(folded) if self.raised else folded
        self.pieces.append(shown.replace("|", "\\|") if self.cell is not None else shown)

    @property
    def _inline(self) -> bool:
        return bool(self.headings or self.cell is not None)

    def _break(self, sign: str) -> None:
        self.pieces.append(" " if self._inline else sign)

    def open(self, tag: Any) -> None:
        self.unread += _is_unread(tag)
        if self.unread:
            return
        name = tag.name
        if name == "br":
            self._break("\n")
        elif name == "table":
            self._break("\n\n")
            self.data_tables.append(not self._inline and tag.find(_LAYOUT) is None)
            self.widths.append(0)
        elif name == "tr":
            self._open_row(tag)
        elif name in ("td", "th"):
            self._open_cell(tag)
        elif name == "sup":
            self.raised += 1
        elif _HEADING.fullmatch(name):
            self._break(f"\n\n{'#' * int(name[1])} ")
            self.headings += 1
        elif name == "li":
            self._break("\n- ")
            self.items += 1
        elif name in _BLOCKS:
            self._break(" " if self.items and name not in ("ul", "ol", "pre") else "\n\n")
            self.preformatted += name == "pre"
        if name in _FRAMES:
            self.frames.append(name)

    def close(self, tag: Any) -> None:
        if self.unread:
            self.unread -= _is_unread(tag)
            return
        name = tag.name
        if name in _FRAMES:
            self.frames.pop()
        if name == "table":
            self.data_tables.pop()
            self.widths.pop()
            self._break("\n\n")
        elif name == "tr":
            if tag is self.row:
                self._end_row()
        elif name in ("td", "th"):
            if tag is self.cell:
                self._end_cell()
            elif not self._in_data:
                self._break("\n\n")
        elif name == "sup":
            self.raised -= 1
        elif _HEADING.fullmatch(name):
            self.headings -= 1
            self._break("\n\n")
        elif name == "li":
            self.items -= 1
            self._break("\n")
        elif name in _BLOCKS:
            self.preformatted -= name == "pre"
            self._break(" " if self.items and name not in ("ul", "ol", "pre") else "\n\n")

    @property
    def _in_data(self) -> bool:
        return bool(self.data_tables and self.data_tables[-1])

    def _open_row(self, tag: Any) -> None:
        """Begin a row; the cell and the row before end here at the latest, as both end tags may be left out."""
        if not self._in_data:
            self._break("\n\n")
            return
        if self.cell is not None:
            self._end_cell()
        if self.row is not None:
            self._end_row()
        self.row = tag
        self._break("\n| ")

    def _open_cell(self, tag: Any) -> None:
        if self._in_data:
            if self.cell is not None:
                self._end_cell()
            self.cell = tag
        elif self.frames[-1:] not in ([], ["table"]):
            self._break("\n\n")  # the cell before was never closed

    def _end_cell(self) -> None:
        self.cell = None
        self.pieces.append(" | ")
        if self.widths[-1] is not None:
            self.widths[-1] += 1

    def _end_row(self) -> None:
        self.row = None
        if self.widths[-1]:
            self.pieces.append(f"\n|{' --- |' * self.widths[-1]}")
            self.widths[-1] = None

    def text(self) -> str:
        """Join the pieces; spaces as a browser shows them, and no more than one empty line."""
        joined = re.sub(r"[ \t]*\n(?: (?! ))?", "\n", "".join(self.pieces))
        joined = re.sub(r"(?<=\S) {2,}", " ", joined)
        return re.sub(r"\n{3,}", "\n\n", joined).strip()
