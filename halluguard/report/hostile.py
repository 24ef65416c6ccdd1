"""Text an attacker may have written, made harmless for a terminal, a page and a spreadsheet.

Nothing here drops text silently: what cannot be shown is replaced by something that can.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_UNSAFE_RANGES = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    "\u00ad\u061c\u200b\u200e\u200f"  # soft hyphen, Arabic letter mark, zero-width space, direction marks
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # line separators, bidi overrides and isolates, invisibles
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0"  # joiners, fillers and vowels that show nothing
    "\ufe00-\ufe0e"  # variation selectors 1 to 15; the 16th asks for a picture and is unsafe after other text
    "\ufffe\uffff\ud800-\udfff"  # noncharacters and lone surrogates, which cannot be written as UTF-8
    "\U000e0000-\U000e0fff"  # tags and variation selectors that can carry a hidden message
)
_PICTURES = "\u00a9\u00ae\u203c-\u27ff\u2900-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
"""What U+FE0F may follow: signs and emoji; a keycap may follow it."""
UNSAFE = re.compile(f"[{_UNSAFE_RANGES}]|(?<![{_PICTURES}])\ufe0f(?!\u20e3)")
"""One character that steers a terminal, reorders a line, hides text, or cannot be encoded.

Joiners (U+200C, U+200D) stay: Persian, Indic scripts and emoji are spelt with them.
"""

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, SOS, PM, APC, only where terminated
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    r"|\x1b[ -/]*[0-Z\\^-~]"  # the other escapes
)
_NAMES = {
    "\x00": "NUL", "\x07": "BEL", "\x08": "BS", "\x0d": "CR", "\x1b": "ESC", "\x7f": "DEL", "\xad": "SHY",
    "\u200b": "ZWSP", "\u200e": "LRM", "\u200f": "RLM", "\u2028": "LS", "\u2029": "PS", "\u202a": "LRE", "\u202b": "RLE",
    "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
    "\ufeff": "BOM",
}  # fmt: skip
_FORMULA_STARTS = frozenset("=+-@|%\t\r\n＝＋－＠")
_CELL_INSIDE = re.compile(r'([;\t\n])(?=[" \N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}]*[=+\-@|%＝＋－＠])')
"""Where a spreadsheet that splits at semicolons or tabs begins a cell with a formula inside a text; quotes only hold in a first column."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text to show; `hidden` marks a label such as ‹ESC› that stands for a character that must not be shown."""

    text: str
    hidden: bool = False


def plain(text: str) -> str:
    """Return `text` for a terminal: escape sequences, control, bidi and invisible characters become U+FFFD.

    Line feeds and tabs stay; CR LF becomes LF. Idempotent.
    """
    return UNSAFE.sub(REPLACEMENT, _ESCAPE_SEQUENCE.sub(REPLACEMENT, text.replace("\r\n", "\n")))


def one_line(text: str, limit: int = 120) -> str:
    """Return `plain(text)` on one line, runs of white space folded, cut to `limit` characters with an ellipsis."""
    folded = " ".join(plain(text[: 4 * limit]).split())
    return folded if len(folded) <= limit and len(text) <= 4 * limit else folded[: limit - 1] + "…"


def visible(text: str) -> tuple[Piece, ...]:
    """Split `text` into runs that may be shown and labels for characters that may not; repeats share one label."""
    shown = text.replace("\r\n", "\n")
    unsafe = {found.start() for found in UNSAFE.finditer(shown)}
    pieces: list[Piece] = []
    for hidden, run in groupby(enumerate(shown), key=lambda one: one[0] in unsafe):
        characters = [character for _, character in run]
        if not hidden:
            pieces.append(Piece("".join(characters)))
            continue
        for character, repeats in groupby(characters):
            count = sum(1 for _ in repeats)
            name = _NAMES.get(character, f"U+{ord(character):04X}")
            pieces.append(Piece(f"‹{name}›" if count == 1 else f"‹{name} ×{count}›", hidden=True))
    return tuple(pieces)


def csv_cell(text: str) -> str:
    """Return `text` for a spreadsheet: what could be read as a cell with a formula gets an apostrophe in front, also inside the text.

    Control, bidi and invisible characters become U+FFFD first. Idempotent.
    """
    shown = _CELL_INSIDE.sub(r"\1'", plain(text))
    begins = shown.lstrip(" \N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}")[:1]
    return f"'{shown}" if begins in _FORMULA_STARTS and begins else shown


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as UTF-8 CSV with every text cell guarded; numbers stay numbers, None is an empty cell.

    Times are written as ISO 8601. Raises ValueError where a row is not as long as the header.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
        writer.writerow([csv_cell(name) for name in header])
        for row in rows:
            writer.writerow([_cell(value) for _, value in zip(header, row, strict=True)])


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return csv_cell(str(value))


def code_span(text: str) -> str:
    """Return `text` as one Markdown code span on one line, so that no link, image, tag or mention in it works.

    Pipes are escaped, so the span may stand in a table.
    """
    content = " ".join(plain(text).split()) or " "
    fence = "`" * (_longest_backticks(content) + 1)
    pad = " " if content.startswith("`") or content.endswith("`") else ""
    return f"{fence}{pad}{content}{pad}{fence}".replace("|", "\\|")


def code_block(text: str, *, language: str = "text") -> str:
    """Return `text` as a fenced Markdown block whose fence is longer than any run of backticks inside."""
    content = plain(text)
    fence = "`" * max(3, _longest_backticks(content) + 1)
    return f"{fence}{language}\n{content}\n{fence}"


def _longest_backticks(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
