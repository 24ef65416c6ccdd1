"""What the manifest of a run says, read without trusting that every key is there."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from halluguard.records import Rate, Status
from halluguard.report.data import Counts, Findings, Grouping, GroupRate, GroupShare, MeasuredRate
from halluguard.report.excerpts import shorten
from halluguard.report.statuses import WORDINGS

NAMED_GROUPS = 12
"""How many groups of a property are named in a chart; the others are summed."""

NAMED_ROWS = 5
"""How many skipped rows are named with their reason."""

KEY_CHARACTERS = 160
"""Characters shown of the name of a group, such as a source."""

FAULT_CHARACTERS = 300
"""Characters shown of what a fault of a store names."""

_GROUPINGS = ("day", "source", "model", "index_version")
_OTHER_RATES = {
    "citation_precision": "Citation precision",
    "citation_recall": "Citation recall",
    "contradiction_false_alarm_rate": "False alarms of contradiction",
}


def mapping(value: object) -> Mapping[str, Any]:
    """Return `value` where it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def rate_of(value: object) -> MeasuredRate | None:
    """Read a rate written as {hits, total, low, high}; None where there is none."""
    found = mapping(value)
    if "hits" not in found or "total" not in found:
        return None
    return MeasuredRate(int(found["hits"]), int(found["total"]), found.get("low"), found.get("high"))


def status_counts(manifest: Mapping[str, Any]) -> tuple[tuple[Status, int], ...]:
    """Return how many claims ended in each status, the gravest first, with zeros."""
    found = mapping(mapping(manifest.get("counts")).get("statuses"))
    return tuple((status, int(found.get(status.value, 0))) for status in WORDINGS)


def counts_of(manifest: Mapping[str, Any], flagged_turns: int) -> Counts:
    """Return the counts of a run; `flagged_turns` is counted from the tables."""
    found = mapping(manifest.get("counts"))
    names = (
        "turns",
        "claims",
        "checkable",
        "ungrounded",
        "errors",
        "truncated",
        "skipped_rows",
        "ghost_citations",
    )
    return Counts(flagged_turns=flagged_turns, **{name: int(found.get(name) or 0) for name in names})


def headline_rate(manifest: Mapping[str, Any]) -> MeasuredRate:
    """Return the ungrounded rate of the run, from the counts alone where no summary was written."""
    counts = counts_of(manifest, 0)
    found = rate_of(mapping(manifest.get("summary")).get("ungrounded_rate"))
    return found or MeasuredRate(counts.ungrounded, counts.checkable)


def other_rates(manifest: Mapping[str, Any]) -> tuple[tuple[str, MeasuredRate], ...]:
    """Return the named rates beside the headline, those with something counted."""
    summary = mapping(manifest.get("summary"))
    rates = ((name, rate_of(summary.get(key))) for key, name in _OTHER_RATES.items())
    return tuple((name, rate) for name, rate in rates if rate is not None and rate.total)


def groupings_of(manifest: Mapping[str, Any]) -> tuple[Grouping, ...]:
    """Return the rates by day in order of time, and by source, model and index version with most hits first."""
    groups = mapping(manifest.get("groups"))
    found = ((name, _group_rates(groups.get(name))) for name in _GROUPINGS)
    return tuple(_grouping(name, rates) for name, rates in found if any(group.key for group in rates))


def _group_rates(rows: object) -> list[GroupRate]:
    candidates = rows if isinstance(rows, list) else []
    rates = (
        (shorten(str(mapping(row).get("key") or ""), KEY_CHARACTERS), rate_of(row)) for row in candidates
    )
    return [GroupRate(key, rate) for key, rate in rates if rate is not None]


def _grouping(name: str, rates: list[GroupRate]) -> Grouping:
    if name == "day":
        return Grouping(name, tuple(sorted(rates, key=lambda group: (not group.key, group.key))))
    ranked = sorted(rates, key=lambda group: (-group.rate.hits, -(group.rate.value or 0.0), group.key))
    named, rest = ranked[:NAMED_GROUPS], ranked[NAMED_GROUPS:]
    if (
        name == "source"
    ):  # a claim counts under each source that it cites, so that a sum would count it several times
        return Grouping(name, tuple(named), len(rest))
    summed = MeasuredRate(sum(group.rate.hits for group in rest), sum(group.rate.total for group in rest))
    return Grouping(name, tuple(named), len(rest), summed)


