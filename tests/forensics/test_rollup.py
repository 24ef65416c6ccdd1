"""Roll-up from entries to source, batch and day."""

from datetime import UTC, datetime

import pytest
from scipy.stats import binom

from halluguard.forensics.rollup import roll_up
from halluguard.records import Entry

TUESDAY = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def store():
    bad = [
        Entry(f"bad-{i}", "x", source="refunds.md", batch="vendor-feed", ingested_at=TUESDAY)
        for i in range(3)
    ]
    mixed = [Entry(f"faq-{i}", "x", source="faq", batch="auto", ingested_at=TUESDAY) for i in range(4)]
    clean = [
        Entry(f"ok-{i}", "x", source=f"page-{i % 5}.md", batch="site", ingested_at=MONDAY) for i in range(93)
    ]
    return bad + mixed + clean


ACCUSED = {"bad-0", "bad-1", "bad-2", "faq-0"}


def test_bad_page_comes_first_and_is_named_whole():
    first = next(share for share in roll_up(store(), ACCUSED) if share.level == "source")

    assert (first.key, first.accused, first.total, first.whole) == ("refunds.md", 3, 3, True)
    assert first.p_value < 0.001


def test_source_with_clean_entries_is_never_named_whole():
    faq = next(share for share in roll_up(store(), ACCUSED) if share.key == "faq")

    assert (faq.accused, faq.total, faq.whole) == (1, 4, False)


def test_day_tells_the_weekday():
    days = [share.key for share in roll_up(store(), ACCUSED) if share.level == "day"]

    assert days == ["Tuesday 2026-03-03"]


def test_groups_without_an_accused_entry_are_left_out():
    assert all(share.accused for share in roll_up(store(), ACCUSED))
    assert roll_up(store(), set()) == ()


def test_p_value_is_the_binomial_tail_times_the_groups():
    share = next(share for share in roll_up(store(), ACCUSED) if share.key == "faq")

    assert share.p_value == pytest.approx(min(1.0, 7 * binom.sf(0, 4, 0.04)))


def test_entries_without_source_or_time_count_at_no_such_level():
    levels = {share.level for share in roll_up([Entry("a", "x"), Entry("b", "x", batch="q")], {"a", "b"})}

    assert levels == {"batch"}
