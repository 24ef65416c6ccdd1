"""Deciding a block of turns: what is read, what is not, and that neither size nor order of a block shows."""

import random
from dataclasses import dataclass, field, replace

import pytest

from halluguard.grounding.decide import decide_turns
from halluguard.models import Cache, CachedEmbedder, CachedScorer
from halluguard.records import Chunk, Status, Turn
from halluguard.trusted import build_index, open_index

BAG = "A checked bag of up to 23 kg costs 30 dollars on domestic flights."
PETS = "Small dogs and cats travel in the cabin for 80 dollars each way. Pets must be at least 12 weeks old."
LOUNGE = "The lounge in Porto opens at 6 am and closes after the last departure."
BAGS_CHUNK, PETS_CHUNK, LOUNGE_CHUNK = (
    Chunk("kb-1", BAG), Chunk("kb-2", f"Travelling with animals. {PETS}"), Chunk("kb-3", LOUNGE),
)  # fmt: skip
SHOWN = (BAGS_CHUNK, PETS_CHUNK, LOUNGE_CHUNK)
TURNS = [
    Turn("uncited", "Pets have to be 12 weeks old or more.", retrieved=SHOWN),
    Turn("cited", "A checked bag of 23 kg costs 30 dollars on a domestic flight [kb-1].", retrieved=SHOWN),
    Turn("elsewhere", "Small cats travel in the cabin for 80 dollars each way [kb-1].", retrieved=SHOWN),
    Turn("only shown", "The Porto lounge opens at 6 am.", retrieved=SHOWN),
    Turn("wrong", "A checked bag costs 75 dollars on domestic flights. Cats travel in the hold.", retrieved=SHOWN),
    Turn("invented", "The crew speaks Latin on Tuesdays. Children receive a free telescope.", retrieved=SHOWN),
]  # fmt: skip


@dataclass
class Recording:
    """The real model, and the pairs it was asked for."""

    inner: object
    pairs: list = field(default_factory=list)

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def score(self, pairs):
        self.pairs += pairs
        return self.inner.score(pairs)


@pytest.fixture(scope="module")
def index(tmp_path_factory, models):
    folder = tmp_path_factory.mktemp("pages")
    (folder / "bags.md").write_text(f"{BAG}\n")
    (folder / "pets.md").write_text(f"{PETS}\n")
    build_index(folder, folder.parent / "index", models.embedder)
    return open_index(folder.parent / "index", models.embedder)


def decide(turns, reader, embedder, index):
    """Decide some turns, and return each verdict under its turn and place."""
    decided = decide_turns(turns, reader, embedder, index, top_k=3)
    return {(one.turn.turn_id, n): verdict for one in decided for n, verdict in enumerate(one.verdicts)}


def test_other_chunks_are_read_only_where_nothing_else_bears_a_claim_out(models, reader, index):
    scorer = Recording(models.scorer)
    verdicts = decide(TURNS, replace(reader, scorer=scorer), models.embedder, index)

    assert verdicts["uncited", 0].status is Status.UNCITED
    assert verdicts["only shown", 0].status is Status.UNCORROBORATED
    assert {name for (name, _), one in verdicts.items() if one.retrieved is not None} == {
        "only shown",
        "wrong",
        "invented",
    }


def test_a_chunk_that_holds_the_trusted_evidence_word_for_word_is_named(models, reader, index):
    verdicts = decide(TURNS, reader, models.embedder, index)

    assert verdicts["uncited", 0].supporting_chunk_id == "kb-2"
    assert (verdicts["elsewhere", 0].status, verdicts["elsewhere", 0].supporting_chunk_id) == (
        Status.MISATTRIBUTED,
        "kb-2",
    )
    assert verdicts["cited", 0].supporting_chunk_id == "kb-1"
    assert verdicts["invented", 0].supporting_chunk_id == ""


@pytest.mark.parametrize("size", [1, 8, 64])
def test_blocks_of_any_size_and_order_come_to_the_same_verdicts(models, reader, index, size):
    some = [replace(turn, turn_id=f"{turn.turn_id} {copy}") for copy in range(2) for turn in TURNS]
    expected = decide(some, reader, models.embedder, index)
    random.Random(size).shuffle(some)
    fresh = replace(reader, scorer=CachedScorer(models.scorer.scorer, Cache(None)))
    embedder = CachedEmbedder(models.embedder.embedder, Cache(None))

    found = {}
    for start in range(0, len(some), size):
        found |= decide(some[start : start + size], fresh, embedder, index)

    assert found.keys() == expected.keys()
    for name, one in found.items():
        other = expected[name]
        assert (one.status, one.supporting_chunk_id) == (other.status, other.supporting_chunk_id)
        for mine, theirs in (
            (one.cited, other.cited),
            (one.retrieved, other.retrieved),
            (one.trusted, other.trusted),
        ):
            assert (mine is None) == (theirs is None)
            if mine is not None and theirs is not None:
                assert mine.p_supported == pytest.approx(theirs.p_supported, abs=1e-5)
                assert mine.p_contradicted == pytest.approx(theirs.p_contradicted, abs=1e-5)


