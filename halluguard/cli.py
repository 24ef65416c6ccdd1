"""The command line: one short function a verb, nothing the library cannot do.

Results go to stdout, progress and messages to stderr. Importing this module loads neither torch nor faiss.
"""

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from halluguard.errors import HalluguardError, InputError, SettingError

INTERRUPTED = 130
"""Exit code after SIGINT, as shells count it."""

app = typer.Typer(
    name="halluguard",
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
app.add_typer(index_app, name="index")
store_app = typer.Typer(
    help="Snapshots of a vector store, and what changed between two.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(store_app, name="store")

Log = Annotated[
    Path,
    typer.Argument(
        help="Conversation log: JSONL, JSONL.gz or Parquet; - is standard input.", show_default=False
    ),
]
RunPath = Annotated[Path, typer.Argument(help="Run directory.", show_default=False)]
Trusted = Annotated[
    Path,
    typer.Option(
        "--trusted", help="Trusted corpus: folder, JSONL, or an index built before.", show_default=False
    ),
]
Store = Annotated[Path, typer.Option("--store", help="Vector store under suspicion.", show_default=False)]
CollectionName = Annotated[
    str | None, typer.Option("--collection", help="Chroma collection, where several hold entries.")
]
Output = Annotated[Path, typer.Option("-o", "--output", help="Where the results go.", show_default=False)]
NliModel = Annotated[
    str | None, typer.Option("--nli-model", help="NLI model folder or hub name; default: the one shipped.")
]
EmbedderName = Annotated[
    str | None, typer.Option("--embedder", help="Embedder folder or hub name; default: all-MiniLM-L6-v2.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
CachePath = Annotated[
    Path | None, typer.Option("--cache", help="Verdict cache file; default: the user's cache folder.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Keep verdicts in memory only.")]
CalibrationPath = Annotated[
    Path | None, typer.Option("--calibration", help="Calibration made by `halluguard calibrate`.")
]
FailOn = Annotated[
    list[str] | None,
    typer.Option("--fail-on", help="Failing condition, e.g. 'ungrounded_rate>0.05'; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Read at most this many turns.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first row that is not a turn.")]
AssumeTz = Annotated[
    str | None, typer.Option("--assume-tz", help="Zone of timestamps that name none, e.g. UTC.")
]
Format = Annotated[
    str | None, typer.Option("--format", help="Log format, where it shall not be told by content.")
]
FieldMap = Annotated[
    list[str] | None,
    typer.Option("--map", help="Field of the log for a name of a turn, e.g. answer=output.text; repeatable."),
]
TopK = Annotated[int, typer.Option("--top-k", min=1, max=100, help="Trusted chunks read for each claim.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Refuse to start anew: only go on with a run that is already there.")
]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Draw no progress bar.")]


@app.command()
def check(
    log: Log,
    output: Output,
    trusted: Trusted,
    *,
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
    from halluguard.gate import parse_condition
    from halluguard.grounding.check import CheckSettings

    conditions = [parse_condition(text) for text in fail_on or ()]
    _require_run(output, resume)
    choice = _choice(nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration)
    settings = CheckSettings(
        top_k=top_k,
        limit=limit,
        strict=strict,
        assume_tz=assume_tz,
        log_format=log_format,
        fields=_field_map(fields),
    )
    with _progress("check", no_progress or as_json) as advance:
        result = api.check(log, trusted, output, models=choice, settings=settings, on_progress=advance)
    _finish(result, conditions, as_json)


@app.command()
def investigate(
    log: Log,
    output: Output,
    trusted: Trusted,
    store: Store,
    *,
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
    from halluguard.gate import parse_condition
    from halluguard.grounding.check import CheckSettings

    conditions = [parse_condition(text) for text in fail_on or ()]
    _require_run(output, resume)
    choice = _choice(nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration)
    settings = CheckSettings(
        top_k=top_k,
        limit=limit,
        strict=strict,
        assume_tz=assume_tz,
        log_format=log_format,
        fields=_field_map(fields),
    )
    with _progress("check", no_progress or as_json) as advance:
        result = api.investigate(
            log,
            trusted,
            store,
            output,
            collection=collection,
            models=choice,
            settings=settings,
            on_progress=advance,
        )
    _finish(result, conditions, as_json)


@app.command()
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

    choice = _choice(nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration)
    result = api.trace(run, store, collection=collection, models=choice)
    if as_json:
        _print_json(result.run.manifest["trace"])
    else:
        _summary(result)


@app.command()
def cascade(
    run: RunPath,
    store: Annotated[Path | None, typer.Option("--store", help="Vector store under suspicion.")] = None,
    *,
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
    """
    from halluguard import api

    choice = _choice(nli_model, embedder, device, cache=cache, no_cache=no_cache)
    result = api.cascade(run, store, collection=collection, models=choice)
    if as_json:
        _print_json(result.run.manifest["cascade"])
    else:
        _summary(result)


@app.command()
def report(run: RunPath, output: Output) -> None:
    """Write a run's report as one self-contained HTML or Markdown file.

    Example: halluguard report run -o report.html
    """
    from halluguard import api

    typer.echo(api.write_report(run, output))


@app.command()
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
    from halluguard.monitor.alerts import tend_alerts
    from halluguard.monitor.tell import tell_result

    if not runs and alerts is None:
        raise SettingError("no run to watch and no --alerts whose outbox to send. Give at least one of them")
    result = None
    if runs:
        choice = api.ModelChoice(embedder=embedder, device=device)
        result = api.monitor(
            runs, baseline, window=window, alpha=alpha, embed=not no_embeddings, models=choice
        )
        if output:
            output.write_text(
                json.dumps(result.as_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
            )
        _print_json(result.as_dict()) if as_json else typer.echo(tell_result(result))
    if alerts is not None:
        subject = " ".join(path.name for path in runs or ())
        told = tend_alerts(alerts, result, subject=subject, report=str(output or ""), acknowledge=acknowledge)
        typer.echo(told, err=True)
    raise typer.Exit(result.exit_code if result else 0)


@app.command()
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
    _print_json(found.as_dict()) if as_json else typer.echo(tell_difference(found))
    raise typer.Exit(found.exit_code(gate=gate))


@app.command()
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


@app.command()
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

    Exit code of --apply: 0 proved, 1 not proved.

    Example: halluguard respond run --store faiss_store/ -o response
    """
    from halluguard import api
    from halluguard.response.plan import plan_as_dict
    from halluguard.response.proof import tell_proof
    from halluguard.response.telling import tell_applied, tell_plan

    if restore is not None:
        root, count = api.restore_response(restore, output, signed=_sign(by, reason), collection=collection)
        told = {"store": str(output), "entries": count, "root": root}
        _print_json(told) if as_json else typer.echo(f"{count} entries, as before (root {root}): {output}")
        return
    if run is None or store is None:
        raise SettingError("respond takes a run and its store: halluguard respond RUN --store S -o DIR")
    choice = _choice(nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration)
    if not apply:
        proposed = api.plan_response(
            run, store, output, snapshots=snapshots or (), collection=collection, models=choice
        )
        _print_json(plan_as_dict(proposed)) if as_json else typer.echo("\n".join(tell_plan(proposed)))
        typer.echo(f"plan: {output / 'plan.yaml'}; nothing is done yet. Edit it, then add --apply", err=True)
        return
    applied, proof = api.apply_response(
        run, store, output, signed=_sign(by, reason), plan=plan, collection=collection, models=choice
    )
    if as_json:
        _print_json({"applied": applied.as_dict(), "proof": None if proof is None else proof.as_dict()})
    else:
        typer.echo(
            "\n".join([*tell_applied(applied), *(tell_proof(proof) if proof else ["not proved: left out"])])
        )
    raise typer.Exit(proof.exit_code if proof else 1)


@store_app.command("snapshot")
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


@store_app.command("diff")
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
    _print_json(found.as_dict()) if as_json else typer.echo("\n".join(tell_difference(found)))
    raise typer.Exit(int(fail_on_change and found.changed))


@app.command()
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

    with _progress("demo", no_progress) as advance:
        result = api.demo(output, models=api.ModelChoice(device=device), on_progress=advance)
    _summary(result)
    typer.echo(f"report: {result.path / 'report.html'}")


@app.command()
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
        _print_json(known) if as_json else typer.echo("\n".join(f"{n:>16}  {t}" for n, t in known.items()))
        return
    if output is None or every == (scenario is not None):
        raise SettingError(
            "drill takes one scenario or --all, and a folder: halluguard drill SCENARIO -o DIR"
        )
    names = {name: output / name for name in tell_scenarios()} if every else {str(scenario): output}
    if tabletop:
        from halluguard.drill import load_scenario
        from halluguard.drill.tabletop import write_tabletop

        for name, folder in names.items():
            typer.echo(write_tabletop(load_scenario(name), folder))
        return
    choice = _choice(nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration)
    models = choice.load() if scored else choice
    drills = []
    for name, folder in names.items():
        drills.append(api.drill(name, folder, seed=seed, score=scored, models=models))
        if not as_json:
            typer.echo("\n".join(tell_drill(drills[-1])))
    if as_json:
        _print_json({"drills": drills})


@app.command()
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

    choice = _choice(nli_model, embedder, device, cache=cache, no_cache=no_cache, calibration=calibration)
    written = api.score_file(pairs, output, models=choice)
    typer.echo(f"{written.scored} pairs scored, {written.skipped} lines skipped", err=True)
    if written.first_problem:
        typer.echo(written.first_problem, err=True)
    raise typer.Exit(written.exit_code)


@app.command()
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

    choice = _choice(nli_model, embedder, device, cache=cache, no_cache=no_cache)
    _print_json(api.calibrate(labelled, output, models=choice))


@index_app.command("build")
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
    _print_json(asdict(manifest))
    if manifest.skipped:
        typer.echo(f"{len(manifest.skipped)} documents could not be read and are not in the index", err=True)
        raise typer.Exit(3)


@index_app.command("verify")
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


@app.command()
def doctor(*, nli_model: NliModel = None, device: Device = "auto", as_json: AsJson = False) -> None:
    """Show what is installed, which models are found, CPU or GPU, and the time 100 pairs take.

    Example: halluguard doctor
    """
    from halluguard.doctor import examine

    facts = examine(nli_model=nli_model, device=device)
    if as_json:
        _print_json(facts)
        return
    for key, value in facts.items():
        typer.echo(f"{key:>24}  {value}")


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


def _choice(
    nli: str | None,
    embedder: str | None,
    device: str,
    *,
    cache: Path | None = None,
    no_cache: bool = False,
    calibration: Path | None = None,
) -> Any:
    from halluguard.api import ModelChoice

    return ModelChoice(nli, embedder, device, cache or not no_cache, calibration)


def _sign(by: str | None, reason: str) -> Any:
    """Return who acts now and why; without a name the login's, which proves nothing."""
    import getpass
    from datetime import UTC, datetime

    from halluguard.response import Signature

    try:
        name = by or getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Signature(name, datetime.now(UTC).replace(microsecond=0), reason)


def _field_map(pairs: list[str] | None) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs or ()]
    for name, sign, field in split:
        if not (name and sign and field):
            raise SettingError(
                f"--map {name + sign + field!r} is not NAME=FIELD. Expected one such as answer=output.text"
            )
    return {name: field for name, _, field in split}


def _require_run(output: Path, resume: bool) -> None:
    if resume and not (output / "manifest.json").is_file():
        raise InputError(f"{output}: nothing to resume, no manifest.json. Leave --resume out to start")


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _summary(result: Any) -> None:
    """Show a run's summary on stdout; escape sequences in its texts are made harmless there."""
    from rich.console import Console

    from halluguard.report import collect
    from halluguard.report.terminal import print_summary

    print_summary(collect(result.run), Console(soft_wrap=False))


def _finish(result: Any, conditions: list[Any], as_json: bool) -> None:
    outcome = result.outcome(conditions)
    if as_json:
        manifest = result.run.manifest
        kept = {
            key: manifest[key]
            for key in ("counts", "summary", "groups", "not_shown", "trace", "cascade")
            if key in manifest
        }
        _print_json(
            {"run": str(result.path), "exit_code": outcome.exit_code, "verdict": outcome.line, **kept}
        )
    else:
        _summary(result)
        typer.echo(outcome.line)
    raise typer.Exit(outcome.exit_code)


@contextmanager
def _progress(label: str, off: bool) -> Iterator[Callable[[Any], None]]:
    """Draw turns, claims, pairs per second and cache hits on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=off or not sys.stderr.isatty()) as bar:
        task = bar.add_task(f"{label}: loading models")

        def advance(done: Any) -> None:
            elapsed = bar.tasks[0].elapsed or 1e-9
            fresh = done.pairs - done.pairs_known
            share = done.pairs_known / done.pairs if done.pairs else 0.0
            bar.update(
                task,
                description=(
                    f"{label}: {done.turns} turns, {done.claims} claims, "
                    f"{fresh / elapsed:.0f} pairs/s, {share:.0%} from cache, {done.skipped_rows} rows skipped"
                ),
            )

        yield advance


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning as one harmless line, without the place in our code that raised it."""
    from halluguard.report.hostile import plain

    typer.echo(f"halluguard: {plain(str(message))}", err=True)


def main() -> None:
    """Run the command line; every expected failure is one line on stderr and the exit code of its error."""
    warnings.showwarning = _show_warning
    try:
        app(standalone_mode=True)
    except HalluguardError as error:
        from halluguard.report.hostile import plain

        typer.echo(f"halluguard: {plain(str(error))}", err=True)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        typer.echo(
            "halluguard: interrupted; what is finished is kept, the same command goes on from there", err=True
        )
        raise SystemExit(INTERRUPTED) from None
    except OSError as error:
        typer.echo(f"halluguard: {error.filename or 'file'}: {error.strerror or error}", err=True)
        raise SystemExit(HalluguardError.exit_code) from None


if __name__ == "__main__":
    main()
