"""The report as one HTML page that needs no script and no other file."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from halluguard.grounding.known_false import is_known_false
from halluguard.records import Status
from halluguard.report import charts, wording
from halluguard.report.brief import brief
from halluguard.report.data import ReportData
from halluguard.report.hostile import REPLACEMENT, UNSAFE, plain, visible
from halluguard.report.spread import describe_spread
from halluguard.report.statuses import ORIGINS, VERDICTS, WORDINGS, is_flagged

_CHIP = Markup('<span class="chip" title="a character that is not shown">{}</span>')


def render_html(data: ReportData) -> str:
    """Return the report as a self-contained HTML page; a pure function of `data`.

    Every text is escaped, and characters that steer, reorder or hide are replaced by a visible label.
    """
    page = _environment().get_template("report.html.j2")
    spread = describe_spread(data.cascade)
    # drawn by our own code, which escapes what it labels; character by character, so that no tag goes with one
    drawing = Markup(UNSAFE.sub(REPLACEMENT, spread.svg)) if spread else None  # noqa: S704
    return page.render(data=data, spread=spread, drawing=drawing) + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("halluguard.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        attribute=_attribute, percent=wording.percent, interval=wording.interval, moment=wording.moment, day=wording.day,
        counted=wording.counted, short_day=wording.short_day,
    )  # fmt: skip
    environment.tests["known_false"] = is_known_false
    environment.globals.update(
        brief=brief,
        charts=charts,
        wording=wording,
        statuses=WORDINGS,
        verdicts=VERDICTS,
        origins=ORIGINS,
        is_flagged=is_flagged,
        Status=Status,
    )
    return environment


def _shown(value: Any) -> Any:
    """Give every text that a template prints a harmless form; numbers and markup of ours pass."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return Markup().join(
        _CHIP.format(piece.text) if piece.hidden else escape(piece.text) for piece in visible(value)
    )


def _attribute(value: str) -> Markup:
    """Escape a text for use inside an attribute or an SVG title, where no label can stand."""
    return escape(plain(value))
