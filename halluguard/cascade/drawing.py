"""Draw `cascade.json`: the cascade over time as SVG, prevalence by day beneath it, and the score table as rows."""

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from halluguard.cascade.graph import clean_xml
from halluguard.cascade.layout import Layout, Link, Mark, Scale, lay_out, read_days, scale_of
from halluguard.cascade.scores.intervals import wilson

MAX_DRAWN = 3
MAX_LABELS = 8
MAX_BARS = 60
_LEFT, _WIDTH = 4.0, 90.0
_CHART = 120.0
_BIDI = {ord(c): "\ufffd" for c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"}
_STYLE = """<style>
.cas text{font:12px system-ui,sans-serif;fill:var(--muted,#566070)}
.cas .h{font-size:14px;font-weight:600;fill:var(--ink,#1c2430)}
.cas .n{font-size:10px;font-weight:600;fill:var(--card,#fff);text-anchor:middle}
.cas .lane{fill:var(--soft,#f0f1ed)}.cas .lane.odd{fill:none}
.cas .rule{stroke:var(--line,#dfe1dc)}
.cas .link{stroke:var(--muted,#566070);stroke-opacity:.38}
.cas .entry{fill:var(--contradicted,#a5430b)}.cas .origin{fill:var(--source_conflict,#a5182a)}
.cas .answer{fill:var(--accent,#27548a)}.cas .invented{fill:var(--card,#fff);stroke:var(--accent,#27548a);stroke-width:2}
.cas .report{fill:var(--card,#fff);stroke:var(--grounded,#29693f);stroke-width:2}
.cas .ring{fill:none;stroke:var(--source_conflict,#a5182a);stroke-width:1.5}
.cas .cut{stroke:var(--ink,#1c2430);stroke-width:2;stroke-dasharray:3 2;fill:none}
.cas .bar{stroke:var(--accent,#27548a);stroke-width:3;stroke-opacity:.35}
</style>"""


def render_svg(cascade: Mapping[str, Any]) -> str:
    """Return `cascade.json` as one SVG element for a page: up to three cascades, the one of the verdict first.

    Entries are squares, answers discs; lanes are generations from above, time runs to the right; origins are ringed, the
    minimum cut is outlined with dashes, and a number in a mark counts the nodes it stands for. It fills any width, follows the
    page's colours, takes no script, and is the same text for the same input. Labels are escaped.
    """
    chosen = choose_cascades(cascade)
    if not chosen:
        return _wrap(["<text x='0' y='16'>No case found: nothing spread.</text>"], 28.0, "No cascade")
    parts: list[str] = [_STYLE]
    top = 0.0
    for one in chosen:
        top = _draw_cascade(one, cascade.get("window") or {}, top, parts) + 26
    rest = len(cascade["cascades"]) - len(chosen)
    if rest:
        parts.append(
            f"<text x='0' y='{top:g}'>{rest} smaller cascade{'s' if rest > 1 else ''} not drawn.</text>"
        )
        top += 12
    verdict = cascade["verdict"]["regime"]
    return _wrap(parts, top, f"Spread of false claims over time: {verdict}")


def choose_cascades(cascade: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the cascades worth drawing: the verdict's first, then others with a contaminated entry."""
    named = cascade["verdict"].get("cascade")
    order = sorted(cascade["cascades"], key=lambda one: one["id"] != named)
    return [one for place, one in enumerate(order) if place == 0 or one["n_entries"]][:MAX_DRAWN]


def score_table(cascade: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the score table of one cascade as rows of text: name, figure, interval, reading; nothing is escaped."""
    rows = []
    for score in cascade["scores"]:
        interval = (
            ""
            if score["low"] is None or score["high"] is None
            else f"{_figure(score['low'])} to {_figure(score['high'])}"
        )
        rows.append(
            {
                "id": score["id"],
                "name": score["name"],
                "figure": _figure(score["value"]),
                "interval": interval,
                "reading": score["reading"],
            }
        )
    return rows


def _figure(value: float | None) -> str:
    return (
        "not known"
        if value is None
        else f"{value:.0f}"
        if value == int(value) and abs(value) < 1e6
        else f"{value:.3g}"
    )


def _wrap(parts: Sequence[str], height: float, title: str) -> str:
    head = f"<svg class='cas' xmlns='http://www.w3.org/2000/svg' role='img' width='100%' height='{height:g}' aria-label='{_safe(title)}'>"
    return "\n".join([head, *parts, "</svg>"])


def _safe(text: str) -> str:
    return escape(clean_xml(text.translate(_BIDI)), quote=True)


def _draw_cascade(one: Mapping[str, Any], window: Mapping[str, Any], top: float, parts: list[str]) -> float:
    """Append one cascade's drawing below `top`, in pixels, and return where it ends."""
    answers, entries = one["n_answers"], one["n_entries"]
    counts = f"{answers} answer{'s' * (answers != 1)}, {entries} {'entry' if entries == 1 else 'entries'}"
    head = f"{one['verdict']['regime']}: {counts}"
    parts.append(f"<text class='h' x='0' y='{top + 16:g}'>{_safe(head)}</text>")
    top += 34
    for line in textwrap.wrap(f"“{one['claim']}”", 52, max_lines=3, placeholder=" …"):
        parts.append(f"<text x='0' y='{top:g}'>{_safe(line)}</text>")
        top += 16
    top = _draw_legend(top + 4, parts)
    layout = lay_out(one, window)
    parts.append(
        f"<svg x='{_LEFT:g}%' y='{top:g}' width='{_WIDTH:g}%' height='{layout.height + 22:g}' overflow='visible'>"
    )
    parts.extend(_draw_layout(layout))
    parts.append("</svg>")
    top += layout.height + 34
    scale = scale_of(one, window)
    if one["series"] and scale is not None:
        top = _draw_prevalence(one, scale, top, parts)
    return top


def _draw_legend(top: float, parts: list[str]) -> float:
    items = [
        ("entry", "entry of the store", False, False),
        ("answer", "answer", False, False),
        ("entry", "origin", True, False),
        ("invented", "answer without a source", False, False),
        ("entry", "minimum cut", False, True),
        ("report", "reports or refutes it", False, False),
    ]
    for place, (style, text, origin, cut) in enumerate(items):
        x, y = 50.0 * (place % 2) + 2, top + 18 * (place // 2)
        parts.extend(_draw_mark(Mark(x, y, style, 1, text, origin=origin, cut=cut), labelled=False))
        parts.append(f"<text x='{x:g}%' dx='12' y='{y + 4:g}'>{text}</text>")
    return top + 18 * ((len(items) + 1) // 2) + 6


def _draw_layout(layout: Layout) -> Iterator[str]:
    for place, lane in enumerate(layout.lanes):
        odd = " odd" if place % 2 else ""
        yield f"<rect class='lane{odd}' x='-4%' y='{lane.top:g}' width='108%' height='{lane.height:g}'/>"
        yield f"<text x='-3%' y='{lane.top + 13:g}'>{lane.name}</text>"
    for at, label in layout.ticks:
        yield f"<line class='rule' x1='{at:.2f}%' x2='{at:.2f}%' y1='0' y2='{layout.height:g}'/>"
        yield f"<text x='{at:.2f}%' y='{layout.height + 15:g}'>{label}</text>"
    if not layout.timed:
        yield f"<text x='0' y='{layout.height + 15:g}'>No timestamps: in order of hops.</text>"
    for link in layout.links:
        yield _draw_link(link)
    labelled = [mark for mark in layout.marks if mark.label and mark.style == "entry"]
    if len(labelled) > MAX_LABELS:
        labelled = [mark for mark in labelled if mark.origin][:MAX_LABELS]
    for mark in layout.marks:
        yield from _draw_mark(mark, labelled=mark in labelled)


def _draw_link(link: Link) -> str:
    width = min(6.0, 1 + math.log2(link.count))
    dash = " stroke-dasharray='4 3'" if link.dashed else ""
    a, b = link.start, link.end
    return (
        f"<line class='link' x1='{a.x:.2f}%' y1='{a.y:g}' x2='{b.x:.2f}%' y2='{b.y:g}' stroke-width='{width:.1f}'{dash}>"
        f"<title>{link.count} edge{'s' if link.count > 1 else ''}</title></line>"
    )


def _draw_mark(mark: Mark, *, labelled: bool) -> Iterator[str]:
    size = 5.0 if mark.count == 1 else min(12.0, 7 + 1.2 * math.log2(mark.count))
    style = "origin" if mark.origin else mark.style
    yield f"<g><title>{_safe(mark.title)}</title>"
    if mark.style in ("entry", "report"):
        yield _square(mark, size, style)
    else:
        yield f"<circle class='{style}' cx='{mark.x:.2f}%' cy='{mark.y:g}' r='{size:.1f}'/>"
    if mark.origin:
        yield f"<circle class='ring' cx='{mark.x:.2f}%' cy='{mark.y:g}' r='{size + 5:.1f}'/>"
    if mark.cut:
        yield _square(mark, size + 4, "cut")
    if mark.count > 1:
        yield f"<text class='n' x='{mark.x:.2f}%' y='{mark.y + 3.5:g}'>{mark.count}</text>"
    if labelled:
        end = mark.x > 60
        anchor, shift = ("end", -(size + 8)) if end else ("start", size + 8)
        yield f"<text x='{mark.x:.2f}%' dx='{shift:g}' y='{mark.y - 4:g}' text-anchor='{anchor}'>{_safe(_shorten(mark.label))}</text>"
    yield "</g>"


def _square(mark: Mark, size: float, style: str) -> str:
    return (
        f"<rect class='{style}' x='{mark.x:.2f}%' y='{mark.y - size:g}' width='{2 * size:g}' height='{2 * size:g}' rx='2' "
        f"transform='translate({-size:g} 0)'/>"
    )


def _shorten(label: str) -> str:
    return label if len(label) <= 22 else f"{label[:12]}…{label[-8:]}"


def _draw_prevalence(one: Mapping[str, Any], scale: Scale, top: float, parts: list[str]) -> float:
    """Append the share of contaminated answers by day with 95 % intervals, on the same scale of time."""
    parts.append(
        f"<text x='0' y='{top + 8:g}'>Share of answers on the topic that say it, 95 % interval</text>"
    )
    top += 22
    parts.append(
        f"<svg x='{_LEFT:g}%' y='{top:g}' width='{_WIDTH:g}%' height='{_CHART:g}' overflow='visible'>"
    )
    # Labels end at the right edge of the whole drawing, which they would leave on a narrow screen if they began at the plot's.
    edge = 100 * (100 - _LEFT) / _WIDTH
    for share in (0.0, 0.5, 1.0):
        y = _CHART * (1 - share)
        parts.append(f"<line class='rule' x1='0%' x2='100%' y1='{y:g}' y2='{y:g}'/>")
        parts.append(f"<text x='{edge:.2f}%' y='{y - 3:g}' text-anchor='end'>{share:.0%}</text>")
    for bar in merge_days(one["series"]):
        at = scale.place((read_days(bar["day"]) or 0.0) + bar["days"] / 2)
        low, high, y = (_CHART * (1 - bar[key]) for key in ("low", "high", "value"))
        until = (
            "" if bar["days"] == 1 else f" and {bar['days'] - 1} {'day' if bar['days'] == 2 else 'days'} more"
        )
        told = f"{bar['day']}{until}: {bar['cases']} of {bar['answers']}, {bar['value']:.0%} ({bar['low']:.0%} to {bar['high']:.0%})"
        parts.append(
            f"<g><title>{_safe(told)}</title><line class='bar' x1='{at:.2f}%' x2='{at:.2f}%' y1='{low:.1f}' y2='{high:.1f}'/>"
        )
        parts.append(f"<circle class='answer' cx='{at:.2f}%' cy='{y:.1f}' r='3'/></g>")
    parts.append("</svg>")
    return top + _CHART + 8


def merge_days(series: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return at most 60 stretches of equal length with their counts and Wilson intervals; `days` is the length."""
    first, last = (read_days(series[place]["day"]) or 0.0 for place in (0, -1))
    length = max(1, math.ceil((last - first + 1) / MAX_BARS))
    merged: dict[int, list[Mapping[str, Any]]] = {}
    for day in series:
        merged.setdefault(int(((read_days(day["day"]) or 0.0) - first) // length), []).append(day)
    bars = []
    for place, days in sorted(merged.items()):
        cases, answers = sum(day["cases"] for day in days), sum(day["answers"] for day in days)
        low, high = wilson(cases, answers)
        start = _iso(first + place * length)
        bars.append(
            {
                "day": start,
                "days": length,
                "cases": cases,
                "answers": answers,
                "value": cases / answers,
                "low": low,
                "high": high,
            }
        )
    return bars


def _iso(days: float) -> str:
    import numpy as np

    return str(np.datetime64(int(days), "D"))
