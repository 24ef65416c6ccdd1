import gzip
import io
import json
import math
import re
import sys
import tracemalloc
import zlib
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halluguard.errors import InputError, LogFormatError, SettingError
from halluguard.logs import LogNotes, SkippedRow, absent_fields, count_rows, read_log, repair_lines
from halluguard.logs.values import text_id
from halluguard.records import Chunk, Citation, Feedback, Turn


def write(path: Path, *lines: str | bytes | dict[str, object]) -> Path:
    raw = [
        line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()
        for line in lines
    ]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


def read(path: Path, **options: object) -> tuple[list[Turn], list[SkippedRow], LogNotes]:
    skipped: list[SkippedRow] = []
    notes = LogNotes()
    turns = list(read_log(path, on_skip=skipped.append, notes=notes, **options))  # type: ignore[arg-type]
    return turns, skipped, notes


FULL = {
    "turn_id": "a-1",
    "timestamp": "2026-03-02T09:14:05Z",
    "conversation_id": "s-9",
    "user_id": None,
    "question": "How long can I return shoes?",
    "answer": "You have 90 days to return shoes [1].",
    "retrieved": [
        {
            "id": "kb-112",
            "text": "Shoes may be returned within 90 days.",
            "score": 0.83,
            "rank": 1,
            "used": True,
            "metadata": {"source": "faq.md"},
        },
        {"id": "policy-7", "score": 0.79, "rank": 2, "used": False},
    ],
    "citations": [{"marker": "[1]", "id": "kb-112"}],
    "feedback": [{"kind": "thumb", "value": 1, "timestamp": "2026-03-02T09:15:00Z", "by": "user"}],
    "model": "m-1",
    "index_version": 3,
}


def test_every_field_of_a_turn_is_read(tmp_path: Path) -> None:
    (turn,), skipped, notes = read(write(tmp_path / "log.jsonl", FULL))
    assert turn == Turn(
        turn_id="a-1",
        answer="You have 90 days to return shoes [1].",
        question="How long can I return shoes?",
        conversation_id="s-9",
        timestamp=datetime(2026, 3, 2, 9, 14, 5, tzinfo=UTC),
        retrieved=(
            Chunk(
                "kb-112",
                "Shoes may be returned within 90 days.",
                0.83,
                1,
                used=True,
                metadata={"source": "faq.md"},
            ),
            Chunk("policy-7", None, 0.79, 2, used=False),
        ),
        citations=(Citation("kb-112", "[1]"),),
        feedback=(Feedback("thumb", 1.0, datetime(2026, 3, 2, 9, 15, tzinfo=UTC), "user"),),
        model="m-1",
        index_version="3",
        line=1,
    )
    assert not skipped
    assert not notes.repairs


def test_only_the_answer_is_required(tmp_path: Path) -> None:
    (turn,), _, notes = read(write(tmp_path / "log.jsonl", "", {"answer": "Yes."}))
    assert turn == Turn("line-2", "Yes.", line=2)
    assert notes.repairs == {"line_as_turn_id": 1}


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "txt"])
def test_gzip_and_plain_text_are_told_by_content(tmp_path: Path, suffix: str) -> None:
    plain = write(tmp_path / f"plain.{suffix}", FULL)
    packed = tmp_path / f"packed.{suffix}"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(plain)[0] == read(packed)[0]


def test_parquet_holds_the_same_turns(tmp_path: Path) -> None:
    rows = [FULL, {**FULL, "turn_id": "a-2", "citations": None, "timestamp": None}]
    path = tmp_path / "log.bin"
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert read(path)[0] == read(write(tmp_path / "log.jsonl", *rows))[0]


