"""False claims over turns: which flagged claims say the same thing."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from halluguard.cascade.observe import normalise
from halluguard.cascade.provenance import numbers_of

Entails = Callable[[Sequence[tuple[str, str]]], NDArray[np.float32]]
"""(premise, hypothesis) pairs to rows of entailment, neutral, contradiction."""
Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors, float32, shape (n, dimension)."""

ENTAILS = 0.5
PROPOSE_COSINE = 0.6
SAME_WORDS = 90.0
_ROUNDS, _NEIGHBOURS = 4, 20


@dataclass(frozen=True, slots=True)
class FlaggedClaim:
    """A claim that no trusted text bears out; `reading` is what a model reads, `support` what its own source gave it."""

    claim_id: str
    turn_id: str
    text: str
    reading: str
    status: str
    cited_ids: tuple[str, ...] = ()
    evidence_ids: tuple[str, ...] = ()
    accused_ids: tuple[str, ...] = ()
    support: float | None = None


@dataclass(frozen=True, slots=True)
class ClaimCluster:
    """Claims that assert the same false statement; `leader` is the commonest wording."""

    leader: str
    claims: tuple[FlaggedClaim, ...]
    supports: Mapping[str, float]
    method: str


def cluster_claims(
    claims: Sequence[FlaggedClaim], *, entails: Entails | None = None, embed: Embed | None = None
) -> tuple[ClaimCluster, ...]:
    """Group claims by what they assert, largest group first.

    Equal words are one claim. Embeddings propose for each wording the nearest commoner one, and it joins where it entails that
    wording; wordings that entail each other merge. Other numbers in digits keep claims apart. Without an embedder words
    propose; without an entailment model words decide too (token set ratio of at least 90), and `method` says so.
    """
    counts = Counter(normalise(claim.reading) for claim in claims)
    wording = {}
    for claim in sorted(claims, key=lambda c: (len(c.reading), c.reading), reverse=True):
        wording[normalise(claim.reading)] = claim.reading
    keys = sorted(counts, key=lambda key: (-counts[key], len(key), key))
    texts = [wording[key] for key in keys]
    leader_of, support = _assign(texts, entails, embed)
    method = (
        "words"
        if entails is None
        else "entailment, proposed by " + ("words" if embed is None else "embeddings")
    )
    groups: dict[int, list[FlaggedClaim]] = {}
    number = {key: place for place, key in enumerate(keys)}
    for claim in claims:
        groups.setdefault(leader_of[number[normalise(claim.reading)]], []).append(claim)
    order = sorted(groups, key=lambda leader: (-len(groups[leader]), leader))
    return tuple(
        ClaimCluster(
            texts[leader],
            tuple(groups[leader]),
            {c.claim_id: support.get(number[normalise(c.reading)], 1.0) for c in groups[leader]},
            method,
        )
        for leader in order
    )


def _assign(
    texts: Sequence[str], entails: Entails | None, embed: Embed | None
) -> tuple[list[int], dict[int, float]]:
    """Return each text's leader and, for those that joined by entailment, its probability; leaders lead themselves."""
    leader_of = list(range(len(texts)))
    support: dict[int, float] = {}
    vectors = None if embed is None or len(texts) < 2 else np.asarray(embed(texts), dtype=np.float32)
    open_texts = list(range(len(texts)))
    for _ in range(_ROUNDS):
        _, proposals = _propose(texts, open_texts, vectors)
        if not proposals:
            break
        accepted = _judge([(texts[a], texts[b]) for a, b in proposals], entails)
        for (text, leader), probability in zip(proposals, accepted, strict=True):
            if probability >= ENTAILS:
                leader_of[text], support[text] = leader, probability
        open_texts = [text for (text, _), p in zip(proposals, accepted, strict=True) if p < ENTAILS]
    _merge_leaders(
        texts, [text for text, leader in enumerate(leader_of) if text == leader], leader_of, vectors, entails
    )
    return leader_of, support


def _nearest(
    texts: Sequence[str], text: int, leaders: Sequence[int], vectors: NDArray[np.float32] | None
) -> int | None:
    """Return the most similar leader that names no other numbers, or None where none is near."""
    if not leaders:
        return None
    if vectors is None:
        likeness = _word_likeness(texts[text], [texts[leader] for leader in leaders])
    else:
        likeness = vectors[list(leaders)] @ vectors[text]
    for place in np.argsort(-likeness, kind="stable")[:_NEIGHBOURS]:
        if likeness[place] < PROPOSE_COSINE:
            return None
        if not _other_numbers(texts[text], texts[leaders[int(place)]]):
            return leaders[int(place)]
    return None


def _word_likeness(text: str, others: Sequence[str]) -> NDArray[np.float32]:
    scores = process.cdist([text], others, scorer=fuzz.token_set_ratio, processor=normalise, dtype=np.float32)
    return np.asarray(scores[0] / 100, dtype=np.float32)


def _propose(
    texts: Sequence[str], order: Sequence[int], vectors: NDArray[np.float32] | None
) -> tuple[list[int], list[tuple[int, int]]]:
    """Walk texts in order: one near an earlier leader proposes to it, one far from all becomes a leader."""
    leaders: list[int] = []
    proposals: list[tuple[int, int]] = []
    for text in order:
        near = _nearest(texts, text, leaders, vectors)
        if near is None:
            leaders.append(text)
        else:
            proposals.append((text, near))
    return leaders, proposals


def _other_numbers(one: str, other: str) -> bool:
    a, b = numbers_of(one), numbers_of(other)
    return bool(a and b and a != b)


def _judge(pairs: Sequence[tuple[str, str]], entails: Entails | None) -> list[float]:
    """Return the probability that each first text asserts the second."""
    if entails is None:
        likeness = [fuzz.token_set_ratio(a, b, processor=normalise) for a, b in pairs]
        return [1.0 if value >= SAME_WORDS else 0.0 for value in likeness]
    return [float(row[0]) for row in entails(pairs)]


def _merge_leaders(
    texts: Sequence[str],
    leaders: Sequence[int],
    leader_of: list[int],
    vectors: NDArray[np.float32] | None,
    entails: Entails | None,
) -> None:
    """Join leaders that entail each other, each with its nearest commoner leader only."""
    near = (
        (leader, _nearest(texts, leader, leaders[:place], vectors)) for place, leader in enumerate(leaders)
    )
    pairs = [(leader, other) for leader, other in near if other is not None]
    forth = _judge([(texts[a], texts[b]) for a, b in pairs], entails)
    back = _judge([(texts[b], texts[a]) for a, b in pairs], entails)
    moved: dict[int, int] = {}
    for (leader, other), p, q in zip(pairs, forth, back, strict=True):
        if min(p, q) >= ENTAILS:
            moved[leader] = moved.get(other, other)
    for text, leader in enumerate(leader_of):
        leader_of[text] = moved.get(leader, leader)
