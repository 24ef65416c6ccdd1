"""Files of pairs: scored line by line, or used to fit a calibration."""

import codecs
import gzip
import json
import os
import stat
import sys
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

import orjson

from halluguard.errors import HalluguardWarning, InputError
from halluguard.grounding.decide import READING_ERRORS
from halluguard.grounding.reader import Reader
from halluguard.grounding.score import DocumentClaim, Score, score_pairs
from halluguard.logs import LogNotes, repair_lines
from halluguard.logs.containers import decode_json

if TYPE_CHECKING:
    from halluguard.api import Loaded, ModelChoice
    from halluguard.grounding.calibrate import Labelled

_BLOCK = 256

_GZIP_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)


def score_jsonl(source: str, output: Path | None, choice: "ModelChoice | Loaded") -> tuple[int, int, str]:
    """Score a file of pairs; returns lines scored, lines skipped, and the first problem.

    The scores take the place of `output` when they are all there. Where something stops them, those so far are kept
    beside it, in a file whose name ends in `.part`.
    """
    scored, skipped, first = 0, 0, ""
    notes = LogNotes()
    with ExitStack() as stack:
        if output is not None:
            _require_another(source, output)
        lines = sys.stdin.buffer if source == "-" else stack.enter_context(_open(Path(source)))
        reader = choice.load().reader  # a model that is not there shall cost no file
        target = sys.stdout if output is None else stack.enter_context(_replacing(output))
        for block in _blocks(_numbered(source, lines)):
            rows = _score_rows([_read_pair(line, notes) for _, line in block], reader)
            for (number, _), row in zip(block, rows, strict=True):
                problem = f"{source}:{number}: {row}" if isinstance(row, str) else ""
                written = {"error": problem} if isinstance(row, str) else row.as_dict()
                target.write(json.dumps(written) + "\n")
                scored += not problem
                skipped += bool(problem)
                first = first or problem
            target.flush()
    _tell_repairs(source, notes)
    return scored, skipped, first


def _score_rows(rows: Sequence[DocumentClaim | str], reader: Reader) -> list[Score | str]:
    """Return the score of each pair; what is wrong with a row stays in its place."""
    scores = iter(_score([row for row in rows if not isinstance(row, str)], reader))
    return [row if isinstance(row, str) else next(scores) for row in rows]


def _score(pairs: Sequence[DocumentClaim], reader: Reader) -> list[Score | str]:
    """Score pairs together; where the model fails over one of them, each by itself, so that only that one is lost."""
    try:
        return list(score_pairs(pairs, reader))
    except READING_ERRORS as error:
        if len(pairs) == 1:
            reason = " ".join(str(error).split())[:120]
            return [f"the model cannot read it ({type(error).__name__}: {reason})"]
        return [score for pair in pairs for score in _score([pair], reader)]


def _read_pair(line: bytes, notes: LogNotes) -> DocumentClaim | str:
    """Return document, claim and question of a line, or what is wrong with it."""
    row = _read_row(line, notes)
    if isinstance(row, str):
        return row
    question = row.get("question") or row.get("query")
    return row["document"], row["claim"], question if isinstance(question, str) else None


def _read_row(line: bytes, notes: LogNotes) -> dict[str, Any] | str:
    """Return the object of a line, with a document and a claim in it, or what is wrong with the line."""
    if not line:
        return "blank, expected an object with document and claim"
    try:
        row = _decode(line.removeprefix(codecs.BOM_UTF8), notes)
    except RecursionError:
        return "not JSON that can be read (nested too deeply)"
    except ValueError as error:
        return f"not JSON ({error})"
    if not isinstance(row, dict):
        return f"expected an object, found {type(row).__name__}"
    for name in ("document", "claim"):
        if not isinstance(row.get(name), str):
            return f"{name} is missing or not text"
    return row


