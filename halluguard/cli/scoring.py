"""The verbs around the models: pairs, calibration, the trusted index, what is installed."""

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
    Output,
    model_choice,
)
from halluguard.cli.output import print_json


def score(
    pairs: Annotated[
        Path, typer.Argument(help='JSONL of {"document", "claim"}; - is standard input.', show_default=False)
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="JSONL of scores; default: standard output.")
    ] = None,
    *,
    nli_model: NliModel = None,
    embedder: EmbedderName = None,
    device: Device = "auto",
    cache: CachePath = None,
    no_cache: NoCache = False,
    calibration: CalibrationPath = None,
) -> None:
    """Score document/claim pairs of any length: supported, contradicted, label; one line each, in order.

    Example: halluguard score pairs.jsonl -o scores.jsonl
    """
    from halluguard import api

    choice = model_choice(
        nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration
    )
    written = api.score_file(pairs, output, models=choice)
    typer.echo(f"{written.scored} pairs scored, {written.skipped} lines skipped", err=True)
    if written.first_problem:
        typer.echo(written.first_problem, err=True)
    raise typer.Exit(written.exit_code)


def calibrate(
    labelled: Annotated[
        Path, typer.Argument(help='JSONL of {"document", "claim", "label": 0|1}.', show_default=False)
    ],
    output: Output,
    *,
    nli_model: NliModel = None,
    embedder: EmbedderName = None,
    device: Device = "auto",
    cache: CachePath = None,
    no_cache: NoCache = False,
) -> None:
    """Fit temperature, feature weights and thresholds to labelled pairs, and keep them with the model's digest.

    Example: halluguard calibrate labelled.jsonl -o calibration.json
    """
    from halluguard import api

    choice = model_choice(nli_model, embedder, device, cache=cache, no_cache=no_cache)
    print_json(api.calibrate(labelled, output, models=choice))


def index_build(
    documents: Annotated[
        Path, typer.Argument(help="Folder of Markdown, text, HTML, PDF; or JSONL.", show_default=False)
    ],
    output: Output,
    *,
    embedder: EmbedderName = None,
    device: Device = "auto",
) -> None:
    """Cut documents into chunks, embed them, and keep a FAISS index; only changed documents are embedded again.

    Exit code 3 where documents could not be read; each is named.

    Example: halluguard index build policies/ -o policies.index
    """
    from dataclasses import asdict

    from halluguard import api

    manifest = api.build_index(documents, output, embedder=embedder, device=device)
    print_json(asdict(manifest))
    if manifest.skipped:
        typer.echo(f"{len(manifest.skipped)} documents could not be read and are not in the index", err=True)
        raise typer.Exit(3)


def index_verify(
    index: Annotated[Path, typer.Argument(help="Index folder.", show_default=False)],
    *,
    sample: Annotated[int, typer.Option("--sample", min=1, help="Chunks embedded again.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Which chunks.")] = 0,
    embedder: EmbedderName = None,
    device: Device = "auto",
) -> None:
    """Embed a sample of an index again and say what disagrees; exit code 1 where anything does.

    Example: halluguard index verify policies.index
    """
    from halluguard import api

    result = api.verify_index(index, sample=sample, seed=seed, embedder=embedder, device=device)
    typer.echo(result.summary())
    raise typer.Exit(0 if result.agrees else 1)


def doctor(*, nli_model: NliModel = None, device: Device = "auto", as_json: AsJson = False) -> None:
    """Show what is installed, which models are found, CPU or GPU, and the time 100 pairs take.

    Example: halluguard doctor
    """
    from halluguard.doctor import examine

    facts = examine(nli_model=nli_model, device=device)
    if as_json:
        print_json(facts)
        return
    for key, value in facts.items():
        typer.echo(f"{key:>24}  {value}")
