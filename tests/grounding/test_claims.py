import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from halluguard.grounding.citations import find_marker
from halluguard.grounding.claims import split_claims
from halluguard.grounding.context import CONTEXT_CHARS
from halluguard.grounding.sentences import MAX_CLAIM_CHARS
from halluguard.records import Chunk, Citation, Claim, ClaimKind, Turn

CHUNKS = (Chunk("kb-112", "a"), Chunk("policy-7", "b"), Chunk("kb-3", "c"))
QUESTION = "How long do refunds take?"
MARKDOWN_PIECES = st.sampled_from(
    [
        "# ",
        "## Fees",
        "- ",
        "* ",
        "1. ",
        "12) ",
        "| a | b |",
        "|---|---|",
        "| 1 | 2 |",
        "```",
        "```python",
        "~~~~",
        "> ",
        "**",
        "__",
        "`",
        "[1]",
        "[kb-112]",
        "[9]",
        "(Passage 2)",
        "¹",
        "^2",
        "<sup>3</sup>",
        "【4:0†source】",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "---",
        "===",
        "  ",
        "The fee is $30.",
        "It costs more. ",
        "Yes.",
        "Fees:",
        "😀",
        "e\u0301",
        "\u202e",
        "\x00",
        "\ud800",
        "\u2028",
        "\t",
        ". ",
        "! ",
        ":",
        "[1]: http://x",
        "[kb-3, p. 2]",
        "[Source: a.md]",
        "[Meals]",
        "Source: a.md",
        "Sources:",
        "\\[",
        "a",
        "<think>",
        "</think>",
    ]
)
ANSWERS = st.one_of(
    st.text(st.characters(), max_size=200), st.lists(MARKDOWN_PIECES, max_size=25).map("".join)
)
UNITS = [
    *"[(*`|😀\n ", "** ", "[1]", "```x\n", "| a ", "|\n", "- \n", "- a\n", "> ", "passage 1, ", "Not. ", "<sup", "1. ", "_a", "not mentioned ", "based on the ", "however, ",
    "a:\n- b\n", "[1](", "&amp;", "\"'", "~~~\n```\n", "<think>", "</think>", "</think> \n", "[1]: ", "[^1]: kb-3\n", "[1-999]", "［1］", "[Source: a.md, p. 3]", "[" + "a.md, p. 3 and " * 12 + "b]", "Source: a, ", "(kb-1, kb-2",
]  # fmt: skip
FURNITURE = re.compile(r"(?:[>#*+\-=_|~`:•◦▪●‣·–—\\]|\d{1,3}[.)]|\(?[A-Za-z]\)|\s)*\Z")
THOUGHT_TAG = re.compile(r"</?(?:think|thinking|reasoning)>", re.IGNORECASE)
FENCE = re.compile(r"(?:`{3,}|~{3,})(?!`)[^\S\r\n]*(?:[^\s`]*|[^`\r\n]*[={][^`\r\n]*)[^\S\r\n]*(?=[\r\n]|\Z)")


def split(answer: str, **fields: object) -> tuple[Claim, ...]:
    fields.setdefault("retrieved", CHUNKS)
    fields.setdefault("question", QUESTION)
    return split_claims(Turn("t", answer, **fields))  # type: ignore[arg-type]


def readings(answer: str, **fields: object) -> list[str]:
    return [claim.reading for claim in split(answer, **fields) if claim.kind is ClaimKind.CLAIM]


def cites(answer: str, **fields: object) -> list[tuple[str, ...]]:
    return [claim.cited_ids for claim in split(answer, **fields)]


@settings(max_examples=250)
@given(ANSWERS)
@example("Fee is $30.\r\n> - **x**\ud800")
@example("```\n```\n~~~ a")
@example("\u2028```0")
@example("```python title={1}\nx\n```\n``` The fee is $90.")
@example("| a |\n|---|\n|  |\n| b")
@example("# \u2028#")
def test_claims_are_exact_ordered_and_cover_all_but_furniture(answer: str) -> None:
    place = 0
    uncovered = []
    for claim in split(answer):
        assert answer[claim.start : claim.end] == claim.text
        assert claim.text.strip()
        assert claim.start >= place
        uncovered.append(answer[place : claim.start])
        place = claim.end
    uncovered.append(answer[place:])
    for gap in uncovered if not THOUGHT_TAG.search(answer) else ():  # thoughts are no claims
        assert FURNITURE.match(FENCE.sub("", gap)), repr(gap)


