from dataclasses import dataclass

import numpy as np
import pytest

from halluguard.errors import InputError
from halluguard.forensics import EntryIndex, Vouching
from halluguard.grounding.check import digest_path
from halluguard.records import Entry, Reading
from halluguard.response.book import NEAREST, Book, find_all_rewrites, find_vouched, open_book, vouched_texts
from halluguard.response.probes import FalseClaim
from halluguard.run import Run
from halluguard.trusted import build_index, open_index

CLAIM = "A dog costs 8 euros at noon."
PAGE = "A dog costs 8 euros on every crossing.\n\nThe ferry leaves at noon from the old pier.\n"


@dataclass
class SaysSo:
    """Bears every claim out, by two sentences that stand together in no trusted text."""

    text: str

    def read(self, requests):
        return [
            Reading(0.9, 0.0, supports=True, contradicts=False, evidence_text=self.text) for _ in requests
        ]


@pytest.fixture(scope="module")
def vouching(models, reader, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trusted")
    (folder / "ferry.md").write_text(PAGE)
    build_index(folder, folder / "index", models.embedder)
    return Vouching(open_index(folder / "index", models.embedder), models.embedder, reader)


def test_a_text_is_vouched_for_line_by_line(vouching):
    lines = PAGE.strip().splitlines()
    turned = "\n".join(reversed(lines))

    assert vouched_texts(vouching, [turned, f"{turned}\nA cat costs 90 euros.", "# Dogs"]) == {turned}


def test_part_of_a_trusted_sentence_is_vouched_for_only_at_the_ends_of_a_text_that_was_cut(vouching):
    part, whole = "on every crossing.", PAGE.strip().splitlines()[-1]

    assert vouching.stands_in_trusted([part, whole, "A dog costs 8 euros"]) == [False, True, False]
    assert vouched_texts(
        vouching, [f"costs 8 euros {part}\n{whole}", f"{whole}\nDog costs 8 euros {part}"]
    ) == {f"costs 8 euros {part}\n{whole}"}


def test_a_line_that_could_stand_anywhere_is_looked_for_where_its_text_stands(models, reader, tmp_path):
    says = "We tell you by e-mail."
    rules = [f"By e-mail we tell you {n} days before {what}." for n, what in enumerate("abcdefgh", 2)]
    (tmp_path / "pages.md").write_text("".join(f"# Rule {n}\n\n{rule}\n\n" for n, rule in enumerate(rules)))
    page = f"The ferry to the islands is cancelled in storms above force eight.\n\n{says}\n"
    (tmp_path / "storm.md").write_text(f"# Storms\n\n{page}")
    build_index(tmp_path, tmp_path / "index", models.embedder)
    vouching = Vouching(open_index(tmp_path / "index", models.embedder), models.embedder, reader)

    assert vouching.stands_in_trusted([says]) == [False]
    assert vouched_texts(vouching, [page]) == {page}


def test_a_question_and_a_cited_id_are_no_contradiction_of_a_page(vouching):
    """What was written back from a true answer: the customer's case, and the true line with what it cited."""
    line = PAGE.strip().splitlines()[-1]
    entry = Entry(
        "faq", f"Q: I brought a cat of nine kilos and paid nothing, was that right?\nA: {line} [e04]."
    )

    assert vouching.contradict([entry]) == [None]


def test_an_entry_of_trusted_lines_alone_says_nothing_false(vouching):
    whole, mixed = Entry("whole", PAGE), Entry("mixed", f"{PAGE}\nA cat costs 90 euros.")
    book = Book(SaysSo("A dog costs 8 euros on every crossing. at noon from the pier."), vouching)

    book.learn((CLAIM, entry) for entry in (whole, mixed))

    assert book.borne_by(CLAIM, [whole, mixed]) == ["whole", "mixed"]
    assert book.said_by(CLAIM, [whole, mixed]) == ["mixed"]
    assert find_vouched(book, [whole, mixed]) == {"whole"}


def test_without_a_trusted_corpus_nothing_is_excused():
    entry = Entry("whole", PAGE)
    book = Book(SaysSo(PAGE))

    book.learn([(CLAIM, entry)])

    assert book.said_by(CLAIM, [entry]) == ["whole"]
    assert find_vouched(book, [entry]) == frozenset()


def test_a_book_asks_for_the_trusted_corpus_of_its_run(models, reader, tmp_path):
    page = tmp_path / "ferry.md"
    page.write_text(PAGE)
    build_index(page, tmp_path / "ferry.index", models.embedder)
    named = {"path": "ferry.index", "sha256": digest_path(tmp_path / "ferry.index")}
    run = Run.create(tmp_path / "run", {"fingerprint": "f", "inputs": {"trusted": named}})

    assert find_vouched(open_book(run, reader, models.embedder), [Entry("whole", PAGE)]) == {"whole"}

    (tmp_path / "ferry.index").rename(tmp_path / "lost")
    with pytest.raises(InputError, match=r"^ferry\.index: no trusted index is there"):
        open_book(run, reader, models.embedder)


def test_rewrites_are_looked_for_until_a_round_finds_none():
    n = 12 * NEAREST
    entries = [Entry(f"e{at}", f"{CLAIM} {at}" if at < n else "Other.") for at in range(n + NEAREST)]
    vectors = np.array([[1.0, 0.0]] * n + [[0.5, 0.5]] * NEAREST, dtype=np.float32)
    index = EntryIndex(tuple(entries), vectors, embedded_again=False)

    class Repeats:
        def read(self, requests):
            said = [CLAIM in request.passages[0].text for request in requests]
            return [Reading(0.9, 0.0, supports=one, contradicts=False) for one in said]

    class East:
        def encode(self, texts):
            return np.array([[1.0, 0.0]] * len(texts), dtype=np.float32)

    found = find_all_rewrites([FalseClaim(CLAIM, (), ())], index, Book(Repeats()), East(), {"e3"})

    assert found.keys() == {f"e{at}" for at in range(n) if at != 3}
