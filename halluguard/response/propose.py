"""Propose a plan: read what the run and the store say, and turn it into actions with costs and savings in counts."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from halluguard.cascade import Regime
from halluguard.errors import RunError
from halluguard.records import UNGROUNDED, Entry
from halluguard.response.choose import Chosen, add_rewrites, add_written_back, choose_entries, excuse
from halluguard.response.digests import digest_text, root_of_entries
from halluguard.response.earlier import Earlier, choose_earlier, find_hindrance, is_by_place, read_earlier
from halluguard.response.ghosts import ACCUSED, read_ghosts
from halluguard.response.plan import Plan, PlanAction, PlanEntry, number_actions
from halluguard.run import Run
from halluguard.stores import Store

MAX_TEXT = 300
SPREADING = frozenset({Regime.CAPTURED, Regime.AMPLIFYING, Regime.GROWING_WITH_STORE})
"""Regimes under which users keep getting the claim while people work, so that a scripted answer is proposed at once."""


@dataclass(frozen=True)
class Known:
    """What a run and its store say, as far as a plan needs it."""

    suspects: Sequence[Mapping[str, Any]]
    cascade: Mapping[str, Any]
    entries: Mapping[str, Mapping[str, Any]]
    rollup: Sequence[Mapping[str, Any]]
    turns: Mapping[str, Mapping[str, Any]]
    retrieved_in: Mapping[str, Sequence[str]]
    flagged: Mapping[str, Sequence[str]]
    cited: Mapping[str, Collection[str]]
    ghosts: Sequence[str] = ()


def gather(run: Run, store: Store) -> Known:
    """Read tables and store. Raises RunError where the run was not traced, or traced again since its spread was scored."""
    suspects = run.read("suspects").to_pylist()
    cascade_path = run.path / "cascade.json"
    if not cascade_path.is_file():
        raise RunError(f"{run.path}: no cascade.json. Make it with `halluguard cascade`")
    if run.has_stale_cascade():
        raise RunError(
            f"{run.path}: cascade.json was scored before the last trace. Make it again with `halluguard cascade`"
        )
    cascade = json.loads(cascade_path.read_text(encoding="utf-8"))
    entries = _by_id(store)
    turns: dict[str, Mapping[str, Any]] = {}
    retrieved: dict[str, list[str]] = {}
    for batch in run.stream("turns"):
        for row in batch.to_pylist():
            turns[row["turn_id"]] = {
                key: row[key] for key in ("conversation_id", "user_id", "timestamp", "question")
            }
            for chunk in row["retrieved"] or ():
                retrieved.setdefault(chunk["id"], []).append(row["turn_id"])
    flagged: dict[str, list[str]] = {}
    cited: dict[str, set[str]] = {}
    for row in run.read("claims", ["turn_id", "claim_id", "status", "cited_ids"]).to_pylist():
        cited.setdefault(row["turn_id"], set()).update(row["cited_ids"] or ())
        if row["status"] in UNGROUNDED:
            flagged.setdefault(row["turn_id"], []).append(row["claim_id"])
    rollup = run.manifest.get("trace", {}).get("rollup", [])
    ghosts = tuple(read_ghosts(run, entries))
    return Known(suspects, cascade, entries, rollup, turns, retrieved, flagged, cited, ghosts)


def _by_id(store: Store) -> dict[str, dict[str, Any]]:
    """Return the facts of every id; where several entries share one, the last one's, and how many they are."""
    entries: dict[str, dict[str, Any]] = {}
    for entry in store.entries():
        before = entries.get(entry.id, {"copies": 0})
        entries[entry.id] = {**_facts(entry), "copies": before["copies"] + 1}
    return entries


def _facts(entry: Entry) -> dict[str, Any]:
    return {
        "source": entry.source,
        "batch": entry.batch,
        "ingested_at": entry.ingested_at,
        "written_by_turn": entry.written_by_turn,
        "text": (entry.text or "")[:MAX_TEXT],
        "digest": digest_text(entry.text),
    }


@dataclass(frozen=True, slots=True)
class Found:
    """What reading the store and its copies told, by id.

    Which accused entries are trusted texts, the claims other entries say, and what copies held before those were edited.
    """

    vouched: frozenset[str]
    rewrites: Mapping[str, Sequence[str]]
    earlier: Mapping[str, Earlier] = field(default_factory=dict)


Search = Callable[[Sequence[str]], Found]
"""Ids to be quarantined, and of ghosts -> what the store's texts say about that."""


