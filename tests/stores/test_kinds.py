"""Every kind of store yields the same entries, says what it knows, and is left as it was."""

import numpy as np
import pytest

from halluguard.errors import StoreError
from halluguard.records import Entry
from halluguard.stores import open_store, read_vectors
from halluguard.stores.store import mend_entry

KINDS = {
    "native": "native_store",
    "langchain_faiss": "faiss_store",
    "chroma": "chroma_store",
    "llamaindex": "llamaindex_store",
    "qdrant": "qdrant_store",
}


@pytest.fixture(params=sorted(KINDS))
def kind(request):
    return request.param


@pytest.fixture
def folder(kind, request):
    return request.getfixturevalue(KINDS[kind])


@pytest.fixture
def names(kind):
    """Return a function that names the first entries of a store; ids of Qdrant are numbers or UUIDs."""
    return lambda count: [str(i) if kind == "qdrant" else f"e{i}" for i in range(count)]


def test_store_kind_is_detected_from_the_folder(kind, folder):
    assert open_store(folder).kind == kind


def test_entries_carry_the_texts_and_vectors_that_were_written(folder, names, texts_of, vectors_of):
    store = open_store(folder)

    entries = {entry.id: entry for entry in store.entries()}

    texts, vectors = texts_of(store.count), vectors_of(store.count)
    ids = names(store.count)
    assert [entries[key].text for key in ids] == texts
    np.testing.assert_allclose([entries[key].vector for key in ids], vectors, atol=1e-6)
    assert entries[ids[4]].source == "s1.md"


def test_entries_stream_in_insertion_order_each_time_they_are_asked_for(folder, names):
    store = open_store(folder)

    first, second = ([entry.id for entry in store.entries()] for _ in range(2))

    assert first == second == names(store.count)


def test_untouched_store_has_no_container_finding(folder):
    store = open_store(folder)

    assert store.findings() == ()
    assert store.entry_findings() == {}


def test_store_says_what_it_cannot_know(kind, folder):
    expected = {
        "native": (),
        "langchain_faiss": ("time", "batch"),
        "chroma": (),
        "llamaindex": ("time", "batch", "order"),
        "qdrant": ("time", "batch"),
    }

    assert open_store(folder).cannot_know == expected[kind]


def test_opening_and_reading_leaves_every_file_byte_identical(folder, digest_of):
    before = digest_of(folder)

    store = open_store(folder)
    list(store.entries())
    files = store.files()

    assert digest_of(folder) == before
    assert {file.name: file.sha256 for file in files}.items() <= before.items()
    assert len(files) == len([name for name in before if not name.endswith(".lock")])


def test_read_vectors_gathers_all_vectors_in_one_array(folder):
    store = open_store(folder)

    ids, vectors = read_vectors(store)

    assert len(ids) == store.count
    assert vectors.shape == (store.count, store.dimension)


def nest(leaf, depth=5000):
    for _ in range(depth):
        leaf = [leaf]
    return {"k": leaf}


def test_entry_without_surrogates_is_left_as_it_is_however_deep():
    entry = Entry(id="a", text="é \U0001f600", metadata=nest("x"))

    assert mend_entry(entry) is entry


def test_surrogate_deeper_than_python_recurses_is_one_clear_line():
    with pytest.raises(StoreError, match="entry 'a': metadata nested too deep"):
        mend_entry(Entry(id="a", text="x", metadata=nest("\ud83d")))
