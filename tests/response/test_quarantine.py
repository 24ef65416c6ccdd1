# ruff: noqa: PLR0917 - fixtures are positional by nature
"""Applying a plan and taking it back, on every kind of store, with the libraries that own them."""

import base64
import json
import subprocess
import sys
from datetime import date

import numpy as np
import pytest

from halluguard.errors import HalluguardWarning, InputError, StoreError
from halluguard.response import apply_plan, plan_response, read_ledger, restore_store
from halluguard.response.digests import leaf_of
from halluguard.response.ledger import append_ledger
from halluguard.run import digest_file
from halluguard.stores import filled_bytes, open_store

KINDS = ("native_store", "faiss_store", "chroma_store", "llamaindex_store")
GONE = ("e3", "e4", "e17", "e39")


def applied_to(store, plan_for, empty_run, signed, folder):
    return apply_plan(empty_run, store, plan_for(store, *GONE), folder, signed=signed)


@pytest.mark.parametrize("kind", KINDS)
def test_new_store_holds_every_other_entry_as_it_was(kind, store_of, plan_for, empty_run, signed, tmp_path):
    store = store_of(kind)
    applied_to(store, plan_for, empty_run, signed, tmp_path / "out")
    made = open_store(tmp_path / "out" / "store")
    assert made.kind == store.kind
    kept = [leaf_of(entry) for entry in store.entries() if entry.id not in GONE]
    assert [leaf_of(entry) for entry in made.entries()] == kept
    assert made.metric == store.metric


@pytest.mark.parametrize("kind", KINDS)
def test_restore_gives_the_store_back_entry_for_entry(kind, store_of, plan_for, empty_run, signed, tmp_path):
    store = store_of(kind)
    applied = applied_to(store, plan_for, empty_run, signed, tmp_path / "out")
    root, count = restore_store(tmp_path / "out", tmp_path / "back", signed=signed)
    back = open_store(tmp_path / "back")
    assert [leaf_of(entry) for entry in back.entries()] == [leaf_of(entry) for entry in store.entries()]
    assert (root, count) == (applied.root_before, store.count)
    assert read_ledger(tmp_path / "out" / "ledger.jsonl")[-1]["deed"] == "restored"


@pytest.mark.parametrize("kind", KINDS)
def test_original_files_are_byte_identical_throughout(
    kind, request, digest_of, store_of, plan_for, empty_run, signed, tmp_path
):
    folder = request.getfixturevalue(kind)
    before = digest_of(folder)
    applied_to(store_of(kind), plan_for, empty_run, signed, tmp_path / "out")
    restore_store(tmp_path / "out", tmp_path / "back")
    assert digest_of(folder) == before


def test_quarantined_text_is_in_no_file_of_the_new_store(store_of, plan_for, empty_run, signed, tmp_path):
    for kind in KINDS:
        store = store_of(kind)
        texts = [entry.text.encode() for entry in store.entries() if entry.id in GONE]
        applied_to(store, plan_for, empty_run, signed, tmp_path / kind)
        files = [path for path in (tmp_path / kind / "store").rglob("*") if path.is_file()]
        assert not [(text, path) for path in files for text in texts if text in path.read_bytes()]


def test_the_room_of_a_new_chroma_index_is_blank(store_of, plan_for, empty_run, signed, tmp_path):
    """The library writes room for further vectors with what its memory held, which may be what was quarantined."""
    applied_to(store_of("chroma_store"), plan_for, empty_run, signed, tmp_path / "made")
    rooms = [
        path.read_bytes()[filled_bytes(path.parent) :]
        for path in (tmp_path / "made").rglob("data_level0.bin")
    ]

    assert any(rooms)
    assert not any(room.strip(b"\0") for room in rooms)


def test_langchain_opens_the_new_store_and_finds(store_of, plan_for, empty_run, signed, tmp_path):
    from langchain_community.vectorstores import FAISS
    from langchain_core.embeddings import DeterministicFakeEmbedding

    store = store_of("faiss_store")
    applied_to(store, plan_for, empty_run, signed, tmp_path / "out")
    opened = FAISS.load_local(
        str(tmp_path / "out" / "store"),
        DeterministicFakeEmbedding(size=16),
        allow_dangerous_deserialization=True,
    )
    for entry in store.entries():
        (found, *_), wanted = opened.similarity_search_by_vector(entry.vector.tolist(), k=1), entry.text
        assert (found.page_content == wanted) == (entry.id not in GONE)
        if entry.id not in GONE:
            assert found.metadata == entry.metadata
    assert opened.delete(["e5"])


@pytest.mark.parametrize("value", [date(2026, 3, 2), "2026-03-02"])
def test_a_new_langchain_store_says_which_metadata_it_writes_as_text(
    value, plan_for, empty_run, signed, tmp_path
):
    from langchain_community.vectorstores import FAISS
    from langchain_core.embeddings import DeterministicFakeEmbedding

    metadatas = [{"day": value}, {"day": value}]
    made = FAISS.from_texts(["a", "b"], DeterministicFakeEmbedding(size=8), metadatas, ids=["e1", "e2"])
    made.save_local(str(tmp_path / "store"))
    store = open_store(tmp_path / "store")
    done = apply_plan(empty_run, store, plan_for(store, "e1"), tmp_path / "out", signed=signed)

    told = [note for note in done.notes if "datetime.date" in note]
    assert len(told) == (value != "2026-03-02")
    assert [entry.metadata["day"] for entry in open_store(tmp_path / "out" / "store").entries()] == [
        "2026-03-02"
    ]


