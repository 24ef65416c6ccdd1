"""The usual names under which fields and metadata keep an entry's text, source, time, batch and author."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SOURCE_KEYS = ("source", "file_path", "url", "file", "doc_uri", "filename", "file_name", "link")
TIME_KEYS = ("ingested_at", "created_at", "indexed_at", "added_at", "inserted_at", "timestamp")
BATCH_KEYS = ("batch", "batch_id", "ingest_batch", "ingestion_id", "job_id", "run_id")
AUTHOR_KEYS = ("written_by_turn", "from_turn", "turn_id")
OTHER_TEXTS = ("page_content", "content", "document")
"""What other exports call the text; read where `text` is missing and exactly one of them is there."""

_MILLISECONDS_FROM = 1e11  # Unix seconds stay below this until the year 5138
_UNIX = re.compile(
    r"1\d{9}(?:\.\d+)?|1\d{12}"
)  # seconds or milliseconds, 2001 to 2033; other digits may be a date
_ZONED = re.compile(r"([^\[]+)\[([A-Za-z0-9_+/-]+)\]")  # 2024-05-01T12:00:00[Europe/Berlin], as in RFC 9557


def text_field(fields: Mapping[str, Any]) -> str | None:
    """Return the name of the field that holds an entry's text, or None where none or several may."""
    if "text" in fields:
        return "text"
    others = [name for name in OTHER_TEXTS if name in fields]
    return others[0] if len(others) == 1 else None


def first_text(metadata: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """Return the first non-empty string or whole number under one of `keys`, as a string."""
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def first_time(metadata: Mapping[str, Any]) -> datetime | None:
    """Return the first time under one of `TIME_KEYS`, in UTC."""
    return next((time for key in TIME_KEYS if (time := parse_time(metadata.get(key))) is not None), None)


def parse_time(value: object) -> datetime | None:
    """Read ISO 8601 or Unix seconds or milliseconds as UTC; None where it is neither. A time without zone is UTC.

    The name of a time zone may follow in brackets; a time in a zone that nobody knows is None, not off by hours.
    """
    if isinstance(value, bool) or value is None:
        return None
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS_FROM else value, tz=UTC)
        text = str(value).strip()
        if _UNIX.fullmatch(text):
            return parse_time(float(text))
        zoned = _ZONED.fullmatch(text)
        time = datetime.fromisoformat(zoned[1] if zoned else text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=ZoneInfo(zoned[2]) if zoned else UTC)
        return time.astimezone(UTC)
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
        return None
