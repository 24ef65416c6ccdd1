"""Rebuild the clinic corpus: `python -m corpora.clinic.build [FOLDER]`."""

import sys
from datetime import date
from pathlib import Path

from corpora.chatbot import Embed, Fault, Ingest, Scenario, at, build, load_minilm, pages_of

HOME = Path(__file__).parent
TRUSTED = HOME / "trusted"
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
            Ingest(at("2026-04-07T03:30"), "intranet-2026-04-07", pages_of(TRUSTED, without=LATE_PAGES)),
            Ingest(at("2026-04-15T10:12"), "intranet-2026-04-15", pages_of(TRUSTED, only=LATE_PAGES)),
            Ingest(
                at("2026-04-15T10:20"), "intranet-2026-04-15-again", pages_of(TRUSTED, only=DOUBLED_PAGES)
            ),
            Ingest(
                at("2026-04-16T22:10"),
                "intranet-restore-2026-04-16",
                ((HOME / "pages/old/dental-cover.md", "dental-cover.md"),),
                "stale",
            ),
            Ingest(
                at("2026-04-21T06:15"),
                "partner-2026-04-21",
                ((partner / "volunteer-drivers.md", "partner-feed/volunteer-drivers.md"),),
            ),
            Ingest(
                at("2026-04-21T06:15"),
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
                at("2026-04-21T06:16"),
                "partner-2026-04-21",
                ((partner / "pharmacy-partners.md", "partner-feed/pharmacy-partners.md"),),
            ),
            Ingest(
                at("2026-04-28T03:30"),
                "intranet-2026-04-28",
                pages_of(TRUSTED, only=RENEWED_PAGES),
                replaces=True,
            ),
        ),
        faults=(
            Fault("mojibake", "intranet-2026-04-15", "certificates.md", 1),
            Fault("swapped", "intranet-2026-04-15", "interpreters.md", 1, ("getting-here.md", 1)),
        ),
        models=(
            (at("2025-10-06T00:00"), "calm-9b-2025-10"),
            (at("2026-04-24T04:00"), "calm-9b-2026-04"),
        ),
        busy_theme="preparation",
        busy_from=date(2026, 4, 21),
    )


def make(out: Path, embed: Embed, scenario: Scenario | None = None) -> None:
    """Write all parts of the corpus to `out`."""
    build(scenario or make_scenario(), HOME, out, embed)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME, load_minilm())