SHARED = (
    Chunk("pages.md", BAG),
    Chunk("pages.md", LOUNGE),
    Chunk("pages.md", BAG),
    Chunk("other.md", PETS),
    Chunk("other.md", None),
)
"""Pieces of two documents under their documents' ids, one of them twice and one without its text."""


def test_every_text_under_an_id_is_read(models, reader):
    turns = [
        Turn("by number", f"{LOUNGE[:-1]} [2].", retrieved=SHARED),
        Turn("by id", f"{LOUNGE[:-1]} [pages.md].", retrieved=SHARED),
        Turn("uncited", LOUNGE, retrieved=SHARED),
        Turn("elsewhere", f"{LOUNGE[:-1]} [other.md].", retrieved=SHARED),
    ]
    decided = decide_turns(turns, reader, models.embedder, None, top_k=3)

    found = {one.turn.turn_id: one.verdicts[0] for one in decided}
    assert {name: verdict.status for name, verdict in found.items()} == {
        "by number": Status.UNCORROBORATED,
        "by id": Status.UNCORROBORATED,
        "uncited": Status.UNCORROBORATED,
        "elsewhere": Status.MISATTRIBUTED,
    }
    assert found["by id"].cited.evidence_text == LOUNGE
    assert {verdict.supporting_chunk_id for verdict in found.values()} == {"pages.md"}


PERMITS = (
    "# Resident parking permits\n\nA resident permit allows you to park within your own zone.\n\n## What it costs\n\n"
    "The first resident permit of a household costs 72 dollars a year and the second costs 118 dollars a year. "
    "No household can have more than two resident permits. A household means all persons who live at one address. "
    "Vehicles that emit little pay half the charge for the first permit; the second is charged in full.\n\n"
    "## Renewal\n\nPermits are valid for 12 months. A reminder is sent four weeks before the expiry date; permits are "
    "not renewed automatically. A change of vehicle costs 6 dollars."
)
PERMIT_CLAIMS = (
    "A household can have two resident permits at most", "The second permit of a household is 118 dollars",
    "You have to renew the permit yourself, as this does not happen automatically",
    "You pay six dollars if you get another car", "We remind you a month before your permit runs out",
    "A third permit is out of the question", "Cleaner cars get the first permit at half price",
    "There is no reduction on a second permit", "Whoever lives at your address belongs to your household",
)  # fmt: skip


def test_the_same_sentences_bear_a_claim_out_wherever_they_lie(models, reader, tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "permits.md").write_text(PERMITS)
    build_index(tmp_path / "pages", tmp_path / "index", models.embedder)
    index = open_index(tmp_path / "index", models.embedder)
    chunk = Chunk("kb-1", PERMITS.split("\n\n", 3)[3].replace(". ", ".\n"))
    turns = [Turn(claim, f"{claim} [1].", retrieved=(chunk,)) for claim in PERMIT_CLAIMS]
    verdicts = decide(turns, reader, models.embedder, index).values()

    assert any(verdict.status is Status.GROUNDED for verdict in verdicts)
    for verdict in verdicts:
        assert verdict.cited.supports == verdict.trusted.supports, verdict.claim.text


def test_a_citation_of_several_texts_counts_once(models, reader):
    answer = f"{LOUNGE[:-1]} [pages.md][other.md]."
    turns = [Turn("both", answer, retrieved=SHARED), Turn("one", f"{LOUNGE[:-1]} [1].", retrieved=SHARED)]
    both, one = decide_turns(turns, reader, models.embedder, None, top_k=3)

    assert (both.citations.given, both.citations.needed) == (2, 1)
    assert (one.citations.given, one.citations.needed) == (1, 1)


def test_a_citation_whose_text_the_log_lacks_is_neither_right_nor_wrong(models, reader, index):
    turn = Turn(
        "ids",
        f"{BAG[:-1]} [1]. Dogs travel for 80 dollars each way [9].",
        retrieved=(Chunk("kb-1"), Chunk("kb-2")),
    )
    (one,) = decide_turns([turn], reader, models.embedder, index, top_k=3)

    assert one.verdicts[0].status is Status.UNCITED
    assert one.citations.given == 1  # the one to nowhere alone
