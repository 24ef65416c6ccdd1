"""Pages as the bot's ingest reads them, and the pieces it cuts them into."""

import re
from functools import cache
from pathlib import Path

SHORTEST, LONGEST = 60, 150
"""Words of a piece; a page without enough blocks may miss them."""
_FULL_LINE = 70


def read_page(path: Path) -> str:
    """Return the text of a Markdown, text, HTML or PDF page; HTML and PDF lose their markup."""
    if path.suffix == ".html":
        return _html_text(path.read_text(encoding="utf-8"))
    if path.suffix == ".pdf":
        from pypdf import PdfReader

        return _paragraphs("\n".join(page.extract_text() for page in PdfReader(path).pages))
    return path.read_text(encoding="utf-8")


def _html_text(markup: str) -> str:
    from bs4 import BeautifulSoup

    body = BeautifulSoup(markup, "html.parser").body
    assert body is not None
    blocks = [" ".join(block.get_text().split()) for block in body.find_all(["h1", "h2", "p", "li"])]
    return "\n\n".join(blocks)


def _paragraphs(lines: str) -> str:
    """Part the lines of a PDF after each short one, where a paragraph ends."""
    return "\n".join(f"{line}\n" if len(line) < _FULL_LINE else line for line in lines.splitlines())


def cut_page(text: str) -> list[str]:
    """Cut a page at blank lines into pieces of about equal length, none of which ends in a heading."""
    blocks = _blocks(text)
    words = [len(block.split()) for block in blocks]

    @cache
    def best(start: int) -> tuple[float, tuple[int, ...]]:
        if start == len(blocks):
            return 0.0, ()
        options = []
        for end in range(start + 1, len(blocks) + 1):
            rest_cost, cuts = best(end)
            options.append((_cost(sum(words[start:end])) + rest_cost, (end, *cuts)))
        return min(options)

    ends = best(0)[1]
    return ["\n\n".join(blocks[start:end]) for start, end in zip((0, *ends), ends, strict=False)]


def _blocks(text: str) -> list[str]:
    blocks: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        previous = blocks[-1] if blocks else ""
        if previous and (_is_heading(previous.splitlines()[-1]) or previous.rstrip().endswith(":")):
            blocks[-1] = f"{previous}\n\n{block.strip()}"
        else:
            blocks.append(block.strip())
    return blocks


def _is_heading(line: str) -> bool:
    return line.startswith("#") or (
        len(line.split()) <= 6 and not line.endswith((".", ":", "|", ",")) and not line.startswith("-")
    )


def _cost(words: int) -> float:
    outside = max(0, SHORTEST - words) + max(0, words - LONGEST)
    return (words - 88) ** 2 / 100 + 50.0 * outside
