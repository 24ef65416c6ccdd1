import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from halluguard.errors import HalluguardWarning, TrustedCorpusError
from halluguard.trusted import build_index, is_index, open_index


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def texts(index):
    return [chunk.text for chunk in index.stream()]


def test_the_same_folder_gives_the_same_bytes(pages, tmp_path, letters):
    build_index(pages, tmp_path / "one", letters)
    build_index(pages, tmp_path / "two", letters)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_manifest_says_what_was_built(pages, tmp_path, letters):
    manifest = build_index(pages, tmp_path / "index", letters)
    written = json.loads((tmp_path / "index" / "manifest.json").read_text())
    assert (manifest.n_documents, manifest.n_chunks, manifest.index_kind, manifest.dimension) == (
        4,
        5,
        "flat",
        64,
    )
    assert written["format"] == "halluguard-trusted-index"
    assert {
        key: written[key] for key in ("model_name", "model_digest", "metric", "corpus_digest", "recall")
    } == {
        "model_name": "letters",
        "model_digest": "1" * 64,
        "metric": "cosine",
        "corpus_digest": manifest.corpus_digest,
        "recall": None,
    }


def test_only_changed_documents_are_embedded_again(pages, tmp_path, letters):
    build_index(pages, tmp_path / "index", letters)
    letters.read.clear()
    seen = []
    build_index(pages, tmp_path / "index", letters, progress=seen.append)
    assert letters.read == []
    assert (seen[-1].kept, seen[-1].embedded, seen[-1].documents) == (5, 0, 4)

    (pages / "pets.txt").write_text("Dogs travel free.\n")
    (pages / "new.md").write_text("A new page.\n")
    (pages / "seats.html").unlink()
    (pages / "refunds.md").rename(pages / "money.md")
    build_index(pages, tmp_path / "index", letters)
    assert sorted(letters.read) == ["A new page.", "Dogs travel free."]
    build_index(pages, tmp_path / "fresh", letters)
    assert contents(tmp_path / "index") == contents(tmp_path / "fresh")


def test_another_model_embeds_everything_again(pages, tmp_path, letters):
    build_index(pages, tmp_path / "index", letters)
    letters.read.clear()
    letters.digest = "2" * 64
    build_index(pages, tmp_path / "index", letters)
    assert len(letters.read) == 5


def test_a_damaged_index_lends_nothing_and_is_built_again(pages, tmp_path, letters):
    manifest = build_index(pages, tmp_path / "index", letters)
    path = tmp_path / "index" / manifest.index_file
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")
    letters.read.clear()
    build_index(pages, tmp_path / "index", letters)
    assert len(letters.read) == 5
    assert len(open_index(tmp_path / "index", letters)) == 5


def test_equal_texts_are_read_once(tmp_path, letters):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text("The same text.")
    manifest = build_index(tmp_path, tmp_path / "index", letters)
    assert manifest.n_chunks == 3
    assert letters.read == ["The same text."]


def test_an_index_inside_its_own_source_is_not_read_as_documents(pages, letters):
    first = build_index(pages, pages / "index", letters)
    assert build_index(pages, pages / "index", letters) == first


@pytest.mark.parametrize(
    "files", [{}, {"logo.png": b"\x89PNG"}, {".hidden.md": b"text"}, {"bad.txt": b"\xff\xfe\xfa"}]
)
def test_a_folder_without_documents_is_one_clear_line(tmp_path, letters, files):
    (tmp_path / "pages").mkdir()
    for name, data in files.items():
        (tmp_path / "pages" / name).write_bytes(data)
    with pytest.raises(TrustedCorpusError, match=r"pages: no .*document") as caught:
        build_index(tmp_path / "pages", tmp_path / "index", letters)
    assert "\n" not in str(caught.value)
    assert not is_index(tmp_path / "index")


def test_unreadable_documents_are_warned_of_counted_and_kept_in_the_manifest(
    pages, tmp_path, letters, make_pdf
):
    make_pdf(pages / "locked.pdf", ["Secret."], user_password="x", algorithm="RC4-128")
    (pages / "logo.png").write_bytes(b"\x89PNG")
    with pytest.warns(HalluguardWarning) as caught:
        manifest = build_index(pages, tmp_path / "index", letters)
    assert [str(each.message).split(": ", 1)[1][:10] for each in caught] == ["locked.pdf", "1 files ar"]
    assert manifest.skipped[0].startswith("locked.pdf: is an encrypted PDF")
    assert (len(manifest.skipped), manifest.n_other_files, manifest.n_documents) == (1, 1, 4)


def test_strict_stops_at_the_first_unreadable_document(pages, tmp_path, letters, make_pdf):
    make_pdf(pages / "locked.pdf", ["Secret."], user_password="x", algorithm="RC4-128")
    with pytest.raises(TrustedCorpusError, match=r"locked.pdf: is an encrypted PDF"):
        build_index(pages, tmp_path / "index", letters, strict=True)


@pytest.mark.parametrize(
    "make",
    [lambda path: path.write_text("x"), lambda path: (path.mkdir(), (path / "thesis.doc").write_text("x"))],
)
def test_a_target_that_holds_something_else_is_left_alone(pages, tmp_path, letters, make):
    make(tmp_path / "mine")
    with pytest.raises(TrustedCorpusError, match="mine: is "):
        build_index(pages, tmp_path / "mine", letters)


