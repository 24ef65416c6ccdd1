"""The text of one file: UTF-8 text, Markdown, HTML or PDF, and why a file has none."""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from halluguard.errors import TrustedCorpusError

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UNREAD_TAGS = ("script", "style", "template", "noscript", "svg", "head", "nav", "button", "select", "iframe")
_BLOCK_TAGS = [
    "address",
    "article",
    "aside",
    "blockquote",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
]
_OWN_LINES = ("ol", "pre", "ul")


class UnreadableDocumentError(TrustedCorpusError):
    """A file that should hold a document holds none that can be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Extract:
    """The text of a file, one kind of line end, and the title the file itself declares."""

    text: str
    title: str = ""


def decode_text(data: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark, and make every line end a line feed.

    Raises:
        UnreadableDocumentError: the bytes are UTF-16, binary, or not UTF-8; the message gives the offset.

    """
    if data.startswith(_UTF16):
        raise UnreadableDocumentError("is UTF-16, not UTF-8. Convert it to UTF-8")
    if b"\0" in data:
        raise UnreadableDocumentError(
            f"holds a NUL byte at offset {data.index(0)}, so it is not text. Remove or convert it"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableDocumentError(
            f"is not UTF-8 (byte 0x{data[error.start]:02x} at offset {error.start}). Convert it to UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def extract_text(data: bytes) -> Extract:
    """Read plain text."""
    return Extract(decode_text(data))


def extract_markdown(data: bytes) -> Extract:
    """Read Markdown as it stands; YAML front matter is left out of the text and gives the title."""
    text = decode_text(data)
    front = _FRONT_MATTER.match(text)
    if front is None:
        return Extract(text)
    title = _FRONT_TITLE.search(front.group(1))
    return Extract(text[front.end() :], title.group(1).strip("\"'") if title else "")


def extract_html(data: bytes) -> Extract:
    """Read what a reader of the page sees, as Markdown: headings, list items and table rows keep their shape.

    Scripts, styles, navigation and hidden elements are left out. An encoding the page declares is honoured.
    """
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(_decode_html(data), "html.parser")
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    for tag in soup.find_all(_is_unread):
        tag.decompose()
    _fold_whitespace(soup)
    _mark_shape(soup)
    text = re.sub(r"(?<=\S) {2,}|[ \t]+$|^ (?! )", _one_space_inside, soup.get_text(), flags=re.MULTILINE)
    return Extract(re.sub(r"\n{3,}", "\n\n", text).strip(), title)


def _one_space_inside(found: re.Match[str]) -> str:
    at_end = found.end() == len(found.string) or found.string[found.end()] == "\n"
    at_start = found.start() == 0 or found.string[found.start() - 1] == "\n"
    return "" if at_end or at_start else " "


def _decode_html(data: bytes) -> str:
    from bs4.dammit import EncodingDetector

    try:
        return decode_text(data)
    except UnreadableDocumentError:
        declared = EncodingDetector.find_declared_encoding(data, is_html=True)
        if not declared:
            raise
        try:
            return data.decode(declared)
        except (LookupError, ValueError) as error:
            raise UnreadableDocumentError(
                f"is not in {declared[:40]!r}, the encoding it declares. Convert it to UTF-8"
            ) from error


def _is_unread(tag: Any) -> bool:
    style = str(tag.get("style", "")).replace(" ", "").lower()
    return (
        tag.name in _UNREAD_TAGS
        or tag.has_attr("hidden")
        or "display:none" in style
        or "visibility:hidden" in style
    )


def _fold_whitespace(soup: Any) -> None:
    """Fold whitespace as a browser does, comments and declarations out, preformatted text as it is."""
    from bs4 import NavigableString

    for string in soup.find_all(string=True):
        if type(string) is not NavigableString:
            string.extract()
        elif string.find_parent("pre") is None:
            string.replace_with(re.sub(r"\s+", " ", string))


def _mark_shape(soup: Any) -> None:
    """Put Markdown's signs where the page shows them; a paragraph inside a list item stays on the item's line."""
    for tag in soup.find_all("br"):
        tag.replace_with("\n")
    for tag in soup.find_all(re.compile("^h[1-6]$")):
        heading = " ".join(tag.get_text().split())
        tag.replace_with(f"\n\n{'#' * int(tag.name[1])} {heading}\n\n" if heading else "\n\n")
    for tag in soup.find_all("table"):
        tag.replace_with(_table_as_markdown(tag))
    for tag in soup.find_all(_BLOCK_TAGS):
        inline = tag.name not in _OWN_LINES and tag.find_parent("li") is not None
        tag.insert(0, " " if inline else "\n\n")
        tag.append(" " if inline else "\n\n")
    for tag in soup.find_all("li"):
        tag.insert(0, "\n- ")
        tag.append("\n")


def _table_as_markdown(table: Any) -> str:
    rows = [
        [" ".join(cell.get_text().split()) for cell in row.find_all(["td", "th"])]
        for row in table.find_all("tr")
    ]
    rows = [row for row in rows if any(row)]
    if not rows:
        return f"\n\n{table.get_text()}\n\n"
    caption = " ".join(table.caption.get_text().split()) if table.caption else ""
    width = max(map(len, rows))
    escaped = [[cell.replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in escaped]
    lines.insert(1, f"|{' --- |' * width}")
    return "\n\n" + (f"{caption}\n\n" if caption else "") + "\n".join(lines) + "\n\n"


def extract_pdf(data: bytes) -> Extract:
    """Read the text of a PDF, pages parted by an empty line.

    Raises:
        UnreadableDocumentError: it asks for a password, is broken, or holds pictures of text only.

    """
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        _unlock(reader)
        text = "\n\n".join(page.extract_text() or "" for page in reader.pages)
        title = str((reader.metadata.title if reader.metadata else "") or "")
    except UnreadableDocumentError:
        raise
    except Exception as error:  # a hostile file can make the parser raise anything
        message = (str(error).strip().splitlines() or [""])[0][:120]
        raise UnreadableDocumentError(
            f"is a broken PDF ({type(error).__name__}: {message}). Save it again or remove it"
        ) from error
    if not text.strip():
        raise UnreadableDocumentError(
            "is a PDF without text, perhaps scanned pages. Run text recognition on it first"
        )
    return Extract(_clean(text), " ".join(_clean(title).split()))


def _unlock(reader: Any) -> None:
    """Open with the empty password, which is what a viewer shows without asking; any failure is a locked file."""
    try:
        opened = not reader.is_encrypted or reader.decrypt("")
    except Exception:  # noqa: BLE001 - an unknown or unsupported cipher is a locked file to us
        opened = False
    if not opened:
        raise UnreadableDocumentError(
            "is an encrypted PDF that asks for a password. Remove the password and build again"
        )


def _clean(text: str) -> str:
    """Drop what no UTF-8 file could hold: NUL characters and lone surrogates of broken font tables."""
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "replace").decode("utf-8")


EXTRACTORS: Mapping[str, Callable[[bytes], Extract]] = {
    ".htm": extract_html,
    ".html": extract_html,
    ".markdown": extract_markdown,
    ".md": extract_markdown,
    ".pdf": extract_pdf,
    ".text": extract_text,
    ".txt": extract_text,
    ".xhtml": extract_html,
}
"""What reads a file, by its suffix in lower case."""
