"""The public functions. Each imports its stage when it is called, so that importing halluguard stays cheap."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halluguard.gate import Condition, Outcome, decide_outcome
from halluguard.run import Run

if TYPE_CHECKING:
    import pandas as pd

    from halluguard.grounding.check import CheckSettings, Progress
    from halluguard.grounding.score import Score
    from halluguard.models import Models


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run directory with the results a caller asks of it first; the tables stay on disk until they are read."""

    run: Run

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.run.path

    def to_pandas(self, table: str = "claims") -> "pd.DataFrame":
        """Return a table (`turns`, `claims`, `events` or `suspects`) as a data frame."""
        return self.run.read(table).to_pandas()

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
    cache: Path | None | bool = True
    calibration: Path | None = None

    def load(self) -> "Models":
        """Load both models."""
        from halluguard.models import load_models

        return load_models(nli=self.nli, embedder=self.embedder, device=self.device, cache=self.cache)


def check(
    log: Path | str,
    trusted: Path | str | None,
    output: Path | str,
    *,
    models: ModelChoice | None = None,
    settings: "CheckSettings | None" = None,
    on_progress: "Callable[[Progress], None] | None" = None,
) -> RunResult:
    """Decide every claim of a conversation log.

    Args:
        log: JSONL, JSONL.gz or Parquet, one turn a row.
        trusted: a folder of documents, a JSONL file or an index; None checks the citations only.
        output: the run directory, new, or one of the same run to go on with.
        models: other models than those of the package.
        settings: see `halluguard.grounding.check.CheckSettings`.
        on_progress: called after each block of turns.
    """
    from halluguard.grounding.check import check_log
    from halluguard.grounding.reader import load_reader

    choice = models or ModelChoice()
    loaded = choice.load()
    run = check_log(
        Path(log),
        None if trusted is None else Path(trusted),
        Path(output),
        models=loaded,
        reader=load_reader(loaded, calibration=choice.calibration),
        settings=settings,
        on_progress=on_progress or (lambda _: None),
    )
    return RunResult(run)


def score(
    pairs: Iterable[tuple[str, str] | tuple[str, str, str | None]], *, models: ModelChoice | None = None
) -> "Iterator[Score]":
    """Yield, for each (document, claim) or (document, claim, question), how far the document bears the claim out.

    Texts may have any length. Scores come in the order of the pairs and do not depend on it.
    """
    from halluguard.grounding.reader import load_reader
    from halluguard.grounding.score import score_pairs

    choice = models or ModelChoice()
    reader = load_reader(choice.load(), calibration=choice.calibration)
    yield from score_pairs(((*pair, None)[:3] for pair in pairs), reader)


def open_run(path: Path | str) -> RunResult:
    """Open a run directory that a command or function has written."""
    return RunResult(Run.open(Path(path)))


def write_report(run: Path | str | Run, output: Path | str) -> Path:
    """Write a run's report; the suffix of `output` chooses HTML (`.html`) or Markdown (`.md`)."""
    from halluguard.report import write_report as write

    opened = run if isinstance(run, Run) else Run.open(Path(run))
    write(opened, Path(output))
    return Path(output)
