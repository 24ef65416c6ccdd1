import re
from itertools import pairwise
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.records import Document
from halluguard.trusted import blocks
from halluguard.trusted.blocks import parse_blocks
from halluguard.trusted.chunks import ChunkSize, cut_document, embedding_text

WORD = (
    "policy fare bag dog seat 30 euros Dr. free! really? wait... e.g. \u4e2d\u6587 \u202e caf\u00e9 \U0001f600 a"
    + "x" * 150
)
FRAGMENTS = [
    *(f"{word} " for word in WORD.split()),
    *(
        "\n",
        "\n\n",
        "\r\n",
        "\r",
        "# ",
        "## ",
        "- ",
        "1. ",
        "> ",
        "| a | b |\n|---|---|\n",
        "| c | d |\n",
        "```\n",
        "***\n",
        "====\n",
    ),
    *(
        "<div>\n",
        "[x]: y\n",
        "    ",
        "\t",
        "\u2028",
        "\x0b",
        "Sentences end here. New ones begin there. ",
        "The rules:\n",
    ),
]
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=20), max_size=120).map("".join)
SIZES = st.builds(
    ChunkSize,
    words=st.integers(5, 120),
    tokens=st.integers(24, 256),
    characters=st.integers(20, 1500),
    overlap=st.integers(0, 1),
)


def count_letters(texts):
    return [2 + len(re.findall(r"[A-Za-z]{1,3}|[^A-Za-z\s]", text)) for text in texts]


def cut(text, size=None, *, title="", count=count_letters):
    return list(cut_document(Document("d", text, "s", title), size or ChunkSize(), count))


@settings(max_examples=100)
@given(TEXTS, SIZES)
def test_a_chunk_is_always_the_text_at_its_offsets(text, size):
    chunks = cut(text, size)
    assert all(
        text[each.start : each.end] == each.text and each.text.strip() == each.text != "" for each in chunks
    )
    assert [each.id for each in chunks] == [f"d#{number}" for number in range(len(chunks))]
    assert all(left.start < right.start and left.end < right.end for left, right in pairwise(chunks))


@settings(max_examples=100)
@given(TEXTS, SIZES)
def test_every_character_is_in_a_chunk_a_heading_or_a_rule(text, size):
    covered = bytearray(len(text))
    for each in cut(text, size):
        covered[each.start : each.end] = b"\1" * (each.end - each.start)
    left = "".join(char for char, done in zip(text, covered, strict=True) if not done and not char.isspace())
    named = "".join("".join(each.headings) for each in parse_blocks(text))
    assert all(char in named or char in "#=-_*" for char in left)


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from([each for each in FRAGMENTS if not re.search(r"[#=*_-]", each)]), max_size=120
    ).map("".join),
    SIZES,
)
def test_without_headings_every_character_is_in_a_chunk(text, size):
    covered = set()
    for each in cut(text, size):
        covered.update(range(each.start, each.end))
    assert all(at in covered or char.isspace() for at, char in enumerate(text))


@settings(max_examples=25)
@given(text=TEXTS, title=st.text(max_size=300), size=SIZES)
def test_no_chunk_is_longer_than_asked_and_the_embedder_reads_it_whole(embedder, text, title, size):
    chunks = cut(text, size, title=title, count=embedder.count_tokens)
    read = embedder.count_tokens([embedding_text(each) for each in chunks]) if chunks else []
    for each, tokens in zip(chunks, read, strict=True):
        assert tokens <= size.tokens
        assert len(each.text.split()) <= size.words
        assert len(each.text) <= size.characters


def test_a_word_of_ten_thousand_characters_is_cut(embedder):
    chunks = cut("Before. " + "x" * 10_000 + " After.", count=embedder.count_tokens)
    assert max(len(each.text) for each in chunks) <= ChunkSize().characters
    assert "".join(each.text for each in chunks).count("x") == 10_000


def test_chunks_end_where_sentences_end():
    text = " ".join(
        f"Dr. Smith's rule number {number} says that bags travel free until 5 p.m. on day {number}."
        for number in range(60)
    )
    chunks = cut(text)
    assert len(chunks) > 5
    assert all(each.text.startswith("Dr. Smith's rule") and each.text.endswith(".") for each in chunks)


