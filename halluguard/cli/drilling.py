"""The verb that plays a feedback loop."""

from pathlib import Path
from typing import Annotated

import typer

from halluguard.cli.options import (
    AsJson,
    CachePath,
    CalibrationPath,
    Device,
    EmbedderName,
    NliModel,
    NoCache,
    model_choice,
)
from halluguard.cli.output import print_json
from halluguard.errors import SettingError


def drill(
    scenario: Annotated[
        str | None,
        typer.Argument(help="Name of a shipped scenario (see --list) or a YAML file.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="New folder for the drill.", show_default=False)
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Play every shipped scenario.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Name the shipped scenarios and stop.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of everything that chance decides.")] = 0,
    scored: Annotated[
        bool, typer.Option("--score", help="Investigate the drill blind and compare with its truth.")
    ] = False,
    tabletop: Annotated[
        bool,
        typer.Option("--tabletop", help="Write a facilitator's guide and a sheet a role instead of playing."),
    ] = False,
    language_model: Annotated[
        str | None,
        typer.Option(
            "--language-model",
            help="Answer with this causal language model (folder, .gguf file or hub name; extra llm).",
            show_default=False,
        ),
    ] = None,
    nli_model: NliModel = None,
    embedder: EmbedderName = None,
    device: Device = "auto",
    cache: CachePath = None,
    no_cache: NoCache = False,
    calibration: CalibrationPath = None,
    as_json: AsJson = False,
) -> None:
    """Play a feedback loop whose truth is known, and score how soon and how well the detector sees it.

    Example: halluguard drill vendor-page -o drill --score
    """
    from halluguard import api
    from halluguard.drill.account import tell_drill, tell_scenarios

    if listing:
        known = tell_scenarios()
        print_json(known) if as_json else typer.echo("\n".join(f"{n:>16}  {t}" for n, t in known.items()))
        return
    if output is None or every == (scenario is not None):
        raise SettingError(
            "drill takes one scenario or --all, and a folder: halluguard drill SCENARIO -o DIR"
        )
    if tabletop and scored:
        raise SettingError(
            "--tabletop plays nothing, so there is nothing to score. Leave out --score or --tabletop"
        )
    names = {name: output / name for name in tell_scenarios()} if every else {str(scenario): output}
    if tabletop:
        from halluguard.drill import load_scenario
        from halluguard.drill.tabletop import write_tabletop

        guides = [str(write_tabletop(load_scenario(name), folder)) for name, folder in names.items()]
        print_json({"tabletop": guides}) if as_json else typer.echo("\n".join(guides))
        return
    choice = model_choice(
        nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration
    )
    models = choice.load() if scored else choice
    drills = []
    for name, folder in names.items():
        drills.append(
            api.drill(name, folder, seed=seed, score=scored, models=models, language_model=language_model)
        )
        if not as_json:
            typer.echo("\n".join(tell_drill(drills[-1])))
    if as_json:
        print_json({"drills": drills})
