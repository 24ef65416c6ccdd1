"""From a run directory to the facts of a record; reads tables and cascade.json, decides nothing."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePath
from typing import Any

from halluguard.incident.facts import Action, CascadeFact, EntryFact, Facts, Finding, Header, Reach
from halluguard.records import UNGROUNDED, Origin, Reason, Status, SuspectVerdict
from halluguard.report import collect
from halluguard.report.facts import skipped_rows
from halluguard.run import Run

_ORDER = list(SuspectVerdict)
_ACTIONS = {
    str(SuspectVerdict.RESPONSIBLE): "quarantine proposed",
    str(SuspectVerdict.CORRUPTED): "embed again or quarantine proposed",
}


def gather_facts(
    run: Run, header: Header | None = None, *, actions: Sequence[Action] = (), redact_text: bool = False
) -> Facts:
    """Read the facts of a checked run; tables of the trace and the cascade are used where there are any.

    Conversation ids are replaced by digests. With `redact_text` no text of a user, an answer, an entry or a document is kept.
    Raises RunError where the check is not finished.
    """
    report = collect(run)
    manifest = run.manifest
    cascade = report.cascade
    turns = _turns(run)
    findings = _findings(run, turns, _generations(cascade))
    flagged = {finding.turn_id for finding in findings if finding.status in UNGROUNDED}
    facts = Facts(
        header=header or Header(),
        report=report,
        manifest=manifest,
        findings=findings,
        entries=_entries(run, cascade),
        cascades=None if cascade is None else tuple(map(_cascade, cascade["cascades"])),
        regime="" if cascade is None else str(cascade["verdict"]["regime"]),
        reach=_reach([turns[turn_id] for turn_id in sorted(flagged)]),
        traced=run.has("suspects"),
        log_name=PurePath(
            str(((manifest.get("inputs") or {}).get("log") or {}).get("path", "log.jsonl"))
        ).name,
        actions=tuple(sorted(actions, key=lambda one: (one.time is None, str(one.time), one.what))),
        limits=tuple(dict.fromkeys([*report.not_shown, *((cascade or {}).get("limits") or ())])),
    )
    return _dated(_redacted(facts) if redact_text else facts)


def _turns(run: Run) -> dict[str, dict[str, Any]]:
    columns = ["turn_id", "line", "conversation_id", "user_id", "timestamp"]
    return {row["turn_id"]: row for batch in run.stream("turns") for row in batch.select(columns).to_pylist()}


def _findings(
    run: Run, turns: Mapping[str, Mapping[str, Any]], generations: Mapping[str, int]
) -> tuple[Finding, ...]:
    events = (
        {(row["turn_id"], row["claim_id"]): row for row in run.read("events").to_pylist()}
        if run.has("events")
        else {}
    )
    found = []
    for batch in run.stream("claims"):
        for row in batch.to_pylist():
            if Status(row["status"]) in UNGROUNDED or row["ghost_ids"]:
                event = events.get((row["turn_id"], row["claim_id"]))
                found.append(
                    _finding(row, turns.get(row["turn_id"], {}), event, generations.get(row["turn_id"]))
                )
    return tuple(found)


def _finding(
    row: Mapping[str, Any], turn: Mapping[str, Any], event: Mapping[str, Any] | None, generation: int | None
) -> Finding:
    support = [value for value in (row["cited_entailment"], row["trusted_entailment"]) if value is not None]
    against = [
        value for value in (row["cited_contradiction"], row["trusted_contradiction"]) if value is not None
    ]
    return Finding(
        id=row["claim_id"],
        status=Status(row["status"]),
        turn_id=row["turn_id"],
        conversation=_digest(row["conversation_id"]),
        timestamp=row["timestamp"],
        line=turn.get("line"),
        start=row["start"],
        end=row["end"],
        text=row["text"],
        cited_ids=tuple(row["cited_ids"] or ()),
        ghost_ids=tuple(row["ghost_ids"] or ()),
        support=max(support, default=None),
        contradiction=max(against, default=None),
        trusted_id=row["trusted_evidence_id"] or "",
        trusted_text=row["trusted_evidence_text"] or "",
        origin=Origin(event["origin"]) if event else None,
        accused_ids=tuple(event["accused_ids"] or ()) if event else (),
        generation=generation,
    )


def _digest(value: str | None) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16] if value else ""


def _generations(cascade: Mapping[str, Any] | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in (cascade or {}).get("cascades", ()):
        for answer in one["answers"]:
            if answer["role"] == "case" and answer["generation"] is not None:
                found.setdefault(answer["turn_id"], int(answer["generation"]))
    return found


def _entries(run: Run, cascade: Mapping[str, Any] | None) -> tuple[EntryFact, ...]:
    """Return all suspect entries, the gravest first."""
    if not run.has("suspects"):
        return ()
    places = {
        entry["id"]: entry
        for one in reversed((cascade or {}).get("cascades", ()))
        for entry in one["entries"]
    }
    quarantine = {
        key for one in (cascade or {}).get("cascades", ()) for key in one["containment"]["quarantine"]
    }
    rows = run.read("suspects").to_pylist()
    rows.sort(
        key=lambda row: (
            _ORDER.index(SuspectVerdict(row["verdict"])),
            -(row["responsibility"] or 0),
            row["entry_id"],
        )
    )
    return tuple(_entry(row, places.get(row["entry_id"]), quarantine) for row in rows)


def _entry(row: Mapping[str, Any], place: Mapping[str, Any] | None, quarantine: set[str]) -> EntryFact:
    seen = place or {}
    return EntryFact(
        id=row["entry_id"],
        source=row["source"] or "",
        batch=row["batch"] or "",
        ingested_at=row["ingested_at"],
        text=row["text"] or "",
        verdict=SuspectVerdict(row["verdict"]),
        responsibility=row["responsibility"],
        p_value=row["p_value"],
        n_events=row["n_events"] or 0,
        n_turns=row["n_turns"] or 0,
        reasons=tuple(
            Reason(one["code"], one["figure"], one["detail"] or "") for one in row["reasons"] or ()
        ),
        trusted_id=row["nearest_trusted_id"] or "",
        trusted_text=row["nearest_trusted_text"] or "",
        role=str(seen.get("role") or ""),
        rung=seen.get("rung"),
        reach=seen.get("n_answers"),
        dominated=seen.get("dominated"),
        expected=seen.get("expected"),
        action=_ACTIONS.get(row["verdict"]) or ("review proposed" if seen.get("key") in quarantine else ""),
    )


def _cascade(one: Mapping[str, Any]) -> CascadeFact:
    containment = one["containment"]
    return CascadeFact(
        id=str(one["id"]),
        claim=str(one["claim"]),
        regime=str(one["verdict"]["regime"]),
        rule=str(one["verdict"]["rule"]),
        n_answers=int(one["n_answers"]),
        n_entries=int(one["n_entries"]),
        origins=tuple(one["origins"]),
        minimum_cut=tuple(containment["minimum_cut"]),
        quarantine=tuple(containment["quarantine"]),
        written_back=sum(entry["role"] == "written_back" for entry in one["entries"]),
        scores=tuple(one["scores"]),
        edges=tuple((edge["source"], edge["target"], edge["kind"]) for edge in one["edges"]),
    )


def _reach(turns: Sequence[Mapping[str, Any]]) -> Reach:
    """Count conversations and users, but only where every turn names its own: a part would look like the whole."""
    conversations = [turn["conversation_id"] for turn in turns]
    users = [turn["user_id"] for turn in turns]
    return Reach(
        len(turns),
        len(set(conversations)) if all(conversations) else None,
        len(set(users)) if all(users) else None,
    )


def _dated(facts: Facts) -> Facts:
    blamed = [finding for finding in facts.findings if finding.status in UNGROUNDED]
    times = [finding.timestamp for finding in blamed if finding.timestamp is not None]
    ingested = [entry.ingested_at for entry in facts.responsible if entry.ingested_at is not None]
    return replace(
        facts,
        first_bad_entry=_first(ingested),
        first_false_answer=_first(times),
        last_false_answer=max(times, default=None),
    )


def _first(times: Sequence[datetime]) -> datetime | None:
    return min(times, default=None)


def _redacted(facts: Facts) -> Facts:
    return replace(
        facts,
        redacted=True,
        findings=tuple(replace(one, text="", trusted_text="") for one in facts.findings),
        entries=tuple(
            replace(
                one,
                text="",
                trusted_text="",
                reasons=tuple(replace(reason, detail="") for reason in one.reasons),
            )
            for one in facts.entries
        ),
        cascades=None if facts.cascades is None else tuple(replace(one, claim="") for one in facts.cascades),
        limits=_without_reasons(facts.limits, frozenset(skipped_rows(facts.manifest))),
    )


def _without_reasons(limits: Sequence[str], skipped: Collection[str]) -> tuple[str, ...]:
    """Return the limits with the lines of skipped rows alone, since the reason for skipping one may quote its text."""
    return tuple(
        f"{line.partition(': ')[0]}: skipped" if line in skipped and ": " in line else line for line in limits
    )
