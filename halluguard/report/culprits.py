"""What happened: the entries behind flagged claims, rolled up by source, with when they were seen."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from halluguard.records import Origin, Status, SuspectVerdict
from halluguard.report.data import Culprit, Findings, SourceShare
from halluguard.report.tables import Period

NAMED_CULPRITS = 8
NAMED_SOURCES = 6

Row = Mapping[str, Any]


@dataclass(slots=True)
class Blame:
    """The flagged claims behind one entry."""

    claims: set[tuple[str, str]] = field(default_factory=set)
    seen: Period = field(default_factory=Period)

    def add(self, claim: Row, moment: datetime | None) -> None:
        """Count one claim."""
        self.claims.add((claim["turn_id"], claim["claim_id"]))
        self.seen = self.seen.including(moment)

    @property
    def turn_ids(self) -> set[str]:
        """The turns in which those claims were made."""
        return {turn_id for turn_id, _ in self.claims}


def blame_by_conflict(flagged: Iterable[Row]) -> dict[str, Blame]:
    """Count source conflicts by the cited passage that decided: the trace that needs no store."""
    blames: dict[str, Blame] = {}
    for row in flagged:
        if row["status"] == Status.SOURCE_CONFLICT and row["cited_evidence_id"]:
            blames.setdefault(row["cited_evidence_id"], Blame()).add(row, row["timestamp"])
    return blames


def blame_by_trace(events: Iterable[Row], moments: Mapping[str, datetime | None]) -> dict[str, Blame]:
    """Count events by the entries accused; `moments` gives the time of each flagged turn."""
    blames: dict[str, Blame] = {}
    for event in events:
        for entry_id in sorted(set(event["accused_ids"] or ())):
            blames.setdefault(entry_id, Blame()).add(event, moments.get(event["turn_id"]))
    return blames


def findings_of_conflicts(blames: Mapping[str, Blame], sources: Mapping[str, str]) -> Findings:
    """Say which passages stand behind the conflicts of an untraced run."""
    return _findings(blames, sources, Findings(traced=False))


def findings_of_trace(
    blames: Mapping[str, Blame], suspects: Sequence[Row], events: Sequence[Row]
) -> Findings:
    """Say which entries the trace found responsible, and where the other flagged claims come from."""
    guilty = {
        row["entry_id"]: row["source"] or ""
        for row in suspects
        if row["verdict"] == SuspectVerdict.RESPONSIBLE
    }
    origins = Counter(event["origin"] for event in events)
    counted = tuple((origin, origins[origin.value]) for origin in Origin if origins[origin.value])
    responsible = {entry_id: blames.get(entry_id, Blame()) for entry_id in sorted(guilty)}
    return _findings(responsible, guilty, Findings(traced=True, origins=counted))


def _findings(blames: Mapping[str, Blame], sources: Mapping[str, str], empty: Findings) -> Findings:
    culprits = sorted(
        (
            Culprit(
                entry_id,
                sources.get(entry_id, ""),
                len(blame.claims),
                len(blame.turn_ids),
                blame.seen.first,
                blame.seen.last,
            )
            for entry_id, blame in blames.items()
        ),
        key=lambda culprit: (-culprit.n_claims, culprit.entry_id),
    )
    whole = _together(blames.values())
    return replace(
        empty,
        culprits=tuple(culprits[:NAMED_CULPRITS]),
        n_culprits=len(culprits),
        n_claims=len(whole.claims),
        n_turns=len(whole.turn_ids),
        sources=_by_source(blames, sources),
        first_seen=whole.seen.first,
        last_seen=whole.seen.last,
    )


def _by_source(blames: Mapping[str, Blame], sources: Mapping[str, str]) -> tuple[SourceShare, ...]:
    members: dict[str, list[Blame]] = {}
    for entry_id, blame in blames.items():
        members.setdefault(sources.get(entry_id, ""), []).append(blame)
    shares = (
        SourceShare(source, len(group), len(_together(group).claims)) for source, group in members.items()
    )
    return tuple(sorted(shares, key=lambda share: (-share.n_claims, share.source))[:NAMED_SOURCES])


def _together(blames: Iterable[Blame]) -> Blame:
    """Join the claims of several entries, each claim counted once."""
    whole = Blame()
    for blame in blames:
        whole.claims |= blame.claims
        whole.seen = whole.seen.including(blame.seen.first).including(blame.seen.last)
    return whole
