"""LangSmith runs and feedback: the runs of one trace are one turn.

`session_id` of a run is its project; the conversation stands in the run's metadata. Times without a zone are UTC.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

from halluguard.logs.containers import Row
from halluguard.logs.formats import LogFormat, Reading
from halluguard.logs.native import choose_values, each_once, opinion_of, read_chunks
from halluguard.logs.notes import SkippedRow, shown
from halluguard.logs.traces import gather, said
from halluguard.logs.values import clean, mapping_of, name_of, nested, time_of
from halluguard.records import Chunk, Feedback, Turn

_RUN_TYPES = frozenset({"tool", "chain", "llm", "retriever", "embedding", "prompt", "parser"})
_BY = {"api": "user", "app": "user", "model": "judge", "evaluator": "judge"}
"""`api` is whatever the application sent, so the likely user; evaluators write `model`."""
_ANSWERS = ("output", "answer", "response", "result", "text", "content", "generations", "messages")
_QUESTIONS = ("question", "input", "query", "messages", "text", "prompt")
_MAX_DEPTH = 20


def recognises(values: Mapping[str, Any]) -> bool:
    """Whether a row is a LangSmith run or a feedback record."""
    return _is_run(values) or _is_feedback(values)


def _is_run(values: Mapping[str, Any]) -> bool:
    kind = values.get("run_type")
    return isinstance(kind, str) and kind in _RUN_TYPES


def _is_feedback(values: Mapping[str, Any]) -> bool:
    return "run_id" in values and "key" in values and "feedback_source" in values


def read_turns(rows: Iterable[Row | SkippedRow], reading: Reading) -> Iterator[Turn | SkippedRow]:
    """Yield one turn a trace, with the feedback given to any of its runs."""
    for gathered in gather(rows, _TraceKeys().key_of, reading.notes):
        yield gathered if isinstance(gathered, SkippedRow) else _turn(gathered, reading)


class _TraceKeys:
    """Finds the trace of a run, or of the run that a feedback record speaks of."""

    def __init__(self) -> None:
        self._of_run: dict[str, str] = {}

    def key_of(self, values: Mapping[str, Any]) -> str | None:
        if _is_feedback(values):
            run = str(values["run_id"])
            return str(values.get("trace_id") or self._of_run.get(run) or run)
        identity, trace = values.get("id"), values.get("trace_id") or values.get("id")
        if identity and trace:
            if len(self._of_run) > 200_000:
                self._of_run.clear()
            self._of_run[str(identity)] = str(trace)
        return str(trace) if trace else None


def _turn(rows: list[Row], reading: Reading) -> Turn | SkippedRow:
    runs = sorted(
        (run for row in rows if _is_run(row.values) for run in _with_children(row.values, _MAX_DEPTH)),
        key=_order,
    )
    root = next((run for run in runs if not run.get("parent_run_id")), runs[0] if runs else {})
    chosen = choose_values(sorted(rows, key=lambda row: row.values.get("id") != root.get("id")), reading)
    found = _answer_of(root) or next(
        (text for run in reversed(runs) if run.get("run_type") == "llm" and (text := _answer_of(run))), None
    )
    answer = chosen.answer_or(found)
    trace = str(root.get("trace_id") or root.get("id") or rows[0].values.get("run_id") or "")
    if not answer:
        problem = (
            f"ended in an error: {shown(str(root['error']))}"
            if root.get("error")
            else "holds no answer: no output of its root or of an llm run"
        )
        return SkippedRow(rows[0].line, f"trace {shown(trace)} {chosen.why_unanswered(problem)}")
    notes = reading.notes
    metadata = _metadata(root)
    question = _text_under(root.get("inputs"), _QUESTIONS, asked=True)
    turn = Turn(
        turn_id=str(root.get("id") or trace),
        answer=clean(answer, notes),
        question=clean(question, notes) if question else None,
        conversation_id=name_of(_conversation(runs), notes),
        timestamp=time_of(root.get("start_time"), reading.zone or UTC, notes),
        retrieved=_retrieved(runs, reading),
        feedback=tuple(_feedback((row.values for row in rows if _is_feedback(row.values)), reading)),
        user_id=name_of(metadata.get("user_id"), notes),
        model=name_of(
            next((model for run in reversed(runs) if (model := _metadata(run).get("ls_model_name"))), None),
            notes,
        ),
        metadata=metadata,
        line=rows[0].line,
    )
    return chosen.put_into(turn)


def _with_children(run: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    yield run
    children = run.get("child_runs")
    if depth and isinstance(children, list):
        for child in children:
            if isinstance(child, Mapping):
                yield from _with_children({"parent_run_id": run.get("id"), **child}, depth - 1)


def _order(run: Mapping[str, Any]) -> tuple[str, str]:
    """Start, and the order of execution where starts tie."""
    return str(run.get("start_time") or ""), str(run.get("dotted_order") or "")


def _metadata(run: Mapping[str, Any]) -> dict[str, Any]:
    return mapping_of(mapping_of(run.get("extra")).get("metadata"))


def _conversation(runs: list[Mapping[str, Any]]) -> object:
    found = (
        metadata.get(key)
        for run in runs
        for metadata in [_metadata(run)]
        for key in ("session_id", "thread_id", "conversation_id")
    )
    return next((name for name in found if name), None)


def _answer_of(run: Mapping[str, Any]) -> str | None:
    return _text_under(run.get("outputs"), _ANSWERS)


def _text_under(value: object, names: tuple[str, ...], *, asked: bool = False) -> str | None:
    value = nested(value)
    if not isinstance(value, Mapping):
        return said(value, asked=asked)
    named = (said(_flat(value.get(name), name), asked=asked) for name in names)
    lone = said(next(iter(value.values())), asked=asked) if len(value) == 1 else None
    return next((text for text in named if text), lone)


def _flat(value: object, name: str) -> object:
    """Return the first of lists within a list, and of `generations` the first candidate in it; other values as they are."""
    while isinstance(value, list) and value and isinstance(value[0], list):
        value = value[0]
    return value[0] if name == "generations" and isinstance(value, list) and value else value


def _retrieved(runs: list[Mapping[str, Any]], reading: Reading) -> tuple[Chunk, ...]:
    return each_once(
        chunk
        for run in runs
        if run.get("run_type") == "retriever"
        for chunk in read_chunks(mapping_of(run.get("outputs")).get("documents"), None, reading)
    )


def _feedback(records: Iterable[Mapping[str, Any]], reading: Reading) -> Iterator[Feedback]:
    for record in records:
        score = record.get("score")
        value = record.get("value") if score is None else score
        if value is None:
            value = record.get("comment") or mapping_of(record.get("correction")) or None
        if isinstance(value, Mapping):
            value = str(value)
        if value is None:
            reading.notes.repair("bad_feedback")
            continue
        by = _BY.get(str(mapping_of(record.get("feedback_source")).get("type")))
        yield Feedback(
            str(record["key"]),
            opinion_of(value, reading),
            time_of(record.get("created_at"), reading.zone or UTC, reading.notes),
            by,
        )


FORMAT = LogFormat("langsmith", recognises, read_turns)
