"""The verbs that act on a store, or keep what it holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    model_choice,
)
from halluguard.cli.output import print_json
from halluguard.errors import SettingError

if TYPE_CHECKING:
    from halluguard.response import Signature


def respond(
    run: Annotated[Path | None, typer.Argument(help="Run directory.", show_default=False)] = None,
    *,
    output: Output,
    store: Annotated[Path | None, typer.Option("--store", help="Vector store to be cleaned.")] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Carry the plan out; the store is only read.")
    ] = False,
    plan: Annotated[Path | None, typer.Option("--plan", help="Another plan than DIR/plan.yaml.")] = None,
    restore: Annotated[
        Path | None, typer.Option("--restore", help="Folder of an applied plan to undo into a new store.")
    ] = None,
    snapshots: Annotated[
        list[Path] | None,
        typer.Option("--snapshot", help="Earlier copy or snapshot of the store; repeatable."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who acts, for the ledger; default: the login.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the ledger.")] = "",
    collection: CollectionName = None,
    nli_model: NliModel = None,
    embedder: EmbedderName = None,
    device: Device = "auto",
    cache: CachePath = None,
    no_cache: NoCache = False,
    calibration: CalibrationPath = None,
    as_json: AsJson = False,
) -> None:
    """Propose what to do about a run; with --apply write a new store without what is false, and prove it.

    Exit code of --apply: 0 proved, 1 not proved. Given again where the proof was cut off, --apply only proves.

    Example: halluguard respond run --store faiss_store/ -o response
    """
    from halluguard import api
    from halluguard.response.plan import plan_as_dict
    from halluguard.response.proof import tell_proof
    from halluguard.response.telling import tell_applied, tell_plan

    if restore is not None:
        root, count = api.restore_response(restore, output, signed=_sign(by, reason), collection=collection)
        told = {"store": str(output), "entries": count, "root": root}
        print_json(told) if as_json else typer.echo(f"{count} entries, as before (root {root}): {output}")
        return
    if run is None or store is None:
        raise SettingError("respond takes a run and its store: halluguard respond RUN --store S -o DIR")
    choice = model_choice(
        nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration
    )
    if not apply:
        proposed = api.plan_response(
            run, store, output, snapshots=snapshots or (), collection=collection, models=choice
        )
        print_json(plan_as_dict(proposed)) if as_json else typer.echo("\n".join(tell_plan(proposed)))
        typer.echo(f"plan: {output / 'plan.yaml'}; nothing is done yet. Edit it, then add --apply", err=True)
        return
    applied, proof = api.apply_response(
        run, store, output, signed=_sign(by, reason), plan=plan, collection=collection, models=choice
    )
    if as_json:
        print_json({"applied": applied.as_dict(), "proof": None if proof is None else proof.as_dict()})
    else:
        typer.echo(
            "\n".join([*tell_applied(applied), *(tell_proof(proof) if proof else ["not proved: left out"])])
        )
    raise typer.Exit(proof.exit_code if proof else 1)


def store_snapshot(
    store: Annotated[Path, typer.Argument(help="Vector store.", show_default=False)],
    output: Output,
    *,
    collection: CollectionName = None,
) -> None:
    """Keep a digest of every entry, with its source, batch and time, and print the root over all.

    Example: halluguard store snapshot faiss_store/ -o monday.snapshot
    """
    from halluguard import api

    taken = api.snapshot_store(store, output, collection=collection)
    typer.echo(f"{taken.root}  {taken.entries} entries")


def store_diff(
    before: Annotated[Path, typer.Argument(help="Snapshot or store.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="Snapshot or store.", show_default=False)],
    *,
    collection: CollectionName = None,
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit code 1 where anything changed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what was added, removed, edited or embedded anew between two states of a store, by source, batch and day.

    Example: halluguard store diff monday.snapshot faiss_store/ --fail-on-change
    """
    from halluguard import api
    from halluguard.response.diff import tell_difference

    found = api.diff_stores(before, after, collection=collection)
    print_json(found.as_dict()) if as_json else typer.echo("\n".join(tell_difference(found)))
    raise typer.Exit(int(fail_on_change and found.changed))


def _sign(by: str | None, reason: str) -> "Signature":
    """Return who acts now and why; without a name the login's, which proves nothing."""
    import getpass
    from datetime import UTC, datetime

    from halluguard.response import Signature

    try:
        name = by or getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Signature(name, datetime.now(UTC).replace(microsecond=0), reason)
