from dataclasses import replace

import numpy as np
import pytest

from halluguard.grounding.calibration import DEFAULT
from halluguard.grounding.evidence import cover_of
from halluguard.grounding.reader import P_QUOTED, P_UNANSWERED, SUBJECT_COVER, Reader, ReadRequest
from halluguard.models import Cache, CachedScorer, PairScores
from halluguard.records import Passage

FARES = Passage(
    "fares", "Refunds are paid within 30 days of the request. Tickets can be changed once for free."
)
PETS = Passage("pets", "The lounge opens at 6 am. Dogs travel in the cabin up to 8 kg.")
FILLER = " ".join(
    f"Gate {number} lies behind the bakery and the long corridor of the terminal." for number in range(24)
)
LONG = Passage(
    "long", f"{FILLER} Ms Ortega runs the Porto office. {FILLER} The Porto office employs 12 people."
)
CLAIMS = (
    "Refunds take up to 30 days.",
    "Refunds are paid within 30 days of the request.",
    "Dogs may not travel in the cabin.",
    "The Porto office has 12 employees.",
    "Paris is in France.",
    "Tickets can be changed twice.",
)
REQUESTS = tuple(ReadRequest(claim, (FARES, PETS, LONG)) for claim in CLAIMS)


class Words:
    """A scorer that tells what it was asked: a pair is entailed where the premise holds every word of `needs`."""

    name, digest, max_tokens = "words", "w" * 64, 512

    def __init__(self, needs=(), opposed=()):
        self.needs, self.opposed, self.calls = needs, opposed, []

    def score(self, pairs):
        self.calls.append(list(pairs))
        rows = [
            (0.98, 0.01, 0.01) if self.needs and all(word in premise for word in self.needs)
            else (0.01, 0.01, 0.98) if self.opposed and any(word in premise for word in self.opposed)
            else (0.01, 0.98, 0.01)
            for premise, _ in pairs
        ]  # fmt: skip
        return PairScores(
            np.array(rows, dtype=np.float32).reshape(-1, 3), np.zeros(len(pairs), dtype=np.bool_)
        )


@pytest.fixture
def plain(models):
    """The real models without the shipped thresholds, so that what is tested does not change with them."""
    return Reader(models.scorer, DEFAULT)


def with_words(models, **settings):
    scorer = Words(**settings)
    return Reader(scorer, DEFAULT), scorer


def test_a_whole_sentence_repeated_needs_no_model(models):
    reader, scorer = with_words(models)

    reading = reader.read([ReadRequest("refunds are paid within 30 days of the request", (FARES,))])[0]

    assert (reading.supports, reading.p_supported, reading.evidence_id) == (True, P_QUOTED, "fares")
    assert scorer.calls == []


def test_without_passages_nothing_is_said(plain):
    reading = plain.read([ReadRequest("Dogs fly.", ()), ReadRequest("Dogs fly.", (Passage("blank", " \n"),))])

    assert all(
        (one.p_supported, one.supports, one.contradicts, one.evidence_id) == (0.0, False, False, "")
        for one in reading
    )


def test_readings_come_in_the_order_of_requests(plain):
    readings = plain.read(REQUESTS)

    assert [plain.read([request])[0].supports for request in REQUESTS] == [
        reading.supports for reading in readings
    ]


@pytest.mark.parametrize("size", [1, 8, 64])
def test_batches_and_order_change_no_status_and_no_score(plain, models, size):
    expected = plain.read(REQUESTS)
    scorer = CachedScorer(models.scorer.scorer, Cache(None))
    fresh = Reader(scorer, DEFAULT)
    backwards = tuple(reversed(REQUESTS))

    found = [
        one for start in range(0, len(backwards), size) for one in fresh.read(backwards[start : start + size])
    ]

    for one, other in zip(expected, reversed(found), strict=True):
        assert (one.supports, one.contradicts, one.evidence_text) == (
            other.supports,
            other.contradicts,
            other.evidence_text,
        )
        assert one.p_supported == pytest.approx(other.p_supported, abs=1e-5)
        assert one.p_contradicted == pytest.approx(other.p_contradicted, abs=1e-5)


def test_reading_everything_changes_no_decision(plain):
    early, late = plain.read(REQUESTS), plain.reading_everything().read(REQUESTS)

    assert [one.supports for one in early] == [one.supports for one in late]
    assert all(one.p_supported <= other.p_supported + 1e-6 for one, other in zip(early, late, strict=True))


def test_evidence_in_two_distant_sentences_is_read_as_one_premise(models):
    reader, _ = with_words(models, needs=("Ortega", "12 people"))

    reading = reader.read([ReadRequest("Ms Ortega runs an office that employs 12 people.", (LONG,))])[0]

    assert reading.supports
    assert reading.evidence_text == "Ms Ortega runs the Porto office. The Porto office employs 12 people."


