# ruff: noqa: PLR0917 - fixtures are positional by nature
"""Applying a plan to a Qdrant folder and taking it back, with the library that owns it."""

import json
import pickle
import sqlite3
from contextlib import closing
from datetime import date

import pytest

from halluguard.errors import StoreError
from halluguard.response import apply_plan, restore_store
from halluguard.response.digests import leaf_of
from halluguard.stores import open_store

qdrant = pytest.importorskip("qdrant_client", reason="qdrant-client is not installed")
models = qdrant.models
KEY = "6a2f9d1e-1111-4222-8333-444455556666"
GONE = ("3", "4", "17", "39")


@pytest.fixture
def rich_store(tmp_path):
    """Two collections, one with several vectors a point, ids of both kinds and a payload that is no JSON."""
    folder = tmp_path / "rich"
    client = qdrant.QdrantClient(path=str(folder))
    vectors = {
        name: models.VectorParams(size=2, distance=models.Distance.COSINE) for name in ("title", "body")
    }
    client.create_collection(
        "kb", vectors_config=vectors, sparse_vectors_config={"words": models.SparseVectorParams()}
    )
    client.create_collection("faq", vectors_config=vectors["title"])
    sparse = models.SparseVector(indices=[3, 9], values=[0.5, 0.25])
    client.upsert(
        "kb",
        [
            models.PointStruct(
                id=key,
                vector={"title": [0.1, 2.0], "body": [3.0, 0.3], "words": sparse},
                payload={"text": f"text {key}"},
            )
            for key in (KEY, 3)
        ],
    )
    client.upsert("faq", [models.PointStruct(id=9, vector=[1, 0], payload={"text": "answer"})])
    client.close()
    dated = models.PointStruct(
        id=1, vector={"body": [1, 1]}, payload={"text": "text 1", "day": date(2026, 3, 2)}
    )
    insert(folder, "kb", pickle.dumps(dated))
    return folder


def insert(folder, collection, blob):
    database = folder / "collection" / collection / "storage.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("INSERT INTO points VALUES ('new', ?)", (blob,))
        connection.commit()


def test_new_store_holds_every_other_entry_as_it_was_and_is_restored(
    qdrant_store, digest_of, plan_for, empty_run, signed, tmp_path
):
    before = digest_of(qdrant_store)
    store = open_store(qdrant_store)
    applied = apply_plan(empty_run, store, plan_for(store, *GONE), tmp_path / "out", signed=signed)
    made = open_store(tmp_path / "out" / "store")

    assert applied.notes == ()
    assert (made.kind, made.metric, made.collection) == (store.kind, store.metric, store.collection)
    kept = [leaf_of(entry) for entry in store.entries() if entry.id not in GONE]
    assert [leaf_of(entry) for entry in made.entries()] == kept

    root, count = restore_store(tmp_path / "out", tmp_path / "back")
    assert (root, count) == (applied.root_before, store.count)
    assert digest_of(qdrant_store) == before


def test_quarantined_text_is_in_no_file_of_the_new_store(qdrant_store, plan_for, empty_run, signed, tmp_path):
    store = open_store(qdrant_store)
    texts = [entry.text.encode() for entry in store.entries() if entry.id in GONE]
    apply_plan(empty_run, store, plan_for(store, *GONE), tmp_path / "out", signed=signed)

    files = [path for path in (tmp_path / "out" / "store").rglob("*") if path.is_file()]
    assert len(files) == 3
    assert not [path for path in files if any(text in path.read_bytes() for text in texts)]


def test_qdrant_opens_the_new_store_and_finds(qdrant_store, plan_for, empty_run, signed, tmp_path):
    store = open_store(qdrant_store)
    apply_plan(empty_run, store, plan_for(store, *GONE), tmp_path / "out", signed=signed)
    client = qdrant.QdrantClient(path=str(tmp_path / "out" / "store"))
    for entry in store.entries():
        (found,) = client.query_points("pumps", query=entry.vector.tolist(), limit=1).points
        assert (found.payload["page_content"] == entry.text) == (entry.id not in GONE)
    client.close()


