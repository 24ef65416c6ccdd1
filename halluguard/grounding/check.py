"""The check stage: a log in, a run directory with every claim decided out; killed and started again, the same."""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import halluguard
from halluguard.errors import InputError
from halluguard.grounding.control import control_facts, sample_size
from halluguard.grounding.decide import READING_ERRORS, TurnVerdicts, decide_turns, evidence_requests
from halluguard.grounding.known_false import WHAT, KnownFalse, load_known_false
from halluguard.grounding.rates import Tally
from halluguard.grounding.reader import Reader
from halluguard.grounding.summary import Facts, add_facts, count_facts, summarise
from halluguard.grounding.tables import claim_rows, turn_row
from halluguard.logs import LogNotes, SkippedRow, absent_fields, count_rows, read_log, repair_lines
from halluguard.models import Models
from halluguard.records import Turn
from halluguard.run import TOOL, Run, digest_file
from halluguard.trusted import TrustedIndex, is_index, list_files, ready_index

NO_TRUSTED = "trusted corpus missing: claims are held against what they cite or were shown, and nothing else"
"""What a run without trusted documents could not show."""

SKIPPED_SHOWN = 20
"""Skipped rows whose line and reason the manifest names."""

State = Literal["running", "interrupted", "finished"]


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What changes a verdict, and so belongs to a run's fingerprint, plus how the work is cut.

    Attributes:
        top_k: trusted chunks read for each claim.
        block_turns: turns held in memory at once.
        limit: turns read at most, None for all.
        strict: stop at the first row that is not a turn.
        assume_tz: zone of timestamps that name none, such as `UTC` or `+01:00`.
        log_format: the format of the log where it shall not be told by content.
        fields: fields of the log for names of a turn, where they shall not be told by their names.

    """

    top_k: int = 5
    block_turns: int = 256
    limit: int | None = None
    strict: bool = False
    assume_tz: str | None = None
    log_format: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: counts so far; of `pairs` that were asked for, `pairs_known` were remembered and not read.

    `rows` are those of the log as far as they could be counted beforehand, None where not.
    """

    turns: int = 0
    claims: int = 0
    pairs: int = 0
    pairs_known: int = 0
    skipped_rows: int = 0
    rows: int | None = None


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class _Work:
    """Everything a block needs, built once."""

    run: Run
    reader: Reader
    models: Models
    trusted: TrustedIndex | None
    settings: CheckSettings
    notes: LogNotes
    on_progress: OnProgress
    known_false: KnownFalse | None = None
    stdin: BufferedReader | None = None
    skipped: list[SkippedRow] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)

    def keep_skipped(self, row: SkippedRow) -> None:
        """Keep the first reasons; the count of all is in the notes."""
        if len(self.skipped) < SKIPPED_SHOWN:
            self.skipped.append(row)


def check_log(
    log: Path,
    trusted: Path | None,
    output: Path,
    *,
    models: Models,
    reader: Reader,
    settings: CheckSettings | None = None,
    known_false: Path | None = None,
    on_progress: OnProgress = lambda _: None,
) -> Run:
    """Decide every claim of a log and write turns, claims and manifest to a run directory.

    A directory that holds the same run unfinished is gone on with, one that holds it finished is returned as it is.
    An interrupt (SIGINT) leaves valid tables of what is done and is raised again.

    Args:
        log: JSONL, JSONL.gz or Parquet; `-` is standard input, as JSON lines.
        trusted: a folder of documents, a JSONL file, or an index made by `build_index`; None checks citations only.
        output: the run directory.
        models: embedder and NLI model.
        reader: what reads a claim against passages with these models.
        settings: see `CheckSettings`.
        known_false: a file of statements known to be false; a claim that says one of them is contradicted.
        on_progress: called after each block.

    """
    settings = settings or CheckSettings()
    with ExitStack() as stack:
        stdin = stack.enter_context(_kept_stdin()) if str(log) == "-" else None
        inputs: dict[str, dict[str, Any]] = {"log": _describe(log, "conversation log", stdin)}
        if trusted is not None:
            inputs["trusted"] = _describe(trusted, "trusted corpus")
        denied = None
        if known_false is not None:
            inputs["known_false"] = _describe(known_false, WHAT)
            denied = load_known_false(known_false, reader, models.embedder)
            inputs["known_false"]["statements"] = len(denied.statements)
        run = Run.create(
            output,
            _new_manifest(inputs, models, reader, settings)
            | {"known_false": list(denied.statements) if denied else []},
        )
        if run.manifest.get("state") == "finished" and run.has("claims"):
            return run
        stack.enter_context(run.held())
        started = time.monotonic()
        index = _open_trusted(run, trusted, models)
        work = _Work(run, reader, models, index, settings, LogNotes(), on_progress, denied, stdin)
        state: State = "interrupted"
        try:
            _check_blocks(work, log)
            state = "finished"
        finally:
            if state == "finished" or run.n_parts():
                _finish(work, state, time.monotonic() - started)
    return run


