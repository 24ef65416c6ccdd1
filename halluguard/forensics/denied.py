"""Entries that say what people know to be false, whether or not an answer of the log took it up."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from halluguard.forensics.integrity import Code
from halluguard.forensics.nearest import EntryIndex
from halluguard.grounding.known_false import KnownFalse, id_of
from halluguard.records import Entry, Reason

NEAREST = 50
"""Entries nearest to a statement that are read for it, and then those behind them, as long as one of them says it."""


@dataclass(frozen=True)
class Denied:
    """Statements known to be false, and the store whose entries may say them."""

    known: KnownFalse
    index: EntryIndex

    def find(self, entries: Sequence[Entry]) -> list[Reason | None]:
        """Return, for each entry, the statements that it says, or None; those far from all are not read.

        The reason's figure is the highest probability with which it says one, and its detail begins with the ids of all.
        """
        numbers: defaultdict[str, list[int]] = defaultdict(list)
        for at, entry in enumerate(entries):
            if entry.text:
                numbers[entry.id].append(at)
        said: dict[int, list[tuple[float, int, str]]] = {}
        read: list[set[int]] = [set() for _ in self.known.statements]
        open_ones = list(range(len(read)))
        while asked := [
            (at, number, entries[at].text or "")
            for number in open_ones
            for key in self._next_ids(number, read[number])
            for at in numbers[key]
        ]:
            readings = self.known.read([(number, text) for _, number, text in asked])
            for (at, number, _), reading in zip(asked, readings, strict=True):
                if reading is not None:
                    said.setdefault(at, []).append((reading.p_supported, number, reading.evidence_text))
            open_ones = sorted(
                {number for (_, number, _), one in zip(asked, readings, strict=True) if one is not None}
            )
        return [self._reason(said[at]) if at in said else None for at in range(len(entries))]

    def _next_ids(self, number: int, read: set[int]) -> list[str]:
        """Return the ids of the entries nearest to a statement behind those read for it, whose places are then among `read`."""
        near = [
            self.index.entries[place].id
            for place, _ in self.index.rank(self.known.vectors[number], NEAREST, read)
        ]
        read.update(place for key in near for place in self.index.positions(key))
        return list(dict.fromkeys(near))

    def _reason(self, said: Sequence[tuple[float, int, str]]) -> Reason:
        figure, surest, evidence = max(said, key=lambda one: (one[0], -one[1]))
        ids = ",".join(id_of(number) for number in sorted(number for _, number, _ in said))
        detail = f"{ids} {self.known.statements[surest][:200]!r}: {evidence[:200]!r}"
        return Reason(Code.ASSERTS_KNOWN_FALSE, round(figure, 5), detail)
