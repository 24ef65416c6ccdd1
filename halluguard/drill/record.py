"""Write a played drill in the native formats: log, trusted pages, store, snapshots, and the truth beside them."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from halluguard.drill.scenario import Scenario
from halluguard.drill.shelf import save_entries
from halluguard.drill.simulate import Played, moment
from halluguard.errors import InputError
from halluguard.run import write_json


@dataclass(frozen=True, slots=True)
class DrillFiles:
    """Where the parts of a drill lie; only the first three may be shown to the detector."""

    folder: Path

    @property
    def log(self) -> Path:
        """The conversation log."""
        return self.folder / "log.jsonl"

    @property
    def trusted(self) -> Path:
        """The trusted pages."""
        return self.folder / "trusted"

    @property
    def store(self) -> Path:
        """The store at the end, entries and vectors."""
        return self.folder / "store"

    @property
    def truth(self) -> Path:
        """What really happened."""
        return self.folder / "truth.json"

    def snapshot(self, day: int) -> Path:
        """The store, entries and vectors, as it was when a day began."""
        return self.folder / "snapshots" / f"day-{day:03d}"

    @property
    def snapshots(self) -> tuple[Path, ...]:
        """Every earlier copy of the store, oldest first."""
        return tuple(sorted((self.folder / "snapshots").glob("day-*")))


def require_new(folder: Path) -> None:
    """Raise InputError where a drill's folder holds something, or is none."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is not empty. Choose a new folder for the drill")


def write_drill(played: Played, folder: Path) -> DrillFiles:
    """Write everything into a folder, which is made; the same drill gives the same bytes."""
    files = DrillFiles(folder)
    require_new(folder)
    files.trusted.mkdir(parents=True)
    files.log.write_text(
        "".join(json.dumps(turn, ensure_ascii=False) + "\n" for turn in played.turns), encoding="utf-8"
    )
    write_trusted(played.scenario, files.trusted)
    played.shelf.save(files.store)
    for day, entries in sorted(played.snapshots.items()):
        vectors = played.shelf.embeddings.vectors([entry.text for entry in entries])
        save_entries(entries, vectors, files.snapshot(day))
    write_json(files.truth, truth_of(played))
    return files


def write_trusted(scenario: Scenario, folder: Path) -> None:
    """Write each topic as a Markdown page."""
    for topic in scenario.topics:
        page = "\n\n".join([f"# {topic.title}", *topic.passages])
        (folder / f"{topic.name}.md").write_text(f"{page}\n", encoding="utf-8")


def truth_of(played: Played) -> dict[str, Any]:
    """Return the truth as plain values."""
    scenario, truth = played.scenario, played.truth
    injected = min((i.day for i in scenario.injections if i.claims), default=None)
    invented = min((i.day for i in scenario.inventions), default=None)
    first = min((day for day in (injected, invented) if day is not None), default=None)
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "after": scenario.after,
        "seed": played.seed,
        "expected": asdict(scenario.expected),
        "began_at": None if first is None else moment(first).isoformat(),
        "false_claims": list(scenario.false_claims()),
        "cases": truth.cases,
        "entries": truth.entries,
        "generations": truth.generations,
        "clean_children": truth.clean_children,
        "days": {key: round(day, 6) for key, day in truth.times.items()},
        "sources": truth.sources,
        "topics": truth.topics,
        "pages": scenario.pages(),
        "on_topic": _on_topic(played),
        "write_back": played.scenario.write_back.rate > 0,
    }


def _on_topic(played: Played) -> list[str]:
    """Return the turns in which the false claim competes with the truth: those on its questions, and every case."""
    scenario, truth = played.scenario, played.truth
    wanted = set(scenario.expected.questions)
    if not wanted and truth.cases:
        main = Counter(truth.topics[case] for case in truth.cases).most_common(1)[0][0]
        wanted = {q for topic in scenario.topics if topic.name == main for q in topic.questions}
    return [
        turn["turn_id"]
        for turn in played.turns
        if turn["question"] in wanted or turn["turn_id"] in truth.cases
    ]
