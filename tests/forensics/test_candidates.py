"""Which entries are read for a claim: shown ones, and neighbours that the retriever could have returned then."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from halluguard.forensics.candidates import Flagged, find_candidates, flagged_claims, is_dated_after
from halluguard.forensics.nearest import EntryIndex
from halluguard.records import Entry

ASKED = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EAST = np.array([1, 0], dtype=np.float32)
FLAGGED = Flagged("t#0", "t", "It costs 9.", "What does it cost?", ASKED, (), {})


def found(*entries, flagged=FLAGGED):
    vectors = np.array([np.zeros(2) if e.vector is None else e.vector for e in entries], dtype=np.float32)
    index = EntryIndex(entries, vectors, embedded_again=False)
    return [one.entry.id for one in find_candidates(flagged, index, EAST, EAST)]


def test_a_neighbour_that_came_after_the_answer_is_left_out():
    before, after = (Entry(str(n), "It costs 9.", EAST, ingested_at=ASKED + n * DAY) for n in (-1, 1))

    assert found(before, after) == ["-1"]


def test_an_entry_that_no_retriever_can_return_is_no_neighbour():
    """LlamaIndex leaves the text of a deleted document in its docstore, without a vector."""
    assert found(Entry("kept", "It costs 9.", EAST), Entry("deleted", "It costs 9.")) == ["kept"]


def test_an_entry_without_a_vector_that_the_log_shows_is_read():
    flagged = Flagged("t#0", "t", "It costs 9.", None, ASKED, ("deleted",), {"deleted": ("It costs 9.",)})

    assert "deleted" in found(
        Entry("kept", "It costs 9.", EAST), Entry("deleted", "It costs 9."), flagged=flagged
    )


def test_pieces_that_share_an_id_are_all_read_and_matched_to_their_own_entry():
    rows = [
        {
            "claim_id": "t#0", "turn_id": "t", "reading": "It costs 9.", "cited_ids": ["page"], "status": "unsupported",
        }
    ]  # fmt: skip
    pieces = [{"id": "page", "text": text, "used": True} for text in ("Open at 8.", None, "It costs 9.")]
    turns = {"t": {"question": None, "timestamp": ASKED, "retrieved": pieces}}
    (flagged,) = flagged_claims(rows, turns)
    entries = (Entry("page", "Open at 8.", EAST), Entry("page", "Now: it costs 9 or more.", EAST))
    (only,) = find_candidates(
        flagged, EntryIndex(entries, np.array([EAST, EAST]), embedded_again=False), EAST, EAST
    )

    assert flagged.chunks == {"page": ("Open at 8.", "It costs 9.")}
    assert "It costs 9." in only.text
    assert only.edited_since

    sound = (*entries[:1], Entry("page", "It costs 9. Or more.", EAST))
    (only,) = find_candidates(
        flagged, EntryIndex(sound, np.array([EAST, EAST]), embedded_again=False), EAST, EAST
    )
    assert not only.edited_since


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((3, 4), True),
        ((-1, 4), False),
        ((0, 4), False),
        ((None, 4), False),
        ((None, None), False),
        ((), False),
    ],
    ids=["all later", "one before the last turn", "one with it", "one undated", "none dated", "no entry"],
)
def test_a_store_is_dated_after_the_log_where_every_entry_is(days, expected):
    entries = [
        Entry(str(n), "text", ingested_at=None if day is None else ASKED + day * DAY)
        for n, day in enumerate(days)
    ]

    assert is_dated_after(entries, [ASKED - 2 * DAY, None, ASKED]) is expected


def test_nothing_is_dated_after_a_log_without_times():
    assert not is_dated_after([Entry("a", "text", ingested_at=ASKED)], [None])
