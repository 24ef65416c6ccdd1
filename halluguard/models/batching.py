"""Cut work into batches of similar length under a token budget."""

from collections.abc import Sequence

BATCH_TOKENS = {"cpu": 2048, "cuda": 8192}
"""Tokens of a batch by device. On a CPU small batches stay within its caches and pad less."""


def plan_batches(lengths: Sequence[int], *, max_tokens: int) -> tuple[tuple[int, ...], ...]:
    """Group positions into batches whose padded size stays under `max_tokens`.

    Positions are ordered by length, longest first, so that a lack of memory shows in the first batch; ties keep
    their order. A single item longer than the budget makes a batch of its own.

    Args:
        lengths: tokens of each item.
        max_tokens: the most tokens a batch may hold, padding included.

    """
    order = sorted(range(len(lengths)), key=lambda position: (-lengths[position], position))
    batches: list[tuple[int, ...]] = []
    current: list[int] = []
    for position in order:
        longest = lengths[current[0]] if current else lengths[position]
        if current and longest * (len(current) + 1) > max_tokens:
            batches.append(tuple(current))
            current = []
        current.append(position)
    if current:
        batches.append(tuple(current))
    return tuple(batches)


def padding_ratio(lengths: Sequence[int], batches: Sequence[Sequence[int]]) -> float:
    """Return padded tokens per real token over a plan; 1.0 is no padding at all."""
    real = sum(lengths)
    padded = sum(max(lengths[position] for position in batch) * len(batch) for batch in batches)
    return padded / real if real else 1.0
