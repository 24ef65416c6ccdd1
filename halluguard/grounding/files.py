"""Files of pairs: scored line by line, or used to fit a calibration."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from halluguard.errors import InputError
from halluguard.grounding.reader import Reader
from halluguard.grounding.score import score_pairs

if TYPE_CHECKING:
    from halluguard.api import Loaded, ModelChoice
    from halluguard.grounding.calibrate import Labelled

_BLOCK = 256


def score_jsonl(source: str, output: Path | None, choice: "ModelChoice | Loaded") -> tuple[int, int, str]:
    """Score a file of pairs; returns lines scored, lines skipped, and the first problem."""
    with ExitStack() as stack:
        lines = sys.stdin.buffer if source == "-" else stack.enter_context(_open(Path(source)))
        target = sys.stdout if output is None else stack.enter_context(output.open("w", encoding="utf-8"))
        reader = choice.load().reader
        scored, skipped, first = 0, 0, ""
        for block in _blocks(enumerate(lines, start=1)):
            rows = [_read_pair(source, number, line) for number, line in block]
            scores = iter(_score(reader, [row for row in rows if not isinstance(row, str)]))
            for row in rows:
                target.write(json.dumps({"error": row} if isinstance(row, str) else next(scores)) + "\n")
            problems = [row for row in rows if isinstance(row, str)]
            scored += len(rows) - len(problems)
            skipped += len(problems)
            first = first or (problems[0] if problems else "")
            target.flush()
    return scored, skipped, first


def _score(reader: Reader, pairs: list[tuple[str, str, str | None]]) -> Iterator[dict[str, Any]]:
    for score in score_pairs(pairs, reader):
        yield {
            "supported": round(score.supported, 6),
            "contradicted": round(score.contradicted, 6),
            "label": score.label,
        }


def _read_pair(source: str, number: int, line: bytes) -> tuple[str, str, str | None] | str:
    """Return document, claim and question of a line, or what is wrong with it."""
    row = _read_row(source, number, line)
    if isinstance(row, str):
        return row
    question = row.get("question", row.get("query"))
    return row["document"], row["claim"], question if isinstance(question, str) else None


def _read_row(source: str, number: int, line: bytes) -> dict[str, Any] | str:
    """Return the object of a line, with a document and a claim in it, or what is wrong with the line."""
    try:
        row = json.loads(line)
    except ValueError as error:
        return f"{source}:{number}: not JSON ({error})"
    if not isinstance(row, dict):
        return f"{source}:{number}: expected an object, found {type(row).__name__}"
    for name in ("document", "claim"):
        if not isinstance(row.get(name), str):
            return f"{source}:{number}: {name} is missing or not text"
    return row


def calibrate_jsonl(labelled: Path, output: Path, choice: "ModelChoice | Loaded") -> dict[str, Any]:
    """Fit a calibration to a labelled file and write it; rows are read as `label_row` reads them."""
    from halluguard.grounding.calibrate import fit_calibration
    from halluguard.run import digest_file

    rows = list(_read_labelled(labelled))
    if not rows:
        raise InputError(f"{labelled}: empty. Expected one labelled pair a line")
    reader = choice.load().reader
    fitted = fit_calibration(rows, reader, data=labelled.name, data_digest=digest_file(labelled))
    fitted.save(output)
    return fitted.describe()


def _read_labelled(path: Path) -> "Iterator[Labelled]":
    from halluguard.grounding.calibrate import label_row

    with _open(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            row = _read_row(str(path), number, line)
            if isinstance(row, str):
                raise InputError(row)
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


def _open(path: Path) -> IO[bytes]:
    if not path.is_file():
        raise InputError(f"{path}: no such file. Expected JSONL, one pair a line")
    if path.suffix == ".gz":
        import gzip

        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _blocks(lines: Iterable[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    stream = ((number, line) for number, line in lines if line.strip())
    while block := list(islice(stream, _BLOCK)):
        yield block
