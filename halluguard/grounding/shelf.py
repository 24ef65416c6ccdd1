"""The shelf of a turn: its retrieved chunks, found by what an answer calls them: an id, a number, or the name of their document."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from halluguard.records import Chunk

_NAME_KEYS = (
    "title",
    "document_title",
    "doc_title",
    "document_name",
    "doc_name",
    "file_name",
    "document_id",
    "doc_id",
)
"""Where a chunk's metadata names its document, beside the keys of `Chunk.source`."""

_FILE = re.compile(
    r".*[^./\\\s]\.(md|mdx|markdown|txt|rst|rtf|html?|pdf|docx?|odt|pptx?|xlsx?|csv|tsv|jsonl?|xml|epub)\Z",
    re.IGNORECASE,
)
_URL = re.compile(r"(?:https?://(?:www\.)?|www\.)(?=\S+\Z)", re.IGNORECASE)
_NUMBER = re.compile(r"(?:0|[1-9]\d{0,2})\Z", re.ASCII)
_ID_SHAPE = re.compile(r"\d+")
_SLASH = re.compile(r"[/\\]")
_QUOTES = " \t\"'“”‘’*`"


class Shelf:
    """The retrieved chunks of one turn. Numbers count the chunks shown to the model, in rank order."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._ids = {chunk.id: chunk.id for chunk in chunks}
        self._folded = {chunk.id.casefold(): chunk.id for chunk in reversed(chunks)}
        self._shapes = frozenset(_ID_SHAPE.sub("0", chunk.id) for chunk in chunks)
        shown = [chunk for chunk in chunks if chunk.used]
        if all(chunk.rank is not None for chunk in shown):
            shown.sort(key=lambda chunk: chunk.rank or 0)
        self._ranked = [chunk.id for chunk in shown]
        self._numbers = sorted({int(chunk.id) for chunk in chunks if _NUMBER.match(chunk.id)})
        self._base = 1
        self._names: dict[str, dict[str, None]] = {}
        self._kinds: list[frozenset[str]] = []
        for chunk in chunks:
            called = tuple(_called(chunk))
            self._kinds.append(frozenset(map(_kind, called)))
            for name in _names(called, chunk.source):
                self._names.setdefault(name, {})[chunk.id] = None

    def __bool__(self) -> bool:
        return bool(self._ids)

    def count_from_zero_if(self, zero: bool) -> None:
        """Count from 0 where the answer holds a marker 0 that is no id."""
        self._base = 0 if zero and "0" not in self._ids else 1

    def by_id(self, label: str) -> str | None:
        """Return the chunk of this id, letter case aside if no id is written so."""
        return self._ids.get(label) or self._folded.get(label.casefold())

    def by_number(self, number: int) -> str | None:
        """Return the chunk a plain number means: the one whose id it is, else the one at that rank."""
        place = number - self._base
        return self._ids.get(str(number)) or (self._ranked[place] if 0 <= place < len(self._ranked) else None)

    def numbers_within(self, first: int, stop: int) -> tuple[int, ...]:
        """Return the numbers in [first, stop) that mean a chunk, in order."""
        ranked = range(max(first, self._base), min(stop, self._base + len(self._ranked)))
        own = self._numbers[bisect_left(self._numbers, first) : bisect_left(self._numbers, stop)]
        return tuple(sorted({*ranked, *own}))

    def by_name(self, label: str) -> tuple[str, ...]:
        """Return all chunks of the document that the label names: by path, address, file name or title."""
        name = _fold(label)
        found = self._names.get(name) or (self._names.get(_last_part(name)) if names_file(name) else None)
        return tuple(found or ())

    def find(self, label: str) -> tuple[str, ...]:
        """Return the chunk of an id or else the chunks of a name."""
        known = self.by_id(label)
        return self.by_name(label) if known is None else (known,)

    def has_shape_of(self, label: str) -> bool:
        """Whether the label looks like the retrieved ids, digits apart ("kb-999" beside "kb-112")."""
        return (
            any(char.isdigit() for char in label)
            and not label.isdigit()
            and _ID_SHAPE.sub("0", label) in self._shapes
        )

    def names_all_like(self, label: str) -> bool:
        """Whether every chunk says which file (or page) it is from, as the label does: if it were one, it would be known."""
        kind = _kind(label)
        return bool(kind) and bool(self._kinds) and all(kind in kinds for kinds in self._kinds)


def names_document(label: str) -> bool:
    """Whether a label can only be the name of a file of text or the address of a page."""
    return bool(_kind(label))


def names_file(label: str) -> bool:
    """Whether a label ends as the name of a file of text does."""
    return bool(_FILE.match(label))


def _called(chunk: Chunk) -> Iterator[str]:
    """Yield what a chunk's document is called: its source, the titles of its metadata, an id that is a file ("a.md#3")."""
    before, _, _ = chunk.id.partition("#")
    for value in (chunk.source, *(chunk.metadata.get(key) for key in _NAME_KEYS)):
        if isinstance(value, str):
            yield value
    if names_document(before):
        yield before


def _names(called: Iterable[str], source: str | None) -> Iterator[str]:
    """Yield the names to look up: each as a whole, and the last part of a path; a bare number stays a number."""
    for value in called:
        name = _fold(value)
        parts = (name, _last_part(name)) if value == source or names_document(value) else (name,)
        yield from (part for part in parts if part and not part.isdecimal())


def _fold(name: str) -> str:
    """Return a name without what writers change about it: case, blanks, quotes, a scheme, a place on the page."""
    text = " ".join(name.strip(_QUOTES).casefold().split())
    before, _, _ = text.partition("#")
    text = before if names_document(before) else text
    return _URL.sub("", text, count=1).rstrip("/")


def _last_part(name: str) -> str:
    return _SLASH.split(name)[-1]


def _kind(label: str) -> str:
    """Return the ending of a file name, "url" for an address, or the empty string."""
    if _URL.match(label):
        return "url"
    file = _FILE.match(label)
    return file[1].casefold() if file else ""
