"""The quarantine archive: every entry taken out, with all that is needed to put it back."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import InputError
from halluguard.records import Entry
from halluguard.response.writers import Item

NAME = "entries.jsonl"


def write_archive(items: Iterable[Item], folder: Path, why: Mapping[str, Iterable[str]]) -> int:
    """Write items, one JSON line each, into a folder that is made; return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with (folder / NAME).open("w", encoding="utf-8") as stream:
        for item in items:
            row = {"why": list(why.get(item.entry.id, ())), **_row(item)}
            stream.write(json.dumps(row) + "\n")
            count += 1
    return count


def _row(item: Item) -> dict[str, Any]:
    entry = item.entry
    return {
        "ordinal": item.ordinal,
        "id": entry.id,
        "text": entry.text,
        "source": entry.source,
        "batch": entry.batch,
        "ingested_at": None if entry.ingested_at is None else entry.ingested_at.isoformat(),
        "written_by_turn": entry.written_by_turn,
        "position": entry.position,
        "metadata": dict(entry.metadata),
        "vector": _pack(item.vector),
        "payload": dict(item.payload),
    }


def _pack(vector: NDArray[Any] | None) -> dict[str, Any] | None:
    if vector is None:
        return None
    little = np.ascontiguousarray(vector, dtype=vector.dtype.newbyteorder("<"))
    return {"type": little.dtype.str, "base64": base64.b64encode(little.tobytes()).decode("ascii")}


def read_archive(folder: Path) -> Iterator[Item]:
    """Yield the archived items in the order of their store.

    Raises:
        InputError: a line is no archived entry.

    """
    path = folder / NAME
    try:
        with path.open(
            "rb"
        ) as stream:  # each line is decoded by itself, so that a damaged one has its number
            for number, line in enumerate(stream, start=1):
                try:
                    item = _item(json.loads(line.decode()))
                except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
                    raise InputError(f"{path}:{number}: not an archived entry ({error})") from error
                yield item
    except OSError as error:
        raise InputError(f"{path}: the quarantine archive cannot be read ({error.strerror})") from error


def _item(row: Mapping[str, Any]) -> Item:
    for name, kind in (("id", str), ("text", str | None), ("metadata", dict), ("payload", dict)):
        if not isinstance(row[name], kind):
            raise TypeError(f"{name} is {row[name]!r:.80}")
    vector = _unpack(row["vector"])
    entry = Entry(
        id=row["id"],
        text=row["text"],
        vector=None if vector is None else vector.astype(np.float32),
        source=row["source"],
        ingested_at=None if row["ingested_at"] is None else datetime.fromisoformat(row["ingested_at"]),
        batch=row["batch"],
        written_by_turn=row["written_by_turn"],
        position=row["position"],
        metadata=row["metadata"],
    )
    return Item(int(row["ordinal"]), entry, row["payload"], vector)


def _unpack(packed: Mapping[str, str] | None) -> NDArray[Any] | None:
    if packed is None:
        return None
    kind = np.dtype(packed["type"])
    if kind.kind not in "fiu":
        raise ValueError(f"vector of type {kind}")
    return np.frombuffer(base64.b64decode(packed["base64"]), dtype=kind)
