"""The public functions. Each imports its stage when it is called, so that importing halluguard stays cheap."""

import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halluguard.errors import HalluguardWarning, SettingError
from halluguard.gate import Condition, Outcome, decide_outcome

if TYPE_CHECKING:
    import pandas as pd

    from halluguard.cascade import Circumstances
    from halluguard.forensics.integrity import Evidence, SweepResult
    from halluguard.grounding.check import CheckSettings, Progress
    from halluguard.grounding.reader import Reader
    from halluguard.grounding.score import Score
    from halluguard.incident import Action, Header
    from halluguard.models import CachedEmbedder, Models
    from halluguard.monitor import MonitorResult, RunDifference
    from halluguard.response import Applied, Plan, Signature, Snapshot, StoreDifference
    from halluguard.response.proof import Proof
    from halluguard.run import Run
    from halluguard.stores import Store
    from halluguard.trusted import IndexManifest, VerifyResult


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run directory with the results a caller asks of it first; the tables stay on disk until they are read."""

    run: "Run"

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.run.path

    def to_pandas(self, table: str = "claims") -> "pd.DataFrame":
        """Return a table (`turns`, `claims`, `events` or `suspects`) as a data frame."""
        frame: pd.DataFrame = self.run.read(table).to_pandas()
        return frame

    def summary(self) -> dict[str, Any]:
        """Return the rates of the run, each with hits, total, value and 95 % Wilson interval."""
        summary: dict[str, Any] = self.run.manifest["summary"]
        return summary

    def counts(self) -> dict[str, Any]:
        """Return how many turns, claims, statuses, errors and skipped rows there were."""
        counts: dict[str, Any] = self.run.manifest["counts"]
        return counts

    def outcome(self, conditions: Sequence[Condition] = ()) -> Outcome:
        """Return the verdict line and exit code, with a gate where conditions are given."""
        return decide_outcome(self.run.manifest, conditions)


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which models to use: names or folders, None for the ones in the package; `cache` as `load_models` takes it."""

    nli: str | None = None
    embedder: str | None = None
    device: str = "auto"
    cache: Path | bool | None = True
    calibration: Path | None = None

    def load(self) -> "Loaded":
        """Load both models and the reader that uses them; what is loaded can be used for any number of calls."""
        from halluguard.grounding.loading import load_reader
        from halluguard.models import load_models

        models = load_models(nli=self.nli, embedder=self.embedder, device=self.device, cache=self.cache)
        _tell_lost_cache(models)
        return Loaded(models, load_reader(models, calibration=self.calibration))

    def load_embedder(self) -> "CachedEmbedder":
        """Load the embedder alone."""
        from halluguard.models import load_cached_embedder, open_cache

        return load_cached_embedder(self.embedder, device=self.device, cache=open_cache(self.cache))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Models in memory, with the reader that uses them under the calibration in force."""

    models: "Models"
    reader: "Reader"

    def load(self) -> "Loaded":
        """Return itself, so that a choice and what was loaded from it can be given alike."""
        return self


def _tell_lost_cache(models: "Models") -> None:
    """Say that the next run will read everything again, as the cache file cannot be opened or written."""
    if not models.cache.available:
        warnings.warn(
            f"{models.cache.path}: the verdict cache cannot be written, so verdicts are kept in memory only. "
            "Name another file with --cache",
            HalluguardWarning,
            stacklevel=3,
        )


def check(
    log: Path | str,
    trusted: Path | str | None,
    output: Path | str,
    *,
    models: ModelChoice | Loaded | None = None,
    settings: "CheckSettings | None" = None,
    known_false: Path | str | None = None,
    on_progress: "Callable[[Progress], None] | None" = None,
) -> RunResult:
    """Decide every claim of a conversation log.

    Args:
        log: JSONL, JSONL.gz or Parquet, one turn a row; `-` is standard input.
        trusted: a folder of documents, a JSONL file or an index; None checks the citations only.
        output: the run directory, new, or one of the same run to go on with.
        models: other models than those of the package.
        settings: see `halluguard.grounding.check.CheckSettings`.
        known_false: a file of statements known to be false, one a line or JSONL rows with a `text`; a claim that says one
            of them is contradicted, whatever the trusted corpus says.
        on_progress: called after each block of turns.

    """
    from halluguard.grounding.check import check_log

    loaded = (models or ModelChoice()).load()
    run = check_log(
        Path(log),
        None if trusted is None else Path(trusted),
        Path(output),
        models=loaded.models,
        reader=loaded.reader,
        settings=settings,
        known_false=None if known_false is None else Path(known_false),
        on_progress=on_progress or (lambda _: None),
    )
    _tell_lost_cache(loaded.models)
    return RunResult(run)


def score(
    pairs: Iterable[tuple[str, str] | tuple[str, str, str | None]],
    *,
    models: ModelChoice | Loaded | None = None,
) -> "Iterator[Score]":
    """Yield, for each (document, claim) or (document, claim, question), how far the document bears the claim out.

    Texts may have any length. Scores come in the order of the pairs and do not depend on it.
    """
    from halluguard.grounding.score import score_pairs

    reader = (models or ModelChoice()).load().reader
    yield from score_pairs(((*pair, None)[:3] for pair in pairs), reader)


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """What became of a file of pairs: lines scored, lines skipped with the first reason, and the exit code."""

    scored: int
    skipped: int
    first_problem: str

    @property
    def exit_code(self) -> int:
        """0, 3 where lines were skipped, 4 where nothing was scored."""
        if not self.scored:
            return 4
        return 3 if self.skipped else 0


def score_file(
    pairs: Path | str, output: Path | str | None, *, models: ModelChoice | Loaded | None = None
) -> ScoredFile:
    """Score a JSONL file of `{"document", "claim"}` lines into JSONL, in order.

    A line that cannot be read gives `{"error": ...}` in its place, so that lines keep their numbers.

    Args:
        pairs: the file; `-` is standard input.
        output: where the scores go; None is standard output.
        models: other models than those of the package.

    """
    from halluguard.grounding.files import score_jsonl

    return ScoredFile(
        *score_jsonl(str(pairs), None if output is None else Path(output), models or ModelChoice())
    )


def calibrate(
    labelled: Path | str, output: Path | str, *, models: ModelChoice | Loaded | None = None
) -> dict[str, Any]:
    """Fit a calibration to labelled pairs, write it to `output`, and return it as plain values."""
    from halluguard.grounding.files import calibrate_jsonl

    return calibrate_jsonl(Path(labelled), Path(output), models or ModelChoice())


def trace(
    run: "Path | str | Run",
    store: Path | str,
    *,
    collection: str | None = None,
    models: ModelChoice | Loaded | None = None,
) -> RunResult:
    """Name the store entries responsible for a run's flagged claims, or say that none is; the store is only read.

    `collection` says which one of a Chroma or Qdrant store, where several hold entries.
    """
    from halluguard.forensics import trace_run

    opened = _opened(run)
    with opened.held():
        loaded = (models or ModelChoice()).load()
        trace_run(opened, Path(store), models=loaded.models, reader=loaded.reader, collection=collection)
    return RunResult(opened)


def cascade(
    run: "Path | str | Run",
    store: Path | str | None = None,
    *,
    collection: str | None = None,
    models: ModelChoice | Loaded | None = None,
    given: "Circumstances | None" = None,
) -> RunResult:
    """Score how the false claims of a run spread over feedback loops; writes `cascade.json` and `cascade.graphml`.

    `given` is what people know beside the log: when containment began, what canary probes found since, whether answers can
    become entries at all.
    """
    from halluguard.cascade import Circumstances, run_cascade
    from halluguard.stores import open_store

    opened = _opened(run)
    with opened.held():
        loaded = (models or ModelChoice()).load()
        run_cascade(
            opened,
            None if store is None else open_store(Path(store), collection=collection),
            entails=lambda pairs: loaded.models.scorer.score(pairs).probabilities,
            embed=loaded.models.embedder.encode,
            given=given or Circumstances(),
        )
    return RunResult(opened)


def investigate(
    log: Path | str,
    trusted: Path | str | None,
    store: Path | str,
    output: Path | str,
    *,
    collection: str | None = None,
    models: ModelChoice | Loaded | None = None,
    settings: "CheckSettings | None" = None,
    known_false: Path | str | None = None,
    on_progress: "Callable[[Progress], None] | None" = None,
) -> RunResult:
    """Check a log, trace what is ungrounded to a store, score its spread, and write both reports into the run.

    `collection` says which one of a Chroma or Qdrant store, where several hold entries; `known_false` is taken as by `check`.
    """
    from halluguard.stores import open_store

    open_store(Path(store), collection=collection)  # an unreadable store is said before the log is read
    loaded = (models or ModelChoice()).load()
    result = check(
        log,
        trusted,
        output,
        models=loaded,
        settings=settings,
        known_false=known_false,
        on_progress=on_progress,
    )
    trace(result.run, store, collection=collection, models=loaded)
    cascade(result.run, store, collection=collection, models=loaded)
    for name in ("report.html", "report.md"):
        write_report(result.run, result.path / name)
    return result


def demo(
    output: Path | str,
    *,
    models: ModelChoice | Loaded | None = None,
    on_progress: "Callable[[Progress], None] | None" = None,
) -> RunResult:
    """Investigate the embedded airline."""
    from halluguard.corpus import find_corpus

    corpus = find_corpus("airline")
    return investigate(
        corpus.log, corpus.trusted, corpus.store, output, models=models, on_progress=on_progress
    )


def build_index(
    documents: Path | str, output: Path | str, *, embedder: str | None = None, device: str = "auto"
) -> "IndexManifest":
    """Make or refresh the FAISS index of a trusted corpus; only changed documents are embedded again."""
    from halluguard import trusted
    from halluguard.models import load_embedder

    return trusted.build_index(Path(documents), Path(output), load_embedder(embedder, device=device))


def verify_index(
    index: Path | str, *, sample: int = 200, seed: int = 0, embedder: str | None = None, device: str = "auto"
) -> "VerifyResult":
    """Embed a sample of an index again and say what disagrees."""
    from halluguard import trusted
    from halluguard.models import load_embedder

    return trusted.verify_index(Path(index), load_embedder(embedder, device=device), sample=sample, seed=seed)


def drill(
    scenario: Path | str,
    output: Path | str,
    *,
    seed: int = 0,
    score: bool = False,
    models: ModelChoice | Loaded | None = None,
    language_model: str | None = None,
) -> dict[str, Any]:
    """Play a feedback loop with known truth into a new folder; with `score`, investigate it blind and compare.

    Args:
        scenario: the name of a shipped one (`halluguard.drill.list_scenarios`) or a YAML file.
        output: gets `log.jsonl`, `trusted/`, `store/`, `snapshots/`, `truth.json`, and with `score` `run/` and `score.json`.
        seed: of everything that chance decides.
        score: whether to score the detector; the same models read the log and embed the loop's store.
        models: other models than those of the package.
        language_model: a causal language model that answers in place of the offline extractive one: a folder, a `.gguf`
            file or a hub name; needs the extra `llm`.

    """
    from halluguard.drill import exercise

    answerer = None
    if language_model:
        from halluguard.drill.answering import load_answerer

        answerer = load_answerer(language_model)
    return exercise(scenario, output, seed=seed, score=score, models=models, answerer=answerer)


def open_run(path: Path | str) -> RunResult:
    """Open a run directory that a command or function has written."""
    return RunResult(_opened(path))


def _opened(run: "Path | str | Run") -> "Run":
    from halluguard.run import Run

    return run if isinstance(run, Run) else Run.open(Path(run))


def monitor(
    runs: "Sequence[Path | str | Run]",
    baseline: "Path | str | Run | None" = None,
    *,
    window: str = "all",
    alpha: float = 0.01,
    embed: bool = True,
    models: ModelChoice | Loaded | None = None,
) -> "MonitorResult":
    """Compare windows of runs with a baseline; see `halluguard.monitor.monitor_runs`. `embed` False loads no model."""
    from halluguard.models import load_embedder
    from halluguard.monitor import monitor_runs

    encode = None
    if embed:
        chosen = models or ModelChoice()
        encode = (
            chosen.models.embedder
            if isinstance(chosen, Loaded)
            else load_embedder(chosen.embedder, device=chosen.device)
        ).encode
    opened = None if baseline is None else _opened(baseline)
    return monitor_runs([_opened(run) for run in runs], opened, window=window, embed=encode, alpha=alpha)


def diff(before: "Path | str | Run", after: "Path | str | Run", *, seed: int = 0) -> "RunDifference":
    """Say which answers gained or lost grounding from one run to another, and whether the difference is real."""
    from halluguard.monitor import compare_runs

    return compare_runs(_opened(before), _opened(after), seed=seed)


def incident(
    run: "Path | str | Run",
    output: Path | str,
    *,
    header: "Header | None" = None,
    actions: "Sequence[Action]" = (),
    redact_text: bool = False,
) -> tuple[Path, ...]:
    """Write the incident record of a run into a new folder; see `halluguard.incident.write_incident`."""
    from halluguard.incident import write_incident

    return write_incident(_opened(run), Path(output), header=header, actions=actions, redact_text=redact_text)


def plan_response(
    run: "Path | str | Run",
    store: Path | str,
    output: Path | str,
    *,
    snapshots: Iterable[Path | str] = (),
    collection: str | None = None,
    models: ModelChoice | Loaded | None = None,
) -> "Plan":
    """Write `plan.yaml`, what a traced run and its store call for, into a folder; nothing else is written.

    `snapshots` are earlier copies of the store, from which entries that were edited in place can be put back, or files of
    `snapshot_store`, which hold digests alone.
    """
    from halluguard import response
    from halluguard.stores import open_store

    opened, suspect = _opened(run), open_store(Path(store), collection=collection)
    loaded = (models or ModelChoice()).load()
    copies = tuple(map(Path, snapshots))
    search = response.search_with(
        opened, suspect, loaded.reader, loaded.models.embedder, snapshots=copies, collection=collection
    )
    return response.plan_response(
        opened, suspect, Path(output), snapshots=copies, collection=collection, search=search
    )


def apply_response(
    run: "Path | str | Run",
    store: Path | str,
    output: Path | str,
    *,
    signed: "Signature",
    plan: Path | str | None = None,
    collection: str | None = None,
    models: ModelChoice | Loaded | None = None,
) -> "tuple[Applied, Proof | None]":
    """Apply a plan into its folder: new store, quarantine, evidence, ledger; then prove it, where the plan says so.

    The original store is only read. `plan` is another file than the folder's `plan.yaml`. Where the plan was applied before and
    not proved, only the proof is made.
    """
    from halluguard import response
    from halluguard.stores import open_store

    opened, suspect, folder = _opened(run), open_store(Path(store), collection=collection), Path(output)
    path = None if plan is None else Path(plan)
    chosen = response.find_plan(folder, path)
    # models that cannot be loaded are told of before anything is written
    loaded = (models or ModelChoice()).load() if response.wants_proof(chosen) else None
    applied = response.find_unproved(suspect, folder, chosen) or response.carry_out(
        opened, suspect, folder, signed=signed, plan=path, collection=collection
    )
    if loaded is None:
        return applied, None
    proof = response.prove_response(
        opened,
        suspect,
        folder,
        reader=loaded.reader,
        embedder=loaded.models.embedder,
        collection=collection,
        signed=signed,
    )
    return applied, proof


def restore_response(
    folder: Path | str,
    output: Path | str,
    *,
    signed: "Signature | None" = None,
    collection: str | None = None,
) -> tuple[str, int]:
    """Put quarantined entries back into a new store; return its root, that of the store before, and its entries."""
    from halluguard.response import restore_store

    return restore_store(Path(folder), Path(output), signed=signed, collection=collection)


@dataclass(frozen=True, slots=True)
class SweptStore:
    """A store with what the integrity sweep found in it."""

    store: "Store"
    result: "SweepResult"


def sweep_store(
    store: Path | str,
    *,
    collection: str | None = None,
    sources: Path | str | None = None,
    known_bad: Path | str | None = None,
    trusted: Path | str | None = None,
    known_false: Path | str | None = None,
    models: ModelChoice | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> SweptStore:
    """Go through every entry of a store without a log; the store is only read.

    Args:
        store: a vector store of any known kind.
        collection: which one of a Chroma or Qdrant store, where several hold entries.
        sources: the folder of the documents that entries were cut from.
        known_bad: a file of texts known to be bad, JSONL with a `text` or one a line.
        trusted: documents, or an index of them, that entries may contradict.
        known_false: a file of statements that entries may say though people know them to be false.
        models: the models to hold vectors against texts; None runs the checks that take no model.
        on_progress: called with a step, how many entries are done, and how many there are.

    Raises:
        SettingError: `trusted` or `known_false` is given, which models read, and no models.

    """
    from halluguard.forensics import sweep
    from halluguard.forensics.integrity import Evidence, folder_sources
    from halluguard.stores import open_store
    from halluguard.text.listed import read_texts

    if models is None and (trusted is not None or known_false is not None):
        raise SettingError(
            "trusted documents and statements known to be false are read by models: leave --no-embedding out"
        )
    opened = open_store(Path(store), collection=collection)
    evidence = Evidence(
        read_source=None if sources is None else folder_sources(Path(sources)),
        known_bad=() if known_bad is None else read_texts(Path(known_bad), "texts known to be bad"),
    )
    with tempfile.TemporaryDirectory() as folder:
        if models is not None:
            evidence = _with_models(
                evidence, opened, models, trusted=trusted, known_false=known_false, folder=Path(folder)
            )
        return SweptStore(opened, sweep(opened, evidence, progress=on_progress))


def _with_models(
    evidence: "Evidence",
    store: "Store",
    models: ModelChoice,
    *,
    trusted: Path | str | None,
    known_false: Path | str | None,
    folder: Path,
) -> "Evidence":
    """Add what takes a model: vectors against texts, and texts against documents and statements where there are some."""
    from halluguard.forensics import Denied, Vouching, index_entries
    from halluguard.grounding.known_false import load_known_false
    from halluguard.trusted import ready_index

    if trusted is None and known_false is None:
        return replace(evidence, embedder=models.load_embedder())
    loaded = models.load()
    reader, embedder = loaded.reader, loaded.models.embedder
    evidence = replace(evidence, embedder=embedder)
    if known_false is not None:
        known = load_known_false(Path(known_false), reader, embedder)
        evidence = replace(
            evidence, known_false=Denied(known, index_entries(list(store.entries()), embedder)).find
        )
    if trusted is not None:
        vouching = Vouching(ready_index(Path(trusted), folder / "index", embedder), embedder, reader)
        evidence = replace(evidence, contradict=vouching.contradict)
    return evidence


def snapshot_store(store: Path | str, output: Path | str, *, collection: str | None = None) -> "Snapshot":
    """Write digests of every entry of a store and the root over them; no text is kept."""
    from halluguard.response import take_snapshot
    from halluguard.stores import open_store

    return take_snapshot(open_store(Path(store), collection=collection), Path(output))


def diff_stores(before: Path | str, after: Path | str, *, collection: str | None = None) -> "StoreDifference":
    """Compare two snapshots or stores: added, removed, edited, embedded anew, by source, batch and day."""
    from halluguard.response import diff_stores as compare

    return compare(Path(before), Path(after), collection=collection)


def write_report(run: "Path | str | Run", output: Path | str) -> Path:
    """Write a run's report; the suffix of `output` chooses HTML (`.html`) or Markdown (`.md`)."""
    from halluguard.report import write_report as write

    write(_opened(run), Path(output))
    return Path(output)
