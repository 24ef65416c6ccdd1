"""The run directory: a manifest, tables, and parts of tables while a run is unfinished.

A stage writes its table in numbered parts, each renamed into place when it is whole, and joins them when all are
there. A killed run therefore holds whole parts only, and goes on after the last of them.
"""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from halluguard.errors import RunError, first_line

TOOL = "halluguard"
"""How a manifest says whose it is."""

TIMESTAMP = pa.timestamp("us", tz="UTC")
CHUNK = pa.struct(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("source", pa.string()),
        ("score", pa.float64()),
        ("rank", pa.int32()),
        ("used", pa.bool_()),
    ]
)
FEEDBACK = pa.struct(
    [("kind", pa.string()), ("value", pa.string()), ("timestamp", TIMESTAMP), ("by", pa.string())]
)

TURNS = pa.schema(
    [
        ("turn_id", pa.string()),
        ("line", pa.int64()),
        ("conversation_id", pa.string()),
        ("timestamp", TIMESTAMP),
        ("user_id", pa.string()),
        ("question", pa.string()),
        ("answer", pa.string()),
        ("model", pa.string()),
        ("index_version", pa.string()),
        ("retry_of", pa.string()),
        ("retrieved", pa.list_(CHUNK)),
        ("feedback", pa.list_(FEEDBACK)),
        ("n_claims", pa.int32()),
        ("n_checkable", pa.int32()),
        ("n_ungrounded", pa.int32()),
        ("n_citations", pa.int32()),
        ("citations_needed", pa.int32()),
        ("claims_supported_by_citations", pa.int32()),
    ]
)
"""One row a turn. `n_citations` and `citations_needed` are the parts of ALCE citation precision: needed / given;
`claims_supported_by_citations` / `n_checkable` is its recall."""

CLAIMS = pa.schema(
    [
        ("turn_id", pa.string()),
        ("conversation_id", pa.string()),
        ("timestamp", TIMESTAMP),
        ("claim_id", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("text", pa.string()),
        ("reading", pa.string()),
        ("status", pa.string()),
        ("cited_ids", pa.list_(pa.string())),
        ("ghost_ids", pa.list_(pa.string())),
        ("cited_entailment", pa.float32()),
        ("cited_contradiction", pa.float32()),
        ("cited_evidence_id", pa.string()),
        ("cited_evidence_text", pa.string()),
        ("trusted_entailment", pa.float32()),
        ("trusted_contradiction", pa.float32()),
        ("trusted_evidence_id", pa.string()),
        ("trusted_evidence_text", pa.string()),
        ("supporting_chunk_id", pa.string()),
        ("truncated", pa.bool_()),
        ("error", pa.string()),
    ]
)
"""One row a claim, in the order of the log and of the answer. Scores are null where there was nothing to read."""

EVENTS = pa.schema(
    [
        ("event_id", pa.string()),
        ("turn_id", pa.string()),
        ("claim_id", pa.string()),
        ("origin", pa.string()),
        ("accused_ids", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float32())),
        ("p_values", pa.list_(pa.float32())),
        ("still_supported_after_removal", pa.bool_()),
    ]
)

REASON = pa.struct([("code", pa.string()), ("figure", pa.float64()), ("detail", pa.string())])
SUSPECTS = pa.schema(
    [
        ("entry_id", pa.string()),
        ("source", pa.string()),
        ("batch", pa.string()),
        ("ingested_at", TIMESTAMP),
        ("text", pa.string()),
        ("verdict", pa.string()),
        ("responsibility", pa.float32()),
        ("p_value", pa.float32()),
        ("n_events", pa.int32()),
        ("n_turns", pa.int32()),
        ("reasons", pa.list_(REASON)),
        ("nearest_trusted_id", pa.string()),
        ("nearest_trusted_text", pa.string()),
    ]
)

SPREAD_TABLES = ("claims", "events", "suspects")
"""The tables that a cascade is scored from: where a later trace wrote others, its figures are of another store."""