def _open_trusted(run: Run, trusted: Path | None, models: Models) -> TrustedIndex | None:
    built = run.path / "trusted.index"
    if trusted is None or (is_index(trusted) and trusted.resolve() != built.resolve()):
        # what an earlier try made of other documents would be read by a trace
        shutil.rmtree(built, ignore_errors=True)
    return None if trusted is None else ready_index(trusted, built, models.embedder)


@contextmanager
def _kept_stdin() -> Iterator[BufferedReader]:
    """Copy standard input to a file while it is used: what a run is made of is digested before it is read."""
    with tempfile.NamedTemporaryFile(prefix="halluguard-") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        with Path(file.name).open("rb") as kept:
            yield kept


def _check_blocks(work: _Work, log: Path) -> None:
    """Decide block after block, skipping those that an earlier start has already written."""
    done = work.run.n_parts()
    settings = work.settings
    read = read_log(
        log,
        strict=settings.strict,
        assume_tz=settings.assume_tz,
        notes=work.notes,
        on_skip=work.keep_skipped,
        format_name=settings.log_format,
        fields=settings.fields,
        stdin=work.stdin,
    )
    turns = islice(read, settings.limit)
    rows = None if work.stdin else count_rows(log)
    if rows is not None and settings.limit is not None:
        rows = min(rows, settings.limit)
    progress = Progress(rows=rows)
    for number, block in enumerate(_blocks(turns, settings.block_turns)):
        facts = work.run.part_facts(number) if number < done else _check_block(work, number, block)
        totals = facts["totals"]
        progress = Progress(
            progress.turns + totals["turns"],
            progress.claims + totals["claims"],
            work.models.scorer.hits.asked,
            work.models.scorer.hits.hit,
            work.notes.skipped,
            rows,
        )
        work.on_progress(progress)
    if not progress.turns:
        first = f"; line {work.skipped[0].line}: {work.skipped[0].reason}" if work.skipped else ""
        raise InputError(f"{log}: no turn could be read, {work.notes.skipped} rows were skipped{first}")


def _check_block(work: _Work, number: int, block: Sequence[Turn]) -> Facts:
    decided = decide_turns(
        block,
        work.reader,
        work.models.embedder,
        work.trusted,
        top_k=work.settings.top_k,
        known_false=work.known_false,
    )
    facts = count_facts(decided)
    if number == 0 and work.trusted is not None:
        started = time.monotonic()
        facts["control"] = _control(work, decided, 2 * sample_size(Tally(facts["statuses"]).checkable))
        work.timings["control_s"] = round(time.monotonic() - started, 3)
    tables = {
        "turns": [turn_row(one) for one in decided],
        "claims": [row for one in decided for row in claim_rows(one)],
    }
    work.run.write_part(number, tables, facts)
    return facts


