"""The installed command's verb `drill`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from halluguard.drill import run_drill
from halluguard.errors import InputError

HALLUGUARD = Path(sys.executable).parent / "halluguard"

SHORT = """\
title: A shop's opening hours
days: 4
topics:
  hours:
    title: Opening hours
    page: |
      The shop opens at nine in the morning. It closes at six in the evening.
    questions:
      - When does the shop open?
      - From what time is the shop open?
  parking:
    title: Parking
    page: Parking is free of charge for two hours. A third hour costs four euros.
    questions:
      - What does parking cost?
injections:
  - id: wrong-hours
    day: 1
    kind: import
    text: The shop opens at eleven in the morning. Ring the bell at the back door.
    claims: [The shop opens at eleven in the morning.]
users: {turns_a_day: 8, weights: {hours: 4.0}}
write_back: {rate: 0.3, topics: [parking]}
retrieval: {top_k: 2, temperature: 0.5}
expected: {origins: [wrong-hours], verdicts: []}
"""


def drill(*arguments):
    return subprocess.run(
        [HALLUGUARD, "drill", *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def short(tmp_path):
    path = tmp_path / "short.yaml"
    path.write_text(SHORT, encoding="utf-8")
    return path


def test_the_shipped_scenarios_are_listed_with_their_titles():
    done = drill("--list", "--json")
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert listed["all-quiet"] == "Nothing is wrong, and nothing is written back"
    assert len(listed) >= 8


def test_a_scored_drill_says_what_was_found_and_keeps_it(short, tmp_path):
    done = drill(short, "-o", tmp_path / "d", "--score", "--json", "--no-cache", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["drills"]
    kept = json.loads((tmp_path / "d" / "score.json").read_text())
    truth = json.loads((tmp_path / "d" / "truth.json").read_text())
    assert told["score"] == kept
    assert told["turns"] == 32 == len((tmp_path / "d" / "log.jsonl").read_text().splitlines())
    assert told["false_answers"] == len(truth["cases"]) > 3
    assert kept["entries"]["right"] == len(truth["entries"])
    assert kept["perfect_check"]["origin_first"] is True
    assert kept["perfect_check"]["entries"]["recall"] == 1
    assert kept["perfect_check"]["cases"]["right"] == len(truth["cases"])
    assert (tmp_path / "d" / "run" / "report.html").is_file()


def test_a_faulty_scenario_is_one_line_with_file_and_field(short, tmp_path):
    short.write_text(SHORT.replace("kind: import", "kind: upload"), encoding="utf-8")
    done = drill(short, "-o", tmp_path / "d")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "short.yaml: injections.0.kind: " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "d").exists()


def test_without_a_folder_it_says_what_to_write():
    done = drill("all-quiet")
    assert done.returncode == 2
    assert "halluguard drill SCENARIO -o DIR" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_holds_something_is_left_alone_before_anything_is_played(short, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        run_drill(short, tmp_path, embedder=None)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.txt", "short.yaml"]


def test_a_tabletop_is_told_as_json_and_is_not_scored(tmp_path):
    done = drill("cached-ghost", "-o", tmp_path / "kit", "--tabletop", "--json")
    (guide,) = json.loads(done.stdout)["tabletop"]

    assert Path(guide).is_file()
    refused = drill("cached-ghost", "-o", tmp_path / "other", "--tabletop", "--score")
    assert (refused.returncode, (tmp_path / "other").exists()) == (2, False)
    assert "Leave out --score or --tabletop" in refused.stderr
