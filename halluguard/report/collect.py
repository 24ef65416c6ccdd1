"""From a run directory to the values of a report."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from halluguard.errors import RunError
from halluguard.report import facts, tables
from halluguard.report.answers import worst_answer
from halluguard.report.culprits import (
    Blame,
    blame_by_conflict,
    blame_by_trace,
    findings_of_conflicts,
    findings_of_trace,
)
from halluguard.report.data import Findings, ReportData, Suspects, WorstAnswer
from halluguard.report.ranking import Fault, rank_faults
from halluguard.report.suspects import NAMED_SUSPECTS, lay_out_suspects, rank_suspects
from halluguard.run import Run

STALE_CASCADE = (
    "the spread was scored before the last trace of this run and is left out: run `halluguard cascade` again"
)

WORST_ANSWERS = 12
"""How many faults are shown with an answer in full; the others are counted."""

Events = Sequence[Mapping[str, Any]]
"""Rows of events.parquet."""


def collect(run: Run) -> ReportData:
    """Read a finished run into what its report shows. Memory grows with the flagged turns, not with the log.

    Tables of later stages are optional. Raises RunError where the check itself is not finished.
    """
    manifest = run.manifest
    missing = [f"{name}.parquet" for name in ("turns", "claims") if not run.has(name)]
    missing += [] if "counts" in manifest else ["counts in manifest.json"]
    if missing:
        raise RunError(
            f"{run.path}: no {missing[0]}: the check has not finished. Go on with `halluguard check --resume`"
        )
    stale = run.has_stale_cascade()
    period = tables.log_period(run)
    flagged = list(tables.flagged_claims(run))
    moments = {row["turn_id"]: row["timestamp"] for row in flagged}
    events = tables.events_of(run)
    faults = rank_faults(flagged)
    traced = _trace(run, events, blame_by_trace(events, moments), period) if run.has("suspects") else None
    findings, suspects = traced or (_conflicts(run, blame_by_conflict(flagged)), None)
    return ReportData(
        title=str(manifest.get("title") or "Grounding report"),
        version=str(manifest.get("version") or ""),
        run=str(run.path),
        store=facts.store_path(manifest),
        interrupted=manifest.get("state", "finished") != "finished",
        counts=facts.counts_of(manifest, len(moments)),
        statuses=facts.status_counts(manifest),
        rate=facts.headline_rate(manifest),
        other_rates=facts.other_rates(manifest),
        groupings=facts.groupings_of(manifest),
        first_turn=period.first,
        last_turn=period.last,
        findings=findings,
        worst=_worst(run, faults[:WORST_ANSWERS], events),
        n_worst_left_out=sum(fault.n_turns for fault in faults[WORST_ANSWERS:]),
        suspects=suspects,
        cascade=None if stale else _cascade(run),
        not_shown=(*([STALE_CASCADE] if stale else ()), *_left_out(run), *facts.limits_of(manifest)),
        store_faults=facts.store_faults(manifest),
        method=facts.method_rows(manifest),
    )


def _conflicts(run: Run, blames: dict[str, Blame]) -> Findings:
    """Say what happened in a run whose store was not traced."""
    return findings_of_conflicts(blames, tables.retrievals_of(run, list(blames)).sources)


def _trace(
    run: Run, events: Events, blames: dict[str, Blame], period: tables.Period
) -> tuple[Findings, Suspects]:
    """Say what the trace found, and lay out its suspects."""
    rows = run.read("suspects").to_pylist()
    shown = [row["entry_id"] for row in rank_suspects(rows)[:NAMED_SUSPECTS]]
    accusing = {entry_id: blame.turn_ids for entry_id, blame in blames.items()}
    findings = facts.with_rollup(findings_of_trace(blames, rows, events), run.manifest)
    return findings, lay_out_suspects(rows, tables.retrievals_of(run, shown), accusing, period)


def _worst(run: Run, faults: list[Fault], events: Events) -> tuple[WorstAnswer, ...]:
    turn_ids = [fault.turn_id for fault in faults]
    turns = tables.rows_of_turns(run, "turns", turn_ids)
    claims = tables.rows_of_turns(run, "claims", turn_ids)
    by_claim = {(row["turn_id"], row["claim_id"]): row for row in events if row["turn_id"] in turns}
    return tuple(
        worst_answer(fault, turns[fault.turn_id][0], claims[fault.turn_id], by_claim)
        for fault in faults
        if turns[fault.turn_id]
    )


def _left_out(run: Run) -> list[str]:
    """Name the trusted documents that could not be read when the run made its index."""
    path = run.path / "trusted.index" / "manifest.json"
    if not path.is_file():
        return []
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: unreadable ({error}). Make the run anew with `halluguard check`") from error
    kept = facts.mapping(loaded).get("skipped")
    return [f"trusted document left out: {reason}" for reason in kept] if isinstance(kept, list) else []


def _cascade(run: Run) -> Mapping[str, Any] | None:
    path = run.path / "cascade.json"
    if not path.is_file():
        return None
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: unreadable ({error}). Make it again with `halluguard cascade`") from error
    if not isinstance(loaded, dict):
        raise RunError(
            f"{path}: expected a JSON object, found {type(loaded).__name__}. Make it again with `halluguard cascade`"
        )
    return loaded
