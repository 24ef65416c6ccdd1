"""Pairs written for this project: the format, the twins, what is kept back, and the files themselves."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from halluguard.models.training.examples import (
    CONTRADICTION,
    ENTAILMENT,
    LABELS,
    NEUTRAL,
    Example,
    list_shards,
    read_examples,
    write_examples,
)
from halluguard.models.training.finish import write_lessons
from halluguard.models.training.written import (
    Block,
    copies_of,
    even_out,
    examples_of,
    find_written,
    read_blocks,
    read_written,
)

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


def test_a_sentence_with_alternatives_is_a_claim_for_each_and_they_are_twins(tmp_path: Path) -> None:
    """Each alternative stands in the sentence as if it had been written out; all share an id."""
    text = (
        "== notice\nD: The pool opens at six, except on Mondays.\n"
        "* {+the pool|-no pool|?a big pool} opens at six .\n"
        "* It opens {+early|-} on Tuesdays.\n"
        "+ There is a pool.\n"
    )
    (block,) = read_blocks(write(tmp_path, text))
    assert [(claim.label, claim.text) for claim in block.claims] == [
        (ENTAILMENT, "The pool opens at six ."),
        (CONTRADICTION, "No pool opens at six ."),
        (NEUTRAL, "A big pool opens at six ."),
        (ENTAILMENT, "It opens early on Tuesdays."),
        (CONTRADICTION, "It opens on Tuesdays."),
        (ENTAILMENT, "There is a pool."),
    ]
    twins = [row.twin for row in examples_of(block, "written_one")]
    assert len(set(twins[:3])) == len(set(twins[3:5])) == 1
    assert len({*twins}) == 3
    assert twins[5] == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("+ A claim.\n", 1),
        ("== a\nD: One.\n* No slot.\n", 3),
        ("== a\nD: One.\n* A {+slot} and {+another}.\n", 3),
        ("== a\nD: One.\n* A {slot|-without a mark}.\n", 3),
        ("* A {+slot|-claim}.\n", 1),
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


def test_no_label_outnumbers_both_others_among_claims_that_share_alike(tmp_path: Path) -> None:
    """Three wrong claims made of the document's words beside one right one: one of each is left; another part is its own matter."""
    words = ["ten", "grey", "geese", "crossed", "the", "frozen", "river", "before", "noon", "today"]
    rows = [
        Example(
            "Ten grey geese crossed the frozen river before noon today.", " ".join(words[n:]), label, "one"
        )
        for n, label in enumerate([CONTRADICTION] * 3 + [ENTAILMENT])
    ]
    other = [Example("A dog barked.", f"Cats sleep {n}.", NEUTRAL, "two") for n in range(3)]
    mixed = [*other, Example("A dog barked.", "Birds sing.", ENTAILMENT, "two")]
    kept = even_out([*rows, *mixed], random.Random(1))
    assert Counter((row.kind, row.label) for row in kept) == {
        ("one", CONTRADICTION): 1,
        ("one", ENTAILMENT): 1,
        ("two", NEUTRAL): 1,
        ("two", ENTAILMENT): 1,
    }


def test_a_copied_sentence_is_entailed_and_talk_is_not_copied(tmp_path: Path) -> None:
    """What a speaker says of himself is no claim of the document's."""
    prose = Block("The old mill by the river was sold last year. Nobody knows the price of it.", ())
    (copy,) = copies_of(prose, random.Random(3))
    assert copy.label == ENTAILMENT
    assert copy.premise == prose.document
    assert (
        copies_of(Block("Ann: I sold the old mill by the river.\nBo: To whom?", ()), random.Random(3)) == []
    )


def test_lessons_deal_every_document_in_each_pass_with_rows_the_model_knows(tmp_path: Path) -> None:
    """Documents stay whole, twins of judged rows too, and replay comes in the share asked for."""
    blocks = [
        ("written_a", next(read_blocks(write(tmp_path, TEXT.replace("six", str(n)), f"a/{n}.txt"))))
        for n in range(40)
    ]
    judged = [
        Example(f"p{n // 2}", f"h{n}", (ENTAILMENT, NEUTRAL)[n % 2], "fever", twin=f"t{n // 2}")
        for n in range(500)
    ]
    write_examples(tmp_path / "judged" / "shard-000.jsonl", judged)
    count = write_lessons(
        blocks, list_shards(tmp_path / "judged"), tmp_path / "out", passes=2, replay=0.5, tariffs=0.25, seed=1
    )
    rows = [row for path in list_shards(tmp_path / "out") for row in read_examples(path)]
    assert len(rows) == count
    own = [row for row in rows if row.kind != "fever"]
    assert len(rows) - len(own) == pytest.approx(0.5 * len(own), abs=2)
    priced = [row for row in own if row.kind == "tariffs"]
    written = [row for row in own if row.kind == "written_a"]
    assert {row.premise for row in own if row not in priced} == {block.document for _, block in blocks}
    assert len(priced) == pytest.approx(0.25 * len(written), abs=2)
    twins = Counter(row.twin for row in rows if row.kind == "fever")
    assert sum(n == 1 for n in twins.values()) <= 2 * len(list_shards(tmp_path / "out"))
