"""When the texts of an entry were there to answer from."""

from datetime import UTC, datetime

import pytest

from halluguard.cascade.graph import as_moment
from halluguard.cascade.observe import is_thumbs_up, observe, to_days

OLD = "Tickets can be refunded for 90 days after departure."
NEW = "Tickets can be refunded until departure, and not later."


def test_pieces_that_share_an_id_stand_in_the_store_without_end(loop, tmp_path):
    loop.entry("page", OLD, -1)
    loop.entry("page", NEW, -1)
    loop.turn("t", 1, "Yes.", ["page"], shown={"page": OLD})

    seen = observe(loop.write(tmp_path / "run"), loop)

    assert [(one.text, one.in_store, one.end) for one in seen.entries] == [
        (OLD, True, None),
        (NEW, True, None),
    ]


def test_a_text_repaired_in_place_ends_when_it_was_last_seen_whatever_date_the_store_kept(loop, tmp_path):
    loop.entry("page", NEW, -5)
    for day in (1, 2, 3):
        loop.turn(f"t{day}", day, f"Yes, {day}.", ["page"], shown={"page": OLD})
    loop.turn("t5", 5, "No.", ["page"])

    old, new = sorted(observe(loop.write(tmp_path / "run"), loop).entries, key=lambda one: one.in_store)

    assert (old.text, new.text) == (OLD, NEW)
    assert old.time <= old.last_seen == old.end == new.time
    assert new.end is None


def test_a_date_before_the_year_1000_is_written_in_four_digits():
    assert as_moment(to_days(datetime(1, 1, 1, tzinfo=UTC))) == "0001-01-01T00:00:00Z"
    assert as_moment(None) is None


@pytest.mark.parametrize(
    ("kind", "value", "approves"),
    [
        ("thumbs_down", "1.0", False),
        ("thumbsDown", "1", False),
        ("dislike", "true", False),
        ("flagged", "yes", False),
        ("hallucination", "1", False),
        ("User Reported Error", "1.0", False),
        ("thumbs_up", "1.0", True),
        ("thumbs", "up", True),
        ("thumbs_up_down", "1", True),
        ("user-feedback", "1.0", True),
        ("rating", "5", True),
        ("rating", "2", False),
    ],
)
def test_what_affirms_a_fault_is_no_approval(kind, value, approves):
    assert is_thumbs_up({"kind": kind, "value": value, "by": "user"}) is approves
