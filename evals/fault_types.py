"""What a store with faults is made of: rows, vectors, what a sweep may use besides them, and the truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.records import Turn

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """A store as rows of a JSONL file (`id`, `text`, `source`, `ingested_at`) and their vectors, shape (n, d).

    `without` are the places of rows that have no vector whatever their row of the array holds.
    """

    rows: tuple[Row, ...]
    vectors: Vectors
    without: frozenset[int] = frozenset()

    def text(self, at: int) -> str:
        """The text of a row."""
        return str(self.rows[at]["text"])


@dataclass(frozen=True, slots=True)
class Faulty:
    """A store with faults, what a sweep may use besides it, and which ids it should name under which codes."""

    store: Rows
    codes: tuple[str, ...]
    truth: frozenset[str]
    turns: tuple[Turn, ...] = ()
    known_bad: tuple[str, ...] = ()
    sources: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Tools:
    """The model in use, another model of the same dimension, and the draw."""

    encode: Encode
    encode_other: Encode
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))


Fault = Callable[[Rows, NDArray[np.int64], Tools], Faulty]


def ids_of(store: Rows, chosen: Sequence[int] | NDArray[np.int64]) -> frozenset[str]:
    """Return the ids of the rows at the chosen places."""
    return frozenset(str(store.rows[at]["id"]) for at in chosen)
