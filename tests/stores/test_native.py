"""Plain JSONL stores."""

import json

import numpy as np
import pytest

from halluguard.errors import StoreError
from halluguard.stores import StoreCode, open_store
from halluguard.stores.metadata import parse_time


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_jsonl_alone_has_no_vectors_and_says_so(tmp_path):
    store = open_store(write(tmp_path / "a.jsonl", [{"id": "a", "text": "x"}]))

    assert store.cannot_know == ("vector", "time", "batch", "source")
    assert store.dimension is None


def test_array_of_the_same_name_belongs_to_the_jsonl(tmp_path):
    write(tmp_path / "kb.jsonl", [{"id": "a", "text": "x"}])
    np.save(tmp_path / "kb.npy", np.ones((1, 4), dtype=np.float16))

    (entry,) = open_store(tmp_path / "kb.jsonl").entries()

    assert entry.vector.dtype == np.float32
    assert entry.vector.tolist() == [1, 1, 1, 1]


def test_inline_vectors_are_read(tmp_path):
    store = open_store(write(tmp_path / "a.jsonl", [{"id": "a", "text": "x", "vector": [1, 0.5]}]))

    assert store.dimension == 2
    assert next(store.entries()).vector.tolist() == [1, 0.5]


def test_entry_keeps_metadata_time_batch_and_author(tmp_path):
    row = {
        "id": 7,
        "text": "x",
        "metadata": {"url": "http://a", "created_at": 1735689600, "batch_id": 3, "from_turn": "t1"},
    }

    (entry,) = open_store(write(tmp_path / "a.jsonl", [row])).entries()

    assert (entry.id, entry.source, entry.batch, entry.written_by_turn) == ("7", "http://a", "3", "t1")
    assert entry.ingested_at.isoformat() == "2025-01-01T00:00:00+00:00"


@pytest.mark.parametrize("name", ["page_content", "content", "document"])
def test_text_is_read_under_a_usual_name_where_it_is_the_only_one(tmp_path, name):
    rows = [
        {"id": "a", name: "x"},
        {"id": "b", "text": "y", name: "z"},
        {"id": "c", "text": None},
        {"id": "d", name: None},
    ]

    store = open_store(write(tmp_path / "a.jsonl", rows))

    assert [entry.text for entry in store.entries()] == ["x", "y", None, None]


@pytest.mark.parametrize("key", [None, ""])
def test_entry_without_an_id_is_named_by_its_line(tmp_path, key):
    store = open_store(
        write(tmp_path / "a.jsonl", [{"id": key, "text": "x"}, {"text": "y"}, {"id": 0, "text": "z"}])
    )

    assert [entry.id for entry in store.entries()] == ["line-1", "line-2", "0"]
    assert store.findings() == ()


def test_lone_surrogates_are_replaced_wherever_they_stand(tmp_path):
    path = tmp_path / "a.jsonl"
    row = {"id": "a\ud83d", "text": "Half \ude00 of é", "source": "s\ud83d.md", "batch": "b\ud83d"}
    metadata = {"title\udfff": ["t\ud83d", {"deep": "\ud800"}], "smile": "\U0001f600"}
    store = open_store(write(path, [row | {"metadata": metadata}]))

    (entry,) = store.entries()

    assert (entry.id, entry.text) == ("a\ufffd", "Half \ufffd of é")
    assert (entry.source, entry.batch) == ("s\ufffd.md", "b\ufffd")
    assert entry.metadata == {"title\ufffd": ["t\ufffd", {"deep": "\ufffd"}], "smile": "\U0001f600"}


