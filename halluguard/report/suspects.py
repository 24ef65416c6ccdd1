"""The suspects of a traced store, laid out for reading: text against trusted text, reasons, and activity over time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from halluguard.records import Reason, SuspectVerdict
from halluguard.report.data import Activity, Quote, SuspectCard, Suspects
from halluguard.report.differences import mark_differences
from halluguard.report.excerpts import shorten
from halluguard.report.tables import Period, Retrievals

NAMED_SUSPECTS = 20
NAMED_TURNS = 24
MOST_BINS = 90

Row = Mapping[str, Any]
_ORDER = {verdict: rank for rank, verdict in enumerate(SuspectVerdict)}


def rank_suspects(rows: Sequence[Row]) -> list[Row]:
    """Order suspects: responsible, corrupted, suspect; then turns touched and responsibility. Cleared ones are left out."""
    shown = [row for row in rows if row["verdict"] != SuspectVerdict.CLEARED]
    return sorted(
        shown,
        key=lambda row: (
            _ORDER[SuspectVerdict(row["verdict"])],
            -(row["n_turns"] or 0),
            -(row["responsibility"] or 0.0),
            row["entry_id"],
        ),
    )


def lay_out_suspects(
    rows: Sequence[Row], retrievals: Retrievals, accusing: Mapping[str, set[str]], log: Period
) -> Suspects:
    """Build the cards of the gravest suspects; `accusing` gives the turns in which a claim is laid to each entry."""
    ranked = rank_suspects(rows)
    counts = Counter(SuspectVerdict(row["verdict"]) for row in rows)
    shown = ranked[:NAMED_SUSPECTS]
    window = activity_window(log, [row["ingested_at"] for row in shown])
    return Suspects(
        cards=tuple(
            _card(
                row, retrievals.turns.get(row["entry_id"], []), accusing.get(row["entry_id"], set()), window
            )
            for row in shown
        ),
        counts=tuple((verdict, counts[verdict]) for verdict in SuspectVerdict if counts[verdict]),
        n_left_out=len(ranked) - len(shown),
    )


def activity_window(log: Period, ingested: Sequence[datetime | None]) -> tuple[datetime, datetime] | None:
    """Choose the days that every suspect's timeline covers: the log, and before it up to half its length for ingests.

    Older ingests are marked at the left edge; they would press the log into a corner.
    """
    if log.first is None or log.last is None:
        return None
    first, last = _midnight(log.first), _midnight(log.last) + timedelta(days=1)
    earlier = [_midnight(moment) for moment in ingested if moment is not None]
    return min([first, *(moment for moment in earlier if moment >= first - (last - first) / 2)]), last


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _card(
    row: Row,
    turns: Sequence[tuple[str, datetime | None]],
    accusing: set[str],
    window: tuple[datetime, datetime] | None,
) -> SuspectCard:
    text = shorten(row["text"] or "")
    trusted_text = row["nearest_trusted_text"]
    trusted = Quote(row["nearest_trusted_id"] or "", shorten(trusted_text)) if trusted_text else None
    ordered = sorted(turns, key=lambda turn: turn[0] not in accusing)
    return SuspectCard(
        entry_id=row["entry_id"],
        source=row["source"] or "",
        batch=row["batch"] or "",
        ingested_at=row["ingested_at"],
        verdict=SuspectVerdict(row["verdict"]),
        responsibility=row["responsibility"],
        p_value=row["p_value"],
        n_claims=row["n_events"] or 0,
        n_turns=row["n_turns"] or 0,
        reasons=tuple(
            Reason(reason["code"], reason["figure"], reason["detail"] or "")
            for reason in row["reasons"] or ()
        ),
        text=text,
        trusted=trusted,
        comparison=mark_differences(text, trusted.text) if trusted and text else (),
        activity=_activity(row["ingested_at"], turns, accusing, window) if window else None,
        turn_ids=tuple(turn_id for turn_id, _ in ordered[:NAMED_TURNS]),
        n_touched=len(turns),
    )


def _activity(
    ingested_at: datetime | None,
    turns: Sequence[tuple[str, datetime | None]],
    accusing: set[str],
    window: tuple[datetime, datetime],
) -> Activity:
    start, end = window
    n_bins = min(MOST_BINS, max(1, (end - start).days))
    touched, flagged = [0] * n_bins, [0] * n_bins
    for turn_id, moment in turns:
        if moment is not None and start <= moment < end:
            position = int((moment - start) / (end - start) * n_bins)
            touched[position] += 1
            flagged[position] += turn_id in accusing
    return Activity(start, end, ingested_at, tuple(touched), tuple(flagged))
