"""Is a claim borne out by its document? Fourteen data sets, RAGTruth QA, NLI sets, and edited claims.

python -m evals grounding [--sample N] [--seed S] [--parts sets,ragtruth,nli,edits] [--nli-model M] [--cache FILE] [--calibration OUT]

Figures on `grounding/dev` are cross-validated: the weights that score a family of data sets were fitted on the other
families. RAGTruth QA is scored with weights fitted on `grounding/dev` and never used otherwise. Scores are cached on
disk, so that a run that was broken off goes on where it stopped.
"""

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.grounding_nli import run_edits, run_nli
from evals.grounding_ragtruth import run_ragtruth
from evals.grounding_sets import run_sets
from evals.results import RESULTS, Table, print_tables, write_result
from halluguard.grounding.calibration import DEFAULT
from halluguard.grounding.reader import Reader
from halluguard.models import load_models


@dataclass(frozen=True, slots=True)
class Options:
    """What a run does: `sample` rows of each data set at most, 0 for all."""

    sample: int
    answers: int
    seed: int
    parts: tuple[str, ...]
    nli_model: str | None
    cache: Path
    threads: int
    calibration: Path | None


@dataclass(slots=True)
class Report:
    """What a run has found so far."""

    figures: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def add(self, figures: Mapping[str, Any], tables: Mapping[str, Table], data: Mapping[str, str]) -> None:
        """Keep one part's findings and print its tables."""
        self.figures.update(figures)
        self.tables.update(tables)
        self.data.update(data)
        print_tables(tables)


def main(arguments: list[str]) -> int:
    """Run the parts asked for, print their tables and write `evals/results/grounding.json`."""
    options = _options(arguments)
    import torch

    torch.set_num_threads(options.threads)
    models = load_models(nli=options.nli_model, cache=options.cache)
    reader = Reader(models.scorer, DEFAULT)
    report = Report()
    calibration = None
    if wanted(options, "sets", "ragtruth", "edits"):
        found = run_sets(reader, sample=options.sample, seed=options.seed)
        if found is None:
            return 0
        report.add(found.figures, found.tables, found.data)
        report.files.update(found.files)
        calibration = found.calibration
        if options.calibration and calibration:
            calibration.save(options.calibration)
    fitted = Reader(models.scorer, calibration or DEFAULT)
    runs: Mapping[str, Callable[[], Any]] = {
        "ragtruth": lambda: run_ragtruth(fitted, models.embedder, answers=options.answers, seed=options.seed),
        "nli": lambda: run_nli(models.scorer, sample=options.sample, seed=options.seed),
        "edits": lambda: run_edits(fitted, sample=options.sample, seed=options.seed),
    }
    for name, run in runs.items():
        if wanted(options, name) and (part := run()) is not None:
            report.add(part.figures, part.tables, part.data)
    _write(report, options, models.describe(), models.device)
    return 0


def wanted(options: Options, *names: str) -> bool:
    """Whether any of these parts is asked for."""
    return bool(set(names) & set(options.parts))


def _write(report: Report, options: Options, models: Mapping[str, Mapping[str, str]], device: str) -> None:
    for name, text in report.files.items():
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / name).write_text(text, encoding="utf-8")
    path = write_result(
        "grounding",
        {"sample": options.sample, "seed": options.seed, **report.figures},
        tables=report.tables,
        data=report.data,
        models={f"{role} {one['name']}": one["digest"] for role, one in models.items()},
        device=device,
    )
    print(f"\nwritten: {path}")


def _options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m evals grounding", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument(
        "--sample", type=int, default=100, help="rows of each data set at most, 0 for all (default 100)"
    )
    parser.add_argument("--answers", type=int, default=0, help="answers of RAGTruth QA, 0 for all (default)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default 0)")
    parser.add_argument("--parts", default="sets,ragtruth,nli,edits", help="what to run (default all)")
    parser.add_argument("--nli-model", default=None, help="folder or hub name (default: the shipped model)")
    parser.add_argument(
        "--cache", type=Path, default=Path(".eval-cache/grounding.sqlite"), help="where scores are kept"
    )
    parser.add_argument(
        "--calibration", type=Path, default=None, help="write the calibration fitted on the data sets here"
    )
    parser.add_argument("--threads", type=int, default=min(4, os.cpu_count() or 1), help="torch threads")
    given = parser.parse_args(arguments)
    parts = tuple(part for part in given.parts.split(",") if part)
    return Options(
        given.sample,
        given.answers,
        given.seed,
        parts,
        given.nli_model,
        given.cache,
        given.threads,
        given.calibration,
    )
