"""The trace stage: flagged claims of a run in, events and suspects out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from halluguard.errors import StoreError
from halluguard.forensics.attribute import Attribution, Attributor
from halluguard.forensics.candidates import Candidate, Flagged, flagged_claims, is_dated_after
from halluguard.forensics.denied import Denied
from halluguard.forensics.integrity import DAMAGE, Code, Evidence, SweepResult, sweep
from halluguard.forensics.nearest import index_entries
from halluguard.forensics.responsibility import ResponsibilityModel, default_responsibility
from halluguard.forensics.rollup import roll_up, rollup_rows
from halluguard.forensics.vouched import Vouching
from halluguard.grounding.known_false import KnownFalse
from halluguard.grounding.reader import Reader
from halluguard.grounding.witness import open_trusted
from halluguard.models import Embedder, Models
from halluguard.records import UNGROUNDED, Chunk, Entry, Event, Origin, Reason, Suspect, SuspectVerdict, Turn
from halluguard.run import Run
from halluguard.stores import Store, open_store
from halluguard.trusted import TrustedIndex

_BLOCK = 128
"""Flagged claims attributed together."""

_CORRUPTED = DAMAGE | {Code.WORDS_MISSPELT}
"""What makes an entry corrupted: misspelt words too, which a sweep calls only worth a look. Nothing is removed for it: what
a corrupted entry calls for is that its source is read in again."""

DATED_AFTER = "every entry of the store is dated after the last turn, as in a store built anew: no entry is cleared by its time"
"""What the trace of such a store could not tell."""


@dataclass
class _Tally:
    """What was found out about one entry over all events; its figures are of those it is accused in, where there are any."""

    entry: Entry
    accused_in: list[str] = field(default_factory=list)
    examined_in: list[str] = field(default_factory=list)
    turns: set[str] = field(default_factory=set)
    best: float = 0.0
    p_value: float = 1.0
    edited_since: bool = False
    evidence: str = ""


def trace_run(
    run: Run,
    store_path: Path,
    *,
    models: Models,
    reader: Reader,
    responsibility: ResponsibilityModel | None = None,
    collection: str | None = None,
) -> None:
    """Attribute every flagged claim of a run to store entries or to none, and sweep the whole store.

    Writes `events.parquet`, `suspects.parquet` and the manifest's `trace`. The store is only read.

    Args:
        run: a finished check.
        store_path: the vector store under suspicion, of any known kind.
        models: embedder and NLI model.
        reader: what reads a claim against an entry.
        responsibility: weights and clean events; by default those shipped.
        collection: which collection of a Chroma store, where several hold entries.

    Raises:
        StoreError: the store cannot be read, or none of its texts.
        InputError: the trusted index that the run was checked against is gone or another.

    """
    store = open_store(store_path, collection=collection)
    files = {file.name: file.sha256 for file in store.files()}  # before reading: a later state was not traced
    entries = list(store.entries())
    _refuse_textless(store, entries)
    trusted = open_trusted(run, models.embedder)
    turns = tuple(_read_turns(run))
    dated_after = is_dated_after(entries, (turn.timestamp for turn in turns))
    flagged = _read_flagged(run)
    if dated_after:
        flagged = [replace(one, timestamp=None) for one in flagged]
    index = index_entries(entries, models.embedder)
    vouching = Vouching(trusted, models.embedder, reader) if trusted is not None and len(trusted) else None
    attributor = Attributor(
        index, reader, models.embedder, responsibility or default_responsibility(), vouching
    )
    statements = tuple(run.manifest.get("known_false", ()))
    denied = Denied(KnownFalse(statements, reader, models.embedder), index) if statements else None
    made = doubted([one for block in _blocks(flagged) for one in attributor.attribute(block)])
    swept = sweep(
        store,
        Evidence(
            models.embedder,
            turns=turns,
            contradict=vouching.contradict if vouching else None,
            known_false=denied.find if denied else None,
        ),
    )
    suspects = _suspects(made, entries, swept)
    nearest = _nearest_trusted([suspect.entry for suspect in suspects], models.embedder, trusted)
    run.write("events", [_event_row(_event(one)) for one in made])
    run.write("suspects", [_suspect_row(suspect, nearest.get(suspect.entry.id)) for suspect in suspects])
    limits = (*store.cannot_know, *((DATED_AFTER,) if dated_after else ()))
    facts = _trace_facts(
        store,
        entries,
        made,
        suspects,
        swept,
        files=files,
        embedded_again=index.embedded_again,
        cannot_know=limits,
    )
    run.update_manifest({"trace": facts})


def _refuse_textless(store: Store, entries: Sequence[Entry]) -> None:
    """Raise where no text could be read: every entry would be cleared without having been looked at."""
    if any(entry.text for entry in entries):
        return
    why = "; ".join(reason.detail for reason in store.findings()) or "it holds vectors alone"
    raise StoreError(
        f"{store.path}: none of the store's {len(entries):,} entries has a text that could be read: {why}. "
        "Trace a copy whose texts can be read; `halluguard store check` still reads the vectors of this one"
    )


def _read_flagged(run: Run) -> Sequence[Flagged]:
    columns = ["claim_id", "turn_id", "reading", "status", "cited_ids"]
    rows = [row for row in run.read("claims", columns).to_pylist() if row["status"] in UNGROUNDED]
    wanted = {row["turn_id"] for row in rows}
    turns: dict[str, Mapping[str, Any]] = {}
    for batch in run.stream("turns"):
        turns.update((row["turn_id"], row) for row in batch.to_pylist() if row["turn_id"] in wanted)
    return flagged_claims(rows, turns)


def _read_turns(run: Run) -> Iterator[Turn]:
    """Yield the run's turns with what a sweep looks at: ids, times, answers, and what was retrieved."""
    for batch in run.stream("turns"):
        for row in batch.to_pylist():
            retrieved = tuple(
                Chunk(c["id"], c["text"], c["score"], c["rank"], c["used"]) for c in row["retrieved"] or ()
            )
            yield Turn(
                row["turn_id"],
                row["answer"],
                row["question"],
                timestamp=row["timestamp"],
                retrieved=retrieved,
            )