def test_ids_that_only_surrogates_told_apart_are_repeated(tmp_path):
    rows = [{"id": "a\ud83d", "text": "x"}, {"id": "a\ud83e", "text": "y"}]

    (reason,) = open_store(write(tmp_path / "a.jsonl", rows)).findings()

    assert reason.code == StoreCode.ID_REPEATED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-01T12:00:00[Europe/Berlin]", "2024-05-01T10:00:00+00:00"),
        ("2024-05-01T12:00:00+02:00[Europe/Berlin]", "2024-05-01T10:00:00+00:00"),
        ("2024-05-01", "2024-05-01T00:00:00+00:00"),
        ("2024-05-01T12:00:00[Nowhere/Else]", None),
        ("2024-05-01T12:00:00[../../etc/passwd]", None),
        ("2024-05-01T12:00:00[unknown]", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("1712011000000", "2024-04-01T22:36:40+00:00"),
        ("1712011000", "2024-04-01T22:36:40+00:00"),
        ("20240501", "2024-05-01T00:00:00+00:00"),
        (1e300, None),
        (float("nan"), None),
        (10**400, None),
        (True, None),
    ],
)
def test_times_are_read_as_utc_and_never_crash(value, expected):
    found = parse_time(value)

    assert (found and found.isoformat()) == expected


def test_vectors_left_over_become_entries_without_text(tmp_path):
    write(tmp_path / "entries.jsonl", [{"id": "a", "text": "x"}])
    np.save(tmp_path / "vectors.npy", np.eye(3, dtype=np.float32))

    store = open_store(tmp_path)

    assert [(entry.id, entry.text) for entry in store.entries()] == [
        ("a", "x"),
        ("position-1", None),
        ("position-2", None),
    ]
    assert [(reason.code, reason.figure) for reason in store.findings()] == [(StoreCode.COUNT_MISMATCH, 2.0)]


def test_repeated_ids_and_repeated_keys_are_found(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a", "text": "x", "text": "y"}\n{"id": "a", "text": "z"}\n')

    codes = {reason.code for reason in open_store(path).findings()}

    assert codes == {StoreCode.JSON_KEY_REPEATED, StoreCode.ID_REPEATED}


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'{"id": "a", "text": "x"}\n{"id": "b", "te', ":2: not a JSON object"),
        (b"[1, 2]\n", ":1: a list where an entry object is expected"),
        (b'{"id": "a", "text": 3}\n', ':1: field "text" is a int where a string is expected'),
        (b'{"id": "a", "content": 3}\n', ':1: field "content" is a int where a string is expected'),
        (b'{"body": "x"}\n', ':1: field "text" is missing (found "body")'),
        (b'{"id": "a", "body\\n": "x"}\n', ':1: field "text" is missing (found "id", "body\\n")'),
        (b'{"id": "a", "content": "x", "document": "y"}\n', ':1: field "text" is missing'),
        (b'{"id": "a"}\n', ':1: field "text" is missing'),
        (b"{}\n", ':1: field "text" is missing (found no field)'),
        (b'{"id": "a", "text": "\xff"}\n', ":1: not UTF-8"),
        (b'{"id": "a", "text": "x", "metadata": [1]}\n', ':1: field "metadata"'),
        (b'{"id": "a", "text": "x", "vector": ["q"]}\n', ':1: field "vector"'),
        (b'{"id": "a", "text": "x", "vector": [1' + b"0" * 400 + b"]}\n", ':1: field "vector"'),
        (b"\n\n", "holds no entries"),
    ],
)
def test_bad_line_is_named_in_one_line(tmp_path, content, where):
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)

    with pytest.raises(StoreError) as caught:
        open_store(path)

    assert where in str(caught.value)
    assert "\n" not in str(caught.value)


def test_array_of_python_objects_is_refused(tmp_path):
    write(tmp_path / "entries.jsonl", [{"id": "a", "text": "x"}])
    np.save(tmp_path / "vectors.npy", np.array([[{"a": 1}]], dtype=object), allow_pickle=True)

    with pytest.raises(StoreError, match="holds Python objects"):
        open_store(tmp_path)


@pytest.mark.parametrize("n", [1, 3])
def test_a_store_that_is_written_to_while_it_is_read_is_one_clear_line(n, tmp_path):
    rows = [{"id": f"e{at}", "text": "x"} for at in range(3)]
    store = open_store(write(tmp_path / "a.jsonl", rows[:2]))
    write(tmp_path / "a.jsonl", rows[:n])

    with pytest.raises(
        StoreError, match=r"2 entries when it was opened, another number now\. Stop what writes"
    ):
        list(store.entries())
