"""Reading a conversation log of any known format, turn by turn."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from io import BufferedReader
from itertools import chain
from pathlib import Path

from halluguard.errors import InputError, LogFormatError, SettingError
from halluguard.logs import langfuse, langsmith, native, openinference
from halluguard.logs.containers import MAX_LINE_BYTES, Row, open_rows
from halluguard.logs.fields import FieldMap
from halluguard.logs.formats import LogFormat, Reading
from halluguard.logs.notes import LogNotes, OnSkip, SkippedRow, shown
from halluguard.logs.values import digest_of, zone_of
from halluguard.records import Turn

FORMATS: tuple[LogFormat, ...] = (openinference.FORMAT, langfuse.FORMAT, langsmith.FORMAT, native.FORMAT)
"""Every format read, the most telling first; the native one takes what no other recognises."""

_LOOK_AHEAD = 20


def read_log(
    path: Path | str,
    *,
    strict: bool = False,
    assume_tz: str | tzinfo | None = None,
    on_skip: OnSkip | None = None,
    notes: LogNotes | None = None,
    format_name: str | None = None,
    fields: Mapping[str, str] | None = None,
    max_line_bytes: int = MAX_LINE_BYTES,
    stdin: BufferedReader | None = None,
) -> Iterator[Turn]:
    """Yield the turns of a log file, or of standard input for "-", in its order and in bounded memory.

    The container (JSON lines, gzip, a JSON array, Parquet) and the format are told by content; `format_name` names the
    format instead, and `fields` maps names of a turn to fields of the log. A row that is no turn, or repeats the id of an
    earlier one (of which 8 bytes are remembered), is handed to `on_skip` and left out; with `strict` it raises LogFormatError.
    `notes` is filled with counts; `stdin` is read for "-" in place of standard input. Raises InputError where the file as a whole cannot be read or holds nothing.
    """
    notes = LogNotes() if notes is None else notes
    reading = Reading(str(path), notes, zone_of(assume_tz), dict(fields or {}))
    rows = open_rows(path, max_line_bytes=max_line_bytes, notes=notes, stdin=stdin)
    seen: set[int] = set()
    for found in _turns(rows, reading, format_name):
        skipped = found if isinstance(found, SkippedRow) else _repeated(found, seen)
        if skipped is None:
            assert isinstance(found, Turn)
            notes.see(found)
            yield found
            continue
        notes.skipped += 1
        if strict:
            raise LogFormatError(
                path,
                skipped.line,
                skipped.reason.rstrip("."),
                "Mend or remove the row, or leave out --strict to skip it",
            )
        if on_skip is not None:
            on_skip(skipped)


def _repeated(turn: Turn, seen: set[int]) -> SkippedRow | None:
    digest = digest_of(turn.turn_id)
    if digest in seen:
        return SkippedRow(
            turn.line or 0, f"turn_id {shown(turn.turn_id)} was seen before; the first row with it counts"
        )
    seen.add(digest)
    return None


def _turns(
    rows: Iterator[Row | SkippedRow], reading: Reading, format_name: str | None
) -> Iterator[Turn | SkippedRow]:
    """Find the format by looking ahead a few rows, and let it read them all."""
    head: list[Row | SkippedRow] = []
    log_format = _named(format_name) if format_name else None
    while log_format is None and len(head) < _LOOK_AHEAD and (row := next(rows, None)) is not None:
        head.append(row)
        log_format = _recognise(row, reading.path) if isinstance(row, Row) else None
    log_format = log_format or native.FORMAT
    reading.notes.format = log_format.name
    if log_format is not native.FORMAT:  # which notes the names of others beside the chosen ones
        reading.notes.mapping.update(FieldMap(reading.fields).chosen)
    yield from log_format.read(chain(head, rows), reading)


def _named(name: str) -> LogFormat:
    for log_format in FORMATS:
        if log_format.name == name:
            return log_format
    raise SettingError(
        f"--format {name!r}: unknown. Choose among {', '.join(log_format.name for log_format in FORMATS)}"
    )


def _recognise(row: Row, path: str) -> LogFormat | None:
    """Return the one format that knows the row; our own gives way to any other."""
    found = [log_format for log_format in FORMATS if log_format.recognises(row.values)]
    others = [log_format for log_format in found if log_format is not native.FORMAT]
    if len(others) > 1:
        names = " and ".join(log_format.name for log_format in others)
        raise InputError(f"{path}:{row.line}: could be {names}. Name one with --format {others[0].name}")
    return next(iter(others or found), None)


def count_rows(path: Path) -> int | None:
    """Return how many rows a log file holds as far as that costs little: the lines of it, or what a Parquet file says.

    Lines are not parsed, so that blank ones count and an export in one JSON document counts one. None where the name
    does not tell or nothing can be read: whoever reads the log says why.
    """
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            return int(pq.read_metadata(path).num_rows)
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    except (OSError, EOFError, ValueError, zlib.error):
        return None
