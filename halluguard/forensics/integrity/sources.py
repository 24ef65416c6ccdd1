"""Entries against the sources they name: gone, or without the entry's text."""

from collections.abc import Callable, Iterator, Sequence

from halluguard.forensics.integrity.codes import Code
from halluguard.forensics.integrity.duplicates import split_words
from halluguard.records import Entry, Reason

ReadSource = Callable[[str], str | None]
"""Returns the text of a source, or None where the source is gone."""

_SHINGLE = 3  # words
_LEAST_FOUND = 0.5  # share of an entry's shingles found in its source; extraction and cleaning lose some


def check_sources(entries: Sequence[Entry], read: ReadSource) -> Iterator[tuple[int, Reason]]:
    """Yield, source by source, the entries whose source is gone or does not hold their text."""
    by_source: dict[str, list[int]] = {}
    for number, entry in enumerate(entries):
        if entry.source is not None:
            by_source.setdefault(entry.source, []).append(number)
    for source, numbers in by_source.items():
        text = read(source)
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
