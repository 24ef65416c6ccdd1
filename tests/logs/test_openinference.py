from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halluguard.logs import read_log
from halluguard.records import Chunk, Feedback

QUESTION = "How long can I return shoes?"
ANSWER = "You have 90 days to return shoes [1]."


def span(
    name: str, kind: str, parent: str | None = None, trace: str = "t-1", **attributes: object
) -> dict[str, object]:
    flat = {key.replace("__", "."): value for key, value in attributes.items()}
    return {
        "name": name,
        "context": {"trace_id": trace, "span_id": f"{trace}-{name}"},
        "parent_id": parent and f"{trace}-{parent}",
        "start_time": "2026-03-02T09:14:03+00:00" if parent is None else "2026-03-02T09:14:04+00:00",
        "attributes": {"openinference.span.kind": kind, **flat},
        "events": [],
    }


def document(number: int, field: str, value: object, place: str = "retrieval.documents") -> dict[str, object]:
    return {f"{place}.{number}.document.{field}": value}


ROOT = span(
    "root",
    "CHAIN",
    **{"input.value": QUESTION, "output.value": ANSWER, "session.id": "s-9", "user.id": "u-4"},
)
RETRIEVER = span(
    "retrieve",
    "RETRIEVER",
    "root",
    **document(0, "id", "kb-112"),
    **document(0, "content", "Shoes may be returned within 90 days."),
    **document(0, "score", 0.83),
    **document(0, "metadata", '{"file":"faq.md"}'),
    **document(1, "id", 7),
    **document(1, "content", "Returns are accepted for 30 days."),
    **document(1, "metadata", "{'file': 'policy.md'}"),
)


def test_the_spans_of_a_trace_are_one_turn(read_rows: Callable[..., object]) -> None:
    (turn,), skipped, notes = read_rows(
        RETRIEVER, span("llm", "LLM", "root", **{"llm.model_name": "m-1"}), ROOT
    )
    assert notes.format == "openinference"
    assert not skipped
    assert (turn.turn_id, turn.conversation_id, turn.user_id, turn.model) == ("t-1-root", "s-9", "u-4", "m-1")
    assert (turn.question, turn.answer) == (QUESTION, ANSWER)
    assert turn.timestamp == datetime(2026, 3, 2, 9, 14, 3, tzinfo=UTC)
    assert turn.retrieved == (
        Chunk("kb-112", "Shoes may be returned within 90 days.", 0.83, metadata={"file": "faq.md"}),
        Chunk("7", "Returns are accepted for 30 days.", metadata={"file": "policy.md"}),
    )


def test_a_top_level_kind_counts_unless_it_is_opentelemetrys(read_rows: Callable[..., object]) -> None:
    phoenix = {
        **ROOT,
        "id": "x",
        "span_kind": "AGENT",
        "attributes": {"input": {"value": QUESTION}, "output": {"value": ANSWER}},
    }
    (turn,), _, notes = read_rows(phoenix)
    assert (notes.format, turn.answer) == ("openinference", ANSWER)
    _, skipped, notes = read_rows({**phoenix, "span_kind": "SPAN_KIND_INTERNAL"})
    assert notes.format == "native"
    assert skipped


@pytest.mark.parametrize(
    ("given", "metadata"),
    [
        ("{'a': __import__('os')}", {"raw": "{'a': __import__('os')}"}),
        ("plain", {"raw": "plain"}),
        ("(" * 5000, {"raw": "(" * 5000}),
    ],
)
def test_metadata_is_parsed_and_never_evaluated(
    read_rows: Callable[..., object], given: str, metadata: dict[str, str]
) -> None:
    (turn,), _, _ = read_rows(
        ROOT, span("r", "RETRIEVER", "root", **document(0, "id", "k"), **document(0, "metadata", given))
    )
    assert turn.retrieved[0].metadata == metadata