def test_a_second_builder_is_turned_away_while_the_first_writes(pages, tmp_path, letters):
    def build_again(_):
        with pytest.raises(TrustedCorpusError, match="another build is writing here"):
            build_index(pages, tmp_path / "index", letters)

    build_index(pages, tmp_path / "index", letters, progress=build_again)
    assert len(open_index(tmp_path / "index", letters)) == 5


def test_a_target_that_cannot_be_made_is_one_clear_line(pages, letters):
    with pytest.raises(TrustedCorpusError, match=r"cannot be written .*Check the folder"):
        build_index(pages, "/dev/null/index", letters)


def test_a_full_disk_leaves_the_old_index_whole(pages, tmp_path, letters, monkeypatch):
    build_index(pages, tmp_path / "index", letters)
    before = contents(tmp_path / "index")
    (pages / "new.md").write_text("A new page.")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("halluguard.trusted.build.digest_file", full)
    with pytest.raises(TrustedCorpusError, match=r"No space left on device.*Free space"):
        build_index(pages, tmp_path / "index", letters)
    assert contents(tmp_path / "index") == before


KILLED = """
import os, signal, sys
from pathlib import Path
import halluguard.trusted.build as build
sys.path.insert(0, sys.argv[4])
from conftest import LetterEmbedder

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def after(function):
    return lambda *given: (function(*given), die())

where = sys.argv[3]
if where == "before_manifest":
    build.write_json = die
if where == "after_manifest":
    build.write_json = after(build.write_json)
build.build_index(Path(sys.argv[1]), Path(sys.argv[2]), LetterEmbedder(), progress=die if where == "embedding" else None)
"""


@pytest.mark.parametrize(
    ("where", "n_chunks"), [("embedding", 5), ("before_manifest", 5), ("after_manifest", 6)]
)
def test_killed_at_any_moment_the_index_is_the_old_or_the_new_one(pages, tmp_path, letters, where, n_chunks):
    target = tmp_path / "index"
    build_index(pages, target, letters)
    (pages / "new.md").write_text("A new page.")
    here = os.path.dirname(__file__)  # noqa: PTH120
    done = subprocess.run([sys.executable, "-c", KILLED, pages, target, where, here], check=False)
    assert done.returncode == -9
    assert len(open_index(target, letters)) == n_chunks

    manifest = build_index(pages, target, letters)
    assert sorted(path.name for path in target.iterdir()) == sorted(
        [".lock", "manifest.json", manifest.index_file, manifest.chunks_file]
    )


@pytest.mark.parametrize("name", ["index-2024.html", "chunks-notes.md", ".build-notes.md", "index-0.faiss"])
def test_a_file_of_the_user_is_never_taken_for_one_of_a_build(pages, tmp_path, letters, name):
    target = tmp_path / "index"
    target.mkdir()
    (target / name).write_text("mine")
    with pytest.raises(TrustedCorpusError, match="not empty and not an index"):
        build_index(pages, target, letters)
    assert contents(target) == {name: b"mine"}

    (target / name).unlink()
    build_index(pages, target, letters)
    (target / name).write_text("mine")
    (pages / "new.md").write_text("A new page.")
    build_index(pages, target, letters)
    assert (target / name).read_text() == "mine"


def test_an_open_index_stays_whole_while_it_is_replaced(pages, tmp_path, letters):
    build_index(pages, tmp_path / "index", letters)
    index = open_index(tmp_path / "index", letters)
    before = index.vectors(range(5)).copy()
    for path in pages.rglob("*.*"):
        path.unlink()
    (pages / "only.txt").write_text("Nothing of the old is left.")
    build_index(pages, tmp_path / "index", letters)
    assert (index.vectors(range(5)) == before).all()
    assert len(texts(index)) == 5


def test_vectors_that_are_not_numbers_are_refused(pages, tmp_path, letters, monkeypatch):
    monkeypatch.setattr(
        letters, "encode", lambda texts: np.full((len(texts), 64), np.nan, dtype=np.float32), raising=False
    )
    with pytest.raises(TrustedCorpusError, match="gave vectors"):
        build_index(pages, tmp_path / "index", letters)


def test_importing_the_package_loads_neither_torch_nor_faiss():
    code = "import sys, halluguard.trusted; print([name for name in ('torch', 'faiss', 'bs4', 'pypdf') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_above_the_limit_the_index_is_approximate_and_its_recall_is_kept(tmp_path, letters):
    (tmp_path / "pages").mkdir()
    for number in range(120):
        (tmp_path / "pages" / f"{number:03}.txt").write_text(
            f"Rule {number}: gate {number * 7919 % 997} opens at {number % 24} hours."
        )
    manifest = build_index(tmp_path / "pages", tmp_path / "index", letters, approximate_above=100)
    exact = build_index(tmp_path / "pages", tmp_path / "flat", letters)
    assert manifest.index_kind.startswith("ivf")
    assert manifest.recall >= 0.98
    assert (manifest.recall_at, manifest.recall_queries) == (10, 120)
    assert replace(exact, index_kind="", recall=None).corpus_digest == manifest.corpus_digest

    index = open_index(tmp_path / "index", letters)
    (position,) = index.search(letters.encode(["Rule 77: gate 577 opens at 5 hours."]), 1)[0][0]
    assert index.chunk(position).source == "077.txt"
    letters.read.clear()
    build_index(tmp_path / "pages", tmp_path / "index", letters, approximate_above=100)
    assert letters.read == []
