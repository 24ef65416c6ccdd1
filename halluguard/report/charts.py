"""The geometry of the charts, as plain numbers: across in percent of the width, down in pixels.

Percentages let a chart fill any width while its text keeps its size; the templates only draw what is said here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from halluguard.records import Status
from halluguard.report.data import Activity, Grouping, GroupRate, MeasuredRate
from halluguard.report.wording import NOT_STATED, day, interval, percent, short_day

RATE_TOP, RATE_BOTTOM = 14.0, 190.0
VOLUME_TOP, VOLUME_BOTTOM = 206.0, 250.0
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
_STEADY_CLAIMS = 10
_DAY_LABELS = 4
TIMELINE_HEIGHT = 44.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis with its label; `anchor` keeps labels at the ends inside the chart."""

    at: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class DayPoint:
    """One day: its place, its rate with interval, and the bar for how many claims stand behind it."""

    x: float
    y: float
    y_low: float | None
    y_high: float | None
    bar_left: float
    bar_width: float
    bar_top: float
    label: str


@dataclass(frozen=True, slots=True)
class DayChart:
    """The rate over days with the number of claims beneath; `undated` is the group of turns without a time."""

    points: tuple[DayPoint, ...]
    rate_ticks: tuple[Tick, ...]
    day_ticks: tuple[Tick, ...]
    most_claims: int
    undated: MeasuredRate | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A horizontal bar from 0 to `width` percent, with an interval where there is one."""

    label: str
    width: float
    low: float | None
    high: float | None
    figure: str
    count: str


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a whole: `left` and `width` in percent."""

    status: Status
    count: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class TimelineBar:
    """The turns of one bin: a bar of all, and in it the flagged ones."""

    left: float
    width: float
    top: float
    flagged_top: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The turns an entry touched, and when it came in; `ingested` is None where the store does not say."""

    bars: tuple[TimelineBar, ...]
    start: str
    end: str
    ingested: Tick | None
    most_turns: int


def rate_ceiling(rates: Sequence[MeasuredRate]) -> tuple[float, float]:
    """Choose the top of a rate axis and the step of its grid.

    Every rate fits; so do the intervals of groups with at least ten claims. Wider ones are cut at the top, since
    a day with one claim would otherwise flatten all the others.
    """
    reach = [rate.value or 0.0 for rate in rates] + [
        rate.high or 0.0 for rate in rates if rate.total >= _STEADY_CLAIMS
    ]
    top = max([*reach, 0.01])
    step = next((step for step in _STEPS if top / step <= 4), _STEPS[-1])
    return min(1.0, -(-top // step) * step), step


def draw_days(grouping: Grouping) -> DayChart:
    """Place the rate of every day at its date; days without claims leave a gap."""
    dated = [
        (found, group)
        for group in grouping.groups
        if (found := _date(group.key)) is not None and group.rate.total
    ]
    undated = next((group.rate for group in grouping.groups if _date(group.key) is None), None)
    if not dated:
        return DayChart((), (), (), 0, undated)
    ceiling, step = rate_ceiling([group.rate for _, group in dated])
    first, n_days = dated[0][0], (dated[-1][0] - dated[0][0]).days + 1
    most = max(group.rate.total for _, group in dated)
    points = tuple(_day_point(group, (found - first).days, n_days, ceiling, most) for found, group in dated)
    lines = round(ceiling / step)
    ticks = tuple(
        Tick(_rate_y(step * line, ceiling), f"{100 * step * line:.0f}%") for line in range(lines + 1)
    )
    return DayChart(points, ticks, _day_ticks(first, n_days), most, undated)


def _date(key: str) -> date | None:
    try:
        return date.fromisoformat(key)
    except ValueError:
        return None


def _rate_y(rate: float, ceiling: float) -> float:
    return round(RATE_BOTTOM - (RATE_BOTTOM - RATE_TOP) * min(rate / ceiling, 1.0), 2)


def _day_point(group: GroupRate, position: int, n_days: int, ceiling: float, most: int) -> DayPoint:
    rate, slot = group.rate, 100 / n_days
    bounds = f" ({interval(rate)})" if interval(rate) else ""
    return DayPoint(
        x=round(slot * (position + 0.5), 3),
        y=_rate_y(rate.value or 0.0, ceiling),
        y_low=None if rate.low is None else _rate_y(rate.low, ceiling),
        y_high=None if rate.high is None else _rate_y(rate.high, ceiling),
        bar_left=round(slot * (position + 0.15), 3),
        bar_width=round(slot * 0.7, 3),
        bar_top=round(VOLUME_BOTTOM - (VOLUME_BOTTOM - VOLUME_TOP) * rate.total / most, 2),
        label=f"{short_day(group.key)}: {percent(rate.value)}{bounds}, {rate.hits:,} of {rate.total:,}",
    )


def _day_ticks(first: date, n_days: int) -> tuple[Tick, ...]:
    count = min(_DAY_LABELS, n_days)
    positions = sorted({round(index * (n_days - 1) / max(count - 1, 1)) for index in range(count)})
    return tuple(
        Tick(
            round(100 * (position + 0.5) / n_days, 3),
            short_day((first + timedelta(days=position)).isoformat()),
            _anchor(position, n_days),
        )
        for position in positions
    )


def _anchor(position: int, n_days: int) -> str:
    if n_days == 1:
        return "middle"
    return "start" if position == 0 else "end" if position == n_days - 1 else "middle"


def draw_groups(grouping: Grouping) -> tuple[Bar, ...]:
    """Draw a bar for each group, on one scale, with the interval as a whisker."""
    rates = [group.rate for group in grouping.groups]
    ceiling, _ = rate_ceiling(rates)
    return tuple(
        Bar(
            label=group.key or NOT_STATED,
            width=_share(group.rate.value or 0.0, ceiling),
            low=None if group.rate.low is None else _share(group.rate.low, ceiling),
            high=None if group.rate.high is None else _share(group.rate.high, ceiling),
            figure=percent(group.rate.value),
            count=f"{group.rate.hits:,} of {group.rate.total:,}",
        )
        for group in grouping.groups
    )


def _share(value: float, whole: float) -> float:
    return round(100 * min(value / whole, 1.0), 3) if whole else 0.0


def slice_statuses(statuses: Sequence[tuple[Status, int]]) -> tuple[Slice, ...]:
    """Lay the statuses that occur end to end over the full width."""
    whole = sum(count for _, count in statuses)
    slices, left = [], 0.0
    for status, count in statuses:
        if count:
            width = 100 * count / whole
            slices.append(Slice(status, count, round(left, 3), round(width, 3)))
            left += width
    return tuple(slices)


def draw_timeline(activity: Activity) -> Timeline:
    """Draw the turns an entry touched as bars over time, with a mark where it was ingested."""
    n_bins, most = len(activity.touched), max(*activity.touched, 1)
    slot, length = 100 / n_bins, activity.end - activity.start
    bars = tuple(
        TimelineBar(
            left=round(slot * index + slot * 0.1, 3),
            width=round(slot * 0.8, 3),
            top=round(TIMELINE_HEIGHT * (1 - touched / most), 2),
            flagged_top=round(TIMELINE_HEIGHT * (1 - flagged / most), 2),
            label=f"{day(activity.start + length * index / n_bins)}: {touched} touched, {flagged} flagged",
        )
        for index, (touched, flagged) in enumerate(zip(activity.touched, activity.flagged, strict=True))
        if touched
    )
    last = activity.end - timedelta(days=1)
    return Timeline(bars, day(activity.start), day(max(last, activity.start)), _ingest_mark(activity), most)


def _ingest_mark(activity: Activity) -> Tick | None:
    if activity.ingested_at is None:
        return None
    share = (activity.ingested_at - activity.start) / (activity.end - activity.start)
    at = round(100 * min(max(share, 0.0), 1.0), 3)
    label = _ingest_label(activity.ingested_at, activity.start)
    return Tick(at, label, "start" if at < 50 else "end")


def _ingest_label(ingested_at: datetime, start: datetime) -> str:
    return f"ingested {day(ingested_at)}" + (", before this window" if ingested_at < start else "")
