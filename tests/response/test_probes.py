import pytest

from halluguard.response.paraphrase import normal, paraphrase
from halluguard.response.probes import LEAST_PROBES, MAX_PROBES, FalseClaim, make_probes

QUESTION = "How long can I send a jacket back?"


def claim(number):
    return FalseClaim(f"A jacket can be sent back for {number} days.", (f"e{number}",), (QUESTION,))


def test_one_question_gives_enough_different_probes_for_a_bound(models):
    probes = make_probes([claim(90)], [QUESTION, "Where is the shop?"], models.embedder)

    assert len(probes) == LEAST_PROBES
    assert len({normal(probe.question) for probe in probes}) == LEAST_PROBES
    assert probes[0].question == QUESTION
    assert probes == make_probes([claim(90)], [QUESTION, "Where is the shop?"], models.embedder)


def test_many_claims_share_the_probes(models):
    probes = make_probes([claim(number) for number in range(6)], [QUESTION], models.embedder)

    assert {probe.claim for probe in probes} == set(range(6))
    assert len(probes) == 6 * MAX_PROBES


def test_without_claims_nothing_is_asked(models):
    assert make_probes([], [QUESTION], models.embedder) == ()


@pytest.mark.parametrize(
    ("claim", "form"),
    [
        ("A jacket can be sent back.", "Is it true that a jacket can be sent back?"),
        ("TSA rules apply.", "Is it true that TSA rules apply?"),
        ("I may send it back.", "Is it true that I may send it back?"),
    ],
)
def test_a_claim_is_asked_as_people_write_it(claim, form):
    assert form in paraphrase(QUESTION, (claim,))
