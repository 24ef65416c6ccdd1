"""Limits and prices: twins that say one bound in two ways and another bound, and nothing said of something else."""

import random
import re
from collections import Counter

from halluguard.models.training.bounds import LIMITED, deal_bounds
from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL

MADE = deal_bounds(random.Random(5), 900)


def test_labels_come_in_equal_parts_and_twins_in_pairs() -> None:
    assert Counter(row.label for row in MADE) == dict.fromkeys((ENTAILMENT, CONTRADICTION, NEUTRAL), 300)
    assert set(Counter(row.twin for row in MADE if row.twin).values()) == {2}
    assert deal_bounds(random.Random(5), 900) == MADE


def test_a_false_twin_is_no_true_one_and_no_slot_is_left_open() -> None:
    for true, false in zip(MADE[::3], MADE[1::3], strict=True):
        assert true.hypothesis != false.hypothesis
        assert true.premise == false.premise
    assert not any(re.search(r"[{}]|  ", row.premise + row.hypothesis) for row in MADE)


def test_true_claims_keep_every_number_of_their_rule() -> None:
    for row in MADE[::3]:
        assert set(re.findall(r"\d+", row.hypothesis)) <= set(re.findall(r"\d+", row.premise))


def test_every_limit_can_be_said_in_two_ways() -> None:
    assert all(len(templates) == 2 and units for templates, units in LIMITED)
