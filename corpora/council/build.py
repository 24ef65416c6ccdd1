"""Rebuild the council corpus: `python -m corpora.council.build [FOLDER]`."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from corpora.chatbot import Embed, Fault, Ingest, Scenario, at, build, load_minilm, pages_of
from corpora.chatbot.dialogue import load_dialogues
from corpora.chatbot.pages import cut_page, read_page
from corpora.chatbot.writing import write_json

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


def check_evidence(scenario: Scenario) -> None:
    """Refuse evidence that stands in no piece of the page it names."""
    pieces: dict[str, list[str]] = {}
    for ingest in scenario.ingests:
        for path, source in ingest.pages:
            pieces[source.rsplit(".", 1)[0]] = [" ".join(p.split()) for p in cut_page(read_page(path))]
    for intent in load_dialogues(HOME / "dialogues.yaml"):
        for answer in intent.answers:
            for segment in answer.segments:
                for key in segment.key.split(";") if segment.key else ():
                    page, _, phrase = key.partition("#")
                    found = any(phrase in piece for piece in pieces[page.removesuffix(".md")])
                    assert found, f"{intent.id}: no piece of {page} says {phrase!r}"


def amend_truth(path: Path) -> None:
    """Write evidence as page#phrase throughout."""
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for turn in truth["turns"].values():
        for claim in turn["claims"]:
            claim["evidence"] = claim["evidence"].replace(".md#", "#")
    write_json(path, truth)


def make(out: Path, embed: Embed, scenario: Scenario | None = None) -> None:
    """Write everything to `out`."""
    scenario = scenario or make_scenario()
    check_evidence(scenario)
    build(scenario, HOME, out, embed)
    amend_truth(out / "truth.json")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME, load_minilm())
