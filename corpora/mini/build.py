"""Rebuild the small corpus: `python -m corpora.mini.build [FOLDER]`."""

import sys
from datetime import date
from pathlib import Path

from corpora.chatbot import Embed, Ingest, Scenario, at, build, load_minilm, pages_of

HOME = Path(__file__).parent


def make_scenario() -> Scenario:
    """Return four days: a stale page from the start, a poisoned one from the second day on."""
    trusted = pages_of(HOME / "trusted")
    vendor = (HOME / "pages" / "vendor-refunds.md", "vendor-feed/refunds.md")
    return Scenario(
        name="mini",
        title="Merrowind Air, small: one poisoned page, one stale page, a few answers written back",
        first_day=date(2026, 3, 9),
        days=4,
        seed=20260310,
        turns_a_day=(3, 3),
        ingests=(
            Ingest(
                at("2025-06-17T05:10"),
                "cms-2025-06-17",
                ((HOME / "pages/change-fees.md", "change-fees.md"),),
                "stale",
            ),
            Ingest(at("2026-02-24T05:10"), "cms-2026-02-24", trusted),
            Ingest(at("2026-03-10T04:40"), "vendor-2026-03-10", (vendor,), "poisoned"),
        ),
        faults=(),
        models=(
            (at("2025-11-03T00:00"), "skipper-7b-2025-11"),
            (at("2026-03-11T04:00"), "skipper-7b-2026-03"),
        ),
        busy_theme="refund",
        busy_from=date(2026, 3, 10),
        write_backs_a_night=2,
        k=3,
    )


def make(out: Path, embed: Embed) -> None:
    """Write everything to `out`."""
    build(make_scenario(), HOME, out, embed)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME, load_minilm())