def test_chroma_opens_the_new_store_and_finds(store_of, plan_for, empty_run, signed, tmp_path):
    import chromadb

    store = store_of("chroma_store")
    applied_to(store, plan_for, empty_run, signed, tmp_path / "out")
    client = chromadb.PersistentClient(
        str(tmp_path / "out" / "store"), settings=chromadb.Settings(anonymized_telemetry=False)
    )
    collection = client.get_collection("pumps", embedding_function=None)
    assert collection.count() == store.count - len(GONE)
    wanted = next(entry for entry in store.entries() if entry.id == "e200")
    found = collection.query(query_embeddings=[wanted.vector.tolist()], n_results=1, where={"draft": True})
    assert (found["ids"], found["documents"]) == ([["e200"]], [[wanted.text]])
    assert not collection.get(ids=list(GONE))["ids"]


def test_other_collections_of_a_chroma_database_are_kept(plan_for, empty_run, signed, tmp_path):
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(tmp_path / "db"), settings=settings)
    for name, space in (("faq", "cosine"), ("pages", "l2")):
        made = client.create_collection(name, embedding_function=None, metadata={"hnsw:space": space})
        vectors = np.eye(4, dtype=np.float32)
        made.add(ids=[f"{name}{i}" for i in range(4)], embeddings=vectors, documents=["text"] * 4)
    store = open_store(tmp_path / "db", collection="faq")
    plan = plan_for(store, "faq1")
    apply_plan(empty_run, store, plan, tmp_path / "out", signed=signed, collection="faq")
    other = open_store(tmp_path / "out" / "store", collection="pages")
    assert ([entry.id for entry in other.entries()], other.metric) == ([f"pages{i}" for i in range(4)], "l2")


@pytest.fixture
def large_chroma(tmp_path):
    """A cosine collection that passes 1,000 entries, at which chromadb moves vectors to the index and makes them unit vectors."""
    import chromadb

    client = chromadb.PersistentClient(
        str(tmp_path / "db"), settings=chromadb.Settings(anonymized_telemetry=False)
    )
    made = client.create_collection("faq", embedding_function=None, metadata={"hnsw:space": "cosine"})
    vectors = np.random.default_rng(0).normal(size=(1100, 16)).astype(np.float32)
    for start in range(0, 1100, 550):
        rows = range(start, start + 550)
        made.add(ids=[f"e{i}" for i in rows], embeddings=vectors[rows], documents=[f"text {i}" for i in rows])
    return open_store(tmp_path / "db")


def test_chroma_restores_unit_vectors_but_for_their_last_bits_and_says_so(
    large_chroma, plan_for, empty_run, signed, tmp_path
):
    apply_plan(
        empty_run, large_chroma, plan_for(large_chroma, "e3", "e1050"), tmp_path / "out", signed=signed
    )
    with pytest.warns(HalluguardWarning, match="within 1e-06") as told:
        root, count = restore_store(tmp_path / "out", tmp_path / "back", signed=signed)
    back = list(open_store(tmp_path / "back").entries())

    assert [(e.id, e.text) for e in back] == [(e.id, e.text) for e in large_chroma.entries()]
    line = read_ledger(tmp_path / "out" / "ledger.jsonl")[-1]
    said = [str(one.message) for one in told if one.category is HalluguardWarning]
    assert (count, line["root"]) == (1100, root)
    assert said == [f"{tmp_path / 'back'}: {line['notes'][0]}"]


@pytest.mark.parametrize("harm", ["text", "vector", "evidence"])
def test_a_chroma_store_that_differs_in_more_than_last_bits_is_not_restored(
    harm, large_chroma, plan_for, empty_run, signed, tmp_path
):
    apply_plan(empty_run, large_chroma, plan_for(large_chroma, "e3"), tmp_path / "out", signed=signed)
    archive = tmp_path / "out" / "quarantine" / "entries.jsonl"
    row = json.loads(archive.read_text())
    if harm == "text":
        archive.write_text(json.dumps(row | {"text": "another"}) + "\n")
    elif harm == "vector":
        vector = base64.b64encode(np.eye(1, 16, dtype="<f4").tobytes()).decode()
        archive.write_text(json.dumps(row | {"vector": row["vector"] | {"base64": vector}}) + "\n")
    else:
        for path in sorted((tmp_path / "out" / "evidence" / "store").rglob("*.bin")):
            path.unlink()
    with pytest.raises(InputError, match="not the store before"):
        restore_store(tmp_path / "out", tmp_path / "back")


def test_of_two_chroma_collections_with_the_same_ids_the_chosen_one_is_reduced(
    plan_for, empty_run, signed, tmp_path
):
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(tmp_path / "db"), settings=settings)
    for name in ("faq", "pages"):
        made = client.create_collection(name, embedding_function=None)
        made.add(ids=["1", "2"], embeddings=np.eye(2, dtype=np.float32), documents=[f"{name}1", f"{name}2"])
    store = open_store(tmp_path / "db", collection="pages")
    apply_plan(empty_run, store, plan_for(store, "1"), tmp_path / "out", signed=signed, collection="pages")
    held = {
        name: [entry.text for entry in open_store(tmp_path / "out" / "store", collection=name).entries()]
        for name in ("faq", "pages")
    }
    assert held == {"faq": ["faq1", "faq2"], "pages": ["pages2"]}
    restore_store(tmp_path / "out", tmp_path / "back", collection="pages")


def test_llamaindex_opens_the_new_store_and_finds(store_of, plan_for, empty_run, signed, tmp_path):
    from llama_index.core import StorageContext, load_index_from_storage
    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.schema import QueryBundle

    store = store_of("llamaindex_store")
    applied_to(store, plan_for, empty_run, signed, tmp_path / "out")
    context = StorageContext.from_defaults(persist_dir=str(tmp_path / "out" / "store"))
    index = load_index_from_storage(context, embed_model=MockEmbedding(16))
    for entry in store.entries():
        query = QueryBundle("", embedding=entry.vector.tolist())
        (found,) = index.as_retriever(similarity_top_k=1).retrieve(query)
        assert (found.node.node_id == entry.id) == (entry.id not in GONE)


