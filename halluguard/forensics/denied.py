"""Entries that say what people know to be false, whether or not an answer of the log took it up."""

from collections.abc import Sequence
from dataclasses import dataclass

from halluguard.forensics.integrity import Code
from halluguard.forensics.nearest import EntryIndex
from halluguard.grounding.known_false import is_said
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
        """Return, for each entry, the statement that it says most surely, or None; those far from all are not read."""
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
        surest: list[Reason | None] = [None] * len(entries)
        for (at, number, entry), reading in zip(asked, readings, strict=True):
            figure, known = round(reading.p_supported, 5), surest[at]
            is_surer = known is None or figure > (known.figure or 0.0)
            if is_surer and is_said(self.statements[number], entry.text or "", reading):
                detail = f"{self.statements[number][:200]!r}: {reading.evidence_text[:200]!r}"
                surest[at] = Reason(Code.ASSERTS_KNOWN_FALSE, figure, detail)
        return surest
