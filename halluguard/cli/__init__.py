"""The command line: one short function a verb, nothing the library cannot do.

Results go to stdout, progress and messages to stderr. Importing this package loads neither torch nor faiss: a verb
imports its stage when it is called.
"""

import io
import sys
import warnings
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from halluguard.cli.checking import check, demo, investigate
from halluguard.cli.drilling import drill
from halluguard.cli.output import print_json, say, show_warning
from halluguard.cli.responding import respond, store_diff, store_snapshot
from halluguard.cli.scoring import calibrate, doctor, index_build, index_verify, score
from halluguard.cli.sweeping import store_check
from halluguard.cli.tracing import cascade, incident, report, trace
from halluguard.cli.watching import diff, monitor
from halluguard.errors import HalluguardError

INTERRUPTED = 130
"""Exit code after SIGINT, as shells count it."""

_GO_ON = {check.__name__, investigate.__name__, demo.__name__}
"""Verbs that keep what is finished and go on from there."""


class _Verbs(TyperGroup):
    """The verbs, with a word about an interrupt, which typer alone would pass over in silence."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            kept = "; what is finished is kept, the same command goes on from there"
            say(f"interrupted{kept if ctx.invoked_subcommand in _GO_ON else ''}")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="halluguard",
    cls=_Verbs,
    help=(
        "Find ungrounded answers of a RAG chatbot, trace them to corrupted store entries, score their spread. "
        "Offline, no LLM."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
index_app = typer.Typer(
    help="Build and verify the FAISS index of a trusted corpus.", no_args_is_help=True, rich_markup_mode=None
)
store_app = typer.Typer(
    help="Integrity of a vector store, its snapshots, and what changed between two.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for _verb in (
    *(check, investigate, trace, cascade, report, monitor, diff, incident),
    *(respond, demo, drill, score, calibrate, doctor),
):
    app.command()(_verb)
index_app.command("build")(index_build)
index_app.command("verify")(index_verify)
app.add_typer(index_app, name="index")
store_app.command("check")(store_check)
store_app.command("snapshot")(store_snapshot)
store_app.command("diff")(store_diff)
app.add_typer(store_app, name="store")


def _version(wanted: bool) -> None:
    if wanted:
        from halluguard import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Declare the options that stand before a verb."""


def main() -> None:
    """Run the command line; every expected failure is one line on stderr and the exit code of its error."""
    warnings.showwarning = show_warning
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a terminal that lacks a character shows its number
    try:
        app(standalone_mode=True)
    except HalluguardError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        _fail(f"{error.filename or 'file'}: {error.strerror or error}", HalluguardError.exit_code)


def _fail(message: str, exit_code: int) -> NoReturn:
    """Say what went wrong and end; a job that asked for JSON gets it there too."""
    say(message)
    if "--json" in sys.argv[1:]:
        print_json({"exit_code": exit_code, "error": message})
    raise SystemExit(exit_code)
