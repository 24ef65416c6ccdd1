"""LlamaIndex folders: hashes, counts, and broken JSON."""

import json

import numpy as np
import pytest

from halluguard.errors import StoreError
from halluguard.stores import StoreCode, open_store


def change(path, function):
    content = json.loads(path.read_text())
    function(content)
    path.write_text(json.dumps(content))


def test_text_changed_without_its_hash_is_marked(llamaindex_store, copy_of):
    folder = copy_of(llamaindex_store)
    change(
        folder / "docstore.json",
        lambda content: content["docstore/data"]["e4"]["__data__"].update(text="Something else."),
    )

    store = open_store(folder)

    assert list(store.entry_findings()) == ["e4"]
    assert [(reason.code, reason.figure) for reason in store.findings()] == [(StoreCode.HASH_MISMATCH, 1.0)]


def test_vector_without_node_and_node_without_vector_are_counted(llamaindex_store, copy_of):
    folder = copy_of(llamaindex_store)

    def move(content):
        content["embedding_dict"]["ghost"] = content["embedding_dict"].pop("e1")

    change(folder / "default__vector_store.json", move)
    store = open_store(folder)

    assert [reason.code for reason in store.findings()] == [StoreCode.COUNT_MISMATCH]
    assert [entry.id for entry in store.entries() if entry.text is None] == ["ghost"]
    assert [entry.id for entry in store.entries() if entry.vector is None] == ["e1"]


def test_nan_in_the_vector_file_is_read_for_the_sweep_to_find(llamaindex_store, copy_of):
    folder = copy_of(llamaindex_store)
    change(
        folder / "default__vector_store.json",
        lambda content: content["embedding_dict"]["e2"].__setitem__(0, float("nan")),
    )

    vectors = {entry.id: entry.vector for entry in open_store(folder).entries()}

    assert np.isnan(vectors["e2"][0])


@pytest.mark.parametrize("name", ["docstore.json", "default__vector_store.json"])
def test_cut_json_is_one_clear_line(llamaindex_store, copy_of, name):
    folder = copy_of(llamaindex_store)
    path = folder / name
    path.write_text(path.read_text()[:500])

    with pytest.raises(StoreError, match=f"{name}: not whole JSON"):
        open_store(folder)


def test_empty_docstore_is_one_clear_line(tmp_path):
    (tmp_path / "docstore.json").write_text("{}")

    with pytest.raises(StoreError, match="holds no entries"):
        open_store(tmp_path)