def propose_plan(
    run: Run,
    store: Store,
    snapshots: Sequence[Path] = (),
    *,
    collection: str | None = None,
    search: Search | None = None,
) -> Plan:
    """Return the plan that a traced run and its store call for; nothing is written.

    Args:
        run: with `suspects.parquet` and `cascade.json`.
        store: the store it was traced on.
        snapshots: earlier copies of the store, or files of `halluguard store snapshot`, oldest first or not.
        collection: which one of a Chroma or Qdrant store, in the copies too.
        search: finds rewrites of what is accused, which no answer had retrieved, and reads what copies held before; see
            `halluguard.response.search_with`. Without it nothing is proposed to be put back, only listed.

    """
    files = {
        file.name: file.sha256 for file in store.files()
    }  # before reading: the plan is for what was read
    known = gather(run, store)
    chosen = choose_entries(known.suspects, known.cascade["cascades"], known.entries, known.rollup)
    if search is not None:
        found = search([*(one.id for one in _condemned(chosen)), *known.ghosts])
        chosen = add_rewrites(excuse(chosen, found.vouched), found.rewrites)
        earlier = found.earlier
    else:
        ids = {one.id for one in _condemned(chosen)}
        earlier = choose_earlier(read_earlier(store, ids, snapshots, collection), None)
    chosen = add_written_back(chosen, known.entries, known.cited)
    root, count = root_of_entries(store.entries())
    out = {one.id for one in _condemned(chosen)}
    recalled = _recalled(run, known, {*out, *known.ghosts})
    actions = [
        _preserve(run, store),
        _freeze_write_back(known, chosen),
        _quarantine(known, chosen, _recalled(run, known, out), count),
        _put_back({key: one for key, one in earlier.items() if key in out}),
        _freeze_sources(known, chosen),
        _flush(known, chosen, recalled),
        _fall_back(known, recalled),
        _roll_back(known, chosen, store, snapshots, collection),
        _prove(),
        _recall(known, recalled, _to_read(known, out, recalled)),
    ]
    facts = {"path": str(store.path), "kind": store.kind, "entries": count, "root": root, "files": files}
    if note := _note_on_store(run, files):
        facts["note"] = note
    return Plan(str(run.path), facts, number_actions([one for one in actions if one is not None]))


def _note_on_store(run: Run, files: Mapping[str, str]) -> str:
    """Say where the store has other files than when it was traced: ids may have come to stand for other entries."""
    traced = run.manifest.get("trace", {}).get("store", {}).get("files")
    if traced is None or traced == files:
        return ""
    changed = min(name for name in {*traced, *files} if traced.get(name) != files.get(name))
    return f"the store is not as it was traced: trace it again ({changed} is not the file it was)"


def _condemned(chosen: Sequence[Chosen]) -> list[Chosen]:
    return [one for one in chosen if one.approve]


def _recalled(run: Run, known: Known, ids: set[str]) -> list[str]:
    """Return the turns that gave a false claim of some entries: of a cascade that holds one, or laid to one."""
    turns = {
        answer["turn_id"]
        for cascade in known.cascade["cascades"]
        if any(entry["id"] in ids for entry in cascade["entries"])
        for answer in cascade["answers"]
        if answer["role"] != "reports"
    }
    if run.has("events"):
        turns |= {
            row["turn_id"]
            for row in run.read("events", ["turn_id", "origin", "accused_ids"]).to_pylist()
            if row["origin"] in ACCUSED and ids & set(row["accused_ids"] or ())
        }
    return [turn for turn in known.turns if turn in turns]


def _preserve(run: Run, store: Store) -> PlanAction:
    size = sum(file.size for file in store.files())
    return PlanAction(
        "",
        "preserve_evidence",
        True,
        "store and log are copied and hashed before anything else, so that the case can be examined again",
        cost={"bytes": size, "files": len(store.paths)},
        targets={"run": str(run.path), "store": str(store.path)},
    )


def _freeze_write_back(known: Known, chosen: Sequence[Chosen]) -> PlanAction | None:
    written = {key: entry for key, entry in known.entries.items() if entry["written_by_turn"] is not None}
    false = [one for one in _condemned(chosen) if one.role == "written back" or one.id in written]
    if not written and not false:
        return None
    sources = Counter(known.entries[key]["source"] for key in (*written, *(one.id for one in false)))
    return PlanAction(
        "",
        "freeze_write_back",
        bool(false),
        "answers become entries, and false ones did: stop it until the store is proved clean"
        if false
        else "answers become entries; none of those is accused",
        evidence=tuple(one.id for one in false),
        cost={"entries_written_back_so_far": len(written)},
        saves={"false_entries_written_back_so_far": len(false)},
        targets={"paths": sorted(key for key in sources if key)},
    )


