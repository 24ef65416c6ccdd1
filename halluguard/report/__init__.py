"""The report: one HTML page, Markdown, and a summary for the terminal, all from the tables of a run."""

from pathlib import Path

from halluguard.errors import SettingError
from halluguard.report.collect import collect
from halluguard.report.data import ReportData
from halluguard.report.html import render_html
from halluguard.report.markdown import render_markdown
from halluguard.report.terminal import print_summary
from halluguard.run import Run, write_atomically

__all__ = ["ReportData", "collect", "print_summary", "render_html", "render_markdown", "write_report"]

_RENDERERS = {".html": render_html, ".htm": render_html, ".md": render_markdown, ".markdown": render_markdown}


def write_report(run: Run, path: Path) -> None:
    """Write the report of a finished run to `path`, as HTML or Markdown by its suffix; same run, same bytes.

    Raises SettingError for another suffix and RunError where the check of the run is not finished.
    """
    render = _RENDERERS.get(path.suffix.lower())
    if render is None:
        raise SettingError(
            f"{path}: cannot tell the format from the suffix {path.suffix!r}. Use .html or .md"
        )
    write_atomically(path, render(collect(run)).encode("utf-8"))