def test_what_a_reranker_drops_was_not_used(read_rows: Callable[..., object]) -> None:
    reranker = span(
        "rerank",
        "RERANKER",
        "root",
        **document(0, "id", 7, "reranker.output_documents"),
        **document(0, "score", 0.9, "reranker.output_documents"),
        **document(0, "id", "kb-112", "reranker.input_documents"),
    )
    (turn,), _, _ = read_rows(ROOT, RETRIEVER, reranker)
    assert [(chunk.id, chunk.used) for chunk in turn.retrieved] == [("7", True), ("kb-112", False)]


def test_pieces_of_a_document_under_its_id_are_all_read_and_a_repeat_once(
    read_rows: Callable[..., object],
) -> None:
    found = {
        **document(0, "id", "k"), **document(0, "content", "One."), **document(1, "id", "k"), **document(1, "content", "Two."),
        **document(2, "id", "k"), **document(2, "content", "One."),
    }  # fmt: skip
    place = "reranker.output_documents"
    reranker = span(
        "rerank", "RERANKER", "root", **document(0, "id", "k", place), **document(0, "content", "Two.", place)
    )
    (plain,), _, _ = read_rows(ROOT, span("r", "RETRIEVER", "root", **found))
    (ranked,), _, _ = read_rows(ROOT, span("r", "RETRIEVER", "root", **found), reranker)
    assert [(chunk.text, chunk.used) for chunk in plain.retrieved] == [("One.", True), ("Two.", True)]
    assert [(chunk.text, chunk.used) for chunk in ranked.retrieved] == [("Two.", True), ("One.", False)]


def test_an_id_that_a_reranker_gives_alone_takes_its_text_at_its_place(
    read_rows: Callable[..., object],
) -> None:
    found = {
        name: value
        for number in (0, 1)
        for field, given in (("id", f"k{number}"), ("content", f"Text {number}."), ("score", 0.5))
        for name, value in document(number, field, given).items()
    }
    place = "reranker.output_documents"
    order = {
        **document(0, "id", "k1", place),
        **document(0, "score", 0.9, place),
        **document(1, "id", "k0", place),
    }
    (turn,), _, _ = read_rows(
        ROOT, span("r", "RETRIEVER", "root", **found), span("rerank", "RERANKER", "root", **order)
    )
    assert turn.retrieved == (Chunk("k1", "Text 1.", 0.9), Chunk("k0", "Text 0.", 0.5))


@pytest.mark.parametrize("form", ["annotation", "evaluation"])
def test_only_human_feedback_is_the_users(read_rows: Callable[..., object], form: str) -> None:
    opinions = {
        f"{form}s.0.{form}.name": "user_feedback", f"{form}s.0.{form}.score": 1, f"{form}s.0.{form}.annotator_kind": "HUMAN",
        f"{form}s.1.{form}.name": "grounded", f"{form}s.1.{form}.label": "no", f"{form}s.1.{form}.annotator_kind": "LLM",
        f"{form}s.2.{form}.name": "empty", f"{form}s.3.{form}.score": 1,
    }  # fmt: skip
    (turn,), _, notes = read_rows({**ROOT, "attributes": {**ROOT["attributes"], **opinions}})  # type: ignore[dict-item]
    assert turn.feedback == (
        Feedback("user_feedback", 1.0, None, "user"),
        Feedback("grounded", "no", None, "judge"),
    )
    assert notes.repairs["bad_feedback"] == 2


def test_trace_and_session_feedback_is_not_multiplied(read_rows: Callable[..., object]) -> None:
    opinions = {
        "trace.annotations.0.annotation.name": "stars", "trace.annotations.0.annotation.score": 4,
        "session.annotations.0.annotation.name": "solved", "session.annotations.0.annotation.label": "yes",
    }  # fmt: skip
    rows = [
        span(name, "CHAIN", parent, trace, **{"output.value": ANSWER, "session.id": "s-1"}, **opinions)
        for trace in ("t-1", "t-2")
        for name, parent in (("root", None), ("child", "root"))
    ]
    turns, _, _ = read_rows(*rows)
    assert [{one.kind for one in turn.feedback} for turn in turns] == [{"solved", "stars"}, {"stars"}]
    assert [len(turn.feedback) for turn in turns] == [2, 1]