def test_ids_other_vectors_and_other_collections_are_kept(rich_store, plan_for, empty_run, signed, tmp_path):
    store = open_store(rich_store, collection="kb/body")
    applied = apply_plan(
        empty_run, store, plan_for(store, "3"), tmp_path / "out", signed=signed, collection="kb/body"
    )
    assert [note for note in applied.notes if "datetime.date" in note]

    client = qdrant.QdrantClient(path=str(tmp_path / "out" / "store"))
    points = {point.id: point for point in client.scroll("kb", with_vectors=True)[0]}
    assert points.keys() == {KEY, 1}
    assert points[KEY].vector["words"].indices == [3, 9]
    assert points[1].vector.keys() == {"body"}
    assert points[1].payload == {"text": "text 1", "day": "2026-03-02"}
    assert [point.payload["text"] for point in client.scroll("faq")[0]] == ["answer"]
    client.close()

    restore_store(tmp_path / "out", tmp_path / "back", collection="kb/body")
    client = qdrant.QdrantClient(path=str(tmp_path / "back"))
    assert {point.id for point in client.scroll("kb")[0]} == {KEY, 1, 3}
    client.close()


def test_a_store_with_a_point_that_was_not_read_is_not_written(
    qdrant_store, copy_of, plan_for, empty_run, signed, tmp_path
):
    folder = copy_of(qdrant_store)
    insert(folder, "pumps", b"not a pickle")
    store = open_store(folder)

    with pytest.raises(StoreError, match="position-40 was not read"):
        apply_plan(empty_run, store, plan_for(store, "3"), tmp_path / "out", signed=signed)


@pytest.mark.parametrize(
    "fields",
    [{"vector": [1.0, 2.0, 3.0]}, {"id": "no uuid"}, {"vector": {"other": [1.0, 2.0]}}, {"vector": []}],
    ids=["dimension", "id", "foreign vector", "no numbers"],
)
def test_a_point_that_qdrant_does_not_take_is_named_in_one_line(
    fields, qdrant_store, copy_of, plan_for, empty_run, signed, tmp_path
):
    folder = copy_of(qdrant_store)
    whole = {"id": 77, "vector": [0.5] * 16, "payload": {"page_content": "odd"}, **fields}
    insert(folder, "pumps", pickle.dumps(models.PointStruct.model_construct(**whole)))
    store = open_store(folder)

    with pytest.raises(StoreError, match=f"point {whole['id']!r}") as told:
        apply_plan(empty_run, store, plan_for(store, "3"), tmp_path / "out", signed=signed)
    assert "\n" not in str(told.value)


def test_two_points_with_one_id_are_named(qdrant_store, copy_of, plan_for, empty_run, signed, tmp_path):
    folder = copy_of(qdrant_store)
    insert(
        folder, "pumps", pickle.dumps(models.PointStruct(id=5, vector=[0.5] * 16, payload={"text": "again"}))
    )
    store = open_store(folder)

    with pytest.raises(StoreError, match="two points have the id 5"):
        apply_plan(empty_run, store, plan_for(store, "3"), tmp_path / "out", signed=signed)


def test_values_that_json_has_not_are_told_of(qdrant_store, copy_of, plan_for, empty_run, signed, tmp_path):
    folder = copy_of(qdrant_store)
    payload = {"page_content": "odd", "pair": (1, 2), "raw": b"ab", "share": float("nan")}
    insert(folder, "pumps", pickle.dumps(models.PointStruct(id=77, vector=[0.5] * 16, payload=payload)))
    store = open_store(folder)
    applied = apply_plan(empty_run, store, plan_for(store, "3"), tmp_path / "out", signed=signed)

    (note,) = applied.notes
    assert all(kind in note for kind in ("tuple", "bytes", "nan"))


def test_settings_of_another_collection_do_not_hinder(
    qdrant_store, copy_of, digest_of, plan_for, empty_run, signed, tmp_path
):
    folder = copy_of(qdrant_store)
    meta = json.loads((folder / "meta.json").read_text())
    meta["collections"]["drafts"] = {"new": "settings"}
    (folder / "meta.json").write_text(json.dumps(meta))
    store = open_store(folder, collection="pumps")
    apply_plan(empty_run, store, plan_for(store, "3"), tmp_path / "out", signed=signed, collection="pumps")

    assert (tmp_path / "out" / "store" / "meta.json").read_bytes() == (folder / "meta.json").read_bytes()
