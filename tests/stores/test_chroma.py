"""Chroma folders: the index, the queue, and what deletion and rewriting leave behind."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from halluguard.errors import StoreError
from halluguard.stores import StoreCode, open_store
from halluguard.stores.sqlite_copy import copy_database

chromadb = pytest.importorskip("chromadb", reason="chromadb is not installed")


def collection_of(folder):
    client = chromadb.PersistentClient(
        str(folder), settings=chromadb.config.Settings(anonymized_telemetry=False)
    )
    return client.get_collection("pumps", embedding_function=None)


def edit(folder, *statements):
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.fixture(scope="module")
def changed_store(chroma_store, tmp_path_factory):
    """A store in which three entries were deleted and two rewritten, then more were added."""
    folder = tmp_path_factory.mktemp("changed") / "store"
    shutil.copytree(chroma_store, folder)
    collection = collection_of(folder)
    collection.delete(ids=["e3", "e5", "e240"])
    vectors = [[1.0] + [0.0] * 15, [0.0, 1.0] + [0.0] * 14]
    collection.update(
        ids=["e7", "e11"], documents=["New words seven.", "New words eleven."], embeddings=vectors
    )
    return folder


def test_metadata_keeps_its_types(chroma_store):
    entry = next(open_store(chroma_store).entries())

    assert entry.metadata == {"source": "s0.md", "page": 0, "draft": True, "weight": 0.0}
    assert type(entry.metadata["draft"]) is bool


@pytest.fixture
def make_store(tmp_path):
    """Return a function that writes a small store through Chroma, and lets a test write to its collection."""

    def make(write):
        client = chromadb.PersistentClient(
            str(tmp_path / "made"), settings=chromadb.config.Settings(anonymized_telemetry=False)
        )
        write(client.create_collection("pumps", embedding_function=None))
        return tmp_path / "made"

    return make


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("2020-05-01T12:00:00+02:00", "2020-05-01T10:00:00+00:00"),
        ("2999-01-01", None),
        ("soon", None),
        (None, None),
    ],
)
def test_entry_is_as_old_as_the_earlier_of_its_own_time_and_the_time_it_was_written(
    make_store, own, expected
):
    metadata = {"source": "a.md"} | ({} if own is None else {"ingested_at": own})
    folder = make_store(
        lambda one: one.add(ids=["a"], embeddings=[[1.0, 0.0]], documents=["x"], metadatas=[metadata])
    )

    (entry,) = open_store(folder).entries()

    if expected is None:
        with closing(sqlite3.connect(folder / "chroma.sqlite3")) as connection:
            ((created,),) = connection.execute("SELECT created_at FROM embeddings")
        expected = f"{created.replace(' ', 'T')}+00:00"
    assert entry.ingested_at.isoformat() == expected


def test_lists_of_metadata_are_read_in_their_order(make_store):
    metadata = {
        "tags": ["b", "a"],
        "pages": [2, 1],
        "weights": [1.5],
        "flags": [True, False],
        "source": "a.md",
    }
    folder = make_store(
        lambda one: one.add(
            ids=["a", "b"],
            embeddings=[[1.0, 0.0], [0.0, 1.0]],
            documents=["x", "y"],
            metadatas=[metadata, None],
        )
    )

    first, second = open_store(folder).entries()

    assert first.metadata == metadata
    assert type(first.metadata["flags"][0]) is bool
    assert second.metadata == {}


def test_writes_that_chroma_ignores_are_ignored(make_store):
    def write(one):
        one.update(ids=["nowhere"], embeddings=[[1.0, 0.0]], documents=["Nothing."])
        one.add(ids=["a", "b"], embeddings=[[1.0, 0.0], [0.0, 1.0]], documents=["x", "y"])
        one.add(ids=["a"], embeddings=[[0.5, 0.5]], documents=["z"])
        one.delete(ids=["b"])
        one.update(ids=["b"], embeddings=[[0.5, 0.5]], documents=["z"])
        one.update(ids=["also nowhere"], embeddings=[[1.0, 0.0]], documents=["Nothing."])

    store = open_store(make_store(write))

    assert [(entry.id, entry.text, entry.vector.tolist()) for entry in store.entries()] == [
        ("a", "x", [1.0, 0.0])
    ]
    assert store.findings() == ()


def test_pending_writes_to_ids_of_the_index_are_judged_by_the_index(chroma_store, copy_of):
    folder = copy_of(chroma_store)
    collection = collection_of(folder)
    before = {entry.id: entry.vector.tolist() for entry in open_store(folder).entries()}
    collection.add(ids=["e1"], embeddings=[[1.0] + [0.0] * 15], documents=["Ignored."])
    collection.update(ids=["e2"], embeddings=[[1.0] + [0.0] * 15], documents=["Taken."])
    collection.update(ids=["e999"], embeddings=[[1.0] + [0.0] * 15], documents=["Ignored."])

    store = open_store(folder)
    after = {entry.id: entry.vector.tolist() for entry in store.entries()}

    assert after == before | {"e2": [1.0] + [0.0] * 15}
    assert StoreCode.COUNT_MISMATCH not in {reason.code for reason in store.findings()}


def test_vectors_come_from_the_index_and_from_the_queue(chroma_store):
    with closing(
        sqlite3.connect(f"file:{chroma_store / 'chroma.sqlite3'}?mode=ro&immutable=1", uri=True)
    ) as connection:
        rows = dict(
            connection.execute(
                "SELECT s.scope, m.seq_id FROM max_seq_id m JOIN segments s ON s.id = m.segment_id"
            )
        )

    assert rows["VECTOR"] < rows["METADATA"]  # the lag this test is about
    assert all(entry.vector is not None for entry in open_store(chroma_store).entries())


def test_deleted_entries_are_gone_and_their_slots_told(changed_store):
    store = open_store(changed_store)

    assert store.count == 247
    assert not {"e3", "e5", "e240"} & {entry.id for entry in store.entries()}


def test_rewritten_entries_are_marked_by_their_sequence(changed_store):
    store = open_store(changed_store)

    assert set(store.entry_findings()) == {"e7", "e11"}
    assert StoreCode.REWRITTEN_IN_PLACE in {reason.code for reason in store.findings()}
    assert next(entry for entry in store.entries() if entry.id == "e7").text == "New words seven."


def test_index_that_lacks_entries_no_queue_covers_is_behind(chroma_store, copy_of):
    folder = copy_of(chroma_store)
    edit(folder, "DELETE FROM embeddings_queue")

    (reason,) = open_store(folder).findings()

    assert reason.code == StoreCode.INDEX_BEHIND
    assert reason.figure == 50


def test_vector_whose_record_is_gone_is_a_ghost(chroma_store, copy_of):
    folder = copy_of(chroma_store)
    edit(folder, "DELETE FROM embeddings WHERE embedding_id IN ('e1', 'e2')")

    store = open_store(folder)

    assert [(reason.code, reason.figure) for reason in store.findings()] == [(StoreCode.COUNT_MISMATCH, 2.0)]
    assert sorted(entry.id for entry in store.entries() if entry.text is None) == ["e1", "e2"]


def test_hostile_index_metadata_does_nothing_and_texts_are_read(chroma_store, copy_of, tmp_path):
    folder, marker = copy_of(chroma_store), tmp_path / "marker"
    (metadata,) = folder.glob("*/index_metadata.pickle")
    metadata.write_bytes(b"cposix\nsystem\n(S'touch " + str(marker).encode() + b"'\ntR.")

    store = open_store(folder)

    assert not marker.exists()
    assert StoreCode.FOREIGN_PICKLE_GLOBAL in {reason.code for reason in store.findings()}
    assert sum(entry.text is not None for entry in store.entries()) == 250


def test_collection_is_named_where_several_hold_entries(chroma_store, copy_of):
    folder = copy_of(chroma_store)
    client = chromadb.PersistentClient(
        str(folder), settings=chromadb.config.Settings(anonymized_telemetry=False)
    )
    other = client.create_collection("valves", embedding_function=None)
    other.add(ids=["v"], embeddings=[[1.0, 0.0]], documents=["A valve."])

    with pytest.raises(StoreError, match=r"'pumps', 'valves'\. Name one with --collection"):
        open_store(folder)

    assert [entry.text for entry in open_store(folder, collection="valves").entries()] == ["A valve."]


def test_pending_write_ahead_log_is_read_and_left_alone(chroma_store, copy_of, digest_of):
    folder = copy_of(chroma_store)
    writer = sqlite3.connect(folder / "chroma.sqlite3")
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute(
        "UPDATE embedding_metadata SET string_value = 'Only in the log.' WHERE id = 1 AND key = 'chroma:document'"
    )
    writer.commit()
    before = digest_of(folder)

    entry = next(open_store(folder).entries())

    assert entry.text == "Only in the log."
    assert digest_of(folder) == before
    assert (folder / "chroma.sqlite3-wal").stat().st_size > 0
    writer.close()


def test_store_locked_by_a_writer_is_one_clear_line(chroma_store, copy_of):
    folder = copy_of(chroma_store)
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN EXCLUSIVE');"
        "print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(folder / "chroma.sqlite3")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(StoreError, match="locked by a process"):
            open_store(folder)
        holder.communicate("")


@pytest.mark.parametrize("size", [0, 50, 30_000])
def test_cut_database_is_one_clear_line(chroma_store, copy_of, size):
    folder = copy_of(chroma_store)
    path = folder / "chroma.sqlite3"
    path.write_bytes(path.read_bytes()[:size])

    with pytest.raises(StoreError) as caught:
        open_store(folder)

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["data_level0.bin", "header.bin"])
def test_cut_segment_is_one_clear_line(chroma_store, copy_of, name):
    folder = copy_of(chroma_store)
    (path,) = folder.glob(f"*/{name}")
    path.write_bytes(path.read_bytes()[:40])

    with pytest.raises(StoreError, match="Half written"):
        open_store(folder)


@pytest.mark.parametrize("scope", ["VECTOR", "METADATA"])
@pytest.mark.parametrize(
    "segment", ["../outside", "/etc", "", "..", "{00000000-0000-0000-0000-000000000000}"]
)
def test_segment_id_that_is_no_uuid_is_refused_whatever_it_points_at(segment, scope, chroma_store, copy_of):
    """It names a folder: `../outside` would have foreign files hashed, copied and overwritten."""
    folder = copy_of(chroma_store)
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "secret.txt").write_text("foreign")
    edit(folder, f"UPDATE segments SET id = '{segment}' WHERE scope = '{scope}'")

    with pytest.raises(StoreError, match=r"chroma.sqlite3: table segments, column id .* Expected a UUID"):
        open_store(folder)


def test_store_names_the_collection_it_was_opened_on(chroma_store):
    assert open_store(chroma_store).collection == "pumps"


def test_files_of_a_store_are_those_of_all_its_collections(chroma_store, tmp_path):
    folder = shutil.copytree(chroma_store, tmp_path / "store")
    client = chromadb.PersistentClient(
        str(folder), settings=chromadb.config.Settings(anonymized_telemetry=False)
    )
    sync = {"hnsw:sync_threshold": 20, "hnsw:batch_size": 10}
    other = client.create_collection("other", embedding_function=None, metadata=sync)
    other.add(ids=[f"o{i}" for i in range(30)], embeddings=[[1.0, float(i)] for i in range(30)])
    del other, client

    named = {file.name for file in open_store(folder, collection="pumps").files()}

    assert len({name.partition("/")[0] for name in named if "/" in name}) == 2
    assert named == {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_database_with_signs_of_a_uri_in_its_name_is_read(tmp_path):
    path = tmp_path / "store #2 %41?.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE kept (x)")
        connection.commit()

    with closing(copy_database(path).connect()) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]


def test_one_name_in_two_databases_is_said_so(chroma_store, copy_of):
    folder = copy_of(chroma_store)
    edit(folder, "CREATE TABLE c AS SELECT * FROM collections", "DROP TABLE collections")
    edit(
        folder,
        "UPDATE c SET name = 'pumps'",
        "INSERT INTO c SELECT * FROM c",
        "ALTER TABLE c RENAME TO collections",
    )

    with pytest.raises(StoreError, match=r"2 collections are named 'pumps', in several databases"):
        open_store(folder, collection="pumps")
