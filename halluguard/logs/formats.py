"""The log formats halluguard reads: one module each, told apart by the fields of their rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from halluguard.logs.containers import Row
from halluguard.logs.notes import LogNotes, SkippedRow
from halluguard.records import Turn


@dataclass(frozen=True, slots=True)
class Reading:
    """What a format may know while it reads: the log's name for messages, settings, and where to count."""

    path: str
    notes: LogNotes
    zone: tzinfo | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogFormat:
    """A way to make turns of rows. `recognises` looks at one row; `read` may join several rows to a turn, and hands on skipped ones."""

    name: str
    recognises: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Iterable[Row | SkippedRow], Reading], Iterator[Turn | SkippedRow]]
