import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.errors import TrustedCorpusError
from halluguard.trusted import build_index, is_index, open_index, verify_index
from halluguard.trusted.vectors import open_vectors, write_vectors


def unit(rng, count, dimension):
    vectors = rng.standard_normal((count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def built(pages, tmp_path, letters):
    build_index(pages, tmp_path / "index", letters)
    return tmp_path / "index"


@pytest.fixture(scope="module")
def many_path(tmp_path_factory, make_letters):
    """Three thousand one-line documents, every tenth the same, in several row groups."""
    folder = tmp_path_factory.mktemp("many")
    rows = (f"The fare of route {0 if n % 10 == 0 else n} is {n % 10 and n * 31} euros." for n in range(3000))
    (folder / "rows.jsonl").write_text(
        "\n".join(json.dumps({"id": f"r{n}", "text": text}) for n, text in enumerate(rows))
    )
    build_index(folder / "rows.jsonl", folder / "index", make_letters())
    return folder / "index"


@pytest.fixture(scope="module")
def many(many_path, make_letters):
    return open_index(many_path, make_letters())


def test_chunks_are_found_by_position(built, letters):
    index = open_index(built, letters)
    assert len(index) == 5
    assert index.chunk(0).id == "bags/cabin.md#0"
    with pytest.raises(IndexError, match=re.escape("position 5 is outside 0..4")):
        index.chunk(5)


def test_every_position_gives_its_own_chunk_across_row_groups(many):
    streamed = list(many.stream())
    for position in (0, 1, 1023, 1024, 2047, 2048, 2999):
        assert many.chunk(position) == streamed[position]
        assert many.chunk(position).id == f"r{position}#0"


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 40), k=st.integers(1, 12))
def test_search_equals_sorting_all_cosines(many, seed, count, k):
    queries = unit(np.random.default_rng(seed), count, many.manifest.dimension)
    positions, cosines = many.search(queries, k)
    every = many.vectors(range(len(many))).astype(np.float64) @ queries.astype(np.float64).T
    best = -np.sort(-every, axis=0)[:k].T
    assert np.abs(cosines - best).max() < 2e-5
    assert np.abs(np.take_along_axis(every.T, positions, axis=1) - cosines).max() < 2e-5
    assert all(len(set(row)) == k for row in positions.tolist())


def test_search_is_the_same_alone_and_in_any_batch(many):
    queries = unit(np.random.default_rng(3), 700, many.manifest.dimension)
    positions, cosines = many.search(queries, 5)
    for row in (0, 1, 511, 512, 699):
        alone = many.search(queries[row : row + 1], 5)
        assert (alone[0][0] == positions[row]).all()
        assert (alone[1][0] == cosines[row]).all()
    backwards = many.search(queries[::-1], 5)
    assert (backwards[0][::-1] == positions).all()


def test_equally_near_chunks_come_in_the_order_of_their_positions(many):
    positions, cosines = many.search(many.vectors([0]), 4)
    assert (cosines == 1).all()
    assert positions.tolist() == [sorted(positions[0].tolist())]
    assert all(position % 10 == 0 for position in positions[0])


def test_fewer_chunks_than_asked_leave_minus_one(built, letters):
    index = open_index(built, letters)
    positions, cosines = index.search(letters.encode(["dogs"]), 8)
    assert sorted(positions[0].tolist()) == [-1, -1, -1, 0, 1, 2, 3, 4]
    assert (cosines[0, 5:] == -1).all()
    assert positions.dtype == np.int64
    assert cosines.dtype == np.float32


def test_no_query_gives_no_row(built, letters):
    assert open_index(built, letters).search(np.zeros((0, 64), dtype=np.float32), 3)[0].shape == (0, 3)


@pytest.mark.parametrize(("shape", "k"), [((2, 63), 1), ((64,), 1), ((2, 64), 0)])
def test_vectors_of_another_shape_are_refused(built, letters, shape, k):
    with pytest.raises(ValueError, match=r"expected vectors of shape \(n, 64\)"):
        open_index(built, letters).search(np.zeros(shape, dtype=np.float32), k)


@pytest.mark.parametrize(("field", "value"), [("digest", "2" * 64), ("dimension", 32)])
def test_another_model_or_dimension_is_refused_in_one_line(built, letters, field, value):
    setattr(letters, field, value)
    with pytest.raises(TrustedCorpusError, match=r"built with letters .*opened with letters") as caught:
        open_index(built, letters)
    assert "\n" not in str(caught.value)


def damage_index(path, manifest):
    file = path / manifest["index_file"]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def cut_index(path, manifest):
    file = path / manifest["index_file"]
    file.write_bytes(file.read_bytes()[:40])


def lose_chunks(path, manifest):
    (path / manifest["chunks_file"]).unlink()


def point_elsewhere(path, manifest):
    (path / "manifest.json").write_text(json.dumps({**manifest, "index_file": "../../etc/passwd"}))


def grow_old(path, manifest):
    (path / "manifest.json").write_text(json.dumps({**manifest, "version": 99}))


def lose_field(path, manifest):
    (path / "manifest.json").write_text(
        json.dumps({key: value for key, value in manifest.items() if key != "n_chunks"})
    )


