"""Run the readers of untrusted binary files as child processes, and keep what they wrote in a folder that cleans up."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halluguard.errors import StoreError

_HERE = Path(__file__).parent
TIMEOUT_S = 1200
_NO_VALUES = ("langchain", "qdrant_client", "builtins.getattr")
"""What a pickle names that is no value of the metadata: the classes of a store, and how a time zone is written."""


@dataclass(frozen=True, slots=True)
class PickleContent:
    """What the allow-list reader saw in a pickle, and the JSON lines of its content, if it was read.

    `folder` owns the spool file: it goes when the last reference to it does. Of a file of many pickles those that were
    refused are None among the lines, and `divided` is true. `converted` names kinds of values that JSON has not, such as
    tuples, which are other kinds in the lines.
    """

    names: tuple[str, ...]
    foreign: tuple[str, ...]
    refused: tuple[str, ...]
    trailing: int
    spool: Path
    folder: tempfile.TemporaryDirectory[str]
    divided: bool = False
    converted: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of metadata values that are text or lists in the lines, by their names."""
        return (
            tuple(dict.fromkeys(name for name in self.names if not name.startswith(_NO_VALUES)))
            + self.converted
        )

    @property
    def readable(self) -> bool:
        """Whether the content was read: nothing was foreign or refused, or the rest could be read without it."""
        return self.divided or not (self.foreign or self.refused)

    def lines(self) -> Iterator[Any]:
        """Stream the content rows; none where the pickle was refused."""
        if not self.readable:
            return
        with self.spool.open(encoding="utf-8") as stream:
            next(stream)
            for row in map(json.loads, stream):
                if not (isinstance(row, dict) and row.keys() == {"converted"}):
                    yield row


def read_pickle(path: Path, shape: str) -> PickleContent:
    """Read a pickle in a confined child process.

    Args:
        path: the pickle.
        shape: `langchain` (docstore and id map), `chroma` (metadata of a vector segment) or `qdrant` (many points).

    Raises:
        StoreError: the file cannot be read, or was cut short.

    """
    folder = tempfile.TemporaryDirectory(prefix="halluguard-")
    spool = Path(folder.name) / "content.jsonl"
    status = run_reader("pickle_reader.py", (shape, str(path)), spool)
    head = _first_row(spool)
    if "cut" in head:
        raise StoreError(
            f"{path}: the pickle {head['cut']}; half written? Copy the store again while nothing writes to it"
        )
    report = head.get("report")
    if status or report is None:
        report = {"refused": [f"its reader was stopped by its limits ({status})"]}
        shape = ""
    last = _last_row(spool)
    refused = (*report.get("refused", ()), *([str(last["broken"])] if "broken" in last else ()))
    return PickleContent(
        tuple(report.get("globals", ())),
        tuple(report.get("foreign", ())),
        refused,
        report.get("trailing", 0),
        spool,
        folder,
        divided=shape == "qdrant",
        converted=tuple(last.get("converted", ())),
    )


def run_reader(script: str, arguments: tuple[str, ...], output: Path) -> int:
    """Run one of this package's reader scripts, isolated from the user's environment; return its exit status."""
    command = [sys.executable, "-I", str(_HERE / script), *arguments]
    with output.open("wb") as stream:
        try:
            done = subprocess.run(  # noqa: S603  # our own script, no shell
                command,
                stdout=stream,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return -1
    return done.returncode


def _first_row(spool: Path) -> dict[str, Any]:
    with spool.open(encoding="utf-8") as stream:
        line = stream.readline()
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _last_row(spool: Path) -> dict[str, Any]:
    """Return the last row where it tells of the whole: why the content breaks off, or which kinds of values were converted."""
    with spool.open("rb") as stream:
        stream.seek(max(0, spool.stat().st_size - 4096))
        _, newline, last = stream.read().rstrip(b"\n").rpartition(b"\n")
    # without a line break before it, this is the end of a long row of content, which may hold anything
    return dict(json.loads(last)) if newline and last.startswith((b'{"broken"', b'{"converted"')) else {}
