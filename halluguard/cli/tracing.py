"""The verbs that read a run: who is responsible, how far it spread, and what is told about it."""

from pathlib import Path
from typing import Annotated

import typer

from halluguard.cli.options import (
    AsJson,
    CachePath,
    CalibrationPath,
    CollectionName,
    Device,
    EmbedderName,
    NliModel,
    NoCache,
    Output,
    RunPath,
    Store,
    model_choice,
    moment,
    probe_counts,
)
from halluguard.cli.output import print_json, print_run


def trace(
    run: RunPath,
    store: Store,
    *,
    collection: CollectionName = None,
    nli_model: NliModel = None,
    embedder: EmbedderName = None,
    device: Device = "auto",
    cache: CachePath = None,
    no_cache: NoCache = False,
    calibration: CalibrationPath = None,
    as_json: AsJson = False,
) -> None:
    """Name the store entries responsible for a run's ungrounded claims, or say that none is.

    Example: halluguard trace run --store faiss_store/
    """
    from halluguard import api

    choice = model_choice(
        nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration
    )
    result = api.trace(run, store, collection=collection, models=choice)
    if as_json:
        print_json(result.run.manifest["trace"])
    else:
        print_run(result)


def cascade(
    run: RunPath,
    store: Annotated[Path | None, typer.Option("--store", help="Vector store under suspicion.")] = None,
    *,
    contained_at: Annotated[
        str | None,
        typer.Option("--contained-at", help="When containment began, e.g. 2026-03-22T09:30:00Z."),
    ] = None,
    probes: Annotated[
        str | None,
        typer.Option(
            "--probes", help="Canary probes since: how many of how many brought the claim, e.g. 0/60."
        ),
    ] = None,
    no_write_back: Annotated[
        bool, typer.Option("--no-write-back", help="Answers never become entries of this store.")
    ] = False,
    sample_rate: Annotated[
        float,
        typer.Option("--sample-rate", help="Share of all turns that the log holds, where it is a sample."),
    ] = 1.0,
    collection: CollectionName = None,
    nli_model: NliModel = None,
    embedder: EmbedderName = None,
    device: Device = "auto",
    cache: CachePath = None,
    no_cache: NoCache = False,
    as_json: AsJson = False,
) -> None:
    """Score how a run's false claims spread over feedback loops, and what to remove first.

    Example: halluguard cascade run --store faiss_store/

    After containment: halluguard cascade run --store faiss_store/ --contained-at 2026-03-22T09:30:00Z --probes 0/60
    """
    from halluguard import api
    from halluguard.cascade import Circumstances

    hits, asked = probe_counts(probes)
    given = Circumstances(
        sample_rate=sample_rate,
        contained_at=moment("--contained-at", contained_at),
        probe_hits=hits,
        probes=asked,
        write_back=False if no_write_back else None,
    )
    choice = model_choice(nli_model, embedder, device, cache=cache, no_cache=no_cache)
    result = api.cascade(run, store, collection=collection, models=choice, given=given)
    if as_json:
        print_json(result.run.manifest["cascade"])
    else:
        print_run(result)


def report(run: RunPath, output: Output) -> None:
    """Write a run's report as one self-contained HTML or Markdown file.

    Example: halluguard report run -o report.html
    """
    from halluguard import api

    typer.echo(api.write_report(run, output))


def incident(
    run: RunPath,
    output: Output,
    *,
    facts: Annotated[
        Path | None,
        typer.Option("--facts", help="YAML of what people know: system, title, reporter, detected_at ..."),
    ] = None,
    response: Annotated[
        Path | None, typer.Option("--response", help="Folder of `respond --apply`: what was done.")
    ] = None,
    redact_text: Annotated[
        bool, typer.Option("--redact-text", help="Leave out texts of users, answers, entries, documents.")
    ] = False,
) -> None:
    """Write the incident record of a run: pages, drafts for four readers, JSON, SARIF, STIX, MISP and CSV.

    Example: halluguard incident run -o incident --facts facts.yaml
    """
    from halluguard import api
    from halluguard.incident import read_actions, read_stated

    header, actions = read_stated(facts)
    actions += () if response is None else read_actions(response)
    for path in api.incident(run, output, header=header, actions=actions, redact_text=redact_text):
        typer.echo(path)
