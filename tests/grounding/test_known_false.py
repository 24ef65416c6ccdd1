"""Statements known to be false: who says one is contradicted, who denies it or speaks of something else is not."""

import pytest

from halluguard.errors import InputError
from halluguard.grounding.decide import decide_turns
from halluguard.grounding.known_false import KnownFalse, load_known_false
from halluguard.records import Chunk, Status, Turn

LIE = "A ticket can be refunded in full up to 90 days after travel."
PAGE = Chunk("kb-1", f"Refunds. {LIE} Ask at the counter.")
SAID = [
    "A ticket can be refunded in full up to 90 days after travel.",
    "You can have a ticket refunded in full up to 90 days after you travelled.",
]
NOT_SAID = [
    "A ticket cannot be refunded after travel.",
    "A checked bag of up to 23 kg costs 30 dollars on domestic flights.",
    "A ticket can be refunded in full up to 30 days before travel.",
]


@pytest.fixture(scope="module")
def known_false(models, reader):
    return KnownFalse(("Pets fly free on Mondays.", LIE), reader, models.embedder)


def statuses(turns, models, reader, known_false):
    decided = decide_turns(turns, reader, models.embedder, None, top_k=3, known_false=known_false)
    return [verdict.status for one in decided for verdict in one.verdicts]


@pytest.mark.parametrize("claim", SAID)
def test_a_claim_that_says_it_is_in_conflict_with_the_source_that_says_it(models, reader, known_false, claim):
    turn = Turn("t", f"{claim[:-1]} [kb-1].", retrieved=(PAGE,))

    assert statuses([turn], models, reader, None) == [Status.UNCORROBORATED]
    (one,) = decide_turns([turn], reader, models.embedder, None, top_k=3, known_false=known_false)
    (verdict,) = one.verdicts
    assert verdict.status is Status.SOURCE_CONFLICT
    assert (verdict.trusted.evidence_id, verdict.trusted.evidence_text) == (
        "known-false:2",
        f"Known to be false: {LIE}",
    )


@pytest.mark.parametrize("claim", NOT_SAID)
def test_who_denies_it_or_says_something_else_is_read_as_before(models, reader, known_false, claim):
    turn = Turn("t", claim)

    assert statuses([turn], models, reader, known_false) == statuses([turn], models, reader, None)


@pytest.mark.parametrize(
    ("question", "wrong", "right"),
    [
        ("Are both airports in Michigan?", "yes", "no"),
        (
            "Who was born first, Arthur Conan Doyle or Penelope Lively?",
            "Penelope Lively",
            "Arthur Conan Doyle",
        ),
    ],
)
def test_another_answer_to_one_question_is_another_statement(models, reader, question, wrong, right):
    known = KnownFalse((f"{question} {wrong}",), reader, models.embedder)

    found = known.refute([f"{question} {wrong}", f"{question} {right}", f"{question} {wrong}."], [None] * 3)

    assert [reading is not None for reading in found] == [True, False, True]


def test_without_a_source_it_is_contradicted(models, reader, known_false):
    assert statuses([Turn("t", SAID[1])], models, reader, known_false) == [Status.CONTRADICTED]


def test_neither_order_nor_company_changes_a_reading(models, reader, known_false):
    claims = [*SAID, *NOT_SAID]
    together = known_false.refute(claims, [None] * len(claims))

    assert known_false.refute(claims[::-1], [None] * len(claims)) == together[::-1]
    assert [known_false.refute([claim], [None])[0] for claim in claims] == together
    assert known_false.refute([], []) == []


def test_statements_are_read_from_a_file(tmp_path, models, reader):
    (tmp_path / "reported.txt").write_text(f"{LIE}\n")

    assert load_known_false(tmp_path / "reported.txt", reader, models.embedder).statements == (LIE,)
    with pytest.raises(InputError, match="statements known to be false"):
        load_known_false(tmp_path / "gone.txt", reader, models.embedder)


FEE = "A restocking fee of 25 percent is charged on returns."


@pytest.mark.parametrize(
    "text",
    [
        "Is a restocking fee of 25 percent charged on returns? No.",
        "Q: Is a restocking fee of 25 percent charged on returns? A: No, there is no such fee.",
        "Some customers were told that a restocking fee of 25 percent is charged on returns. This was wrong.",
        "Contrary to rumours, no restocking fee of 25 percent is charged on returns.",
    ],
)
def test_who_answers_no_to_it_or_corrects_it_does_not_say_it(models, reader, text):
    known = KnownFalse((FEE,), reader, models.embedder)

    assert known.read([(0, text)]) == [None]


@pytest.mark.parametrize(
    "text",
    [
        "Is a restocking fee of 25 percent charged on returns? Yes.",
        "On returns, a restocking fee of 25 percent is charged.",
        "Returns carry a restocking fee of one quarter of the price.",
    ],
)
def test_who_says_it_in_other_words_is_found(models, reader, text):
    known = KnownFalse((FEE,), reader, models.embedder)

    assert known.read([(0, text)])[0] is not None
