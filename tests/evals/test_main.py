import gzip
import json

import pytest

from evals.__main__ import main, names
from evals.data import Row, data_path, draw_rows, read_rows


def test_benchmarks_are_found_by_their_main_and_unknown_names_refused(capsys):
    assert "grounding" in names()
    assert not {"metrics", "results", "data"} & set(names())
    assert main(["nothing"]) == 2
    assert "grounding" in capsys.readouterr().err


def test_without_data_a_benchmark_says_so_and_ends_well(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HALLUGUARD_DATA", str(tmp_path / "absent"))

    assert data_path("grounding", "dev.jsonl.gz") is None
    said = capsys.readouterr().out
    assert "skipped" in said
    assert "HALLUGUARD_DATA" in said


def test_rows_are_read_with_question_spans_and_family(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    row = {
        "benchmark": "begin_wow",
        "document": "d",
        "claim": "c",
        "label": 0,
        "query": "q",
        "spans": [{"start": 1, "end": 4}],
    }
    with gzip.open(path, "wt") as stream:
        stream.write(json.dumps(row) + "\n\n")

    (found,) = read_rows(path)

    assert (found.set_name, found.family, found.question, found.spans) == (
        "begin_wow",
        "begin",
        "q",
        ((1, 4),),
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_a_larger_sample_holds_the_smaller_one(seed):
    rows = [Row(f"set{number % 3}/part", f"d{number}", f"c{number}", 1) for number in range(90)]

    small, large = draw_rows(rows, 5, seed), draw_rows(rows, 12, seed)

    assert len(small) == 15
    assert set(small) <= set(large)
    assert draw_rows(rows, 0, seed) == rows
