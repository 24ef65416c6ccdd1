"""What a verb writes: results to stdout, progress and messages to stderr, all of it harmless in a terminal."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from halluguard.api import RunResult
    from halluguard.gate import Condition
    from halluguard.grounding.check import Progress

_TOLD = ("counts", "summary", "groups", "log", "not_shown", "trace", "cascade")
"""What of a manifest a job reads."""


def say(message: str) -> None:
    """Write one harmless line to stderr, signed with the command's name."""
    from halluguard.report.hostile import one_line

    typer.echo(f"halluguard: {one_line(message, 1000)}", err=True)


def show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning as one line, without the place in our code that raised it."""
    say(str(message))


def print_json(value: object) -> None:
    """Print one JSON object, or array, for machines; in ASCII, since a terminal obeys some of what an id may hold."""
    typer.echo(json.dumps(value, indent=2).replace("\x7f", "\\u007f"))


def print_run(result: "RunResult") -> None:
    """Show a run's summary on stdout; escape sequences in its texts are made harmless there."""
    from rich.console import Console

    from halluguard.report import collect
    from halluguard.report.terminal import print_summary

    print_summary(collect(result.run), Console(soft_wrap=False))


def finish(result: "RunResult", conditions: "Sequence[Condition]", as_json: bool) -> None:
    """Show a run with its verdict, and end in the code of that verdict."""
    from halluguard.report.facts import skipped_rows

    outcome, manifest = result.outcome(conditions), result.run.manifest
    for row in skipped_rows(manifest):
        say(f"{manifest['inputs']['log']['path']}: {row}")
    if as_json:
        told = {key: manifest[key] for key in _TOLD if key in manifest}
        print_json({"run": str(result.path), "exit_code": outcome.exit_code, "verdict": outcome.line, **told})
    else:
        print_run(result)
        typer.echo(outcome.line)
        report = result.path / "report.html"
        typer.echo(
            f"report: {report}"
            if report.is_file()
            else f"read the answers: halluguard report {result.path} -o report.html"
        )
    raise typer.Exit(outcome.exit_code)


def _bar(off: bool) -> "Bar":
    """Return what draws one line of progress on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Bar(*columns, console=Console(stderr=True), disable=off or not sys.stderr.isatty())


@contextmanager
def progress(label: str, off: bool) -> "Iterator[Callable[[Progress], None]]":
    """Draw turns, claims, pairs per second, cache hits and time left on stderr, where that is a terminal."""
    with _bar(off) as bar:
        task = bar.add_task(f"{label}: loading models")

        def advance(done: "Progress") -> None:
            elapsed = bar.tasks[0].elapsed or 1e-9
            fresh = done.pairs - done.pairs_known
            share = done.pairs_known / done.pairs if done.pairs else 0.0
            bar.update(
                task,
                description=(
                    f"{label}: {done.turns} turns, {done.claims} claims, "
                    f"{fresh / elapsed:.0f} pairs/s, {share:.0%} from cache, {done.skipped_rows} rows skipped"
                    f"{time_left(done, elapsed)}"
                ),
            )

        yield advance


def time_left(done: "Progress", elapsed: float) -> str:
    """Return how long a check will take yet at the pace so far, or nothing where that cannot be told.

    Args:
        done: how far it is.
        elapsed: seconds so far, above 0.

    """
    rows = done.turns + done.skipped_rows
    if done.rows is None or not 0 < rows < done.rows:
        return ""
    seconds = elapsed / rows * (done.rows - rows)
    return f", about {seconds / 60:.0f} min left" if seconds >= 60 else f", about {seconds:.0f} s left"


@contextmanager
def progress_of_steps(label: str, off: bool) -> "Iterator[Callable[[str, int, int], None]]":
    """Draw the step at hand, and how far it is, on stderr, where that is a terminal."""
    with _bar(off) as bar:
        task = bar.add_task(label)
        yield lambda step, done, total: bar.update(
            task, description=f"{label}: {step}, {done:,} of {total:,} entries"
        )
