"""The turns of phrase that records and drafts share; a fact that is missing is said to be missing."""

from collections.abc import Sequence
from datetime import datetime

from halluguard.incident.document import Code, Inline
from halluguard.incident.facts import Facts
from halluguard.report.wording import counted, day, interval, moment, percent

__all__ = [
    "NOT_RECORDED", "counted", "day", "interval", "known", "moment", "named", "percent", "rate_told", "reach_told", "span_told", "stated",
]  # fmt: skip

NOT_RECORDED = "not recorded"
NAMED = 12
"""How many ids are named in a sentence; the others are counted."""


def stated(text: str) -> Inline:
    """Return what a person stated, or that nobody did."""
    return Code(text) if text else "not stated"


def known(value: datetime | None) -> str:
    """Return a time, or that it is not recorded."""
    return moment(value) if value is not None else NOT_RECORDED


def named(ids: Sequence[str]) -> tuple[Inline, ...]:
    """Return ids as a row, the rest counted."""
    row: list[Inline] = []
    for number, one in enumerate(ids[:NAMED]):
        row += [", ", Code(one)] if number else [Code(one)]
    if len(ids) > NAMED:
        row.append(f" and {len(ids) - NAMED:,} more")
    return tuple(row) or ("none",)


def rate_told(facts: Facts) -> str:
    """Return the ungrounded rate with counts and interval."""
    rate = facts.report.rate
    if not rate.total:
        return "nothing could be checked"
    bounds = f", 95% interval {interval(rate)}" if interval(rate) else ""
    return f"{rate.hits:,} of {counted(rate.total, 'checkable claim')} ({percent(rate.value)}{bounds})"


def reach_told(facts: Facts) -> str:
    """Return how many answers, conversations and users were reached, as far as the log says."""
    reach = facts.reach
    conversations = (
        "conversations not logged"
        if reach.conversations is None
        else counted(reach.conversations, "conversation")
    )
    users = "users not logged for every answer" if reach.users is None else counted(reach.users, "user")
    return f"{counted(reach.answers, 'answer')}, {conversations}, {users}"


def span_told(first: datetime | None, last: datetime | None, what: str, otherwise: str) -> str:
    """Return the time between two moments, or why it is not known."""
    if first is None or last is None:
        return otherwise
    if last < first:
        return f"{what}: the later time is stated before the earlier one; check both"
    hours = (last - first).total_seconds() / 3600
    return f"{what}: {hours / 24:.1f} days" if hours >= 48 else f"{what}: {hours:.1f} hours"
