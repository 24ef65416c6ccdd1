"""Which entries to quarantine, and which to look at: a rule over what trace and cascade wrote, and nothing else."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from halluguard.records import SuspectVerdict
from halluguard.response.digests import digest_text
from halluguard.response.probes import ASSERTS_KNOWN_FALSE
from halluguard.text.verbatim import stands_in

MAX_P_GROUP = 0.05
"""A batch or source whose share of accused entries chance gives less often than this has its other entries listed for review."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One entry with why it is on the list; `approve` is what the plan proposes, which a person may turn.

    `excused` says that the trusted corpus vouches for its text, so that nothing more that is found approves it.
    """

    id: str
    approve: bool
    why: tuple[str, ...]
    role: str
    answers: int = 0
    excused: bool = False


def choose_entries(
    suspects: Sequence[Mapping[str, Any]],
    cascades: Sequence[Mapping[str, Any]],
    stored: Mapping[str, Mapping[str, Any]],
    rollup: Iterable[Mapping[str, Any]] = (),
) -> tuple[Chosen, ...]:
    """Return the entries of the store to quarantine first, then those to look at, each with its reasons.

    Proposed: entries accused of a flagged claim, those that say what people know to be false, and in every cascade the
    minimum cut and the contaminated entries still in the store that the chain reaches, written-back copies among them. Listed
    without approval: entries that are damaged but were accused of nothing (their source is to be read in again, taking them
    out alone loses what they say); entries whose text stands word for word in the trusted corpus, whatever they are accused
    of; entries that have another text now than the trace accused, as where a rebuilt store gave out its ids anew; and the other
    entries of a source or batch that holds more accused entries than chance would give it.

    Args:
        suspects: rows of `suspects.parquet`.
        cascades: `cascades` of `cascade.json`.
        stored: source, batch and digest of the text of every entry in the store, by id; ids that are not there are left out.
        rollup: groups as the trace rolled them up.

    """
    why: dict[str, list[str]] = {}
    role: dict[str, str] = {}
    answers: dict[str, set[str]] = {}

    def name(key: str, reason: str, part: str) -> None:
        if key in stored:
            why.setdefault(key, []).append(reason)
            role.setdefault(key, part)

    for row in suspects:
        if row["verdict"] == SuspectVerdict.RESPONSIBLE:
            name(
                row["entry_id"],
                f"accused of {row['n_events']} flagged claims in {row['n_turns']} answers",
                "accused",
            )
        for reason in row["reasons"] or ():
            if reason["code"] == ASSERTS_KNOWN_FALSE:
                name(row["entry_id"], f"says what is known to be false: {reason['detail'][:200]}", "rewrite")
        if row["verdict"] == SuspectVerdict.CORRUPTED:
            codes = ", ".join(reason["code"] for reason in row["reasons"] or ())
            name(row["entry_id"], f"damaged: {codes}", "corrupted")
    for cascade in cascades:
        _from_cascade(cascade, name, answers)
    review = _beside(why, stored, rollup)
    # a suspect's row shows one entry of its id: where several share it, it speaks for none of the others
    vouched = {
        row["entry_id"]: row["nearest_trusted_id"]
        for row in suspects
        if is_copy_of_trusted(row) and _copies(stored, row["entry_id"]) == 1
    }
    for key in sorted(why.keys() & vouched):
        why[key].append(f"but its text stands in the trusted corpus: {vouched[key]}")
    replaced = {
        row["entry_id"]
        for row in suspects
        if row["entry_id"] in why and _is_replaced(row, stored[row["entry_id"]])
    }
    for key in sorted(replaced):
        why[key].append("but its text is not the one that was traced: trace the store again")
    for key in [key for key in why if role[key] == "corrupted"]:
        why[key].append("accused of nothing: read its source in again")
    made = [
        Chosen(
            key,
            role[key] != "corrupted" and key not in vouched and key not in replaced,
            tuple(dict.fromkeys(why[key])),
            role[key],
            len(answers.get(key, ())),
            excused=key in vouched,
        )
        for key in sorted(why)
    ]
    return (
        *sorted(made, key=lambda one: (not one.approve, -one.answers, one.id)),
        *(Chosen(key, False, (reason,), "review") for key, reason in sorted(review.items())),
    )


def _copies(stored: Mapping[str, Mapping[str, Any]], key: str) -> int:
    """Return how many entries of the store have an id."""
    return int(stored.get(key, {}).get("copies", 1))


def _is_replaced(row: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether an id has one entry now, and that has another text than the entry of the store that a suspect's row shows."""
    return entry.get("copies") == 1 and digest_text(row["text"]) != entry["digest"]