def test_parquet_columns_may_hold_json_text_and_times(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    time = datetime(2026, 3, 2, 9, 14, 5, tzinfo=UTC)
    pq.write_table(
        pa.table(
            {"answer": ["Yes."], "timestamp": [time], "retrieved": [json.dumps(FULL["retrieved"])], "id": [7]}
        ),
        path,
    )
    (turn,), _, _ = read(path)
    assert (turn.turn_id, turn.timestamp, [chunk.id for chunk in turn.retrieved]) == (
        "7",
        time,
        ["kb-112", "policy-7"],
    )


def test_one_bad_value_of_a_parquet_file_costs_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    places = pa.py_buffer(np.array([0, 4, 8, 12], dtype=np.int32).tobytes())
    texts = pa.StringArray.from_buffers(3, places, pa.py_buffer(b"Yes.caf\xe9So. "))
    seconds = pa.array([1772442845, 1772442845, 10**12]).cast(pa.timestamp("s", tz="UTC"))
    pq.write_table(pa.table({"answer": texts, "timestamp": seconds}), path)
    turns, skipped, _ = read(path)
    assert [(turn.turn_id, turn.answer) for turn in turns] == [("line-1", "Yes.")]
    assert [row.line for row in skipped] == [2, 3]
    assert skipped[0].reason.startswith('column "answer" holds a value that cannot be read ("\'utf-8\' codec')
    assert skipped[1].reason.startswith('column "timestamp" holds a value that cannot be read')
    with pytest.raises(LogFormatError, match=r'log.parquet:2: column "answer" holds a value'):
        list(read_log(path, strict=True))


def test_rows_after_a_batch_with_a_bad_value_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    seconds = [10**12, *[1772442845] * 599]
    pq.write_table(
        pa.table({"answer": ["Yes."] * 600, "timestamp": pa.array(seconds).cast(pa.timestamp("s"))}), path
    )
    turns, skipped, _ = read(path)
    assert [row.line for row in skipped] == [1]
    assert [turn.line for turn in turns] == list(range(2, 601))


def test_a_date_column_is_midnight_of_the_assumed_zone(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"id": ["a"], "answer": ["Yes."], "timestamp": [date(2026, 3, 2)]}), path)
    (turn,), _, notes = read(path, assume_tz="UTC")
    assert (turn.timestamp, dict(notes.repairs)) == (datetime(2026, 3, 2, tzinfo=UTC), {})
    assert dict(read(path)[2].repairs) == {"naive_timestamp": 1}


def test_a_json_array_and_an_indented_object_are_read_as_rows(tmp_path: Path) -> None:
    array = tmp_path / "array.json"
    array.write_text(
        json.dumps([{"answer": f"Answer {number}.", "id": number} for number in range(3000)], indent=1)
    )
    assert [turn.turn_id for turn in read(array)[0]] == [str(number) for number in range(3000)]
    results = tmp_path / "results.json"
    results.write_text(
        json.dumps(
            {
                "results": [
                    {
                        "query_id": "q1",
                        "query": "How?",
                        "response": "So.",
                        "retrieved_context": [{"doc_id": "d", "text": "x"}],
                    }
                ]
            },
            indent=2,
        )
    )
    (turn,), _, _ = read(results)
    assert (turn.turn_id, turn.question, turn.answer, turn.retrieved) == (
        "q1",
        "How?",
        "So.",
        (Chunk("d", "x"),),
    )


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", ["turns", "data"])
def test_the_list_of_a_document_is_opened_on_one_line_and_on_many(
    tmp_path: Path, name: str, indent: int | None
) -> None:
    path = tmp_path / "log.json"
    path.write_text(
        json.dumps(
            {name: [{"id": "a", "answer": "One."}, {"id": "b", "answer": "Two."}], "meta": {}}, indent=indent
        )
    )
    assert [(turn.turn_id, turn.line) for turn in read(path)[0]] == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("form", ["array", "line", "lines", "indented"])
def test_the_inner_lists_of_a_turn_are_not_taken_for_turns(tmp_path: Path, form: str) -> None:
    row = {"turn_id": "1", "answer": "A is 5.", "data": [{"id": "c1", "content": "x", "output": "tool"}]}
    texts = {
        "array": json.dumps([row]),
        "line": json.dumps(row),
        "lines": json.dumps(row) + "\n" + json.dumps({**row, "turn_id": "2"}),
        "indented": json.dumps(row, indent=1),
    }
    path = tmp_path / "log.json"
    path.write_text(texts[form])
    turns = read(path)[0]
    assert {turn.answer for turn in turns} == {"A is 5."}
    assert turns[0].turn_id == "1"


