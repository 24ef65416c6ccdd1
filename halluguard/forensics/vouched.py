"""What the trusted corpus says of an entry's own text: vouched for word for word, or contradicted."""

from collections.abc import Sequence
from dataclasses import dataclass

from halluguard.forensics.integrity import Code
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.models import Embedder
from halluguard.records import Entry, Passage, Reason, TrustedChunk
from halluguard.text.verbatim import sentences, stands_in
from halluguard.trusted import TrustedIndex
from halluguard.trusted.chunks import TITLE_PATH, embedding_text

NEAREST = 5
"""Trusted chunks that a text is held against."""

LEAST_CONTRADICTION = 0.8
"""Probability from which a sentence of an entry is contradicted. A check calls one claim in twenty-five contradicted that is not;
a sweep reads every sentence of a store, each without what stands around it, and would name half of it."""


@dataclass(frozen=True)
class Vouching:
    """The trusted corpus as a witness for or against texts of the store."""

    trusted: TrustedIndex
    embedder: Embedder
    reader: Reader

    def stands_in_trusted(self, texts: Sequence[str], wholes: Sequence[str] = ()) -> list[bool]:
        """Return, for each text, whether every sentence of it stands word for word in the trusted chunks nearest to it.

        A chunk's title counts as its first words: an entry cut from the same page may begin with its heading. Where the
        texts are parts, `wholes` are what each is a part of: a line that could stand on any page ("We inform you by
        e-mail.") is near to none, so that the chunks nearest to its whole are looked at too. What begins or ends in the middle
        of a sentence is judged as `stands_in` does.
        """
        if not texts:
            return []
        near = self._search(texts)
        if wholes:
            distinct = list(dict.fromkeys(wholes))
            around = dict(zip(distinct, self._search(distinct), strict=True))
            near = [[*own, *around[whole]] for own, whole in zip(near, wholes, strict=True)]
        return [
            stands_in(text, whole, [_as_page(chunk) for chunk in chunks])
            for text, whole, chunks in zip(texts, wholes or texts, near, strict=True)
        ]

    def contradict(self, entries: Sequence[Entry]) -> list[Reason | None]:
        """Return, for each entry, the worst contradiction of one of its sentences by the trusted corpus, or None.

        Sentences that stand in the trusted corpus are not read: most of a healthy store costs no model call but an
        embedding. A sentence counts only where the reader finds trusted evidence on its subject.
        """
        asked = [
            (at, part)
            for at, entry in enumerate(entries)
            for part in sentences(entry.text or "")
            if not part.endswith("?")  # who asks claims nothing: "I bought it 40 days ago, can I return it?"
        ]
        vouched = self.stands_in_trusted(
            [part for _, part in asked], [entries[at].text or "" for at, _ in asked]
        )
        asked = [pair for pair, stands in zip(asked, vouched, strict=True) if not stands]
        if not asked:
            return [None] * len(entries)
        near = self.nearest([part for _, part in asked])
        readings = self.reader.read(
            [ReadRequest(part, passages) for (_, part), passages in zip(asked, near, strict=True)]
        )
        worst: dict[int, Reason] = {}
        for (at, part), reading in zip(asked, readings, strict=True):
            figure = round(reading.p_contradicted, 5)
            surest = worst[at].figure or 0.0 if at in worst else 0.0
            if reading.contradicts and figure >= LEAST_CONTRADICTION and figure > surest:
                worst[at] = Reason(
                    Code.CONTRADICTS_TRUSTED,
                    figure,
                    f"{part[:200]!r} against {reading.evidence_id}: {reading.evidence_text[:200]!r}",
                )
        return [worst.get(at) for at in range(len(entries))]

    def nearest(self, texts: Sequence[str]) -> list[tuple[Passage, ...]]:
        """Return the trusted chunks nearest to each text, at most `NEAREST`."""
        return [tuple(Passage(chunk.id, chunk.text) for chunk in near) for near in self._search(texts)]

    def _search(self, texts: Sequence[str]) -> list[list[TrustedChunk]]:
        positions, _ = self.trusted.search(self.embedder.encode(texts), NEAREST)
        return [[self.trusted.chunk(int(p)) for p in row if p >= 0] for row in positions]


def _as_page(chunk: TrustedChunk) -> str:
    """Return a chunk as its entry may stand in the store: every heading above it a line of its own."""
    return embedding_text(chunk).replace(TITLE_PATH, "\n", chunk.title.count(TITLE_PATH))