@settings(max_examples=150)
@given(ANSWERS, st.integers(0, 300))
def test_no_claim_is_longer_than_the_bound(answer: str, repeat: int) -> None:
    for claim in split(answer * (repeat // 20)):
        if claim.kind is ClaimKind.CLAIM:
            assert len(claim.text) <= MAX_CLAIM_CHARS
            assert len(claim.reading) <= len(claim.text) + CONTEXT_CHARS + 200 or "|" in claim.text


def test_a_sentence_is_a_claim() -> None:
    claims = split("The fee is $30. It applies to all routes, e.g. Oslo.")
    assert [claim.text for claim in claims] == ["The fee is $30.", "It applies to all routes, e.g. Oslo."]
    assert {claim.kind for claim in claims} == {ClaimKind.CLAIM}


def test_an_empty_answer_has_no_claims() -> None:
    assert split("") == ()
    assert split(" \n\t\r\n") == ()


def test_list_items_are_claims_and_short_ones_are_read_with_their_lead_in() -> None:
    answer = "Here are the fees:\n- **First bag:** $30\n- A second bag costs $40 on every route.\n  1. Over 23 kg: $90"
    assert readings(answer) == [
        "The fees: First bag: $30",
        "A second bag costs $40 on every route.",
        "The fees: Over 23 kg: $90",
    ]
    assert split(answer)[0].kind is ClaimKind.NOT_A_CLAIM


def test_nested_items_are_read_with_the_item_above() -> None:
    assert readings("Fees:\n- Domestic:\n  - $30\n- Abroad:\n  - $90") == ["Domestic: $30", "Abroad: $90"]


def test_a_lead_in_does_not_reach_beyond_its_list() -> None:
    assert readings("Fees:\n- $30\n\n30 days.") == ["Fees: $30", f"{QUESTION} 30 days."]


def test_a_table_row_is_a_claim_read_with_its_header() -> None:
    answer = "| Fee | Route |\n|---|:-:|\n| $30 | domestic |\n| **$90** | a \\| b |\n"
    assert readings(answer) == ["Fee: $30; Route: domestic", "Fee: $90; Route: a | b"]
    assert split(answer)[0].kind is ClaimKind.NOT_A_CLAIM


def test_a_heading_claims_nothing_and_is_context_for_fragments() -> None:
    claims = split("## Refund time\n\n- 7 days\n- They take a week.")
    assert [claim.reading for claim in claims] == ["Refund time", "Refund time: 7 days", "They take a week."]
    assert claims[0].kind is ClaimKind.NOT_A_CLAIM


@pytest.mark.parametrize(
    "answer",
    [
        "# The fee is $90 for bags.",
        "**The fee is $90.**",
        "The fee is $90.\n---\n",
        "```\nThe fee is $90.",
        "```markdown\nThe fee is $90.\n```",
        "``` The fee is $90.",
    ],
)
def test_markup_does_not_hide_a_sentence_from_the_check(answer: str) -> None:
    assert len(readings(answer)) == 1


def test_fenced_code_claims_nothing() -> None:
    claims = split("Use this:\n```python\nfee = rows[1]\n```\nThe fee is $30.")
    assert [(claim.text, claim.kind) for claim in claims[1:]] == [
        ("fee = rows[1]", ClaimKind.NOT_A_CLAIM),
        ("The fee is $30.", ClaimKind.CLAIM),
    ]
    assert claims[1].cited_ids == ()


def test_a_reading_holds_no_markdown() -> None:
    answer = (
        "> **Refunds** take *seven* `days`, see [the policy](https://x.example/a_b) &amp; 2*3*4 snake_case."
    )
    assert readings(answer) == ["Refunds take seven days, see the policy & 2*3*4 snake_case."]


def test_wrapped_lines_are_one_sentence_and_short_lines_are_not() -> None:
    assert readings("Refunds are paid\nwithin a week.") == ["Refunds are paid within a week."]
    assert len(split("Domestic bags cost $30\nBags abroad cost $90")) == 2


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ("30 days.", f"{QUESTION} 30 days."),
        ("In 1990.", f"{QUESTION} In 1990."),
        ("Yes.", f"{QUESTION} Yes."),
        ("Yes, you can.", f"{QUESTION} Yes, you can."),
        (
            "Within seven working days of the request.",
            f"{QUESTION} Within seven working days of the request.",
        ),
        ("Refunds take 7 days.", "Refunds take 7 days."),
        ("Flip the ribs and cook for another 5 minutes.", "Flip the ribs and cook for another 5 minutes."),
        ("Based on the given passages, the fee is $30.", "The fee is $30."),
        ("However, according to passage 2, the fee is $30.", "However, the fee is $30."),
        ("Passage 1 states that bags are free.", "Bags are free."),
        ("The answer to the question is: 7 days.", f"{QUESTION} 7 days."),
        ("Bags are free, as stated in the provided context.", "Bags are free."),
    ],
)
def test_what_a_model_reads(answer: str, reading: str) -> None:
    assert readings(answer) == [reading]