def _blocks(flagged: Sequence[Flagged]) -> Iterator[Sequence[Flagged]]:
    for start in range(0, len(flagged), _BLOCK):
        yield flagged[start : start + _BLOCK]


def doubted(made: Sequence[Attribution]) -> list[Attribution]:
    """Leave open whose a claim is that cites an entry accused of another: it may say the same in words no reader follows.

    "The window closes after seven days" cites the page that says "within one week only"; to lay it to the model would clear
    what misled it.
    """
    accused = {one.candidates[i].entry.id for one in made for i in one.accusation.accused}
    return [
        replace(one, accusation=replace(one.accusation, origin=Origin.UNDETERMINED))
        if one.accusation.origin is Origin.GENERATOR and not accused.isdisjoint(one.flagged.cited_ids)
        else one
        for one in made
    ]


def _event(one: Attribution) -> Event:
    accused = [one.candidates[i] for i in one.accused_positions]
    return Event(
        f"event:{one.flagged.claim_id}",
        one.flagged.turn_id,
        one.flagged.claim_id,
        one.accusation.origin,
        tuple(candidate.entry.id for candidate in accused),
        tuple(one.accusation.scores[i] for i in one.accused_positions),
        tuple(one.accusation.p_values[i] for i in one.accused_positions),
        one.still_supported,
    )


def _event_row(event: Event) -> dict[str, Any]:
    row = asdict(event)
    row["origin"] = str(event.origin)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in row.items()}


def _tally(made: Sequence[Attribution]) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = {}
    for one in made:
        accused = set(one.accusation.accused)
        for position, candidate in enumerate(one.candidates):
            if candidate.position is None:
                continue
            tally = tallies.setdefault(candidate.entry.id, _Tally(candidate.entry))
            _count(tally, one, candidate, position, position in accused)
    return tallies


def _count(tally: _Tally, one: Attribution, candidate: Candidate, position: int, is_accused: bool) -> None:
    tally.examined_in.append(one.flagged.claim_id)
    tally.edited_since |= candidate.edited_since
    if is_accused:
        if not tally.accused_in:
            tally.best, tally.p_value, tally.evidence = 0.0, 1.0, ""
        tally.accused_in.append(one.flagged.claim_id)
        tally.turns.add(one.flagged.turn_id)
    elif tally.accused_in:
        return
    score = one.accusation.scores[position]
    tally.p_value = min(tally.p_value, one.accusation.p_values[position])
    if score > tally.best or not tally.evidence:
        tally.best = max(score, tally.best)
        tally.evidence = one.readings[position].evidence_text


