"""When the texts of an entry were there to answer from."""

from datetime import UTC, datetime

from halluguard.cascade.graph import as_moment
from halluguard.cascade.observe import observe, to_days

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
