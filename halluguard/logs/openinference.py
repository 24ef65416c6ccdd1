"""OpenInference spans, as Arize Phoenix and other tracers export them: one trace is one turn.

Read after the specification of the OpenInference repository (spec/semantic_conventions.md, spec/annotations.md).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from halluguard.logs.containers import Row
from halluguard.logs.formats import LogFormat, Reading
from halluguard.logs.native import choose_values, each_once, opinion_of, read_chunks
from halluguard.logs.notes import SkippedRow, shown
from halluguard.logs.traces import gather, loose_mapping, said
from halluguard.logs.values import clean, name_of, time_of
from halluguard.records import Chunk, Feedback, Turn

_KINDS = frozenset(
    {
        "LLM",
        "EMBEDDING",
        "CHAIN",
        "RETRIEVER",
        "RERANKER",
        "TOOL",
        "AGENT",
        "GUARDRAIL",
        "EVALUATOR",
        "PROMPT",
    }
)
_KIND = "openinference.span.kind"
_DOCUMENT = re.compile(
    r"(?:retrieval\.documents|reranker\.(?P<side>input|output)_documents)\.(?P<number>\d{1,9})\.document\.(?P<field>id|content|score|metadata)\Z"
)
_OPINION = re.compile(
    r"(?:(?P<scope>trace|session)\.)?(?:annotation|evaluation)s\.(?P<number>\d+)\.(?:annotation|evaluation)\.(?P<field>\w+)\Z"
)
_OUTPUT = re.compile(r"llm\.output_messages\.(\d+)\.message\.content\Z")
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class _Span:
    """A span with its attributes under flat dotted names, whatever shape the export gave them."""

    line: int
    id: str | None
    parent: str | None
    kind: str
    start: str
    attributes: Mapping[str, Any]


def recognises(values: Mapping[str, Any]) -> bool:
    """Whether a row is an OpenInference span: a span with attributes and one of that convention's kinds."""
    if not (
        _trace_of(values)
        and (isinstance(values.get("attributes"), Mapping) or f"attributes.{_KIND}" in values)
    ):
        return False
    return _kind_of(values, _attributes(values)) != ""


def read_turns(rows: Iterable[Row | SkippedRow], reading: Reading) -> Iterator[Turn | SkippedRow]:
    """Yield one turn a trace. Session feedback is given to the first of its turns only."""
    sessions: set[tuple[str, str]] = set()
    traces = _TraceKeys()
    for gathered in gather(rows, traces.key_of, reading.notes):
        yield gathered if isinstance(gathered, SkippedRow) else _turn(gathered, reading, sessions)


class _TraceKeys:
    """Finds the trace of a row: its own, that of the span it judges, or that of the span it annotates."""

    def __init__(self) -> None:
        self._of_span: dict[str, str] = {}

    def key_of(self, values: Mapping[str, Any]) -> str | None:
        linked = _linked_trace(values)
        if linked:
            return linked
        trace, span = _trace_of(values), _span_of(values)
        if trace and span:
            if len(self._of_span) > 200_000:
                self._of_span.clear()
            self._of_span[span] = trace
        return trace or self._of_span.get(span or "")


def _linked_trace(values: Mapping[str, Any]) -> str | None:
    """Return the trace an EVALUATOR span that stands by itself speaks of."""
    links = values.get("links")
    if not isinstance(links, list) or not links or _kind_of(values, _attributes(values)) != "EVALUATOR":
        return None
    link = links[0] if isinstance(links[0], Mapping) else {}
    return _trace_of(link)


def _trace_of(values: Mapping[str, Any]) -> str | None:
    context = values.get("context")
    inner = context.get("trace_id") if isinstance(context, Mapping) else None
    found = inner or values.get("context.trace_id") or values.get("trace_id")
    return str(found) if found else None