SCHEMAS = {"turns": TURNS, "claims": CLAIMS, "events": EVENTS, "suspects": SUSPECTS}
"""Every table a run directory can hold, by name."""


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal; reads in pieces of 1 MiB."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that a reader sees the old file or the new one, never a part."""
    try:
        with replacing(path) as stream:
            stream.write(data)
    except OSError as error:  # a full disk names no file
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a stream whose bytes are put at `path` when all are written; before that, and where it fails, the old file stays.

    They are written under a name of their own: one that can be foreseen may be a link to another file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)  # noqa: PTH101 - mkstemp files are private, results are not
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented UTF-8 JSON, atomically; keys keep their order."""
    write_atomically(path, (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def _write_table(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> None:
    temporary = path.with_name(f".{path.name}.part")
    with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
    temporary.replace(path)


def _maker(name: str) -> str:
    """Return the verb that makes a table."""
    return "trace" if name in {"events", "suspects"} else "check"


def _lock(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunError(
            f"{path}: another halluguard is writing this run. Wait for it, or choose another directory with -o"
        ) from error
    except OSError:  # a file system that knows no locks takes one writer at a time on trust
        return


def is_run(path: Path) -> bool:
    """Whether a folder is a run directory, finished or not."""
    try:
        found = Run(path).manifest
    except RunError:
        return False
    return found.get("tool") == TOOL and "fingerprint" in found


@dataclass(frozen=True)
class Run:
    """A run directory. Build it with `create` or `open`; tables are read with pandas or as Arrow."""

    path: Path

    @classmethod
    def create(cls, path: Path, manifest: Mapping[str, Any]) -> "Run":
        """Start a run at `path`, or go on with the same one.

        `manifest["fingerprint"]` identifies inputs and settings: a directory that holds a run with another
        fingerprint is refused, so that no result is overwritten by accident. One in which nothing was ever finished
        holds no result: it makes room for the corrected try, unless it is still at work.
        """
        run = cls(path)
        if run.manifest_path.exists():
            found = run.manifest
            if found.get("fingerprint") == manifest["fingerprint"]:
                return run
            if not run._is_without_result(found):
                raise RunError(
                    f"{path}: holds a run of other inputs or settings. Choose another directory with -o, "
                    "or remove this one"
                )
            with run.held():
                write_json(run.manifest_path, manifest)
            return run
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RunError(
                f"{path}: exists and is not a run directory. Choose an empty or new directory with -o"
            )
        path.mkdir(parents=True, exist_ok=True)
        write_json(run.manifest_path, manifest)
        return run

    @classmethod
    def open(cls, path: Path) -> "Run":
        """Open an existing run directory; raises RunError where there is none."""
        run = cls(Path(path))
        if not run.manifest_path.is_file():
            raise RunError(
                f"{path}: no manifest.json, so not a run directory. Make one with `halluguard check`"
            )
        return run

    @property
    def manifest_path(self) -> Path:
        """Where the manifest lies."""
        return self.path / "manifest.json"

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest as it is on disk now."""
        try:
            loaded = json.loads(self.manifest_path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(
                f"{self.manifest_path}: unreadable ({error}). Remove the run directory and start again"
            ) from error
        if not isinstance(loaded, dict):
            raise RunError(f"{self.manifest_path}: expected a JSON object, found {type(loaded).__name__}")
        return loaded

    def _is_without_result(self, manifest: Mapping[str, Any]) -> bool:
        return manifest.get("state") == "running" and not self.n_parts() and not self.has("claims")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the directory to one writer; raises RunError where another has it. A killed process lets go of it."""
        handle = os.open(self.path, os.O_RDONLY)
        try:
            _lock(handle, self.path)
            yield
        finally:
            os.close(handle)

    def update_manifest(self, changes: Mapping[str, Any]) -> None:
        """Replace the given top-level keys of the manifest, atomically."""
        write_json(self.manifest_path, {**self.manifest, **changes})

    def table_path(self, name: str) -> Path:
        """Where a finished table lies, whether or not it exists."""
        return self.path / f"{name}.parquet"

    def has(self, name: str) -> bool:
        """Whether the table is finished."""
        return self.table_path(name).is_file()

    def digests(self, names: Iterable[str]) -> dict[str, str]:
        """Return the SHA-256 of each of some tables that is finished."""
        return {name: digest_file(self.table_path(name)) for name in names if self.has(name)}

    def has_stale_cascade(self) -> bool:
        """Whether the run was traced again after its spread was scored."""
        scored = self.manifest.get("cascade")
        read = scored.get("read") if isinstance(scored, dict) else None
        return read is not None and read != self.digests(SPREAD_TABLES)

    def read(
        self, name: str, columns: list[str] | None = None, filters: list[tuple[str, str, Any]] | None = None
    ) -> pa.Table:
        """Read a finished table, or the rows of it that pyarrow's `filters` let through; raises RunError naming the verb that makes it where it is missing or damaged."""
        if not self.has(name):
            raise RunError(f"{self.path}: no {name}.parquet. Make it with `halluguard {_maker(name)}`")
        with self._told_unreadable(name):
            return pq.read_table(self.table_path(name), columns=columns, filters=filters)

    def stream(
        self, name: str, batch_rows: int = 4096, columns: list[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield a finished table in batches, so that memory stays bounded."""
        if not self.has(name):
            self.read(name)
        with self._told_unreadable(name):
            file = pq.ParquetFile(self.table_path(name))
            batches = file.iter_batches(batch_size=batch_rows, columns=columns)
        while True:
            # Not around the yield: what goes wrong at the caller's is not this table's fault.
            with self._told_unreadable(name):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    @contextmanager
    def _told_unreadable(self, name: str) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise RunError(
                f"{self.table_path(name)}: unreadable ({first_line(error)}). Put back a whole copy of it, or make the run anew with "
                f"`halluguard {_maker(name)}`"
            ) from error

    def write(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write a whole table at once, replacing an older one atomically."""
        schema = SCHEMAS[name]
        _write_table(self.table_path(name), [pa.Table.from_pylist(list(rows), schema=schema)], schema)

    def part_path(self, number: int) -> Path:
        """The folder of one finished block."""
        return self.path / "parts" / f"{number:06d}"

    def n_parts(self) -> int:
        """How many blocks are whole, counted from the first without a gap."""
        number = 0
        while self.part_path(number).is_dir():
            number += 1
        return number

    def write_part(
        self, number: int, tables: Mapping[str, list[dict[str, Any]]], facts: Mapping[str, Any]
    ) -> None:
        """Write one block of several tables and its facts; it exists whole or not at all."""
        final = self.part_path(number)
        temporary = final.with_name(f".{final.name}")
        temporary.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            _write_table(
                temporary / f"{name}.parquet",
                [pa.Table.from_pylist(rows, schema=SCHEMAS[name])],
                SCHEMAS[name],
            )
        (temporary / "facts.json").write_text(json.dumps(dict(facts)), encoding="utf-8")
        for file in temporary.iterdir():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        temporary.rename(final)

    def part_facts(self, number: int) -> dict[str, Any]:
        """The facts written with a block."""
        facts: dict[str, Any] = json.loads(
            (self.part_path(number) / "facts.json").read_text(encoding="utf-8")
        )
        return facts

    def join_parts(self, names: Iterable[str]) -> None:
        """Join the parts of each table into one file. The parts stay until `drop_parts`."""
        count = self.n_parts()
        for name in names:
            paths = [self.part_path(number) / f"{name}.parquet" for number in range(count)]
            _write_table(self.table_path(name), (pq.read_table(path) for path in paths), SCHEMAS[name])

    def drop_parts(self) -> None:
        """Remove the parts of a finished run."""
        import shutil

        shutil.rmtree(self.path / "parts", ignore_errors=True)
