"""Findings, entries and scores as CSV, every text cell guarded against being read as a formula."""

from collections.abc import Iterable
from pathlib import Path

from halluguard.incident.exports.sarif import RULE_OF
from halluguard.incident.facts import Facts
from halluguard.report.hostile import write_csv

FINDINGS = (
    "finding_id", "severity", "rule", "turn_id", "timestamp", "claim", "cited_ids", "support", "contradiction", "origin_entry_id",
    "generation", "verdict",
)  # fmt: skip
ENTRIES = (
    "entry_id", "status", "written_by", "rung", "reach", "dominated", "expected", "action", "source", "batch", "ingested_at",
    "responsibility", "p_value",
)  # fmt: skip
SCORES = ("cascade", "score", "value", "ci_low", "ci_high", "n", "status", "reason")


def write_tables(facts: Facts, folder: Path) -> tuple[Path, ...]:
    """Write findings.csv, entries.csv and scores.csv into a folder."""
    tables = {
        "findings.csv": (FINDINGS, _findings(facts)),
        "entries.csv": (ENTRIES, _entries(facts)),
        "scores.csv": (SCORES, _scores(facts)),
    }
    for name, (header, rows) in tables.items():
        write_csv(folder / name, header, rows)
    return tuple(folder / name for name in tables)


def _findings(facts: Facts) -> Iterable[tuple[object, ...]]:
    for one in facts.findings:
        rule, severity = RULE_OF.get(one.status, ("citation-unknown", "warning"))
        yield (
            one.id, severity, rule, one.turn_id, one.timestamp, one.text, " ".join(one.cited_ids), one.support, one.contradiction,
            " ".join(one.accused_ids), one.generation, one.status,
        )  # fmt: skip


def _entries(facts: Facts) -> Iterable[tuple[object, ...]]:
    for one in facts.entries:
        status = one.role or str(one.verdict)
        written = "" if one.rung is None else "suspected" if one.role == "suspected" else "write-back"
        yield (
            one.id, status, written, one.rung, one.reach, one.dominated, one.expected, one.action, one.source, one.batch,
            one.ingested_at, one.responsibility, one.p_value,
        )  # fmt: skip


def _scores(facts: Facts) -> Iterable[tuple[object, ...]]:
    for one in facts.cascades or ():
        for row in one.scores:
            yield (
                one.id,
                row["id"],
                row["value"],
                row["low"],
                row["high"],
                row["n"],
                row["quality"],
                row["reason"],
            )
