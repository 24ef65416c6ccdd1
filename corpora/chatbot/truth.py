"""What the author knows about a played scenario: claims, entries, origins, timeline."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from corpora.chatbot.dialogue import Stated, Style
from corpora.chatbot.ingest import mark_duplicates
from corpora.chatbot.record import Player, Recorded
from corpora.chatbot.shelf import Item

_STATUS = {
    "": "grounded",
    "bare": "uncited",
    "wrong": "misattributed",
    "ghost": "misattributed",
    "loose": "uncorroborated",
    "invent": "unsupported",
    "invent bare": "unsupported",
    "contra": "contradicted",
    "contra bare": "contradicted",
}
_ALSO = {"ghost": ["uncited"], "loose": ["source_conflict"]}


def tell_truth(player: Player) -> dict[str, Any]:
    """Return the whole truth as plain JSON values; the log's and store's order is kept."""
    items = {item.id: item for item in (*player.shelf.retired, *player.shelf.items)}
    turns = {turn.turn_id: _turn_truth(turn, items) for turn in player.turns}
    return {
        "counts": {
            "turns": len(player.turns),
            "entries": len(player.shelf.items),
            "turn_labels": dict(sorted(Counter(turn["label"] for turn in turns.values()).items())),
            "claim_statuses": dict(
                sorted(
                    Counter(claim["status"] for turn in turns.values() for claim in turn["claims"]).items()
                )
            ),
        },
        "timeline": _timeline(player),
        "origins": _origins(player),
        "ghost_ids": sorted(
            {
                ghost
                for turn in turns.values()
                for claim in turn["claims"]
                for ghost in claim.get("ghosts", ())
            }
        ),
        "retired_ids": [item.id for item in player.shelf.retired],
        "entries": _entries_truth(player),
        "turns": turns,
    }


def _turn_truth(turn: Recorded, items: dict[str, Item]) -> dict[str, Any]:
    claims = [_claim_truth(stated, turn, items) for stated in turn.said.stated]
    truth: dict[str, Any] = {"label": _label(turn, claims), "intent": turn.intent.id, "claims": claims}
    if turn.hop is not None:
        truth |= {"hop": turn.hop, "generation": turn.hop // 2, "origins": list(turn.origins)}
    return truth


def _label(turn: Recorded, claims: list[dict[str, Any]]) -> str:
    if not claims:
        return "smalltalk" if turn.intent.theme == "smalltalk" else "abstained"
    if turn.hop is not None:
        is_write_back = turn.hop > 1
        return "false_write_back" if is_write_back else f"false_{turn.kind}"
    worst = ("contradicted", "unsupported", "misattributed", "uncited")
    found = {claim["status"] for claim in claims}
    fault = next((status for status in worst if status in found), "")
    return fault or ("partial" if turn.said.is_partial else "right")


def _claim_truth(stated: Stated, turn: Recorded, items: dict[str, Item]) -> dict[str, Any]:
    segment = stated.segment
    is_false = turn.kind in ("poison", "stale") and segment.mode == ""
    known = [id_ for id_ in stated.cited if id_ in items]
    truth: dict[str, Any] = {
        "start": stated.start,
        "end": stated.end,
        "text": stated.text,
        "status": "source_conflict" if is_false else _STATUS[segment.mode],
        "cited": known,
        "evidence": segment.key,
    }
    if ghosts := [id_ for id_ in stated.cited if id_ not in items]:
        truth["ghosts"] = [str(turn.n_used + 5)] if turn.style is Style.NUMBERS else ghosts
    if also := [*_ALSO.get(segment.mode, ()), *segment.also]:
        truth["also_accepted"] = also
    if is_false:
        truth["responsible"] = known
        truth["origins"] = sorted({origin for id_ in known for origin in items[id_].origins})
    elif segment.mode in ("wrong", "ghost", "bare"):
        truth["supporting"] = [item.id for item in turn.used if item.bears(segment.key)]
    return truth


def _entries_truth(player: Player) -> dict[str, Any]:
    again = mark_duplicates(player.shelf.items)
    truths: dict[str, Any] = {}
    for item in player.shelf.items:
        truth: dict[str, Any] = {"label": item.label}
        if item.id in again and item.label == "clean":
            truth = {"label": "fault:duplicate", "duplicate_of": again[item.id]}
        if item.parent:
            truth["written_by_turn"] = item.parent
        if item.hop is not None:
            truth |= {"hop": item.hop, "generation": item.hop // 2, "origins": list(item.origins)}
        truths[item.id] = truth
    return truths


def _origins(player: Player) -> dict[str, Any]:
    kinds = {"poisoned": "poison", "stale": "stale"}
    origins: dict[str, Any] = {}
    for item in player.shelf.items:
        if item.label in kinds:
            origin = origins.setdefault(
                kinds[item.label], {"source": item.source, "batch": item.batch, "entries": []}
            )
            origin["entries"].append(item.id)
    return origins


def _timeline(player: Player) -> dict[str, Any]:
    timeline: dict[str, Any] = {}
    for kind, origin in _origins(player).items():
        ids = set(origin["entries"])
        touched = [turn for turn in player.turns if ids & set(turn.origins)]
        seen = [turn for turn in player.turns if ids & {item.id for item in turn.used}]
        written = [item for item in player.shelf.items if item.parent and ids & set(item.origins)]
        later = [turn for turn in touched if (turn.hop or 0) > 1]
        timeline[kind] = {
            "injected_at": _z(next(item.ingested_at for item in player.shelf.items if item.id in ids)),
            "first_turn_shown_it": seen[0].turn_id if seen else None,
            "first_affected_turn": touched[0].turn_id if touched else None,
            "first_affected_at": touched[0].at.isoformat() if touched else None,
            "first_write_back": written[0].id if written else None,
            "first_write_back_at": _z(written[0].ingested_at) if written else None,
            "first_turn_from_write_back": later[0].turn_id if later else None,
            "affected_turns": [turn.turn_id for turn in touched],
            "written_back_entries": [item.id for item in written],
            "deepest_generation": max((item.hop or 0) // 2 for item in written) if written else 0,
        }
    return timeline


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
