"""Entries against the sources they name: gone, or without the entry's text."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from halluguard.forensics.integrity.codes import Code
from halluguard.forensics.integrity.duplicates import split_words
from halluguard.records import Document, Entry, Reason
from halluguard.trusted.documents import read_documents

ReadSource = Callable[[str], str | None]
"""Returns the text of a source, or None where the source is gone; raises `SourceElsewhereError` where it cannot tell."""

_SHINGLE = 3  # words
_LEAST_FOUND = 0.5  # share of an entry's shingles found in its source; extraction and cleaning lose some
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SEPARATOR = re.compile(r"[/\\]+")


class SourceElsewhereError(LookupError):
    """A source that does not lie where sources were looked for, so that nothing can be said of it."""


def check_sources(
    entries: Sequence[Entry], read: ReadSource, *, elsewhere: Callable[[int], None] | None = None
) -> Iterator[tuple[int, Reason]]:
    """Yield, source by source, the entries whose source is gone or does not hold their text.

    `elsewhere` is told how many entries name a source that could not be looked for.
    """
    by_source: dict[str, list[int]] = {}
    for number, entry in enumerate(entries):
        if entry.source is not None:
            by_source.setdefault(entry.source, []).append(number)
    for source, numbers in by_source.items():
        try:
            text = read(source)
        except SourceElsewhereError:
            if elsewhere:
                elsewhere(len(numbers))
            continue
        if text is None:
            for number in numbers:
                yield number, Reason(Code.SOURCE_MISSING, None, f"{source} is gone")
            continue
        shingles = _shingles(split_words(text))
        for number in numbers:
            share = found_share(entries[number].text or "", shingles)
            if share is not None and share < _LEAST_FOUND:
                yield (
                    number,
                    Reason(
                        Code.TEXT_NOT_IN_SOURCE, share, f"{share:.0%} of its word sequences are in {source}"
                    ),
                )


def found_share(text: str, shingles: frozenset[tuple[str, ...]]) -> float | None:
    """Return the share of a text's word triples among `shingles`; None where the text has none."""
    own = _shingles(split_words(text))
    return len(own & shingles) / len(own) if own else None


def _shingles(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1))


def folder_sources(folder: Path) -> ReadSource:
    """Return a reader of the sources in a folder: Markdown, text, HTML, PDF or JSONL, at any depth.

    A source is the document that agrees with its name in most parts of the path, counted from the end; where several
    do, their texts together. The name is only compared, never opened. A URL that no document is named after is
    elsewhere.

    Raises:
        TrustedCorpusError: there is no such folder.

    """
    by_name: dict[str, list[tuple[list[str], str]]] = defaultdict(list)
    for document in read_documents(folder):
        if isinstance(document, Document):
            parts = _parts(document.source)
            by_name[parts[-1]].append((parts, document.text))

    def read(source: str) -> str | None:
        parts = _parts(source)
        found = [(_agreement(parts, other), text) for other, text in by_name.get(parts[-1], ())]
        if not found:
            if _URL.match(source):
                raise SourceElsewhereError(source)
            return None
        best = max(agreement for agreement, _ in found)
        return "\n\n".join(text for agreement, text in found if agreement == best)

    return read


def _parts(source: str) -> list[str]:
    source = unicodedata.normalize("NFC", source)  # macOS hands out names with their accents apart
    bare = re.split(r"[?#]", _URL.sub("", source), maxsplit=1)[0] if _URL.match(source) else source
    return [part for part in _SEPARATOR.split(bare) if part not in {"", "."}] or [source]


def _agreement(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many parts are the same, counted from the end."""
    same = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if one != other:
            break
        same += 1
    return same
