"""Digests of entries and of whole stores: leaves over what an entry says, and the root of the tree above them."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from halluguard.records import Entry

_LEAF, _NODE = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True)
class Leaf:
    """What is kept of an entry in a snapshot: digests of text, metadata and vector, and where it came from."""

    id: str
    text: str | None
    metadata: str
    vector: str | None
    source: str | None
    batch: str | None
    ingested_at: str | None
    written_by_turn: str | None

    def digest(self) -> bytes:
        """Return SHA-256 over 0x00 and the leaf's canonical JSON."""
        return hashlib.sha256(_LEAF + canonical(self.as_dict())).digest()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, in the order of the fields."""
        return {name: getattr(self, name) for name in self.__slots__}


def canonical(value: object) -> bytes:
    """Return JSON with sorted keys and no spaces; NaN and infinities are written by name."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str).encode()


def leaf_of(entry: Entry) -> Leaf:
    """Return the leaf of an entry; the vector counts as float32, little endian."""
    return Leaf(
        entry.id,
        digest_text(entry.text),
        _sha(canonical(dict(entry.metadata))),
        None if entry.vector is None else _sha(np.ascontiguousarray(entry.vector, dtype="<f4").tobytes()),
        entry.source,
        entry.batch,
        None if entry.ingested_at is None else entry.ingested_at.isoformat(),
        entry.written_by_turn,
    )


def digest_text(text: str | None) -> str | None:
    """Return the digest of a text as a leaf holds it."""
    return None if text is None else _sha(text.encode("utf-8", "surrogatepass"))


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def root_of(leaves: Iterable[bytes]) -> str:
    """Return the root of the Merkle tree over leaf digests, in order, as RFC 6962 (section 2.1) builds it.

    An inner node is SHA-256 over 0x01 and its two children; the left subtree is the largest full one. Holds log n digests.
    """
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        height, node = 0, leaf
        while stack and stack[-1][0] == height:
            _, left = stack.pop()
            node = hashlib.sha256(_NODE + left + node).digest()
            height += 1
        stack.append((height, node))
    if not stack:
        return hashlib.sha256(b"").hexdigest()
    _, root = stack.pop()
    while stack:
        _, left = stack.pop()
        root = hashlib.sha256(_NODE + left + root).digest()
    return root.hex()


def root_of_entries(entries: Iterable[Entry]) -> tuple[str, int]:
    """Return the root over entries in order, and how many there are."""
    count = 0

    def digests() -> Iterable[bytes]:
        nonlocal count
        for entry in entries:
            count += 1
            yield leaf_of(entry).digest()

    return root_of(digests()), count
