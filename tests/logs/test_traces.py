from halluguard.logs.containers import Row
from halluguard.logs.notes import LogNotes, SkippedRow
from halluguard.logs.traces import gather, loose_mapping, snake_keys


def test_interleaved_rows_are_gathered_and_late_ones_counted() -> None:
    notes = LogNotes()
    keys = ["a", "b", "a", "c", "d", "b"]
    rows = [Row(number, {"trace": key}) for number, key in enumerate(keys, 1)]
    gathered = [
        [row.line for row in trace]
        for trace in gather(rows, lambda values: values["trace"], notes, max_open=2)
        if not isinstance(trace, SkippedRow)
    ]
    assert gathered == [[2], [1, 3], [4], [5]]
    assert notes.repairs == {"late_row": 1}


def test_rows_without_a_trace_are_skipped_and_skipped_rows_pass() -> None:
    found = list(
        gather([SkippedRow(1, "broken"), Row(2, {})], lambda values: values.get("trace"), LogNotes())
    )
    assert found == [SkippedRow(1, "broken"), SkippedRow(2, "the row names no trace it belongs to")]


def test_keys_of_both_cases_are_one() -> None:
    assert snake_keys({"sessionId": 1, "parentObservationId": 2, "trace_id": 3, "id": 4}) == {
        "session_id": 1,
        "parent_observation_id": 2,
        "trace_id": 3,
        "id": 4,
    }


def test_a_mapping_is_read_from_json_and_from_a_literal() -> None:
    assert loose_mapping('{"a": 1}') == loose_mapping("{'a': 1}") == loose_mapping({"a": 1}) == {"a": 1}
    assert loose_mapping("__import__('os').system('x')") == {"raw": "__import__('os').system('x')"}
    assert loose_mapping(None) == {}