def test_a_long_question_is_cut_before_a_fragment() -> None:
    (reading,) = readings("30 days.", question="word " * 5000 + "how long?")
    assert len(reading) < CONTEXT_CHARS + 20
    assert reading.endswith("how long? 30 days.")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("The fee is $30 [1]. Pets fly [2].", [("kb-112",), ("policy-7",)]),
        ("The fee is $30. [1] Pets fly.[2][3] Ok it is.", [("kb-112",), ("policy-7", "kb-3"), ()]),
        ("The fee is $30 [1, 3].", [("kb-112", "kb-3")]),
        ("The fee is $30 [1-3].", [("kb-112", "policy-7", "kb-3")]),
        ("The fee is $30 [doc2].", [("policy-7",)]),
        ("The fee is $30 [kb-3].", [("kb-3",)]),
        ("The fee is $30【1】.", [("kb-112",)]),
        ("The fee is $30［1］.", [("kb-112",)]),
        ("The fee is $30［１, kb-3］. Pets fly ［2］.", [("kb-112", "kb-3"), ("policy-7",)]),
        ("The fee is $30【4:0†faq.md】.", [("kb-112",)]),
        ("The fee is $30 (Source 2).", [("policy-7",)]),
        ("The fee is $30. (Passages 1 and 3)", [("kb-112", "kb-3")]),
        ("The fee is free^2.", [("policy-7",)]),
        ("The fee is free.²", [("policy-7",)]),
        ("The fee is $30<sup>1</sup>.", [("kb-112",)]),
        ("The fee is $30 [^3].", [("kb-3",)]),
        ("The fee is $30 [[1]](http://x.example).", [("kb-112",)]),
        ("The fee is $30 \\[1\\].", [("kb-112",)]),
        ("The fee is $30 ([1]). Pets fly (see [2]).", [("kb-112",), ("policy-7",)]),
        ("The fee is $30 ([1], [3]).", [("kb-112", "kb-3")]),
        ("The fee is $30 (or $20 online [2]).", [("policy-7",)]),
        ("The fee is $30 [doc0]. Pets fly [doc1].", [("kb-112",), ("policy-7",)]),
        ("The fee is $30 [0, 2].", [("kb-112", "kb-3")]),
    ],
)
def test_markers_are_resolved_and_not_read(answer: str, expected: list[tuple[str, ...]]) -> None:
    assert cites(answer) == expected
    assert not re.search(r"[\[\]【】²]|\^|sup|ource|assages", " ".join(readings(answer)))


NAMED = (
    Chunk("c1", "a", metadata={"source": "docs/seats.md"}),
    Chunk("c2", "b", metadata={"source": "docs/meals.md", "title": "Meals policy"}),
    Chunk("c3", "c", metadata={"file_path": "C:\\docs\\meals.md", "title": "Meals policy"}),
    Chunk("c4", "d", metadata={"url": "https://www.air.example/pets/", "document_title": "Fees, charges"}),
)


@pytest.mark.parametrize(
    ("marker", "ids"),
    [
        ("[meals.md]", ("c2", "c3")),
        ("[Docs/Meals.md]", ("c2",)),
        ("[./somewhere/meals.md]", ("c2", "c3")),
        ("[meals.md#drinks]", ("c2", "c3")),
        ("【seats.md】", ("c1",)),
        ("[Meals Policy]", ("c2", "c3")),
        ("[“Meals policy”]", ("c2", "c3")),
        ("[Fees, charges]", ("c4",)),
        ("[https://air.example/pets]", ("c4",)),
        ("[www.air.example/pets/#dogs]", ("c4",)),
        ("[Source: meals.md]", ("c2", "c3")),
        ("[Source: Meals policy, p. 3]", ("c2", "c3")),
        ("[Sources: seats.md; c4]", ("c1", "c4")),
        ("[seats.md, p. 1; meals.md, pp. 2, 4]", ("c1", "c2", "c3")),
        ("[seats.md and Meals policy]", ("c1", "c2", "c3")),
        ("(meals.md)", ("c2", "c3")),
        ("(meals.md, page 2)", ("c2", "c3")),
        ("(Source: Meals policy)", ("c2", "c3")),
        ("(Sources: seats.md, Meals policy)", ("c1", "c2", "c3")),
        ("[c2, p. 3]", ("c2",)),
        ("[c2, page 3]", ("c2",)),
        ("[c2 p. 3]", ("c2",)),
        ("[c2, pp. 3-5]", ("c2",)),
        ("[c2 (page 3)]", ("c2",)),
        ("[c2#page=3]", ("c2",)),
        ("[c2, section 4.1]", ("c2",)),
        ("[Source 2, p. 5]", ("c2",)),
        ("[1, p. 3; 2, p. 4]", ("c1", "c2")),
        ("(c1, c2)", ("c1", "c2")),
        ("(c1 and c2, p. 4)", ("c1", "c2")),
        ("(see c1; c2)", ("c1", "c2")),
        ("(c2, p. 3)", ("c2",)),
        ("(doc1, doc2)", ("c1", "c2")),
    ],
)
@pytest.mark.parametrize("answer", ["The fee is $30 {}.", "The fee is $30. {}"])
def test_a_source_is_cited_by_any_name_of_it(answer: str, marker: str, ids: tuple[str, ...]) -> None:
    """A name shared by several chunks cites them all, and the page is no part of the sentence."""
    (claim,) = split(answer.format(marker), retrieved=NAMED)
    assert (claim.reading, claim.cited_ids, claim.ghost_ids) == ("The fee is $30.", ids, ())


