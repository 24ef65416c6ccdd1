"""Known-good snapshots: a digest for every entry, a root over all, and never a text."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from halluguard.errors import InputError
from halluguard.response.apart import list_store, require_apart
from halluguard.response.digests import Leaf, digest_text, leaf_of, root_of
from halluguard.run import replacing
from halluguard.stores import Store, open_store

SCHEMA = "halluguard-snapshot/1"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The head of a snapshot: which store, how many entries, and the root over them in order."""

    path: Path
    kind: str
    entries: int
    root: str
    latest: str | None


def take_snapshot(store: Store, output: Path) -> Snapshot:
    """Write the digests of every entry of a store into a JSONL file, head first, and return the head.

    The same store gives the same bytes. Entries are streamed; the file appears whole or not at all.

    Raises:
        InputError: the file is a folder, or one of the store's, or lies inside the store.

    """
    require_apart(output, list_store(store))
    if output.is_dir():
        raise InputError(f"{output}: is a folder. Give the snapshot a file name with -o")
    output.parent.mkdir(parents=True, exist_ok=True)
    latest: str | None = None
    count = 0
    with tempfile.TemporaryFile(dir=output.parent) as spool:

        def digests() -> Iterator[bytes]:
            nonlocal latest, count
            for entry in store.entries():
                leaf = leaf_of(entry)
                spool.write(_line(leaf.as_dict()))
                latest = max(filter(None, (latest, leaf.ingested_at)), default=None)
                count += 1
                yield leaf.digest()

        root = root_of(digests())
        head = {"schema": SCHEMA, "kind": store.kind, "entries": count, "root": root, "latest": latest}
        spool.seek(0)
        with replacing(output) as stream:
            stream.write(_line(head))
            shutil.copyfileobj(spool, stream)
    return Snapshot(output, store.kind, count, root, latest)


def _line(row: dict[str, Any]) -> bytes:
    return (json.dumps(row, ensure_ascii=False) + "\n").encode()


def read_head(path: Path) -> Snapshot:
    """Read the first line of a snapshot file. Raises InputError where it is none."""
    unknown = f"{path}: not a snapshot of a store. Make one with `halluguard store snapshot`"
    try:
        head = _parse_head(path)
        made = Snapshot(path, head["kind"], int(head["entries"]), str(head["root"]), head["latest"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise InputError(unknown) from error
    return made


def _parse_head(path: Path) -> dict[str, Any]:
    """Return the first line of a snapshot. Raises ValueError where it is none, such as a store's entry that quotes one."""
    with path.open("rb") as stream:
        line = stream.readline(65536)
    try:
        head = json.loads(line.decode())
    except RecursionError as error:
        raise ValueError(str(error)) from error
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise ValueError(f"no field schema with {SCHEMA}")
    return head


def is_snapshot(path: Path) -> bool:
    """Whether a path is a snapshot file and not a store."""
    if not path.is_file():
        return False
    try:
        return bool(_parse_head(path))
    except ValueError:
        return False


def leaves_of(path: Path, collection: str | None = None) -> Iterator[Leaf]:
    """Stream the leaves of a snapshot file or of a store.

    Raises:
        InputError: the file was edited or cut: its leaves do not give the root it names.

    """
    if not is_snapshot(path):
        yield from map(leaf_of, open_store(path, collection=collection).entries())
        return
    head = read_head(path)
    if root_of(leaf.digest() for leaf in _rows(path)) != head.root:
        raise InputError(f"{path}: its entries do not give the root it names: edited or cut. Take it again")
    yield from _rows(path)


def _rows(path: Path) -> Iterator[Leaf]:
    with path.open("rb") as stream:  # each line is decoded by itself, so that a damaged one has its number
        next(stream)
        for number, line in enumerate(stream, start=2):
            try:
                yield Leaf(**json.loads(line.decode()))
            except (ValueError, TypeError, RecursionError) as error:
                raise InputError(f"{path}:{number}: not a line of a snapshot. Take it again") from error


def last_without(
    paths: Sequence[Path],
    bad: Mapping[str, str | None],
    before: datetime | None,
    collection: str | None = None,
) -> Snapshot | None:
    """Return the largest-dated snapshot that holds none of the bad entries with the text they have now, or None.

    An entry edited in place stands in it with another text. `bad` maps ids to digests of texts; a text of one is bad under any id,
    for a store built anew may give others. Where no entry of a snapshot has a time, or none of the bad has, their absence alone
    counts.
    """
    limit = None if before is None else before.isoformat()
    texts = {*bad.values()} - {None, digest_text("")}
    found: list[tuple[str, int, Snapshot]] = []
    for path in paths:
        count, latest, clean = 0, "", True
        for leaf in leaves_of(path, collection):
            count += 1
            latest = max(latest, leaf.ingested_at or "")
            clean = clean and leaf.text not in texts and (leaf.id not in bad or leaf.text != bad[leaf.id])
        if clean and (limit is None or not latest or latest < limit):
            found.append((latest, count, Snapshot(path, "", count, "", latest or None)))
    return max(found, key=lambda one: (one[0], one[1]))[2] if found else None
