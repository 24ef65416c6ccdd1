import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from halluguard.errors import SettingError
from halluguard.logs import read_log
from halluguard.records import Chunk, Feedback

ANSWER = "You have 90 days to return shoes [1]."
TRACE = {
    "id": "t-1",
    "timestamp": "2026-03-02T09:14:03.000Z",
    "sessionId": "s-9",
    "userId": "u-4",
    "input": "How long can I return shoes?",
    "output": ANSWER,
    "observations": [
        {"id": "o-2", "traceId": "t-1", "type": "RETRIEVER", "startTime": "2026-03-02T09:14:03.100Z", "output": [{"id": "kb-112", "content": "Within 90 days.", "score": 0.83}]},
        {"id": "o-3", "traceId": "t-1", "type": "GENERATION", "startTime": "2026-03-02T09:14:03.200Z", "model": "m-1", "output": ANSWER},
    ],
    "scores": [{"id": "sc-1", "traceId": "t-1", "name": "thumb", "source": "API", "dataType": "BOOLEAN", "value": 1, "stringValue": "True", "timestamp": "2026-03-02T09:15:00.000Z"}],
}  # fmt: skip


def test_a_whole_trace_is_one_turn(read_rows: Callable[..., object]) -> None:
    (turn,), skipped, notes = read_rows(TRACE)
    assert (notes.format, skipped) == ("langfuse", [])
    assert (turn.turn_id, turn.conversation_id, turn.user_id, turn.model) == ("t-1", "s-9", "u-4", "m-1")
    assert (turn.question, turn.answer) == ("How long can I return shoes?", ANSWER)
    assert turn.timestamp == datetime(2026, 3, 2, 9, 14, 3, tzinfo=UTC)
    assert turn.retrieved == (Chunk("kb-112", "Within 90 days.", 0.83),)
    assert turn.feedback == (Feedback("thumb", 1.0, datetime(2026, 3, 2, 9, 15, tzinfo=UTC), "user"),)


def test_a_blob_export_in_snake_case_is_joined(read_rows: Callable[..., object]) -> None:
    trace = {
        "id": "t-1",
        "timestamp": "2026-03-02 09:14:03.000000",
        "session_id": "s-9",
        "input": '{"messages": [{"role": "user", "content": "How long?"}]}',
        "output": json.dumps({"answer": ANSWER}),
        "public": False,
        "release": None,
    }
    retriever = {
        "id": "o-2",
        "trace_id": "t-1",
        "type": "RETRIEVER",
        "parent_observation_id": "",
        "start_time": "2026-03-02 09:14:03.100000",
        "output": '{"documents": [{"page_content": "Within 90 days.", "metadata": {"source": "faq.md"}}]}',
    }
    score = {
        "id": "sc",
        "trace_id": "t-1",
        "name": "quality",
        "source": "EVAL",
        "data_type": "CATEGORICAL",
        "value": None,
        "string_value": "bad",
        "timestamp": "2026-03-02 09:15:00.000000",
    }
    (turn,), skipped, _ = read_rows(score, retriever, trace)
    assert not skipped
    assert (turn.turn_id, turn.question, turn.answer, turn.conversation_id) == (
        "t-1",
        "How long?",
        ANSWER,
        "s-9",
    )
    assert turn.timestamp == datetime(2026, 3, 2, 9, 14, 3, tzinfo=UTC)
    assert turn.retrieved[0].source == "faq.md"
    assert turn.feedback == (Feedback("quality", "bad", datetime(2026, 3, 2, 9, 15, tzinfo=UTC), "judge"),)


def test_a_download_of_one_trace_is_read(tmp_path: Path) -> None:
    path = tmp_path / "trace-t-1.json"
    inner = {key: value for key, value in TRACE.items() if key not in ("observations", "scores")}
    path.write_text(
        json.dumps(
            {"trace": inner, "observations": TRACE["observations"], "scores": TRACE["scores"]}, indent=2
        )
    )
    (turn,) = read_log(path)
    assert (turn.turn_id, turn.answer, len(turn.retrieved), len(turn.feedback)) == ("t-1", ANSWER, 1, 1)


def test_ids_in_place_of_observations_are_counted(read_rows: Callable[..., object]) -> None:
    (turn,), _, notes = read_rows({**TRACE, "observations": ["o-2", "o-3"], "scores": ["sc-1"]})
    assert turn.retrieved == ()
    assert notes.repairs["ids_only"] == 2