def test_evidence_in_two_passages_is_read_as_one_premise(models):
    reader, _ = with_words(models, needs=("Ortega", "12 people"))
    passages = (
        Passage("a", "Ms Ortega runs the Porto office."),
        Passage("b", "The Porto office employs 12 people."),
    )

    assert reader.read([ReadRequest("Ms Ortega's office employs 12 people.", passages)])[0].supports


def test_a_claim_that_is_supported_at_once_is_read_no_further(models):
    reader, scorer = with_words(models, needs=("Porto",))

    reader.read([ReadRequest("The Porto office employs 12 workers.", (LONG,))])

    assert [len(call) for call in scorer.calls] == [1]


def test_what_is_undecided_is_read_in_further_rounds_without_reading_a_pair_twice(models):
    reader, scorer = with_words(models)

    reader.read([ReadRequest("The Porto office employs 13 workers.", (LONG,))])

    pairs = [pair for call in scorer.calls for pair in call]
    assert len(scorer.calls) > 1
    assert len(pairs) == len(set(pairs))


def read_by(calibration, claim, *, everything=False):
    """Return the premises read for a claim by a reader to which nothing is supported, call by call."""
    scorer = Words()
    Reader(scorer, calibration, exhaustive=everything).read([ReadRequest(claim, (LONG,))])
    return [[premise for premise, _ in call] for call in scorer.calls]


def test_between_the_thresholds_everything_chosen_is_read():
    grey = replace(DEFAULT, doubt_threshold=0.0, support_threshold=1.0)
    claim = "The Porto office employs 13 workers."

    assert read_by(grey, claim) == read_by(grey, claim, everything=True)
    assert sum(map(len, read_by(grey, claim))) > 4


def test_where_support_is_out_of_reach_only_what_could_contradict_is_read():
    doubtful = replace(DEFAULT, doubt_threshold=1.0, support_threshold=1.0)
    claim = "The Porto office employs 13 workers."

    later = [premise for call in read_by(doubtful, claim)[1:] for premise in call]

    assert later
    assert all(cover_of(claim, premise) >= SUBJECT_COVER for premise in later)
    assert [len(call) for call in read_by(doubtful, "Penguins of Antarctica swim.")] == [1]


def test_a_contradiction_off_the_subject_is_none(models):
    reader, _ = with_words(models, opposed=("Gate", "Porto", "lounge"))

    assert not reader.read([ReadRequest("Penguins of Antarctica swim.", (LONG, PETS))])[0].contradicts


def test_a_contradiction_on_the_subject_counts_and_is_shown(models):
    reader, _ = with_words(models, opposed=("employs 12",))

    reading = reader.read([ReadRequest("The Porto office employs 13 people.", (LONG,))])[0]

    assert reading.contradicts
    assert not reading.supports
    assert "employs 12" in reading.evidence_text
    assert reading.evidence_id == "long"


def test_no_pair_is_cut_however_long_the_passage(plain):
    reading = plain.read([ReadRequest("Ms Ortega runs the Porto office in Lisbon.", (LONG,))])[0]

    assert not reading.truncated


def test_a_pair_that_must_be_cut_is_marked(plain):
    claim = "The office " + "and the branch " * 400 + "opened."

    assert plain.read([ReadRequest(claim, (LONG,))])[0].truncated


def test_the_calibration_in_force_does_not_change_what_is_examined(plain):
    other = replace(plain, calibration=replace(DEFAULT, support_threshold=0.45, doubt_threshold=0.0))

    assert plain.examine(REQUESTS) == other.examine(REQUESTS)


def test_a_short_answer_is_not_borne_out_by_passages_that_do_not_hold_it(reader):
    question = "Who sings Can't take my eyes off you?"
    passage = Passage(
        "p", "Can't Take My Eyes Off You is a 1967 single by Frankie Valli, who sings it himself."
    )
    said, unsaid = reader.read(
        [
            ReadRequest(f"{question} {name}", (passage,), question)
            for name in ("Frankie Valli", "Elvis Presley")
        ]
    )

    assert said.supports
    assert not unsaid.supports
    assert unsaid.p_supported <= P_UNANSWERED


def test_a_short_answer_may_give_an_equal_quantity_in_other_writing(reader):
    question = "How long must the dressing stay dry?"
    passage = Passage("p", "The dressing must stay dry for 48 hours.")
    two, three = reader.read(
        [ReadRequest(f"{question} {days} days", (passage,), question) for days in ("two", "three")]
    )

    assert two.p_supported > P_UNANSWERED
    assert three.p_supported <= P_UNANSWERED


def test_half_a_short_answer_is_enough_and_numbers_count_as_values(reader):
    question = "How many Death Stars were built?"
    passage = Passage("p", "Four Death Stars were built by the Empire.")
    four, six = reader.read(
        [ReadRequest(f"{question} {number}", (passage,), question) for number in ("4", "6")]
    )

    assert four.p_supported > P_UNANSWERED
    assert six.p_supported <= P_UNANSWERED
