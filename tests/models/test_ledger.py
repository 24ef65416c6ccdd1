"""Ledgers: claims that bind a value to the wrong line are not entailed, though every word may stand in the passage."""

import random
import re

from halluguard.models.training.edits import edit_near_value
from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL, NOT_ENTAILMENT
from halluguard.models.training.held_out import TEMPLATES
from halluguard.models.training.ledger import LINES, deal_ledger

PEOPLE = (
    "Anna Bell", "Carl Dorn", "Eve Frost", "Gil Hart", "Ina Jong", "Kurt Lang", "Mia Nolan", "Otto Pohl",
    "Rita Sand", "Tom Ude", "Vera Wolf", "Xaver Young",
)  # fmt: skip
MADE = deal_ledger(random.Random(5), 900, PEOPLE)


def skeleton(template: str) -> str:
    """Return a template with its slots made one."""
    return re.sub(r"\{\w+\}", "_", template)


def test_the_same_seed_deals_the_same_rows() -> None:
    assert deal_ledger(random.Random(5), 900, PEOPLE) == MADE


def test_each_round_has_a_true_claim_its_false_twin_and_one_left_out() -> None:
    for true, false, silent in zip(MADE[::3], MADE[1::3], MADE[2::3], strict=True):
        assert (true.label, silent.label) == (ENTAILMENT, NEUTRAL)
        assert false.label in (CONTRADICTION, NOT_ENTAILMENT)
        assert true.premise == false.premise == silent.premise
        assert true.hypothesis != false.hypothesis
        assert true.twin == false.twin != ""


def test_a_true_claim_takes_its_values_from_one_line() -> None:
    for true in MADE[::3]:
        values = [*(p for p in PEOPLE if p in true.hypothesis), *re.findall(r"\d+", true.hypothesis)]
        sentences = re.split(r"(?<!Dr)\. ", true.premise)
        assert any(all(value in sentence for value in values) for sentence in sentences), true


def test_many_wrong_values_stand_elsewhere_in_the_passage() -> None:
    pairs = zip(MADE[::3], MADE[1::3], strict=True)
    wrong = [set(false.hypothesis.split()) - set(true.hypothesis.split()) for true, false in pairs]
    numbers = [
        (w, row.premise) for some, row in zip(wrong, MADE[::3], strict=True) for w in some if w.isdigit()
    ]

    assert sum(w in premise.replace(".", " ").split() for w, premise in numbers) > 0.25 * len(numbers) > 10


def test_no_line_is_a_template_of_the_held_out_set() -> None:
    held = {skeleton(text) for one in TEMPLATES for text in (one.statement, one.claim, one.denied)}
    ours = {skeleton(text) for line in LINES for text in (*line.states, *line.claims, *line.denials)}
    assert not held & ours


def test_a_near_value_is_one_that_the_passage_states() -> None:
    context = ["The line opened in 1987 with 14 stops.", "It has 22 bridges."]
    found = {edit_near_value("Built in 1923, it has 31 cars.", random.Random(s), context) for s in range(40)}

    assert found == {
        "Built in 1987, it has 31 cars.",
        "Built in 1923, it has 14 cars.",
        "Built in 1923, it has 22 cars.",
    }
    assert edit_near_value("It has no cars.", random.Random(0), context) is None
