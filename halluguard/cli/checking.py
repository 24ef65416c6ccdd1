"""The verbs that read a log."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from halluguard.cli.options import (
    AsJson,
    AssumeTz,
    CachePath,
    CalibrationPath,
    CollectionName,
    Device,
    EmbedderName,
    FailOn,
    FieldMap,
    Format,
    KnownFalsePath,
    Limit,
    Log,
    NliModel,
    NoCache,
    NoProgress,
    Output,
    Resume,
    Store,
    Strict,
    TopK,
    Trusted,
    field_map,
    gate,
    model_choice,
    require_run,
)
from halluguard.cli.output import finish, print_run, progress

if TYPE_CHECKING:
    from halluguard.grounding.check import CheckSettings


def _settings(
    top_k: int,
    limit: int | None,
    *,
    strict: bool,
    assume_tz: str | None,
    log_format: str | None,
    fields: list[str] | None,
) -> "CheckSettings":
    """Return what is asked for about reading a log, as the check takes it."""
    from halluguard.grounding.check import CheckSettings

    return CheckSettings(
        top_k=top_k,
        limit=limit,
        strict=strict,
        assume_tz=assume_tz,
        log_format=log_format,
        fields=field_map(fields),
    )


def check(
    log: Log,
    output: Output,
    *,
    trusted: Trusted = None,
    known_false: KnownFalsePath = None,
    nli_model: NliModel = None,
    embedder: EmbedderName = None,
    device: Device = "auto",
    cache: CachePath = None,
    no_cache: NoCache = False,
    calibration: CalibrationPath = None,
    top_k: TopK = 5,
    limit: Limit = None,
    strict: Strict = False,
    assume_tz: AssumeTz = None,
    log_format: Format = None,
    fields: FieldMap = None,
    resume: Resume = False,
    fail_on: FailOn = None,
    as_json: AsJson = False,
    no_progress: NoProgress = False,
) -> None:
    """Decide every claim of a conversation log.

    Example: halluguard check chats.jsonl --trusted policies/ -o run --fail-on 'ungrounded_rate>0.05'
    """
    from halluguard import api

    conditions = gate(fail_on)
    require_run(output, resume)
    choice = model_choice(
        nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration
    )
    settings = _settings(
        top_k, limit, strict=strict, assume_tz=assume_tz, log_format=log_format, fields=fields
    )
    with progress("check", no_progress or as_json) as advance:
        result = api.check(
            log,
            trusted,
            output,
            models=choice,
            settings=settings,
            known_false=known_false,
            on_progress=advance,
        )
    finish(result, conditions, as_json)


def investigate(
    log: Log,
    output: Output,
    store: Store,
    *,
    trusted: Trusted = None,
    known_false: KnownFalsePath = None,
    collection: CollectionName = None,
    nli_model: NliModel = None,
    embedder: EmbedderName = None,
    device: Device = "auto",
    cache: CachePath = None,
    no_cache: NoCache = False,
    calibration: CalibrationPath = None,
    top_k: TopK = 5,
    limit: Limit = None,
    strict: Strict = False,
    assume_tz: AssumeTz = None,
    log_format: Format = None,
    fields: FieldMap = None,
    resume: Resume = False,
    fail_on: FailOn = None,
    as_json: AsJson = False,
    no_progress: NoProgress = False,
) -> None:
    """Check a log, trace what is false to store entries, score its spread, and write the report.

    Example: halluguard investigate chats.jsonl --trusted policies/ --store faiss_store/ -o run
    """
    from halluguard import api

    conditions = gate(fail_on)
    require_run(output, resume)
    choice = model_choice(
        nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration
    )
    settings = _settings(
        top_k, limit, strict=strict, assume_tz=assume_tz, log_format=log_format, fields=fields
    )
    with progress("check", no_progress or as_json) as advance:
        result = api.investigate(
            log,
            trusted,
            store,
            output,
            collection=collection,
            models=choice,
            settings=settings,
            known_false=known_false,
            on_progress=advance,
        )
    finish(result, conditions, as_json)


def demo(
    output: Output = Path("demo-run"),
    *,
    device: Device = "auto",
    no_progress: NoProgress = False,
) -> None:
    """Investigate the embedded airline: a chatbot whose store holds one poisoned and one stale page.

    Example: halluguard demo -o demo-run
    """
    from halluguard import api

    with progress("demo", no_progress) as advance:
        result = api.demo(output, models=api.ModelChoice(device=device), on_progress=advance)
    print_run(result)
    typer.echo(f"report: {result.path / 'report.html'}")
