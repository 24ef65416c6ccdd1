import pytest

from halluguard.grounding.retrieve import find_trusted, queries_of
from halluguard.records import Passage
from halluguard.trusted import build_index, open_index

PAGES = {
    "bags": "Each passenger may take one cabin bag. Checked bags weigh up to 23 kilograms each.",
    "pets": "Cats and small dogs travel in the cabin. The transport box must fit under the seat.",
    "meals": "Hot meals are served on flights of three hours or more. Drinks are free.",
    "refunds": "A refund must be requested before departure of the first flight. Vouchers are not paid out.",
}


@pytest.fixture(scope="module")
def trusted(tmp_path_factory, models):
    folder = tmp_path_factory.mktemp("pages")
    for name, text in PAGES.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    target = tmp_path_factory.mktemp("index") / "index"
    build_index(folder, target, embedder=models.embedder)
    return open_index(target, models.embedder)


def test_the_claim_its_question_and_its_source_are_looked_up_once_each():
    source = Passage("c1", "They must fit under the seat. Nothing else matters.")
    queries = queries_of("They must fit under the seat.", "May I bring my dog?", [source, source])

    assert queries == (
        "They must fit under the seat.",
        "May I bring my dog? They must fit under the seat.",
        "They must fit under the seat. Nothing else matters.",
    )


def test_a_source_that_stands_in_what_was_found_is_not_looked_up():
    source = Passage("c1", "Dogs must fit under the seat.")
    known = Passage("page", "Rules for pets. Dogs must fit under the seat. Cats too.")

    assert queries_of("Dogs must fit.", None, [source], [known]) == ("Dogs must fit.",)


def test_a_claim_read_with_its_question_is_not_asked_with_it_again():
    assert queries_of("How heavy? 23 kilograms.", "How heavy?", []) == ("How heavy? 23 kilograms.",)


def test_a_source_that_shares_no_word_is_not_looked_up():
    assert queries_of("Bags weigh 23 kilograms.", None, [Passage("c", "Hot meals are served.")]) == (
        "Bags weigh 23 kilograms.",
    )


def test_what_a_vague_claim_was_taken_from_finds_the_page_it_is_about(models, trusted):
    claim = "It does not matter at all."
    source = Passage(
        "c", "Refunds: it does not matter when you ask, before departure or later, vouchers included."
    )

    (alone,) = find_trusted([(claim,)], models.embedder, trusted, top_k=1)
    (found,) = find_trusted([queries_of(claim, None, [source])], models.embedder, trusted, top_k=1)

    assert found[0] == alone[0]
    assert any("refund" in passage.text for passage in found)


def test_each_chunk_is_read_once_and_order_of_claims_does_not_matter(models, trusted):
    queries = [("refund", "refunds before departure"), ("dogs", "cats"), ("refund",)]

    forward = find_trusted(queries, models.embedder, trusted, top_k=3)
    backward = find_trusted(queries[::-1], models.embedder, trusted, top_k=3)

    assert forward == backward[::-1]
    assert all(len({passage.id for passage in some}) == len(some) for some in forward)
    assert find_trusted([], models.embedder, trusted, top_k=3) == []
