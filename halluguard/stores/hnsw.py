"""The vectors of a Chroma HNSW segment, read by the offsets in its header."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import StoreError

_HEADER = struct.Struct("<i6QiI3QdQ")
"""Version; level-0 offset, max elements, element count, element size, label offset, data offset; max level, entry
point; maxM, maxM0, M; multiplier; ef of construction."""


DATA_FILE = "data_level0.bin"


@dataclass(frozen=True, slots=True)
class Segment:
    """The element slots of a segment: `labels` of shape (n,) and `vectors` of shape (n, d), mapped and not loaded."""

    labels: NDArray[np.uint64]
    vectors: NDArray[np.float32]


def read_segment(folder: Path) -> Segment:
    """Map the slots of `data_level0.bin`.

    Raises:
        StoreError: header and data do not agree, so that the segment is cut or corrupted.

    """
    data = folder / DATA_FILE
    level0, count, size, label_at, data_at = _read_header(folder)
    dimension, rest = divmod(label_at - data_at, 4)
    if rest or dimension <= 0 or label_at + 8 > size or level0 + count * size > data.stat().st_size:
        raise StoreError(
            f"{data}: {data.stat().st_size:,} bytes do not hold the {count:,} elements of its header. Half written?"
        )
    layout = np.dtype(
        {
            "names": ["vector", "label"],
            "formats": [("<f4", (dimension,)), "<u8"],
            "offsets": [data_at, label_at],
            "itemsize": size,
        }
    )
    if not count:
        return Segment(np.zeros(0, dtype=np.uint64), np.zeros((0, dimension), dtype=np.float32))
    slots = np.memmap(data, layout, "r", level0, (count,))
    return Segment(np.asarray(slots["label"]), slots["vector"])


def filled_bytes(folder: Path) -> int:
    """Return how many bytes of `data_level0.bin` hold elements; what follows is room, left as the writer's memory was.

    Raises:
        StoreError: there is no whole header.

    """
    level0, count, size, *_ = _read_header(folder)
    return level0 + count * size


def _read_header(folder: Path) -> tuple[int, int, int, int, int]:
    """Return the offset of level 0, the count and size of elements, and where in one label and vector lie."""
    header = folder / "header.bin"
    raw = header.read_bytes() if header.is_file() else b""
    if len(raw) < _HEADER.size or not (folder / DATA_FILE).is_file():
        raise StoreError(
            f"{header}: {len(raw)} bytes where the header of a vector segment has {_HEADER.size}. Half written?"
        )
    _, level0, _, count, size, label_at, data_at, *_ = _HEADER.unpack(raw[: _HEADER.size])
    return level0, count, size, label_at, data_at
