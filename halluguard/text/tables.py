"""Rows of Markdown tables, and the header row that says what their cells are."""

import re
from bisect import bisect_right
from dataclasses import dataclass

_RULE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?$")
_LINE = re.compile(r"[^\n]+")


@dataclass(frozen=True, slots=True)
class TableRows:
    """The lines under the headers of a text's tables: `starts[i]` to `ends[i]` is a line, `heads[i]` its header row."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    heads: tuple[str, ...]

    def head_at(self, place: int) -> str:
        """Return the header row of the table that the line at a place belongs to; "" in prose, and in headers."""
        found = bisect_right(self.starts, place) - 1
        return self.heads[found] if found >= 0 and place < self.ends[found] else ""


def find_rows(text: str) -> TableRows:
    """Return the rows of a text's tables; what stands under no header and no line of dashes is none."""
    rows: list[tuple[int, int, str]] = []
    head, last, end = "", "", -1
    for line in _LINE.finditer(text) if "|" in text else ():
        said = line.group().strip()
        has_cells, follows = "|" in said.replace("\\|", ""), line.start() == end + 1
        if not follows or not has_cells:
            head = ""
        elif not head and "|" in last and _RULE.match(said):
            head = last
        if head:
            rows.append((*line.span(), head))
        last, end = said if has_cells else "", line.end()
    starts, ends, heads = zip(*rows, strict=True) if rows else ((), (), ())
    return TableRows(starts, ends, heads)
