"""Qdrant folders: written by qdrant-client, read without it, a hostile point refused and the others read."""

import json
import pickle
import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from halluguard.errors import StoreError
from halluguard.stores import StoreCode, open_store

qdrant = pytest.importorskip("qdrant_client", reason="qdrant-client is not installed")
models = qdrant.models


def write_points(folder, name, config, points, **more):
    client = qdrant.QdrantClient(path=str(folder))
    client.create_collection(name, vectors_config=config, **more)
    client.upsert(name, points)
    client.close()
    return folder


def dense(size=2, distance="Dot"):
    return models.VectorParams(size=size, distance=models.Distance(distance))


def replace_points(folder, blobs, name="kb"):
    with closing(sqlite3.connect(folder / "collection" / name / "storage.sqlite")) as connection:
        connection.executemany(
            "INSERT INTO points VALUES (?, ?)", [(f"new-{i}", b) for i, b in enumerate(blobs)]
        )
        connection.commit()


@pytest.mark.parametrize(
    ("payload", "text", "source"),
    [
        ({"page_content": "a fee", "metadata": {"source": "fees.md"}}, "a fee", "fees.md"),
        ({"content": "a fee", "meta": {"file_path": "fees.md"}}, "a fee", "fees.md"),
        ({"document": "a fee", "source": "fees.md"}, "a fee", "fees.md"),
        ({"_node_content": json.dumps({"text": "a fee"}), "file_path": "fees.md"}, "a fee", "fees.md"),
        ({"text": 7}, None, None),
        ({"_node_content": "{"}, None, None),
    ],
)
def test_text_and_source_are_found_where_frameworks_put_them(payload, text, source, tmp_path):
    points = [models.PointStruct(id=1, vector=[1, 0], payload=payload)]
    (entry,) = open_store(write_points(tmp_path / "s", "kb", dense(), points)).entries()

    assert (entry.text, entry.source) == (text, source)


def test_ids_are_numbers_or_uuids_and_the_metric_is_the_collections(tmp_path):
    key = "6a2f9d1e-1111-4222-8333-444455556666"
    points = [models.PointStruct(id=one, vector=[3, 4], payload={"text": "x"}) for one in (key, 7)]
    store = open_store(write_points(tmp_path / "s", "kb", dense(distance="Euclid"), points))

    assert [entry.id for entry in store.entries()] == [key, "7"]
    assert (store.metric, store.dimension) == ("l2", 2)
    assert [entry.vector.tolist() for entry in store.entries()] == [[3, 4], [3, 4]]


def test_one_of_several_vectors_is_read_by_its_name(tmp_path):
    points = [models.PointStruct(id=1, vector={"title": [1, 0], "body": [0, 1]}, payload={"text": "x"})]
    folder = write_points(tmp_path / "s", "kb", {"title": dense(), "body": dense()}, points)

    with pytest.raises(StoreError, match=r"it has 'kb/title', 'kb/body'. Name one with --collection"):
        open_store(folder)
    (entry,) = open_store(folder, collection="kb/body").entries()
    assert entry.vector.tolist() == [0, 1]


def test_sparse_vectors_are_left_to_others(tmp_path):
    sparse = models.SparseVector(indices=[3, 9], values=[0.5, 0.25])
    points = [models.PointStruct(id=1, vector={"d": [1, 0], "words": sparse}, payload={"text": "x"})]
    sparse_config = {"words": models.SparseVectorParams()}
    folder = write_points(tmp_path / "s", "kb", {"d": dense()}, points, sparse_vectors_config=sparse_config)
    (entry,) = open_store(folder).entries()

    assert entry.vector.tolist() == [1, 0]


def test_collections_that_hold_entries_are_told_apart(tmp_path):
    for name in ("kb", "faq"):
        points = [models.PointStruct(id=1, vector=[1, 0], payload={"text": name})]
        folder = write_points(tmp_path / "s", name, dense(), points)

    with pytest.raises(StoreError, match="2 collections hold entries: 'kb', 'faq'"):
        open_store(folder)
    with pytest.raises(StoreError, match="no collection 'x'; it has 'kb', 'faq'"):
        open_store(folder, collection="x")
    (entry,) = open_store(folder, collection="faq").entries()
    assert entry.text == "faq"