def write_neighbours(folder):
    """Write a LlamaIndex store of nodes cut from one text, each pointing at those before and after, and return their ids."""
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.node_parser import SentenceSplitter

    text = " ".join(f"Pump {i} is serviced every {i} weeks." for i in range(200))
    nodes = SentenceSplitter(chunk_size=128, chunk_overlap=0).get_nodes_from_documents(
        [Document(text=text, id_="d")]
    )
    index = VectorStoreIndex(nodes, embed_model=MockEmbedding(4), store_nodes_override=True)
    index.storage_context.persist(str(folder))
    return [node.node_id for node in nodes]


def test_llamaindex_neighbours_of_a_quarantined_node_no_longer_point_at_it(
    empty_run, plan_for, signed, tmp_path
):
    ids = write_neighbours(tmp_path / "li")
    store = open_store(tmp_path / "li")
    middle = ids[2]
    apply_plan(empty_run, store, plan_for(store, middle), tmp_path / "out", signed=signed)
    files = sorted((tmp_path / "out" / "store").glob("*.json"))
    assert files
    assert not [path.name for path in files if middle in path.read_text()]
    restore_store(tmp_path / "out", tmp_path / "back")
    assert [e.id for e in open_store(tmp_path / "back").entries()] == [e.id for e in store.entries()]


def test_llamaindex_neighbours_point_at_a_restored_node_again(empty_run, plan_for, signed, tmp_path):
    ids = write_neighbours(tmp_path / "li")
    store = open_store(tmp_path / "li")

    def relations(folder):
        held = json.loads((folder / "docstore.json").read_text())["docstore/data"]
        return {key: list(item["__data__"]["relationships"].items()) for key, item in held.items()}

    gone = [ids[place] for place in (0, 2, 3)]
    apply_plan(empty_run, store, plan_for(store, *gone), tmp_path / "out", signed=signed)
    restore_store(tmp_path / "out", tmp_path / "back")
    assert relations(tmp_path / "back") == relations(tmp_path / "li")


def test_other_json_files_of_a_llamaindex_folder_are_copied_byte_for_byte(
    request, copy_of, empty_run, plan_for, signed, tmp_path
):
    folder = copy_of(request.getfixturevalue("llamaindex_store"))
    others = {
        "list.json": b'[1,  {"e3": 2}]',
        "cut.json": b'{"a": [1, ',
        "word.json": b'"e3"',
        "bytes.json": b"\xff\xfe{",
    }
    for name, content in others.items():
        (folder / name).write_bytes(content)
    (folder / "odd.json").write_text('{"docstore/data": [1], "index_store/data": ["x"]}')
    store = open_store(folder)
    applied = apply_plan(empty_run, store, plan_for(store, "e3"), tmp_path / "out", signed=signed)
    restore_store(tmp_path / "out", tmp_path / "back")

    for made in (tmp_path / "out" / "store", tmp_path / "back"):
        assert {name: (made / name).read_bytes() for name in others} == others
        assert json.loads((made / "odd.json").read_text()) == json.loads((folder / "odd.json").read_text())
    assert sorted(note.partition(":")[0] for note in applied.notes) == sorted(others)


def test_a_llamaindex_text_with_half_a_character_is_written_and_restored(
    request, copy_of, empty_run, plan_for, signed, tmp_path
):
    folder = copy_of(request.getfixturevalue("llamaindex_store"))
    content = json.loads((folder / "docstore.json").read_text())
    for key in ("e3", "e5"):
        content["docstore/data"][key]["__data__"]["text"] = "half \ud83d"
    (folder / "docstore.json").write_text(json.dumps(content))
    store = open_store(folder)
    apply_plan(empty_run, store, plan_for(store, "e3"), tmp_path / "out", signed=signed)
    restore_store(tmp_path / "out", tmp_path / "back")
    held = json.loads((tmp_path / "back" / "docstore.json").read_text())["docstore/data"]
    assert [held[key]["__data__"]["text"] for key in ("e3", "e5")] == ["half \ud83d"] * 2


def test_foreign_pickle_is_refused_and_never_run(
    store_of, copy_of, request, plan_for, empty_run, signed, tmp_path
):
    folder = copy_of(request.getfixturevalue("faiss_store"))
    mark = tmp_path / "ran"
    (folder / "index.pkl").write_bytes(f"cos\nsystem\n(S'touch {mark}'\ntR.".encode())
    store = open_store(folder)
    plan = plan_for(store, "position-3")
    with pytest.raises(StoreError, match="was not read"):
        apply_plan(empty_run, store, plan, tmp_path / "out", signed=signed)
    assert not mark.exists()
    assert not (tmp_path / "out").exists()


def test_native_vectors_keep_their_number_type_and_lines_their_fields(
    write_native, plan_for, empty_run, signed, tmp_path
):
    rows = [{"id": f"x{i}", "text": f"t{i}", "own field": {"a": [i, None]}} for i in range(5)]
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float64)
    store = open_store(write_native(tmp_path / "s", rows, vectors))
    apply_plan(empty_run, store, plan_for(store, "x0", "x4"), tmp_path / "out", signed=signed)
    restore_store(tmp_path / "out", tmp_path / "back")
    for name in ("entries.jsonl", "vectors.npy"):
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / "s" / name).read_bytes()


