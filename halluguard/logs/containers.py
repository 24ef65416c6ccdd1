"""Files that hold rows: JSON lines, gzip of them, JSON arrays and Parquet, each streamed in bounded memory.

What a file is, is told by its first bytes; names and suffixes decide nothing.
"""

import codecs
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from halluguard.errors import InputError
from halluguard.logs.fields import CONTENT_ALIASES
from halluguard.logs.notes import LogNotes, SkippedRow, shown
from halluguard.logs.values import scrub

if TYPE_CHECKING:
    import pyarrow as pa
    from _typeshed import WriteableBuffer

MAX_LINE_BYTES = 16 * 2**20
"""A longer line is skipped unread: no conversation turn needs 16 MiB, and memory must stay bounded."""

PARQUET_ROWS = 256
_PEEK = 4096
_STEP = 2**20
_UNZIP_STEP = 8192

_GZIP_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a gzip file that is cut off or damaged raises."""

_UNCONVERTIBLE = (ValueError, OverflowError, LookupError)
"""What pyarrow raises for a value that Python's types cannot hold: bytes that are no UTF-8, a year past 9999, an unknown zone."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row before it is understood; `line` counts from 1."""

    line: int
    values: Mapping[str, Any]


def open_rows(
    path: Path | str,
    *,
    max_line_bytes: int = MAX_LINE_BYTES,
    notes: LogNotes,
    stdin: io.BufferedReader | None = None,
) -> Iterator[Row | SkippedRow]:
    """Yield the rows of a file, or of `stdin` (standard input by default) for "-"; a row that cannot be decoded is yielded as skipped.

    Raises InputError where the file as a whole cannot be read, naming what it seems to be.
    """
    with ExitStack() as stack:
        stream = _open(path, stack, stdin)
        head = stream.peek(_PEEK)[:_PEEK]
        if head.startswith(b"\x1f\x8b"):
            stream = io.BufferedReader(stack.enter_context(_Unzipped(fileobj=stream, mode="rb")))
            head = _unzip_head(path, stream)
        if head.startswith(b"PAR1"):
            yield from _parquet_rows(path)
            return
        _refuse_other_files(path, head)
        if head.startswith(b"\xef\xbb\xbf"):
            stream.read(3)
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if start.startswith(b"[") or start.split(b"\n", 1)[0].strip() == b"{":
            document = start.startswith(b"{")
            yield from _array_rows(path, stream, max_line_bytes, notes, document=document)
        else:
            yield from _line_rows(path, stream, max_line_bytes, notes)


def _open(path: Path | str, stack: ExitStack, stdin: io.BufferedReader | None) -> io.BufferedReader:
    if str(path) == "-":
        stream = stdin or sys.stdin.buffer
        return stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[arg-type]
    try:
        return stack.enter_context(Path(path).open("rb"))
    except IsADirectoryError as error:
        raise InputError(f"{path}: is a folder, expected a log file. Give one file") from error
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such file. Give the path of a conversation log, or - for standard input"
        ) from error
    except OSError as error:
        raise InputError(
            f"{path}: cannot be opened ({error.strerror}). Check the path and its permissions"
        ) from error