def _quarantine(
    known: Known, chosen: Sequence[Chosen], recalled: Sequence[str], count: int
) -> PlanAction | None:
    if not chosen:
        return None
    condemned = _condemned(chosen)
    ids = {one.id for one in condemned}
    shown = {turn for key in ids for turn in known.retrieved_in.get(key, ())}
    roles = Counter(one.role for one in condemned)
    reason = ", ".join(f"{number} {role}" for role, number in sorted(roles.items())) or "none is proposed"
    entries = tuple(_listed(known, one) for one in chosen)
    return PlanAction(
        "",
        "quarantine",
        bool(condemned),
        f"entries that put false claims into answers or are damaged: {reason}",
        evidence=tuple(
            f"{c['id']}: {c['claim'][:160]}" for c in known.cascade["cascades"] if _touches(c, ids)
        ),
        cost={
            "entries_out": sum(known.entries[one.id]["copies"] for one in condemned),
            "of_entries": count,
            "clean_answers_that_retrieved_one": len(shown - set(known.flagged)),
        },
        saves={"false_answers_that_rested_on_them": len(recalled), "to_review": len(chosen) - len(condemned)},
        entries=entries,
    )


def _touches(cascade: Mapping[str, Any], ids: set[str]) -> bool:
    return any(entry["id"] in ids for entry in cascade["entries"])


def _listed(known: Known, one: Chosen) -> PlanEntry:
    entry = known.entries[one.id]
    shared = f"{entry['copies']} entries of the store have this id: they go or stay together"
    why = (*one.why, shared) if entry["copies"] > 1 else one.why
    return PlanEntry(one.id, one.approve, one.role, why, entry["source"], entry["batch"], entry["text"])


def _put_back(earlier: Mapping[str, Earlier]) -> PlanAction | None:
    """Give condemned entries that were edited in place the text they had; approved where that was read and is clean."""
    if not earlier:
        return None
    clean = [key for key, one in earlier.items() if one.clean]
    return PlanAction(
        "",
        "put_back",
        bool(clean),
        "entries that were edited in place: what an earlier copy of the store holds takes their place",
        evidence=tuple(clean),
        saves={"entries_that_keep_a_text": len(clean)},
        entries=tuple(
            PlanEntry(
                key,
                one.clean,
                role="earlier text",
                why=(_why_put_back(one),),
                source=one.source,
                batch=one.batch,
                text=(one.text or "")[:MAX_TEXT],
                snapshot=str(one.path),
            )
            for key, one in sorted(earlier.items())
        ),
    )


def _why_put_back(earlier: Earlier) -> str:
    if earlier.hindrance:
        return f"another text is known of there, and cannot be put back: {earlier.hindrance}"
    if earlier.clean:
        return "its text there is another, and bears out no false claim of the run"
    return "its text there is another, and was not held against the false claims: read it before approving it"


def _freeze_sources(known: Known, chosen: Sequence[Chosen]) -> PlanAction | None:
    """Name sources and batches of what came in from outside; written-back entries are stopped at their path."""
    came_in = [one.id for one in _condemned(chosen) if one.role != "written back"]
    if not came_in:
        return None
    targets = {
        f"{level}s" if level == "source" else "batches": sorted(
            {known.entries[key][level] for key in came_in if known.entries[key][level]}
        )
        for level in ("source", "batch")
    }
    clean = [
        key
        for key, entry in known.entries.items()
        if entry["source"] in targets["sources"] and key not in came_in
    ]
    return PlanAction(
        "",
        "freeze_sources",
        True,
        "the next ingestion would bring the same text back: hold these sources until their owner has corrected them",
        evidence=tuple(came_in),
        cost={"clean_entries_of_these_sources_not_refreshed": len(clean)},
        saves={"entries_that_would_come_back": len(came_in)},
        targets=targets,
    )


def _flush(known: Known, chosen: Sequence[Chosen], recalled: Sequence[str]) -> PlanAction | None:
    """Name what keeps a claim outside the store; a ghost shows that something does."""
    if not _condemned(chosen) and not known.ghosts:
        return None
    questions = [known.turns[turn]["question"] for turn in recalled if known.turns[turn]["question"]]
    return PlanAction(
        "",
        "flush_caches",
        True,
        (
            f"accused entries that the store does not hold still gave answers: {len(known.ghosts)}; "
            if known.ghosts
            else ""
        )
        + "semantic and answer caches, replicas and fine-tuning queues keep a claim after its entry is gone",
        evidence=tuple(recalled[:20]),
        cost={"questions_answered_anew": len(set(questions))},
        saves={"false_answers_that_may_be_cached": len(recalled)},
        targets=({"ghosts": list(known.ghosts)} if known.ghosts else {})
        | {"questions": sorted(set(questions))[:50]},
    )


