"""Verdicts as rows of the run's tables."""

from collections.abc import Sequence
from typing import Any

from halluguard.grounding.decide import TurnVerdicts
from halluguard.records import NOT_CHECKABLE, UNGROUNDED, Reading, Turn, Verdict


def turn_row(decided: TurnVerdicts) -> dict[str, Any]:
    """Return one row of `turns.parquet`."""
    turn = decided.turn
    checkable = [verdict for verdict in decided.verdicts if verdict.status not in NOT_CHECKABLE]
    return {
        "turn_id": turn.turn_id,
        "line": turn.line,
        "conversation_id": turn.conversation_id,
        "timestamp": turn.timestamp,
        "user_id": turn.user_id,
        "question": turn.question,
        "answer": turn.answer,
        "model": turn.model,
        "index_version": turn.index_version,
        "retry_of": turn.retry_of,
        "retrieved": [
            {"id": c.id, "text": c.text, "source": c.source, "score": c.score, "rank": c.rank, "used": c.used}
            for c in turn.retrieved
        ],
        "feedback": [
            {
                "kind": f.kind,
                "value": None if f.value is None else str(f.value),
                "timestamp": f.timestamp,
                "by": f.by,
            }
            for f in turn.feedback
        ],
        "n_claims": len(decided.verdicts),
        "n_checkable": len(checkable),
        "n_ungrounded": sum(verdict.status in UNGROUNDED for verdict in checkable),
        "n_citations": decided.citations.given,
        "citations_needed": decided.citations.needed,
        "claims_supported_by_citations": decided.citations.supported_claims,
    }


def claim_rows(decided: TurnVerdicts) -> list[dict[str, Any]]:
    """Return the rows of `claims.parquet` for one turn."""
    return [_claim_row(decided.turn, number, verdict) for number, verdict in enumerate(decided.verdicts)]


def _claim_row(turn: Turn, number: int, verdict: Verdict) -> dict[str, Any]:
    claim = verdict.claim
    return {
        "turn_id": turn.turn_id,
        "conversation_id": turn.conversation_id,
        "timestamp": turn.timestamp,
        "claim_id": f"{turn.turn_id}#{number}",
        "start": claim.start,
        "end": claim.end,
        "text": claim.text,
        "reading": claim.reading,
        "status": str(verdict.status),
        "cited_ids": list(claim.cited_ids),
        "ghost_ids": list(claim.ghost_ids),
        **_columns("cited", verdict.cited),
        **_columns("trusted", verdict.trusted),
        "supporting_chunk_id": verdict.supporting_chunk_id,
        "truncated": verdict.truncated,
        "error": verdict.error,
    }


def _columns(side: str, reading: Reading | None) -> dict[str, Any]:
    return {
        f"{side}_entailment": None if reading is None else round(reading.p_supported, 5),
        f"{side}_contradiction": None if reading is None else round(reading.p_contradicted, 5),
        f"{side}_evidence_id": "" if reading is None else reading.evidence_id,
        f"{side}_evidence_text": "" if reading is None else reading.evidence_text,
    }


def group_keys(decided: TurnVerdicts, verdict: Verdict) -> Sequence[tuple[str, str]]:
    """Return the groups one claim is counted in: its sources, model, index version and day.

    A claim belongs to the sources of its cited chunks, or of the chunks shown to the model where it cites none.
    """
    turn = decided.turn
    wanted = set(verdict.claim.cited_ids)
    chunks = [c for c in turn.retrieved if (c.id in wanted if wanted else c.used)]
    keys = [("source", source) for source in sorted({c.source for c in chunks if c.source})]
    if turn.model:
        keys.append(("model", turn.model))
    if turn.index_version:
        keys.append(("index_version", turn.index_version))
    if turn.timestamp is not None:
        keys.append(("day", turn.timestamp.date().isoformat()))
    return keys
