"""An answer is cut into spans that lose no character and hide no flagged claim."""

from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.records import Status
from halluguard.report.excerpts import ANSWER_CHARACTERS, answer_spans, shorten


@st.composite
def answers(draw):
    """An answer of any length and claims anywhere in it, overlapping ones too."""
    answer = draw(st.sampled_from(["word ", "x", "Ein Satz. "])) * draw(st.integers(0, 1500))
    edges = st.integers(0, len(answer))
    claims = draw(st.lists(st.tuples(edges, edges, st.sampled_from(list(Status))), max_size=6))
    return answer, [{"start": min(a, b), "end": max(a, b), "status": status.value} for a, b, status in claims]


@given(answers())
@settings(max_examples=60)
def test_what_is_shown_and_what_is_left_out_add_up_to_the_answer(case):
    answer, claims = case
    position = 0
    for span in answer_spans(answer, claims):
        assert answer[position : position + len(span.text)] == span.text
        position += len(span.text) + span.n_left_out
    assert position == len(answer)


def test_a_flagged_claim_deep_in_a_long_answer_is_shown():
    answer = "Filler sentence here. " * 2000 + "The moon is cheese." + " More filler." * 2000
    start = answer.index("The moon")
    spans = answer_spans(answer, [{"start": start, "end": start + 19, "status": "unsupported"}])
    assert [span.text for span in spans if span.number == 1] == ["The moon is cheese."]
    assert sum(len(span.text) for span in spans) < ANSWER_CHARACTERS
    assert spans[0].n_left_out > 0
    assert spans[-1].n_left_out > 0


def test_flagged_claims_are_numbered_in_reading_order():
    claims = [
        {"start": 4, "end": 7, "status": "unsupported"},
        {"start": 0, "end": 3, "status": "source_conflict"},
    ]
    assert [(span.text, span.number) for span in answer_spans("abc def", claims)] == [
        ("abc", 1),
        (" ", None),
        ("def", 2),
    ]


def test_a_shortened_text_says_how_much_is_missing():
    assert shorten("abc", 3) == "abc"
    assert shorten("x" * 2000, 10) == "x" * 10 + " [… 1,990 more characters]"
