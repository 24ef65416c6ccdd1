"""Pairs without a label come from rows that may train, in five sorts, the same ones every time."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from halluguard.models.training.examples import UNLABELLED
from halluguard.models.training.passages import Corpus, Passage, content_words
from halluguard.models.training.unlabelled import draw_speech, draw_unlabelled

PAGES = Corpus([Passage("Mill", ("The mill was built in 1871.", "It burned down in 1902."), "MIT")])


def write_rows(path: Path) -> list[dict[str, str]]:
    """Write 80 rows, two a premise; those from 60 on may not train."""
    rows = [
        {
            "premise": f"Harbour number{n // 2} has granite{n // 2 % 7} walls.",
            "hypothesis": f"The granite{n // 2 % 7} walls of harbour{n} are {10 + n} metres tall.",
            "label": "neutral",
            "source": ("fever", "joci")[n % 4 == 3],
            "licence": "MIT" if n < 60 else "none stated",
        }
        for n in range(80)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return rows


def test_a_fifth_of_each_sort(tmp_path: Path) -> None:
    """None has a label, none comes from a licence that may not train, a second draw gives the same."""
    write_rows(tmp_path / "train.jsonl")
    drawn = draw_unlabelled(tmp_path / "train.jsonl", PAGES, 50, 1)

    sorts = ("turned_round", "siblings", "relabelled", "crossed", "changed")
    assert Counter(row.kind for row in drawn) == dict.fromkeys(sorts, 10)
    assert {(row.label, row.licence) for row in drawn} == {(UNLABELLED, "MIT")}
    assert draw_unlabelled(tmp_path / "train.jsonl", PAGES, 50, 1) == drawn


def test_each_sort_is_what_its_name_says(tmp_path: Path) -> None:
    """Turned pairs begin with a claim, siblings share a premise, crossed ones a word, changed ones are no row."""
    rows = write_rows(tmp_path / "train.jsonl")
    premise_of = {row["hypothesis"]: row["premise"] for row in rows}
    known = {(row["premise"], row["hypothesis"]) for row in rows}

    for row in draw_unlabelled(tmp_path / "train.jsonl", PAGES, 150, 1):
        pair = (row.premise, row.hypothesis)
        if row.kind == "turned_round":
            assert pair[::-1] in known
        elif row.kind == "siblings":
            assert row.premise != row.hypothesis
            assert premise_of[row.premise] == premise_of[row.hypothesis]
        elif row.kind == "relabelled":
            assert pair in known
        elif row.kind == "crossed":
            assert premise_of[row.hypothesis] != row.premise
            assert content_words(row.premise) & content_words(row.hypothesis)
        else:
            assert pair not in known
            assert row.premise in set(premise_of.values())


def test_speech_pairs_come_from_outside_the_encyclopedias(tmp_path: Path) -> None:
    """Rows of MNLI and SNLI give several pairs each, no pair twice, rows of FEVER none."""
    path = tmp_path / "train.jsonl"
    rows = [
        {
            "premise": f"The old harbour{n // 2 % 5} {('office', 'office', 'museum')[n % 3]} was not open on day {n}.",
            "hypothesis": f"On day {n} the {('office', 'office', 'museum')[n % 3]} at harbour{n // 2 % 5} was open.",
            "label": "contradiction",
            "source": ("mnli_olora", "snli_cat", "fever")[n % 3],
            "licence": "MIT",
        }
        for n in range(30)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    drawn = draw_speech(path, PAGES, 1)

    assert not any("museum" in text for row in drawn for text in (row.premise, row.hypothesis))
    assert len({(row.premise, row.hypothesis) for row in drawn}) == len(drawn) > 30
    assert {row.label for row in drawn} == {UNLABELLED}
    assert draw_speech(path, PAGES, 1) == drawn
