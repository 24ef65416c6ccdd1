"""The answers worth reading, each with its claims in place and the texts beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

from halluguard.records import Origin, Status
from halluguard.report.data import FlaggedClaim, Quote, WorstAnswer
from halluguard.report.differences import Segment, mark_differences
from halluguard.report.excerpts import CLAIM_CHARACTERS, answer_spans, shorten
from halluguard.report.ranking import NAMED_ALIKE, Fault
from halluguard.report.statuses import GRAVITY, ORIGINS, is_flagged

EXPLAINED_CLAIMS = 4
"""How many flagged claims of one answer are set beside their evidence, the gravest; the others are only marked in place."""

Row = Mapping[str, Any]


def worst_answer(
    fault: Fault, turn: Row, claims: Sequence[Row], events: Mapping[tuple[str, str], Row]
) -> WorstAnswer:
    """Lay out the answer that stands for a fault; `events` is empty where the store was not traced."""
    ordered = sorted(claims, key=lambda row: (row["start"], row["end"]))
    flagged = list(enumerate((row for row in ordered if is_flagged(Status(row["status"]))), start=1))
    explained = sorted(flagged, key=lambda pair: GRAVITY[Status(pair[1]["status"])])[:EXPLAINED_CLAIMS]
    return WorstAnswer(
        turn_id=fault.turn_id,
        conversation_id=turn["conversation_id"] or "",
        timestamp=turn["timestamp"],
        question=shorten(turn["question"] or ""),
        model=turn["model"] or "",
        index_version=turn["index_version"] or "",
        spans=answer_spans(turn["answer"], claims),
        claims=tuple(
            _flagged_claim(number, row, turn, events.get((row["turn_id"], row["claim_id"])))
            for number, row in sorted(explained, key=lambda pair: pair[0])
        ),
        n_claims_left_out=len(flagged) - len(explained),
        n_alike=fault.n_turns - 1,
        alike=tuple(fault.others[:NAMED_ALIKE]),
    )


def _flagged_claim(number: int, row: Row, turn: Row, event: Row | None) -> FlaggedClaim:
    cited = _cited_quote(row, turn)
    trusted = _quote(row["trusted_evidence_id"], row["trusted_evidence_text"])
    compared, comparison = _comparison(row, cited, trusted)
    return FlaggedClaim(
        number=number,
        status=Status(row["status"]),
        text=shorten(row["text"], CLAIM_CHARACTERS),
        cited=cited,
        trusted=trusted,
        compared=compared,
        comparison=comparison,
        p_cited=row["cited_entailment"],
        p_trusted_for=row["trusted_entailment"],
        p_trusted_against=row["trusted_contradiction"],
        ghost_ids=tuple(row["ghost_ids"] or ()),
        outcome=_outcome(event, row),
    )


def _cited_quote(row: Row, turn: Row) -> Quote | None:
    """Take the window of the cited passage that decided, else the beginning of the first cited passage."""
    decided = _quote(row["cited_evidence_id"], row["cited_evidence_text"])
    if decided is not None:
        return decided
    texts: dict[str, str] = {}
    for chunk in turn["retrieved"] or ():  # several may share an id
        texts[chunk["id"]] = texts.get(chunk["id"]) or chunk["text"] or ""
    cited = [
        Quote(entry_id, shorten(texts[entry_id])) for entry_id in row["cited_ids"] or () if entry_id in texts
    ]
    return cited[0] if cited else None


def _quote(passage_id: str | None, text: str | None) -> Quote | None:
    return Quote(passage_id or "", shorten(text)) if text else None


def _comparison(row: Row, cited: Quote | None, trusted: Quote | None) -> tuple[str, tuple[Segment, ...]]:
    """Set the text at fault against the trusted text that disagrees: the source in a conflict, else the claim."""
    if trusted is None or row["status"] == Status.UNSUPPORTED:
        return "", ()
    if row["status"] == Status.SOURCE_CONFLICT and cited is not None and cited.text:
        return "cited", mark_differences(cited.text, trusted.text)
    return "claim", mark_differences(shorten(row["reading"] or row["text"], CLAIM_CHARACTERS), trusted.text)


def _outcome(event: Row | None, claim: Row) -> str:
    """Say where the trace laid a claim, and where it accuses a cited entry that the check did not read as saying it."""
    if event is None:
        return ""
    accused = sorted(event["accused_ids"] or ())
    if event["origin"] == Origin.STORE and accused:
        named = ", ".join(accused[:3]) + (f" and {len(accused) - 3} more" if len(accused) > 3 else "")
        unread = (
            () if claim["status"] == Status.SOURCE_CONFLICT else set(accused) & set(claim["cited_ids"] or ())
        )
        aside = (
            f"; cited, though the check did not read it as saying this: {', '.join(sorted(unread))}"
            if unread
            else ""
        )
        return f"laid to {named}{aside}"
    return ORIGINS[Origin(event["origin"])].lower()
