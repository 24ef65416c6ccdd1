"""Charts stay inside their frame and put every figure where it belongs."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.records import Status
from halluguard.report import charts
from halluguard.report.data import Activity, Grouping, GroupRate, MeasuredRate


@st.composite
def rates(draw):
    """A rate with an interval around it."""
    total = draw(st.integers(1, 5000))
    hits = draw(st.integers(0, total))
    low, high = draw(st.floats(0, hits / total)), draw(st.floats(hits / total, 1))
    return MeasuredRate(hits, total, low, high)


DAYS = st.lists(
    st.tuples(st.dates(date(2026, 1, 1), date(2026, 12, 31)), rates()),
    min_size=1,
    max_size=30,
    unique_by=lambda day: day[0],
)


@given(DAYS)
@settings(max_examples=40)
def test_days_keep_their_order_and_their_place(days):
    chart = charts.draw_days(
        Grouping(
            "day",
            tuple(GroupRate(day.isoformat(), rate) for day, rate in sorted(days, key=lambda day: day[0])),
        )
    )
    places = [point.x for point in chart.points]
    assert places == sorted(places)
    assert all(point.bar_left >= 0 and point.bar_left + point.bar_width <= 100.01 for point in chart.points)
    for point in chart.points:
        assert charts.RATE_TOP <= point.y_high <= point.y <= point.y_low <= charts.RATE_BOTTOM
        assert charts.VOLUME_TOP <= point.bar_top <= charts.VOLUME_BOTTOM
    heights = [tick.at for tick in chart.rate_ticks]
    assert heights == sorted(heights, reverse=True)
    assert (heights[0], heights[-1]) == (charts.RATE_BOTTOM, charts.RATE_TOP)


def test_a_day_without_claims_leaves_a_gap():
    grouping = Grouping(
        "day", tuple(GroupRate(key, MeasuredRate(1, 4)) for key in ("2026-03-01", "2026-03-02", "2026-03-05"))
    )
    assert [point.x for point in charts.draw_days(grouping).points] == [10.0, 30.0, 90.0]


def test_turns_without_a_date_are_told_apart():
    grouping = Grouping(
        "day", (GroupRate("2026-03-01", MeasuredRate(1, 4)), GroupRate("", MeasuredRate(2, 3)))
    )
    chart = charts.draw_days(grouping)
    assert len(chart.points) == 1
    assert chart.undated == MeasuredRate(2, 3)


def test_a_day_with_one_claim_does_not_flatten_the_others():
    steady = [MeasuredRate(2, 100, 0.006, 0.07), MeasuredRate(0, 1, 0.0, 0.79)]
    assert charts.rate_ceiling(steady)[0] == pytest.approx(0.08)


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Status)), st.integers(0, 10_000)),
        min_size=1,
        unique_by=lambda pair: pair[0],
    )
)
@settings(max_examples=40)
def test_statuses_fill_the_strip_without_overlap(statuses):
    slices = charts.slice_statuses(statuses)
    assert sum(part.count for part in slices) == sum(count for _, count in statuses)
    for left, right in itertools.pairwise(slices):
        assert right.left == pytest.approx(left.left + left.width, abs=0.01)
    if slices:
        assert slices[-1].left + slices[-1].width == pytest.approx(100, abs=0.02)


def test_an_entry_ingested_before_the_window_is_marked_at_its_edge():
    start = datetime(2026, 3, 1, tzinfo=UTC)
    activity = Activity(
        start, start + timedelta(days=4), datetime(2021, 1, 1, tzinfo=UTC), (0, 2, 0, 1), (0, 1, 0, 0)
    )
    timeline = charts.draw_timeline(activity)
    assert timeline.ingested == charts.Tick(0.0, "ingested 1 Jan 2021, before this window", "start")
    assert [bar.label for bar in timeline.bars] == [
        "2 Mar 2026: 2 touched, 1 flagged",
        "4 Mar 2026: 1 touched, 0 flagged",
    ]
    assert (timeline.start, timeline.end) == ("1 Mar 2026", "4 Mar 2026")
