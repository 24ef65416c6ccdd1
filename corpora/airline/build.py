"""Rebuild the airline corpus: `python -m corpora.airline.build [FOLDER]`."""

import sys
from datetime import date
from pathlib import Path

from corpora.chatbot import Embed, Fault, Ingest, Scenario, at, build, load_minilm, pages_of
from corpora.chatbot.pdf import write_pdf

HOME = Path(__file__).parent
TRUSTED = HOME / "trusted"
LATE_PAGES = ("wifi.md", "lounge.md", "sports-equipment.md", "invoices.txt", "student-fares.md")
DOUBLED_PAGES = ("wifi.md", "lounge.md")
RENEWED_PAGES = ("contact-and-complaints.md",)


def make_scenario() -> Scenario:
    """Return three weeks of March: a stale page from the start, a poisoned one from the second Tuesday on."""
    vendor = HOME / "pages" / "vendor"
    return Scenario(
        name="airline",
        title="Merrowind Air: a poisoned refund page, a stale change-fee page, and a FAQ that writes itself",
        first_day=date(2026, 3, 2),
        days=21,
        seed=20260305,
        turns_a_day=(13, 9),
        ingests=(
            Ingest(
                at("2025-06-17T05:10"),
                "cms-2025-06-17",
                ((HOME / "pages/old/change-fees.md", "change-fees.md"),),
                "stale",
            ),
            Ingest(at("2026-02-24T05:10"), "cms-2026-02-24", pages_of(TRUSTED, without=LATE_PAGES)),
            Ingest(at("2026-03-05T11:02"), "cms-2026-03-05", pages_of(TRUSTED, only=LATE_PAGES)),
            Ingest(at("2026-03-05T11:09"), "cms-2026-03-05-rerun", pages_of(TRUSTED, only=DOUBLED_PAGES)),
            Ingest(
                at("2026-03-10T07:40"),
                "vendor-2026-03-10",
                ((vendor / "coach-timetable.md", "vendor-feed/coach-timetable.md"),),
            ),
            Ingest(
                at("2026-03-10T07:40"),
                "vendor-2026-03-10",
                ((vendor / "refunds.md", "vendor-feed/refunds.md"),),
                "poisoned",
            ),
            Ingest(
                at("2026-03-10T07:41"),
                "vendor-2026-03-10",
                ((vendor / "partner-hotels.md", "vendor-feed/partner-hotels.md"),),
            ),
            Ingest(
                at("2026-03-17T05:10"), "cms-2026-03-17", pages_of(TRUSTED, only=RENEWED_PAGES), replaces=True
            ),
        ),
        faults=(
            Fault("mojibake", "cms-2026-03-05", "sports-equipment.md", 0),
            Fault("swapped", "cms-2026-03-05", "invoices.txt", 1, ("student-fares.md", 0)),
        ),
        models=(
            (at("2025-11-03T00:00"), "skipper-7b-2025-11"),
            (at("2026-03-13T04:00"), "skipper-7b-2026-03"),
        ),
        busy_theme="refund",
        busy_from=date(2026, 3, 10),
    )


def make(out: Path, embed: Embed, scenario: Scenario | None = None) -> None:
    """Write the PDF page beside the other trusted pages, and everything else to `out`."""
    pdf = write_pdf((HOME / "pages" / "travel-documents.txt").read_text(encoding="utf-8"))
    page = HOME / "trusted" / "travel-documents.pdf"
    if not page.exists() or page.read_bytes() != pdf:
        page.write_bytes(pdf)
    build(scenario or make_scenario(), HOME, out, embed)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME, load_minilm())
