"""Pages of prices, hours and limits, and claims about them, say what their labels say."""

import random
import re
from collections import Counter
from itertools import pairwise

from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL
from halluguard.models.training.tariffs import OPENINGS, SERVICES, deal_tariffs

DEALT = deal_tariffs(random.Random(1), 6_000)
CHARGE = re.compile(
    r"(?:[£€$]|CHF |EUR )?[\d.]*\d(?: euros| pounds| kr\.)? (?:a year|a month|a week|a day|an hour)\b"
)
TOLD = (
    re.compile(rf"The ([\w' -]+) costs ({CHARGE.pattern})\."),
    re.compile(rf"The ([\w' -]+) is available at ({CHARGE.pattern})\."),
    re.compile(rf"For an? ([\w' -]+) we ask ({CHARGE.pattern})\."),
    re.compile(rf"([A-Z][\w' -]+): ({CHARGE.pattern})\."),
    re.compile(rf"\| ([\w' -]+) \| ({CHARGE.pattern}) \|"),
)


def bare(claim):
    for opening in filter(None, OPENINGS):
        claim = claim.removeprefix(opening)
    return claim[:1].lower() + claim[1:]


def test_the_same_seed_deals_the_same_pages():
    assert deal_tariffs(random.Random(4), 60) == deal_tariffs(random.Random(4), 60)
    assert deal_tariffs(random.Random(4), 60) != deal_tariffs(random.Random(5), 60)


def test_labels_come_in_equal_numbers_and_a_right_claim_has_a_wrong_twin():
    assert set(Counter(one.label for one in DEALT).values()) == {2_000}
    twins = {}
    for one in DEALT:
        if one.twin:
            twins.setdefault((one.premise, one.twin), []).append(one.label)
    assert all(sorted(labels) == [CONTRADICTION, ENTAILMENT] for labels in twins.values())


def test_no_claim_has_two_labels_under_one_page():
    labels = {}
    for one in DEALT:
        labels.setdefault((one.premise, bare(one.hypothesis)), set()).add(one.label)
    assert all(len(found) == 1 for found in labels.values())


def test_forms_do_not_tell_the_label():
    """With figures and things blotted out, claims of a frequent wording are right about as often as wrong."""
    things = {thing for items, owners, places in SERVICES for thing in (*items, *owners, *places)}
    named = re.compile("|".join(sorted(map(re.escape, things), key=len, reverse=True)))
    forms = {}
    for one in DEALT:
        if one.label != NEUTRAL and re.search(r"\d", one.hypothesis):
            form = re.sub(r"\d[\d.:]*", "0", named.sub("X", bare(one.hypothesis)))
            form = re.sub(r"[£€$]|(?:CHF|cHF|EUR|eUR) | (?:kr\.|euros|pounds)", "", form)
            forms.setdefault(form, []).append(one.label == ENTAILMENT)
    frequent = [labels for labels in forms.values() if len(labels) >= 15]
    assert len(frequent) > 25
    assert all(0.2 < sum(labels) / len(labels) < 0.8 for labels in frequent)


def test_a_claim_that_names_one_thing_and_its_charge_is_right_only_with_the_figure_of_that_thing():
    """The pages are read back: what a row, an item of a list or a sentence says of a thing decides, not the generator."""
    checked = Counter()
    for one in DEALT:
        told = {thing.lower(): charge for pattern in TOLD for thing, charge in pattern.findall(one.premise)}
        charges = CHARGE.findall(one.hypothesis)
        named = [thing for thing in told if re.search(rf"\b{thing}\b", one.hypothesis.lower())]
        if len(charges) == len(named) == 1 and not re.search("more|in all|together", one.hypothesis.lower()):
            checked[one.label] += 1
            assert (told[named[0]] == charges[0]) is (one.label == ENTAILMENT), one
    assert min(checked[ENTAILMENT], checked[CONTRADICTION]) > 100


def test_tables_have_as_many_cells_as_their_header():
    pages = {one.premise for one in DEALT if "|---" in one.premise}
    assert len(pages) > 100
    for page in pages:
        rows = [line.count("|") for line in page.split("\n") if line.startswith("|")]
        assert all(above == below for above, below in pairwise(rows)), page


def test_no_blank_is_left_and_sentences_begin_with_a_capital():
    for one in DEALT:
        assert "{" not in one.premise + one.hypothesis
        assert not one.hypothesis[0].islower()
