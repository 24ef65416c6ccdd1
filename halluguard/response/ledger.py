"""The ledger: what was done, by whom, when and why, each line chained to the one before by its digest."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from halluguard.errors import InputError
from halluguard.response.digests import canonical
from halluguard.run import write_atomically

FIRST = "0" * 64
"""What the first line names as the one before it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who acts, when, and why."""

    by: str
    at: datetime
    reason: str = ""


def chain(lines: tuple[dict[str, Any], ...], signed: Signature, deed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the next line: number, time, name, reason, the deed's fields, digest of the line before, own digest."""
    line = {
        "number": len(lines) + 1,
        "at": signed.at.isoformat(),
        "by": signed.by,
        "why": signed.reason,
        **deed,
        "previous": lines[-1]["digest"] if lines else FIRST,
    }
    return {**line, "digest": _digest(line)}


def _digest(line: Mapping[str, Any]) -> str:
    return hashlib.sha256(
        canonical({key: value for key, value in line.items() if key != "digest"})
    ).hexdigest()


def write_ledger(path: Path, lines: tuple[dict[str, Any], ...]) -> None:
    """Write all lines, atomically."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    write_atomically(path, text.encode("ascii"))


def read_ledger(path: Path) -> tuple[dict[str, Any], ...]:
    """Read a ledger and check its chain.

    Raises:
        InputError: a line was edited, left out, moved, or is no JSON. A cut end does not show: keep the last digest elsewhere.

    """
    lines: list[dict[str, Any]] = []
    try:
        # not splitlines, which cuts at U+2028 too: ids and reasons may hold it
        rows = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the ledger cannot be read ({error})") from error
    for number, row in enumerate(rows, start=1):
        try:
            line = json.loads(row)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{number}: not a line of a ledger ({error})") from error
        before = lines[-1]["digest"] if lines else FIRST
        if (
            not isinstance(line, dict)
            or line.get("previous") != before
            or line.get("digest") != _digest(line)
        ):
            raise InputError(
                f"{path}:{number}: the chain breaks here: this line was edited, or one before it is missing"
            )
        lines.append(line)
    return tuple(lines)


def append_ledger(path: Path, signed: Signature, deed: Mapping[str, Any]) -> dict[str, Any]:
    """Add one line to a ledger whose chain holds, and return it."""
    lines = read_ledger(path)
    made = chain(lines, signed, deed)
    write_ledger(path, (*lines, made))
    return made
