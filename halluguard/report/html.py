"""The report as one HTML page that needs no script and no other file."""

import importlib
import importlib.util
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from halluguard.records import Status
from halluguard.report import charts, wording
from halluguard.report.data import ReportData
from halluguard.report.hostile import plain, visible
from halluguard.report.statuses import ORIGINS, VERDICTS, WORDINGS, is_flagged

_DRAWING = "halluguard.cascade.drawing"
_CHIP = Markup('<span class="chip" title="a character that is not shown">{}</span>')


def render_html(data: ReportData) -> str:
    """Return the report as a self-contained HTML page; a pure function of `data`.

    Every text is escaped, and characters that steer, reorder or hide are replaced by a visible label.
    """
    page = _environment().get_template("report.html.j2")
    return page.render(data=data, cascade_svg=_cascade_svg(data)) + "\n"


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
    environment.globals.update(
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


def _cascade_svg(data: ReportData) -> Markup | None:
    """Have the cascade stage draw its graph; None where the run has no cascade or nothing draws it."""
    if data.cascade is None or importlib.util.find_spec(_DRAWING) is None:
        return None
    drawing = importlib.import_module(_DRAWING)
    return Markup(drawing.render_svg(data.cascade))  # noqa: S704 - drawn by our own code, which escapes what it labels
