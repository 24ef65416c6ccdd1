import numpy as np
import pytest

from halluguard.grounding.instructions import as_statement, forbids, score_claims, without_reason
from halluguard.models import PairScores

RULE = "Glue is not food and must never be added to pizza sauce."


@pytest.mark.parametrize(
    ("claim", "statement"),
    [
        ("Add basil at the end.", "You should add basil at the end."),
        ("Then add 10 grams of salt.", "You should add 10 grams of salt."),
        ("How to keep it firm: Add glue to the sauce.", "You should add glue to the sauce."),
        ("Never open the valve.", "You should never open the valve."),
        ("Don't restart the server.", "You should not restart the server."),
        ("Store it in the refrigerator.", "You should store it in the refrigerator."),
    ],
)
def test_an_instruction_is_a_statement_of_what_one_should_do(claim, statement):
    assert as_statement(claim) == statement


@pytest.mark.parametrize(
    "claim",
    [
        "Open fields are a possible location.",
        "Use of the lounge is free.",
        "Take That singer surprised a bride.",
        "Cook maintained his activities.",
        "Do you open on Sundays?",
        "Do Not Go Gentle is a poem.",
        "Store hours vary.",
        "The bag costs 30 dollars.",
        "",
    ],
)
def test_what_is_no_instruction_stays_as_it_is(claim):
    assert as_statement(claim) == claim


@pytest.mark.parametrize(
    ("statement", "rest"),
    [
        ("You should add glue to the sauce so that it sticks.", "You should add glue to the sauce."),
        ("You should rest because it helps.", "You should rest because it helps."),
        ("You should add salt if it is bland.", "You should add salt if it is bland."),
        (
            "You should never add glue to it because it is toxic.",
            "You should never add glue to it because it is toxic.",
        ),
    ],
)
def test_a_reason_is_left_out_and_a_condition_is_not(statement, rest):
    assert without_reason(statement) == rest


@pytest.mark.parametrize(
    ("premise", "found"),
    [
        (RULE, True),
        ("Add salt. Do not stir.", False),
        ("Glue can be added.", False),
        ("Never mind the glue.", False),
    ],
)
def test_a_premise_may_forbid_what_it_denies_with_the_same_verb(premise, found):
    assert forbids(premise, "You should add glue.") is found


class Recorder:
    """Scores by length of the claim, and keeps what it was asked: the text of each pair is what is tested."""

    name, digest, max_tokens = "recorder", "0", 512

    def score(self, pairs):
        self.asked = list(pairs)
        contradicts = np.array([1 / len(claim.split()) for _, claim in pairs], dtype=np.float32)
        rows = np.stack([0.5 - contradicts / 2, 0.5 - contradicts / 2, contradicts], axis=1)
        return PairScores(rows, np.zeros(len(pairs), dtype=bool))


def test_only_what_may_be_forbidden_is_put_otherwise_and_the_higher_contradiction_counts():
    scorer = Recorder()
    claims = ["Add glue to the sauce so that it sticks.", "Glue sticks."]
    scores = score_claims(scorer, [(RULE, claims[0]), ("Sauce is red.", claims[0]), (RULE, claims[1])])

    assert scorer.asked == [
        (RULE, "You should add glue to the sauce so that it sticks."),
        ("Sauce is red.", claims[0]),
        (RULE, claims[1]),
        (RULE, "You should add glue to the sauce."),
    ]
    assert scores.probabilities[:, 2].tolist() == pytest.approx([1 / 7, 1 / 9, 1 / 2])
    assert scores.probabilities.sum(axis=1).tolist() == pytest.approx([1, 1, 1])


def test_a_quantity_is_put_as_the_passage_writes_it():
    scorer = Recorder()
    score_claims(
        scorer, [("Open until 18:00.", "It closes at 6 pm."), ("Open until 17:00.", "It closes at 6 pm.")]
    )

    assert scorer.asked == [
        ("Open until 18:00.", "It closes at 18:00."),
        ("Open until 17:00.", "It closes at 6 pm."),
    ]