def _control(work: _Work, decided: Sequence[TurnVerdicts], limit: int) -> dict[str, int]:
    requests = evidence_requests(
        decided, work.models.embedder, work.trusted, top_k=work.settings.top_k, limit=limit
    )
    try:
        return control_facts(work.reader, requests)
    except READING_ERRORS:  # what cannot be read has its `error` verdict already; the control goes unmeasured
        return {"read": 0, "contradicted": 0}


def _blocks(turns: Iterable[Turn], size: int) -> Iterator[list[Turn]]:
    stream = iter(turns)
    while block := list(islice(stream, size)):
        yield block


def _finish(work: _Work, state: State, elapsed_s: float) -> None:
    """Join the parts and complete the manifest. Parts stay where a run was interrupted, so that it can go on."""
    run = work.run
    facts = add_facts(run.part_facts(number) for number in range(run.n_parts()))
    summary = summarise(facts)
    summary["counts"]["skipped_rows"] = work.notes.skipped
    run.join_parts(["turns", "claims"])
    run.update_manifest(
        {
            "state": state,
            **summary,
            "log": {
                "format": work.notes.format,
                "fields": work.notes.mapping,
                "skipped": [{"line": row.line, "reason": row.reason} for row in work.skipped],
                "repairs": list(repair_lines(work.notes)),
            },
            "not_shown": [*absent_fields(work.notes), *([] if work.trusted is not None else [NO_TRUSTED])],
            "timings": {
                "check_s": round(elapsed_s, 3),
                **work.timings,
                "pairs_asked": work.models.scorer.hits.asked,
                "pairs_known": work.models.scorer.hits.hit,
            },
        }
    )
    if state == "finished":
        run.drop_parts()


def _new_manifest(
    inputs: dict[str, dict[str, Any]], models: Models, reader: Reader, settings: CheckSettings
) -> dict[str, Any]:
    chosen = asdict(settings)
    thresholds = reader.calibration.describe()
    identity = {
        "inputs": {name: described["sha256"] for name, described in inputs.items()},
        "models": models.describe(),
        "thresholds": thresholds,
        "settings": chosen,
        "version": halluguard.__version__,
    }
    fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return {
        "tool": TOOL,
        "version": halluguard.__version__,
        "fingerprint": fingerprint,
        "state": "running",
        "inputs": inputs,
        "models": models.describe(),
        "thresholds": thresholds,
        "settings": chosen,
        "device": models.device,
        "versions": library_versions(),
    }


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries a verdict depends on."""
    from importlib.metadata import version
    from platform import python_version

    names = ("torch", "transformers", "sentence-transformers", "faiss-cpu", "sentencex", "numpy", "pyarrow")
    return {"python": python_version(), **{name: version(name) for name in names}}


def _describe(path: Path, what: str, stdin: BufferedReader | None = None) -> dict[str, Any]:
    if stdin is not None:
        digest = hashlib.file_digest(stdin, "sha256").hexdigest()
        stdin.seek(0)
        return {"path": "-", "sha256": digest}
    if not path.exists():
        raise InputError(f"{path}: no such file or folder. Expected the {what}")
    # a path need not be UTF-8, a manifest must be
    return {"path": os.fsencode(path).decode("utf-8", "backslashreplace"), "sha256": digest_path(path)}


def digest_path(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and digests of the files in a folder, in name order.

    What is hidden in the folder, and runs and other output of halluguard, is left out, as it is where documents are read.
    """
    if path.is_file():
        return digest_file(path)
    total = hashlib.sha256()
    for name in sorted(Path(each.name) for each in list_files(path) if not each.problem):
        if (path / name).is_file():
            total.update(os.fsencode(name.as_posix()) + f"\0{_digest_listed(path / name)}\n".encode())
    return total.hexdigest()


def _digest_listed(file: Path) -> str:
    """A file that cannot be read is skipped by name where documents are read; here it only differs from one that can."""
    try:
        return digest_file(file)
    except OSError:
        return "unreadable"
