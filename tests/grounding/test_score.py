from itertools import islice

from halluguard.grounding.calibration import DEFAULT
from halluguard.grounding.reader import Reader
from halluguard.grounding.score import BLOCK_PAIRS, Score, combine, score_pairs, split_for_scoring
from halluguard.records import Reading

DOCUMENT = "Refunds are paid within 30 days of the request. Dogs travel in the cabin up to 8 kg."


def reading(p_supported, p_contradicted=0.0):
    return Reading(p_supported, p_contradicted, p_supported >= 0.5, False)


def test_the_worst_claim_decides():
    score = combine([reading(0.9, 0.1), reading(0.2, 0.7), reading(0.8)])

    assert (score.supported, score.contradicted, score.label) == (0.2, 0.7, 0)


def test_all_claims_supported_is_supported():
    assert combine([reading(0.9), reading(0.6)]).label == 1


def test_a_row_says_that_a_text_was_cut_where_it_was():
    row = {"supported": 0.9, "contradicted": 0.1, "label": 1}
    assert Score(0.9, 0.1, 1).as_dict() == row
    assert Score(0.9, 0.1, 1, truncated=True).as_dict() == {**row, "truncated": True}


def test_pleasantries_and_questions_are_not_read():
    assert split_for_scoring(
        "Thank you for asking! Dogs travel in the cabin. Can I help you further?", None
    ) == ("Dogs travel in the cabin.",)


def test_a_text_that_claims_nothing_is_read_whole():
    assert split_for_scoring("Hello!", None) == ("Hello!",)
    assert split_for_scoring("", None) == ("",)


def test_scores_come_in_order_for_pairs_of_any_length(models):
    reader = Reader(models.scorer, DEFAULT)
    pairs = [
        (DOCUMENT, "Refunds are paid within 30 days of the request.", None),
        ("", "Refunds are paid.", None),
        (DOCUMENT, "", None),
        (DOCUMENT * 50, "Dogs travel in the cabin up to 8 kg.", "May I bring my dog?"),
    ]

    labels = [score.label for score in score_pairs(pairs, reader)]

    assert labels == [1, 0, 0, 1]


def test_pairs_are_streamed_in_blocks(models):
    reader = Reader(models.scorer, DEFAULT)
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield DOCUMENT, "Dogs travel in the cabin up to 8 kg.", None

    assert all(score.label for score in islice(score_pairs(endless(), reader), 3))
    assert len(taken) == BLOCK_PAIRS
