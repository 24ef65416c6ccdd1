"""What the trainer reads: one premise, one hypothesis, one label, and where the row came from."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ENTAILMENT = "entailment"
NEUTRAL = "neutral"
CONTRADICTION = "contradiction"
NOT_ENTAILMENT = "not_entailment"
UNLABELLED = "unlabelled"

#: Class order of the exported model.
LABELS = (ENTAILMENT, NEUTRAL, CONTRADICTION)
#: Training targets: the three classes, then "neutral or contradiction" for rows judged in two ways only, then rows that only
#: a teacher judges.
TARGETS = {ENTAILMENT: 0, NEUTRAL: 1, CONTRADICTION: 2, NOT_ENTAILMENT: 3, UNLABELLED: 4}


@dataclass(frozen=True, slots=True)
class Example:
    """One training pair.

    `kind` is what `--without` leaves out; `twin` ties an entailed row to its unsupported edit (same batch,
    margin loss) and is empty for single rows; `teacher` is what a larger model gives each of `LABELS`, summing to 1.
    """

    premise: str
    hypothesis: str
    label: str
    kind: str
    licence: str = "generated"
    twin: str = ""
    teacher: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        """Refuse a label the loss does not know."""
        if self.label not in TARGETS:
            msg = f"expected a label of {', '.join(TARGETS)}, found {self.label!r} (kind {self.kind})"
            raise ValueError(msg)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file, gzipped or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def read_examples(path: Path) -> list[Example]:
    """Read a file written by `write_examples`."""
    return [_example(row) for row in read_rows(path)]


def _example(row: dict[str, Any]) -> Example:
    taught = row.get("teacher")
    return Example(**row | {"teacher": tuple(taught) if taught else None})


def list_shards(folder: Path) -> list[Path]:
    """Return the shards of a folder, in order."""
    return sorted(folder.glob("shard-*.jsonl"))


def write_examples(path: Path, examples: Iterable[Example]) -> int:
    """Write examples as JSON Lines, whole or not at all; return how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    count = 0
    with partial.open("w", encoding="utf-8") as out:
        for example in examples:
            out.write(json.dumps(asdict(example), ensure_ascii=False, sort_keys=True) + "\n")
            count += 1
    partial.replace(path)
    return count
