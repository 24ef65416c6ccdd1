"""Score documents against claims of any length: what benchmarks and other tools call."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from halluguard.grounding.claims import split_claims
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.records import ClaimKind, Passage, Reading, Turn

BLOCK_PAIRS = 128
"""Pairs held in memory at once."""

DocumentClaim = tuple[str, str, str | None]
"""A document, a claim, and the question the claim answers, if there is one."""


@dataclass(frozen=True, slots=True)
class Score:
    """How far a document bears out a claim, all of it: calibrated probabilities, and 1 where it does."""

    supported: float
    contradicted: float
    label: int
    truncated: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the row that `halluguard score` writes; `truncated` stands in it only where a text was cut to be read."""
        row = {
            "supported": round(self.supported, 6),
            "contradicted": round(self.contradicted, 6),
            "label": self.label,
        }
        return {**row, "truncated": True} if self.truncated else row


def split_for_scoring(claim: str, question: str | None) -> tuple[str, ...]:
    """Return what is read of a claim text: its claims, or the whole of it where it holds no sentence that claims.

    Pleasantries and questions within a longer text are left out; a text that is nothing else is read whole, since
    whoever asks for its score holds it to be a claim.
    """
    parts = split_claims(Turn("", claim, question))
    readings = tuple(part.reading for part in parts if part.kind is ClaimKind.CLAIM)
    return readings or (claim,)


def score_pairs(pairs: Iterable[DocumentClaim], reader: Reader) -> Iterator[Score]:
    """Yield a score for each pair, in order, reading block by block so that memory stays bounded.

    A claim of several sentences is as good as its worst: the least supported and the most contradicted decide.

    Args:
        pairs: documents and claims of any length.
        reader: what reads a claim against passages.

    """
    stream = iter(pairs)
    while block := list(islice(stream, BLOCK_PAIRS)):
        yield from _score_block(block, reader)


def _score_block(block: Sequence[DocumentClaim], reader: Reader) -> Iterator[Score]:
    parts = [split_for_scoring(claim, question) for _, claim, question in block]
    requests = [
        ReadRequest(part, (Passage("document", document),), question)
        for (document, _, question), some in zip(block, parts, strict=True)
        for part in some
    ]
    readings = iter(reader.read(requests))
    for some in parts:
        yield combine(list(islice(readings, len(some))))


def combine(readings: Sequence[Reading]) -> Score:
    """Return the score of a text from the readings of its claims: the worst of them."""
    return Score(
        min(reading.p_supported for reading in readings),
        max(reading.p_contradicted for reading in readings),
        int(all(reading.supports for reading in readings)),
        any(reading.truncated for reading in readings),
    )