@pytest.mark.parametrize("padding", [0, 2**20 - 44, 3 * 2**20])
@pytest.mark.parametrize(
    "rest", [b'{"answer": "caf\xe9"}, {"answer": "Four."}]', b"\xe9", b'{"answer": "caf\xc3']
)
def test_an_array_that_is_not_utf_8_throughout_keeps_the_rows_before_the_fault(
    tmp_path: Path, padding: int, rest: bytes
) -> None:
    path = tmp_path / "array.json"
    path.write_bytes(b'[{"answer": "One."}, {"answer": "Tw\xc3\xb6."},' + b" " * padding + rest)
    turns, skipped, _ = read(path)

    assert [turn.answer for turn in turns] == ["One.", "Twö."]
    assert [row.line for row in skipped] == [3]
    assert re.match(r"not UTF-8 \(byte 0x(?:e9|c3)\); nothing after it can be read", skipped[0].reason), (
        skipped
    )


def test_an_array_whose_first_row_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "array.json"
    path.write_bytes(b'[{"answer": "caf\xe9"}]')
    with pytest.raises(InputError, match=r"no row can be read, not UTF-8 \(byte 0xe9\). Save it as UTF-8"):
        read(path)


def test_blank_lines_before_a_document_on_one_line_hide_nothing(tmp_path: Path) -> None:
    rows = [{"answer": "One."}, {"answer": "Two."}]
    path = write(tmp_path / "log.json", "", " ", {"results": rows}, "")

    assert [turn.answer for turn in read(path)[0]] == ["One.", "Two."]


def test_a_document_behind_a_broken_line_is_a_row_among_others(tmp_path: Path) -> None:
    path = write(tmp_path / "log.json", "", "{x", {"results": [{"answer": "One."}]})
    turns, skipped, _ = read(path)

    assert turns == []
    assert [row.line for row in skipped] == [2, 3]


def test_lines_that_end_in_cr_alone_are_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"answer": "One."}\r{"answer": "Two."}\r')
    turns, skipped, _ = read(path)

    assert turns == []
    assert [row.reason for row in skipped] == [
        "its lines end in CR alone, expected LF or CR LF: convert the line ends"
    ]


def test_a_broken_array_keeps_the_rows_before_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "array.json"
    path.write_text('[{"answer": "One."}, {"answer": "Two."}, {"answer": ')
    turns, skipped, _ = read(path)
    assert [turn.answer for turn in turns] == ["One.", "Two."]
    assert skipped[0].line == 3
    assert "nothing after it can be read" in skipped[0].reason


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"answer": "Yes."}\n')))
    assert [turn.answer for turn in read_log("-")] == ["Yes."]


