"""The sentences of a report, the same in HTML, Markdown and the terminal."""

from dataclasses import dataclass
from datetime import datetime

from halluguard.report.data import MeasuredRate, ReportData

NOT_STATED = "(not stated)"
"""What stands for a group without a key, such as claims that cite no source."""

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a reader must not miss; `grave` ones mean that the figures cannot be taken as a pass.

    `quoted` follows the text where it is not empty: words from outside, to be shown as such.
    """

    text: str
    grave: bool = False
    quoted: str = ""


def percent(share: float | None) -> str:
    """Write a share as a percentage with one decimal, or an em dash for None."""
    return "—" if share is None else f"{100 * share:.1f}%"


def interval(rate: MeasuredRate) -> str:
    """Write the interval of a rate, such as "7.3-12.5%" with an en dash; the empty string where it has none."""
    if rate.low is None or rate.high is None:
        return ""
    return f"{100 * rate.low:.1f}–{100 * rate.high:.1f}%"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun in the right form."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def part_of(number: int, total: int, noun: str) -> str:
    """Write how many of some things, such as "2 of the 7 claims", "the only claim" where there is but one."""
    return f"the only {noun}" if number == total == 1 else f"{number:,} of the {counted(total, noun)}"


def moment(value: datetime | None) -> str:
    """Write a time to the minute in UTC, or an em dash for None."""
    return "—" if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def day(value: datetime | None) -> str:
    """Write a day such as "3 Mar 2026", the same in every locale."""
    return "—" if value is None else f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def short_day(key: str) -> str:
    """Write an ISO day such as "2026-03-03" as "3 Mar"; anything else stays as it is."""
    year, _, rest = key.partition("-")
    month, _, number = rest.partition("-")
    if not (year.isdecimal() and month.isdecimal() and number.isdecimal() and 1 <= int(month) <= 12):
        return key
    return f"{int(number)} {_MONTHS[int(month) - 1]}"


def headline(data: ReportData) -> str:
    """Say in one sentence what came out: the rate with its interval and counts, or that nothing could be checked."""
    counts, rate = data.counts, data.rate
    if not counts.turns:
        return "The log holds no turns, so nothing was checked. This is not a pass."
    if not rate.total:
        return f"Nothing could be checked in {counted(counts.turns, 'answer')}. This is not a pass."
    bounds = f" (95% interval {interval(rate)})" if interval(rate) else ""
    checked = counted(rate.total, "checkable claim")
    if not rate.hits:
        return f"No ungrounded claim was found among {checked}{bounds}."
    return (
        f"{percent(rate.value)} of checkable claims are ungrounded: {rate.hits:,} of {rate.total:,}{bounds}."
    )


def lede(data: ReportData) -> str:
    """Say where the trouble lies: answers touched, days covered, and who is behind it."""
    counts = data.counts
    if not data.rate.total:
        return ""
    parts = [f"{counts.flagged_turns:,} of {counted(counts.turns, 'answer')} {'holds' if counts.flagged_turns == counts.turns == 1 else 'hold'} at least one"] if counts.flagged_turns else [
        f"{counted(counts.turns, 'answer')} read"
    ]  # fmt: skip
    if data.first_turn and data.last_turn:
        parts.append(f"{day(data.first_turn)} to {day(data.last_turn)}")
    return ", ".join(parts) + "."


def finding(data: ReportData) -> str:
    """Say in one or two sentences what lies behind the flagged claims."""
    found, total = data.findings, data.rate.hits
    if not data.rate.total:
        return "Nothing was checked, so nothing can be said about what happened."
    if not total:
        return "No claim is flagged, so there is nothing to explain."
    if not found.n_culprits:
        if found.traced:
            return "The trace found no entry of the store responsible."
        return "No cited passage is denied by a trusted document or by report: the flagged claims are not what their sources say."
    claims = part_of(found.n_claims, total, "flagged claim")
    since = f", first seen {moment(found.first_seen)}" if found.first_seen else ""
    if found.traced:
        verb = "is" if found.n_culprits == 1 else "are"
        return (
            f"{counted(found.n_culprits, 'store entry', 'store entries')}{_from_sources(data)} {verb} responsible for flagged claims "
            f"in {counted(found.n_turns, 'answer')}{since}."
        )
    return (
        f"{counted(found.n_culprits, 'cited passage')}{_from_sources(data)} "
        f"{'is' if found.n_culprits == 1 else 'are'} false by the trusted documents or by report and stand{'s' if found.n_culprits == 1 else ''} "
        f"behind {claims}, in {counted(found.n_turns, 'answer')}{since}."
    )


def _from_sources(data: ReportData) -> str:
    named = [share for share in data.findings.sources if share.source]
    return f" from {counted(len(named), 'source')}" if named else ""


def notices(data: ReportData) -> tuple[Notice, ...]:
    """List what limits the figures: an unfinished run, nothing checkable, errors, cut texts, skipped rows, citations to nowhere, a faulty store."""
    counts = data.counts
    found = [
        (int(data.interrupted), _INTERRUPTED),
        (int(not data.rate.total and counts.turns > 0), _NOTHING_CHECKABLE),
        (
            counts.errors,
            Notice(f"{_claims_were(counts.errors)} not checked because of an error; no rate counts them."),
        ),
        (
            counts.skipped_rows,
            Notice(f"{_were(counts.skipped_rows, 'row')} skipped: the log could not be read there."),
        ),
        (
            counts.truncated,
            Notice(f"{_claims_were(counts.truncated)} read against a text cut to the model's length."),
        ),
        (
            counts.ghost_citations,
            Notice(
                f"{_were(counts.ghost_citations, 'citation')} to an id that is nowhere in the log or the store."
            ),
        ),
    ]
    faults = (Notice(f"The store: {meaning}:", quoted=detail) for meaning, detail in data.store_faults)
    return (*(notice for applies, notice in found if applies), *faults)


_INTERRUPTED = Notice(
    "The check was interrupted: these figures cover only the part of the log that was read. Go on with --resume.",
    grave=True,
)
_NOTHING_CHECKABLE = Notice(
    "No answer holds a checkable claim. Was the right field of the log read as the answer? Nothing here says the answers are good.",
    grave=True,
)


def _claims_were(number: int) -> str:
    return _were(number, "claim")


def _were(number: int, noun: str) -> str:
    return f"{counted(number, noun)} {'was' if number == 1 else 'were'}"