def test_an_id_comes_before_a_name_and_a_name_before_a_number() -> None:
    chunks = (Chunk("a", "x", metadata={"title": "b"}), Chunk("b", "y", metadata={"source": "doc1"}))
    assert cites("Bags are free [b].", retrieved=chunks) == [("b",)]
    assert cites("Bags are free [doc1].", retrieved=chunks) == [("b",)]
    assert cites("Bags are free [2].", retrieved=(*chunks, Chunk("c", "z", metadata={"title": "2"}))) == [
        ("b",)
    ]


def test_labels_that_hold_a_comma_or_an_and_are_ids_first() -> None:
    chunks = (Chunk("r&d-1", "x"), Chunk("kb-2", "y"), Chunk("page 7", "z"))
    assert cites("Bags are free [r&d-1, kb-2].", retrieved=chunks) == [("r&d-1", "kb-2")]
    assert cites("Bags are free [kb-2, page 7].", retrieved=chunks) == [("kb-2", "page 7")]


@pytest.mark.parametrize("chunks", [NAMED, CHUNKS, ()])
@pytest.mark.parametrize(
    "marker", ["[Source: Crew handbook]", "[Crew handbook, p. 3]", "[Crew Handbook]", "(Source: the crew)"]
)
def test_an_unknown_source_is_not_read_and_no_ghost(marker: str, chunks: tuple[Chunk, ...]) -> None:
    """The document may be among the chunks under another name."""
    for answer in (f"The fee is $30 {marker}.", f"The fee is $30. {marker}"):
        (claim,) = split(answer, retrieved=chunks)
        assert (claim.reading, claim.cited_ids, claim.ghost_ids) == ("The fee is $30.", (), ())


def test_an_unknown_file_is_a_ghost_where_every_chunk_names_its_file() -> None:
    for marker in ("[old.md]", "[Source: old.md]", "(Source: old.md)"):
        (claim,) = split(f"Bags are free {marker}.", retrieved=NAMED[:3])
        assert (claim.reading, claim.ghost_ids) == ("Bags are free.", ("old.md",))
        (claim,) = split(f"Bags are free {marker}.", retrieved=(*NAMED[:3], Chunk("c9", "d")))
        assert (claim.reading, claim.ghost_ids) == ("Bags are free.", ())


def test_a_list_of_ids_in_round_brackets_keeps_its_ghost() -> None:
    (claim,) = split("Bags are free (kb-112, kb-999).")
    assert (claim.reading, claim.cited_ids, claim.ghost_ids) == ("Bags are free.", ("kb-112",), ("kb-999",))


@pytest.mark.parametrize(
    "answer",
    [
        "As [Meals policy] says, bags are free.",
        "According to [meals.md], bags are free.",
        "They are free (Meals policy).",
        "[Meals policy] said that bags are free.",
        "Save it in [notes.txt].",
        "Bags are free (see the fee table).",
        "Bags are free (seats and meals).",
        "Bags are free (see Section 3).",
        "Bags are free [the fee table].",
        "Bags are free [Source: pets are banned].",
        "Bags are free (source: the crew says so).",
        "The crew said [he] is right.",
    ],
)
def test_a_name_within_a_sentence_is_a_part_of_it(answer: str) -> None:
    (claim,) = split(answer, retrieved=NAMED)
    assert (claim.reading, claim.cited_ids, claim.ghost_ids) == (answer, (), ())


