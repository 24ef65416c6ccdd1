"""Find and read the benchmark data, which is not part of the repository."""

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halluguard.run import digest_file

VARIABLE = "HALLUGUARD_DATA"
DEFAULT = Path(__file__).resolve().parent.parent.parent / "shared" / "data"

FAMILIES = {"begin": "begin", "cliff": "cliff", "q2": "q2", "qags": "qags"}
"""Data sets of one origin, by the first part of their names; every other set is a family of its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled pair: `label` is 1 where the document bears out all of the claim."""

    benchmark: str
    document: str
    claim: str
    label: int
    question: str | None = None
    raw_label: str = ""
    model: str = ""
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def set_name(self) -> str:
        """The data set: parts of one benchmark count as one."""
        return self.benchmark.split("/")[0]

    @property
    def family(self) -> str:
        """The group of data sets that share an origin, left out together in cross-validation."""
        return FAMILIES.get(self.set_name.split("_")[0], self.set_name)


def data_path(*parts: str) -> Path | None:
    """Return the path of a data file, or None where it is absent, having said plainly where it was looked for."""
    folder = Path(os.environ.get(VARIABLE) or DEFAULT)
    path = folder.joinpath(*parts)
    if path.exists():
        return path
    print(
        f"skipped: no {path}. The benchmark data is not part of the repository; set {VARIABLE} to its folder"
    )
    return None


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSON Lines file, compressed or not."""
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as stream
    ):
        for line in stream:
            if line.strip():
                yield json.loads(line)


def read_rows(path: Path) -> list[Row]:
    """Read labelled pairs of documents and claims."""
    return [
        Row(
            row.get("benchmark", path.stem),
            row["document"],
            row["claim"],
            int(row["label"]),
            row.get("query") or row.get("question") or None,
            str(row.get("raw_label", "")),
            row.get("model", ""),
            tuple((int(span["start"]), int(span["end"])) for span in row.get("spans") or ()),
        )
        for row in read_json_lines(path)
    ]


def draw_rows(rows: list[Row], sample: int, seed: int) -> list[Row]:
    """Return at most `sample` rows of each data set, by digest, in file order; 0 keeps all. Larger samples hold smaller ones."""
    if not sample:
        return rows
    ranked: dict[str, list[tuple[str, int]]] = {}
    for position, row in enumerate(rows):
        key = hashlib.sha256(
            f"{seed}\0{row.claim}\0{row.document}".encode("utf-8", "surrogatepass")
        ).hexdigest()
        ranked.setdefault(row.set_name, []).append((key, position))
    kept = sorted(position for some in ranked.values() for _, position in sorted(some)[:sample])
    return [rows[position] for position in kept]


def digests(*paths: Path) -> dict[str, str]:
    """Return the names and SHA-256 digests of data files, for a result."""
    return {path.name: digest_file(path) for path in paths}