def skipped_rows(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one line for each skipped row of the log that is named, and one for those that are only counted."""
    kept = mapping(manifest.get("log")).get("skipped")
    rows = [mapping(row) for row in kept] if isinstance(kept, list) else []
    lines = [f"line {row.get('line')}: {row.get('reason')}" for row in rows[:NAMED_ROWS]]
    left_out = int(mapping(manifest.get("counts")).get("skipped_rows") or 0) - len(lines)
    return (*lines, *([f"{left_out:,} more rows were skipped"] if left_out > 0 and lines else ()))


def limits_of(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the log and the traced store could not show, in the words of the stages that found out.

    Rows that were skipped come first, by line and reason, then what was mended in the others.
    """
    store, log = mapping(mapping(manifest.get("trace")).get("store")), mapping(manifest.get("log"))
    lines = [*skipped_rows(manifest), *(log.get("repairs") or ())]
    lines += manifest.get("not_shown") or ()
    lines += [
        line if " " in str(line) else f"the store does not know: {line}"
        for line in store.get("cannot_know") or ()
    ]
    return tuple(dict.fromkeys(str(line) for line in lines))


def store_path(manifest: Mapping[str, Any]) -> str | None:
    """Return the store that was traced, as the command was given it; None where none was."""
    path = mapping(mapping(manifest.get("trace")).get("store")).get("path")
    return str(path) if path else None


def store_faults(manifest: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what each fault means that the files of the traced store show, and the detail found."""
    from halluguard.stores import STORE_MEANINGS  # loads every reader of a store, which no other report needs

    found = mapping(mapping(manifest.get("trace")).get("sweep")).get("container")
    rows = [mapping(row) for row in found] if isinstance(found, list) else []
    named = [(str(row.get("code")), str(row.get("detail") or "")) for row in rows]
    return tuple(
        (f"{STORE_MEANINGS[code]} ({code})", shorten(detail, FAULT_CHARACTERS))
        for code, detail in named
        if code in STORE_MEANINGS
    )


def with_rollup(findings: Findings, manifest: Mapping[str, Any]) -> Findings:
    """Add what the trace wrote into the manifest: the groups that hold accused entries, and the effect of removal."""
    trace = mapping(manifest.get("trace"))
    gone = int(trace.get("unsupported_after_removal") or 0)
    tried = gone + int(trace.get("still_supported_after_removal") or 0)
    groups = [_group_share(mapping(row)) for row in trace.get("rollup") or ()]
    return replace(
        findings,
        rollup=tuple(groups[:NAMED_GROUPS]),
        n_rollup=len(groups),
        removal=Rate(gone, tried) if tried else None,
    )


def _group_share(row: Mapping[str, Any]) -> GroupShare:
    return GroupShare(
        str(row.get("level", "")),
        shorten(str(row.get("key", "")), KEY_CHARACTERS),
        int(row.get("accused", 0)),
        int(row.get("total", 0)),
        float(row.get("p_value", 1.0)),
        bool(row.get("whole")),
    )


def method_rows(manifest: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return how the figures were made: inputs, models, thresholds, device, versions. Timings stay out, as they vary."""
    rows: list[tuple[str, str]] = [
        ("Tool", f"{manifest.get('tool', 'halluguard')} {manifest.get('version', '')}".strip())
    ]
    for name, value in mapping(manifest.get("inputs")).items():
        rows.append((_INPUTS.get(name, name), _input(mapping(value))))
    for name, value in mapping(manifest.get("models")).items():
        rows.append((_MODELS.get(name, f"Model: {name}"), _model(mapping(value))))
    rows += [
        ("Thresholds", _plainly(manifest.get("thresholds"))),
        ("Settings", _plainly(manifest.get("settings"))),
        ("Device", _plainly(manifest.get("device"))),
    ]
    rows += [
        ("Versions", _plainly(manifest.get("versions"))),
        ("Fingerprint", _plainly(manifest.get("fingerprint"))),
    ]
    return tuple((name, value) for name, value in rows if value)


_INPUTS = {
    "log": "Conversation log",
    "trusted": "Trusted corpus",
    "known_false": "Known to be false",
    "store": "Vector store",
}
_MODELS = {"embedder": "Embedder", "nli": "Entailment model"}


def _input(value: Mapping[str, Any]) -> str:
    facts = [
        f"{name.replace('_', ' ')} {_count(found)}"
        for name, found in value.items()
        if name not in ("path", "sha256")
    ]
    digest = [f"sha256 {value['sha256']}"] if value.get("sha256") else []
    return " · ".join([str(value.get("path", "")), *facts, *digest])


def _model(value: Mapping[str, Any]) -> str:
    named = [str(value.get("name", ""))]
    digest = [f"sha256 {value['digest']}"] if value.get("digest") else []
    others = [f"{name} {_plainly(found)}" for name, found in value.items() if name not in ("name", "digest")]
    return " · ".join([*named, *others, *digest])


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else _plainly(value)


def _plainly(value: object, *, nested: bool = False) -> str:
    """Write a value of the manifest on one line, nested ones in parentheses; what is empty is left out."""
    if isinstance(value, Mapping):
        written = {name.replace("_", " "): _plainly(found, nested=True) for name, found in value.items()}
        joined = (", " if nested else " · ").join(
            f"{name} {found}" for name, found in written.items() if found
        )
        return f"({joined})" if nested and joined else joined
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(_plainly(found, nested=True) for found in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
