"""What a report needs of the tables of a run, read in batches so that a log of any length fits in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from halluguard.records import UNGROUNDED
from halluguard.run import Run

_BATCH_ROWS = 16_384
_FLAGGED = sorted(status.value for status in UNGROUNDED)
_RANKING_COLUMNS = [
    "turn_id",
    "timestamp",
    "claim_id",
    "status",
    "text",
    "cited_evidence_id",
    "trusted_contradiction",
]
_RETRIEVAL_COLUMNS = ["turn_id", "timestamp", "retrieved.list.element.id", "retrieved.list.element.source"]


@dataclass(frozen=True, slots=True)
class Period:
    """First and last time of the turns that carry one, None where none does."""

    first: datetime | None = None
    last: datetime | None = None

    def including(self, moment: datetime | None) -> "Period":
        """Return the period stretched to `moment`."""
        if moment is None:
            return self
        return Period(min(self.first or moment, moment), max(self.last or moment, moment))


@dataclass(slots=True)
class Retrievals:
    """Where entries of interest were retrieved: their source, and the turns with their times, in the order of the log."""

    sources: dict[str, str] = field(default_factory=dict)
    turns: dict[str, list[tuple[str, datetime | None]]] = field(default_factory=dict)


def flagged_claims(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the ungrounded claims in the order of the log, with the columns that ranking needs."""
    for batch in run.stream("claims", _BATCH_ROWS, _RANKING_COLUMNS):
        yield from batch.filter(pc.is_in(batch["status"], value_set=pa.array(_FLAGGED))).to_pylist()


def log_period(run: Run) -> Period:
    """Return when the first and the last dated turn took place."""
    period = Period()
    for batch in run.stream("turns", _BATCH_ROWS, ["timestamp"]):
        ends = pc.min_max(batch["timestamp"]).as_py()
        period = period.including(ends["min"]).including(ends["max"])
    return period


def retrievals_of(run: Run, entry_ids: Sequence[str]) -> Retrievals:
    """Find the turns that retrieved each of `entry_ids`."""
    found = Retrievals()
    wanted = pa.array(sorted(set(entry_ids)), pa.string())
    for batch in run.stream("turns", _BATCH_ROWS, _RETRIEVAL_COLUMNS) if len(wanted) else ():
        chunks = pc.list_flatten(batch["retrieved"])
        hits = pc.is_in(pc.struct_field(chunks, "id"), value_set=wanted)
        parents = pc.list_parent_indices(batch["retrieved"]).filter(hits)
        turn_ids, moments = (
            batch["turn_id"].take(parents).to_pylist(),
            batch["timestamp"].take(parents).to_pylist(),
        )
        for turn_id, moment, chunk in zip(turn_ids, moments, chunks.filter(hits).to_pylist(), strict=True):
            turn = (turn_id, moment)
            turns = found.turns.setdefault(chunk["id"], [])
            if not turns or turns[-1] != turn:
                turns.append(turn)
            if chunk["source"]:
                found.sources.setdefault(chunk["id"], chunk["source"])
    return found


def rows_of_turns(run: Run, name: str, turn_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Read the rows of a few turns, grouped by turn, in the order of the table."""
    wanted = sorted(set(turn_ids))
    table = run.read(name, filters=[("turn_id", "in", wanted)]) if wanted else None
    grouped: dict[str, list[dict[str, Any]]] = {turn_id: [] for turn_id in wanted}
    for row in table.to_pylist() if table is not None else ():
        grouped[row["turn_id"]].append(row)
    return grouped


def events_of(run: Run) -> list[dict[str, Any]]:
    """Read the events of a traced run; empty where it has not been traced."""
    return run.read("events").to_pylist() if run.has("events") else []
