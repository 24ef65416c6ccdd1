"""The drill's entry points: play a scenario, score the detector on it, and replay it without what should be removed."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from halluguard.drill.answering import Answerer, ExtractiveAnswerer
from halluguard.drill.ideal import score_ideal
from halluguard.drill.reading import load_scenario
from halluguard.drill.record import DrillFiles, require_new, write_drill
from halluguard.drill.scenario import Scenario
from halluguard.drill.scoring import DrillScore, compare, origins_by_trace
from halluguard.drill.shelf import RememberingEmbeddings
from halluguard.drill.simulate import FIRST_DAY, Played, Removal, play
from halluguard.models import Embedder, load_embedder
from halluguard.run import Run, write_json

SNAPSHOT_DAYS = 7


@dataclass(frozen=True)
class DrillResult:
    """A drill that was played and written, and who answered in it."""

    files: DrillFiles
    played: Played
    answerer: Answerer

    def summary(self) -> dict[str, Any]:
        """Return how much was asked, answered falsely, and written back."""
        truth = self.played.truth
        return {
            "scenario": self.played.scenario.name,
            "seed": self.played.seed,
            "turns": len(self.played.turns),
            "false_answers": len(truth.cases),
            "contaminated_entries": len(truth.entries),
            "generations": max(truth.generations.values(), default=0),
            "entries": len(self.played.shelf.entries()),
        }


@dataclass(frozen=True)
class Saved:
    """False answers with nothing done, and in a replay where entries were removed on a day."""

    day: float
    removed: tuple[str, ...]
    false_answers: int
    false_answers_after: int


@dataclass(frozen=True)
class ScoredDrill:
    """The detector's score on a drill, what the trace said, and what two containments would have saved."""

    score: DrillScore
    origins: dict[str, int]
    cut: Saved | None
    quarantine: Saved | None
    ideal: DrillScore

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; `perfect_check` is the score had no claim been misjudged."""
        saved = {
            name: None if one is None else asdict(one)
            for name, one in (("cut", self.cut), ("quarantine", self.quarantine))
        }
        return {
            **self.score.as_dict(),
            "trace": self.origins,
            **saved,
            "perfect_check": self.ideal.as_dict(),
        }


def run_drill(
    scenario: Scenario | str | Path,
    output: Path | str,
    *,
    embedder: Embedder,
    seed: int = 0,
    answerer: Answerer | None = None,
) -> DrillResult:
    """Play a scenario and write log, trusted pages, store, weekly copies of it and truth into a new folder.

    The first copy is from before the first day, the others from before every seventh.

    Args:
        scenario: a scenario, its name in `corpora/drills`, or a YAML file.
        output: the folder to make.
        embedder: of the loop's store.
        seed: of everything that chance decides.
        answerer: a language model instead of the offline extractive one.

    """
    require_new(Path(output))  # before minutes of play
    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    embeddings = RememberingEmbeddings(embedder)
    days = range(0, loaded.days + 1, SNAPSHOT_DAYS)
    answerer = answerer or ExtractiveAnswerer(embeddings, loaded.retrieval.temperature)
    played = play(loaded, embeddings, answerer, seed=seed, snapshot_days=days)
    return DrillResult(write_drill(played, Path(output)), played, answerer)


def exercise(
    scenario: Scenario | str | Path,
    output: Path | str,
    *,
    seed: int = 0,
    score: bool = False,
    models: Any = None,
    answerer: Answerer | None = None,
) -> dict[str, Any]:
    """Play a scenario into a new folder and return its summary; with `score` also the blind score, kept in `score.json`.

    Args:
        scenario: a scenario, its name in `corpora/drills`, or a YAML file.
        output: the folder to make; the investigation lies in its `run`.
        seed: of everything that chance decides.
        score: whether to investigate the drill and compare with the truth.
        models: models in memory or a choice of them, as `halluguard.investigate` takes them.
        answerer: a language model instead of the offline extractive one.

    """
    from halluguard.api import ModelChoice

    wanted = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    chosen = models or ModelChoice()
    loaded = chosen.load() if score else None
    embedder = loaded.models.embedder if loaded else load_embedder(chosen.embedder, device=chosen.device)
    drill = run_drill(wanted, output, embedder=embedder, seed=seed, answerer=answerer)
    summary = drill.summary()
    if loaded is None:
        return summary
    scored = score_drill(drill, Path(output) / "run", models=loaded).as_dict()
    write_json(Path(output) / "score.json", scored)
    return {**summary, "score": scored}


def score_drill(drill: DrillResult, run_folder: Path | str, *, models: Any = None) -> ScoredDrill:
    """Investigate a drill blind and compare with its truth; the detector gets log, trusted pages and store alone.

    It is scored once more with a check that makes no error. Two replays follow: the minimum cut never having come, and everything in quarantine removed a day after detection.
    """
    from halluguard.api import investigate

    files = drill.files
    run = investigate(files.log, files.trusted, files.store, run_folder, models=models).run
    score = compare(files, run)
    cut, quarantine = _containments(drill, run, score)
    with TemporaryDirectory() as folder:
        ideal = score_ideal(drill.played, files, Path(folder) / "run")
    return ScoredDrill(score, origins_by_trace(run), cut, quarantine, ideal)


def _containments(drill: DrillResult, run: Run, score: DrillScore) -> tuple[Saved | None, Saved | None]:
    data = json.loads((run.path / "cascade.json").read_text(encoding="utf-8"))
    chosen = [cascade for cascade in data["cascades"] if cascade["n_entries"]]
    if not chosen or not drill.played.truth.cases:
        return None, None
    ids = {
        key: entry["id"]
        for cascade in chosen
        for entry in cascade["entries"]
        for key in (entry["key"], entry["id"])
    }
    cut = {ids[key] for cascade in chosen for key in cascade["containment"]["minimum_cut"]}
    alive = {ids[key] for cascade in chosen for key in cascade["containment"]["quarantine"]}
    found = score.days_to_detection
    day = 0.0 if found is None else _began(drill) + found + 1.0
    return replay_without(drill, cut, day=0.0), replay_without(drill, alive, day=day)


def _began(drill: DrillResult) -> float:
    scenario = drill.played.scenario
    starts = [i.day for i in scenario.injections if i.claims] + [i.day for i in scenario.inventions]
    return min(starts, default=0.0)


def replay_without(drill: DrillResult, ids: Collection[str], *, day: float = 0.0) -> Saved:
    """Play a drill again with entries removed on a day (0: as if they had never come) and count the false answers left."""
    played = drill.played
    again = play(
        played.scenario,
        played.shelf.embeddings,
        drill.answerer,
        seed=played.seed,
        removal=Removal(day, frozenset(ids)),
    )
    return Saved(day, tuple(sorted(ids)), len(played.truth.cases), len(again.truth.cases))


__all__ = [
    "FIRST_DAY",
    "DrillResult",
    "Saved",
    "ScoredDrill",
    "exercise",
    "replay_without",
    "run_drill",
    "score_drill",
]
