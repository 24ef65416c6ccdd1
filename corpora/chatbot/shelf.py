"""The bot's vector store while it grows: entries in insertion order, searched by cosine."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Item:
    """An entry with what only the author knows: its label, the claims it bears, and where a false one came from.

    `hop` counts steps from the origin on the path entry, answer, entry ...; None for an entry that states nothing
    false. `parent` is the turn that was written back, whether or not the store says so.
    """

    id: str
    text: str
    vector: NDArray[np.float32]
    source: str
    ingested_at: datetime
    batch: str
    metadata: dict[str, Any] = field(default_factory=dict)
    written_by_turn: str | None = None
    label: str = "clean"
    keys: frozenset[str] = frozenset()
    hop: int | None = None
    origins: tuple[str, ...] = ()
    parent: str | None = None

    @property
    def is_false(self) -> bool:
        """Whether the entry asserts a false claim."""
        return self.hop is not None

    def bears(self, key: str) -> bool:
        """Whether the entry says what `key` names."""
        if key in self.keys:
            return True
        for alternative in key.split(";"):
            page, _, phrase = alternative.partition("#")
            if self.source.rsplit(".", 1)[0] == page and phrase in " ".join(self.text.split()):
                return True
        return False


class Shelf:
    """Entries on the shelf now, and those that were taken off."""

    def __init__(self) -> None:
        """Start empty."""
        self.items: list[Item] = []
        self.retired: list[Item] = []
        self.version = 0
        self._count = 0

    def next_id(self) -> str:
        """Return a new id that says nothing about the entry."""
        self._count += 1
        return f"c{self._count:04d}"

    def change(self, added: Sequence[Item], replaced: AbstractSet[str] = frozenset()) -> None:
        """Put entries on the shelf, take off those of the replaced sources first, and count a new index version."""
        if replaced:
            self.retired += [item for item in self.items if item.source in replaced]
            self.items = [item for item in self.items if item.source not in replaced]
        self.items += added
        self.version += 1

    def search(self, query: NDArray[np.float32], k: int) -> list[tuple[Item, float]]:
        """Return the k nearest entries with their cosine, best first; ties keep the insertion order."""
        scores = np.stack([item.vector for item in self.items]).astype(np.float64) @ query.astype(np.float64)
        order = np.argsort(-scores.round(6), kind="stable")[:k]
        return [(self.items[index], float(scores[index])) for index in order]


def remembering(embed: Embed) -> Embed:
    """Wrap an embedder so that each text is embedded once, whatever asks for it again."""
    known: dict[str, NDArray[np.float32]] = {}

    def embed_once(texts: Sequence[str]) -> NDArray[np.float32]:
        new = sorted({text for text in texts if text not in known})
        if new:
            known.update(zip(new, embed(new), strict=True))
        return np.stack([known[text] for text in texts])

    return embed_once
