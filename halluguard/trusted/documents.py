"""A folder or file of trusted documents, streamed in a fixed order; what could not be read is named, never dropped."""

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from halluguard.errors import TrustedCorpusError
from halluguard.records import Document
from halluguard.trusted.extract import EXTRACTORS, UnreadableDocumentError, decode_text
from halluguard.trusted.listing import Listed, list_files, own_output

_ROWS = (".jsonl", ".jsonl.gz")
FORMATS = "Markdown, text, HTML, PDF or JSONL"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a row of a JSONL file, that gave no document.

    `is_document` is False for a file of another kind (a picture, a style sheet), which nobody expects to be read.
    """

    path: str
    reason: str
    is_document: bool = True

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def read_documents(source: Path) -> Iterator[Document | Skipped]:
    """Yield every document under `source` in the order of their paths, and every file or row that is none.

    `source` is a folder, searched to any depth, or one file. Hidden files and folders, and what halluguard itself has
    written (indexes, runs with their reports, responses, incident records), are not looked at. A document's id and
    source are its path under the folder; a JSONL row has its own id, or `file:line`. One document is in memory at a
    time.

    Raises:
        TrustedCorpusError: there is no such file or folder, it cannot be read, or halluguard has written it.

    """
    source = Path(source)
    if not source.exists():
        raise TrustedCorpusError(f"{source}: no such file or folder. Give a folder of {FORMATS}")
    root = source if source.is_dir() else source.parent
    seen: set[str] = set()
    for listed in _list_sources(source):
        name = os.fsencode(listed.name).decode(
            "utf-8", "backslashreplace"
        )  # a file's name need not be UTF-8, an id must be
        if listed.problem:
            yield Skipped(name, listed.problem)
            continue
        for item in _read_file(root / listed.name, name):
            if isinstance(item, Document) and item.id in seen:
                yield Skipped(
                    str(item.metadata.get("row", name)),
                    f"document id {item.id!r} was used before. Give each its own",
                )
                continue
            if isinstance(item, Document):
                seen.add(item.id)
            yield item


def _list_sources(source: Path) -> list[Listed]:
    if what := own_output(source):
        raise TrustedCorpusError(
            f"{source}: is {what}, written by halluguard itself. Give a folder of {FORMATS}"
        )
    return list_files(source) if source.is_dir() else [Listed(source.name)]


def _read_file(path: Path, name: str) -> Iterator[Document | Skipped]:
    extract = EXTRACTORS.get(path.suffix.lower())
    rows = path.name.lower().endswith(_ROWS)
    if extract is None and not rows:
        yield Skipped(name, f"is not {FORMATS}", is_document=False)
        return
    if not path.is_file():
        yield Skipped(name, "is not a regular file, or a link to nowhere. Remove it")
        return
    try:
        if extract is None:
            yield from _read_rows(path, name)
            return
        found = extract(path.read_bytes())
        if not found.text.strip():
            raise UnreadableDocumentError("holds no text")  # noqa: TRY301 - one place turns reasons into records
        yield Document(id=name, text=found.text, source=name, title=found.title)
    except UnreadableDocumentError as error:
        yield Skipped(name, str(error))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield Skipped(
            name,
            f"is damaged or cut off, as gzip ({error}). Fetch or compress it again; no more of it is read",
        )
    except OSError as error:
        yield Skipped(name, f"cannot be read ({error.strerror or error}). Check the file and its permissions")
    except RecursionError:
        yield Skipped(name, "is nested too deeply to read. Flatten or remove it")


def _read_rows(path: Path, name: str) -> Iterator[Document | Skipped]:
    open_rows = gzip.open if path.suffix.lower() == ".gz" else open
    with open_rows(path, "rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            where = f"{name}:{number}"
            try:
                yield _document_of(line, name, where)
            except UnreadableDocumentError as error:
                yield Skipped(where, str(error))


def _document_of(line: bytes, name: str, where: str) -> Document:
    try:
        row: Any = orjson.loads(decode_text(line))
    except orjson.JSONDecodeError as error:
        raise UnreadableDocumentError(
            f"is broken JSON ({error.msg} at column {error.colno}). Repair or remove the line"
        ) from error
    if not isinstance(row, dict):
        raise UnreadableDocumentError(
            f"holds {type(row).__name__}, not an object. Write {{'id', 'text', 'source', 'metadata'}} a line"
        )
    text, metadata = row.get("text"), row.get("metadata")
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise UnreadableDocumentError("has no readable string in the field text. Give each row its text")
    identity = row.get("id")
    if identity is not None and not isinstance(identity, str | int):
        raise UnreadableDocumentError(
            f"has an id of type {type(identity).__name__}. Use a string or an integer"
        )
    metadata = metadata if isinstance(metadata, dict) else {}
    given = row.get("source")
    title = next(
        (one for one in (metadata.get("title"), row.get("title")) if isinstance(one, str) and one), ""
    )
    key = where if identity is None or identity == "" else str(identity)
    return Document(
        id=key,
        text=text.replace("\r\n", "\n").replace("\r", "\n"),
        source=given if isinstance(given, str) and given else (key if key != where else name),
        title=title,
        metadata={**metadata, "row": where},
    )