def _fall_back(known: Known, recalled: Sequence[str]) -> PlanAction:
    """Choose between a scripted answer on the topic, retrieval off, and neither."""
    regime = known.cascade["verdict"]["regime"]
    asked = len([turn for turn in known.turns if turn in known.flagged])
    share = len(recalled) / len(known.turns) if known.turns else 0.0
    spreading = regime in SPREADING and bool(recalled)
    if share > 0.2:
        mode, why = (
            "retrieval_off_with_scripted_answer",
            f"{share:.0%} of all answers gave a false claim of the store",
        )
    elif spreading:
        mode, why = (
            "scripted_answer_on_topic",
            f"the claim is {regime}: users keep getting it while people work",
        )
    else:
        mode, why = (
            "none",
            f"{share:.1%} of answers, verdict {regime}: the actions above are enough if they are carried out today",
        )
    return PlanAction(
        "",
        "fall_back",
        mode != "none",
        f"{mode}: {why}",
        cost={"answers_a_script_would_replace": asked if mode.startswith("retrieval") else len(recalled)},
        saves={"false_answers_in_the_log": len(recalled)},
        targets={
            "mode": mode,
            "rule": (
                "scripted answer on the topic while the verdict is amplifying, captured or growing; retrieval off, only together with a "
                "script, above 20 % false answers; end it when the proof is `proved` and caches are flushed"
            ),
        },
    )


def _roll_back(
    known: Known,
    chosen: Sequence[Chosen],
    store: Store,
    snapshots: Sequence[Path],
    collection: str | None,
) -> PlanAction | None:
    """Name the last copy of the store from before the first bad entry came; never approved by itself."""
    ids = [one.id for one in _condemned(chosen)]
    times = [known.entries[key]["ingested_at"] for key in ids if known.entries[key]["ingested_at"]]
    if not snapshots or not ids or any(map(is_by_place, known.entries)):
        return None
    from halluguard.response.snapshot import last_without, leaves_of

    copies = [path for path in snapshots if not find_hindrance(path, store, collection)]
    bad = {key: known.entries[key]["digest"] for key in ids}
    found = last_without(copies, bad, min(times, default=None), collection)
    if found is None:
        return None
    held = {leaf.id for leaf in leaves_of(found.path, collection)}
    return PlanAction(
        "",
        "roll_back",
        False,
        "an alternative to the quarantine alone: entries as they were in this snapshot, and the clean ones added since",
        cost={
            "entries_in_snapshot": found.entries,
            "entries_added_since": sum(
                entry["copies"] for key, entry in known.entries.items() if key not in held
            ),
        },
        saves={"bad_entries_not_in_it": len(ids)},
        targets={"snapshot": str(found.path), "latest_entry": found.latest or "unknown"},
    )


def _prove() -> PlanAction:
    return PlanAction(
        "",
        "prove",
        True,
        "the log's questions and paraphrases of them are asked of the new store; a false claim it still bears out is a failure",
        cost={},
        saves={},
    )


def _to_read(known: Known, ids: set[str], recalled: Sequence[str]) -> list[str]:
    """Return the other turns with a flagged claim that cite one of some entries: they may say the false claim in other words."""
    told = set(recalled)
    return [
        turn
        for turn in known.turns
        if turn in known.flagged and turn not in told and not ids.isdisjoint(known.cited.get(turn, ()))
    ]


def _recall(known: Known, recalled: Sequence[str], to_read: Sequence[str]) -> PlanAction | None:
    if not recalled and not to_read:
        return None
    rows = [known.turns[turn] for turn in recalled]
    conversations = sorted({row["conversation_id"] for row in rows if row["conversation_id"]})
    users = {row["user_id"] for row in rows if row["user_id"]}
    return PlanAction(
        "",
        "recall_answers",
        bool(recalled),
        "these answers gave a false claim that came out of the store: correct them, the right fact first"
        + ("; those to read are flagged and cite an entry that goes" if to_read else ""),
        cost={"conversations_to_notify": len(conversations), "users": len(users) or "not logged"},
        saves={"answers": len(recalled)} | ({"to_read": len(to_read)} if to_read else {}),
        targets={"turns": list(recalled), "conversations": conversations}
        | ({"to_read": list(to_read)} if to_read else {}),
    )
