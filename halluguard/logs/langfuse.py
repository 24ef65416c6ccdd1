"""Langfuse traces: whole ones from its API or interface, or traces, observations and scores as rows of a blob export.

Keys come in camelCase (API) and snake_case (export); times without a zone are UTC.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

from halluguard.logs import native
from halluguard.logs.containers import Row
from halluguard.logs.formats import LogFormat, Reading
from halluguard.logs.native import choose_values, each_once, read_chunks
from halluguard.logs.notes import SkippedRow, shown
from halluguard.logs.traces import gather, said, snake_keys
from halluguard.logs.values import clean, mapping_of, name_of, nested, number_of, time_of
from halluguard.records import Chunk, Feedback, Turn

_OBSERVATIONS = frozenset(
    {
        "SPAN",
        "GENERATION",
        "EVENT",
        "AGENT",
        "TOOL",
        "CHAIN",
        "RETRIEVER",
        "EVALUATOR",
        "EMBEDDING",
        "GUARDRAIL",
    }
)
_LEADING = frozenset({"SPAN", "GENERATION", "AGENT", "CHAIN"})
_SCORES = frozenset({"NUMERIC", "CATEGORICAL", "BOOLEAN"})
_BY = {"API": "user", "ANNOTATION": "agent", "EVAL": "judge"}
"""Who gives a score: the application (usually for its user), a reviewer, an evaluator."""


def recognises(values: Mapping[str, Any]) -> bool:
    """Whether a row is a Langfuse trace, observation or score."""
    row = _unwrapped(values)
    return (
        (_is_trace(row) and ("session_id" in row or "scores" in row))
        or _is_observation(row)
        or _is_score(row)
    )


def _unwrapped(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with snake_case keys; a download may hold its trace under `trace` beside the observations."""
    row = snake_keys(values)
    inner = row.get("trace")
    return {**row, **snake_keys(inner)} if isinstance(inner, Mapping) else row


def _is_observation(row: Mapping[str, Any]) -> bool:
    return "trace_id" in row and str(row.get("type")).upper() in _OBSERVATIONS and "run_type" not in row


def _is_score(row: Mapping[str, Any]) -> bool:
    kind = row.get("data_type")
    return "trace_id" in row and isinstance(kind, str) and kind in _SCORES and "name" in row


def _is_trace(row: Mapping[str, Any]) -> bool:
    """Whether the row is a trace: observations within, or a session beside what an export writes for every trace."""
    return isinstance(row.get("observations"), list) or (
        "session_id" in row
        and "trace_id" not in row
        and {"bookmarked", "public", "release"} & row.keys() != set()
        and not _answers_elsewhere(row)
    )


def _answers_elsewhere(row: Mapping[str, Any]) -> bool:
    """Whether a row's answer stands where no trace has it; a trace has an `output`, be it null."""
    return "output" not in row and native.recognises(row)


def _trace_id(values: Mapping[str, Any]) -> str | None:
    row = _unwrapped(values)
    found = row.get("id") if _is_trace(row) or "trace_id" not in row else row.get("trace_id")
    return str(found) if found else None


def read_turns(rows: Iterable[Row | SkippedRow], reading: Reading) -> Iterator[Turn | SkippedRow]:
    """Yield one turn a trace, with the observations and scores that the log has of it."""
    for gathered in gather(rows, _trace_id, reading.notes):
        yield gathered if isinstance(gathered, SkippedRow) else _turn(gathered, reading)


