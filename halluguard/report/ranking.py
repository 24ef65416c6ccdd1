"""Which answers a reader should see first: one of each fault, the gravest and most repeated in front."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from halluguard.records import Status
from halluguard.report.statuses import GRAVITY

NAMED_ALIKE = 12
"""How many of the answers that share a fault are named beside the one shown."""

Row = Mapping[str, Any]
"""A row of claims.parquet."""


@dataclass(slots=True)
class Fault:
    """Answers whose flagged claims are the same: the one to show, and how many there are."""

    turn_id: str
    rank: tuple[float, ...]
    n_turns: int
    others: list[str]


def rank_faults(flagged: Iterable[Row]) -> list[Fault]:
    """Fold answers with the same fault and order the faults, the gravest and most repeated first.

    `flagged` holds the ungrounded claims in the order of the log, so the rows of one turn stand together.
    A conflict with the same cited passage is the same fault; other claims are the same where their words are.
    """
    faults: dict[int, Fault] = {}
    for turn_id, claims in _by_turn(flagged):
        key, rank = _fault_key(claims), _rank(claims)
        known = faults.get(key)
        if known is None:
            faults[key] = Fault(turn_id, rank, 1, [])
            continue
        known.n_turns += 1
        shown, other = (turn_id, known.turn_id) if rank < known.rank else (known.turn_id, turn_id)
        known.turn_id, known.rank = shown, min(rank, known.rank)
        if len(known.others) < NAMED_ALIKE:
            known.others.append(other)
    return sorted(
        faults.values(), key=lambda fault: (fault.rank[0], -fault.n_turns, fault.rank, fault.turn_id)
    )


def _by_turn(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    for turn_id, group in groupby(rows, key=lambda row: row["turn_id"]):
        yield turn_id, list(group)


def _fault_key(claims: list[Row]) -> int:
    """Return a number instead of the texts, so that a log of millions of turns is ranked in little memory."""
    return hash(tuple(sorted({_claim_key(row) for row in claims})))


def _claim_key(row: Row) -> tuple[str, str]:
    if row["status"] == Status.SOURCE_CONFLICT:
        return row["status"], row["cited_evidence_id"] or ""
    return row["status"], " ".join(row["text"].casefold().split())


def _rank(claims: list[Row]) -> tuple[float, ...]:
    """Smaller is worse: gravest status, number of flagged claims, strength of the trusted contradiction."""
    gravest = min(GRAVITY[Status(row["status"])] for row in claims)
    strength = max(row["trusted_contradiction"] or 0.0 for row in claims)
    return (gravest, -len(claims), -round(strength, 6))