@pytest.mark.parametrize("content", [b"", b"\n \n\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"log.jsonl: nothing in it\. Give a log") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_an_empty_parquet_file_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"answer": pa.array([], pa.string())}), tmp_path / "log.parquet")
    with pytest.raises(InputError, match="nothing in it"):
        read(tmp_path / "log.parquet")


def test_broken_json_on_line_4817_is_skipped_and_named(tmp_path: Path) -> None:
    lines = [json.dumps({"turn_id": str(number), "answer": "Yes."}) for number in range(1, 5001)]
    lines[4816] = lines[4816][:-3]
    path = write(tmp_path / "chat.jsonl", *lines)
    turns, skipped, notes = read(path)
    assert len(turns) == 4999
    assert [row.line for row in skipped] == [4817]
    assert skipped[0].reason.startswith("broken JSON: ")
    assert (notes.turns, notes.skipped) == (4999, 1)
    with pytest.raises(LogFormatError, match=r"chat.jsonl:4817: broken JSON") as caught:
        list(read_log(path, strict=True))
    assert caught.value.line == 4817


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"question": "How?"}, "no answer under any of answer, response, actual_output"),
        ({"answer": None}, "no answer under any of"),
        ({"answer": 7}, 'the answer is no text but "7"'),
        ("[1, 2]", "expected a JSON object, found an array"),
        ('"text"', "expected a JSON object, found a string"),
        ("{" + '"a":{' * 5000, "broken JSON"),
        (b'{"answer": "caf\xe9"}', "not UTF-8: byte 0xe9 at byte 16 of the line"),
    ],
)
def test_a_row_that_is_no_turn_is_skipped_with_its_reason(tmp_path: Path, row: str, reason: str) -> None:
    turns, skipped, _ = read(write(tmp_path / "log.jsonl", {"answer": "Yes."}, row, {"answer": "No."}))
    assert [turn.answer for turn in turns] == ["Yes.", "No."]
    assert [(one.line, one.reason[: len(reason)]) for one in skipped] == [(2, reason)]


def test_the_second_row_with_an_id_is_skipped(tmp_path: Path) -> None:
    turns, skipped, _ = read(
        write(
            tmp_path / "log.jsonl",
            {"turn_id": "a\x1b[31m", "answer": "One."},
            {"turn_id": "a\x1b[31m", "answer": "Two."},
        )
    )
    assert [turn.answer for turn in turns] == ["One."]
    assert skipped == [SkippedRow(2, 'turn_id "a\\u001b[31m" was seen before; the first row with it counts')]


@pytest.mark.parametrize("name", ["run_id", "query_id"])
def test_an_id_that_rows_share_names_the_first_and_lines_the_rest(tmp_path: Path, name: str) -> None:
    rows = [{name: value, "answer": f"Fee {value}."} for value in ("eval-7", "eval-7", "eval-8", "eval-7")]
    path = write(tmp_path / "log.jsonl", *rows)
    turns, skipped, notes = read(path)
    assert [turn.turn_id for turn in turns] == ["eval-7", "line-2", "eval-8", "line-4"]
    assert turns[1].metadata == {name: "eval-7"}
    assert (skipped, notes.repairs) == ([], {"line_as_turn_id": 2})
    assert [row.line for row in read(path, fields={"turn_id": name})[1]] == [2, 4]


def test_a_raw_line_separator_does_not_end_a_row(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", '{"answer": "Pets\u2028are\u0085free."}')
    assert [turn.answer for turn in read(path)[0]] == ["Pets\u2028are\u0085free."]


def test_a_byte_order_mark_and_windows_lines_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"answer": "One."}\r\n{"answer": "Two."}')
    assert [turn.answer for turn in read(path)[0]] == ["One.", "Two."]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('{"answer": "Yes."}'.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04xxxx", "zip archive"),
        (b"SQLite format 3\x00", "SQLite database"),
        (b"\x28\xb5\x2f\xfdxxxx", "zstd"),
        (b"\x1f\x8bxxxxxxxxxxxxxx", "damaged gzip"),
        (b"PAR1xxxxxxxxPAR1", "unreadable Parquet file"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=name) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)


def test_a_gzip_file_cut_off_keeps_the_turns_before(tmp_path: Path) -> None:
    rows = "".join(
        json.dumps({"turn_id": str(number), "answer": f"Number {math.sin(number)}."}) + "\n"
        for number in range(5000)
    )
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(rows.encode())[:-40])
    turns, skipped, _ = read(path)
    assert len(turns) > 4000
    assert "damaged or cut off" in skipped[-1].reason


def damaged(raw: bytes, kind: str) -> bytes:
    """Gzip of `raw`, cut off or overwritten just after its first half."""
    packer = zlib.compressobj(wbits=31)
    half = len(raw) // 2
    start = packer.compress(raw[:half]) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = packer.compress(raw[half:]) + packer.flush()
    return start + (b"" if kind == "cut" else b"\xff" * 40 + rest[40:])


