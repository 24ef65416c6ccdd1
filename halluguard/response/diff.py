"""What changed between two states of a store: added, removed, edited, embedded anew, by source, batch and day."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from sys import intern
from typing import Any

from halluguard.response.digests import Leaf
from halluguard.response.snapshot import leaves_of

CHANGES = ("added", "removed", "edited", "metadata", "re-embedded")
"""`edited`: another text; `metadata`: the same text under other metadata; `re-embedded`: the same text, another vector."""

_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that is not as it was; an entry may be edited and embedded anew, which is one `edited`."""

    kind: str
    id: str
    source: str | None
    batch: str | None
    ingested_at: str | None


@dataclass(frozen=True, slots=True)
class StoreDifference:
    """All changes, in the order of the later state, removals last, with how many entries each state has."""

    before: int
    after: int
    changes: tuple[Change, ...]

    @property
    def changed(self) -> bool:
        """Whether anything did."""
        return bool(self.changes)

    def counts(self) -> dict[str, int]:
        """Return how many entries changed in which way."""
        found = Counter(change.kind for change in self.changes)
        return {kind: found[kind] for kind in CHANGES}

    def window(self) -> tuple[str | None, str | None]:
        """Return the first and last ingestion time among what came or changed: the window of a compromise."""
        times = sorted(c.ingested_at for c in self.changes if c.ingested_at and c.kind != "removed")
        return (times[0], times[-1]) if times else (None, None)

    def grouped(self, level: str) -> dict[str, dict[str, int]]:
        """Return counts by `source`, `batch` or `day`, most changes first; entries without one stand under `(none)`."""
        groups: dict[str, Counter[str]] = {}
        for change in self.changes:
            groups.setdefault(_group(change, level), Counter())[change.kind] += 1
        ordered = sorted(groups.items(), key=lambda pair: (-pair[1].total(), pair[0]))
        return {key: {kind: found[kind] for kind in CHANGES if found[kind]} for key, found in ordered}

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        first, last = self.window()
        return {
            "before": self.before,
            "after": self.after,
            "counts": self.counts(),
            "window": {"first": first, "last": last},
            **{f"by_{level}": self.grouped(level) for level in ("source", "batch", "day")},
            "changes": [{name: getattr(c, name) for name in Change.__slots__} for c in self.changes],
        }


def _group(change: Change, level: str) -> str:
    value = (change.ingested_at or "")[:10] if level == "day" else getattr(change, level)
    return value or "(none)"


def diff_stores(before: Path, after: Path, *, collection: str | None = None) -> StoreDifference:
    """Compare two snapshots, two stores, or one of each; digests are held, never texts."""
    return compare(leaves_of(before, collection), leaves_of(after, collection))


def compare(before: Iterable[Leaf], after: Iterable[Leaf]) -> StoreDifference:
    """Compare leaves by id; the n-th entry of an id is compared with the n-th of the other side."""
    old: dict[_Key, Leaf] = {key: _lean(leaf) for key, leaf in _keyed(before)}
    count = len(old)
    changes: list[Change] = []
    total = 0
    for key, leaf in _keyed(after):
        total += 1
        kind = _kind(old.pop(key, None), leaf)
        if kind:
            changes.append(_change(kind, leaf))
    changes += [_change("removed", leaf) for leaf in old.values()]
    return StoreDifference(count, total, tuple(changes))


def _keyed(leaves: Iterable[Leaf]) -> Iterator[tuple[_Key, Leaf]]:
    seen: Counter[str] = Counter()
    for leaf in leaves:
        yield (leaf.id, seen[leaf.id]), leaf
        seen[leaf.id] += 1


def _lean(leaf: Leaf) -> Leaf:
    """Share the strings that many entries have in common."""
    shared = {
        name: intern(value)
        for name in ("metadata", "source", "batch", "ingested_at")
        if (value := getattr(leaf, name)) is not None
    }
    return replace(leaf, **shared)


def _kind(old: Leaf | None, new: Leaf) -> str | None:
    if old is None:
        return "added"
    if old.text != new.text:
        return "edited"
    if old.vector != new.vector:
        return "re-embedded"
    return None if old.digest() == new.digest() else "metadata"


def _change(kind: str, leaf: Leaf) -> Change:
    return Change(kind, leaf.id, leaf.source, leaf.batch, leaf.ingested_at)


def tell_difference(found: StoreDifference, limit: int = 12) -> list[str]:
    """Return the difference in lines for people."""
    from halluguard.report.hostile import one_line

    counts = ", ".join(f"{number} {kind}" for kind, number in found.counts().items() if number)
    lines = [f"{found.before} entries before, {found.after} after: {counts or 'nothing changed'}."]
    first, last = found.window()
    if first:
        lines.append(f"Entries that came or changed are dated {first} to {last}.")
    for level in ("source", "batch", "day"):
        groups = found.grouped(level)
        for key, kinds in list(groups.items())[:limit]:
            shown = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
            lines.append(f"  {level} {one_line(key)}: {shown}")
        if len(groups) > limit:
            lines.append(f"  and {len(groups) - limit} more; --json gives all")
    return lines