def excuse(chosen: Sequence[Chosen], vouched: Collection[str]) -> tuple[Chosen, ...]:
    """Return the list with entries that the trusted corpus vouches for listed without approval."""
    reason = "but every sentence of it stands in the trusted corpus"
    return tuple(
        replace(one, approve=False, why=(*one.why, reason), excused=True)
        if one.approve and one.id in vouched
        else one
        for one in chosen
    )


def add_rewrites(chosen: Sequence[Chosen], found: Mapping[str, Sequence[str]]) -> tuple[Chosen, ...]:
    """Return the list with the entries that say an accused claim in other words, before those only to be looked at.

    One that was only to be looked at, such as a damaged one, keeps its reasons behind that.
    """
    listed = {one.id: one for one in chosen}
    new = [
        Chosen(
            key,
            True,
            (*(f"says the false claim: {claim[:160]}" for claim in claims), *(before.why if before else ())),
            "rewrite",
            before.answers if before else 0,
        )
        for key, claims in sorted(found.items())
        if (before := listed.get(key)) is None or not (before.approve or before.excused)
    ]
    taken = {one.id for one in new}
    approved = [one for one in chosen if one.approve]
    return (*approved, *new, *(one for one in chosen if not one.approve and one.id not in taken))


def add_written_back(
    chosen: Sequence[Chosen], stored: Mapping[str, Mapping[str, Any]], cited: Mapping[str, Collection[str]]
) -> tuple[Chosen, ...]:
    """Return the list with the entries written back from answers that cite an entry to be taken out, to be looked at.

    Such an entry may keep the false part of the answer or only a true one: a person decides.

    Args:
        chosen: what is proposed so far.
        stored: facts of every entry in the store, by id, `written_by_turn` among them.
        cited: ids that the claims of each turn cite.

    """
    out = {one.id for one in chosen if one.approve}
    known = {one.id for one in chosen}
    new = [
        Chosen(
            key,
            False,
            (f"written back from answer {turn}, which cites {', '.join(sorted(rested))}",),
            "review",
        )
        for key, entry in sorted(stored.items())
        if key not in known
        and (turn := entry.get("written_by_turn"))
        and (rested := out & set(cited.get(turn, ())))
    ]
    return (*chosen, *new)


def is_copy_of_trusted(row: Mapping[str, Any]) -> bool:
    """Whether a suspect's text stands, in the same sequence and in whole sentences, in the nearest trusted passage.

    One word more or less may be the poison: a `not`, or a sentence added to a copied page.
    """
    words, trusted = (" ".join((row.get(name) or "").split()) for name in ("text", "nearest_trusted_text"))
    return (
        bool(words)
        and f" {words} " in f" {trusted} "
        and stands_in(row["text"], row["text"], [row["nearest_trusted_text"]])
    )


def _from_cascade(cascade: Mapping[str, Any], name: Any, answers: dict[str, set[str]]) -> None:
    entries = {entry["key"]: entry for entry in cascade["entries"]}
    containment = cascade["containment"]
    cut = set(containment["minimum_cut"])
    for key in dict.fromkeys([*containment["minimum_cut"], *containment["quarantine"]]):
        entry = entries.get(key)
        if entry is None or not entry["in_store"]:
            continue
        written = entry["rung"] is not None
        what = "asserts" if not written else "is a written-back copy of"
        name(
            entry["id"],
            f"{what} the false claim of {cascade['id']}{', in its minimum cut' if key in cut else ''}",
            "written back" if written else "origin",
        )
    for edge in cascade["edges"]:
        if edge["kind"] == "exposure" and edge["source"] in entries:
            answers.setdefault(entries[edge["source"]]["id"], set()).add(edge["target"])


def _beside(
    named: Collection[str], stored: Mapping[str, Mapping[str, Any]], rollup: Iterable[Mapping[str, Any]]
) -> dict[str, str]:
    """Return the other entries of groups that hold more accused ones than chance gives."""
    review: dict[str, str] = {}
    for group in rollup:
        if group["level"] not in ("source", "batch") or group["p_value"] >= MAX_P_GROUP:
            continue
        for key, entry in stored.items():
            if entry[group["level"]] == group["key"] and key not in named:
                review.setdefault(
                    key,
                    f"{group['accused']} of {group['total']} entries of {group['level']} {group['key']!r} are accused",
                )
    return review
