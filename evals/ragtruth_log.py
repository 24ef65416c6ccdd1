"""RAGTruth QA answers as a conversation log, and longer logs made of it by repeating with changes."""

import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from halluguard.logs import turn_to_json
from halluguard.records import Chunk, Turn

_PASSAGE = re.compile(r"(?:^|\n\n)passage (\d+):")
_START = datetime(2026, 1, 5, tzinfo=UTC)
_NUMBER = re.compile(r"\d+")
_CHANGED = 500
"""In a long log one answer in so many states a number that no answer stated before it."""


def split_passages(document: str) -> list[str]:
    """Return the passages of a RAGTruth QA document, which joins them with `passage 1:` and so on before each."""
    parts = _PASSAGE.split(document)
    texts = parts[2::2] if len(parts) > 1 else parts
    return [text.strip() for text in texts if text.strip()]


def turn_id_of(row: Mapping[str, Any]) -> str:
    """Return the id of the turn that an answer of RAGTruth becomes."""
    return f"ragtruth-{row['id']}"


def ragtruth_turns(rows: Iterable[Mapping[str, Any]]) -> Iterator[Turn]:
    """Yield one turn an answer, its passages retrieved; a passage has the same id in every turn."""
    questions: dict[str, int] = {}
    for row in rows:
        number = questions.setdefault(row["document"], len(questions))
        chunks = tuple(
            Chunk(f"q{number:03}-p{place}", text, rank=place, metadata={"source": f"question-{number:03}"})
            for place, text in enumerate(split_passages(row["document"]), start=1)
        )
        yield Turn(
            turn_id_of(row), row["claim"], question=row.get("query"), retrieved=chunks, model=row.get("model")
        )


def ragtruth_log(rows: Iterable[Mapping[str, Any]], log_path: Path, trusted_path: Path) -> int:
    """Write answers as a native log and their passages as a trusted corpus, both JSONL; returns the number of turns.

    Args:
        rows: of `ragtruth_qa_test.jsonl.gz`: id, query, document, claim, model.
        log_path: the log to write.
        trusted_path: the corpus to write, each passage once.

    """
    turns = list(ragtruth_turns(rows))
    _write(log_path, (turn_to_json(turn) for turn in turns))
    passages = {chunk.id: chunk for turn in turns for chunk in turn.retrieved}
    _write(
        trusted_path,
        ({"id": chunk.id, "text": chunk.text, "source": chunk.source} for chunk in passages.values()),
    )
    return len(turns)


def repeat_turns(turns: Sequence[Turn], count: int, *, seed: int = 0) -> Iterator[Turn]:
    """Yield `count` turns made of some by repeating with changes, reproducibly.

    Each has an id, a conversation of four turns, a user and a time of its own, and leaves out one of its lines or
    sentences; one in five hundred states another number.
    """
    rng = random.Random(seed)
    for place in range(count):
        turn = turns[place % len(turns)]
        lines = [line for line in re.split(r"(?<=[.!?])\s+(?=[A-Z])|\n+", turn.answer) if line.strip()]
        if len(lines) > 1:
            lines.pop(rng.randrange(len(lines)))
        answer = "\n\n".join(lines)
        if place % _CHANGED == 0:
            answer = _NUMBER.sub(str(1000 + place), answer, count=1)
        yield Turn(
            f"{turn.turn_id}-{place}",
            answer,
            question=turn.question,
            conversation_id=f"conversation-{place // 4}",
            timestamp=_START + timedelta(seconds=20 * place),
            retrieved=turn.retrieved,
            user_id=f"user-{rng.randrange(5000)}",
            model=turn.model,
        )


def write_turns(turns: Iterable[Turn], path: Path) -> None:
    """Write turns as a native log, one in memory at a time."""
    _write(path, map(turn_to_json, turns))


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
