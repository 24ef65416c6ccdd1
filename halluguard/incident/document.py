"""A page of headings, paragraphs, tables and lists, written as Markdown or HTML. Text of others stands in `Code` only."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from halluguard.report.hostile import code_span, visible


@dataclass(frozen=True, slots=True)
class Code:
    """Text that someone else may have written; nothing in it works."""

    text: str


Inline = str | Code | tuple["Inline", ...]
"""Our own words, another's text, or a row of both."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 4."""

    level: int
    text: Inline


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a `note` stands out."""

    text: Inline
    note: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a heading a column."""

    header: tuple[str, ...]
    rows: tuple[tuple[Inline, ...], ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: tuple[Inline, ...]


Block = Heading | Paragraph | Table | Bullets


def to_markdown(blocks: Iterable[Block]) -> str:
    """Return blocks as Markdown."""
    return "\n\n".join(map(_markdown_block, blocks)) + "\n"


def _markdown_block(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * level} {_markdown(text)}"
        case Paragraph(text, note):
            return f"> {_markdown(text)}" if note else _markdown(text)
        case Table(header, rows):
            lines = [header, ("---",) * len(header), *(tuple(map(_markdown, row)) for row in rows)]
            return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        case Bullets(items):
            return "\n".join(f"- {_markdown(item)}" for item in items)


def _markdown(text: Inline) -> str:
    if isinstance(text, tuple):
        return "".join(map(_markdown, text))
    return code_span(text.text) if isinstance(text, Code) else text


_STYLE = (
    "body{font:16px/1.55 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}"
    "h1{font-size:1.7rem}h2{margin-top:2.2rem;border-bottom:1px solid #d5dbe3;padding-bottom:.2rem}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:.92rem}th,td{border:1px solid #d5dbe3;padding:.35rem .5rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#f2f5f8}code{background:#f2f5f8;padding:0 .2rem;"
    "overflow-wrap:anywhere;font-size:.92em}.note{border-left:4px solid #b3541e;background:#fdf4ee;padding:.6rem .9rem}"
    "td code{font:inherit;background:none;padding:0}"
    "@media(max-width:40rem){body{margin:1rem auto}h1{font-size:1.35rem}th,td{padding:.3rem .35rem}}"
    ".chip{background:#fbe3d5;border-radius:3px;padding:0 .2rem;font-size:.85em}"
    "@media(prefers-color-scheme:dark){body{color:#e4e9f0;background:#12171e}th,code{background:#1d2530}th,td{border-color:#37424f}"
    "h2{border-color:#37424f}.note{background:#2a1f18}.chip{background:#5a3320}}"
)


def to_html(blocks: Iterable[Block], *, title: str) -> str:
    """Return blocks as one self-contained page without script; every text is escaped, hidden characters become labels."""
    body = Markup("\n").join(map(_html_block, blocks))
    return (
        Markup(
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
            "base-uri 'none'; form-action 'none'\">\n"
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{}</title>\n<style>{}</style>\n'
            "</head>\n<body>\n<main>\n{}\n</main>\n</body>\n</html>\n"
        )
        .format(_shown(title), Markup(_STYLE), body)  # noqa: S704 - our own style
        .__str__()
    )


def _html_block(block: Block) -> Markup:
    match block:
        case Heading(level, text):
            return Markup("<h{0}>{1}</h{0}>").format(level, _html(text))
        case Paragraph(text, note):
            return Markup("<p{}>{}</p>").format(Markup(' class="note"') if note else "", _html(text))
        case Table(header, rows):
            head = Markup().join(Markup('<th scope="col">{}</th>').format(cell) for cell in header)
            lines = Markup("\n").join(
                Markup("<tr>{}</tr>").format(
                    Markup().join(Markup("<td>{}</td>").format(_html(cell)) for cell in row)
                )
                for row in rows
            )
            return Markup("<table><thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody></table>").format(
                head, lines
            )
        case Bullets(items):
            return Markup("<ul>{}</ul>").format(
                Markup().join(Markup("<li>{}</li>").format(_html(item)) for item in items)
            )


def _html(text: Inline) -> Markup:
    if isinstance(text, tuple):
        return Markup().join(map(_html, text))
    return Markup("<code>{}</code>").format(_shown(text.text)) if isinstance(text, Code) else _shown(text)


def _shown(text: str) -> Markup:
    return Markup().join(
        Markup('<span class="chip">{}</span>').format(piece.text) if piece.hidden else escape(piece.text)
        for piece in visible(text)
    )
