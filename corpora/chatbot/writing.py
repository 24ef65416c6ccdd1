"""Write a played scenario in the native formats: log, store, truth and manifest."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from corpora.chatbot.dialogue import Style
from corpora.chatbot.record import Player, Recorded
from corpora.chatbot.shelf import Item


def write_store(items: Iterable[Item], folder: Path) -> None:
    """Write `entries.jsonl` and `vectors.npy` (float32, one unit row an entry, same order)."""
    items = list(items)
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / "entries.jsonl", (_entry_row(item) for item in items))
    np.save(folder / "vectors.npy", np.stack([item.vector for item in items]).astype(np.float32))


def _entry_row(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "text": item.text,
        "source": item.source,
        "ingested_at": item.ingested_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "batch": item.batch,
        "written_by_turn": item.written_by_turn,
        "metadata": item.metadata,
    }


def write_log(player: Player, path: Path) -> None:
    """Write the turns in order of time."""
    _write_lines(path, (_turn_row(turn) for turn in player.turns))


def _turn_row(turn: Recorded) -> dict[str, Any]:
    row: dict[str, Any] = {
        "turn_id": turn.turn_id,
        "conversation_id": turn.conversation_id,
        "timestamp": turn.at.isoformat(),
        "user_id": turn.user_id,
        "question": turn.question,
        "answer": turn.said.text,
        "retrieved": [
            {
                "id": item.id,
                "text": item.text,
                "score": round(score, 4),
                "rank": rank,
                "used": rank <= turn.n_used,
                "metadata": {"source": item.source, "title": item.metadata["title"]},
            }
            for rank, (item, score) in enumerate(turn.found, start=1)
        ],
        "feedback": _feedback(turn.thumb),
        "model": turn.model,
        "index_version": turn.index_version,
    }
    if turn.style is Style.FIELD:
        row["citations"] = [
            {"id": cited, "start": stated.start, "end": stated.end}
            for stated in turn.said.stated
            for cited in stated.cited
        ]
    if turn.retry_of:
        row["retry_of"] = turn.retry_of
    return row


def _feedback(thumb: tuple[int, datetime] | None) -> list[dict[str, Any]]:
    if thumb is None:
        return []
    return [{"kind": "thumb", "value": thumb[0], "timestamp": thumb[1].isoformat(), "by": "user"}]


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write indented JSON with its keys in the order given."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