def _suspects(made: Sequence[Attribution], entries: Sequence[Entry], swept: SweepResult) -> list[Suspect]:
    """Join what the events say of each entry with what the sweep found; worst first."""
    tallies = _tally(made)
    findings = swept.by_entry()
    by_id = {entry.id: entry for entry in reversed(entries)}
    accused = {id_ for id_, tally in tallies.items() if tally.accused_in}
    suspects = [
        _suspect(tallies.get(id_) or _Tally(by_id[id_]), findings.get(id_, ()))
        for id_ in sorted({*accused, *findings} & by_id.keys())
    ]
    order = list(SuspectVerdict)
    return sorted(
        suspects, key=lambda s: (order.index(s.verdict), -s.n_events, -s.responsibility, s.entry.id)
    )


def _suspect(tally: _Tally, found: tuple[Reason, ...]) -> Suspect:
    reasons = list(found)
    if tally.accused_in:
        reasons.insert(0, Reason("asserts_flagged_claim", len(tally.accused_in), tally.evidence[:400]))
    if tally.edited_since:
        reasons.append(
            Reason(
                "text_changed_since",
                None,
                "the log shows another text under this id than the store holds now",
            )
        )
    if tally.accused_in:
        verdict = SuspectVerdict.RESPONSIBLE
    elif any(reason.code in _CORRUPTED for reason in found):
        verdict = SuspectVerdict.CORRUPTED
    else:
        verdict = SuspectVerdict.SUSPECT
    return Suspect(
        tally.entry,
        verdict,
        tally.best if tally.accused_in else 0.0,
        tally.p_value if tally.examined_in else None,
        len(tally.accused_in),
        len(tally.turns),
        tuple(reasons),
    )


def _nearest_trusted(
    entries: Sequence[Entry], embedder: Embedder, trusted: TrustedIndex | None
) -> dict[str, tuple[str, str]]:
    """Return id and text of the trusted chunk nearest to each entry's text."""
    with_text = [entry for entry in entries if entry.text]
    if trusted is None or not len(trusted) or not with_text:
        return {}
    positions, _ = trusted.search(embedder.encode([entry.text or "" for entry in with_text]), 1)
    chunks = [trusted.chunk(int(row[0])) for row in positions]
    return {entry.id: (chunk.id, chunk.text) for entry, chunk in zip(with_text, chunks, strict=True)}


def _suspect_row(suspect: Suspect, nearest: tuple[str, str] | None) -> dict[str, Any]:
    entry = suspect.entry
    return {
        "entry_id": entry.id,
        "source": entry.source,
        "batch": entry.batch,
        "ingested_at": entry.ingested_at,
        "text": entry.text,
        "verdict": str(suspect.verdict),
        "responsibility": suspect.responsibility,
        "p_value": suspect.p_value,
        "n_events": suspect.n_events,
        "n_turns": suspect.n_turns,
        "reasons": [asdict(reason) for reason in suspect.reasons],
        "nearest_trusted_id": nearest[0] if nearest else "",
        "nearest_trusted_text": nearest[1] if nearest else "",
    }


def _trace_facts(
    store: Store,
    entries: Sequence[Entry],
    made: Sequence[Attribution],
    suspects: Sequence[Suspect],
    swept: SweepResult,
    *,
    files: Mapping[str, str],
    embedded_again: bool,
    cannot_know: Sequence[str],
) -> dict[str, Any]:
    origins = {str(origin): sum(one.accusation.origin is origin for one in made) for origin in Origin}
    responsible = {s.entry.id for s in suspects if s.verdict is SuspectVerdict.RESPONSIBLE}
    return {
        "store": {
            "kind": store.kind,
            "path": str(store.path),
            "entries": len(entries),
            "files": dict(files),
            "cannot_know": list(cannot_know),
            "embedded_again": embedded_again,
        },
        "events": len(made),
        "origins": origins,
        "unsupported_after_removal": sum(one.still_supported is False for one in made),
        "still_supported_after_removal": sum(bool(one.still_supported) for one in made),
        "suspects": {str(v): sum(s.verdict is v for s in suspects) for v in SuspectVerdict},
        "rollup": rollup_rows(roll_up(entries, responsible)),
        "sweep": {
            "entries": swept.n_entries,
            "findings": swept.counts(),
            "container": [asdict(reason) for reason in swept.container],
            "checked": dict(swept.checked),
            "not_checked": dict(swept.not_checked),
            "figures": dict(swept.figures),
        },
    }