def test_store_that_changed_since_the_plan_is_refused(
    request, copy_of, plan_for, empty_run, signed, tmp_path
):
    folder = copy_of(request.getfixturevalue("native_store"))
    plan = plan_for(open_store(folder), "e1")
    rows = (folder / "entries.jsonl").read_text().replace("pump 5", "pump 6")
    (folder / "entries.jsonl").write_text(rows)
    with pytest.raises(StoreError, match="changed since the plan"):
        apply_plan(empty_run, open_store(folder), plan, tmp_path / "out", signed=signed)


def test_unknown_entry_and_empty_plan_are_refused(store_of, plan_for, empty_run, signed, tmp_path):
    store = store_of("native_store")
    with pytest.raises(InputError, match="'nobody'"):
        apply_plan(empty_run, store, plan_for(store, "nobody"), tmp_path / "out", signed=signed)
    with pytest.raises(InputError, match="no approved entry"):
        apply_plan(empty_run, store, plan_for(store), tmp_path / "out", signed=signed)


def test_a_plan_that_leaves_nothing_is_refused_by_the_name_of_its_store(
    write_native, plan_for, empty_run, signed, tmp_path
):
    folder = write_native(tmp_path / "s", [{"id": "x", "text": "false"}], np.ones((1, 2), np.float32))
    store = open_store(folder)
    with pytest.raises(StoreError, match=r"/s: nothing would be left of it.*build it anew"):
        apply_plan(empty_run, store, plan_for(store, "x"), tmp_path / "out", signed=signed)
    assert not (tmp_path / "out").exists()


def test_second_application_into_the_same_folder_is_refused(store_of, plan_for, empty_run, signed, tmp_path):
    store = store_of("native_store")
    applied_to(store, plan_for, empty_run, signed, tmp_path / "out")
    with pytest.raises(InputError, match="was applied here"):
        applied_to(store, plan_for, empty_run, signed, tmp_path / "out")


def test_evidence_is_a_copy_with_matching_digests(store_of, plan_for, empty_run, signed, tmp_path, digest_of):
    applied_to(store_of("native_store"), plan_for, empty_run, signed, tmp_path / "out")
    evidence = tmp_path / "out" / "evidence"
    named = json.loads((evidence / "digests.json").read_text())
    found = {name: sha for name, sha in digest_of(evidence).items() if name != "digests.json"}
    assert named == {"sha256": found, "missing": []}
    assert {"store/entries.jsonl", "store/vectors.npy", "log/log.jsonl", "run/manifest.json"} <= set(found)


def test_evidence_is_never_written_outside_its_folder(store_of, empty_run, tmp_path):
    from dataclasses import replace

    from halluguard.response.evidence import preserve

    (tmp_path / "a" / "s").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("foreign")
    hostile = replace(
        store_of("native_store"),
        path=tmp_path / "a" / "s",
        paths=(tmp_path / "a" / "s" / "../../secret.txt",),
    )
    with pytest.raises(StoreError, match=r"secret.txt: its copy .* would lie outside"):
        preserve(empty_run, hostile, tmp_path / "evidence")
    assert [path.name for path in tmp_path.rglob("secret.txt")] == ["secret.txt"]