def _span_of(values: Mapping[str, Any]) -> str | None:
    context = values.get("context")
    inner = context.get("span_id") if isinstance(context, Mapping) else None
    found = inner or values.get("context.span_id") or values.get("span_id") or values.get("id")
    return str(found) if found else None


def _attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """All attributes under dotted names: nested, flat and data-frame exports alike."""
    flat: dict[str, Any] = {}
    given = values.get("attributes")
    if isinstance(given, Mapping):
        _flatten("", given, flat, _MAX_DEPTH)
    for key, value in values.items():
        if key.startswith("attributes.") and value is not None:
            _flatten(key.removeprefix("attributes."), value, flat, _MAX_DEPTH)
    return flat


def _flatten(name: str, value: Any, flat: dict[str, Any], depth: int) -> None:
    keep = name.endswith((".metadata", "metadata", ".value"))
    if depth and isinstance(value, Mapping) and not keep:
        for key, item in value.items():
            _flatten(f"{name}.{key}" if name else str(key), item, flat, depth - 1)
    elif depth and isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value):
            _flatten(f"{name}.{number}", item, flat, depth - 1)
    elif value is not None:
        flat[name] = value


def _kind_of(values: Mapping[str, Any], attributes: Mapping[str, Any]) -> str:
    """Return the OpenInference kind: the attribute, else a top-level value of its list; OTel's SPAN_KIND_* says nothing."""
    for found in (attributes.get(_KIND), values.get("span_kind")):
        if isinstance(found, str) and found.upper() in _KINDS:
            return found.upper()
    return ""


def _turn(rows: list[Row], reading: Reading, sessions: set[tuple[str, str]]) -> Turn | SkippedRow:
    spans = sorted(
        (_span(row) for row in rows if not _is_annotation(row.values)),
        key=lambda span: (span.start, span.line),
    )
    if not spans:
        return SkippedRow(rows[0].line, "the annotation names no span of the log")
    ids = {span.id for span in spans}
    chain = [span for span in spans if span.kind != "EVALUATOR"] or spans
    root = next((span for span in chain if not span.parent or span.parent not in ids), chain[0])
    chosen = choose_values(sorted(rows, key=lambda row: row.line != root.line), reading)
    answer = chosen.answer_or(_said(root, "output.value") or _generated(chain))
    if answer is None:
        problem = "holds no answer: no output.value at its root and no LLM output"
        trace = shown(_trace_of(rows[0].values))
        return SkippedRow(root.line, f"trace {trace} {chosen.why_unanswered(problem)}")
    notes = reading.notes
    question = _said(root, "input.value", asked=True) or next(
        (text for span in chain if span.kind == "RETRIEVER" and (text := _said(span, "input.value"))), None
    )
    session = name_of(_first(chain, "session.id"), notes)
    turn = Turn(
        turn_id=root.id or f"line-{root.line}",
        answer=clean(answer, notes),
        question=clean(question, notes) if question else None,
        conversation_id=session,
        timestamp=time_of(root.start, reading.zone, notes),
        retrieved=_retrieved(chain, reading),
        feedback=tuple(_feedback(spans, rows, session or "", reading, sessions)),
        user_id=name_of(_first(chain, "user.id"), notes),
        model=name_of(_first(chain, "llm.model_name"), notes),
        metadata=loose_mapping(root.attributes.get("metadata")),
        line=root.line,
    )
    return chosen.put_into(turn)


def _span(row: Row) -> _Span:
    values = row.values
    attributes = _attributes(values)
    parent = values.get("parent_id") or values.get("parent_span_id")
    start = values.get("start_time")
    return _Span(
        row.line,
        _span_of(values),
        str(parent) if parent else None,
        _kind_of(values, attributes),
        str(start or ""),
        attributes,
    )


def _is_annotation(values: Mapping[str, Any]) -> bool:
    """Whether a row is feedback in the shape of the Phoenix API, beside the spans it speaks of."""
    return (
        isinstance(values.get("result"), Mapping)
        and "annotator_kind" in values
        and "attributes" not in values
    )


