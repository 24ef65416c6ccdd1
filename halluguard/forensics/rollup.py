"""From accused entries up to source, batch and day: where the trouble came in, without blaming clean neighbours."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scipy.stats import binomtest

from halluguard.records import Entry


@dataclass(frozen=True, slots=True)
class GroupShare:
    """One source, batch or day, with the entries accused in it.

    Attributes:
        level: `source`, `batch` or `day`.
        key: its name.
        accused: entries accused.
        total: entries in the store.
        p_value: chance of at least so many accused entries at the store's overall rate (binomial, one-sided),
            times the number of groups at its level (Bonferroni), at most 1.
        whole: whether every entry of the group is accused. Only then is the group itself named for removal.

    """

    level: str
    key: str
    accused: int
    total: int
    p_value: float
    whole: bool


_LEVELS: dict[str, Callable[[Entry], str | None]] = {
    "source": lambda entry: entry.source,
    "batch": lambda entry: entry.batch,
    "day": lambda entry: None if entry.ingested_at is None else f"{entry.ingested_at:%A %Y-%m-%d}",
}


def roll_up(entries: Sequence[Entry], accused_ids: Collection[str]) -> tuple[GroupShare, ...]:
    """Return the groups that hold an accused entry, by level, most telling first.

    Args:
        entries: the whole store; an entry without a source, batch or time counts at no such level.
        accused_ids: ids of the entries named for removal.

    """
    shares: list[GroupShare] = []
    rate = sum(entry.id in accused_ids for entry in entries) / len(entries) if entries else 0.0
    for level, key_of in _LEVELS.items():
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for entry in entries:
            key = key_of(entry)
            if key is not None:
                counts[key][0] += entry.id in accused_ids
                counts[key][1] += 1
        some = [
            _share(level, key, hits, total, rate=rate, groups=len(counts))
            for key, (hits, total) in counts.items()
            if hits
        ]
        shares += sorted(some, key=lambda share: (share.p_value, -share.accused, share.key))
    return tuple(shares)


def _share(level: str, key: str, accused: int, total: int, *, rate: float, groups: int) -> GroupShare:
    p_value = min(1.0, groups * binomtest(accused, total, rate, alternative="greater").pvalue)
    return GroupShare(level, key, accused, total, float(p_value), accused == total)


def rollup_rows(shares: Sequence[GroupShare]) -> list[dict[str, Any]]:
    """Return the groups as they stand in the manifest."""
    return [asdict(share) for share in shares]