def test_a_link_stays_in_its_sentence() -> None:
    (claim,) = split("Bags are free, says the [Meals policy](https://air.example/meals.md).", retrieved=NAMED)
    assert (claim.reading, claim.cited_ids) == ("Bags are free, says the Meals policy.", ())


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        ("Bags are free. [Crew brochure]", [ClaimKind.CLAIM, ClaimKind.NOT_A_CLAIM]),
        ("Bags are free.\n\n[Crew brochure]", [ClaimKind.CLAIM, ClaimKind.NOT_A_CLAIM]),
        ("Bags are free.\n\nSource: meals.md", [ClaimKind.CLAIM, ClaimKind.NOT_A_CLAIM]),
        ("Bags are free.\n*Source: Crew brochure, page 3*", [ClaimKind.CLAIM, ClaimKind.NOT_A_CLAIM]),
        ("Bags are free.\nSource: Travel help", [ClaimKind.CLAIM, ClaimKind.NOT_A_CLAIM]),
        ("Bags are free.\nSource: What is allowed", [ClaimKind.CLAIM, ClaimKind.NOT_A_CLAIM]),
        ("Bags are free.\n[Pets are banned.]", [ClaimKind.CLAIM, ClaimKind.CLAIM]),
        ("Bags are free.\nSource: the crew says so.", [ClaimKind.CLAIM, ClaimKind.CLAIM]),
        ("Bags are free.\n- [30 days]", [ClaimKind.CLAIM, ClaimKind.CLAIM]),
        ("[30 days]", [ClaimKind.CLAIM]),
    ],
)
def test_where_an_answer_is_from_is_no_claim(answer: str, kinds: list[ClaimKind]) -> None:
    assert [claim.kind for claim in split(answer)] == kinds


def test_a_citation_covers_its_own_sentence_only() -> None:
    assert cites("Bags are free. Pets cost $30. Seats cost $9 [1].") == [(), (), ("kb-112",)]


def test_markers_count_from_zero_where_a_zero_occurs() -> None:
    assert cites("Bags are free [0]. Pets cost $30 [2].") == [("kb-112",), ("kb-3",)]


def test_ids_come_before_ranks_and_ranks_before_order() -> None:
    numbered = (Chunk("2", "a"), Chunk("1", "b"))
    assert cites("Bags are free [1].", retrieved=numbered) == [("1",)]
    ranked = (Chunk("a", "x", rank=2), Chunk("b", "y", rank=1), Chunk("c", "z", rank=1, used=False))
    assert cites("Bags are free [1].", retrieved=ranked) == [("b",)]


@pytest.mark.parametrize(
    ("marker", "ids", "ghosts"),
    [
        ("[1-40]", ("kb-112", "policy-7", "kb-3"), ("40",)),
        ("[2-999]", ("policy-7", "kb-3"), ("999",)),
        ("[0-40]", ("kb-112", "policy-7", "kb-3"), ("40",)),
        ("[1-5]", ("kb-112", "policy-7", "kb-3"), ("4", "5")),
        ("[40-1]", ("kb-112",), ("40",)),
        ("(Passages 1 to 40)", ("kb-112", "policy-7", "kb-3"), ("40",)),
    ],
)
def test_a_range_cites_every_number_of_the_shelf_within_it(marker, ids, ghosts) -> None:
    (claim,) = split(f"Bags are free {marker}.")
    assert (claim.cited_ids, claim.ghost_ids) == (ids, ghosts)


@pytest.mark.parametrize(
    ("marker", "ghosts"),
    [
        ("[doc3]", ("doc3",)),
        ("[doc1, doc3]", ("doc3",)),
        ("[Source: doc3]", ("doc3",)),
        ("(doc3)", ("doc3",)),
        ("(doc1, doc3)", ("doc3",)),
        ("[3]", ("3",)),
        ("[source 3]", ("3",)),
        ("(Document 3)", ("3",)),
    ],
)
def test_a_missing_id_is_named_as_the_ids_are(marker: str, ghosts: tuple[str, ...]) -> None:
    (claim,) = split(f"Bags are free {marker}.", retrieved=(Chunk("doc1", "a"), Chunk("doc2", "b")))
    assert claim.ghost_ids == ghosts


def test_a_range_cites_numbers_that_are_ids() -> None:
    numbered = (Chunk("30", "a"), Chunk("7", "b"), Chunk("300", "c"), Chunk("007", "d"))
    (claim,) = split("Bags are free [5-90].", retrieved=numbered)
    assert (claim.cited_ids, claim.ghost_ids) == (("7", "30"), ("5", "90"))


def test_a_citation_to_nowhere_is_a_ghost() -> None:
    claims = split("Bags are free [7]. Pets cost $30 [kb-999]. Seats cost $9 (Passage 8).")
    assert [claim.ghost_ids for claim in claims] == [("7",), ("kb-999",), ("8",)]
    assert not any("[" in claim.reading for claim in claims)


@pytest.mark.parametrize(
    "answer",
    [
        "He said it is fre [sic].",
        "It opened in [2020].",
        "Use rows[9] for it is there.",
        "An area is 5 m² or 10² there.",
        "See [the policy] now it is.",
        "Use `x[1]` as it is.",
    ],
)
def test_brackets_that_cite_nothing_are_left_alone(answer: str) -> None:
    (claim,) = split(answer)
    assert claim.cited_ids == claim.ghost_ids == ()
    assert claim.reading == answer.replace("`", "")


