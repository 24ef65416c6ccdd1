"""What is no store is said in one line, with what was found and what is expected."""

import pytest

from halluguard.errors import StoreError
from halluguard.stores import open_store


def test_missing_path_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"nowhere: there is no such file or folder"):
        open_store(tmp_path / "nowhere")


def test_folder_without_a_store_names_what_it_holds(tmp_path):
    (tmp_path / "notes.txt").write_text("x")

    with pytest.raises(StoreError, match=r"no vector store \(found notes.txt\)"):
        open_store(tmp_path)


def test_empty_folder_is_no_store(tmp_path):
    with pytest.raises(StoreError, match="found no file"):
        open_store(tmp_path)


def test_file_of_unknown_name_is_no_store(tmp_path):
    path = tmp_path / "kb.csv"
    path.write_text("x")

    with pytest.raises(StoreError, match="no vector store by its name"):
        open_store(path)


def test_several_stores_in_one_folder_are_not_guessed_at(tmp_path):
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text('{"id": "a", "text": "x"}\n')

    with pytest.raises(StoreError, match=r"2 stores in one folder \(a.jsonl, b.jsonl\)"):
        open_store(tmp_path)


def test_every_store_error_leaves_with_exit_code_two():
    assert StoreError.exit_code == 2
