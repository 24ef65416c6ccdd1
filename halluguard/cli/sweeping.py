"""The verb that goes through a store without a log."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from halluguard.cli.options import (
    AsJson,
    CachePath,
    CollectionName,
    Device,
    EmbedderName,
    NliModel,
    NoCache,
    NoProgress,
    model_choice,
)
from halluguard.cli.output import print_json, progress_of_steps

if TYPE_CHECKING:
    from halluguard.api import SweptStore

_SHOWN = 5
"""Entries named for each code; the others are counted, and all are in the JSON."""


def store_check(
    store: Annotated[Path, typer.Argument(help="Vector store.", show_default=False)],
    *,
    sources: Annotated[
        Path | None, typer.Option("--sources", help="Folder of the documents that entries were cut from.")
    ] = None,
    known_bad: Annotated[
        Path | None,
        typer.Option("--known-bad", help="Texts known to be bad: JSONL with a text, or one a line."),
    ] = None,
    trusted: Annotated[
        Path | None,
        typer.Option(
            "--trusted", help="Trusted corpus that entries may contradict: folder, JSONL, or index."
        ),
    ] = None,
    known_false: Annotated[
        Path | None,
        typer.Option(
            "--known-false", help="Statements known to be false, one a line: who says one is named."
        ),
    ] = None,
    no_embedding: Annotated[
        bool, typer.Option("--no-embedding", help="Only the checks that take no model.")
    ] = False,
    collection: CollectionName = None,
    nli_model: NliModel = None,
    embedder: EmbedderName = None,
    device: Device = "auto",
    cache: CachePath = None,
    no_cache: NoCache = False,
    fail_on_damage: Annotated[
        bool, typer.Option("--fail-on-damage", help="Exit code 1 where the container or an entry is damaged.")
    ] = False,
    as_json: AsJson = False,
    no_progress: NoProgress = False,
) -> None:
    """Go through every entry of a store, without a log: vectors against texts, duplicates, damaged texts, gone sources.

    Example: halluguard store check faiss_store/ --sources documents/
    """
    from halluguard import api

    models = None
    if not no_embedding:
        models = model_choice(nli_model, embedder, device, cache=cache, no_cache=no_cache)
    with progress_of_steps("store check", no_progress or as_json) as advance:
        swept = api.sweep_store(
            store,
            collection=collection,
            sources=sources,
            known_bad=known_bad,
            trusted=trusted,
            known_false=known_false,
            models=models,
            on_progress=advance,
        )
    if as_json:
        print_json(_as_json(swept))
    else:
        _show(swept)
    if fail_on_damage and swept.result.is_damaged:
        raise typer.Exit(1)


def _as_json(swept: "SweptStore") -> dict[str, object]:
    result = swept.result
    return {
        "store": {
            "kind": swept.store.kind,
            "path": str(swept.store.path),
            "entries": result.n_entries,
            "files": {file.name: file.sha256 for file in swept.store.files()},
            "cannot_know": list(swept.store.cannot_know),
        },
        "container": [asdict(reason) for reason in result.container],
        "counts": result.counts(),
        "damaged": list(result.damaged_ids),
        "findings": [{"entry_id": one.entry_id, **asdict(one.reason)} for one in result.findings],
        "checked": dict(result.checked),
        "not_checked": dict(result.not_checked),
        "figures": dict(result.figures),
    }


def _show(swept: "SweptStore") -> None:
    from halluguard.forensics.integrity import MEANINGS
    from halluguard.report.hostile import one_line

    result = swept.result
    typer.echo(one_line(f"{swept.store.path}: {swept.store.kind}, {result.n_entries:,} entries"))
    for reason in result.container:
        typer.echo(one_line(f"! {reason.code}: {reason.detail}", 300))
    for code, number in result.counts().items():
        typer.echo(f"{number:>8,}  {code}: {MEANINGS[code]}")
        for one in [one for one in result.findings if one.reason.code == code][:_SHOWN]:
            typer.echo(one_line(f"          {one.entry_id}: {one.reason.detail}", 160))
    for name, why in result.not_checked.items():
        typer.echo(one_line(f"not checked: {name}: {why}", 300))
    typer.echo(
        f"{len(result.damaged_ids):,} entries are damaged, {len(result.container)} findings against the container"
    )