@pytest.mark.parametrize(
    "output",
    [
        {"documents": [{"_id": "k", "text": "x", "similarity": 0.5}]},
        [{"chunk_id": "k", "page_content": "x", "score": 0.5}],
        '[{"id": "k", "content": "x", "score": 0.5}]',
        {"matches": [{"id": "k", "text": "x", "score": 0.5}]},
    ],
)
def test_the_free_form_output_of_retrievers_is_probed(
    read_rows: Callable[..., object], output: object
) -> None:
    (turn,), _, _ = read_rows({**TRACE, "observations": [{"id": "o", "type": "RETRIEVER", "output": output}]})
    assert turn.retrieved == (Chunk("k", "x", 0.5),)


def test_pieces_of_a_document_under_its_id_are_all_read_and_a_repeat_once(
    read_rows: Callable[..., object],
) -> None:
    outputs = ([{"id": "k", "text": "x"}, {"id": "k", "text": "y"}], [{"id": "k", "text": "x"}])
    observations = [
        {"id": f"o-{n}", "type": "RETRIEVER", "output": output} for n, output in enumerate(outputs)
    ]
    (turn,), _, _ = read_rows({**TRACE, "observations": observations})
    assert turn.retrieved == (Chunk("k", "x"), Chunk("k", "y"))


def test_older_traces_know_a_retriever_by_name(read_rows: Callable[..., object]) -> None:
    (turn,), _, _ = read_rows(
        {
            **TRACE,
            "observations": [
                {"id": "o", "type": "SPAN", "name": "Retrieval", "output": [{"id": "k", "content": "x"}]}
            ],
        }
    )
    assert [chunk.id for chunk in turn.retrieved] == ["k"]


@pytest.mark.parametrize(
    ("source", "by"), [("API", "user"), ("ANNOTATION", "agent"), ("EVAL", "judge"), (None, None)]
)
def test_who_gave_a_score(read_rows: Callable[..., object], source: str | None, by: str | None) -> None:
    (turn,), _, _ = read_rows(
        {**TRACE, "scores": [{"name": "s", "source": source, "dataType": "NUMERIC", "value": 0.5}]}
    )
    assert turn.feedback == (Feedback("s", 0.5, None, by),)


def test_a_generation_answers_where_the_trace_has_no_output(read_rows: Callable[..., object]) -> None:
    assert read_rows({**TRACE, "output": None})[0][0].answer == ANSWER
    turns, skipped, _ = read_rows({**TRACE, "output": None, "observations": []})
    assert turns == []
    assert 'trace "t-1" holds no answer' in skipped[0].reason


@pytest.mark.parametrize(
    "row",
    [
        {"id": "1", "session_id": "s", "question": "q", "answer": "Yes.", "release": "2024-05"},
        {"id": "1", "sessionId": "s", "question": "q", "answer": "Yes.", "public": True},
        {"trace_id": "1", "conversation_id": "s", "question": "q", "answer": "Yes.", "name": "n", "data_type": ["x"]},
    ],
)  # fmt: skip
def test_a_row_that_answers_as_no_trace_does_is_not_taken_for_one(
    read_rows: Callable[..., object], row: dict[str, object]
) -> None:
    (turn,), skipped, notes = read_rows(row)
    assert (notes.format, skipped) == ("native", [])
    assert (turn.turn_id, turn.conversation_id, turn.question, turn.answer) == ("1", "s", "q", "Yes.")


def test_a_trace_without_output_is_still_a_trace(read_rows: Callable[..., object]) -> None:
    _, skipped, notes = read_rows({"id": "1", "session_id": "s", "output": None, "public": False})
    assert notes.format == "langfuse"
    assert 'trace "1" holds no answer' in skipped[0].reason


def test_chosen_fields_of_the_trace_come_before_what_the_format_has_there(
    read_rows: Callable[..., object],
) -> None:
    trace = {**TRACE, "output": "raw tool dump", "metadata": {"final": ANSWER, "chat": 7}}
    score = {
        "id": "s",
        "traceId": "t-1",
        "name": "n",
        "dataType": "NUMERIC",
        "value": 1,
        "metadata": {"final": "No."},
    }
    fields = {"answer": "metadata.final", "conversation_id": "metadata.chat", "user_id": "metadata.nobody"}
    (turn,), _, notes = read_rows(score, trace, fields=fields)
    assert (turn.answer, turn.conversation_id, turn.user_id) == (ANSWER, "7", None)
    assert turn.retrieved == (Chunk("kb-112", "Within 90 days.", 0.83),)
    assert notes.mapping == fields
    silent = {**trace, "output": None, "observations": []}
    assert [turn.answer for turn in read_rows(silent, fields=fields)[0]] == [ANSWER]
    (skipped,) = read_rows(trace, fields={"answer": "metadata.nowhere"})[1]
    assert "no answer under `metadata.nowhere`" in skipped.reason
    with pytest.raises(SettingError, match="nonsense"):
        read_rows(trace, fields={"nonsense": "x"})