def _decode(line: bytes, notes: LogNotes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:  # strict, where other writers leave in NaN or half a surrogate pair
        return decode_json(line.decode("utf-8"), notes)


def _tell_repairs(source: str, notes: LogNotes) -> None:
    for repaired in repair_lines(notes):
        warnings.warn(f"{source}: {repaired}", HalluguardWarning, stacklevel=3)


def calibrate_jsonl(labelled: Path, output: Path, choice: "ModelChoice | Loaded") -> dict[str, Any]:
    """Fit a calibration to a labelled file and write it; rows are read as `label_row` reads them."""
    from halluguard.grounding.calibrate import fit_calibration
    from halluguard.run import digest_file

    _require_another(str(labelled), output)
    rows = list(_read_labelled(labelled))
    if not rows:
        raise InputError(f"{labelled}: empty. Expected one labelled pair a line")
    reader = choice.load().reader
    fitted = fit_calibration(rows, reader, data=labelled.name, data_digest=digest_file(labelled))
    fitted.save(output)
    return fitted.describe()


def _read_labelled(path: Path) -> "Iterator[Labelled]":
    from halluguard.grounding.calibrate import label_row

    notes = LogNotes()
    with _open(path) as lines:
        for number, line in _numbered(str(path), lines):
            if not line:
                continue
            row = _read_row(line, notes)
            if isinstance(row, str):
                raise InputError(f"{path}:{number}: {row}")
            if row.get("label") not in (0, 1):
                raise InputError(
                    f"{path}:{number}: label is {row.get('label')!r}. Expected 1 (supported) or 0"
                )
            question = row.get("question") or row.get("query")
            if question and not isinstance(question, str):
                raise InputError(
                    f"{path}:{number}: question is {type(question).__name__}. Expected text or nothing"
                )
            yield label_row(row)
    _tell_repairs(str(path), notes)


def _open(path: Path) -> IO[bytes]:
    if not path.is_file():
        raise InputError(f"{path}: no such file. Expected JSONL, one pair a line")
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _numbered(source: str, lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its number from 1; a blank one is empty, and left off at the end, where it takes no line's place.

    Raises:
        InputError: the file is gzip and damaged.

    """
    last = 0
    try:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield from ((blank, b"") for blank in range(last + 1, number))
                yield number, line
                last = number
    except _GZIP_DAMAGE as error:
        raise InputError(
            f"{source}: damaged or cut off, as gzip, after line {last} ({error}). Fetch or compress it again"
        ) from error


def _blocks(lines: Iterable[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    block: list[tuple[int, bytes]] = []
    try:
        for line in lines:
            block.append(line)
            if len(block) == _BLOCK:
                yield block
                block = []
    except InputError:
        yield block  # what came before the damage is scored all the same
        raise
    if block:
        yield block


def _require_another(source: str, output: Path) -> None:
    """Refuse to write over the file that is read."""
    found = _status(source)
    for path in (output, _part_of(output)):
        written = _status(str(path))
        if found and written and stat.S_ISREG(found.st_mode) and os.path.samestat(found, written):
            raise InputError(f"{output}: writing it would destroy the pairs that are read. Give another file")


def _status(path: str) -> os.stat_result | None:
    try:
        return os.fstat(sys.stdin.fileno()) if path == "-" else Path(path).stat()
    except (OSError, ValueError):  # nothing there; standard input need not be a file
        return None


def _part_of(output: Path) -> Path:
    return output.with_name(f"{output.name}.part")


@contextmanager
def _replacing(output: Path) -> Iterator[TextIO]:
    """Write what takes the place of `output` once it is whole; after a failure it stays beside it, and is told of."""
    output = output.resolve() if output.is_symlink() else output
    if output.exists() and not output.is_file():  # a pipe or a device has no place that could be taken
        with output.open("w", encoding="utf-8") as stream:
            yield stream
        return
    part = _part_of(output)
    try:
        with part.open("w", encoding="utf-8") as stream:
            yield stream
    except BaseException as error:
        _tell_part(part)
        if isinstance(error, OSError) and not error.filename:  # a full disk names no file
            raise OSError(error.errno, error.strerror, str(part)) from error
        raise
    part.replace(output)


def _tell_part(part: Path) -> None:
    if not part.is_file():
        return
    if part.stat().st_size:
        warnings.warn(f"{part}: holds the scores up to the stop", HalluguardWarning, stacklevel=4)
    else:
        part.unlink()
