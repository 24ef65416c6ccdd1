"""Counts of a block that can be added up, and the summary they make."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from halluguard.grounding.decide import TurnVerdicts
from halluguard.grounding.rates import Tally, rate_row
from halluguard.grounding.tables import group_keys
from halluguard.records import NOT_CHECKABLE, UNGROUNDED, Rate, Status

Facts = dict[str, dict[str, int]]
"""Counters by name, as they are kept with each block; JSON-ready."""

_SEPARATOR = "\x1f"


def count_facts(decided: Sequence[TurnVerdicts]) -> Facts:
    """Count the turns, claims, statuses, groups and citations of a block."""
    totals: Counter[str] = Counter(turns=len(decided))
    statuses: Counter[str] = Counter()
    group_hits: Counter[str] = Counter()
    group_totals: Counter[str] = Counter()
    for one in decided:
        totals["citations_given"] += one.citations.given
        totals["citations_needed"] += one.citations.needed
        totals["claims_with_recall"] += one.citations.supported_claims
        totals["turns_ungrounded"] += any(v.status in UNGROUNDED for v in one.verdicts)
        totals["turns_checkable"] += any(v.status not in NOT_CHECKABLE for v in one.verdicts)
        for verdict in one.verdicts:
            totals["claims"] += 1
            totals["truncated"] += verdict.truncated
            totals["ghost_citations"] += len(verdict.claim.ghost_ids)
            statuses[str(verdict.status)] += 1
            if verdict.status not in NOT_CHECKABLE:
                keys = [_SEPARATOR.join(key) for key in group_keys(one, verdict)]
                group_totals.update(keys)
                if verdict.status in UNGROUNDED:
                    group_hits.update(keys)
    return {
        "totals": dict(totals),
        "statuses": dict(statuses),
        "group_hits": dict(group_hits),
        "group_totals": dict(group_totals),
    }


def add_facts(facts: Iterable[Facts]) -> Facts:
    """Add the counters of several blocks."""
    sums: dict[str, Counter[str]] = {}
    for one in facts:
        for name, counts in one.items():
            sums.setdefault(name, Counter()).update(counts)
    return {name: dict(counter) for name, counter in sums.items()}


def summarise(facts: Facts) -> dict[str, Any]:
    """Return `counts`, `summary` and `groups` as the manifest holds them."""
    totals = facts.get("totals", {})
    tally = Tally(facts.get("statuses", {}))
    statuses = {str(status): tally.counts.get(status, 0) for status in Status}
    rates = {
        f"{status}_rate": rate_row(tally.share(status)) for status in Status if status not in NOT_CHECKABLE
    }
    control = facts.get("control", {})
    summary = {
        "ungrounded_rate": rate_row(tally.ungrounded),
        "ungrounded_answer_rate": rate_row(
            Rate(totals.get("turns_ungrounded", 0), totals.get("turns_checkable", 0))
        ),
        "citation_precision": rate_row(
            Rate(totals.get("citations_needed", 0), totals.get("citations_given", 0))
        ),
        "citation_recall": rate_row(
            Rate(
                totals.get("claims_with_recall", 0),
                tally.checkable if totals.get("citations_given", 0) else 0,
            )
        ),
        "contradiction_false_alarm_rate": rate_row(
            Rate(control.get("contradicted", 0), control.get("read", 0))
        ),
        **rates,
    }
    counts = {
        "turns": totals.get("turns", 0),
        "claims": totals.get("claims", 0),
        "checkable": tally.checkable,
        "ungrounded": tally.ungrounded.hits,
        "errors": statuses[Status.ERROR],
        "abstained": statuses[Status.ABSTAINED],
        "not_a_claim": statuses[Status.NOT_A_CLAIM],
        "truncated": totals.get("truncated", 0),
        "ghost_citations": totals.get("ghost_citations", 0),
        "statuses": statuses,
    }
    return {"counts": counts, "summary": summary, "groups": _groups(facts)}


def _groups(facts: Facts) -> dict[str, list[dict[str, Any]]]:
    hits: Mapping[str, int] = facts.get("group_hits", {})
    groups: dict[str, list[dict[str, Any]]] = {"source": [], "model": [], "index_version": [], "day": []}
    for joined, total in sorted(facts.get("group_totals", {}).items()):
        kind, key = joined.split(_SEPARATOR, 1)
        groups[kind].append({"key": key, **rate_row(Rate(hits.get(joined, 0), total))})
    for kind in ("source", "model", "index_version"):
        groups[kind].sort(key=lambda row: (-row["hits"], -row["total"], row["key"]))
    return groups
