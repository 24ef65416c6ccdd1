import gzip
import io
import json
import os
import random
import sys
from dataclasses import replace

import pytest

from halluguard.api import Loaded, ModelChoice
from halluguard.errors import HalluguardWarning, InputError, ModelError
from halluguard.grounding.calibrate import fit_calibration, label_row
from halluguard.grounding.files import calibrate_jsonl, score_jsonl

PLACES = ("Rome", "Oslo", "Lima", "Bern", "Cairo", "Quito")


def labelled_rows(n=44):
    """Half of the claims are borne out; some rows have a question, a finer label and a group."""
    for number in range(n):
        place, hours = PLACES[number % len(PLACES)], 2 + number
        said = hours if number % 2 else hours + 1
        yield {
            "document": f"The museum of {place} is open for {hours} hours a day. Dogs wait outside.",
            "claim": f"The museum of {place} opens its doors for {said} hours every day.",
            "query": f"How long is the museum of {place} open?",
            "label": number % 2,
            "raw_label": "supported" if number % 2 else "refuted",
            "benchmark": "museums/dev" if number % 3 else "hours",
        }


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_labelled_file_is_read_with_questions_groups_and_finer_labels(tmp_path, models, reader):
    rows = list(labelled_rows())
    path = write(tmp_path / "labelled.jsonl", rows)
    path.write_text(path.read_text() + "\n")  # a blank line at the end is no row
    fitted = calibrate_jsonl(path, tmp_path / "fitted.json", Loaded(models, reader))
    wanted = fit_calibration([label_row(row) for row in rows], reader).describe()
    about_the_file = {"data", "data_digest"}

    assert {k: v for k, v in fitted.items() if k not in about_the_file} == {
        k: v for k, v in wanted.items() if k not in about_the_file
    }
    assert fitted["data"] == "labelled.jsonl"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"label": 2}, r":2: label is 2\. Expected 1"),
        ({"label": None}, r":2: label is None"),
        ({"claim": 7}, ":2: claim is missing or not text"),
        ({"query": ["how"]}, ":2: question is list"),
    ],
)
def test_a_labelled_row_that_cannot_be_read_is_named_by_its_line(tmp_path, models, reader, change, problem):
    first, second = list(labelled_rows(2))
    path = write(tmp_path / "labelled.jsonl", [first, {**second, **change}])

    with pytest.raises(InputError, match=problem):
        calibrate_jsonl(path, tmp_path / "fitted.json", Loaded(models, reader))
    assert not (tmp_path / "fitted.json").exists()


