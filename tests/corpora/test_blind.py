"""The corpora written without a look at halluguard agree with themselves, with their truth, and with what their scripts build."""

import importlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from halluguard.records import Status

NAMES = ("council", "clinic", "ledger")


@pytest.fixture(scope="module", params=NAMES)
def corpus(request):
    return importlib.import_module(f"corpora.{request.param}.build")


@pytest.fixture(scope="module")
def home(corpus):
    return Path(corpus.HOME)


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def log(home):
    return read_lines(home / "log.jsonl")


@pytest.fixture(scope="module")
def truth(home):
    return json.loads((home / "truth.json").read_text(encoding="utf-8"))


def test_a_rebuild_gives_the_same_turns_entries_and_truth(corpus, home, tmp_path, embed):
    corpus.make(tmp_path, embed)

    for name in ("truth.json", "manifest.json", "store/entries.jsonl"):
        assert (tmp_path / name).read_bytes() == (home / name).read_bytes()
    new, old = (
        [
            (turn["answer"], [chunk["id"] for chunk in turn["retrieved"]])
            for turn in read_lines(folder / "log.jsonl")
        ]
        for folder in (tmp_path, home)
    )
    assert new == old
    vectors = [np.load(folder / "store" / "vectors.npy", allow_pickle=False) for folder in (tmp_path, home)]
    assert np.abs(vectors[0] - vectors[1]).max() < 1e-4


def test_claims_are_pieces_of_their_answers_with_a_status_of_the_design(log, truth):
    assert {turn["turn_id"] for turn in log} == truth["turns"].keys()
    for turn in log:
        for claim in truth["turns"][turn["turn_id"]]["claims"]:
            assert turn["answer"][claim["start"] : claim["end"]] == claim["text"]
            assert {claim["status"], *claim.get("also_accepted", ())} <= set(Status)


def test_what_was_retrieved_is_in_the_store_or_known_to_be_gone(home, log, truth):
    entries = {entry["id"] for entry in read_lines(home / "store" / "entries.jsonl")}
    assert entries == truth["entries"].keys()
    retrieved = {chunk["id"] for turn in log for chunk in turn["retrieved"]}
    assert retrieved - entries <= set(truth["retired_ids"])


def test_responsible_entries_say_something_false_and_are_of_the_turn(log, truth):
    shown = {turn["turn_id"]: {chunk["id"] for chunk in turn["retrieved"]} for turn in log}
    false = {"poisoned", "stale", "written_back_false"}
    for turn_id, turn in truth["turns"].items():
        for claim in turn["claims"]:
            for entry in claim.get("responsible", ()):
                assert truth["entries"][entry]["label"] in false
                assert entry in shown[turn_id]


def test_all_that_the_story_needs_is_there(truth):
    labels = Counter(entry["label"] for entry in truth["entries"].values())
    assert {
        "clean",
        "poisoned",
        "stale",
        "written_back_true",
        "written_back_false",
        "fault:swapped_vector",
        "fault:mojibake",
        "fault:duplicate",
    } <= labels.keys()
    statuses = Counter(claim["status"] for turn in truth["turns"].values() for claim in turn["claims"])
    assert statuses.total() > 400
    assert all(statuses[name] for name in ("grounded", "source_conflict", "contradicted", "unsupported"))
