"""Ghosts: entries accused of a false claim that answers were given from and the store no longer holds."""

from collections.abc import Collection, Mapping

from halluguard.models import Embedder
from halluguard.records import Entry, Origin
from halluguard.run import Run

ACCUSED = frozenset({Origin.STORE, Origin.NOT_IN_STORE})
"""Origins of events whose accused ids are meant."""


def read_ghosts(run: Run, stored: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the accused ids that the log retrieved and the store lacks, each with what it said in the accused answers.

    Not everything that was ever deleted: only what a flagged claim is laid to. An id has no text where the log kept none, and
    several where it was edited.
    """
    turns: dict[str, set[str]] = {}
    held = frozenset(stored)
    if run.has("events"):
        for row in run.read("events", ["turn_id", "origin", "accused_ids"]).to_pylist():
            if row["origin"] in ACCUSED:
                for key in set(row["accused_ids"] or ()) - held:
                    turns.setdefault(key, set()).add(row["turn_id"])
    texts: dict[str, dict[str, None]] = {}
    for batch in run.stream("turns") if turns else ():
        for row in batch.select(["turn_id", "retrieved"]).to_pylist():
            for chunk in row["retrieved"] or ():
                if row["turn_id"] in turns.get(chunk["id"], ()):
                    texts.setdefault(chunk["id"], {}).update({chunk["text"]: None} if chunk["text"] else {})
    return {key: tuple(said) for key, said in texts.items()}


def as_entries(ghosts: Mapping[str, Collection[str]], embedder: Embedder) -> list[Entry]:
    """Return an entry for each text of each ghost, with our embedder's vector, as if they still stood in the store."""
    said = [(key, text) for key, texts in ghosts.items() for text in texts]
    vectors = embedder.encode([text for _, text in said]) if said else ()
    return [Entry(key, text, vector) for (key, text), vector in zip(said, vectors, strict=True)]
