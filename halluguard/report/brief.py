"""The answer in one paragraph for whoever must decide: what lies behind it, how far it went, what to do next."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from halluguard.records import Origin, Status
from halluguard.report.data import ReportData
from halluguard.report.facts import mapping
from halluguard.report.wording import counted, day, finding, part_of

NAMED = 3
"""How many entries the paragraph names."""

BEHIND = "What lies behind it"

_FED_BY_THE_LOOP = frozenset({"CAPTURED", "AMPLIFYING", "GROWING-WITH-STORE"})
"""Verdicts of the cascade stage under which answers that are saved back make it worse."""


@dataclass(frozen=True, slots=True)
class Words:
    """A run of words; `quoted` ones come from the log or the store, or are to be typed, and are shown as such."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the paragraph: its name and its sentence."""

    name: str
    words: tuple[Words, ...]


def brief(data: ReportData) -> tuple[Point, ...]:
    """Return the points that this run has, in the order they are read; the headline says how bad it is."""
    points = (
        Point(BEHIND, tuple(_behind(data))),
        Point("How far it went", tuple(_spread(data))),
        Point("What to do next", tuple(_next(data))),
    )
    return tuple(point for point in points if point.words)


def _behind(data: ReportData) -> Iterator[Words]:
    found = data.findings
    if not data.rate.total or not data.rate.hits:
        return
    if not found.culprits:
        yield Words(finding(data))
        return
    kind = (
        counted(found.n_culprits, "store entry", "store entries")
        if found.traced
        else counted(found.n_culprits, "cited passage that the trusted documents contradict", "cited passages that the trusted documents contradict")
    )  # fmt: skip
    laid = part_of(found.n_claims, data.rate.hits, "flagged claim")
    yield Words(f"{laid[0].upper()}{laid[1:]} {'is' if found.n_claims == 1 else 'are'} laid to {kind}: ")
    named = found.culprits[:NAMED]
    for number, culprit in enumerate(named):
        yield Words(culprit.entry_id, quoted=True)
        if culprit.source:
            yield Words(" from ")
            yield Words(culprit.source, quoted=True)
        yield Words(", " if number + 1 < len(named) else "")
    left_out = found.n_culprits - len(named)
    more = f" and {left_out:,} more" if left_out else ""
    since = f", in answers since {day(found.first_seen)}" if found.first_seen else ""
    own = dict(found.origins).get(Origin.GENERATOR, 0)
    invented = f" {counted(own, 'claim')} {'is' if own == 1 else 'are'} the model's own." if own else ""
    yield Words(f"{more}{since}.{invented}")


def _spread(data: ReportData) -> Iterator[Words]:
    verdict = mapping(mapping(data.cascade).get("verdict"))
    if not verdict.get("regime"):
        return
    cascades = [mapping(one) for one in mapping(data.cascade).get("cascades") or ()]
    widest = max(
        cascades,
        key=lambda one: (int(one.get("n_answers") or 0), int(one.get("n_entries") or 0)),
        default=None,
    )
    if widest is not None:
        yield Words("The widest, ")
        yield from _reach(widest)
        if mapping(mapping(data.cascade).get("counts")).get("retries"):
            yield Words("A question asked again at once counts once. ")
    judged = next((one for one in cascades if one.get("id") == verdict.get("cascade")), None)
    regime = str(verdict["regime"]).replace("-", " ").lower()
    if judged is None or judged is widest:
        yield Words(f"Verdict on the loop: {regime}. {verdict.get('meaning', '')}")
    else:
        yield Words(f"Verdict on the loop: {regime}, for another claim: ")
        yield from _reach(judged)
        yield Words(str(verdict.get("meaning", "")))


def _reach(cascade: Mapping[str, Any]) -> Iterator[Words]:
    """Say where a claim stands: in how many answers and entries, those that the log alone knows told apart."""
    yield Words(str(cascade.get("claim", "")).rstrip("."), quoted=True)
    entries = [mapping(one) for one in cascade.get("entries") or ()]
    held = sum(bool(one.get("in_store", True)) for one in entries)
    answers, all_entries = int(cascade.get("n_answers") or 0), int(cascade.get("n_entries") or 0)
    gone = len(entries) - held if len(entries) == all_entries else 0
    known = f" ({gone:,} more by the log alone)" if gone else ""
    yield Words(
        f", stands in {counted(answers, 'answer')} and {counted(all_entries - gone, 'entry', 'entries')} of the store{known}. "
    )


def _feeds_itself(data: ReportData) -> bool:
    """Whether the verdict is one that saved answers make worse, of a system that is not known to save none."""
    verdict = mapping(mapping(data.cascade).get("verdict"))
    told = mapping(mapping(data.cascade).get("told"))
    return verdict.get("regime") in _FED_BY_THE_LOOP and told.get("write_back") is not False


def _uncorroborated(data: ReportData) -> Iterator[Words]:
    """Say what no document could decide: a page that was planted may stand behind it."""
    number = dict(data.statuses).get(Status.UNCORROBORATED, 0)
    if number:
        rest = "rests" if number == 1 else "rest"
        yield Words(
            f" But {counted(number, 'claim')} {rest} on passages of which no trusted document speaks. "
            "If one of them is false, write it down, one statement a line, and run this again with "
        )
        yield Words("--known-false FILE", quoted=True)


def _plan(data: ReportData) -> Words:
    """Return the command that plans the response, to be typed where this run was made."""
    store = shlex.quote(data.store) if data.store else "STORE"
    return Words(f"halluguard respond {shlex.quote(data.run)} --store {store} -o response", quoted=True)


def _next(data: ReportData) -> Iterator[Words]:
    if data.interrupted:
        yield Words("Start the same command again: it goes on where it was interrupted.")
    elif not data.rate.total:
        yield Words("See that the right field of the log is read as the answer: ")
        yield Words("--map answer=FIELD", quoted=True)
    elif not data.rate.hits:
        yield Words("Nothing is to be removed. Keep this run as a baseline: ")
        yield Words(f"halluguard monitor NEXT_RUN --baseline {shlex.quote(data.run)}", quoted=True)
        yield from _uncorroborated(data)
    elif not data.findings.traced:
        yield Words("Find the entries of the store behind it: ")
        yield Words(f"halluguard trace {shlex.quote(data.run)} --store STORE", quoted=True)
    elif not data.findings.culprits and dict(data.findings.origins).get(Origin.NOT_IN_STORE):
        yield Words(
            "What gave the false answers is no longer in the store: a cache may serve it. This plans what to flush: "
        )
        yield _plan(data)
    elif not data.findings.culprits:
        yield Words(
            "No entry is known that would have to go. Read the worst answers in the report; "
            "the prompt, the retrieval or the model lets them through."
        )
        yield from _uncorroborated(data)
    else:
        if _feeds_itself(data):
            yield Words("Stop saving answers back to the store today. ")
        yield Words(
            "Compare each suspect in the report with the trusted text beside it. This plans how to take them out, and touches nothing: "
        )
        yield _plan(data)
