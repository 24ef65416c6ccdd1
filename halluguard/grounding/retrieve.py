"""Find the trusted chunks worth reading for a claim: near the claim, near its question, near what it was taken from."""

from collections.abc import Sequence

from halluguard.grounding.evidence import find_candidates
from halluguard.models import Embedder
from halluguard.records import Passage
from halluguard.trusted import TrustedIndex

SOURCES = 2
"""Windows of a claim's own source that are looked up."""

NEAR_SOURCE = 2
"""Trusted chunks taken for the question and for each such window, beside those nearest to the claim itself."""


def queries_of(
    claim: str, question: str | None, sources: Sequence[Passage], known: Sequence[Passage] = ()
) -> tuple[str, ...]:
    """Return what to look up for a claim, the claim itself first, each text once.

    A claim may be short, or speak of "it". Its question and the text it was taken from say what it is about: what
    a changed page should have said stands in the trusted page that is nearest to it. A source that stands word for
    word in `known` passages needs no looking up.
    """
    asked = f"{question.strip()} {claim}" if question and question.strip() not in claim else claim
    windows = find_candidates(claim, sources, limit=SOURCES)
    new = (w.text for w in windows if w.cover and not any(w.text in passage.text for passage in known))
    return tuple(dict.fromkeys((claim, asked, *new)))


def find_trusted(
    queries: Sequence[Sequence[str]], embedder: Embedder, trusted: TrustedIndex, *, top_k: int
) -> list[tuple[Passage, ...]]:
    """Return the trusted chunks for some claims, in order: `top_k` by the first query of each, a few by the others.

    Args:
        queries: what to look up for each claim, as `queries_of` gives it.
        embedder: the model of the index.
        trusted: the trusted corpus.
        top_k: chunks nearest to the claim itself.

    """
    texts = list(dict.fromkeys(text for some in queries for text in some))
    if not texts:
        return [() for _ in queries]
    found, _ = trusted.search(embedder.encode(texts), max(top_k, NEAR_SOURCE))
    rows = dict(zip(texts, found.tolist(), strict=True))
    merged = [
        dict.fromkeys(
            position
            for place, text in enumerate(some)
            for position in rows[text][: NEAR_SOURCE if place else top_k]
            if position >= 0
        )
        for some in queries
    ]
    chunks = {position: trusted.chunk(position) for position in {p for some in merged for p in some}}
    passages = {position: Passage(chunk.id, chunk.text) for position, chunk in chunks.items()}
    return [tuple(passages[position] for position in some) for some in merged]