def break_manifest(path, manifest):
    (path / "manifest.json").write_text("{")


@pytest.mark.parametrize(
    "harm", [damage_index, cut_index, lose_chunks, point_elsewhere, grow_old, lose_field, break_manifest]
)
def test_a_damaged_index_is_refused_in_one_line_that_says_what_to_do(built, letters, harm):
    harm(built, json.loads((built / "manifest.json").read_text()))
    with pytest.raises(TrustedCorpusError, match="Build the index again") as caught:
        open_index(built, letters)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"", b"IxFI", b"not an index at all, but long enough to look at", b"\xff" * 4096]
)
def test_what_faiss_cannot_read_is_refused_in_one_line(tmp_path, data):
    (tmp_path / "index.faiss").write_bytes(data)
    with pytest.raises(TrustedCorpusError, match="FAISS cannot read it") as caught:
        open_vectors(tmp_path / "index.faiss", count=5, dimension=64)
    assert "\n" not in str(caught.value)


def test_vectors_of_another_count_are_refused(tmp_path):
    write_vectors(unit(np.random.default_rng(0), 7, 16), tmp_path / "v", approximate_above=100)
    with pytest.raises(TrustedCorpusError, match="holds 7 vectors of dimension 16, the manifest says 8"):
        open_vectors(tmp_path / "v", count=8, dimension=16)


def test_a_folder_is_an_index_only_with_our_manifest(pages, built):
    assert is_index(built)
    assert not is_index(pages)
    assert not is_index(pages / "pets.txt")
    (pages / "manifest.json").write_text('{"name": "a web page"}')
    assert not is_index(pages)


def test_opening_takes_little_memory_of_its_own(tmp_path):
    def own_memory():
        (figure,) = re.findall(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
        return int(figure) * 1024

    vectors = unit(np.random.default_rng(0), 60_000, 256)
    write_vectors(vectors, tmp_path / "v", approximate_above=100_000)
    before = own_memory()
    index = open_vectors(tmp_path / "v", count=60_000, dimension=256)
    index.search(vectors[:4], 5)
    assert own_memory() - before < vectors.nbytes / 4


def test_approximate_vectors_reach_the_recall_they_report(tmp_path):
    rng = np.random.default_rng(5)
    centres = unit(rng, 60, 32)
    vectors = centres[rng.integers(0, 60, 4000)] + 0.25 * rng.standard_normal((4000, 32)).astype(np.float32)
    vectors = np.ascontiguousarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
    kind = write_vectors(vectors, tmp_path / "v", approximate_above=1000)
    index = open_vectors(tmp_path / "v", count=4000, dimension=32)
    others = rng.choice(4000, 300, replace=False)
    _, found = index.search(vectors[others], 11)
    truth = np.argsort(-(vectors[others] @ vectors.T), axis=1, kind="stable")[:, :11]
    recall = np.mean([len(set(a) & set(b)) / 11 for a, b in zip(found, truth, strict=True)])
    assert kind.recall >= 0.98
    assert abs(recall - kind.recall) < 0.03
    assert (index.reconstruct_batch(np.arange(4000)) == vectors).all()


def test_a_sound_index_verifies_with_the_real_embedder(pages, tmp_path, embedder):
    build_index(pages, tmp_path / "index", embedder)
    result = verify_index(tmp_path / "index", embedder)
    assert result.agrees
    assert result.n_checked == 5
    assert result.lowest_cosine > 0.99999
    index = open_index(tmp_path / "index", embedder)
    (position,) = index.search(embedder.encode(["Can I take my dog with me?"]), 1)[0][0]
    assert index.chunk(position).source == "pets.txt"


def test_verify_names_the_vectors_that_are_not_their_texts(built, letters):
    import faiss

    from halluguard.run import digest_file, write_json

    manifest = json.loads((built / "manifest.json").read_text())
    vectors = open_index(built, letters).vectors(range(5)).copy()
    vectors[[1, 3]] = vectors[[3, 1]]
    flat = faiss.IndexFlatIP(64)
    flat.add(vectors)
    faiss.write_index(flat, str(built / manifest["index_file"]))
    write_json(
        built / "manifest.json", {**manifest, "index_digest": digest_file(built / manifest["index_file"])}
    )
    result = verify_index(built, letters)
    index = open_index(built, letters)
    assert [each.chunk_id for each in result.disagreements] == [index.chunk(1).id, index.chunk(3).id]
    assert not result.agrees
    assert result.summary().startswith("5 of 5 chunks embedded again: 2 disagree\n")
    assert all(each.cosine < 0.999 for each in result.disagreements)


def test_verify_draws_its_sample_by_seed(many_path, make_letters):
    readers = [make_letters() for _ in range(3)]
    for seed, letters in zip((1, 1, 2), readers, strict=True):
        assert verify_index(many_path, letters, sample=10, seed=seed).n_checked == 10
    assert readers[0].read == readers[1].read != readers[2].read
    with pytest.raises(ValueError, match="at least 1"):
        verify_index(many_path, readers[0], sample=0)
