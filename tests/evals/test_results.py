import json

import pytest

from evals.results import Table, render_tables, write_result

TABLE = Table(("system", "F1", "n"), (("a|b", 51.26, 10), ("c", None, 20)), "A note.")
README = "Before\n<!-- table:scores -->\nold\n<!-- /table -->\nAfter\n"


@pytest.fixture
def readme(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(README)
    return path


def write(folder):
    return write_result(
        "bench",
        {"figure": 1.5},
        tables={"scores": TABLE},
        data={"dev": "abc"},
        models={"nli": "def"},
        folder=folder,
    )


def test_a_result_names_all_a_figure_depends_on(tmp_path):
    stored = json.loads(write(tmp_path).read_text())

    assert stored["data"] == {"dev": "abc"}
    assert stored["models"] == {"nli": "def"}
    assert {"commit", "date", "command", "figure"} <= set(stored)
    assert {"device", "cpu", "threads", "versions", "python"} <= set(stored["environment"])


def test_tables_are_put_into_their_marked_blocks(tmp_path, readme):
    write(tmp_path)

    stale = render_tables(readme, folder=tmp_path)

    assert stale == ["scores"]
    assert readme.read_text() == (
        "Before\n<!-- table:scores -->\n| system | F1 | n |\n|---|---:|---:|\n| a\\|b | 51.3 | 10 |\n| c | – | 20 |\n"
        "\nA note.\n<!-- /table -->\nAfter\n"
    )


def test_a_check_says_what_is_stale_and_writes_nothing(tmp_path, readme):
    write(tmp_path)

    assert render_tables(readme, folder=tmp_path, write=False) == ["scores"]
    assert readme.read_text() == README
    render_tables(readme, folder=tmp_path)
    assert render_tables(readme, folder=tmp_path, write=False) == []


def test_a_block_without_a_result_is_named_and_kept(tmp_path, readme):
    assert render_tables(readme, folder=tmp_path) == ["scores"]
    assert readme.read_text() == README


def test_a_number_that_json_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_result("bench", {"figure": float("nan")}, folder=tmp_path)


def test_the_readme_of_the_project_shows_the_committed_results(root):
    if not (root / "evals" / "results").is_dir():
        pytest.skip("no result committed yet")

    assert render_tables(root / "README.md", write=False) == []
