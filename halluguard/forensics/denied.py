"""Entries that say what people know to be false, whether or not an answer of the log took it up."""

from collections.abc import Sequence
from dataclasses import dataclass

from halluguard.forensics.integrity import Code
from halluguard.forensics.nearest import EntryIndex
from halluguard.grounding.known_false import id_of, is_said
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.models import Embedder
from halluguard.records import Entry, Passage, Reason

NEAREST = 50
"""Entries nearest to a statement that are read for it."""


@dataclass(frozen=True)
class Denied:
    """Statements known to be false, and the store whose entries may say them."""

    statements: tuple[str, ...]
    index: EntryIndex
    reader: Reader
    embedder: Embedder

    def find(self, entries: Sequence[Entry]) -> list[Reason | None]:
        """Return, for each entry, the statements that it says, or None; those far from all are not read.

        The reason's figure is the highest probability with which it says one, and its detail begins with the ids of all.
        """
        vectors = self.embedder.encode(self.statements)
        near = {
            (number, self.index.entries[place].id)
            for number, vector in enumerate(vectors)
            for place, _ in self.index.rank(vector, NEAREST)
        }
        asked = [
            (at, number, entry)
            for at, entry in enumerate(entries)
            for number in range(len(self.statements))
            if (number, entry.id) in near and entry.text
        ]
        readings = self.reader.read(
            [
                ReadRequest(self.statements[number], (Passage(entry.id, entry.text or ""),))
                for _, number, entry in asked
            ]
        )
        said: dict[int, list[tuple[float, int, str]]] = {}
        for (at, number, entry), reading in zip(asked, readings, strict=True):
            if is_said(self.statements[number], entry.text or "", reading):
                said.setdefault(at, []).append((reading.p_supported, number, reading.evidence_text))
        return [self._reason(said[at]) if at in said else None for at in range(len(entries))]

    def _reason(self, said: Sequence[tuple[float, int, str]]) -> Reason:
        figure, surest, evidence = max(said, key=lambda one: (one[0], -one[1]))
        ids = ",".join(id_of(number) for _, number, _ in said)
        detail = f"{ids} {self.statements[surest][:200]!r}: {evidence[:200]!r}"
        return Reason(Code.ASSERTS_KNOWN_FALSE, round(figure, 5), detail)
