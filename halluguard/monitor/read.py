"""From run directories to the answers and windows of the monitor."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import SettingError
from halluguard.monitor.sample import Answer, Window, split_windows
from halluguard.records import NOT_CHECKABLE, UNGROUNDED, Status
from halluguard.run import Run

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

_TURN_COLUMNS = ["turn_id", "conversation_id", "timestamp", "question", "answer", "retrieved"]
_CLAIM_COLUMNS = ["turn_id", "status", "cited_entailment", "trusted_entailment", "trusted_contradiction"]
_INVENTION = frozenset({Status.CONTRADICTED, Status.UNSUPPORTED})


def read_windows(run: Run, by: str, *, name: str = "", embed: Embed | None = None) -> list[Window]:
    """Read a checked run as windows: `day`, a number of answers, or `all`; `embed` adds vectors of questions and answers.

    Raises:
        SettingError: `by` is none of these, or the run has no times to make days of.

    """
    if by not in ("day", "all") and not (by.isdecimal() and int(by) > 0):
        raise SettingError(f"--window {by!r} is neither day, nor all, nor a number of answers")
    claims = _read_claims(run)
    answers: list[Answer] = []
    texts: list[tuple[str, str]] = []
    for batch in run.stream("turns"):
        for row in batch.select(_TURN_COLUMNS).to_pylist():
            answers.append(_answer(row, claims.get(row["turn_id"], [])))
            texts.append((row["question"] or "", row["answer"] or ""))
    order = sorted(range(len(answers)), key=lambda row: _moment(answers[row]))
    ordered = [answers[row] for row in order]
    parts = split_windows(ordered, by)
    if not parts and answers:
        raise SettingError(f"{run.path}: no turn has a time, so there are no days. Use --window N")
    prefix = f"{name} " if name and by != "all" else name
    windows = []
    for label, rows in parts:
        chosen = tuple(ordered[row] for row in rows)
        vectors = _embed([texts[order[row]] for row in rows], embed)
        windows.append(Window(prefix if by == "all" and prefix else f"{prefix}{label}", chosen, *vectors))
    return windows


def _moment(answer: Answer) -> float:
    """Sort by time; answers without one keep the order of the log, after the others."""
    return answer.timestamp.timestamp() if answer.timestamp is not None else float("inf")


def _read_claims(run: Run) -> dict[str, list[tuple[Status, float | None, bool, bool]]]:
    """Return status, support, whether there was support to read, and whether the trusted corpus was read; by turn."""
    found: dict[str, list[tuple[Status, float | None, bool, bool]]] = {}
    for batch in run.stream("claims"):
        for row in batch.select(_CLAIM_COLUMNS).to_pylist():
            given = [
                value for value in (row["cited_entailment"], row["trusted_entailment"]) if value is not None
            ]
            has_trusted = row["trusted_entailment"] is not None or row["trusted_contradiction"] is not None
            entry = (Status(row["status"]), max(given, default=None), bool(given), has_trusted)
            found.setdefault(row["turn_id"], []).append(entry)
    return found


def _answer(row: dict[str, object], claims: list[tuple[Status, float | None, bool, bool]]) -> Answer:
    checkable = [claim for claim in claims if claim[0] not in NOT_CHECKABLE]
    retrieved = row["retrieved"]
    scores = [
        chunk["score"]
        for chunk in (retrieved if isinstance(retrieved, list) else ())
        if chunk["score"] is not None and np.isfinite(chunk["score"])
    ]
    statuses = {status for status, *_ in checkable}
    timestamp = row["timestamp"]
    return Answer(
        turn_id=str(row["turn_id"]),
        conversation=str(row["conversation_id"] or ""),
        timestamp=timestamp,  # type: ignore[arg-type]
        length=len(str(row["answer"] or "").split()),
        support=min((support for _, support, _, _ in checkable if support is not None), default=None),
        similarity=max(scores, default=None),
        checkable=bool(checkable),
        ungrounded=bool(statuses & UNGROUNDED),
        conflict=Status.SOURCE_CONFLICT in statuses,
        invention=bool(statuses & _INVENTION),
        has_trusted=any(trusted for *_, trusted in checkable),
    )


def _embed(
    texts: Sequence[tuple[str, str]], embed: Embed | None
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    if embed is None:
        return None, None
    return (
        np.asarray(embed([question for question, _ in texts]), dtype=np.float64),
        np.asarray(embed([answer for _, answer in texts]), dtype=np.float64),
    )
