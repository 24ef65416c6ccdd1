"""What happens to the bot, and when: ingests, model change, faults, how busy it is."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path


def at(moment: str) -> datetime:
    """Return a moment of UTC, "2026-03-10T07:40"."""
    return datetime.fromisoformat(f"{moment}+00:00")


def pages_of(
    folder: Path, only: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> tuple[tuple[Path, str], ...]:
    """Return the pages of a folder with their names as sources, in order: all, or some of them."""
    paths = sorted(folder.iterdir())
    return tuple(
        (path, path.name) for path in paths if path.name not in without and (not only or path.name in only)
    )


@dataclass(frozen=True, slots=True)
class Ingest:
    """One run of an ingest job: files and the source names they are stored under.

    `label` is the truth about every entry of it; `replaces` takes the older entries of these sources off first.
    """

    at: datetime
    batch: str
    pages: tuple[tuple[Path, str], ...]
    label: str = "clean"
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """An integrity fault of one ingest: `kind` is "swapped" or "mojibake", piece numbers count from 0.

    A swapped entry is stored with the vector of `other`, a piece of another page of the same ingest.
    """

    kind: str
    batch: str
    source: str
    piece: int
    other: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that `record` needs; the same scenario gives the same files."""

    name: str
    title: str
    first_day: date
    days: int
    seed: int
    turns_a_day: tuple[int, int]
    ingests: tuple[Ingest, ...]
    faults: tuple[Fault, ...]
    models: tuple[tuple[datetime, str], ...]
    busy_theme: str
    busy_from: date
    write_backs_a_night: int = 2
    write_back_hour: tuple[int, int] = (1, 30)
    k: int = 4
    least_score: float = 0.3
