"""Results of benchmarks as committed JSON, and the README tables that are made from them."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "evals" / "results"
README = ROOT / "README.md"

_LIBRARIES = (
    "torch",
    "transformers",
    "sentence-transformers",
    "faiss-cpu",
    "sentencex",
    "numpy",
    "scikit-learn",
)
_BLOCK = re.compile(r"(<!-- table:(?P<name>[\w.-]+) -->\n)(?P<body>.*?)(<!-- /table -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is printed, stored and shown: a heading a column, and rows of text and numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""
    decimals: Mapping[str, int] = field(default_factory=dict)

    def to_markdown(self) -> str:
        """Return the table in Markdown, numbers to the right."""
        numeric = [
            all(isinstance(row[i], int | float | None) for row in self.rows) for i in range(len(self.columns))
        ]
        lines = ["| " + " | ".join(self.columns) + " |"]
        lines.append("|" + "|".join("---:" if right else "---" for right in numeric) + "|")
        lines += ["| " + " | ".join(map(self._show, self.columns, row)) + " |" for row in self.rows]
        return "\n".join(lines) + "\n" + (f"\n{self.note}\n" if self.note else "")

    def _show(self, column: str, value: Any) -> str:
        if value is None:
            return "–"
        if isinstance(value, float):
            return f"{value:.{self.decimals.get(column, 1)}f}"
        return str(value).replace("|", "\\|").replace("\n", " ")

    def as_dict(self) -> dict[str, Any]:
        """Return the table as plain values."""
        return {
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "note": self.note,
            "decimals": dict(self.decimals),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Table":
        """Read a table back."""
        return cls(
            tuple(value["columns"]),
            tuple(tuple(row) for row in value["rows"]),
            value.get("note", ""),
            value.get("decimals", {}),
        )


def environment(*, device: str = "cpu") -> dict[str, Any]:
    """Return what a figure depends on beside code and data: machine, threads and versions."""
    return {
        "device": device,
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": _threads(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {name: found for name in _LIBRARIES if (found := _version(name))},
    }


def write_result(
    name: str,
    payload: Mapping[str, Any],
    *,
    tables: Mapping[str, Table] | None = None,
    data: Mapping[str, str] | None = None,
    models: Mapping[str, str] | None = None,
    device: str = "cpu",
    folder: Path = RESULTS,
) -> Path:
    """Write `NAME.json` with everything that a figure depends on, and return its path.

    Args:
        name: of the benchmark.
        payload: its figures.
        tables: what the README may show between `<!-- table:KEY -->` and `<!-- /table -->`.
        data: file names and their SHA-256 digests.
        models: model names and their digests.
        device: where the models ran.
        folder: where results lie.

    """
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "name": name,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "command": f"python -m evals {name}",
        "data": dict(data or {}),
        "models": dict(models or {}),
        "environment": environment(device=device),
        **payload,
        "tables": {key: table.as_dict() for key, table in (tables or {}).items()},
    }
    path = folder / f"{name}.json"
    path.write_text(
        json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
    return path


def read_tables(folder: Path = RESULTS) -> dict[str, Table]:
    """Return every table of every result, by its key."""
    found: dict[str, Table] = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        found.update({key: Table.from_dict(value) for key, value in document.get("tables", {}).items()})
    return found


def render_tables(readme: Path = README, *, folder: Path = RESULTS, write: bool = True) -> list[str]:
    """Put the tables of the results into their marked blocks and return the names of the blocks that differed.

    A block whose table is in no result is named too and left as it is.
    """
    tables = read_tables(folder)
    stale: list[str] = []

    def fill(match: re.Match[str]) -> str:
        table = tables.get(match["name"])
        body = table.to_markdown() if table else match["body"]
        if table is None or body != match["body"]:
            stale.append(match["name"])
        return f"{match[1]}{body}{match[4]}"

    old = readme.read_text(encoding="utf-8")
    new = _BLOCK.sub(fill, old)
    if write and new != old:
        readme.write_text(new, encoding="utf-8")
    return stale


def print_tables(tables: Mapping[str, Table]) -> None:
    """Print tables for people, one after the other."""
    for key, table in tables.items():
        print(f"\n## {key}\n\n{table.to_markdown()}", flush=True)


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "HEAD")
    return (
        f"{commit}{'+changes' if git('status', '--porcelain', '--', 'halluguard') else ''}" if commit else ""
    )


def _cpu() -> dict[str, Any]:
    """Return the processor's model and those of its flags that matter to matrix work."""
    facts: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    except OSError:
        return {"model": platform.processor() or "unknown", "flags": []}
    flags = [
        flag for flag in facts.get("flags", "").split() if flag.startswith(("avx", "fma", "amx", "sse4"))
    ]
    return {"model": facts.get("model name", "unknown"), "flags": sorted(flags)}


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
