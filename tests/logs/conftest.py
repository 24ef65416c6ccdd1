import json
from collections.abc import Callable
from pathlib import Path

import pytest

from halluguard.logs import LogNotes, SkippedRow, read_log
from halluguard.records import Turn

ReadRows = Callable[..., tuple[list[Turn], list[SkippedRow], LogNotes]]


@pytest.fixture
def read_rows(tmp_path: Path) -> ReadRows:
    """Write rows as JSON lines and read them back as turns."""

    def read(*rows: dict[str, object], **options: object) -> tuple[list[Turn], list[SkippedRow], LogNotes]:
        path = tmp_path / "log.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        skipped: list[SkippedRow] = []
        notes = LogNotes()
        return list(read_log(path, on_skip=skipped.append, notes=notes, **options)), skipped, notes  # type: ignore[arg-type]

    return read
