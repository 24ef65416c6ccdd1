from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from halluguard.records import Chunk, Feedback

ANSWER = "You have 90 days to return shoes [1]."
PROJECT = "00000000-0000-0000-0000-0000000000aa"
ROOT = {"id": "r-1", "trace_id": "r-1", "parent_run_id": None, "name": "chain", "run_type": "chain", "start_time": "2026-03-02T09:14:03", "dotted_order": "a", "session_id": PROJECT,
        "inputs": {"question": "How long can I return shoes?"}, "outputs": {"output": ANSWER}, "extra": {"metadata": {"thread_id": "s-9", "user_id": "u-4"}}}  # fmt: skip
RETRIEVER = {"id": "r-2", "trace_id": "r-1", "parent_run_id": "r-1", "name": "store_search", "run_type": "retriever", "start_time": "2026-03-02T09:14:03", "dotted_order": "a.b", "session_id": PROJECT,
             "extra": {"metadata": {"thread_id": "s-9"}}, "inputs": {"query": "How long?"}, "outputs": {"documents": [{"id": "kb-112", "page_content": "Within 90 days.", "metadata": {"score": 0.83}}, {"id": None, "page_content": "Returns: 30 days.", "metadata": {}}]}}  # fmt: skip


def feedback(kind: str, **fields: object) -> dict[str, object]:
    return {
        "run_id": "r-1",
        "key": "user_score",
        "score": 1,
        "feedback_source": {"type": kind},
        "created_at": "2026-03-02T09:15:00",
        **fields,
    }


def test_the_runs_of_a_trace_are_one_turn(read_rows: Callable[..., object]) -> None:
    (turn,), skipped, notes = read_rows(RETRIEVER, ROOT)
    assert (notes.format, skipped) == ("langsmith", [])
    assert (turn.turn_id, turn.question, turn.answer, turn.user_id) == (
        "r-1",
        "How long can I return shoes?",
        ANSWER,
        "u-4",
    )
    assert turn.timestamp == datetime(2026, 3, 2, 9, 14, 3, tzinfo=UTC)
    assert turn.retrieved[0] == Chunk("kb-112", "Within 90 days.", 0.83, metadata={"score": 0.83})


def test_a_document_without_an_id_is_named_by_its_text(read_rows: Callable[..., object]) -> None:
    (turn,), _, notes = read_rows(RETRIEVER, ROOT)
    assert turn.retrieved[1].id.startswith("sha:")
    assert notes.repairs["chunk_without_id"] == 1


def test_pieces_of_a_document_under_its_id_are_all_read_and_a_repeat_once(
    read_rows: Callable[..., object],
) -> None:
    texts = ["Within 90 days.", "Shoes unworn.", "Within 90 days."]
    documents = [{"id": "kb-112", "page_content": text} for text in texts]
    again = {**RETRIEVER, "id": "r-3", "outputs": {"documents": documents}}
    (turn,), _, _ = read_rows(ROOT, again)
    assert [(chunk.id, chunk.text) for chunk in turn.retrieved] == [
        ("kb-112", "Within 90 days."),
        ("kb-112", "Shoes unworn."),
    ]


def test_the_project_is_not_taken_for_the_conversation(read_rows: Callable[..., object]) -> None:
    assert read_rows(ROOT)[0][0].conversation_id == "s-9"
    assert read_rows({**ROOT, "extra": None})[0][0].conversation_id is None


@pytest.mark.parametrize(
    ("kind", "by"),
    [("api", "user"), ("app", "user"), ("model", "judge"), ("evaluator", "judge"), ("other", None)],
)
def test_evaluators_are_not_users(read_rows: Callable[..., object], kind: str, by: str | None) -> None:
    (turn,), _, _ = read_rows(ROOT, feedback(kind))
    assert turn.feedback == (Feedback("user_score", 1.0, datetime(2026, 3, 2, 9, 15, tzinfo=UTC), by),)


def test_feedback_on_a_child_run_reaches_its_turn(read_rows: Callable[..., object]) -> None:
    (turn,), _, _ = read_rows(ROOT, RETRIEVER, feedback("api", run_id="r-2", score=None, value="bad"))
    assert [one.value for one in turn.feedback] == ["bad"]


def test_nested_child_runs_are_read(read_rows: Callable[..., object]) -> None:
    (turn,), _, _ = read_rows({**ROOT, "child_runs": [RETRIEVER]})
    assert len(turn.retrieved) == 2


@pytest.mark.parametrize(
    "outputs",
    [
        {"answer": ANSWER},
        {"messages": [{"type": "human", "content": "How?"}, {"type": "ai", "content": ANSWER}]},
        {"generations": [[{"text": ANSWER}]]},
        {"final_text": ANSWER},
    ],
)
def test_outputs_of_many_shapes_hold_the_answer(read_rows: Callable[..., object], outputs: object) -> None:
    assert read_rows({**ROOT, "outputs": outputs})[0][0].answer == ANSWER


def test_a_run_that_failed_is_skipped_with_its_error(read_rows: Callable[..., object]) -> None:
    turns, skipped, _ = read_rows({**ROOT, "outputs": None, "error": "timeout \x1b[31m"})
    assert turns == []
    assert skipped[0].reason == 'trace "r-1" ended in an error: "timeout \\u001b[31m"'


def test_a_run_type_that_is_no_text_makes_no_run(read_rows: Callable[..., object]) -> None:
    (turn,), _, notes = read_rows({"run_type": ["chain"], "answer": "Yes."})
    assert (notes.format, turn.answer) == ("native", "Yes.")


def test_of_several_candidates_the_first_is_the_answer(read_rows):
    run = {"id": "r", "trace_id": "r", "run_type": "llm", "inputs": {"prompts": ["How long?"]}}
    candidates = [{"text": "Yes, 30 days."}, {"text": "No, 14 days."}]
    (turn,), _, _ = read_rows({**run, "outputs": {"generations": [candidates]}})
    assert turn.answer == "Yes, 30 days."


def test_a_chosen_answer_is_that_of_the_root_run(read_rows):
    root = {
        "id": "r",
        "trace_id": "r",
        "run_type": "chain",
        "outputs": {"answer": "raw", "final": {"text": "30 days."}},
    }
    child = {
        "id": "c",
        "trace_id": "r",
        "parent_run_id": "r",
        "run_type": "llm",
        "outputs": {"final": {"text": "No."}},
    }
    (turn,), _, _ = read_rows(child, root, fields={"answer": "outputs.final.text"})
    assert turn.answer == "30 days."