def test_edited_archive_is_not_restored(store_of, plan_for, empty_run, signed, tmp_path):
    applied_to(store_of("native_store"), plan_for, empty_run, signed, tmp_path / "out")
    path = tmp_path / "out" / "quarantine" / "entries.jsonl"
    path.write_text(path.read_text().replace("is serviced", "is never serviced"))
    with pytest.raises(InputError, match="not the store before"):
        restore_store(tmp_path / "out", tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("harm", [{"id": 5}, {"text": [1]}, {"metadata": None}, {"payload": None}])
def test_an_archived_entry_with_a_field_of_another_kind_is_refused(
    harm, store_of, plan_for, empty_run, signed, tmp_path
):
    store = store_of("faiss_store")
    apply_plan(empty_run, store, plan_for(store, "e3"), tmp_path / "out", signed=signed)
    path = tmp_path / "out" / "quarantine" / "entries.jsonl"
    path.write_text(json.dumps(json.loads(path.read_text()) | harm))
    with pytest.raises(InputError, match=rf"entries.jsonl:1: not an archived entry \({next(iter(harm))} is"):
        restore_store(tmp_path / "out", tmp_path / "back")


def test_a_store_is_restored_from_where_nobody_can_write_and_that_is_said(
    store_of, plan_for, empty_run, signed, tmp_path, monkeypatch
):
    import errno

    from halluguard.response import quarantine

    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    applied_to(store_of("native_store"), plan_for, empty_run, signed, tmp_path / "out")
    monkeypatch.setattr(quarantine, "append_ledger", refuse)
    with pytest.warns(HalluguardWarning, match=r"ledger.jsonl could not be written \(Read-only"):
        restore_store(tmp_path / "out", tmp_path / "back", signed=signed)
    assert (tmp_path / "back" / "entries.jsonl").is_file()


def test_a_ledger_whose_end_was_cut_off_is_told_and_the_evidence_named(
    store_of, plan_for, empty_run, signed, tmp_path
):
    applied_to(store_of("native_store"), plan_for, empty_run, signed, tmp_path / "out")
    path = tmp_path / "out" / "ledger.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match=r"cut off\? Restore from .*evidence/store"):
        restore_store(tmp_path / "out", tmp_path / "back")


@pytest.mark.parametrize(
    "line",
    [b'"\xe9"', b"[" * 200_000, b'{"id": "", "text": null, "metadata": {}, "payload": {}, "vector": null}'],
)
def test_a_damaged_archive_or_ledger_is_told_in_one_line(
    line, store_of, plan_for, empty_run, signed, tmp_path
):
    applied_to(store_of("native_store"), plan_for, empty_run, signed, tmp_path / "out")
    (tmp_path / "out" / "quarantine" / "entries.jsonl").write_bytes(line)
    with pytest.raises(InputError, match=r"entries.jsonl:1: not an archived entry"):
        restore_store(tmp_path / "out", tmp_path / "back")
    (tmp_path / "out" / "ledger.jsonl").write_bytes(line)
    with pytest.raises(InputError, match=r"ledger.jsonl"):
        restore_store(tmp_path / "out", tmp_path / "back")


def test_a_plan_saved_as_latin_1_beside_the_one_applied_is_kept_as_it_was(
    store_of, plan_for, empty_run, signed, tmp_path
):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plan.yaml").write_bytes(b"caf\xe9")
    applied_to(store_of("native_store"), plan_for, empty_run, signed, tmp_path / "out")
    assert (tmp_path / "out" / "plan.before.yaml").read_bytes() == b"caf\xe9"


KILLED = """
import os, shutil, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from halluguard.response import Signature, apply_plan, read_plan
from halluguard.run import Run
from halluguard.stores import open_store
root = Path(sys.argv[1])
run, store, plan = Run.open(root / "run"), open_store(root / "s"), read_plan(root / "plan.yaml")
number, killed = 0, True
while killed:
    number += 1
    out = root / f"out-{number}"
    out.mkdir()
    shutil.copyfile(root / "plan.yaml", out / "plan.yaml")
    child = os.fork()
    if not child:
        seen = 0
        def touch(event, arguments):
            global seen
            if event in {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"} and out.name in str(arguments[0]):
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(touch)
        apply_plan(run, store, plan, out, signed=Signature("x", datetime(2026, 1, 1, tzinfo=UTC)))
        os._exit(0)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
print(number)
"""


def test_a_kill_at_any_touch_of_a_file_leaves_the_old_folder_or_the_new_one(
    write_native, plan_for, empty_run, tmp_path, signed, digest_of
):
    from dataclasses import replace

    from halluguard.response import PlanAction, PlanEntry, write_plan

    rows = [{"id": f"x{i}", "text": f"text {i} " * 20} for i in range(60)]
    store = open_store(write_native(tmp_path / "s", rows, np.ones((60, 8), dtype=np.float32)))
    before = digest_of(tmp_path / "s")
    earlier = [{**row, "text": "earlier"} if row["id"] == "x7" else row for row in rows]
    copy = write_native(tmp_path / "copy", earlier, np.zeros((60, 8), dtype=np.float32))
    back = PlanAction("A2", "put_back", True, "", entries=(PlanEntry("x7", snapshot=str(copy)),))
    plan = plan_for(store, "x7", "x8")
    plan = replace(plan, actions=(*plan.actions, back))
    (tmp_path / "plan.yaml").write_text(write_plan(plan))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, check=True
    )
    outs = [tmp_path / f"out-{number}" for number in range(1, int(done.stdout) + 1)]
    assert len(outs) > 30
    whole = {"plan.yaml", "store", "quarantine", "evidence", "ledger.jsonl"}
    held = [{path.name for path in out.iterdir()} for out in outs]
    assert all(names in ({"plan.yaml"}, whole) for names in held)
    assert {"plan.yaml"} in held[:-1]
    assert whole in held[:-1]  # killed after the exchange
    assert digest_of(tmp_path / "s") == before
    for out, names in zip(outs, held, strict=True):
        if names != whole:
            assert apply_plan(empty_run, store, plan, out, signed=signed).left == 59
            assert not list(tmp_path.glob(f".{out.name}.*"))  # what the killed process left is swept
        made = {entry.id: entry.text for entry in open_store(out / "store").entries()}
        assert (len(made), made["x7"]) == (59, "earlier")
        assert restore_store(out, tmp_path / f"back-{out.name}")[1] == 60


