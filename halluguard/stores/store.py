"""What every vector store looks like once it is open, whatever wrote it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import StoreError
from halluguard.records import Entry, Reason
from halluguard.text import has_surrogate, mend_text

FIELDS = ("vector", "time", "batch", "source", "order")
"""What an entry may carry besides its text, in the order it is shown to people."""


@dataclass(frozen=True, slots=True)
class StoreFile:
    """One file of a store with its SHA-256; `name` is relative to the store's folder."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Store:
    """A store opened read-only.

    `count` is the number of entries that `entries()` yields, `dimension` and `metric` (`cosine`, `inner_product`,
    `l2`) are None where the store does not say. `knows` is the subset of `FIELDS` that at least one entry carries.
    `read` streams the entries from the start each time it is called. `collection` is the name of the one that was chosen, None
    for a kind of store that has none; `converted` names the kinds of metadata values that are read as text or lists.
    """

    kind: str
    path: Path
    count: int
    dimension: int | None
    metric: str | None
    knows: frozenset[str]
    read: Callable[[], Iterator[Entry]]
    paths: tuple[Path, ...]
    faults: tuple[Reason, ...] = ()
    marks: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    collection: str | None = None
    converted: tuple[str, ...] = ()

    @property
    def cannot_know(self) -> tuple[str, ...]:
        """What no entry of this store carries, in the order of `FIELDS`."""
        return tuple(name for name in FIELDS if name not in self.knows)

    def files(self) -> tuple[StoreFile, ...]:
        """Digest every file of the store, sorted by name."""
        root = self.path if self.path.is_dir() else self.path.parent
        return tuple(_digest(path, root) for path in sorted(self.paths))

    def entries(self) -> Iterator[Entry]:
        """Stream the entries in insertion order, or in the order of the file where the store keeps none.

        Raises:
            StoreError: they are not as many as when the store was opened, since something writes to it.

        """
        found = 0
        for found, entry in enumerate(self.read(), start=1):
            if found > self.count:
                break
            yield entry
        if found != self.count:
            raise StoreError(
                f"{self.path}: {self.count} entries when it was opened, another number now. Stop what writes to it, or copy the "
                "store, and try again"
            )

    def findings(self) -> tuple[Reason, ...]:
        """Return the faults of the container: pickles, counts, dimensions, ids."""
        return self.faults

    def entry_findings(self) -> Mapping[str, tuple[Reason, ...]]:
        """Return, by entry id, what the store's own records say against an entry (hashes, rewrites)."""
        return self.marks


def read_vectors(store: Store) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return the ids and vectors, shape (n, dimension), of every entry with a vector of the store's dimension."""
    if store.dimension is None:
        return (), np.zeros((0, 0), dtype=np.float32)
    ids: list[str] = []
    vectors = np.zeros((store.count, store.dimension), dtype=np.float32)
    for entry in store.entries():
        if entry.vector is not None and entry.vector.shape == (store.dimension,):
            vectors[len(ids)] = entry.vector
            ids.append(entry.id)
    return tuple(ids), vectors[: len(ids)]


def mend_entry(entry: Entry) -> Entry:
    """Return an entry with each lone surrogate, which no model or table takes, as U+FFFD: the sweep reports it as damage.

    Raises:
        StoreError: the metadata of a damaged entry is nested too deep.

    """
    fields = ("id", "text", "source", "batch", "written_by_turn", "metadata")
    found = {name: value for name in fields if _is_damaged(value := getattr(entry, name))}
    if not found:
        return entry
    try:
        return replace(entry, **{name: _mend(value) for name, value in found.items()})
    except RecursionError as error:
        raise StoreError(
            f"entry {mend_text(entry.id)!r}: metadata nested too deep. Flatten it, or leave the entry out"
        ) from error


def _is_damaged(value: Any) -> bool:
    """Tell whether a value, or anything in it, holds a lone surrogate; without recursion, since metadata is hostile."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if has_surrogate(item):
                return True
        elif isinstance(item, Mapping):
            waiting += (*item.keys(), *item.values())
        elif isinstance(item, list):
            waiting += item
    return False


def _mend(value: Any) -> Any:
    if isinstance(value, str):
        return mend_text(value)
    if isinstance(value, Mapping):
        return {_mend(key): _mend(item) for key, item in value.items()}
    return [_mend(item) for item in value] if isinstance(value, list) else value


def observe(entries: Iterator[Entry]) -> tuple[frozenset[str], Counter[str], int]:
    """Go through entries once; return what they know, how often each id occurs, and how many there are."""
    knows: set[str] = set()
    ids: Counter[str] = Counter()
    for entry in entries:
        ids[entry.id] += 1
        present = (entry.vector, entry.ingested_at, entry.batch, entry.source, entry.position)
        knows.update(name for name, value in zip(FIELDS, present, strict=True) if value is not None)
    return frozenset(knows), ids, ids.total()


def common_dimension(lengths: Iterable[int]) -> int | None:
    """Return the length that most vectors have, the first of equals; None without vectors. One odd vector decides nothing."""
    return next((length for length, _ in Counter(lengths).most_common(1)), None)


def refuse_empty(count: int, path: Path) -> None:
    """Raise `StoreError` where a store holds nothing to look at."""
    if not count:
        raise StoreError(f"{path}: the store holds no entries. Give the store the chatbot reads from")


def _digest(path: Path, root: Path) -> StoreFile:
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}). Check its permissions") from error
    return StoreFile(str(path.relative_to(root)), path.stat().st_size, digest)
