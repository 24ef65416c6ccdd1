"""Single values of a log row: text, numbers, times and nested JSON, each read leniently and each doubt counted."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from hashlib import blake2b, sha256
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from halluguard.errors import SettingError
from halluguard.logs.notes import LogNotes
from halluguard.text import has_surrogate, mend_text

_EPOCH_SCALES = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (math.inf, 1e9))
"""Epoch seconds, milliseconds, microseconds and nanoseconds of our century do not overlap."""
_YEARS = range(1970, 2200)
_FIRST = datetime(1970, 1, 2, tzinfo=UTC)
"""What is dated before is the time of a clock that was never set, 0 in Unix seconds, and no answer's."""

_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>[01]\d|2[0-3]):(?P<minutes>[0-5]\d)")
_TEXT_KEYS = (
    "content",
    "text",
    "answer",
    "output",
    "response",
    "value",
    "message",
    "parts",
    "messages",
    "question",
    "query",
    "input",
)
_ASKERS = frozenset({"user", "human"})
_MAX_DEPTH = 6


def zone_of(name: str | tzinfo | None) -> tzinfo | None:
    """Return the zone naive times are read in, of a name or an offset; None leaves them unknown. Raises SettingError for an unknown name."""
    if name is None or isinstance(name, tzinfo):
        return name
    if name.upper() in ("UTC", "Z"):
        return UTC
    if (offset := _OFFSET.fullmatch(name)) is not None:
        ahead = timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"]))
        return timezone(-ahead if offset["sign"] == "-" else ahead)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise SettingError(
            f"--assume-tz {name!r}: no such time zone. Give a name such as UTC or Europe/Berlin, or an offset such as +01:00"
        ) from error


def time_of(value: object, zone: tzinfo | None, notes: LogNotes) -> datetime | None:
    """Return a time in UTC from ISO 8601, an epoch number of any usual unit, a datetime, or a date (its midnight); None where it is impossible."""
    if value is None or value == "":
        return None
    try:
        found = _parse_time(value)
        if found.tzinfo is None:
            if zone is None:
                notes.repair("naive_timestamp")
                return None
            found = found.replace(tzinfo=zone)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        found = None
    if found is None or found.year not in _YEARS or found < _FIRST:
        notes.repair("bad_timestamp")
        return None
    return found


def _parse_time(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if isinstance(value, str):
        text = value.strip()
        if not text.replace(".", "", 1).isdigit() or len(text) < 9:
            return datetime.fromisoformat(
                text.removesuffix(" UTC") + ("+00:00" if text.endswith(" UTC") else "")
            )
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("no time")
    if not abs(value) < math.inf:
        raise ValueError("no finite time")
    scale = next(scale for limit, scale in _EPOCH_SCALES if abs(value) < limit)
    if isinstance(value, int):
        whole, rest = divmod(value, int(scale))
        return datetime.fromtimestamp(whole, UTC).replace(microsecond=int(rest * 1_000_000 // int(scale)))
    return datetime.fromtimestamp(value / scale, UTC)


def clean(text: str, notes: LogNotes) -> str:
    """Return the text with lone surrogates, which no file can hold, replaced one for one, so that offsets stay true."""
    if not has_surrogate(text):
        return text
    notes.repair("lone_surrogates")
    return mend_text(text)


def scrub(value: Any, notes: LogNotes) -> Any:
    """Return a decoded JSON value with `clean` applied to every text in it, keys included."""
    if isinstance(value, str):
        return clean(value, notes)
    if isinstance(value, list):
        return [scrub(item, notes) for item in value]
    if isinstance(value, dict):
        return {clean(key, notes): scrub(item, notes) for key, item in value.items()}
    return value


def name_of(value: object, notes: LogNotes) -> str | None:
    """Return an id or a name as text; numbers are written out, anything else is unknown."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return clean(value, notes)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    notes.repair("bad_field")
    return None


def text_of(value: object, *, asked: bool = False) -> str | None:
    """Return the text in a string, a message, a list of messages or content parts; None if there is none.

    Of a conversation the last message counts: of the user's if `asked`, else of any other's.
    """
    return _text_of(value, asked, _MAX_DEPTH)


def _text_of(value: object, asked: bool, depth: int) -> str | None:
    if isinstance(value, str) or depth == 0:
        return value if isinstance(value, str) else None
    if isinstance(value, Mapping):
        return next(
            (text for key in _TEXT_KEYS if (text := _text_of(value.get(key), asked, depth - 1))), None
        )
    if isinstance(value, Sequence) and not isinstance(value, bytes) and value:
        if any(isinstance(item, Mapping) and role_of(item) for item in value):
            mine = [
                item for item in value if isinstance(item, Mapping) and (role_of(item) in _ASKERS) == asked
            ]
            return _text_of(mine[-1], asked, depth - 1) if mine else None
        parts = [_text_of(item, asked, depth - 1) for item in value]
        return "".join(part for part in parts if part) or None
    return None


def role_of(message: Mapping[str, Any]) -> str:
    """Return who speaks in a message: `role`, or LangChain's `type`, in small letters; empty if it is no message."""
    role = message.get("role") or (message.get("type") if "content" in message else None)
    return (
        role.lower()
        if isinstance(role, str) and role.lower() not in ("text", "output_text", "input_text")
        else ""
    )


def number_of(value: object, notes: LogNotes, code: str = "bad_score") -> float | None:
    """Return a finite number, or None: NaN, infinity and what is no number are counted under `code`."""
    if value is None or value == "":
        return None
    try:
        number = (
            float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
        )
    except (ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number):
        return number
    notes.repair(code)
    return None


def nested(value: object) -> object:
    """Return the object or array that a string holds as JSON, as exports in columns have it; other values unchanged."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def mapping_of(value: object) -> dict[str, Any]:
    """Return an object as a dict with text keys; a Parquet map's pairs too; anything else as {}."""
    value = nested(value)
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if (
        isinstance(value, list)
        and value
        and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value)
    ):
        return {str(key): item for key, item in value}
    return {}


def digest_of(name: str) -> int:
    """Return 8 bytes of a name's digest as a number, by which many names are remembered in little memory."""
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def text_id(text: str) -> str:
    """Return the id of a chunk that has none: `sha:` and the first 12 digits of its text's SHA-256."""
    return "sha:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
