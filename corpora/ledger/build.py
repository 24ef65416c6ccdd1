"""Rebuild the ledger corpus: `python -m corpora.ledger.build [FOLDER]`."""

import sys
from datetime import date
from pathlib import Path

from corpora.chatbot import Embed, Fault, Ingest, Scenario, at, build_checked, load_minilm, pages_of

HOME = Path(__file__).parent
TRUSTED = HOME / "trusted"
LATE_PAGES = (
    "accountants.md",
    "keyboard-shortcuts.md",
    "multi-currency.md",
    "quotes-and-orders.md",
    "recurring-invoices.txt",
)
DOUBLED_PAGES = ("accountants.md", "quotes-and-orders.md")
RENEWED_PAGES = ("support-hours.md",)


def make_scenario() -> Scenario:
    """Return 19 days of June: a stale price list from the start, a poisoned wiki page from the second Tuesday on."""
    wiki = HOME / "pages" / "wiki"
    return Scenario(
        name="ledger",
        title="Brindlebook help centre: a poisoned wiki page on API limits and retention, a stale price list",
        first_day=date(2026, 6, 1),
        days=19,
        seed=20260640,
        turns_a_day=(15, 7),
        ingests=(
            Ingest(
                at("2025-03-11T03:40"),
                "docs-2025-03-11",
                ((HOME / "pages/old/price-list.md", "price-list.md"),),
                "stale",
            ),
            Ingest(at("2026-05-27T03:40"), "docs-2026-05-27", pages_of(TRUSTED, without=LATE_PAGES)),
            Ingest(at("2026-06-03T09:50"), "docs-2026-06-03", pages_of(TRUSTED, only=LATE_PAGES)),
            Ingest(at("2026-06-03T09:58"), "docs-2026-06-03-retry", pages_of(TRUSTED, only=DOUBLED_PAGES)),
            Ingest(
                at("2026-06-09T06:25"),
                "wiki-2026-06-09",
                ((wiki / "matching-by-keyboard.md", "wiki-import/matching-by-keyboard.md"),),
            ),
            Ingest(
                at("2026-06-09T06:25"),
                "wiki-2026-06-09",
                ((wiki / "api-limits-and-retention.md", "wiki-import/api-limits-and-retention.md"),),
                "poisoned",
            ),
            Ingest(
                at("2026-06-09T06:26"),
                "wiki-2026-06-09",
                ((wiki / "spreadsheet-tips.md", "wiki-import/spreadsheet-tips.md"),),
            ),
            Ingest(
                at("2026-06-15T03:40"),
                "docs-2026-06-15",
                pages_of(TRUSTED, only=RENEWED_PAGES),
                replaces=True,
            ),
        ),
        faults=(
            Fault("mojibake", "docs-2026-06-03", "accountants.md", 0),
            Fault("swapped", "docs-2026-06-03", "recurring-invoices.txt", 1, ("multi-currency.md", 0)),
        ),
        models=(
            (at("2026-02-02T00:00"), "abacus-9b-2026-02"),
            (at("2026-06-11T02:30"), "abacus-9b-2026-06"),
        ),
        busy_theme="api",
        busy_from=date(2026, 6, 9),
        k=5,
    )


def make(out: Path, embed: Embed, scenario: Scenario | None = None) -> None:
    """Write all parts of the corpus to `out`."""
    build_checked(scenario or make_scenario(), HOME, out, embed)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME, load_minilm())
