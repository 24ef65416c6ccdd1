# ruff: noqa: PLR0917 - fixtures are positional by nature
"""Entries that were edited in place get their earlier text, on every kind of store, with the libraries that own them."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from halluguard.errors import InputError
from halluguard.response import Plan, PlanAction, PlanEntry, apply_plan, read_ledger, read_plan, restore_store
from halluguard.response.digests import leaf_of
from halluguard.response.earlier import Earlier, choose_earlier, read_earlier
from halluguard.response.plan import write_plan
from halluguard.response.snapshot import take_snapshot
from halluguard.stores import open_store

KINDS = ("native_store", "faiss_store", "chroma_store", "llamaindex_store")
EDITED, ADDED, LIE = "e3", "e4", "Pump 3 of hall 3 must never be serviced."


def edit_native(folder, vector):
    rows = [json.loads(line) for line in (folder / "entries.jsonl").read_text().splitlines()]
    rows[3]["text"] = LIE
    (folder / "entries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    vectors = np.load(folder / "vectors.npy")
    vectors[3] = vector
    np.save(folder / "vectors.npy", vectors)


def edit_faiss(folder, vector):
    from langchain_community.vectorstores import FAISS
    from langchain_core.embeddings import DeterministicFakeEmbedding

    store = FAISS.load_local(
        str(folder), DeterministicFakeEmbedding(size=16), allow_dangerous_deserialization=True
    )
    store.delete([EDITED])
    store.add_embeddings([(LIE, vector.tolist())], metadatas=[{"source": "evil"}], ids=[EDITED])
    store.save_local(str(folder))


def edit_chroma(folder, vector):
    import chromadb

    client = chromadb.PersistentClient(str(folder), settings=chromadb.Settings(anonymized_telemetry=False))
    collection = client.get_collection("pumps", embedding_function=None)
    collection.update(
        ids=[EDITED], embeddings=[vector], documents=[LIE], metadatas=[{"source": "evil", "page": 999}]
    )
    client._system.stop()
    client.clear_system_cache()


def edit_llamaindex(folder, vector):
    from llama_index.core import StorageContext, load_index_from_storage
    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

    context = StorageContext.from_defaults(persist_dir=str(folder))
    index = load_index_from_storage(context, embed_model=MockEmbedding(16))
    index.delete_nodes([EDITED], delete_from_docstore=True)
    node = TextNode(
        id_=EDITED,
        text=LIE,
        embedding=vector.tolist(),
        metadata={"file_path": "evil"},
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id="doc-evil")},
    )
    index.insert_nodes([node])
    context.persist(str(folder))


EDITS = dict(zip(KINDS, (edit_native, edit_faiss, edit_chroma, edit_llamaindex), strict=True))


@pytest.fixture
def two(request, tmp_path, vectors_of):
    """Return a function from a kind to the earlier copy of a store and the store, in which an entry was edited in place."""

    def make(kind):
        copy = shutil.copytree(request.getfixturevalue(kind), tmp_path / "copy")
        store = shutil.copytree(copy, tmp_path / "store")
        EDITS[kind](store, vectors_of(1, seed=9)[0])
        return copy, store

    return make


@pytest.fixture
def put_back(plan_for):
    """Return a function that makes a plan which quarantines the edited entry and another, and puts ids back."""

    def make(store, copy, *ids):
        plan = plan_for(store, EDITED, ADDED)
        entries = tuple(PlanEntry(key, snapshot=str(copy)) for key in ids)
        return replace(
            plan, actions=(*plan.actions, PlanAction("A2", "put_back", True, "edited", entries=entries))
        )

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_the_earlier_entry_stands_in_the_place_of_the_edited_one(
    kind, two, put_back, empty_run, signed, tmp_path, digest_of
):
    copy, folder = two(kind)
    before = digest_of(copy), digest_of(folder)
    store = open_store(folder)
    edited = {entry.id: entry for entry in store.entries()}[EDITED]
    right = {entry.id: entry for entry in open_store(copy).entries()}[EDITED]
    assert edited.text == LIE != right.text
    applied = apply_plan(empty_run, store, put_back(store, copy, EDITED), tmp_path / "out", signed=signed)
    made = list(open_store(tmp_path / "out" / "store").entries())

    assert [entry.id for entry in made] == [entry.id for entry in store.entries() if entry.id != ADDED]
    for entry in made:
        wanted = right if entry.id == EDITED else {e.id: e for e in store.entries()}[entry.id]
        assert (entry.text, entry.metadata, entry.source) == (wanted.text, wanted.metadata, wanted.source)
        assert np.array_equal(entry.vector, wanted.vector)
    assert (applied.out, applied.back, applied.left) == (2, 1, store.count - 1)
    assert read_ledger(tmp_path / "out" / "ledger.jsonl")[-1]["put_back"] == [EDITED]
    files = [path for path in (tmp_path / "out" / "store").rglob("*") if path.is_file()]
    assert not [path for path in files if LIE.encode() in path.read_bytes()]
    assert (digest_of(copy), digest_of(folder)) == before


@pytest.mark.parametrize("kind", KINDS)
def test_restore_gives_the_edited_store_back_entry_for_entry(
    kind, two, put_back, empty_run, signed, tmp_path
):
    copy, folder = two(kind)
    store = open_store(folder)
    apply_plan(empty_run, store, put_back(store, copy, EDITED), tmp_path / "out", signed=signed)
    restore_store(tmp_path / "out", tmp_path / "back", signed=signed)

    back = open_store(tmp_path / "back")
    assert [leaf_of(entry) for entry in back.entries()] == [leaf_of(entry) for entry in store.entries()]
    if kind == "native_store":
        for name in ("entries.jsonl", "vectors.npy"):
            assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes()


def test_langchain_finds_the_earlier_text(two, put_back, empty_run, signed, tmp_path):
    from langchain_community.vectorstores import FAISS
    from langchain_core.embeddings import DeterministicFakeEmbedding

    copy, folder = two("faiss_store")
    store = open_store(folder)
    apply_plan(empty_run, store, put_back(store, copy, EDITED), tmp_path / "out", signed=signed)
    opened = FAISS.load_local(
        str(tmp_path / "out" / "store"),
        DeterministicFakeEmbedding(size=16),
        allow_dangerous_deserialization=True,
    )
    right = {entry.id: entry for entry in open_store(copy).entries()}[EDITED]
    (found,) = opened.similarity_search_by_vector(right.vector.tolist(), k=1)
    assert (found.id, found.page_content, found.metadata) == (EDITED, right.text, right.metadata)
    assert opened.delete([EDITED])


def test_chroma_finds_the_earlier_text(two, put_back, empty_run, signed, tmp_path):
    import chromadb

    copy, folder = two("chroma_store")
    store = open_store(folder)
    apply_plan(empty_run, store, put_back(store, copy, EDITED), tmp_path / "out", signed=signed)
    client = chromadb.PersistentClient(
        str(tmp_path / "out" / "store"), settings=chromadb.Settings(anonymized_telemetry=False)
    )
    collection = client.get_collection("pumps", embedding_function=None)
    right = {entry.id: entry for entry in open_store(copy).entries()}[EDITED]
    found = collection.query(query_embeddings=[right.vector.tolist()], n_results=1)
    assert (found["ids"], found["documents"]) == ([[EDITED]], [[right.text]])
    assert found["metadatas"] == [[right.metadata]]


def test_llamaindex_finds_the_earlier_text_of_a_copy_under_another_index_id(
    two, put_back, empty_run, signed, tmp_path
):
    from llama_index.core import StorageContext, load_index_from_storage
    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.schema import QueryBundle

    copy, folder = two("llamaindex_store")
    structs = json.loads((copy / "index_store.json").read_text())
    (old,) = structs["index_store/data"]
    (copy / "index_store.json").write_text((copy / "index_store.json").read_text().replace(old, "rebuilt"))
    store = open_store(folder)
    apply_plan(empty_run, store, put_back(store, copy, EDITED), tmp_path / "out", signed=signed)
    context = StorageContext.from_defaults(persist_dir=str(tmp_path / "out" / "store"))
    index = load_index_from_storage(context, embed_model=MockEmbedding(16))
    right = {entry.id: entry for entry in open_store(copy).entries()}[EDITED]
    query = QueryBundle("", embedding=right.vector.tolist())
    (found,) = index.as_retriever(similarity_top_k=1).retrieve(query)
    assert (found.node.node_id, found.node.text) == (EDITED, right.text)


def write(write_native, folder, texts, dimension=3, **extra):
    rows = [{"id": key, "text": text, **extra} for key, text in texts.items()]
    return write_native(folder, rows, np.eye(len(rows), dimension, dtype=np.float32))


def make_plan(*actions):
    return Plan(
        "", {}, tuple(PlanAction(f"A{n}", do, True, "", **rest) for n, (do, rest) in enumerate(actions))
    )


def quarantined(*ids):
    return "quarantine", {"entries": tuple(PlanEntry(key) for key in ids)}


def back(copy, *ids):
    return "put_back", {"entries": tuple(PlanEntry(key, snapshot=str(copy)) for key in ids)}


@pytest.mark.parametrize(
    ("ids", "texts", "dimension", "said"),
    [
        (("kept",), {"kept": "another"}, 3, "which it does not quarantine"),
        (("wrong",), {"other": "text"}, 3, "holds no text of 'wrong'"),
        (("wrong",), {"wrong": "false"}, 3, "the very text"),
        (("wrong",), {"wrong": "right"}, 4, "vectors of dimension 4, where .* has 3"),
    ],
)
def test_what_cannot_be_put_back_is_refused(
    ids, texts, dimension, said, write_native, empty_run, signed, tmp_path
):
    store = open_store(write(write_native, tmp_path / "s", {"kept": "page", "wrong": "false"}))
    copy = write(write_native, tmp_path / "old", texts, dimension)
    plan = make_plan(quarantined("wrong"), back(copy, *ids))
    with pytest.raises(InputError, match=said):
        apply_plan(empty_run, store, plan, tmp_path / "out", signed=signed)
    assert not (tmp_path / "out").exists()


def test_copies_of_digests_of_another_kind_and_without_vectors_are_refused(
    write_native, faiss_store, empty_run, signed, tmp_path
):
    store = open_store(write(write_native, tmp_path / "s", {"kept": "page", "wrong": "false"}))
    earlier = write(write_native, tmp_path / "old", {"kept": "page", "wrong": "right"})
    take_snapshot(open_store(earlier), tmp_path / "old.snapshot")
    bare = tmp_path / "bare.jsonl"
    shutil.copyfile(earlier / "entries.jsonl", bare)
    for path, said in (
        (tmp_path / "old.snapshot", "digests"),
        (faiss_store, "store, where"),
        (bare, "no vec"),
    ):
        plan = make_plan(quarantined("wrong"), back(path, "wrong"))
        with pytest.raises(InputError, match=said):
            apply_plan(empty_run, store, plan, tmp_path / "out", signed=signed)
    held = read_earlier(store, {"wrong"}, [tmp_path / "old.snapshot", bare])
    assert [(one.text, bool(one.hindrance)) for one in held["wrong"]] == [("right", True), (None, True)]


def test_with_a_roll_back_no_entry_stands_twice_and_an_older_copy_helps_out(
    write_native, empty_run, signed, tmp_path
):
    oldest = write(write_native, tmp_path / "a", {"one": "right", "two": "right too", "page": "p"})
    older = write(write_native, tmp_path / "b", {"one": "right", "two": "wrong", "page": "p"})
    now = {"one": "wrong", "two": "wrong", "page": "p", "new": "n"}
    store = open_store(write(write_native, tmp_path / "s", now))
    plan = make_plan(
        quarantined("one", "two"),
        back(oldest, "one", "two"),
        ("roll_back", {"targets": {"snapshot": str(older)}}),
    )
    apply_plan(empty_run, store, plan, tmp_path / "out", signed=signed)
    made = [(entry.id, entry.text) for entry in open_store(tmp_path / "out" / "store").entries()]
    assert made == [("one", "right"), ("two", "right too"), ("page", "p"), ("new", "n")]


def test_the_latest_copy_with_another_text_comes_first(write_native, tmp_path):
    days = ("2026-01-05", "2026-01-01", "2026-01-09")
    texts = ("second lie", "right", "lie")
    copies = [
        write(write_native, tmp_path / day, {"e": text, "f": "page"}, ingested_at=f"{day}T00:00:00Z")
        for day, text in zip(days, texts, strict=True)
    ]
    store = open_store(write(write_native, tmp_path / "s", {"e": "lie", "f": "page"}))
    held = read_earlier(store, {"e", "f"}, copies)
    assert {key: [one.text for one in found] for key, found in held.items()} == {"e": ["second lie", "right"]}
    chosen = choose_earlier(held, {"second lie"})["e"]
    assert (chosen.text, chosen.path, chosen.clean) == ("right", copies[1], True)


def test_an_unread_text_is_listed_a_false_one_is_not_and_a_hindered_one_is_named(tmp_path):
    held = {"e": [Earlier(tmp_path, "late"), Earlier(tmp_path, "early")]}
    assert choose_earlier(held, None) == {"e": Earlier(tmp_path, "late", clean=False)}
    assert choose_earlier(held, {"late", "early"}) == {}
    hindered = {"e": [Earlier(tmp_path, None, hindrance="digests"), Earlier(tmp_path, "early")]}
    assert choose_earlier(hindered, ())["e"].text == "early"
    assert choose_earlier({"e": hindered["e"][:1]}, ())["e"].clean is False


def test_a_plan_that_puts_back_without_a_copy_is_refused_by_field(tmp_path):
    plan = make_plan(quarantined("e"), ("put_back", {"entries": (PlanEntry("e"),)}))
    (tmp_path / "plan.yaml").write_text(write_plan(plan))
    with pytest.raises(InputError, match=r"actions\[2\]: entry 'e' has no snapshot"):
        read_plan(tmp_path / "plan.yaml")


@pytest.mark.parametrize("targets", [{}, {"snapshot": None}, {"snapshot": ["a"]}])
def test_a_plan_that_rolls_back_to_no_copy_is_refused_by_field(targets, tmp_path):
    plan = make_plan(quarantined("e"), ("roll_back", {"targets": targets}))
    (tmp_path / "plan.yaml").write_text(write_plan(plan))
    with pytest.raises(InputError, match=r"actions\[2\].targets.snapshot is .* Expected the path"):
        read_plan(tmp_path / "plan.yaml")


def test_a_plan_that_decides_twice_on_a_roll_back_is_refused(tmp_path):
    decided = ("roll_back", {"targets": {"snapshot": "a"}})
    (tmp_path / "plan.yaml").write_text(write_plan(make_plan(quarantined("e"), decided, decided)))
    with pytest.raises(InputError, match="several actions with do: roll_back"):
        read_plan(tmp_path / "plan.yaml")


@pytest.mark.parametrize("targets", ["none", {"ghosts": "one"}])
def test_targets_that_cannot_be_meant_are_refused_by_field(targets, tmp_path):
    plan = make_plan(("flush_caches", {"targets": {}}))
    text = write_plan(plan) + f"  targets: {json.dumps(targets)}\n"
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(InputError, match=r"actions\[1\].targets"):
        read_plan(tmp_path / "plan.yaml")


PIECES = [{"id": "page", "text": "first piece"}, {"id": "page", "text": "second piece"}]
ALONE = [{"id": "page", "text": "false"}, {"id": "other", "text": "x"}]


@pytest.mark.parametrize(("before", "now"), [(PIECES, PIECES), (PIECES, ALONE), (ALONE, PIECES)])
def test_pieces_that_share_an_id_are_no_earlier_texts_of_each_other(
    before, now, write_native, empty_run, signed, tmp_path
):
    copy = write_native(tmp_path / "old", before, np.eye(2, dtype=np.float32))
    store = open_store(write_native(tmp_path / "s", [*now, {"id": "kept", "text": "k"}], np.eye(3, 2)))
    take_snapshot(open_store(copy), tmp_path / "old.snapshot")
    assert read_earlier(store, {"page"}, [copy, tmp_path / "old.snapshot"]) == {}

    plan = make_plan(quarantined("page"), back(copy, "page"))
    with pytest.raises(InputError, match="several entries have the id 'page'"):
        apply_plan(empty_run, store, plan, tmp_path / "out", signed=signed)
    assert not (tmp_path / "out").exists()


def test_entries_without_an_id_are_not_taken_from_the_same_line_of_a_copy(
    write_native, empty_run, signed, tmp_path
):
    copy = write_native(tmp_path / "old", [{"text": text} for text in "ABC"], np.eye(3, dtype=np.float32))
    rows = [{"text": text} for text in "XA-BC"]
    store = open_store(write_native(tmp_path / "s", rows, np.eye(5, 3, dtype=np.float32)))
    assert read_earlier(store, {"line-3"}, [copy]) == {}

    plan = make_plan(quarantined("line-3"), ("roll_back", {"targets": {"snapshot": str(copy)}}))
    with pytest.raises(InputError, match="'line-1' is called by its place"):
        apply_plan(empty_run, store, plan, tmp_path / "out", signed=signed)
