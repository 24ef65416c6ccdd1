"""The record as our own JSON; `incident.schema.json` describes it."""

import json
from datetime import datetime
from importlib.resources import files
from typing import Any

from halluguard.incident.exports.ids import stable_uuid
from halluguard.incident.facts import EntryFact, Facts, Finding
from halluguard.incident.identifiers import SOURCES
from halluguard.incident.judge import identify, judge_determination, judge_kinds, propose_severity
from halluguard.incident.questions import open_questions

SCHEMA = 1


def to_native(facts: Facts, left_out: dict[str, str]) -> dict[str, Any]:
    """Return the record as plain values; `left_out` names exports that could not be written, and why."""
    level, rule = propose_severity(facts)
    header = facts.header
    return {
        "schema": SCHEMA,
        "id": stable_uuid(facts, "incident"),
        "header": {
            "system": header.system or None,
            "title": header.title or None,
            "reporter": header.reporter or None,
            "source": header.source or None,
            "reported_at": _iso(header.reported_at),
            "occurred_at": _iso(header.occurred_at or facts.first_false_answer),
            "description": header.description or None,
            "impacts": header.impacts or None,
            "stakeholders": header.stakeholders or None,
        },
        "severity": {"level": level, "rule": rule},
        "kinds": [str(kind) for kind in judge_kinds(facts)],
        "determination": judge_determination(facts),
        "regime": facts.regime or None,
        "times": {
            "first_bad_entry": _iso(facts.first_bad_entry),
            "first_false_answer": _iso(facts.first_false_answer),
            "last_false_answer": _iso(facts.last_false_answer),
            "detected": _iso(header.detected_at),
            "contained": _iso(facts.contained_at),
            "ended": _iso(header.ended_at),
        },
        "rate": {
            "hits": facts.report.rate.hits,
            "total": facts.report.rate.total,
            "low": facts.report.rate.low,
            "high": facts.report.rate.high,
        },
        "reach": {
            "answers": facts.reach.answers,
            "conversations": facts.reach.conversations,
            "users": facts.reach.users,
        },
        "findings": [_finding(one) for one in facts.findings],
        "entries": [_entry(one) for one in facts.entries],
        "n_entries": len(facts.entries),
        "cascades": None
        if facts.cascades is None
        else [
            {
                "id": one.id,
                "claim": one.claim or None,
                "regime": one.regime,
                "rule": one.rule,
                "n_answers": one.n_answers,
                "n_entries": one.n_entries,
                "origins": list(one.origins),
                "minimum_cut": list(one.minimum_cut),
                "quarantine": list(one.quarantine),
                "scores": [dict(row) for row in one.scores],
            }
            for one in facts.cascades
        ],
        "actions": [
            {
                "time": _iso(one.time),
                "phase": one.phase,
                "what": one.what,
                "who": one.who or None,
                "why": one.why or None,
                "digest_before": one.digest_before or None,
                "digest_after": one.digest_after or None,
            }
            for one in facts.actions
        ],
        "open_questions": [str(question) for question in open_questions(facts)],
        "limits": list(facts.limits),
        "consistent_with": [
            {
                "framework": str(one.framework),
                "version": SOURCES[one.framework].version,
                "id": one.id,
                "name": one.name,
            }
            for one in identify(facts)
        ],
        "redacted": facts.redacted,
        "left_out": dict(left_out),
        "made_with": {
            key: facts.manifest.get(key)
            for key in ("tool", "version", "fingerprint", "inputs", "models", "thresholds", "settings")
        },
    }


def native_schema() -> dict[str, Any]:
    """Return the JSON schema of the native record."""
    loaded: dict[str, Any] = json.loads(
        files("halluguard.incident").joinpath("incident.schema.json").read_text(encoding="utf-8")
    )
    return loaded


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "id": one.id,
        "status": str(one.status),
        "turn_id": one.turn_id,
        "conversation": one.conversation or None,
        "timestamp": _iso(one.timestamp),
        "line": one.line,
        "start": one.start,
        "end": one.end,
        "text": one.text or None,
        "cited_ids": list(one.cited_ids),
        "ghost_ids": list(one.ghost_ids),
        "support": one.support,
        "contradiction": one.contradiction,
        "trusted_id": one.trusted_id or None,
        "origin": None if one.origin is None else str(one.origin),
        "accused_ids": list(one.accused_ids),
        "generation": one.generation,
    }


def _entry(one: EntryFact) -> dict[str, Any]:
    return {
        "id": one.id,
        "source": one.source or None,
        "batch": one.batch or None,
        "ingested_at": _iso(one.ingested_at),
        "text": one.text or None,
        "verdict": str(one.verdict),
        "responsibility": one.responsibility,
        "p_value": one.p_value,
        "n_events": one.n_events,
        "n_turns": one.n_turns,
        "reasons": [{"code": r.code, "figure": r.figure, "detail": r.detail} for r in one.reasons],
        "role": one.role or None,
        "action": one.action or None,
    }
