"""The verbs that compare runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from halluguard.cli.options import AsJson, Device, EmbedderName
from halluguard.cli.output import print_json
from halluguard.errors import SettingError

if TYPE_CHECKING:
    from halluguard.monitor import MonitorResult


def monitor(
    runs: Annotated[
        list[Path] | None, typer.Argument(help="Run directories in order of time.", show_default=False)
    ] = None,
    *,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Healthy run; without it the first windows are.")
    ] = None,
    window: Annotated[str, typer.Option("--window", help="all, day, or a number of answers.")] = "all",
    alpha: Annotated[float, typer.Option("--alpha", help="Share of calls that may alarm by chance.")] = 0.01,
    no_embeddings: Annotated[
        bool, typer.Option("--no-embeddings", help="Load no model: texts are not compared.")
    ] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="JSON file for every figure.")] = None,
    alerts: Annotated[Path | None, typer.Option("--alerts", help="Alert settings, YAML.")] = None,
    acknowledge: Annotated[
        str | None, typer.Option("--acknowledge", help="Key of an alert someone has taken over.")
    ] = None,
    embedder: EmbedderName = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Watch runs for drift against a baseline; exit code 1 on alarm. Without runs, send what is left in the outbox.

    Example: halluguard monitor run-2 --baseline run-1 --window day --alerts alerts.yaml
    """
    from halluguard import api
    from halluguard.monitor.alerts import ready_alerts, tend_alerts

    if not runs and alerts is None:
        raise SettingError("no run to watch and no --alerts whose outbox to send. Give at least one of them")
    if acknowledge is not None and alerts is None:
        raise SettingError(f"--acknowledge {acknowledge!r} needs --alerts, whose outbox holds the alert")
    settings = None if alerts is None else ready_alerts(alerts)  # before anything is compared or printed
    result = None
    if runs:
        choice = api.ModelChoice(embedder=embedder, device=device)
        result = api.monitor(
            runs, baseline, window=window, alpha=alpha, embed=not no_embeddings, models=choice
        )
    try:  # a full disk or a closed pipe must not cost an alert, nor a broken outbox the result
        if settings is not None:
            told = tend_alerts(
                settings,
                result,
                subject=" ".join(path.name for path in runs or ()),
                place="\0".join(str(path.resolve()) for path in runs or ()),
                report=str(output or ""),
                acknowledge=acknowledge,
            )
            typer.echo(told, err=True)
    finally:
        if result is not None:
            _give(result, output, as_json=as_json)
    raise typer.Exit(result.exit_code if result else 0)


def _give(result: "MonitorResult", output: Path | None, *, as_json: bool) -> None:
    """Write every figure to a file, where one is named, and print the result."""
    from halluguard.monitor.tell import tell_result
    from halluguard.run import write_json

    if output:
        write_json(output, result.as_dict())
    print_json(result.as_dict()) if as_json else typer.echo(tell_result(result))


def diff(
    before: Annotated[Path, typer.Argument(help="Run directory.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="Run directory of the same turns.", show_default=False)],
    *,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit code 1 where grounding was lost beyond chance.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of the resampling.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Say which answers gained or lost grounding between two runs, by source, and whether the difference is real.

    Example: halluguard diff run-1 run-2 --gate
    """
    from halluguard import api
    from halluguard.monitor.tell import tell_difference

    found = api.diff(before, after, seed=seed)
    print_json(found.as_dict()) if as_json else typer.echo(tell_difference(found))
    raise typer.Exit(found.exit_code(gate=gate))