def _turn(rows: list[Row], reading: Reading) -> Turn | SkippedRow:
    parts = [_unwrapped(row.values) for row in rows]
    trace = next((_unwrapped(row.values) for row in rows if not _is_part(row)), {})
    observations = sorted(
        _parts(trace, "observations", reading) + [part for part in parts if _is_observation(part)],
        key=_started,
    )
    scores = _parts(trace, "scores", reading) + [part for part in parts if _is_score(part)]
    top = next((one for one in observations if _leads(one)), {})
    chosen = choose_values(sorted(rows, key=_is_part), reading)
    found = said(trace.get("output")) or said(top.get("output")) or _generated(observations)
    answer = chosen.answer_or(found)
    trace_id = str(trace.get("id") or (parts[0].get("trace_id") or ""))
    if not answer:
        problem = "holds no answer: no output of the trace, its root or a generation"
        return SkippedRow(rows[0].line, f"trace {shown(trace_id)} {chosen.why_unanswered(problem)}")
    notes = reading.notes
    question = said(trace.get("input"), asked=True) or said(top.get("input"), asked=True)
    turn = Turn(
        turn_id=trace_id or f"line-{rows[0].line}",
        answer=clean(answer, notes),
        question=clean(question, notes) if question else None,
        conversation_id=name_of(trace.get("session_id") or top.get("session_id"), notes),
        timestamp=time_of(trace.get("timestamp") or top.get("start_time"), reading.zone or UTC, notes),
        retrieved=_retrieved(observations, reading),
        feedback=tuple(_feedback(scores, reading)),
        user_id=name_of(trace.get("user_id"), notes),
        model=name_of(
            next((one["model"] for one in reversed(observations) if one.get("model")), None), notes
        ),
        metadata=mapping_of(trace.get("metadata")),
        line=rows[0].line,
    )
    return chosen.put_into(turn)


def _is_part(row: Row) -> bool:
    """Whether a row is an observation or a score, and not the trace itself."""
    values = _unwrapped(row.values)
    return _is_observation(values) or _is_score(values)


def _leads(observation: Mapping[str, Any]) -> bool:
    """Whether an observation can speak for its trace: at the root, and of a kind that answers."""
    at_root = not observation.get("parent_observation_id")
    return at_root and str(observation.get("type")).upper() in _LEADING and not _by_name(observation)


def _by_name(observation: Mapping[str, Any]) -> bool:
    return str(observation.get("name") or "").lower().startswith("retriev")


def _started(observation: Mapping[str, Any]) -> str:
    return str(observation.get("start_time") or "")


def _parts(trace: Mapping[str, Any], name: str, reading: Reading) -> list[dict[str, Any]]:
    """Return the observations or scores within a trace; a list endpoint gives their ids only, which is counted."""
    listed = nested(trace.get(name))
    items = listed if isinstance(listed, list) else []
    if any(isinstance(item, str) for item in items):
        reading.notes.repair("ids_only")
    return [snake_keys(item) for item in items if isinstance(item, Mapping)]


def _generated(observations: list[dict[str, Any]]) -> str | None:
    outputs = (
        said(one.get("output"))
        for one in reversed(observations)
        if str(one.get("type")).upper() == "GENERATION"
    )
    return next((text for text in outputs if text), None)


def _retrieved(observations: list[dict[str, Any]], reading: Reading) -> tuple[Chunk, ...]:
    """Return the documents of the retrievers, each once; older traces know them only by a span's name."""
    retrievers = [one for one in observations if str(one.get("type")).upper() == "RETRIEVER"]
    retrievers = retrievers or [one for one in observations if _by_name(one)]
    return each_once(
        chunk
        for one in retrievers
        for chunk in read_chunks(_documents(nested(one.get("output"))), None, reading)
    )


def _documents(output: object) -> object:
    """Return the list of documents in a retriever's free-form output."""
    if isinstance(output, Mapping):
        named = (
            output.get(key)
            for key in ("documents", "docs", "chunks", "results", "matches", "context", "output")
        )
        return next(
            (found for found in named if isinstance(found, list)),
            [output] if "content" in output or "text" in output else [],
        )
    return output if isinstance(output, list) else []


def _feedback(scores: list[dict[str, Any]], reading: Reading) -> Iterator[Feedback]:
    for score in scores:
        name = score.get("name")
        text = score.get("string_value")
        categorical = score.get("data_type") == "CATEGORICAL" and isinstance(text, str)
        value: float | str | None = (
            str(text) if categorical else number_of(score.get("value"), reading.notes, "bad_field")
        )
        if value is None and isinstance(text, str):
            value = text
        if not isinstance(name, str) or value is None:
            reading.notes.repair("bad_feedback")
            continue
        yield Feedback(
            name,
            value,
            time_of(score.get("timestamp"), reading.zone or UTC, reading.notes),
            _BY.get(str(score.get("source"))),
        )


FORMAT = LogFormat("langfuse", recognises, read_turns)
