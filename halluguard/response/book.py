"""What has been read: whether an entry bears a claim out, each pair once, and whether the trusted corpus says it too."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics import EntryIndex, Vouching
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.grounding.witness import open_trusted
from halluguard.models import Embedder
from halluguard.records import Entry, Passage
from halluguard.response.probes import FalseClaim
from halluguard.run import Run

_HEADING = re.compile(r"#+(?:\s+[^\s\d]+){1,6}")
NEAREST = 20
"""Entries nearest to a false claim that are read for it, whatever was asked."""


@dataclass
class Book:
    """Reads (claim, entry) pairs once.

    `vouching` excuses an entry whose words, where it bears a claim out, are trusted ones, and one that holds no other words: the
    words for a claim may be sentences from several places of it, which stand together in no trusted text.
    """

    reader: Reader
    vouching: Vouching | None = None
    _bears: dict[tuple[str, str], bool] = field(default_factory=dict)
    _trusted: dict[tuple[str, str], bool] = field(default_factory=dict)

    def learn(self, pairs: Iterable[tuple[str, Entry]]) -> None:
        """Read the pairs that are not known yet, together."""
        new = {(claim, entry.text): entry.id for claim, entry in pairs if entry.text}
        wanted = [key for key in new if key not in self._bears]
        requests = [ReadRequest(key[0], (Passage(new[key], key[1]),)) for key in wanted]
        readings = self.reader.read(requests)
        self._bears.update((key, reading.supports) for key, reading in zip(wanted, readings, strict=True))
        borne = [(key, r.evidence_text) for key, r in zip(wanted, readings, strict=True) if r.supports]
        if self.vouching is None:
            return
        stands = self.vouching.stands_in_trusted(
            [text for _, text in borne], [whole for (_, whole), _ in borne]
        )
        self._trusted.update((key, stood) for (key, _), stood in zip(borne, stands, strict=True))
        strange = [key for key, _ in borne if not self._trusted[key]]
        whole = vouched_texts(self.vouching, [text for _, text in strange])
        self._trusted.update((key, True) for key in strange if key[1] in whole)

    def borne_by(self, claim: str, entries: Sequence[Entry]) -> list[str]:
        """Return the ids of the entries that bear a claim out; all pairs must be known."""
        return [entry.id for entry in entries if entry.text and self._bears[claim, entry.text]]

    def said_by(self, claim: str, entries: Sequence[Entry]) -> list[str]:
        """Return those of `borne_by` whose words for it do not stand in the trusted corpus: who says what is false."""
        known = self._trusted
        return self.borne_by(claim, [e for e in entries if not known.get((claim, e.text or ""), False)])


def open_book(run: Run, reader: Reader, embedder: Embedder) -> Book:
    """Return an empty book, with the trusted corpus that the run was checked against as a witness, if there was one.

    Raises:
        InputError: the trusted index is gone, or another one lies in its place.

    """
    trusted = open_trusted(run, embedder)
    return Book(reader, Vouching(trusted, embedder, reader) if trusted is not None and len(trusted) else None)


def retrieve(index: EntryIndex, questions: Sequence[str], k: int, embedder: Embedder) -> list[list[Entry]]:
    """Return the k entries nearest to each question, by the store's own vectors where they are our embedder's."""
    if not questions:
        return []
    vectors: NDArray[np.float32] = embedder.encode(list(questions))
    return [[index.entries[place] for place, _ in index.rank(vector, k)] for vector in vectors]


def find_rewrites(
    claims: Sequence[FalseClaim], index: EntryIndex, book: Book, embedder: Embedder
) -> dict[str, list[str]]:
    """Return, by id, the false claims that an entry among the nearest to them or their questions says in words that are not trusted ones."""
    return _find_near(*_ask_for(claims, embedder), index, book)


def find_all_rewrites(
    claims: Sequence[FalseClaim],
    index: EntryIndex,
    book: Book,
    embedder: Embedder,
    without: Collection[str] = (),
) -> dict[str, list[str]]:
    """Return `find_rewrites` of the index without some ids, then of what is left of it, until a round finds none.

    A claim that is written many times fills its own nearest entries; each round looks behind them.
    """
    asked, vectors = _ask_for(claims, embedder)
    left_out = {place for key in without for place in index.positions(key)}
    found: dict[str, list[str]] = {}
    while new := _find_near(asked, vectors, index, book, left_out):
        found |= new
        left_out.update(place for key in new for place in index.positions(key))
    return found


def _ask_for(claims: Sequence[FalseClaim], embedder: Embedder) -> tuple[list[str], NDArray[np.float32]]:
    """Return each claim once for itself and for each of its questions, and the vectors to look for it by."""
    asked = [(claim.text, text) for claim in claims for text in (claim.text, *claim.questions)]
    return [claim for claim, _ in asked], embedder.encode([text for _, text in asked])


def _find_near(
    asked: Sequence[str],
    vectors: NDArray[np.float32],
    index: EntryIndex,
    book: Book,
    without: Collection[int] = (),
) -> dict[str, list[str]]:
    """Return, by id, which of some claims an entry among the nearest to their vectors says in words that are not trusted ones."""
    nearest = [
        [index.entries[place] for place, _ in index.rank(vector, NEAREST, without)] for vector in vectors
    ]
    book.learn((claim, entry) for claim, top in zip(asked, nearest, strict=True) for entry in top)
    found: dict[str, list[str]] = {}
    for claim, top in zip(asked, nearest, strict=True):
        for key in book.said_by(claim, top):
            if claim not in found.setdefault(key, []):
                found[key].append(claim)
    return found


def find_false(claims: Sequence[FalseClaim], texts: Sequence[str], book: Book) -> frozenset[str]:
    """Return those of some texts that say one of the false claims in words that are not trusted ones."""
    entries = [Entry(text, text) for text in texts]
    book.learn((claim.text, entry) for claim in claims for entry in entries)
    return frozenset(text for claim in claims for text in book.said_by(claim.text, entries))


def find_vouched(book: Book, entries: Sequence[Entry]) -> frozenset[str]:
    """Return the ids of entries every line of which stands word for word in the trusted corpus.

    Where several entries share an id, all of them must.
    """
    if book.vouching is None:
        return frozenset()
    whole = vouched_texts(book.vouching, [entry.text or "" for entry in entries])
    strange = {entry.id for entry in entries if (entry.text or "") not in whole}
    return frozenset(entry.id for entry in entries) - strange


def vouched_texts(vouching: Vouching, texts: Sequence[str]) -> frozenset[str]:
    """Return those of some texts every line of which stands word for word in the trusted corpus.

    Line by line, since a text may span several trusted passages; one that says nothing is not among them.
    """
    lines = [(text, line) for text in dict.fromkeys(texts) for line in _lines(text)]
    stands = vouching.stands_in_trusted([line for _, line in lines], [text for text, _ in lines])
    strange = {text for (text, _), stood in zip(lines, stands, strict=True) if not stood}
    return frozenset(text for text, _ in lines) - strange


def _lines(text: str) -> list[str]:
    """Return the lines that say something, without list and table marks; short headings without a number say nothing."""
    said = (raw for raw in text.splitlines() if not _HEADING.fullmatch(raw.strip()))
    return [line for raw in said if len((line := raw.strip("#|- \t")).split()) >= 3]
