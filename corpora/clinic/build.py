"""Rebuild the clinic corpus: `python -m corpora.clinic.build [FOLDER]`."""

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from corpora.chatbot import Embed, Fault, Ingest, Scenario, build, load_minilm
from corpora.chatbot.writing import write_json

HOME = Path(__file__).parent
LATE_PAGES = (
    "mental-health.md",
    "certificates.md",
    "getting-here.md",
    "interpreters.md",
    "invoices-and-payment.txt",
)
DOUBLED_PAGES = ("certificates.md",)
RENEWED_PAGES = ("opening-hours.md",)


def make_scenario() -> Scenario:
    """Return three weeks of spring: a stale dental page from the fifth day, a poisoned leaflet from the ninth."""
    partner = HOME / "pages" / "partner"
    return Scenario(
        name="clinic",
        title="Fennmoor Clinics: a poisoned leaflet on examinations, a stale dental page, and a FAQ that writes itself",
        first_day=date(2026, 4, 13),
        days=21,
        seed=20260443,
        turns_a_day=(13, 9),
        ingests=(
            Ingest(_at("2026-04-07T03:30"), "intranet-2026-04-07", _trusted(without=LATE_PAGES)),
            Ingest(_at("2026-04-15T10:12"), "intranet-2026-04-15", _trusted(only=LATE_PAGES)),
            Ingest(_at("2026-04-15T10:20"), "intranet-2026-04-15-again", _trusted(only=DOUBLED_PAGES)),
            Ingest(
                _at("2026-04-16T22:10"),
                "intranet-restore-2026-04-16",
                ((HOME / "pages/old/dental-cover.md", "dental-cover.md"),),
                "stale",
            ),
            Ingest(
                _at("2026-04-21T06:15"),
                "partner-2026-04-21",
                ((partner / "volunteer-drivers.md", "partner-feed/volunteer-drivers.md"),),
            ),
            Ingest(
                _at("2026-04-21T06:15"),
                "partner-2026-04-21",
                (
                    (
                        partner / "preparing-for-your-examination.md",
                        "partner-feed/preparing-for-your-examination.md",
                    ),
                ),
                "poisoned",
            ),
            Ingest(
                _at("2026-04-21T06:16"),
                "partner-2026-04-21",
                ((partner / "pharmacy-partners.md", "partner-feed/pharmacy-partners.md"),),
            ),
            Ingest(
                _at("2026-04-28T03:30"), "intranet-2026-04-28", _trusted(only=RENEWED_PAGES), replaces=True
            ),
        ),
        faults=(
            Fault("mojibake", "intranet-2026-04-15", "certificates.md", 1),
            Fault("swapped", "intranet-2026-04-15", "interpreters.md", 1, ("getting-here.md", 1)),
        ),
        models=(
            (_at("2025-10-06T00:00"), "calm-9b-2025-10"),
            (_at("2026-04-24T04:00"), "calm-9b-2026-04"),
        ),
        busy_theme="preparation",
        busy_from=date(2026, 4, 21),
    )


def _at(moment: str) -> datetime:
    return datetime.fromisoformat(f"{moment}+00:00")


def _trusted(only: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> tuple[tuple[Path, str], ...]:
    paths = sorted((HOME / "trusted").iterdir())
    return tuple(
        (path, path.name) for path in paths if path.name not in without and (not only or path.name in only)
    )


def also_accepted(path: Path) -> dict[tuple[str, str], list[str]]:
    """Return, by intent and start of the claim, the statuses that a fourth field `also=STATUS` names in a dialogue file."""
    found: dict[tuple[str, str], list[str]] = {}
    for intent in yaml.safe_load(path.read_text(encoding="utf-8")):
        for stance in ("right", "poison", "stale", "faulty"):
            for answer in intent.get(stance, ()):
                for piece in answer.split("[[")[1:]:
                    fields = [field.strip() for field in piece.split("]]")[0].split("@@")]
                    if len(fields) > 3 and fields[3].startswith("also="):
                        found[intent["id"], _start(fields[0])] = fields[3][5:].split(",")
    return found


def _start(text: str) -> str:
    return " ".join(text.rstrip("|.!? ").split())


def amend_truth(path: Path, also: dict[tuple[str, str], list[str]]) -> None:
    """Add the statuses of `also` to the truth of the claims they belong to."""
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for turn in truth["turns"].values():
        for claim in turn["claims"]:
            for (intent, start), statuses in also.items():
                if turn["intent"] == intent and _start(claim["text"]).startswith(start):
                    known = claim.get("also_accepted", [])
                    claim["also_accepted"] = [*known, *(s for s in statuses if s not in known)]
    write_json(path, truth)


def make(out: Path, embed: Embed, scenario: Scenario | None = None) -> None:
    """Write all parts of the corpus to `out`."""
    out.mkdir(parents=True, exist_ok=True)
    build(scenario or make_scenario(), HOME, out, embed)
    amend_truth(out / "truth.json", also_accepted(HOME / "dialogues.yaml"))


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME, load_minilm())
