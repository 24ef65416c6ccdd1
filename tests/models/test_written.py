"""Pairs written for this project: the format, the twins, what is kept back, and the files themselves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, LABELS, NEUTRAL
from halluguard.models.training.written import Block, find_written, read_blocks, read_written

TEXT = """== notice
D: The pool opens at six.
D: Dogs stay outside.
+ The pool opens at six o'clock in the morning or evening.
- The pool opens at ten o'clock in the morning or evening.
? Towels are lent for free.
Q: may I bring my dog
+ No
- Yes

== fiction
D: He left.
+ He went away.
"""


def write(folder: Path, text: str, name: str = "one/001.txt") -> Path:
    """Write a file of blocks below a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_block_is_a_document_with_claims_and_answers(tmp_path: Path) -> None:
    """Lines of a document are joined, marks become labels, an answer stands behind its question."""
    pool, fiction = read_blocks(write(tmp_path, TEXT))
    assert pool.document == "The pool opens at six.\nDogs stay outside."
    assert [(claim.label, claim.hypothesis) for claim in pool.claims[2:]] == [
        (NEUTRAL, "Towels are lent for free."),
        (ENTAILMENT, "may I bring my dog No"),
        (CONTRADICTION, "may I bring my dog Yes"),
    ]
    assert [claim.label for claim in fiction.claims] == [ENTAILMENT]


def test_a_wrong_claim_that_nearly_repeats_a_right_one_is_its_twin(tmp_path: Path) -> None:
    """The two share an id; a claim of its own words has none."""
    write(tmp_path, TEXT)
    rows = {
        row.hypothesis: row
        for held_back in (True, False)
        for row in read_written(tmp_path, held_back=held_back)
    }
    right = rows["The pool opens at six o'clock in the morning or evening."]
    assert right.twin
    assert rows["The pool opens at ten o'clock in the morning or evening."].twin == right.twin
    assert not rows["Towels are lent for free."].twin
    assert not rows["He went away."].twin
    assert {row.kind for row in rows.values()} == {"written_one"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("+ A claim.\n", 1),
        ("== a\nD: One.\n+ Yes.\nD: Two.\n", 4),
        ("== a\nD: One.\nand more\n", 3),
        ("== a\nD: One.\n+\n", 3),
    ],
)
def test_a_line_out_of_place_is_named(tmp_path: Path, text: str, line: int) -> None:
    """File and line stand in the message: a claim must not slip under another document."""
    with pytest.raises(ValueError, match=rf"001\.txt:{line}: expected"):
        list(read_blocks(write(tmp_path, text)))


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    """No files is an error, not an empty training."""
    with pytest.raises(FileNotFoundError, match="found none"):
        read_written(tmp_path, held_back=False)


def test_the_written_files_read_and_every_label_is_common_in_each_part() -> None:
    """All files parse; no pair stands twice with two labels; no label is rare, so that a part teaches no prior."""
    folder = find_written()
    labels: dict[str, Counter[str]] = {}
    seen: dict[tuple[str, str], str] = {}
    for held_back in (True, False):
        for row in read_written(folder, held_back=held_back):
            labels.setdefault(row.kind, Counter())[row.label] += 1
            assert seen.setdefault((row.premise, row.hypothesis), row.label) == row.label
    assert len(labels) >= 8
    for kind, counts in labels.items():
        assert min(counts[label] for label in LABELS) > 0.15 * counts.total(), kind


def test_about_one_document_in_twelve_is_kept_back_and_none_is_on_both_sides() -> None:
    """Claims of one document stay together."""
    folder = find_written()
    kept = {row.premise for row in read_written(folder, held_back=True)}
    trained = {row.premise for row in read_written(folder, held_back=False)}
    assert not kept & trained
    assert 0.05 < len(kept) / (len(kept) + len(trained)) < 0.12
    assert Block(next(iter(kept)), ()).held_back
