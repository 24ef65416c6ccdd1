"""LlamaIndex folders: hashes, counts, and broken JSON."""

import hashlib
import json

import numpy as np
import pytest

from halluguard.errors import StoreError
from halluguard.stores import StoreCode, open_store
from halluguard.stores.llamaindex import MAX_PLACES


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


@pytest.fixture
def hashed_store(tmp_path):
    """Return a function that makes a store of one node whose hash was taken of metadata that JSON then changed."""
    core = pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.schema import TextNode

    def make(metadata, stored=None):
        index = core.VectorStoreIndex(
            [TextNode(id_="a", text="x", metadata=metadata)],
            embed_model=MockEmbedding(2),
            store_nodes_override=True,
        )
        index.storage_context.persist(str(tmp_path))
        if stored is not None:
            change(
                tmp_path / "docstore.json",
                lambda content: content["docstore/data"]["a"]["__data__"].update(metadata=stored),
            )
        return tmp_path

    return make


JSON_CHANGES = [
    {"box": (1, 2)},
    {"boxes": [(1, 2), (3, 4)], "tags": ["a"]},
    {"pages": {1: "one", 2: ("a", ["b"])}},
    {"deep": ({"n": {10: [], -1: ()}},)},
]


@pytest.mark.parametrize("metadata", JSON_CHANGES)
def test_node_whose_metadata_json_changed_is_not_called_tampered(hashed_store, metadata):
    assert open_store(hashed_store(metadata)).findings() == ()


@pytest.mark.parametrize("metadata", JSON_CHANGES)
def test_node_whose_metadata_somebody_changed_is_marked_though_json_changed_it_too(hashed_store, metadata):
    stored = json.loads(json.dumps(metadata)) | {"added": 1}

    assert list(open_store(hashed_store(metadata, stored)).entry_findings()) == ["a"]


def test_node_with_too_many_places_to_try_is_not_marked(hashed_store):
    metadata = {f"k{i}": [i] for i in range(MAX_PLACES + 1)}

    assert open_store(hashed_store(metadata | {"k0": (0,)})).findings() == ()


def test_metadata_nested_deeper_than_python_recurses_does_not_crash_the_hash_check(tmp_path):
    node = {"class_name": "TextNode", "text": "x", "metadata": {"k": json.loads("[" * 900 + "]" * 900)}}
    content = {"docstore/data": {"a": {"__data__": node}}, "docstore/metadata": {"a": {"doc_hash": "0"}}}
    (tmp_path / "docstore.json").write_text(json.dumps(content))

    assert open_store(tmp_path).entry_findings() == {}


def test_random_id_of_a_document_is_no_source(llamaindex_store, copy_of):
    folder = copy_of(llamaindex_store)

    def forget(content):
        for node in content["docstore/data"].values():
            node["__data__"]["metadata"].pop("file_path")

    change(folder / "docstore.json", forget)
    store = open_store(folder)

    assert {entry.source for entry in store.entries()} == {None}
    assert "source" in store.cannot_know


def test_lone_surrogate_is_replaced_and_the_hash_is_that_of_the_raw_text(llamaindex_store, copy_of):
    folder = copy_of(llamaindex_store)

    def spoil(content):
        node = content["docstore/data"]["e4"]["__data__"]
        node["text"] = "Half \ud83d"
        raw = node["text"] + str(node["metadata"])
        content["docstore/metadata"]["e4"]["doc_hash"] = hashlib.sha256(
            raw.encode("utf-8", "surrogatepass")
        ).hexdigest()

    change(folder / "docstore.json", spoil)
    store = open_store(folder)

    assert store.findings() == ()
    assert {entry.id: entry.text for entry in store.entries()}["e4"] == "Half \ufffd"


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


def test_vector_with_a_number_too_large_for_a_float_is_one_clear_line(llamaindex_store, copy_of):
    folder = copy_of(llamaindex_store)
    path = folder / "default__vector_store.json"
    change(path, lambda content: content["embedding_dict"]["e2"].__setitem__(0, 10**400))

    with pytest.raises(StoreError, match=r"default__vector_store.json: \"embedding_dict\" is no map"):
        open_store(folder)
