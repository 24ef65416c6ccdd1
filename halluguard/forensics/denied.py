"""Entries that say what people know to be false, whether or not an answer of the log took it up."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from halluguard.forensics.integrity import Code
from halluguard.forensics.nearest import EntryIndex
from halluguard.grounding.known_false import KnownFalse, id_of
from halluguard.records import Entry, Reason

NEAREST = 50
"""Entries nearest to a statement that are read for it."""


@dataclass(frozen=True)
class Denied:
    """Statements known to be false, and the store whose entries may say them."""

    known: KnownFalse
    index: EntryIndex

    def find(self, entries: Sequence[Entry]) -> list[Reason | None]:
        """Return, for each entry, the statements that it says, or None; those far from all are not read.

        The reason's figure is the highest probability with which it says one, and its detail begins with the ids of all.
        """
        near: defaultdict[str, set[int]] = defaultdict(set)
        for number, vector in enumerate(self.known.vectors):
            for place, _ in self.index.rank(vector, NEAREST):
                near[self.index.entries[place].id].add(number)
        asked = [
            (at, number, entry.text)
            for at, entry in enumerate(entries)
            if entry.text
            for number in sorted(near.get(entry.id, ()))
        ]
        said: dict[int, list[tuple[float, int, str]]] = {}
        for (at, number, _), reading in zip(
            asked, self.known.read([(number, text) for _, number, text in asked]), strict=True
        ):
            if reading is not None:
                said.setdefault(at, []).append((reading.p_supported, number, reading.evidence_text))
        return [self._reason(said[at]) if at in said else None for at in range(len(entries))]

    def _reason(self, said: Sequence[tuple[float, int, str]]) -> Reason:
        figure, surest, evidence = max(said, key=lambda one: (one[0], -one[1]))
        ids = ",".join(id_of(number) for _, number, _ in said)
        detail = f"{ids} {self.known.statements[surest][:200]!r}: {evidence[:200]!r}"
        return Reason(Code.ASSERTS_KNOWN_FALSE, round(figure, 5), detail)