def _first(spans: Iterable[_Span], name: str) -> Any:
    return next((span.attributes[name] for span in spans if span.attributes.get(name) is not None), None)


def _said(span: _Span, name: str, *, asked: bool = False) -> str | None:
    return said(span.attributes.get(name), asked=asked)


def _generated(spans: list[_Span]) -> str | None:
    """Return what the last LLM span put out."""
    for span in reversed(spans):
        if span.kind == "LLM":
            messages = sorted(
                (int(found[1]), value)
                for key, value in span.attributes.items()
                if (found := _OUTPUT.match(key))
            )
            text = said(messages[-1][1]) if messages else _said(span, "output.value")
            if text:
                return text
    return None


def _retrieved(spans: list[_Span], reading: Reading) -> tuple[Chunk, ...]:
    """Return what the model was shown, a reranker's output if there is one, and then what was retrieved and not shown."""
    reranked = [
        span
        for span in spans
        if span.kind == "RERANKER"
        and any(key.startswith("reranker.output_documents.") for key in span.attributes)
    ]
    shown = (chunk for span in reranked[-1:] for chunk in _documents(span, "output", reading, used=True))
    retrieved = (
        chunk
        for span in spans
        if span.kind == "RETRIEVER"
        for chunk in _documents(span, None, reading, used=not reranked)
    )
    return each_once(chain(shown, retrieved))


def _documents(span: _Span, side: str | None, reading: Reading, *, used: bool) -> Iterator[Chunk]:
    documents: dict[int, dict[str, Any]] = {}
    for key, value in span.attributes.items():
        field = _DOCUMENT.match(key)
        if field and field["side"] == side:
            documents.setdefault(int(field["number"]), {"used": used})[field["field"]] = (
                loose_mapping(value) if field["field"] == "metadata" else value
            )
    yield from read_chunks([documents[number] for number in sorted(documents)], None, reading)


def _feedback(
    spans: list[_Span], rows: list[Row], session: str, reading: Reading, sessions: set[tuple[str, str]]
) -> Iterator[Feedback]:
    """Feedback on the turn: each opinion once, though the whole trace's or session's be repeated on every span."""
    seen: set[str] = set()
    for span in spans:
        for scope, opinion in _opinions(span):
            sign = repr(sorted((key, str(value)) for key, value in opinion.items()))
            known = (session, sign) in sessions if scope == "session" else scope == "trace" and sign in seen
            if scope == "session":
                sessions.add((session, sign))
            seen.add(sign)
            if not known:
                yield from _judged(opinion, reading)
    for row in rows:
        if _is_annotation(row.values):
            result = row.values["result"]
            yield from _judged(
                {**result, **{key: row.values.get(key) for key in ("name", "annotator_kind", "created_at")}},
                reading,
            )


def _opinions(span: _Span) -> Iterator[tuple[str, dict[str, Any]]]:
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for key, value in span.attributes.items():
        field = _OPINION.match(key)
        if field:
            found.setdefault((field["scope"] or "", int(field["number"])), {})[field["field"]] = value
    for (scope, _), opinion in sorted(found.items()):
        yield scope, opinion


def _judged(opinion: Mapping[str, Any], reading: Reading) -> Iterator[Feedback]:
    """Read an opinion, which needs a name and a score, label or explanation; only HUMAN annotators are users."""
    name = opinion.get("name")
    value = (
        opinion.get("score")
        if opinion.get("score") is not None
        else opinion.get("label") or opinion.get("explanation")
    )
    if not isinstance(name, str) or value is None:
        reading.notes.repair("bad_feedback")
        return
    by = "user" if str(opinion.get("annotator_kind")).upper() == "HUMAN" else "judge"
    yield Feedback(
        name, opinion_of(value, reading), time_of(opinion.get("created_at"), reading.zone, reading.notes), by
    )


FORMAT = LogFormat("openinference", recognises, read_turns)
