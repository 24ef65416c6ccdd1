"""Which entries could be responsible for a flagged claim: cited, retrieved, and the store's own neighbours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.nearest import EntryIndex
from halluguard.records import Entry, Status
from halluguard.text import Term, anchor_share

NEIGHBOURS = 20
"""Entries taken from the store's own ranking of the question, and again of the claim: a log may be incomplete."""

ALWAYS_READ = 5
"""Neighbours of the claim that are read even where they share none of its own words."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """A flagged claim with what its turn shows: the input of one event.

    `conflict` says that the check found its source to bear it out and trusted documents to contradict it. `rarity` says how
    seldom each of its own words stands in an entry that has nothing to do with its question, as `Background.rarity` returns it.
    `chunks` holds the texts retrieved under each id: several where pieces of a document share one, none where the log has none.
    """

    claim_id: str
    turn_id: str
    claim: str
    question: str | None
    timestamp: datetime | None
    cited_ids: tuple[str, ...]
    chunks: Mapping[str, tuple[str, ...]]
    conflict: bool = False
    rarity: Mapping[Term, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that could be responsible, with the text as it was answered from.

    Attributes:
        entry: the record of the store, or one made from the log where the store has no such id.
        position: where it stands in the index; None where it is not in the store.
        text: the log's text where the log has one, else the store's.
        edited_since: whether the log's text and the store's differ.
        pull: cosine of entry and question.
        lean: cosine with the claim minus cosine with the question.
        shown: whether the log shows that the model saw it.
        way: unit vector from question to entry, shape (dimension,): what the entry adds to the question; None where it
            is not in the store.

    """

    entry: Entry
    position: int | None
    text: str
    edited_since: bool
    pull: float
    lean: float
    shown: bool
    way: NDArray[np.float32] | None = field(default=None, compare=False)


def find_candidates(
    flagged: Flagged,
    index: EntryIndex,
    question_vector: NDArray[np.float32],
    claim_vector: NDArray[np.float32],
) -> tuple[Candidate, ...]:
    """Return the candidates of one claim: those the log shows first, then neighbours by rank; each entry once.

    Neighbours that came into the store after the answer are left out, and so are those that no retriever can return,
    and those that share none of the claim's own words, but for the nearest few: nothing they could say would be the claim.
    """
    shown = dict.fromkeys((*flagged.cited_ids, *flagged.chunks))
    found = {id_: _shown_candidate(id_, flagged, index, question_vector, claim_vector) for id_ in shown}
    by_claim = [position for position, _ in index.rank(claim_vector, NEIGHBOURS, index.unreachable)]
    by_question = [position for position, _ in index.rank(question_vector, NEIGHBOURS, index.unreachable)]
    for order, position in enumerate(dict.fromkeys((*by_claim, *by_question))):
        entry = index.entries[position]
        if entry.id in found or not entry.text or _is_later(entry, flagged.timestamp):
            continue
        if order < ALWAYS_READ or anchor_share(flagged.claim, flagged.question, entry.text) > 0:
            found[entry.id] = stored_candidate(index, position, question_vector, claim_vector)
    return tuple(candidate for candidate in found.values() if candidate is not None)


def unreadable_ids(flagged: Flagged, index: EntryIndex) -> tuple[str, ...]:
    """Return the cited or retrieved ids that neither the log nor the store has a text for."""
    return tuple(
        id_
        for id_ in dict.fromkeys((*flagged.cited_ids, *flagged.chunks))
        if not flagged.chunks.get(id_) and not _text_in_store(id_, index)
    )


def _text_in_store(id_: str, index: EntryIndex) -> str | None:
    position = index.position(id_)
    return None if position is None else index.entries[position].text


def _shown_candidate(
    id_: str, flagged: Flagged, index: EntryIndex, question: NDArray[np.float32], claim: NDArray[np.float32]
) -> Candidate | None:
    logged = flagged.chunks.get(id_, ())
    stored = {place: _squeeze(index.entries[place].text or "") for place in index.positions(id_)}
    pieces = [_squeeze(piece) for piece in logged]
    same = [place for place, whole in stored.items() if any(piece in whole for piece in pieces)]
    position = next(iter((*same, *stored)), None)
    text = "\n\n".join(logged) or (position is not None and index.entries[position].text) or ""
    if not text:
        return None
    entry = Entry(id_, text) if position is None else index.entries[position]
    candidate = _candidate(entry, position, text, index, question=question, claim=claim)
    known = [whole for whole in stored.values() if whole]
    edited = bool(known) and not all(any(piece in whole for whole in known) for piece in pieces)
    return replace(candidate, edited_since=edited, shown=True)


def stored_candidate(
    index: EntryIndex, position: int, question: NDArray[np.float32], claim: NDArray[np.float32]
) -> Candidate:
    """Return an entry of the store as a candidate, read as it is now."""
    entry = index.entries[position]
    return _candidate(entry, position, entry.text or "", index, question=question, claim=claim)


def _candidate(
    entry: Entry,
    position: int | None,
    text: str,
    index: EntryIndex,
    *,
    question: NDArray[np.float32],
    claim: NDArray[np.float32],
) -> Candidate:
    if position is None:
        return Candidate(entry, None, text, edited_since=False, pull=0.0, lean=0.0, shown=False)
    vector = index.vectors[position]
    pull = float(vector @ question)
    lean = float(vector @ claim) - pull
    way = vector - question
    way /= max(float(np.linalg.norm(way)), 1e-6)
    return Candidate(entry, position, text, edited_since=False, pull=pull, lean=lean, shown=False, way=way)


def _is_later(entry: Entry, moment: datetime | None) -> bool:
    return entry.ingested_at is not None and moment is not None and entry.ingested_at > moment


def is_dated_after(entries: Iterable[Entry], moments: Iterable[datetime | None]) -> bool:
    """Whether every entry with a text is dated later than every turn, as in a store built anew or moved since.

    Such dates cannot say what was there to answer from, and would clear every entry.
    """
    dates = [entry.ingested_at for entry in entries if entry.text]
    known = [date for date in dates if date is not None]
    last = max((moment for moment in moments if moment is not None), default=None)
    return last is not None and bool(known) and len(known) == len(dates) and min(known) > last


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def flagged_claims(
    claims: Iterable[Mapping[str, Any]], turns: Mapping[str, Mapping[str, Any]]
) -> Sequence[Flagged]:
    """Build events from rows of the run's claims and turns tables."""
    made = []
    for row in claims:
        turn = turns[row["turn_id"]]
        chunks: dict[str, tuple[str, ...]] = {}
        for chunk in turn["retrieved"] or ():
            if chunk["used"]:
                kept = chunks.setdefault(chunk["id"], ())
                chunks[chunk["id"]] = tuple(dict.fromkeys((*kept, *filter(None, (chunk["text"],)))))
        made.append(
            Flagged(
                row["claim_id"],
                row["turn_id"],
                row["reading"],
                turn["question"],
                turn["timestamp"],
                tuple(row["cited_ids"]),
                chunks,
                conflict=row["status"] == Status.SOURCE_CONFLICT,
            )
        )
    return made
