import pytest

from halluguard.grounding.evidence import choose_sentences, find_candidates, find_held, find_quote
from halluguard.records import Passage

FILLER = " ".join(
    f"Paragraph {number} speaks of weather, roads and harvests in the valley." for number in range(40)
)
APART = Passage("a", f"Ms Ortega runs the Porto branch. {FILLER} The Porto branch opened in 1998.")


def test_packed_sentences_come_from_different_places_in_reading_order():
    packed, best = choose_sentences("The branch that Ms Ortega runs opened in 1998.", [APART]) or (None, None)

    assert packed is not None
    assert packed.text == "Ms Ortega runs the Porto branch. The Porto branch opened in 1998."
    assert packed.cover == 1.0
    assert (best.text, round(best.cover, 4)) == ("Ms Ortega runs the Porto branch.", 0.6667)


def test_packed_sentences_come_from_different_passages():
    packed, best = choose_sentences(
        "Ms Ortega's branch opened in 1998.",
        [Passage("a", "Ms Ortega runs Porto."), Passage("b", "Porto opened in 1998.")],
    ) or (None, None)

    assert packed is not None
    assert packed.text == "Ms Ortega runs Porto. Porto opened in 1998."
    assert (best.passage_id, best.text) == ("a", "Ms Ortega runs Porto.")


def test_nothing_is_packed_where_no_word_is_shared():
    assert choose_sentences("Penguins swim.", [APART]) is None


TABLE = (
    "| Car park | One hour | All day |\n|---|---|---|\n| Quayside | £1.40 | £7 |\n"
    + "".join(f"| Place {number} | £{number}.10 | £{number}0 |\n" for number in range(2, 40))
    + "| Station | £1.60 | £8.50 |"
)


def test_a_row_of_a_table_is_read_under_its_header():
    packed, best = choose_sentences("A whole day at the Station car park costs £8.50.", [Passage("t", TABLE)])

    assert best.text == "| Car park | One hour | All day |\n| Station | £1.60 | £8.50 |"
    assert packed.text.startswith(best.text.split("\n")[0])
    assert packed.text.count("One hour") == 1


def test_rows_of_one_table_stand_under_one_header():
    claim = "Quayside costs £1.40 and Station £1.60."
    packed, _ = choose_sentences(claim, [Passage("t", TABLE)])

    assert packed.text == (
        "| Car park | One hour | All day |\n| Quayside | £1.40 | £7 |\n| Station | £1.60 | £8.50 |"
    )


def test_a_window_that_begins_within_a_table_has_its_header():
    found = find_candidates("Station £8.50", [Passage("t", TABLE)])

    assert len(found) > 1
    assert all(window.text.startswith("| Car park | One hour | All day |\n") for window in found)


def test_candidates_are_distinct_and_the_richest_come_first():
    found = find_candidates("The Porto branch opened in 1998.", [APART, Passage("copy", APART.text)], 3)

    assert len({window.text for window in found}) == 3
    assert "opened in 1998" in found[0].text
    assert found[0].passage_id == "a"


def test_whole_sentences_are_quotes_apart_from_case_and_punctuation():
    passages = [Passage("p", "Refunds take 30 days. Dogs travel free, on request!")]

    assert find_quote("refunds take 30 days", passages) is not None
    quote = find_quote("Refunds take 30 days. Dogs travel free on request.", passages)
    assert quote is not None
    assert quote.passage_id == "p"


def test_part_of_a_sentence_is_no_quote():
    passages = [
        Passage(
            "p",
            "It is not true that refunds take 30 days. Do refunds take 30 days? Rates fell by -5% this year.",
        )
    ]

    assert find_quote("Refunds take 30 days.", passages) is None
    assert find_quote("Do refunds take 30 days", passages) is None
    assert find_quote("Rates fell by 5% this year.", passages) is None


