"""Rows that are parts of a trace (spans, runs, observations, scores), gathered into whole traces in bounded memory."""

import ast
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson

from halluguard.logs.containers import Row
from halluguard.logs.notes import LogNotes, SkippedRow
from halluguard.logs.values import nested, scrub, text_of

MAX_OPEN_TRACES = 2000
"""A trace is taken as whole when so many others have been touched since its last row; a file's end closes all."""

_LITERAL_CHARS = 10_000


def gather(
    rows: Iterable[Row | SkippedRow],
    key_of: Callable[[Mapping[str, Any]], str | None],
    notes: LogNotes,
    *,
    max_open: int = MAX_OPEN_TRACES,
) -> Iterator[list[Row] | SkippedRow]:
    """Yield the rows of each trace together, in the order the traces were last touched; skipped rows pass at once.

    A row without a key is skipped. A row that comes after its trace was closed is counted as `late_row` and left out.
    """
    open_traces: OrderedDict[str, list[Row]] = OrderedDict()
    closed: OrderedDict[str, None] = OrderedDict()
    for row in rows:
        if isinstance(row, SkippedRow):
            yield row
            continue
        key = key_of(row.values)
        if key is None:
            yield SkippedRow(row.line, "the row names no trace it belongs to")
            continue
        if key in closed:
            notes.repair("late_row")
            continue
        open_traces.setdefault(key, []).append(row)
        open_traces.move_to_end(key)
        if len(open_traces) > max_open:
            oldest, gathered = open_traces.popitem(last=False)
            closed[oldest] = None
            if len(closed) > max_open * 10:
                closed.popitem(last=False)
            yield gathered
    yield from open_traces.values()


def snake_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping with `camelCase` keys written `snake_case`; exports of one tool come in both."""
    return {_snake(key): value for key, value in values.items()}


def _snake(key: str) -> str:
    return (
        "".join(f"_{char.lower()}" if char.isupper() else char for char in key).lstrip("_")
        if not key.isupper()
        else key.lower()
    )


def loose_mapping(value: object) -> dict[str, Any]:
    """Return an object given as a mapping, as JSON text, or as a Python literal; other text under `raw`.

    A literal is parsed, never evaluated, and only up to a length that keeps the parser's cost small.
    """
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if not isinstance(value, str) or not value.strip():
        return {}
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        found = _literal(value)
    return {str(key): item for key, item in found.items()} if isinstance(found, dict) else {"raw": value}


def _literal(text: str) -> object:
    if len(text) > _LITERAL_CHARS:
        return None
    try:
        return scrub(ast.literal_eval(text), LogNotes())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def said(value: object, *, asked: bool = False) -> str | None:
    """Return the text of an input or output that may be text, a message, messages, or JSON of any of them."""
    inner = nested(value)
    return text_of(inner, asked=asked) or (value if isinstance(value, str) else None)
