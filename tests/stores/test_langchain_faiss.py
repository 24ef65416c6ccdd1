"""LangChain FAISS folders, sound and with index, id map and docstore out of step."""

import faiss
import numpy as np
import pytest

from halluguard.errors import StoreError
from halluguard.stores import StoreCode, open_store


def save(folder, index):
    faiss.write_index(index, str(folder / "index.faiss"))


def add_all(index, vectors):
    index.add(vectors)
    return index


def test_metadata_of_any_plain_shape_is_kept(faiss_store):
    entry = next(open_store(faiss_store).entries())

    assert entry.metadata == {"source": "s0.md", "page": 0, "tags": ["a", {"b": None}]}


def test_deleting_through_langchain_leaves_a_sound_store(faiss_store, tmp_path):
    from langchain_community.vectorstores import FAISS
    from langchain_core.embeddings import DeterministicFakeEmbedding

    store = FAISS.load_local(
        str(faiss_store), DeterministicFakeEmbedding(size=16), allow_dangerous_deserialization=True
    )
    store.delete(["e3", "e9"])
    store.save_local(str(tmp_path))

    found = open_store(tmp_path)

    assert found.findings() == ()
    assert [entry.id for entry in found.entries()][:4] == ["e0", "e1", "e2", "e4"]


@pytest.mark.parametrize("n", [38, 43])
def test_index_of_another_size_than_its_documents_is_found(faiss_store, copy_of, vectors_of, n):
    folder = copy_of(faiss_store)
    save(folder, add_all(faiss.IndexFlatL2(16), vectors_of(n)))

    store = open_store(folder)

    assert [(reason.code, reason.figure) for reason in store.findings()] == [
        (StoreCode.COUNT_MISMATCH, float(abs(n - 40)))
    ]
    entries = list(store.entries())
    assert len(entries) == max(n, 40)
    assert sum(entry.vector is None for entry in entries) == max(0, 40 - n)
    assert sum(entry.text is None for entry in entries) == max(0, n - 40)


@pytest.mark.parametrize("build", ["HNSW16,Flat", "IVF4,Flat", "IDMap,Flat", "SQfp16"])
def test_other_kinds_of_index_are_read_by_faiss_in_a_child(faiss_store, copy_of, vectors_of, build):
    folder = copy_of(faiss_store)
    vectors = vectors_of(40)
    index = faiss.index_factory(16, build, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    if build.startswith("IDMap"):
        index.add_with_ids(vectors, np.arange(40) + 900)
    else:
        index.add(vectors)
    save(folder, index)

    store = open_store(folder)

    assert store.metric == "inner_product"
    np.testing.assert_allclose([entry.vector for entry in store.entries()], vectors, atol=2e-3)


@pytest.mark.parametrize("size", [0, 3, 20, 200])
def test_cut_index_is_one_clear_line(faiss_store, copy_of, size):
    folder = copy_of(faiss_store)
    path = folder / "index.faiss"
    path.write_bytes(path.read_bytes()[:size])

    with pytest.raises(StoreError, match="Half written"):
        open_store(folder)


def test_header_that_contradicts_itself_is_one_clear_line(faiss_store, copy_of):
    folder = copy_of(faiss_store)
    path = folder / "index.faiss"
    raw = bytearray(path.read_bytes())
    raw[4:8] = (17).to_bytes(4, "little")
    path.write_bytes(raw)

    with pytest.raises(StoreError, match="do not agree"):
        open_store(folder)


def test_index_faiss_cannot_parse_is_one_clear_line(faiss_store, copy_of):
    folder = copy_of(faiss_store)
    (folder / "index.faiss").write_bytes(b"IHNf" + bytes(range(200)))

    with pytest.raises(StoreError, match="cannot give back the vectors"):
        open_store(folder)


def test_missing_pickle_is_one_clear_line(faiss_store, copy_of):
    folder = copy_of(faiss_store)
    (folder / "index.pkl").unlink()

    with pytest.raises(StoreError, match=r"missing beside index\.faiss"):
        open_store(folder)