def test_without_retrieved_chunks_a_marker_is_no_ghost_and_is_not_read() -> None:
    (claim,) = split("Bags are free [1].", retrieved=())
    assert (claim.cited_ids, claim.ghost_ids, claim.reading) == ((), (), "Bags are free.")


def test_explicit_citations_attach_by_span_marker_or_answer() -> None:
    answer = "Bags are free [a]. Pets cost $30. Seats cost $9 [b]."
    given = (
        Citation("kb-112", start=0, end=18),
        Citation("kb-3", marker="[b]"),
        Citation("policy-7"),
        Citation("zz", start=18, end=19),
    )
    claims = split(answer, citations=given)
    assert [claim.cited_ids for claim in claims] == [
        ("kb-112", "policy-7"),
        ("policy-7",),
        ("kb-3", "policy-7"),
    ]
    assert [claim.ghost_ids for claim in claims] == [("zz",), (), ()]
    assert claims[2].reading == "Seats cost $9."


@pytest.mark.parametrize(
    ("marker", "found"),
    [
        ("1", ["[1]", "(1)", "[3, 1]"]),
        ("doc1", ["doc1"]),
        ("c", ["[c]"]),
        ("¹", ["¹"]),
        ("(1)", ["(1)"]),
        ("9", []),
    ],
)
def test_a_marker_of_the_log_is_found_where_it_is_one(marker: str, found: list[str]) -> None:
    answer = "Bag 1 of 11 in zone c is 10 kg [1](1)[3, 1] (1,000) doc10 [doc1] free¹ [c]."
    assert [answer[start:end] for start, end in find_marker(marker, answer)] == found


def test_a_citation_that_the_log_repeats_counts_once() -> None:
    given = (Citation("kb-112", marker="[1]"), Citation("kb-3", marker="[1]")) * 2_000
    claims = split("Bags are free [1]. " * 1_000, citations=given)
    assert {claim.cited_ids for claim in claims} == {("kb-112", "kb-3")}


def test_a_marker_without_brackets_takes_no_figure_from_the_answer() -> None:
    given = (Citation("kb-112", marker="1"), Citation("kb-3", marker="2"))
    claims = split("Bag 1 is free [1]. Bag 2 costs $12 [1, 2].", citations=given)
    assert [claim.reading for claim in claims] == ["Bag 1 is free.", "Bag 2 costs $12."]
    assert [claim.cited_ids for claim in claims] == [("kb-112",), ("kb-112", "kb-3")]


def test_a_cited_span_over_two_sentences_covers_both() -> None:
    assert cites("Bags are free. Pets cost $30.", citations=(Citation("kb-3", start=5, end=20),)) == [
        ("kb-3",),
        ("kb-3",),
    ]


def test_explicit_ids_are_not_ghosts_where_the_log_kept_no_chunks() -> None:
    (claim,) = split("Bags are free.", retrieved=(), citations=(Citation("kb-3"),))
    assert (claim.cited_ids, claim.ghost_ids) == (("kb-3",), ())


def test_explicit_citations_are_found_by_number_and_name_as_markers_are() -> None:
    def given(*labels: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        (claim,) = split("Bags are free.", retrieved=NAMED, citations=tuple(map(Citation, labels)))
        return claim.cited_ids, claim.ghost_ids

    assert given("2") == (("c2",), ())
    assert given("0", "2") == (("c1", "c3"), ())
    assert given("9", "doc2", "1" * 5000) == ((), ("9", "doc2", "1" * 5000))
    assert given("meals.md", "c1") == (("c2", "c3", "c1"), ())
    (claim,) = split("It is.", retrieved=(Chunk("9", "a"), Chunk("2", "b")), citations=(Citation("2"),))
    assert claim.cited_ids == ("2",)


def test_a_source_list_claims_nothing() -> None:
    claims = split("Bags are free [1].\n\nSources:\n- [1] faq.md is the page\n- [7] old.md is here")
    assert [claim.kind for claim in claims] == [ClaimKind.CLAIM] + [ClaimKind.NOT_A_CLAIM] * 3


@pytest.mark.parametrize(
    "answer", ["# Bags{}free\n\nThe fee is $30.", "| Bags{}free | Fee |\n| --- | --- |\n| One | $30 |"]
)
def test_a_heading_full_of_blanks_is_read_as_it_is_shown(answer: str) -> None:
    wide, narrow = (split(answer.format(" " * width)) for width in (200_000, 1))
    assert [claim.reading for claim in wide] == [claim.reading for claim in narrow]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("**Yes, refunds are possible within 90 days of travel**", ClaimKind.CLAIM),
        ("### You can get a refund within 90 days", ClaimKind.CLAIM),
        ("## You're entitled to a refund within 90 days", ClaimKind.CLAIM),
        ("## Yes – up to 90 days after travel", ClaimKind.CLAIM),
        ("**No, basic fares are not refundable**", ClaimKind.CLAIM),
        ("Yes, refunds are possible within 90 days\n===", ClaimKind.CLAIM),
        ("**You will need:**", ClaimKind.NOT_A_CLAIM),
        ("**You must bring a passport**:", ClaimKind.NOT_A_CLAIM),
        ("### You can bring these things:", ClaimKind.NOT_A_CLAIM),
        ("## You may also like", ClaimKind.NOT_A_CLAIM),
        ("# Things you can bring", ClaimKind.NOT_A_CLAIM),
        ("# How you can get a refund", ClaimKind.NOT_A_CLAIM),
        ("**No. of bags**", ClaimKind.NOT_A_CLAIM),
    ],
)
def test_a_heading_that_answers_is_a_claim(line: str, kind: ClaimKind) -> None:
    first, _ = split(f"{line}\n\nThe desk is open all day.")
    assert first.kind is kind