def test_a_linked_evaluator_span_judges_the_trace_it_names(read_rows: Callable[..., object]) -> None:
    judge = span(
        "judge",
        "EVALUATOR",
        None,
        "t-9",
        **{"annotations.0.annotation.name": "grounded", "annotations.0.annotation.score": 0},
    )
    (turn,), skipped, _ = read_rows(ROOT, {**judge, "links": [{"trace_id": "t-1", "span_id": "t-1-root"}]})
    assert turn.feedback == (Feedback("grounded", 0.0, None, "judge"),)
    assert not skipped


def test_annotations_in_the_shape_of_the_api_find_their_span(read_rows: Callable[..., object]) -> None:
    annotation = {
        "span_id": "t-1-root",
        "name": "thumb",
        "annotator_kind": "HUMAN",
        "result": {"label": "thumbs-up", "score": None},
    }
    (turn,), _, _ = read_rows(ROOT, annotation)
    assert turn.feedback == (Feedback("thumb", "thumbs-up", None, "user"),)


def test_messages_in_json_are_read_as_text(read_rows: Callable[..., object]) -> None:
    asked = (
        '{"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "How long?"}]}'
    )
    (turn,), _, _ = read_rows(
        span("root", "CHAIN", **{"input.value": asked, "output.value": '{"answer": "30 days."}'})
    )
    assert (turn.question, turn.answer) == ("How long?", "30 days.")


def test_an_llm_span_answers_where_the_root_has_no_output(read_rows: Callable[..., object]) -> None:
    llm = span("llm", "LLM", "root", **{"llm.output_messages.0.message.content": ANSWER})
    (turn,), _, _ = read_rows(span("root", "CHAIN", **{"input.value": QUESTION}), llm)
    assert turn.answer == ANSWER


def test_a_trace_without_an_answer_is_skipped_and_named(read_rows: Callable[..., object]) -> None:
    turns, skipped, _ = read_rows(ROOT, span("embed", "EMBEDDING", None, "t-2"))
    assert len(turns) == 1
    assert (skipped[0].line, skipped[0].reason) == (
        2,
        'trace "t-2" holds no answer: no output.value at its root and no LLM output',
    )


def test_a_data_frame_of_spans_is_read_from_parquet(tmp_path: Path) -> None:
    row = {
        "context.trace_id": "t-1",
        "context.span_id": "sp-1",
        "parent_id": None,
        "start_time": datetime(2026, 3, 2, 9, 14, 3, tzinfo=UTC),
        "span_kind": "CHAIN",
    }
    row |= {
        "attributes.input.value": QUESTION,
        "attributes.output.value": ANSWER,
        "attributes.retrieval.documents": [{"document.id": "k", "document.content": "x"}],
        "attributes.openinference.span.kind": "RETRIEVER",
    }
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "spans.parquet")
    (turn,) = read_log(tmp_path / "spans.parquet")
    assert (turn.turn_id, turn.answer, turn.retrieved) == ("sp-1", ANSWER, (Chunk("k", "x"),))
    assert turn.timestamp == datetime(2026, 3, 2, 9, 14, 3, tzinfo=UTC)


def test_a_chosen_answer_may_lie_under_a_dotted_name_of_the_root(read_rows: Callable[..., object]) -> None:
    inner = span("llm", "LLM", "root", **{"app.final": "No."})
    root = {**ROOT, "attributes": {**ROOT["attributes"], "app.final": "Yes."}}  # type: ignore[dict-item]
    (turn,), _, _ = read_rows(inner, root, fields={"answer": "attributes.app.final"})
    assert turn.answer == "Yes."