@pytest.mark.parametrize("kind", ["cut", "overwritten"])
@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_damaged_gzip_file_keeps_the_rows_before_the_damage(tmp_path: Path, form: str, kind: str) -> None:
    rows = [{"turn_id": str(number), "answer": sha256(b"%d" % number).hexdigest()} for number in range(2000)]
    raw = json.dumps(rows) if form == "array" else "".join(json.dumps(row) + "\n" for row in rows)
    path = tmp_path / "log.json.gz"
    path.write_bytes(damaged(raw.encode(), kind))
    turns, skipped, _ = read(path)
    assert [turn.turn_id for turn in turns] == [str(number) for number in range(len(turns))]
    whole = raw[: len(raw) // 2].count("}")
    assert whole - (0 if kind == "cut" else 100) <= len(turns) <= whole
    assert [row.line for row in skipped] == [len(turns) + 1]
    assert "the gzip file is damaged or cut off here" in skipped[0].reason


@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_short_gzip_file_cut_off_keeps_its_rows(tmp_path: Path, form: str) -> None:
    rows = [{"answer": sha256(b"%d" % number).hexdigest()} for number in range(20)]
    raw = json.dumps(rows) if form == "array" else "".join(json.dumps(row) + "\n" for row in rows)
    path = tmp_path / "log.gz"
    path.write_bytes(damaged(raw.encode(), "cut"))
    turns, skipped, _ = read(path)
    assert 9 <= len(turns) <= 10
    assert [row.line for row in skipped] == [len(turns) + 1]


@pytest.mark.parametrize("start", [b"[", b'{"answer": '])
def test_a_gzip_file_cut_off_in_its_first_row_is_refused(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(start + b'"' + bytes(range(65, 90)) * 9)[:-20])
    with pytest.raises(InputError, match=r"log.gz: damaged gzip file \(.*\)\. Fetch or compress it again"):
        read(path)


def test_a_document_without_a_whole_row_is_refused_with_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "array.json"
    path.write_text('[{"answer": ')
    with pytest.raises(InputError, match=r"array.json: no row can be read, broken JSON: .*\. Mend the file"):
        read(path)


def test_a_line_of_50_megabytes_is_skipped_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with path.open("wb") as stream:
        stream.write(b'{"answer": "One."}\n{"answer": "')
        for _ in range(50):
            stream.write(b"x" * 2**20)
        stream.write(b'"}\n{"answer": "Two."}\n')
    tracemalloc.start()
    turns, skipped, _ = read(path, max_line_bytes=2**20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [turn.answer for turn in turns] == ["One.", "Two."]
    assert skipped == [SkippedRow(2, "the line is 50.0 MiB long, over the limit of 1 MiB")]
    assert peak < 8 * 2**20


def test_an_answer_of_100_000_characters_is_kept_whole(tmp_path: Path) -> None:
    answer = "Bags are free. " * 6667
    assert read(write(tmp_path / "log.jsonl", {"answer": answer}))[0][0].answer == answer


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with path.open("w") as stream:
        for number in range(2000):
            stream.write(json.dumps({"turn_id": number, "answer": "x" * 5000}) + "\n")
    tracemalloc.start()
    assert sum(1 for _ in read_log(path)) == 2000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 2**20


def test_nan_and_infinite_scores_become_unknown_and_are_counted(tmp_path: Path) -> None:
    scores = "NaN", "Infinity", '"nan"', "1e999", "true", '"high"', '"0.5"', "0.5"
    rows = [
        f'{{"answer": "Yes.", "turn_id": {number}, "retrieved": [{{"id": "k", "score": {score}}}]}}'
        for number, score in enumerate(scores)
    ]
    turns, skipped, notes = read(write(tmp_path / "log.jsonl", *rows))
    assert [turn.retrieved[0].score for turn in turns] == [None] * 6 + [0.5, 0.5]
    assert not skipped
    assert notes.repairs == {"bad_number": 2, "bad_score": 4}
    assert len(repair_lines(notes)) == 2


@pytest.mark.parametrize(
    "time",
    [
        "2026-02-30T10:00:00Z",
        "yesterday",
        "2026-01-01T25:00:00Z",
        "9999-12-31T23:59:59-05:00",
        "0001-01-01T00:00:00Z",
        -5e18,
        1e300,
        True,
        {"a": 1},
    ],
)
def test_an_impossible_timestamp_keeps_the_row_and_is_counted(tmp_path: Path, time: object) -> None:
    (turn,), _, notes = read(
        write(tmp_path / "log.jsonl", {"turn_id": "a", "answer": "Yes.", "timestamp": time})
    )
    assert turn.timestamp is None
    assert notes.repairs == {"bad_timestamp": 1}


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-02T10:14:05+01:00",
        "2026-03-02 09:14:05Z",
        "2026-03-02 09:14:05 UTC",
        1772442845,
        1772442845000,
        "1772442845",
        1772442845000000000,
        1772442845.0,
    ],
)
def test_times_of_many_writings_are_one_time(tmp_path: Path, time: object) -> None:
    (turn,), _, _ = read(write(tmp_path / "log.jsonl", {"answer": "Yes.", "timestamp": time}))
    assert turn.timestamp == datetime(2026, 3, 2, 9, 14, 5, tzinfo=UTC)