def test_what_a_killed_process_left_is_swept_beside_a_name_with_brackets(tmp_path):
    from halluguard.response.swap import building

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f".case[1].building-{gone.pid}-x").mkdir()
    with building(tmp_path / "case[1]"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["case[1]"]


@pytest.mark.parametrize("held", [None, (), ("plan.yaml",)])
def test_a_linked_folder_is_replaced_where_it_lies(held, tmp_path):
    from halluguard.response.swap import building

    real, link = tmp_path / "disk" / "real", tmp_path / "link"
    if held is not None:
        real.mkdir(parents=True)
        for name in held:
            (real / name).write_text("before")
    link.symlink_to(real)
    with building(link) as built:
        (built / "new").write_text("made")
    assert link.is_symlink()
    assert [path.name for path in real.iterdir()] == ["new"]
    assert {path.name for path in (*tmp_path.iterdir(), *real.parent.iterdir())} == {"link", "disk", "real"}


def test_failure_on_the_way_leaves_the_folder_as_it_was(
    store_of, plan_for, empty_run, signed, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    out.mkdir()
    (out / "plan.yaml").write_text("mine")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("halluguard.response.quarantine.write_ledger", fail)
    store = store_of("native_store")
    with pytest.raises(OSError, match="No space"):
        apply_plan(empty_run, store, plan_for(store, "e1"), out, signed=signed)
    assert [path.name for path in out.iterdir()] == ["plan.yaml"]
    assert (out / "plan.yaml").read_text() == "mine"
    assert not list(tmp_path.glob(".out*"))


def test_roll_back_takes_the_earlier_copy_and_keeps_clean_entries_added_since(
    write_native, empty_run, signed, tmp_path
):
    from halluguard.response import Plan, PlanAction, PlanEntry

    old = [{"id": f"x{i}", "text": f"t{i}"} for i in range(4)]
    new = [{**row, "text": "edited"} if row["id"] == "x1" else row for row in old]
    new += [{"id": "good", "text": "added"}, {"id": "bad", "text": "false"}]
    write_native(tmp_path / "old", old, np.eye(4, 3, dtype=np.float32))
    store = open_store(write_native(tmp_path / "s", new, np.eye(6, 3, dtype=np.float32)))
    actions = (
        PlanAction("A1", "quarantine", True, "", entries=(PlanEntry("bad"),)),
        PlanAction("A2", "roll_back", True, "", targets={"snapshot": str(tmp_path / "old")}),
    )
    apply_plan(empty_run, store, Plan("", {}, actions), tmp_path / "out", signed=signed)
    made = [(entry.id, entry.text) for entry in open_store(tmp_path / "out" / "store").entries()]
    assert made == [("x0", "t0"), ("x1", "t1"), ("x2", "t2"), ("x3", "t3"), ("good", "added")]


def test_roll_back_gives_an_entry_that_was_edited_its_earlier_text_and_drops_one_that_was_bad_before(
    write_native, empty_run, signed, tmp_path
):
    from halluguard.response import Plan, PlanAction, PlanEntry

    old = [{"id": "edited", "text": "right"}, {"id": "old lie", "text": "false"}, {"id": "page", "text": "p"}]
    new = [{"id": "edited", "text": "wrong"}, *old[1:]]
    write_native(tmp_path / "old", old, np.eye(3, dtype=np.float32))
    store = open_store(write_native(tmp_path / "s", new, np.eye(3, dtype=np.float32)))
    actions = (
        PlanAction("A1", "quarantine", True, "", entries=(PlanEntry("edited"), PlanEntry("old lie"))),
        PlanAction("A2", "roll_back", True, "", targets={"snapshot": str(tmp_path / "old")}),
    )
    apply_plan(empty_run, store, Plan("", {}, actions), tmp_path / "out", signed=signed)
    made = [(entry.id, entry.text) for entry in open_store(tmp_path / "out" / "store").entries()]
    assert made == [("edited", "right"), ("page", "p")]


def test_roll_back_brings_no_piece_back_that_was_quarantined_with_others_of_its_id(
    write_native, empty_run, signed, tmp_path
):
    from halluguard.response import Plan, PlanAction, PlanEntry

    rows = [{"id": "page", "text": "false"}, {"id": "page", "text": "false too"}, {"id": "kept", "text": "k"}]
    write_native(tmp_path / "old", rows, np.eye(3, dtype=np.float32))
    store = open_store(write_native(tmp_path / "s", rows, np.eye(3, dtype=np.float32)))
    actions = (
        PlanAction("A1", "quarantine", True, "", entries=(PlanEntry("page"),)),
        PlanAction("A2", "roll_back", True, "", targets={"snapshot": str(tmp_path / "old")}),
    )
    apply_plan(empty_run, store, Plan("", {}, actions), tmp_path / "out", signed=signed)
    assert [entry.text for entry in open_store(tmp_path / "out" / "store").entries()] == ["k"]


def test_roll_back_to_a_copy_with_vectors_of_another_dimension_is_refused_and_names_both(
    write_native, empty_run, signed, tmp_path
):
    from halluguard.response import Plan, PlanAction, PlanEntry

    rows = [{"id": f"x{i}", "text": f"t{i}"} for i in range(3)]
    write_native(tmp_path / "old", rows, np.eye(3, 5, dtype=np.float32))
    store = open_store(write_native(tmp_path / "s", rows, np.eye(3, dtype=np.float32)))
    actions = (
        PlanAction("A1", "quarantine", True, "", entries=(PlanEntry("x1"),)),
        PlanAction("A2", "roll_back", True, "", targets={"snapshot": str(tmp_path / "old")}),
    )
    with pytest.raises(InputError, match=r"old: vectors of dimension 5, where .* has 3"):
        apply_plan(empty_run, store, Plan("", {}, actions), tmp_path / "out", signed=signed)


def test_roll_back_to_a_copy_without_vectors_is_refused(write_native, empty_run, signed, tmp_path):
    from halluguard.response import Plan, PlanAction, PlanEntry

    rows = [{"id": f"x{i}", "text": f"t{i}"} for i in range(3)]
    (tmp_path / "old.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    store = open_store(write_native(tmp_path / "s", rows, np.eye(3, dtype=np.float32)))
    actions = (
        PlanAction("A1", "quarantine", True, "", entries=(PlanEntry("x1"),)),
        PlanAction("A2", "roll_back", True, "", targets={"snapshot": str(tmp_path / "old.jsonl")}),
    )
    with pytest.raises(InputError, match="holds no vectors"):
        apply_plan(empty_run, store, Plan("", {}, actions), tmp_path / "out", signed=signed)


@pytest.mark.parametrize(
    "place", ["s", "s/entries.jsonl", "s/out", "run", "run/out", "docs", "docs/out", "."]
)
def test_a_folder_that_is_holds_or_lies_in_what_the_case_rests_on_is_refused(
    place, write_native, empty_run, plan_for, signed, tmp_path, digest_of
):
    (tmp_path / "docs").mkdir()
    inputs = {**empty_run.manifest["inputs"], "trusted": {"path": str(tmp_path / "docs")}}
    empty_run.update_manifest({"inputs": inputs})
    rows = [{"id": f"x{i}", "text": f"t{i}"} for i in range(3)]
    store = open_store(write_native(tmp_path / "s", rows, np.eye(3, dtype=np.float32)))
    before = digest_of(tmp_path)
    with pytest.raises(InputError, match="apart from it"):
        apply_plan(empty_run, store, plan_for(store, "x1"), tmp_path / place, signed=signed)
    with pytest.raises(InputError, match="apart from it"):
        plan_response(empty_run, store, tmp_path / place)
    assert digest_of(tmp_path) == before


def test_a_log_named_from_where_the_check_was_started_is_kept_and_copied(
    write_native, empty_run, plan_for, signed, tmp_path, monkeypatch
):
    inputs = empty_run.manifest["inputs"]
    (tmp_path / "logs").mkdir()
    (tmp_path / "log.jsonl").rename(tmp_path / "logs" / "log.jsonl")
    inputs["log"]["path"] = "logs/log.jsonl"
    empty_run.update_manifest({"inputs": inputs})
    folder = write_native(tmp_path / "s", [{"id": key, "text": key} for key in "ab"], np.ones((2, 2)))
    store = open_store(folder)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="lies inside the log"):
        apply_plan(
            empty_run, store, plan_for(store, "a"), tmp_path / "logs" / "log.jsonl" / "out", signed=signed
        )
    apply_plan(empty_run, store, plan_for(store, "a"), tmp_path / "out", signed=signed)
    assert (tmp_path / "out" / "evidence" / "log" / "log.jsonl").is_file()


def test_a_folder_with_other_files_is_not_replaced(write_native, empty_run, plan_for, signed, tmp_path):
    rows = [{"id": f"x{i}", "text": f"t{i}"} for i in range(3)]
    store = open_store(write_native(tmp_path / "s", rows, np.eye(3, dtype=np.float32)))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("kept")
    with pytest.raises(InputError, match=r"holds 'notes.txt'"):
        apply_plan(empty_run, store, plan_for(store, "x1"), tmp_path / "mine", signed=signed)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "kept"


def test_a_store_is_not_restored_into_its_response(write_native, empty_run, plan_for, signed, tmp_path):
    rows = [{"id": f"x{i}", "text": f"t{i}"} for i in range(3)]
    store = open_store(write_native(tmp_path / "s", rows, np.eye(3, dtype=np.float32)))
    apply_plan(empty_run, store, plan_for(store, "x1"), tmp_path / "out", signed=signed)
    for place in ("out/back", "s/back"):
        with pytest.raises(InputError, match="lies inside the"):
            restore_store(tmp_path / "out", tmp_path / place)


def test_a_store_is_restored_to_where_it_was_and_without_its_plan(
    write_native, empty_run, plan_for, signed, tmp_path
):
    rows = [{"id": f"x{i}", "text": f"t{i}"} for i in range(3)]
    store = open_store(write_native(tmp_path / "s", rows, np.eye(3, dtype=np.float32)))
    apply_plan(empty_run, store, plan_for(store, "x1"), tmp_path / "out", signed=signed)
    (tmp_path / "s").rename(tmp_path / "moved")
    assert restore_store(tmp_path / "out", tmp_path / "s")[1] == 3
    (tmp_path / "out" / "plan.yaml").unlink()
    assert restore_store(tmp_path / "out", tmp_path / "again")[1] == 3


LINES = {
    "no ids": '{"text": "a"}\n{"text": "b" }\n{"text": "c"}\n{"id": null, "text": "d"}\n',
    "blank lines": '\n{"text": "a"}\n\n{"text": "b"}\n  \n{"text": "c"}\n{"text": "d"}\n\n',
    "CRLF": '{"text": "a"}\r\n{"text": "b"}\r\n{"text": "c"}\n{"text": "d"}\r\n',
    "no last end": '{"text": "a"}\n{"text": "b"}\n{"text": "c"}\n{"text": "d"}',
    "mark": '\ufeff{"text": "a"}\n{"text": "b"}\n{"text": "c"}\n{"text": "d"}\n',
    "named before": '{"text": "a"}\n{"text": "b"}\n{"text": "c",  "id": "line-3"}\n{"text": "d",   "id": "line-9"}\n',
}


@pytest.mark.parametrize("gone", [0, 1, 3])
@pytest.mark.parametrize("name", LINES)
def test_plain_lines_keep_their_names_and_come_back_byte_for_byte(
    name, gone, empty_run, plan_for, signed, tmp_path
):
    (tmp_path / "s.jsonl").write_bytes(LINES[name].encode())
    store = open_store(tmp_path / "s.jsonl")
    leaves = [leaf_of(entry) for entry in store.entries()]
    apply_plan(empty_run, store, plan_for(store, leaves[gone].id), tmp_path / "out", signed=signed)
    (made,) = (tmp_path / "out" / "store").iterdir()
    assert [leaf_of(entry) for entry in open_store(made).entries()] == leaves[:gone] + leaves[gone + 1 :]
    restore_store(tmp_path / "out", tmp_path / "back")
    assert (tmp_path / "back" / "s.jsonl").read_bytes() == LINES[name].encode()


def test_an_archive_takes_a_lone_surrogate(tmp_path):
    from halluguard.records import Entry
    from halluguard.response.archive import read_archive, write_archive
    from halluguard.response.writers import Item

    write_archive([Item(0, Entry("a", "half \ud83d", metadata={"k": "\udc80"}))], tmp_path, {})
    (item,) = read_archive(tmp_path)
    assert (item.entry.text, item.entry.metadata) == ("half \ud83d", {"k": "\udc80"})


def test_chroma_collections_keep_their_metadata_and_empty_ones_stay(plan_for, empty_run, signed, tmp_path):
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(tmp_path / "db"), settings=settings)
    facts = {"hnsw:space": "cosine", "owner": "ops", "n": 3, "share": 1.5, "live": True, "hnsw:M": 32}
    faq = client.create_collection("faq", embedding_function=None, metadata=facts)
    faq.add(ids=["a", "b"], embeddings=np.eye(2, dtype=np.float32), documents=["text"] * 2)
    client.create_collection("empty", embedding_function=None, metadata={"for": "later"})
    client.create_collection(
        "tuned", embedding_function=None, configuration={"hnsw": {"space": "ip", "ef_search": 55}}
    )
    store = open_store(tmp_path / "db")
    applied = apply_plan(empty_run, store, plan_for(store, "a"), tmp_path / "out", signed=signed)
    opened = chromadb.PersistentClient(str(tmp_path / "out" / "store"), settings=settings)
    made = {name: opened.get_collection(name, embedding_function=None) for name in ("faq", "empty", "tuned")}
    assert made["faq"].metadata == facts
    assert made["empty"].metadata["for"] == "later"
    assert [one.count() for one in made.values()] == [1, 0, 0]
    assert applied.notes == ("collection 'tuned': settings that are not copied: ef_search",)


class _NoModels:
    def load(self):
        raise InputError("no such model")


def test_models_are_loaded_before_anything_is_written_and_a_missing_proof_is_made_later(
    write_native, plan_for, empty_run, signed, tmp_path, monkeypatch
):
    from dataclasses import replace
    from types import SimpleNamespace

    from halluguard import api, response
    from halluguard.response import PlanAction, write_plan

    rows = [{"id": f"x{i}", "text": f"t{i}"} for i in range(3)]
    folder = write_native(tmp_path / "s", rows, np.eye(3, dtype=np.float32))
    store, out = open_store(folder), tmp_path / "out"
    plan = plan_for(store, "x1")
    plan = replace(plan, actions=(*plan.actions, PlanAction("A2", "prove", True, "")))
    out.mkdir()
    (out / "plan.yaml").write_text(write_plan(plan))
    with pytest.raises(InputError, match="no such model"):
        api.apply_response(empty_run, folder, out, signed=signed, models=_NoModels())
    assert [path.name for path in out.iterdir()] == ["plan.yaml"]

    applied = apply_plan(empty_run, store, plan, out, signed=signed)
    loaded = SimpleNamespace(reader=None, models=SimpleNamespace(embedder=None))
    models = SimpleNamespace(load=lambda: loaded)
    monkeypatch.setattr(response, "prove_response", lambda *_, **__: "proof")
    again, proof = api.apply_response(empty_run, folder, out, signed=signed, models=models)
    assert (replace(again, notes=applied.notes), proof) == (applied, "proof")

    write_native(tmp_path / "other", rows[:2], np.eye(2, 3, dtype=np.float32))
    with pytest.raises(InputError, match="not the store that the plan was applied to"):
        api.apply_response(empty_run, tmp_path / "other", out, signed=signed, models=models)
    (out / "proof.json").write_text("{}")  # killed before the ledger had its line
    assert api.apply_response(empty_run, folder, out, signed=signed, models=models)[1] == "proof"
    proof = {"deed": "proof", "verdict": "proved", "proof": digest_file(out / "proof.json")}
    append_ledger(out / "ledger.jsonl", signed, proof)
    with pytest.raises(InputError, match="was applied here"):
        api.apply_response(empty_run, folder, out, signed=signed, models=models)


def test_evidence_that_is_declined_is_not_copied_and_the_ledger_says_no_more_than_was_done(
    store_of, plan_for, empty_run, signed, tmp_path
):
    from halluguard.response import Plan, PlanAction

    store = store_of("native_store")
    plan = plan_for(store, *GONE)
    actions = (
        PlanAction("A0", "preserve_evidence", False, ""),
        *plan.actions,
        PlanAction("A2", "prove", True, ""),
    )
    applied = apply_plan(empty_run, store, Plan("run", plan.store, actions), tmp_path / "out", signed=signed)

    deeds = [(line["deed"], line.get("do")) for line in read_ledger(tmp_path / "out" / "ledger.jsonl")]
    assert deeds == [
        ("declined", "preserve_evidence"),
        ("done", "quarantine"),
        ("approved, to be made next", "prove"),
        ("new store written", None),
    ]
    assert not (tmp_path / "out" / "evidence").exists()
    assert any("no evidence was copied" in note for note in applied.notes)
    assert restore_store(tmp_path / "out", tmp_path / "back") == (applied.root_before, store.count)


def test_a_llamaindex_id_with_half_a_character_is_quarantined_and_put_back(
    plan_for, empty_run, signed, tmp_path
):
    ids, folder = ["good", "evil\ud800"], tmp_path / "s"
    folder.mkdir()
    nodes = {
        key: {
            "__data__": {"id_": key, "text": "x", "metadata": {}, "class_name": "TextNode"},
            "__type__": "1",
        }
        for key in ids
    }
    nodes["good"]["__data__"]["relationships"] = {"3": {"node_id": ids[1]}}
    (folder / "docstore.json").write_text(json.dumps({"docstore/data": nodes, "docstore/metadata": {}}))
    vectors = {"embedding_dict": {key: [1.0, 0.0] for key in ids}}
    (folder / "default__vector_store.json").write_text(json.dumps(vectors))
    store = open_store(folder)

    apply_plan(empty_run, store, plan_for(store, "evil\ufffd"), tmp_path / "out", signed=signed)
    restore_store(tmp_path / "out", tmp_path / "back")

    made = json.loads((tmp_path / "out" / "store" / "docstore.json").read_text())["docstore/data"]
    assert (list(made), made["good"]["__data__"]["relationships"]) == (["good"], {})
    assert json.loads((tmp_path / "back" / "docstore.json").read_text())["docstore/data"] == nodes
