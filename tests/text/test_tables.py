"""Rows of tables know their header; prose and headers have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluguard.text import find_rows

TABLE = "Fees:\n\n| Kind | Fee |\n|---|---:|\n| Visit | €25 |\n| Scan | €60 |\n\nPay here | or there.\n"


def head_at(text, piece):
    return find_rows(text).head_at(text.index(piece))


def test_a_row_has_the_header_of_its_table():
    assert head_at(TABLE, "| Scan") == head_at(TABLE, "€25") == "| Kind | Fee |"


def test_headers_and_prose_have_none():
    assert [head_at(TABLE, piece) for piece in ("Fees", "| Kind", "Pay")] == ["", "", ""]


def test_each_table_has_its_own():
    text = TABLE + "\n| Day | Hours |\n| --- | --- |\n| Monday | 8–12 |"

    assert head_at(text, "Monday") == "| Day | Hours |"
    assert head_at(text, "Visit") == "| Kind | Fee |"


def test_bars_without_a_line_of_dashes_are_no_table():
    assert find_rows("| a | b |\n| c | d |\n").heads == ()


def test_a_rule_between_paragraphs_makes_none():
    assert find_rows("One | two\n\n---\n\nthree | four\n").heads == ()


@pytest.mark.parametrize(
    "text",
    [
        TABLE.replace("\n", "\r\n"),
        TABLE.replace("---:|", "---:|  "),
        TABLE.replace("| Visit", "| - | - |\n| Visit"),
    ],
)
def test_line_ends_blanks_and_a_row_of_dashes_change_nothing(text):
    assert head_at(text, "Scan") == "| Kind | Fee |"


def test_a_line_with_an_escaped_bar_ends_a_table():
    assert head_at("| Kind | Fee |\n|---|---|\n| Visit | €25 |\nSay yes \\| no.", "Say") == ""


def test_a_long_line_of_blanks_is_read_in_no_time():
    assert find_rows("a|b\n" + " " * 200_000 + "x").heads == ()


@given(st.lists(st.sampled_from(["| a | b |", "|---|---|", "prose", "", "| c |", "---"]), max_size=8))
def test_rows_are_lines_in_order_with_a_line_of_the_text_as_header(lines):
    text = "\n".join(lines)
    rows = find_rows(text)

    assert list(rows.starts) == sorted(rows.starts)
    for start, end, head in zip(rows.starts, rows.ends, rows.heads, strict=True):
        assert text[start:end] in lines
        assert head in lines
        assert rows.head_at(start) == rows.head_at(end - 1) == head
