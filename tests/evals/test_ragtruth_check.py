from evals.data import Row
from evals.grounding_ragtruth import _check

DOCUMENT = (
    "passage 1:A checked bag of up to 23 kg costs 30 dollars on domestic flights.\n\n"
    "passage 2:Small dogs and cats travel in the cabin for 80 dollars each way.\n\n"
)


def row(claim, label):
    return Row("RAGTruth", DOCUMENT, claim, label, question="What does a bag cost?")


def test_answers_are_checked_as_a_log_and_flagged_by_their_worst_claim(models, reader):
    right = row("Small dogs and cats travel in the cabin for 80 dollars each way.", 1)
    wrong = row(
        "Small dogs and cats travel in the cabin for 80 dollars each way. Pilots sing opera in Lisbon.", 0
    )

    found = list(_check([right, wrong], reader, models.embedder))

    assert [answer.flagged for answer in found] == [False, True]
    assert found[0].supported > found[1].supported
    assert [wrong.claim[start:end] for start, end in found[1].flagged_spans] == [
        "Pilots sing opera in Lisbon."
    ]