@pytest.mark.parametrize(("one", "other"), ["≥≤", "><", "¥₹", "+±", "‹›"])
def test_another_sign_is_no_quote(one, other):
    """The words alone are the same, and the sentence says something else."""
    passages = [Passage("p", f"Refunds are paid for delays of {one} 3 hours.")]

    assert find_quote(f"Refunds are paid for delays of {one} 3 hours.", passages) is not None
    assert find_quote(f"Refunds are paid for delays of {other} 3 hours.", passages) is None


@pytest.mark.parametrize(
    ("said", "claimed"),
    [
        ("Pets travel in the cabin: ✅.", "Pets travel in the cabin: ❌."),
        ("Refunds after departure ✗, vouchers ✓.", "Refunds after departure ✓, vouchers ✗."),
        ("The gate opens when status != closed.", "The gate opens when status = closed."),
        ("The bond is rated AA- by Fitch.", "The bond is rated AA by Fitch."),
        ("The bond is rated AA- by Fitch.", "The bond is rated AA+ by Fitch."),
        ("The long-term bond is rated AA-.", "The long-term bond is rated AA."),
        ("The crate must be under 6' long.", 'The crate must be under 6" long.'),
        ("The crate must be under 6′ long.", "The crate must be under 6″ long."),
        ("The crate must be under 6'2\" long.", "The crate must be under 62 long."),
    ],
)
def test_a_tick_a_grade_or_a_mark_of_length_that_differs_is_no_quote(said, claimed):
    passages = [Passage("p", f"Rules of travel. {said} Ask at the desk.")]

    assert find_quote(said, passages) is not None
    assert find_quote(claimed, passages) is None


@pytest.mark.parametrize(
    ("said", "claimed"),
    [
        ("Refunds take at least 14 days!", "Refunds take at least 14 days."),
        ('"Pets travel free" is our rule.', "Pets travel free is our rule."),
        ("The dogs' kennels open daily.", "The dogs kennels open daily."),
        ("“Pets travel free” is our rule.", '"Pets travel free" is our rule.'),
        ("The 1990's rules still apply.", "The 1990s rules still apply."),
        ("The ‘late’ fee applies today.", "The 'late' fee applies today."),
    ],
)
def test_quotation_marks_and_apostrophes_leave_a_quote_a_quote(said, claimed):
    assert find_quote(claimed, [Passage("p", f"Rules of travel. {said} Ask at the desk.")]) is not None


def test_what_another_passage_holds_of_a_text_is_found_by_whole_sentences():
    evidence = "The desk opens at 8.\nDogs stay outside. Cats may come in."
    passages = (
        Passage("one", "Rules. Dogs stay\noutside. Birds too."),
        Passage("two", "Cats may come in. Dogs stay  outside. The desk opens at 8"),
        Passage("three", "Dogs stay outside, mostly."),
    )

    assert find_held(evidence, passages) == Passage("two", "Dogs stay outside. Cats may come in.")
    assert find_held(evidence, passages[2:]) is None
    assert find_held(evidence, ()) is None
    assert find_held("", passages) is None


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        ("Bag fee: $5", "Bag fee: $50"),
        ("It costs $5.", "It costs $5.50."),
        ("Refunds are paid for all fares", "Refunds are paid for all fares except Basic."),
        ("Refunds are paid for all fares.", "It is a myth that Refunds are paid for all fares."),
    ],
)
def test_part_of_a_sentence_is_not_held(evidence, text):
    assert find_held(evidence, (Passage("p", text),)) is None


def test_a_claim_of_few_words_is_no_quote():
    assert find_quote("30 days.", [Passage("p", "How long does it take?\n30 days.")]) is None


def test_a_row_is_not_joined_with_a_sentence_of_another_page():
    claim = "Recovery is available on the Team plan."
    backup = Passage("backup", "Recovery is available on the Enterprise plan only.")
    plans = Passage("plans", "| Plan | Price |\n|---|---|\n| Team | $49 |")
    packed, _ = choose_sentences(claim, [backup, plans])
    together, _ = choose_sentences(claim, [Passage("one", f"{backup.text}\n\n{plans.text}")])

    assert packed.text == backup.text
    assert "| Team | $49 |" in together.text