def test_naive_times_need_a_zone(tmp_path: Path) -> None:
    path = write(
        tmp_path / "log.jsonl", {"turn_id": "a", "answer": "Yes.", "timestamp": "2026-03-02T10:14:05"}
    )
    (turn,), _, notes = read(path)
    assert (turn.timestamp, notes.repairs) == (None, {"naive_timestamp": 1})
    assert read(path, assume_tz="Europe/Berlin")[0][0].timestamp == datetime(2026, 3, 2, 9, 14, 5, tzinfo=UTC)
    with pytest.raises(SettingError, match="no such time zone"):
        read(path, assume_tz="Mars/Olympus")


@pytest.mark.parametrize(
    ("offset", "hour", "minute"), [("+01:00", 9, 14), ("-05:30", 15, 44), ("+00:00", 10, 14)]
)
def test_an_offset_is_a_zone(tmp_path: Path, offset: str, hour: int, minute: int) -> None:
    path = write(tmp_path / "log.jsonl", {"answer": "Yes.", "timestamp": "2026-03-02T10:14:05"})
    (turn,), _, _ = read(path, assume_tz=offset)
    assert turn.timestamp == datetime(2026, 3, 2, hour, minute, 5, tzinfo=UTC)


@pytest.mark.parametrize("offset", ["+24:00", "+01:60", "+1:00", "01:00", "+01:00:00", "+01"])
def test_what_is_no_offset_is_refused(tmp_path: Path, offset: str) -> None:
    path = write(tmp_path / "log.jsonl", {"answer": "Yes."})
    with pytest.raises(SettingError, match=r"no such time zone\. Give a name such as UTC .* or an offset"):
        read(path, assume_tz=offset)


def test_doubtful_parts_of_a_row_are_counted_and_the_row_is_kept(tmp_path: Path) -> None:
    row = {
        "turn_id": "a",
        "answer": "Yes.",
        "retrieved": [{"text": "A text.", "rank": 1e300}, 7, {"score": 1}, {"id": "k", "text": None}, None],
        "citations": [{"id": "nowhere", "start": 0, "end": 99}, {"marker": "[1]"}, "kb-1", 4],
        "feedback": [{"kind": "thumb", "value": True, "by": "user"}, "good"],
        "model": {"name": "x"},
    }
    (turn,), skipped, notes = read(write(tmp_path / "log.jsonl", row))
    assert turn.retrieved == (
        Chunk("sha:" + sha256(b"A text.").hexdigest()[:12], "A text."),
        Chunk("k", None),
    )
    assert turn.citations == (Citation("nowhere"), Citation("kb-1"), Citation("4"))
    assert turn.feedback == (Feedback("thumb", 1.0, None, "user"),)
    assert not skipped
    assert notes.repairs == {
        "chunk_without_id": 1,
        "bad_chunk": 3,
        "bad_citation_span": 1,
        "bad_citation": 1,
        "bad_feedback": 1,
        "bad_field": 2,
    }


