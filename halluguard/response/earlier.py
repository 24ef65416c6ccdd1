"""Earlier copies of a store: what they hold under the id of an entry that was edited since, and whether it can take its place."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from halluguard.errors import InputError
from halluguard.response.digests import Leaf, digest_text, leaf_of
from halluguard.response.snapshot import is_snapshot, leaves_of
from halluguard.stores import Store, open_store

_BY_PLACE = re.compile(r"(?:line|position)-\d+")


def is_by_place(key: str) -> bool:
    """Whether an id is what readers call an entry without one: in a copy another entry may stand at that place."""
    return _BY_PLACE.fullmatch(key) is not None


@dataclass(frozen=True, slots=True)
class Earlier:
    """The text that a copy at `path` holds under an id, None where it holds digests alone.

    `hindrance` says why the copy's entry cannot take the place of the store's, empty where it can; `clean` is whether the text
    was read and bears out no false claim.
    """

    path: Path
    text: str | None
    source: str | None = None
    batch: str | None = None
    hindrance: str = ""
    clean: bool = False


def open_earlier(path: Path, store: Store, collection: str | None = None) -> Store:
    """Open an earlier copy of a store.

    Raises:
        InputError: its entries cannot take the place of the store's: digests, another kind, no vectors or other ones.

    """
    if is_snapshot(path):
        raise InputError(f"{path}: holds digests, no entries. Name an earlier copy of the store")
    earlier = open_store(path, collection=collection)
    if earlier.kind != store.kind:
        raise InputError(
            f"{path}: a {earlier.kind} store, where {store.path} is {store.kind}. Name one of its kind"
        )
    if "vector" in store.knows and "vector" not in earlier.knows:
        raise InputError(f"{path}: holds no vectors, where {store.path} does. Name a copy with its vectors")
    if None not in (earlier.dimension, store.dimension) and earlier.dimension != store.dimension:
        raise InputError(
            f"{path}: vectors of dimension {earlier.dimension}, where {store.path} has {store.dimension}. "
            "Name a copy with vectors of the same model"
        )
    return earlier


def read_earlier(
    store: Store, ids: Collection[str], snapshots: Sequence[Path], collection: str | None = None
) -> dict[str, list[Earlier]]:
    """Return, by id, what the copies hold with another text than the store, the latest copy first.

    A copy is as late as its latest entry, of equals the one with more entries, then the one named last. Ids that no copy
    holds with another text are left out, and so are those that several entries of the store or of the copy share: which of a
    page's pieces was edited cannot be told, and its others are no earlier texts of it. Nor are those of entries without an id.
    """
    stored = [(entry.id, digest_text(entry.text)) for entry in store.entries() if entry.id in ids]
    copies = Counter(key for key, _ in stored)
    now = {key: text for key, text in stored if copies[key] == 1 and not is_by_place(key)}
    dated: list[tuple[tuple[str, int, int], dict[str, Earlier]]] = []
    for place, path in enumerate(snapshots if now else ()):
        hindrance, latest, count, found = find_hindrance(path, store, collection), "", 0, dict[str, Earlier]()
        held_here: Counter[str] = Counter()
        for leaf, text in _leaves(path, collection):
            count += 1
            latest = max(latest, leaf.ingested_at or "")
            if leaf.id in now:
                held_here[leaf.id] += 1
                if leaf.text not in (None, now[leaf.id]):
                    found[leaf.id] = Earlier(path, text, leaf.source, leaf.batch, hindrance)
        found = {key: one for key, one in found.items() if held_here[key] == 1}
        dated.append(((latest, count, place), found))
    held: dict[str, list[Earlier]] = {}
    for _, found in sorted(dated, key=lambda one: one[0], reverse=True):
        for key, earlier in found.items():
            held.setdefault(key, []).append(earlier)
    return held


def find_hindrance(path: Path, store: Store, collection: str | None = None) -> str:
    """Return why the entries of a copy cannot take the place of the store's; empty where they can."""
    try:
        open_earlier(path, store, collection)
    except InputError as error:
        return str(error)
    return ""


def _leaves(path: Path, collection: str | None) -> Iterator[tuple[Leaf, str | None]]:
    if is_snapshot(path):
        yield from ((leaf, None) for leaf in leaves_of(path))
    else:
        entries = open_store(path, collection=collection).entries()
        yield from ((leaf_of(entry), entry.text) for entry in entries)


def choose_earlier(
    held: Mapping[str, Sequence[Earlier]], false: Collection[str] | None
) -> dict[str, Earlier]:
    """Return, by id, the text to be put back: the latest that is clean, or unread the latest at all.

    Where no copy can take the place, the latest is returned with its hindrance; where every text bears a false claim out, none.

    Args:
        held: what copies hold, the latest first, as `read_earlier` returns it.
        false: the texts that bear a false claim out; None where none was read.

    """
    chosen: dict[str, Earlier] = {}
    for key, copies in held.items():
        usable = [one for one in copies if not one.hindrance]
        if false is None or not usable:
            chosen[key] = (usable or copies)[0]
        elif clean := next((one for one in usable if one.text not in false), None):
            chosen[key] = replace(clean, clean=True)
    return chosen
