"""Removal replay: delete the accused, rank again, and ask whether what is left still says it.

The stop rule is that of RAGForensics (arXiv 2504.21668) with an entailment in the judge's place; depth is capped
instead of trusting a balance of counts, which an attacker can force.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MAX_ROUNDS = 10

Rank = Callable[[int, Sequence[int]], Sequence[int]]
"""(event, removed positions) -> positions of the top of the ranking without them."""

FindSupporting = Callable[[Mapping[int, Sequence[int]]], Mapping[int, Sequence[int]]]
"""Positions by event -> those among them that would be accused; all events of a round are read together."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The end of one event's replay.

    Attributes:
        removed: positions removed, first accused first: without them nothing in the top of the ranking says it.
        remaining: the top of the ranking after the last removal.
        settled: whether a ranking without a supporter was reached within the depth.
        rounds: rankings that were read.

    """

    removed: tuple[int, ...]
    remaining: tuple[int, ...]
    settled: bool
    rounds: int


def replay_removals(
    accused: Sequence[Sequence[int]],
    rank: Rank,
    find_supporting: FindSupporting,
    *,
    max_rounds: int = MAX_ROUNDS,
) -> list[Replay]:
    """Replay several events, round by round, until no event's new ranking holds a supporter.

    Args:
        accused: positions accused at first, per event; an event without any is settled at once, in 0 rounds.
        rank: ranks again without what was removed.
        find_supporting: reads the new rankings of a round together.
        max_rounds: rankings read per event at most.

    """
    removed = {event: list(dict.fromkeys(positions)) for event, positions in enumerate(accused) if positions}
    rounds = dict.fromkeys(removed, 0)
    remaining: dict[int, tuple[int, ...]] = {}
    open_events = set(removed)
    for _ in range(max_rounds):
        if not open_events:
            break
        tops = {event: tuple(rank(event, removed[event])) for event in sorted(open_events)}
        found = find_supporting(tops)
        for event, top in tops.items():
            rounds[event] += 1
            remaining[event] = top
            more = [position for position in found.get(event, ()) if position not in set(removed[event])]
            removed[event] += more
            if not more:
                open_events.discard(event)
    return [
        Replay(
            tuple(removed.get(event, ())),
            remaining.get(event, ()),
            event not in open_events,
            rounds.get(event, 0),
        )
        for event in range(len(accused))
    ]