def test_hostile_characters_are_kept_and_lone_surrogates_replaced(tmp_path: Path) -> None:
    answer = "\x00\x1b[31m\u202e=cmd()<script>"
    turns, _, notes = read(
        write(
            tmp_path / "log.jsonl",
            {"turn_id": "a", "answer": answer},
            '{"turn_id": "b", "answer": "x\\ud800y", "metadata": {"source": "\\udfff"}}',
        )
    )
    assert [turn.answer for turn in turns] == [answer, "x\ufffdy"]
    assert turns[1].metadata == {"source": "\ufffd"}
    assert notes.repairs == {"lone_surrogates": 2}


@pytest.mark.parametrize(
    "row",
    [
        {"user_input": "How?", "response": "So.", "retrieved_contexts": ["one", "two"]},
        {"question": "How?", "answer": "So.", "contexts": ["one", "two"], "ground_truth": "x"},
        {"input": "How?", "actual_output": "So.", "retrieval_context": ["one", "two"], "expected_output": "x"},
        {"input": "How?", "output": "So.", "context": '["one", "two"]'},
        {"input": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "How?"}], "output": {"role": "assistant", "content": [{"type": "text", "text": "So."}]}, "context": ["one", "two"]},
    ],
)  # fmt: skip
def test_names_of_other_tools_are_understood(tmp_path: Path, row: dict[str, object]) -> None:
    (turn,), _, notes = read(write(tmp_path / "log.jsonl", row))
    assert (turn.question, turn.answer, turn.retrieved) == (
        "How?",
        "So.",
        (Chunk(text_id("one"), "one"), Chunk(text_id("two"), "two")),
    )
    assert set(notes.mapping) <= {"question", "answer", "retrieved"}


def test_ids_beside_contexts_name_the_chunks(tmp_path: Path) -> None:
    row = {
        "user_input": "How?",
        "response": "So.",
        "retrieved_contexts": ["one", "two"],
        "retrieved_context_ids": ["kb-1", 2],
    }
    assert [chunk.id for chunk in read(write(tmp_path / "log.jsonl", row))[0][0].retrieved] == ["kb-1", "2"]


def test_langchain_documents_and_llamaindex_nodes_are_chunks(tmp_path: Path) -> None:
    row = {
        "answer": "So.",
        "source_documents": [
            {"id": "d", "page_content": "one", "metadata": {"source": "a.md", "score": 0.5}},
            {"node": {"id_": "n", "text": "two", "metadata": {}}, "score": 0.25},
        ],
    }
    first, second = read(write(tmp_path / "log.jsonl", row))[0][0].retrieved
    assert (first.id, first.text, first.score, first.source) == ("d", "one", 0.5, "a.md")
    assert (second.id, second.text, second.score) == ("n", "two", 0.25)