class Command:
    """What a hostile point runs, if anybody unpickles it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        import os

        return os.system, (f"touch {self.path}",)


def test_a_hostile_point_runs_nothing_is_told_and_hides_no_other(tmp_path):
    points = [models.PointStruct(id=i, vector=[1, i], payload={"text": f"t{i}"}) for i in range(3)]
    folder = write_points(tmp_path / "s", "kb", dense(), points)
    replace_points(folder, [pickle.dumps(Command(tmp_path / "run")), b"", b"\x80\x04\x95\xff"])
    store = open_store(folder)

    assert not (tmp_path / "run").exists()
    assert [entry.text for entry in store.entries()] == ["t0", "t1", "t2", None, None, None]
    assert {reason.code for reason in store.findings()} == {
        StoreCode.FOREIGN_PICKLE_GLOBAL,
        StoreCode.PICKLE_REFUSED,
    }
    assert any("system" in reason.detail for reason in store.findings())


def doubled(depth):
    made = "x"
    for _ in range(depth):
        made = [made, made]
    return made


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 10**5000},
        {"payload": {"n": 10**5000}},
        {"vector": [1.0, 10**400]},
        {"payload": {"n": doubled(40)}},
        {"payload": {"n": ["x" * 3_000_000] * 200}},
    ],
    ids=["long id", "long number", "huge number", "doubled", "repeated"],
)
def test_a_point_that_unfolds_or_breaks_the_reader_hides_no_other(fields, tmp_path):
    points = [models.PointStruct(id=i, vector=[1, i], payload={"text": f"t{i}"}) for i in range(3)]
    folder = write_points(tmp_path / "s", "kb", dense(), points)
    hostile = models.PointStruct.model_construct(**{"id": 7, "vector": [1.0, 0.0], "payload": {}, **fields})
    replace_points(folder, [pickle.dumps(hostile)])
    store = open_store(folder)

    assert [entry.text for entry in store.entries()] == ["t0", "t1", "t2", None]
    assert {reason.code for reason in store.findings()} == {StoreCode.PICKLE_REFUSED}


def test_a_view_in_place_of_the_points_is_refused(qdrant_store, tmp_path):
    folder = shutil.copytree(qdrant_store, tmp_path / "s")
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x AS id, x AS point FROM n"
    with closing(sqlite3.connect(folder / "collection" / "pumps" / "storage.sqlite")) as connection:
        connection.execute("DROP TABLE points")
        connection.execute(f"CREATE VIEW points AS {endless}")
        connection.commit()

    with pytest.raises(StoreError, match="holds a view 'points'"):
        open_store(folder)


def test_an_alias_and_a_name_with_slashes_are_found(tmp_path):
    points = [models.PointStruct(id=1, vector={"title": [1, 0], "body": [0, 1]}, payload={"text": "x"})]
    folder = write_points(tmp_path / "s", "kb", {"title": dense(), "body": dense()}, points)
    (folder / "collection" / "kb").rename(folder / "collection" / "old")
    shutil.copytree(folder / "collection" / "old", folder / "collection" / "a" / "b")
    meta = json.loads((folder / "meta.json").read_text())
    meta = {"collections": {"a/b": meta["collections"]["kb"]}, "aliases": {"live": "a/b"}}
    (folder / "meta.json").write_text(json.dumps(meta))

    for named in ("a/b/body", "live/body"):
        store = open_store(folder, collection=named)
        assert store.collection == "a/b/body"
        assert [entry.vector.tolist() for entry in store.entries()] == [[0, 1]]
    with pytest.raises(StoreError, match="no vector 'zz' in collection 'a/b'"):
        open_store(folder, collection="live/zz")


def test_a_collection_without_its_database_is_said_to_be_incomplete(qdrant_store, tmp_path):
    folder = shutil.copytree(qdrant_store, tmp_path / "s")
    (folder / "collection" / "pumps" / "storage.sqlite").unlink()

    with pytest.raises(StoreError, match=r"missing, though meta\.json names its collection"):
        open_store(folder, collection="pumps")


@pytest.mark.parametrize("name", ["../outside", "/etc", "a/../../b", ""])
def test_a_collection_that_points_elsewhere_is_refused(name, qdrant_store, tmp_path):
    folder = shutil.copytree(qdrant_store, tmp_path / "s")
    meta = json.loads((folder / "meta.json").read_text())
    meta["collections"][name] = meta["collections"]["drafts"]
    (folder / "meta.json").write_text(json.dumps(meta))

    with pytest.raises(StoreError, match="tampered with"):
        open_store(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"collections": 3}', '{"collections": {"kb": 3}}'])
def test_a_damaged_meta_file_is_one_clear_line(content, qdrant_store, tmp_path):
    folder = shutil.copytree(qdrant_store, tmp_path / "s")
    (folder / "meta.json").write_text(content)

    with pytest.raises(StoreError, match=r"meta.json: not as Qdrant writes it"):
        open_store(folder)


@pytest.mark.parametrize("size", [0, 100, 9000])
def test_a_cut_database_is_one_clear_line(size, qdrant_store, tmp_path):
    folder = shutil.copytree(qdrant_store, tmp_path / "s")
    database = folder / "collection" / "pumps" / "storage.sqlite"
    database.write_bytes(database.read_bytes()[:size])

    with pytest.raises(StoreError) as told:
        open_store(folder)
    assert "\n" not in str(told.value)


def test_an_empty_store_is_one_clear_line(tmp_path):
    folder = tmp_path / "s"
    client = qdrant.QdrantClient(path=str(folder))
    client.create_collection("kb", vectors_config=dense())
    client.close()

    with pytest.raises(StoreError, match="holds no entries"):
        open_store(folder)


def test_a_point_written_again_comes_last(tmp_path):
    points = [models.PointStruct(id=i, vector=[1, i], payload={"text": f"t{i}"}) for i in range(3)]
    folder = write_points(tmp_path / "s", "kb", dense(), points)
    client = qdrant.QdrantClient(path=str(folder))
    client.upsert("kb", [models.PointStruct(id=0, vector=[5, 5], payload={"text": "new"})])
    client.close()
    entries = list(open_store(folder).entries())

    assert [entry.text for entry in entries] == ["t1", "t2", "new"]
    np.testing.assert_array_equal(entries[-1].vector, [5, 5])
