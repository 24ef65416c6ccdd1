"""The Markdown report says the same, and no text in it is a link, an image or a tag."""

import pytest
from markdown_it import MarkdownIt

from halluguard.report import collect, render_markdown
from halluguard.report.hostile import UNSAFE


@pytest.fixture(scope="module")
def text(library_run) -> str:
    return render_markdown(collect(library_run))


def test_no_text_of_the_log_becomes_markup(text):
    mark, *tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    assert (mark.type, mark.content.strip()) == ("html_block", "<!-- generator: halluguard -->")
    inline = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in [*tokens, *inline]}
    assert not kinds & {"link_open", "image", "html_block", "html_inline", "linkify_open"}
    assert not UNSAFE.search(text)
    shown = [token for token in inline if token.type == "code_inline"] + [
        token for token in tokens if token.type == "fence"
    ]
    assert any("<script>" in token.content for token in shown)


def test_every_table_row_has_as_many_cells_as_its_head(text):
    tokens = MarkdownIt().enable("table").parse(text)
    widths, row = [], 0
    for token in tokens:
        if token.type in ("td_open", "th_open"):
            row += 1
        if token.type == "tr_close":
            widths[-1].append(row)
            row = 0
        if token.type == "table_open":
            widths.append([])
    assert len(widths) > 5
    assert all(len(set(table)) == 1 for table in widths)


def test_the_headline_and_the_differing_words_are_there(text):
    assert text.startswith(
        "<!-- generator: halluguard -->\n\n# 23.8% of checkable claims are ungrounded: 24 of 101 (95% interval 16.5–32.9%).\n"
    )
    assert "- Borrowed books may be kept for ⟦90⟧ days" in text
    assert "+ Books are lent for ⟦30⟧ days." in text


def test_an_empty_log_still_gives_a_report(make_run):
    assert "This is not a pass" in render_markdown(collect(make_run([], [])))
