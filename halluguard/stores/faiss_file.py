"""Read the vectors of a FAISS index file: flat ones by their header, others by FAISS in a confined child process."""

import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import StoreError
from halluguard.stores.confined import run_reader

_HEADER = struct.Struct("<4siqqqBiQ")  # tag, d, n, two fillers, trained, metric, number of floats
_FLAT = {b"IxFI": "inner_product", b"IxF2": "l2"}
_METRICS = {0: "inner_product", 1: "l2"}


@dataclass(frozen=True, slots=True)
class FaissVectors:
    """The vectors of an index, shape (n, d), float32, in the order of insertion, mapped and not loaded.

    `folder` holds the copy that a child process made, where one was needed.
    """

    vectors: NDArray[np.float32]
    metric: str | None
    folder: tempfile.TemporaryDirectory[str] | None = None


def read_faiss(path: Path) -> FaissVectors:
    """Map the vectors of an index file.

    Raises:
        StoreError: the file is cut, corrupted, or of a kind whose vectors cannot be had back.

    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(_HEADER.size)
    if len(head) < 4:
        raise StoreError(f"{path}: {size} bytes, no FAISS index. Half written? Copy the store again")
    if head[:4] not in _FLAT:
        return _read_apart(path, head[:4])
    if len(head) < _HEADER.size:
        raise StoreError(
            f"{path}: the FAISS header ends after {size} of {_HEADER.size} bytes. Half written? Copy the store again"
        )
    tag, d, n, _, _, _, _, floats = _HEADER.unpack(head)
    if d <= 0 or n < 0 or floats != n * d:
        raise StoreError(
            f"{path}: the FAISS header says {n} vectors of {d} and {floats} numbers, which do not agree; corrupted"
        )
    expected = _HEADER.size + 4 * floats
    if size != expected:
        raise StoreError(
            f"{path}: {size:,} bytes where its header promises {expected:,}. Half written? Copy the store again"
        )
    shape = (int(n), int(d))
    vectors = np.memmap(path, "<f4", "r", _HEADER.size, shape) if n else np.zeros(shape, dtype=np.float32)
    return FaissVectors(vectors, _FLAT[tag])


def _read_apart(path: Path, tag: bytes) -> FaissVectors:
    """Let FAISS itself rebuild the vectors of any other index, where it can do no harm."""
    folder = tempfile.TemporaryDirectory(prefix="halluguard-")
    copy = Path(folder.name) / "vectors.npy"
    said = Path(folder.name) / "metric"
    if run_reader("faiss_reader.py", (str(path), str(copy)), said) or not copy.exists():
        shown = tag.decode("latin-1").encode("unicode_escape").decode()
        raise StoreError(
            f"{path}: FAISS cannot give back the vectors of this index (tag {shown!r}): corrupted, or of a kind that keeps none. "
            "Rebuild it as a flat index"
        )
    metric = said.read_text(encoding="ascii").strip()
    return FaissVectors(np.load(copy, mmap_mode="r", allow_pickle=False), _METRICS.get(int(metric)), folder)