class _Unzipped(gzip.GzipFile):
    """A gzip file that hands on what lies before damage, where its base drops what one call had unzipped till then."""

    _damage: Exception | None = None

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer as far as the file goes; damage is raised where nothing comes before it, and again ever after."""
        room = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(room) and (piece := self._piece(min(len(room) - filled, _UNZIP_STEP))):
            room[filled : filled + len(piece)] = piece
            filled += len(piece)
        if self._damage is not None and not filled:
            raise self._damage
        return filled

    def _piece(self, size: int) -> bytes:
        """Return some of what comes next; nothing at the end and from damage on."""
        if self._damage is None:
            try:
                return self.read1(size)
            except _GZIP_DAMAGE as error:
                self._damage = error
        return b""


def _unzip_head(path: Path | str, stream: io.BufferedReader) -> bytes:
    try:
        return stream.peek(_PEEK)[:_PEEK]
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path | str, error: Exception) -> InputError:
    return InputError(f"{path}: damaged gzip file ({error}). Fetch or compress it again")


def _cut_off(line: int, error: Exception) -> SkippedRow:
    return SkippedRow(
        line, f"the gzip file is damaged or cut off here ({error}); nothing after it can be read"
    )


_OTHER_FILES = (
    (b"\xff\xfe", "text in UTF-16 (little endian)", "Save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16 (big endian)", "Save it as UTF-8"),
    (b"PK\x03\x04", "a zip archive", "Unpack it and give the file inside"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Decompress it first, or compress it with gzip"),
    (b"BZh", "compressed with bzip2", "Decompress it first, or compress it with gzip"),
    (b"\xfd7zXZ", "compressed with xz", "Decompress it first, or compress it with gzip"),
    (b"SQLite format 3", "an SQLite database", "Export the conversations as JSON lines"),
    (b"ARROW1", "an Arrow IPC file", "Save it as Parquet"),
    (b"%PDF", "a PDF document", "Give a conversation log in JSON lines or Parquet"),
)


def _refuse_other_files(path: Path | str, head: bytes) -> None:
    for magic, name, remedy in _OTHER_FILES:
        if head.startswith(magic):
            raise InputError(f"{path}: {name}, expected JSON lines or Parquet in UTF-8. {remedy}")
    if len(head) < _PEEK and not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise InputError(f"{path}: nothing in it. Give a log with one turn a line")


def _line_rows(path: Path | str, stream: BinaryIO, limit: int, notes: LogNotes) -> Iterator[Row | SkippedRow]:
    """Rows of lines, one each; the list of rows that a lone line holds is opened."""
    line = 0
    first = True
    lone: Row | None = None
    try:
        while raw := stream.readline(limit + 1):
            line += 1
            if raw.isspace():
                continue
            if len(raw) > limit and not raw.endswith(b"\n"):
                row: Row | SkippedRow = SkippedRow(line, _too_long(stream, len(raw), limit))
            else:
                row = _decode(line, raw, notes)
            alone, first = first, False
            if alone and isinstance(row, Row):
                lone = row  # held back until a second line shows that it is a row among others
                continue
            if lone is not None:
                yield lone
                lone = None
            yield row
        if lone is not None:
            rows = _opened(lone.values)
            yield from [lone] if rows[0] is lone.values else map(Row, count(1), rows)
            lone = None
    except _GZIP_DAMAGE as error:
        if not line:
            raise _damaged(path, error) from error
        if lone is not None:
            yield lone
        yield _cut_off(line + 1, error)
    if not line:
        raise InputError(f"{path}: nothing in it. Give a log with one turn a line")


def _too_long(stream: BinaryIO, read: int, limit: int) -> str:
    """Read on to the end of a line that is too long, keeping none of it, and say how long it was."""
    while piece := stream.readline(_STEP):
        read += len(piece)
        if piece.endswith(b"\n"):
            break
    return f"the line is {read / 2**20:.1f} MiB long, over the limit of {limit / 2**20:.4g} MiB"


_CR_ENDS = re.compile(rb"\}\r\s*\{")


def _decode(line: int, raw: bytes, notes: LogNotes) -> Row | SkippedRow:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            value = decode_json(raw.decode("utf-8"), notes)
        except UnicodeDecodeError as error:
            return SkippedRow(
                line, f"not UTF-8: byte 0x{raw[error.start]:02x} at byte {error.start + 1} of the line"
            )
        except (ValueError, RecursionError) as error:
            if _CR_ENDS.search(raw):
                return SkippedRow(
                    line, "its lines end in CR alone, expected LF or CR LF: convert the line ends"
                )
            return SkippedRow(line, _json_problem(error))
    if not isinstance(value, dict):
        return SkippedRow(line, f"expected a JSON object, found {_kind(value)}")
    return Row(line, value)


def decode_json(text: str, notes: LogNotes) -> Any:
    """Decode JSON that may hold NaN, Infinity or halves of surrogate pairs, which other writers leave in.

    The numbers become None and the halves U+FFFD; both are counted.
    """

    def unknown(_: str) -> None:
        notes.repair("bad_number")

    return scrub(json.loads(text, parse_constant=unknown), notes)


def _json_problem(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return (
            f"broken JSON: {error.msg[0].lower()}{error.msg[1:].removesuffix(' at')} at column {error.colno}"
        )
    return (
        "broken JSON: nested too deeply"
        if isinstance(error, RecursionError)
        else f"broken JSON: {shown(str(error))}"
    )


def _kind(value: object) -> str:
    names = {
        list: "an array",
        str: "a string",
        bool: "true or false",
        int: "a number",
        float: "a number",
        type(None): "null",
    }
    return names.get(type(value), type(value).__name__)


def _array_rows(
    path: Path | str, stream: io.BufferedReader, limit: int, notes: LogNotes, *, document: bool
) -> Iterator[Row | SkippedRow]:
    """Rows of a JSON array, or of indented JSON objects one after another, of which the lists of rows are opened."""
    reader = _ValueReader(
        stream, json.JSONDecoder(parse_constant=lambda _: notes.repair("bad_number")), limit
    )
    number = 0
    try:
        for value in reader:
            element = scrub(value, notes)
            for row in _opened(element) if document else [element]:
                number += 1
                yield (
                    Row(number, row)
                    if isinstance(row, dict)
                    else SkippedRow(number, f"expected a JSON object, found {_kind(row)}")
                )
    except UnicodeDecodeError as error:
        wrong = f"not UTF-8 (byte 0x{error.object[error.start]:02x})"
        if not number:
            raise InputError(f"{path}: no row can be read, {wrong}. Save it as UTF-8") from error
        yield SkippedRow(number + 1, f"{wrong}; nothing after it can be read")
    except _GZIP_DAMAGE as error:
        if not number:
            raise _damaged(path, error) from error
        yield _cut_off(number + 1, error)
    except (ValueError, RecursionError) as error:
        if not number:
            raise InputError(
                f"{path}: no row can be read, {_json_problem(error)}. Mend the file or export it again"
            ) from error
        yield SkippedRow(number + 1, f"{_json_problem(error)}; nothing after it can be read")
    if not number:
        raise InputError(f"{path}: nothing in it. Give a log with one turn a row")


def _opened(value: Any) -> list[Any]:
    """Return the rows that a document lists; of what is no such document, as a row with an answer of its own, itself."""
    if isinstance(value, dict) and not value.keys() & set(CONTENT_ALIASES["answer"]):
        for name in ("results", "turns", "rows", "data", "traces"):
            inner = value.get(name)
            if isinstance(inner, list) and inner and all(isinstance(row, dict) for row in inner):
                return inner
    return [value]


_BETWEEN = re.compile(r"[\s,\[\]]*")


class _ValueReader:
    """JSON values one after another from UTF-8, the elements of an outermost array each by themselves."""

    def __init__(self, stream: io.BufferedReader, decoder: json.JSONDecoder, limit: int) -> None:
        self._stream = stream
        self._text = codecs.getincrementaldecoder("utf-8")()
        self._damage: UnicodeDecodeError | None = None
        self._decoder = decoder
        self._limit = limit
        self._buffer = ""
        self._place = 0

    def __iter__(self) -> Iterator[Any]:
        while True:
            between = _BETWEEN.match(self._buffer, self._place)
            self._place = between.end() if between else self._place
            if self._place < len(self._buffer):
                yield self._next_value()
            elif not self._more(_STEP):
                return

    def _more(self, size: int) -> bool:
        """Read on by about `size` characters; of a damaged file first what lies before the damage."""
        pieces = [self._buffer[self._place :]]
        wanted = len(pieces[0]) + size
        ended = False
        while self._damage is None and not ended and sum(map(len, pieces)) < wanted:
            try:
                raw = self._stream.read1(_STEP)
                ended = not raw
                pieces.append(self._text.decode(raw, final=ended))
            except _GZIP_DAMAGE:
                if len(pieces) == 1:
                    raise
                break
            except UnicodeDecodeError as error:
                self._damage = error
                pieces.append(error.object[: error.start].decode("utf-8"))
        if self._damage is not None and not any(pieces[1:]):
            raise self._damage
        self._buffer = "".join(pieces)
        self._place = 0
        return any(pieces[1:])

    def _next_value(self) -> Any:
        """Decode the value at the reader's place, reading twice as much each time it is not whole."""
        while True:
            try:
                value, self._place = self._decoder.raw_decode(self._buffer, self._place)
            except json.JSONDecodeError:
                if len(self._buffer) - self._place > self._limit:
                    raise ValueError(f"a row is longer than {self._limit / 2**20:.4g} MiB") from None
                if not self._more(max(_STEP, len(self._buffer))):
                    raise
                continue
            return value


