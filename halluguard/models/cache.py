"""Verdicts and vectors kept on disk by digest, so that the same text is never read twice by the same model."""

import contextlib
import hashlib
import sqlite3
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import HalluguardWarning
from halluguard.models.embedder import Embedder
from halluguard.models.nli import Pair, PairScorer, PairScores

_LOOKUP = 900  # SQLite binds at most 999 variables in its oldest supported builds


_ReadRows = Callable[[Sequence[int]], NDArray[np.float32]]


def _key(*parts: str) -> bytes:
    """Digest texts unambiguously: each part is preceded by its length."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.digest()[:20]


class Cache:
    """One SQLite file of small binary values under digest keys. Safe to share between processes.

    A file that cannot be opened, read or written is not an error: `available` turns False and nothing is kept. Where
    that shows only after it was opened, a HalluguardWarning says so once.
    """

    def __init__(self, path: Path | None) -> None:
        """Open or create the file; None keeps everything in memory for the life of the process."""
        self.path = path
        self.available = True
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path or ":memory:", timeout=30, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"
            )
        except (OSError, sqlite3.Error):
            self.available = False
            self._connection = _open_memory()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the values of those keys that are kept; none of a damaged file, which memory takes the place of."""
        try:
            return self._look_up(keys)
        except sqlite3.Error as error:
            self._tell_lost(f"cannot be read ({error}), so verdicts are kept in memory only")
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = _open_memory()
            return {}

    def _look_up(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _LOOKUP):
            some = keys[start : start + _LOOKUP]
            marks = ",".join("?" * len(some))
            found.update(
                self._connection.execute(f"SELECT key, value FROM kept WHERE key IN ({marks})", some)
            )
        return found

    def put(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep values, all or none; a full or read-only disk loses them and nothing else."""
        try:
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", items)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._tell_lost(
                f"cannot be written ({error}), so the next run reads again what this one has read"
            )
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _tell_lost(self, problem: str) -> None:
        """Say once what a file that was opened cannot do."""
        if self.available:
            self.available = False
            message = f"{self.path}: the verdict cache {problem}. Delete it or name another file with --cache"
            warnings.warn(message, HalluguardWarning, stacklevel=4)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _open_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE kept (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
    return connection


@dataclass
class Hits:
    """How often an answer was already there: `asked` counts distinct items."""

    asked: int = 0
    hit: int = 0


def _recall(
    cache: Cache, keys: Sequence[bytes], sizes: Sequence[int], read: _ReadRows, *, piece: int, hits: Hits
) -> NDArray[np.float32]:
    """Return one row per key, reading only what is not kept, each distinct key once; rows are kept piece by piece.

    What is missing is read longest first over everything asked, so that pieces, too, are of similar length.

    Args:
        cache: where rows are kept.
        keys: one per item; equal keys are the same item.
        sizes: characters of each item.
        read: positions to their rows, shape (n, width), float32.
        piece: items read at once.
        hits: counts to add to.
    """
    first = {key: position for position, key in reversed(list(enumerate(keys)))}
    known = {key: np.frombuffer(value, dtype=np.float32) for key, value in cache.get(list(first)).items()}
    missing = sorted(position for key, position in first.items() if key not in known)
    hits.asked += len(first)
    hits.hit += len(first) - len(missing)
    missing.sort(key=lambda position: (-sizes[position], position))
    for start in range(0, len(missing), piece):
        some = missing[start : start + piece]
        rows = read(some)
        known.update(zip((keys[position] for position in some), rows, strict=True))
        cache.put((keys[position], row.tobytes()) for position, row in zip(some, rows, strict=True))
    return np.stack([known[key] for key in keys])


@dataclass(frozen=True)
class CachedScorer:
    """A pair scorer that reads each distinct pair once, ever.

    Scores are rounded to six decimals when they are kept and when they are fresh, so that a warm run and a cold
    one give the same numbers.
    """

    scorer: PairScorer
    cache: Cache
    settings: str = ""
    piece: int = 4096
    hits: Hits = field(default_factory=Hits)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.scorer.name

    @property
    def digest(self) -> str:
        """The model's digest."""
        return self.scorer.digest

    @property
    def max_tokens(self) -> int:
        """The model's length."""
        return self.scorer.max_tokens

    def score(self, pairs: Sequence[Pair]) -> PairScores:
        """Score pairs; equal pairs are read once, known pairs not at all. What is done is kept piece by piece."""
        if not pairs:
            return PairScores(np.zeros((0, 3), dtype=np.float32), np.zeros(0, dtype=np.bool_))
        keys = [_key("nli", self.digest, self.settings, premise, hypothesis) for premise, hypothesis in pairs]
        sizes = [len(premise) + len(hypothesis) for premise, hypothesis in pairs]

        def read(some: Sequence[int]) -> NDArray[np.float32]:
            fresh = self.scorer.score([pairs[position] for position in some])
            return np.concatenate(
                [np.round(fresh.probabilities, 6), fresh.truncated[:, None]], axis=1
            ).astype(np.float32)

        table = _recall(self.cache, keys, sizes, read, piece=self.piece, hits=self.hits)
        return PairScores(np.ascontiguousarray(table[:, :3]), table[:, 3] > 0)


@dataclass(frozen=True)
class CachedEmbedder:
    """An embedder that reads each distinct text once, ever."""

    embedder: Embedder
    cache: Cache
    settings: str = ""
    piece: int = 4096
    hits: Hits = field(default_factory=Hits)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.embedder.name

    @property
    def digest(self) -> str:
        """The model's digest."""
        return self.embedder.digest

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self.embedder.dimension

    @property
    def max_tokens(self) -> int:
        """The model's length."""
        return self.embedder.max_tokens

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32, shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        keys = [_key("embedding", self.digest + self.settings, text) for text in texts]

        def read(some: Sequence[int]) -> NDArray[np.float32]:
            return self.embedder.encode([texts[position] for position in some])

        return _recall(
            self.cache, keys, [len(text) for text in texts], read, piece=self.piece, hits=self.hits
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens each text would take untruncated, special tokens included."""
        return self.embedder.count_tokens(texts)


def default_cache_path() -> Path:
    """Where verdicts are kept unless another file is named: the user's cache folder."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("halluguard")) / "verdicts.sqlite"
