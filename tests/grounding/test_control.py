"""The control of false alarms: how much it reads, and that what it does not read could be no alarm."""

import numpy as np
import pytest

from halluguard.grounding.calibration import DEFAULT
from halluguard.grounding.control import control_facts, sample_size
from halluguard.grounding.reader import Reader, ReadRequest, may_contradict
from halluguard.models import PairScores
from halluguard.records import Passage

BAGS = Passage("bags#0", "A checked bag of up to 23 kg costs 30 dollars on domestic flights.")
PETS = Passage("pets#0", "Small dogs travel in the cabin for 80 dollars on domestic flights.")


class Denying:
    """A scorer to which everything is contradicted: the worst reader there is."""

    name, digest, max_tokens = "denying", "d" * 64, 512

    def __init__(self):
        self.pairs = []

    def score(self, pairs):
        self.pairs += pairs
        rows = np.tile(np.array([0.01, 0.01, 0.98], dtype=np.float32), (len(pairs), 1))
        return PairScores(rows, np.zeros(len(pairs), dtype=np.bool_))


@pytest.mark.parametrize(
    ("claims", "expected"), [(0, 0), (1, 0), (6, 3), (40, 20), (150, 20), (551, 55), (1400, 100)]
)
def test_the_control_stays_a_small_share_of_a_log(claims, expected):
    assert sample_size(claims) == expected


def test_each_claim_is_read_against_the_evidence_of_another(models):
    reader = Reader(Denying(), DEFAULT)
    requests = [
        ReadRequest("A bag costs 25 dollars on domestic flights.", (BAGS,)),
        ReadRequest("Dogs travel for 10 dollars on domestic flights.", (PETS,)),
    ]

    assert control_facts(reader, requests) == {"read": 1, "contradicted": 1}
    assert {premise for premise, _ in reader.scorer.pairs} == {PETS.text}


def test_evidence_of_the_same_document_is_no_control(models):
    reader = Reader(Denying(), DEFAULT)
    same = [ReadRequest("Bags cost 25 dollars.", (BAGS,)), ReadRequest("Bags are free.", (BAGS,))]

    assert control_facts(reader, same) == {"read": 0, "contradicted": 0}


@pytest.mark.parametrize(
    ("claim", "read"),
    [
        ("Penguins of Antarctica swim under the ice for minutes.", False),
        ("The engineer speaks Latin and Greek to the cabin crew in the morning.", False),
        ("Dogs travel in the hold.", True),
    ],
)
def test_what_the_control_leaves_unread_could_be_no_contradiction(models, claim, read):
    request = ReadRequest(claim, (BAGS, PETS))
    (reading,) = Reader(Denying(), DEFAULT).read([request])

    assert may_contradict(request) is reading.contradicts is read
