"""Rules of made-up houses, and claims about them, say what their labels say."""

import random
import string

import pytest

from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL
from halluguard.models.training.house_rules import HOUSES, SORTS, deal_rules


def slots(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_the_same_seed_deals_the_same_rules():
    assert deal_rules(random.Random(4), 60) == deal_rules(random.Random(4), 60)
    assert deal_rules(random.Random(4), 60) != deal_rules(random.Random(5), 60)


def test_each_premise_has_a_true_a_false_and_an_unanswered_claim():
    dealt = deal_rules(random.Random(1), 300)
    for true, false, silent in zip(dealt[::3], dealt[1::3], dealt[2::3], strict=True):
        assert (true.label, false.label, silent.label) == (ENTAILMENT, CONTRADICTION, NEUTRAL)
        assert true.premise == false.premise == silent.premise
        assert true.twin == false.twin != ""
        assert true.hypothesis != false.hypothesis


@pytest.mark.parametrize("name", sorted(SORTS))
def test_a_changed_slot_shows_in_every_statement_that_the_change_must_falsify(name):
    sort = SORTS[name]
    shown = [slots(template) for template in sort.states]
    for slot in sort.changed:
        both = {slot, slot.capitalize()}
        assert all(both & names for names in shown), slot


@pytest.mark.parametrize("name", sorted(SORTS))
def test_no_statement_of_a_rule_is_also_its_denial(name):
    sort = SORTS[name]
    assert not {*sort.states, *sort.follows} & set(sort.conflicts)


def test_houses_are_complete_and_no_blank_is_left():
    assert all(len(acts) >= 4 and len(events) >= 3 and len(groups) >= 3 for acts, events, groups in HOUSES)
    for example in deal_rules(random.Random(2), 300):
        assert "{" not in example.premise + example.hypothesis
        assert example.premise.endswith(".")


def test_an_unanswered_claim_is_not_among_the_rules():
    for example in deal_rules(random.Random(3), 600):
        if example.label == NEUTRAL:
            assert example.hypothesis not in example.premise