def test_an_ambiguous_mapping_is_refused_naming_both_fields(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", {"answer": "gold", "response": "said", "question": "How?"})
    with pytest.raises(
        LogFormatError,
        match=r"log.jsonl:1: both `answer` and `response` could be the answer. Name one with --map answer=",
    ):
        read(path)
    assert read(path, fields={"answer": "response"})[0][0].answer == "said"


def test_equal_values_under_two_names_are_not_ambiguous(tmp_path: Path) -> None:
    assert read(write(tmp_path / "log.jsonl", {"answer": "So.", "response": "So."}))[0][0].answer == "So."


def test_a_later_ambiguous_row_is_skipped(tmp_path: Path) -> None:
    turns, skipped, _ = read(
        write(tmp_path / "log.jsonl", {"answer": "One."}, {"answer": "gold", "response": "said"})
    )
    assert len(turns) == 1
    assert "both `answer` and `response`" in skipped[0].reason


def test_a_chosen_field_may_lie_deeper(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", {"result": {"final": "So."}})
    assert read(path, fields={"answer": "result.final"})[0][0].answer == "So."
    with pytest.raises(SettingError, match="a turn has no such field"):
        read(path, fields={"reply": "x"})


def test_fields_of_unknown_meaning_are_kept_as_metadata(tmp_path: Path) -> None:
    assert read(write(tmp_path / "log.jsonl", {"answer": "So.", "reference": "gold", "metadata": {"a": 1}}))[
        0
    ][0].metadata == {"reference": "gold", "a": 1}


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Choose among openinference, langfuse, langsmith, native"):
        read(write(tmp_path / "log.jsonl", FULL), format_name="nonsense")


def test_what_the_log_could_not_show_is_listed_with_counts(tmp_path: Path) -> None:
    _, _, notes = read(
        write(tmp_path / "log.jsonl", {**FULL, "user_id": "u"}, {"turn_id": "b", "answer": "Yes."})
    )
    lines = absent_fields(notes)
    assert "timestamp missing in 1 of 2 turns: no onset, growth or drift over time" in lines
    assert any(line.startswith("chunk text missing in every turn") for line in lines)
    assert not any(line.startswith("score") for line in lines)


def test_a_full_log_lacks_nothing(tmp_path: Path) -> None:
    full = {**FULL, "user_id": "u", "retrieved": [FULL["retrieved"][0]]}  # type: ignore[index]
    assert absent_fields(read(write(tmp_path / "log.jsonl", full))[2]) == ()


def test_rows_are_counted_without_being_read(tmp_path):
    lines = tmp_path / "log.jsonl"
    lines.write_text('{"answer": "a"}\nnot json\n{"answer": "b"}\n', encoding="utf-8")
    packed = tmp_path / "log.jsonl.gz"
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    table = tmp_path / "log.parquet"
    pq.write_table(pa.table({"answer": ["a", "b"]}), table)

    assert [count_rows(path) for path in (lines, packed, table)] == [3, 3, 2]
    packed.write_bytes(damaged(b"".join(b"%d\n" % number**9 for number in range(9999)), "overwritten"))
    assert count_rows(packed) is None
    assert count_rows(tmp_path / "none.jsonl") is None


def test_a_time_that_is_no_number_costs_the_time_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"turn_id": "a", "answer": "x"}\n{"turn_id": "b", "answer": "y", "timestamp": 1e999}\n')
    columns = pa.table({"answer": ["x", "y"], "timestamp": [1.7e9, float("nan")]})
    pq.write_table(columns, tmp_path / "log.parquet")

    for name in ("log.jsonl", "log.parquet"):
        turns = list(read_log(tmp_path / name))
        assert [turn.answer for turn in turns] == ["x", "y"]
        assert turns[1].timestamp is None


def test_an_answer_nested_beyond_reason_is_named_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    nested = "[" * 900 + "]" * 900
    path.write_text(f'{{"turn_id": "a", "answer": "x"}}\n{{"turn_id": "b", "answer": {nested}}}\n')
    skipped: list[SkippedRow] = []

    assert [turn.turn_id for turn in read_log(path, on_skip=skipped.append)] == ["a"]
    assert len(skipped) == 1


@pytest.mark.parametrize("unset", [0, "1970-01-01T00:00:00Z", "0"])
def test_the_time_of_a_clock_that_was_never_set_is_none(tmp_path: Path, unset: object) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"answer": "x", "timestamp": unset}) + "\n")
    notes = LogNotes()
    (turn,) = read_log(path, notes=notes)

    assert turn.timestamp is None
    assert repair_lines(notes)


def test_the_answer_of_a_langchain_chain_is_its_result_where_nothing_else_is(tmp_path):
    rows = [
        {"query": "May I?", "result": "You may.", "source_documents": ["You may."]},
        {"question": "May I?", "answer": "No.", "result": "ok"},
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    assert [turn.answer for turn in read_log(path)] == ["You may.", "No."]
