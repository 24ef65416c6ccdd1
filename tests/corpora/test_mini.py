"""The small corpus is rebuilt whole, byte for byte, and holds one of each thing that matters."""

import json
from pathlib import Path

import numpy as np
import pytest

from corpora.mini.build import HOME, make


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory, embed):
    out = tmp_path_factory.mktemp("mini")
    make(out, embed)
    return out


@pytest.fixture(scope="module")
def truth():
    return json.loads((HOME / "truth.json").read_text(encoding="utf-8"))


def without_scores(path):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    scores = [chunk.pop("score") for row in rows for chunk in row["retrieved"]]
    return rows, scores


@pytest.mark.parametrize("name", ["truth.json", "manifest.json", "store/entries.jsonl"])
def test_rebuild_is_byte_identical(rebuilt, name):
    assert (rebuilt / name).read_bytes() == (HOME / name).read_bytes()


def test_rebuilt_log_differs_in_no_more_than_the_last_digit_of_scores(rebuilt):
    new, new_scores = without_scores(rebuilt / "log.jsonl")
    old, old_scores = without_scores(HOME / "log.jsonl")
    assert new == old
    assert new_scores == pytest.approx(old_scores, abs=2e-4)


def test_rebuilt_vectors_agree(rebuilt):
    new, old = (np.load(folder / "store" / "vectors.npy", allow_pickle=False) for folder in (rebuilt, HOME))
    assert new.dtype == old.dtype == np.float32
    assert np.abs(new - old).max() < 1e-4


def test_it_is_small_and_complete(truth):
    assert len(list((Path(HOME) / "trusted").iterdir())) == 6
    assert truth["counts"]["turns"] < 20
    assert truth["counts"]["entries"] < 20
    labels = {entry["label"] for entry in truth["entries"].values()}
    assert labels == {"clean", "poisoned", "stale", "written_back_true", "written_back_false"}
    assert {"right", "false_poison", "false_write_back", "false_stale"} <= set(truth["counts"]["turn_labels"])


def test_claim_spans_are_substrings_of_their_answers(truth):
    for line in (HOME / "log.jsonl").read_text(encoding="utf-8").splitlines():
        turn = json.loads(line)
        for claim in truth["turns"][turn["turn_id"]]["claims"]:
            assert turn["answer"][claim["start"] : claim["end"]] == claim["text"] != ""