def test_a_section_a_little_too_long_is_cut_evenly():
    text = " ".join(f"Rule {number} has seven words in it." for number in range(18))
    assert [len(each.text.split()) for each in cut(text)] == [63, 63]


def test_overlap_begins_a_chunk_with_the_last_sentence_of_the_one_before():
    text = " ".join(f"Rule {number} has seven words in it." for number in range(40))
    chunks = cut(text, ChunkSize(overlap=1))
    assert len(chunks) > 2
    for left, right in pairwise(chunks):
        assert text[right.start : left.end] == left.text[-len(text[right.start : left.end]) :]
        assert re.fullmatch(r"Rule \d+ has seven words in it\.", text[right.start : left.end])


def test_headings_become_titles_and_part_sections():
    text = "# Bags\n\nOne bag.\n\nSize\n----\n\nSmall.\n\n### Cabin\n\nTiny.\n\n# Dogs\n\nNo dogs.\n"
    assert [(each.title, each.text) for each in cut(text, title="Rules")] == [
        ("Rules › Bags", "One bag."),
        ("Rules › Bags › Size", "Small."),
        ("Rules › Bags › Size › Cabin", "Tiny."),
        ("Rules › Dogs", "No dogs."),
    ]


def test_a_heading_equal_to_the_title_is_not_said_twice():
    assert cut("# Refunds\n\nWithin 30 days.", title="refunds")[0].title == "refunds"


def test_a_heading_with_nothing_under_it_is_text():
    (chunk,) = cut("# Rules\n\n## Dogs are allowed\n\n## Cats are not\n")
    assert (chunk.title, chunk.text) == ("Rules", "## Dogs are allowed\n\n## Cats are not")


def test_a_heading_of_a_thousand_characters_is_text():
    assert cut("# " + "long " * 200 + "\n\nBody.")[0].title == ""


def test_a_list_stays_whole_with_the_line_that_leads_it_in():
    filler = " ".join(f"Filler sentence number {number} is here." for number in range(17))
    items = "\n".join(f"- item {number} is allowed" for number in range(8))
    chunks = cut(f"{filler} You may bring:\n\n{items}\n\nThat is all.")
    assert any(f"You may bring:\n\n{items}" in each.text for each in chunks)


def test_a_long_list_is_cut_between_items():
    chunks = cut(
        "\n".join(
            f"{number}. item number {number} is allowed here\n   and continues" for number in range(1, 60)
        )
    )
    assert len(chunks) > 2
    assert all(re.match(r"\d+\. item", each.text) and each.text.endswith("and continues") for each in chunks)


def test_blocks_that_are_no_list_are_parsed_without_copies_of_what_follows(monkeypatch):
    class Watched(list):
        copied = 0

        def __getitem__(self, place):
            found = super().__getitem__(place)
            Watched.copied += len(found) if isinstance(place, slice) else 0
            return found

    parser = blocks._parser()
    monkeypatch.setattr(
        blocks, "_parser", lambda: SimpleNamespace(parse=lambda text: Watched(parser.parse(text)))
    )

    found = parse_blocks("Dogs travel free.\n\n1. one\n2. two\n   - three\n\n" * 200)

    assert len(found) == 400
    assert [len(each.atoms) for each in found[:2]] == [1, 3]
    assert Watched.copied == 0


def test_a_table_stays_whole_or_is_cut_between_rows():
    table = "| fare | bags |\n|---|---|\n" + "\n".join(
        f"| fare {number} | {number} bags |" for number in range(60)
    )
    small = "\n".join(table.split("\n")[:8])
    assert [each.text for each in cut(small)] == [small]
    chunks = cut(table)
    assert len(chunks) > 1
    assert chunks[0].text.startswith("| fare | bags |\n|---|---|\n| fare 0 |")
    assert all(each.text.startswith("|") and each.text.endswith("|") for each in chunks)


def test_headings_in_code_are_code():
    (chunk,) = cut("```sh\n# not a heading\nrun\n```\n")
    assert chunk.title == ""
    assert "# not a heading" in chunk.text


def test_indented_text_is_prose():
    assert cut("    The first rule. The second rule.\n")[0].text == "The first rule. The second rule."
