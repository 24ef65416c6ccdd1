"""Plain JSONL stores."""

import json

import numpy as np
import pytest

from halluguard.errors import StoreError
from halluguard.stores import StoreCode, open_store


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
        (b'{"id": "a", "text": 3}\n', ':1: field "text"'),
        (b'{"body": "x"}\n', ':1: field "text"'),
        (b'{"id": "a", "text": "\xff"}\n', ":1: not UTF-8"),
        (b'{"id": "a", "text": "x", "metadata": [1]}\n', ':1: field "metadata"'),
        (b'{"id": "a", "text": "x", "vector": ["q"]}\n', ':1: field "vector"'),
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