def test_a_heading_for_sources_does_not_hide_prose() -> None:
    assert readings("Sources:\n- [1] faq.md\n\nThe fee is $90. It is paid at the gate.") == [
        "The fee is $90.",
        "It is paid at the gate.",
    ]
    assert readings("Sources: [1]\n[2] old.md\nThe fee is $90.")[-1] == "The fee is $90."


def test_a_long_table_row_is_checked_cell_by_cell() -> None:
    claims = split("| Fee | Route |\n|---|---|\n| " + "It is $30 here. " * 50 + "| domestic |")
    assert all(len(claim.text) <= MAX_CLAIM_CHARS for claim in claims)
    assert [claims[1].reading, claims[-1].reading] == ["Fee: It is $30 here.", "Route: domestic"]


def test_hostile_characters_stay_in_the_claim() -> None:
    answer = "Bags \x1b[31mare\x1b[0m \u202efree\u202c <script>alert(1)</script> =cmd()."
    (claim,) = split(answer)
    assert claim.text == answer


@pytest.mark.parametrize(
    "answer",
    ["a" * 100_000, "word " * 20_000, *(unit * (40_000 // len(unit)) for unit in UNITS)],
    ids=lambda text: repr(text[:8]),
)  # fmt: skip
def test_long_hostile_answers_are_split(answer: str) -> None:
    """A quadratic or exponential step would take minutes here and be seen as a hang."""
    claims = split(answer)
    assert all(answer[claim.start : claim.end] == claim.text for claim in claims)
    assert sum(len(claim.text) for claim in claims) <= len(answer)


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        (
            "How does the 24 hour cancellation rule work?",
            "Yes, under the 24-hour rule.",
            ClaimKind.NOT_A_CLAIM,
        ),
        ("How does the 24 hour rule work?", "Yes, within 48 hours.", ClaimKind.CLAIM),
        ("How does the rule work?", "Yes, but not under the rule.", ClaimKind.CLAIM),
        ("How does the rule work?", "No, under the rule.", ClaimKind.CLAIM),
        ("What about dogs?", "Yes, dogs.", ClaimKind.CLAIM),
        ("Can I bring a dog?", "Yes.", ClaimKind.CLAIM),
    ],
)
def test_a_yes_to_an_open_question_claims_nothing_of_its_own(question, answer, kind):
    assert [claim.kind for claim in split_claims(Turn("t", answer, question))] == [kind]


@pytest.mark.parametrize(
    "answer",
    ["That's true.", "Oh, that ' s right!", "Exactly.", "You're absolutely right about that.", "Yes."],
)
def test_assent_is_read_with_what_it_assents_to(answer):
    """Nobody can tell what is true where the log does not hold what was said before."""
    (claim,) = split_claims(Turn("t", answer, "Refunds take ninety days."))
    assert claim.kind is ClaimKind.CLAIM
    assert claim.reading == f"Refunds take ninety days. {answer}"
    (claim,) = split_claims(Turn("t", answer))
    assert claim.kind is ClaimKind.NOT_A_CLAIM


def kinds(answer: str, **fields: object) -> list[ClaimKind]:
    return [claim.kind for claim in split(answer, **fields)]


def test_a_marker_on_a_line_of_its_own_cites_for_the_claim_above() -> None:
    claims = [
        claim
        for claim in split("The fee is $30.\n[1]\n\nPets fly free.\n[2]")
        if claim.kind is ClaimKind.CLAIM
    ]

    assert [claim.cited_ids for claim in claims] == [("kb-112",), ("policy-7",)]


def test_a_list_of_footnotes_claims_nothing() -> None:
    assert readings("The fee is $30 [1].\n\n[1] refunds.md\n[2] bags.md") == ["The fee is $30."]


def test_a_list_after_the_sources_is_checked() -> None:
    found = readings("Sources:\n- refunds.md\n\nFees:\n- Bags cost 90 dollars each.\n- Refunds take 90 days.")

    assert any("Bags cost 90 dollars each." in reading for reading in found)
    assert any("Refunds take 90 days." in reading for reading in found)


@pytest.mark.parametrize("answer", ["90.", "**90 days**", "# 90 days", "**The fee is 90 dollars**"])
def test_the_shortest_answer_is_a_claim(answer: str) -> None:
    assert kinds(answer) == [ClaimKind.CLAIM]


def test_a_bold_line_that_ends_an_answer_is_said() -> None:
    assert any("90 days" in reading for reading in readings("The refund period is:\n\n**90 days**"))


@pytest.mark.parametrize("row", ["| Basic | not provided | 90 dollars |", "| Flex | yes | ? |"])
def test_a_row_is_a_claim_where_any_of_its_cells_is_one(row: str) -> None:
    found = readings(f"| Fare | Meal | Bag |\n|---|---|---|\n{row}")

    assert len(found) == 1


def test_what_a_model_thought_aloud_is_no_part_of_its_answer():
    answer = "<think>Is it 30 days? No.\nIt is a day.</think>Tokens expire after 24 hours."
    (claim,) = split_claims(Turn("t", answer))

    assert claim.text == "Tokens expire after 24 hours."
    assert answer[claim.start : claim.end] == claim.text
    assert len(split_claims(Turn("t", "<think>It is a day. Tokens expire."))) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Is it 30 days? It is a day.\n</think>\nTokens expire.", ["Tokens expire."]),  # opened in the prompt
        ("It is a day.\r\n</think>\r\n\r\nTokens expire.", ["Tokens expire."]),
        ("It is a day.</think>\nTokens expire.", ["Tokens expire."]),
        ("It is a day.\n</think>\nTokens expire.\n</think>\nKeys last.", ["Tokens expire.", "Keys last."]),
        # What an answer says cannot be hidden by a tag that nothing is said after, nor by one that is never closed.
        ("It is a day. Tokens expire.\n</think>", ["It is a day.", "Tokens expire."]),
        ("It is a day.</think>\n \n.", ["It is a day."]),
        ("<think>It is a day.</think>", ["It is a day."]),
        ("<think>\nIt is a day. Tokens expire.", ["It is a day.", "Tokens expire."]),
        ("<think>It is a day", ["It is a day"]),
        ("The tag </think> ends it. Tokens expire.", ["The tag </think> ends it.", "Tokens expire."]),
        ("Tokens expire.\n<think>\nIs it a day?\n</think>\nKeys last.", ["Tokens expire.", "Keys last."]),
        ("<think>", []),
        ("</think>", []),
    ],
)
def test_thoughts_end_at_their_closing_tag_and_a_tag_is_no_claim(answer: str, said: list[str]) -> None:
    claims = split_claims(Turn("t", answer))

    assert [claim.text for claim in claims if claim.kind is ClaimKind.CLAIM] == said
    assert all(answer[claim.start : claim.end] == claim.text for claim in claims)
    assert readings(answer, retrieved=(), question="") == said


