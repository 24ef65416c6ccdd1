"""Rebuild the council corpus: `python -m corpora.council.build [FOLDER]`."""

import sys
from datetime import date
from pathlib import Path

from corpora.chatbot import Embed, Fault, Ingest, Scenario, at, build_checked, load_minilm, pages_of

HOME = Path(__file__).parent
TRUSTED = HOME / "trusted"
LATE_PAGES = ("allotments.md", "blue-badge.txt", "hall-hire.md", "pest-control.md", "swimming-lessons.md")
DOUBLED_PAGES = ("allotments.md", "hall-hire.md")
RENEWED_PAGES = ("contact-and-complaints.md",)


def make_scenario() -> Scenario:
    """Return three weeks of May: a stale page from the start, a poisoned one from the second Tuesday on."""
    portal = HOME / "pages" / "portal"
    return Scenario(
        name="council",
        title="Brackenhythe Town Council: a poisoned page on resident parking, a stale page of collection charges",
        first_day=date(2026, 5, 4),
        days=19,
        seed=20260536,
        turns_a_day=(15, 8),
        ingests=(
            Ingest(
                at("2025-04-02T04:30"),
                "web-2025-04-02",
                ((HOME / "pages/old/collection-charges.md", "collection-charges.md"),),
                "stale",
            ),
            Ingest(at("2026-04-28T04:30"), "web-2026-04-28", pages_of(TRUSTED, without=LATE_PAGES)),
            Ingest(at("2026-05-06T10:15"), "web-2026-05-06", pages_of(TRUSTED, only=LATE_PAGES)),
            Ingest(at("2026-05-06T10:21"), "web-2026-05-06-again", pages_of(TRUSTED, only=DOUBLED_PAGES)),
            Ingest(
                at("2026-05-12T06:05"),
                "portal-2026-05-12",
                ((portal / "car-park-charges.md", "partner-portal/car-park-charges.md"),),
            ),
            Ingest(
                at("2026-05-12T06:05"),
                "portal-2026-05-12",
                ((portal / "resident-permits.md", "partner-portal/resident-permits.md"),),
                "poisoned",
            ),
            Ingest(
                at("2026-05-12T06:06"),
                "portal-2026-05-12",
                ((portal / "park-and-ride.md", "partner-portal/park-and-ride.md"),),
            ),
            Ingest(
                at("2026-05-18T04:30"), "web-2026-05-18", pages_of(TRUSTED, only=RENEWED_PAGES), replaces=True
            ),
        ),
        faults=(
            Fault("mojibake", "web-2026-05-06", "pest-control.md", 0),
            Fault("swapped", "web-2026-05-06", "blue-badge.txt", 1, ("swimming-lessons.md", 0)),
        ),
        models=(
            (at("2026-01-15T00:00"), "townhall-8b-2026-01"),
            (at("2026-05-14T03:00"), "townhall-8b-2026-05"),
        ),
        busy_theme="parking",
        busy_from=date(2026, 5, 12),
    )


def make(out: Path, embed: Embed, scenario: Scenario | None = None) -> None:
    """Write all parts of the corpus to `out`."""
    build_checked(scenario or make_scenario(), HOME, out, embed)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME, load_minilm())
