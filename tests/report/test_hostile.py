"""Hostile text is harmless in a terminal, a spreadsheet and Markdown, and nothing of it vanishes unseen."""

import csv
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from halluguard.report.hostile import (
    UNSAFE,
    Piece,
    code_block,
    code_span,
    csv_cell,
    one_line,
    plain,
    visible,
    write_csv,
)

NASTY = st.text(
    st.sampled_from(
        "ab 9=+-@|`<>[]()!*_#&\"'\\/:.\n\r\t\x00\x07\x08\x1b\x9b;m\u202e\u2066\u200b\ufeff\u2028＝"
    )
    | st.characters()
)
MODEST = settings(max_examples=60)


@given(NASTY)
@MODEST
def test_plain_text_steers_no_terminal(text):
    assert not UNSAFE.search(plain(text))
    assert plain(plain(text)) == plain(text)


@given(
    st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="\u115f\u1160\u3164\uffa0"))
)
@MODEST
def test_ordinary_text_of_any_script_stays_as_it_is(text):
    assert plain(text) == text
    assert "".join(piece.text for piece in visible(text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "�red�"),
        ("\x1b]0;new title\x07after", "�after"),
        ("\x1b]8;;http://evil.example\x1b\\link", "�link"),
        ("\x1b]0;never closed, and evidence", "�]0;never closed, and evidence"),
        ("one\r\ntwo\rthree", "one\ntwo�three"),
        ("pay \u202e001\u202c now", "pay �001� now"),
        ("a\u200bb\ufeffc\U000e0041", "a�b�c�"),
        ("refund\u3164\u2800\ufe01\ufe02policy\u180b\u034f", "refund����policy��"),
        ("a\u115f\u1160\uffa0\u17b4\u17b5b\ufe0f", "a�����b�"),
        ("❤️ 🏳️‍🌈 1️⃣ ™️", "❤️ 🏳️‍🌈 1️⃣ ™️"),
        ("نمی‌خواهم 👩‍🚀\tx\n", "نمی‌خواهم 👩‍🚀\tx\n"),
    ],
)
def test_each_kind_of_dangerous_character_is_replaced(text, shown):
    assert plain(text) == shown


def test_one_line_folds_and_cuts():
    assert one_line("a\n\n b\tc") == "a b c"
    assert one_line("x" * 500, 10) == "x" * 9 + "…"
    assert len(one_line(" y" * 10_000, 50)) <= 50


@given(NASTY)
@MODEST
def test_every_hidden_character_gets_a_label_and_no_other_is_lost(text):
    pieces = visible(text)
    kept = "".join(piece.text for piece in pieces if not piece.hidden)
    assert kept == UNSAFE.sub("", text.replace("\r\n", "\n"))
    assert not any(UNSAFE.search(piece.text) for piece in pieces)


def test_repeated_hidden_characters_share_a_label():
    assert [piece.text for piece in visible("a\x1b\x1b\x1b\u202eb")] == ["a", "‹ESC ×3›", "‹RLO›", "b"]


@given(NASTY)
@MODEST
def test_no_cell_can_be_read_as_a_formula(text):
    cell = csv_cell(text)
    assert cell.lstrip(" \xa0\u3000")[:1] not in set("=+-@|\t\r\n＝＋－＠") or not cell
    assert csv_cell(cell) == cell


@pytest.mark.parametrize(
    "text", ["Refunds;=HYPERLINK(1)", 'x; "=cmd"', "two\n=cmd()", "a\t+1", "a;\t@x", "a;＝1", 'a;"";-1']
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_becomes_a_formula_where_a_reader_splits_otherwise(tmp_path, text, delimiter):
    write_csv(tmp_path / "out.csv", ["a", "b", "c"], [(text, "ok", text)])
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        cells = [cell for row in csv.reader(stream, delimiter=delimiter) for cell in row]

    assert not [cell for cell in cells if cell.lstrip(' "\t')[:1] in set("=+-@|%＝") and cell.strip(' "')]
    assert csv_cell(csv_cell(text)) == csv_cell(text)


def test_emoji_are_shown_as_they_are_and_a_loose_selector_is_labelled():
    assert visible("❤️") == (Piece("❤️"),)
    assert [piece.text for piece in visible("a\ufe0f\u3164")] == ["a", "‹U+FE0F›", "‹U+3164›"]


def test_a_csv_file_reads_back_with_numbers_as_numbers(tmp_path):
    path = tmp_path / "out.csv"
    rows = [
        ("=cmd()|' /C calc'!A0", -1.5, 3, None, True, datetime(2026, 3, 1, tzinfo=UTC)),
        ('say "hi",\nthere', math.pi, -2, "x", False, "-"),
    ]
    write_csv(path, ["text", "score", "n", "none", "flag", "when"], rows)
    with path.open(encoding="utf-8", newline="") as stream:
        header, first, second = csv.reader(stream)
    assert header == ["text", "score", "n", "none", "flag", "when"]
    assert first == ["'=cmd()|' /C calc'!A0", "-1.5", "3", "", "true", "2026-03-01T00:00:00+00:00"]
    assert second == ['say "hi",\nthere', str(math.pi), "-2", "x", "false", "'-"]


def test_a_row_of_another_length_is_refused(tmp_path):
    with pytest.raises(ValueError, match="argument"):
        write_csv(tmp_path / "out.csv", ["a", "b"], [("only one",)])


@given(NASTY)
@MODEST
def test_markdown_spans_and_blocks_hold_nothing_but_code(text):
    span = MarkdownIt().parse(f"before {code_span(text)} after")
    assert [token.type for token in span[1].children] == ["text", "code_inline", "text"]
    block = MarkdownIt().parse(code_block(text))
    assert [token.type for token in block] == ["fence"]
    assert block[0].content == plain(text) + "\n"


@given(NASTY)
@MODEST
def test_a_code_span_stays_in_its_table_cell(text):
    table = f"| a | b |\n| --- | --- |\n| {code_span(text)} | end |"
    cells = [token.children for token in MarkdownIt().enable("table").parse(table) if token.type == "inline"]
    assert [[child.type for child in cell] for cell in cells] == [
        ["text"],
        ["text"],
        ["code_inline"],
        ["text"],
    ]
