"""The text of one file: UTF-8 text, Markdown, HTML or PDF, and why a file has none."""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from halluguard.errors import TrustedCorpusError
from halluguard.trusted.html import read_page

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_LINE = re.compile(r"[\w-]+[ \t]*:(?:\s|$)|-(?:\s|$)")
_FRONT_TITLE = re.compile(r"^title:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


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
    if front is None or not _is_yaml(front.group(1)):
        return Extract(text)
    title = _FRONT_TITLE.search(front.group(1))
    return Extract(text[front.end() :], title.group(1).strip("\"'") if title else "")


def _is_yaml(front: str) -> bool:
    """Whether what stands between two rules is keys with values and not text: only then may it be left out."""
    lines = [line for line in front.split("\n") if line.strip() and line[0] not in " \t#"]
    return all(map(_FRONT_LINE.match, lines)) and any(not line.startswith("-") for line in lines)


def extract_html(data: bytes) -> Extract:
    """Read what a reader of the page sees, as Markdown; an encoding the page declares is honoured.

    Scripts, styles, navigation and hidden elements are left out.
    """
    text, title = read_page(_decode_html(data))
    return Extract(text, title)


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
