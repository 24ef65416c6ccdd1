"""The terminal shows the same summary, and nothing a log says can steer it."""

import io

from rich.console import Console

from halluguard.report import collect, print_summary


def printed(run, *, colour=False) -> str:
    out = io.StringIO()
    print_summary(
        collect(run),
        Console(file=out, width=100, force_terminal=colour, color_system="standard" if colour else None),
    )
    return out.getvalue()


def test_the_summary_names_rate_statuses_and_culprits(library_run):
    text = printed(library_run)
    assert text.startswith("23.8% of checkable claims are ungrounded: 24 of 101")
    assert "Source conflict" in text
    assert "feed/partner-loans.html" in text


def test_markup_and_escapes_from_the_log_are_shown_and_not_obeyed(make_run):
    bad = "[red]x[/red]\x1b[2J\u202eevil[/nope]"
    groups = {"model": [{"key": bad, "hits": 1, "total": 2}, {"key": "m", "hits": 0, "total": 2}]}
    text = printed(make_run([], [], groups=groups, not_shown=[bad]), colour=True)
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    assert text.count("[red]x[/red]") == 2


def test_nothing_checkable_is_said_first(make_run):
    assert printed(make_run([], [])).startswith(
        "The log holds no turns, so nothing was checked. This is not a pass."
    )