def _parquet_rows(path: Path | str) -> Iterator[Row | SkippedRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if str(path) == "-":
        raise InputError("-: Parquet cannot be read from standard input. Give the file itself")
    number = 0
    try:
        file = pq.ParquetFile(path, memory_map=True)
        if not file.metadata.num_rows:
            raise InputError(f"{path}: nothing in it. Give a log with one turn a row")
        for batch in file.iter_batches(batch_size=PARQUET_ROWS):
            yield from _batch_rows(batch, number)
            number += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        if number:
            yield SkippedRow(
                number + 1,
                f"the Parquet file is damaged here ({shown(str(error))}); nothing after it can be read",
            )
        else:
            raise InputError(
                f"{path}: unreadable Parquet file ({shown(str(error))}). Write it again"
            ) from error


def _batch_rows(batch: "pa.RecordBatch", before: int) -> Iterator[Row | SkippedRow]:
    """Rows of a batch, numbered on from `before`; a value that cannot be converted costs its own row only."""
    try:
        rows = batch.to_pylist()
    except _UNCONVERTIBLE:
        yield from (_lone_row(batch.slice(place, 1), before + place + 1) for place in range(batch.num_rows))
    else:
        yield from (Row(number, values) for number, values in enumerate(rows, start=before + 1))


def _lone_row(batch: "pa.RecordBatch", number: int) -> Row | SkippedRow:
    values = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            values[name] = column[0].as_py()
        except _UNCONVERTIBLE as error:
            return SkippedRow(
                number,
                f"column {shown(name)} holds a value that cannot be read ({shown(str(error))}); "
                "expected text in UTF-8 and times of the years 1 to 9999",
            )
    return Row(number, values)