@pytest.mark.parametrize(
    ("note", "read"),
    [
        ("[^1]: kb-112, section 2", []),
        ("[^1]: kb-112", []),
        ("[^1]: kb-112.", []),
        ("[^note]: kb-112, p. 4", []),
        ("[1]: policy-7", []),
        ("[1]: Source: kb-112 and kb-3", []),
        ("[^1]: kb-112\n[^2]: policy-7, page 3", []),
        ("- [1]: policy-7", []),
        ("[1]: Refunds need a receipt.", ["Refunds need a receipt."]),
        ("[^1]: kb-112\n[^2]: Refunds need a receipt.", ["Refunds need a receipt."]),
        ("[^note]: Refunds need a receipt.", ["Refunds need a receipt."]),
        ("[^1]: kb-112 says 30 days", ["kb-112 says 30 days"]),
        ("[Refunds]: They need a receipt.", ["[Refunds]: They need a receipt."]),
    ],
)
def test_a_note_that_names_a_document_of_the_shelf_is_no_claim(note: str, read: list[str]) -> None:
    answer = f"Refunds take 30 days.[^1]\n\n{note}"

    assert readings(answer) == ["Refunds take 30 days.", *read]
    assert all(claim.ghost_ids == () for claim in split(answer))


def test_a_zone_behind_a_time_of_day_goes_on_with_it():
    said = [
        claim.text
        for claim in split_claims(Turn("t", "It runs at 2 a.m. UTC. We open at 9 a.m. Locals know."))
    ]

    assert said == ["It runs at 2 a.m. UTC.", "We open at 9 a.m.", "Locals know."]