BAG = {"document": "A checked bag costs 30 dollars.", "claim": "A checked bag costs 30 dollars."}


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def cut_gzip(path, n=600):
    """Half of a file of pairs, as a broken download leaves it."""
    chance = random.Random(0)
    rows = "".join(
        json.dumps({"document": chance.randbytes(40).hex(), "claim": "x y."}) + "\n" for _ in range(n)
    )
    data = gzip.compress(rows.encode())
    path.write_bytes(data[: len(data) // 2])
    return path


@pytest.mark.parametrize("output", ["pairs.jsonl", "again.jsonl", "link.jsonl"])
def test_scores_never_take_the_place_of_their_pairs(tmp_path, models, reader, output):
    path = write(tmp_path / "pairs.jsonl", [BAG])
    os.link(path, tmp_path / "again.jsonl")
    (tmp_path / "link.jsonl").symlink_to(path)
    before = path.read_bytes()

    with pytest.raises(InputError, match="would destroy the pairs that are read"):
        score_jsonl(str(path), tmp_path / output, Loaded(models, reader))
    assert path.read_bytes() == before


def test_scores_never_take_the_place_of_standard_input(tmp_path, models, reader, monkeypatch):
    path = write(tmp_path / "pairs.jsonl", [BAG])
    with path.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(InputError, match="would destroy the pairs"):
            score_jsonl("-", path, Loaded(models, reader))


def test_a_calibration_never_takes_the_place_of_its_rows(tmp_path, models, reader):
    path = write(tmp_path / "labelled.jsonl", labelled_rows(2))

    with pytest.raises(InputError, match="would destroy the pairs that are read"):
        calibrate_jsonl(path, path, Loaded(models, reader))


def test_a_model_that_is_not_there_leaves_the_old_scores(tmp_path):
    (tmp_path / "scores.jsonl").write_text("precious")
    path = write(tmp_path / "pairs.jsonl", [BAG])

    with pytest.raises(ModelError):
        score_jsonl(str(path), tmp_path / "scores.jsonl", ModelChoice(nli="/nowhere/model"))
    assert (tmp_path / "scores.jsonl").read_text() == "precious"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["pairs.jsonl", "scores.jsonl"]


def test_whole_scores_replace_the_old_ones_and_a_link_stays_one(tmp_path, models, reader):
    (tmp_path / "scores.jsonl").write_text("old")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "scores.jsonl")
    path = write(tmp_path / "pairs.jsonl", [BAG])

    assert score_jsonl(str(path), tmp_path / "link.jsonl", Loaded(models, reader)) == (1, 0, "")
    assert (tmp_path / "link.jsonl").is_symlink()
    assert [row["label"] for row in read(tmp_path / "scores.jsonl")] == [1]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.jsonl", "pairs.jsonl", "scores.jsonl"]


def test_a_cut_gzip_file_is_one_clear_line_and_what_was_scored_is_kept(tmp_path, models, reader):
    path = cut_gzip(tmp_path / "pairs.jsonl.gz")
    (tmp_path / "scores.jsonl").write_text("old")

    with (
        pytest.warns(HalluguardWarning, match=r"scores\.jsonl\.part: holds the scores up to the stop"),
        pytest.raises(InputError, match=r"gz: damaged or cut off, as gzip, after line \d+ ") as caught,
    ):
        score_jsonl(str(path), tmp_path / "scores.jsonl", Loaded(models, reader))
    line = int(str(caught.value).split("after line ")[1].split()[0])

    assert len(read(tmp_path / "scores.jsonl.part")) == line > 0
    assert (tmp_path / "scores.jsonl").read_text() == "old"
    with pytest.raises(InputError, match="would destroy"):  # what was kept may be read, not written over
        score_jsonl(str(tmp_path / "scores.jsonl.part"), tmp_path / "scores.jsonl", Loaded(models, reader))


def test_a_cut_labelled_file_is_one_clear_line(tmp_path, models, reader):
    rows = "".join(json.dumps(row) + "\n" for row in labelled_rows(400))
    data = gzip.compress(rows.encode())
    (tmp_path / "labelled.jsonl.gz").write_bytes(data[: len(data) // 2])

    with pytest.raises(InputError, match=r"gz: damaged or cut off, as gzip, after line \d+ "):
        calibrate_jsonl(tmp_path / "labelled.jsonl.gz", tmp_path / "fitted.json", Loaded(models, reader))


def test_every_line_keeps_its_number_whatever_is_wrong_with_it(tmp_path, models, reader):
    path = tmp_path / "pairs.jsonl"
    deep = '{"document": "x", "claim": "a b.", "m": ' + "[" * 100_000 + "]" * 100_000 + "}"
    lines = [
        "\ufeff" + json.dumps(BAG),
        "",
        "  ",
        deep,
        "{broken",
        "[1]",
        '{"document": "x"}',
        '{"document": "A checked bag \\ud800 costs 30 dollars.", "claim": "A checked bag costs 30 dollars."}',
        json.dumps({**BAG, "score": float("nan")}),
        "",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.warns(HalluguardWarning) as told:
        scored, skipped, first = score_jsonl(str(path), tmp_path / "scores.jsonl", Loaded(models, reader))
    rows = read(tmp_path / "scores.jsonl")

    assert (scored, skipped, first) == (3, 6, f"{path}:2: blank, expected an object with document and claim")
    assert [row.get("label") for row in rows] == [1, None, None, None, None, None, None, 1, 1]
    assert [row["error"].removeprefix(f"{path}:")[:8] for row in rows[1:7]] == [
        "2: blank",
        "3: blank",
        "4: not J",
        "5: not J",
        "6: expec",
        "7: claim",
    ]
    assert "nested too deeply" in rows[3]["error"]
    assert any("half of a surrogate pair was replaced" in str(each.message) for each in told)


class Choking:
    """The real model, which fails over one text as a tokenizer may."""

    def __init__(self, scorer):
        self.scorer = scorer
        self.name, self.digest, self.max_tokens = scorer.name, scorer.digest, scorer.max_tokens

    def score(self, pairs):
        if any("champagne" in hypothesis for _, hypothesis in pairs):
            raise RuntimeError("the tokenizer choked")
        return self.scorer.score(pairs)


def test_a_pair_that_the_model_cannot_read_harms_no_other(tmp_path, models, reader):
    path = write(tmp_path / "pairs.jsonl", [BAG, {**BAG, "claim": "The champagne is free."}, BAG])
    choking = Loaded(models, replace(reader, scorer=Choking(models.scorer)))
    scored, skipped, first = score_jsonl(str(path), tmp_path / "scores.jsonl", choking)

    assert (scored, skipped) == (2, 1)
    assert first == f"{path}:2: the model cannot read it (RuntimeError: the tokenizer choked)"
    assert [row.get("label") for row in read(tmp_path / "scores.jsonl")] == [1, None, 1]


def test_an_interrupt_keeps_what_was_scored(tmp_path, models, reader, monkeypatch):
    lines = iter([json.dumps(BAG).encode() + b"\n"] * 256)

    def interrupted():
        yield from lines
        raise KeyboardInterrupt

    stdin = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr("halluguard.grounding.files._numbered", lambda *_: enumerate(interrupted(), start=1))

    with pytest.warns(HalluguardWarning, match="up to the stop"), pytest.raises(KeyboardInterrupt):
        score_jsonl("-", tmp_path / "scores.jsonl", Loaded(models, reader))
    assert len(read(tmp_path / "scores.jsonl.part")) == 256
    assert not (tmp_path / "scores.jsonl").exists()


def test_a_query_is_read_where_the_question_is_null(tmp_path, models, reader):
    pair = {"document": "A checked bag costs 30 dollars.", "claim": "30 dollars."}
    asked = "What does a checked bag cost?"
    rows = [{**pair, "question": asked}, {**pair, "question": None, "query": asked}, {**pair, "query": asked}]
    path = write(tmp_path / "pairs.jsonl", [*rows, pair])
    score_jsonl(str(path), tmp_path / "scores.jsonl", Loaded(models, reader))
    first, second, third, without = read(tmp_path / "scores.jsonl")

    assert first == second == third != without
