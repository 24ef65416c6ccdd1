from dataclasses import replace
from datetime import timedelta

import pytest

from halluguard.cascade.observe import normalise, observe
from halluguard.cascade.provenance import EXPLICIT, NEAR_COPY, SAME_TEXT, find_write_backs, jaccard, shingle

QUESTION = "Until when can I ask for a refund?"
FALSE = "Refunds are paid up to 90 days after the flight."
TRUE = "Refunds are paid up to 30 days before the flight."
LONG = "Refunds for every fare are paid up to 90 days after the flight, to the card that paid, without any fee at all."


def edges(loop, tmp_path):
    seen = observe(loop.write(tmp_path / "run"), loop)
    found, counts = find_write_backs(seen)
    return {
        (seen.answers[e.answer].turn_id, seen.entries[e.entry].key): (e.rung, e.weight) for e in found
    }, counts


def test_an_explicit_id_is_the_first_rung(loop, tmp_path):
    loop.turn("t1", 1, FALSE)
    loop.entry("m1", "Something else was noted.", 2, by="t1")
    assert edges(loop, tmp_path)[0] == {("t1", "m1"): (EXPLICIT, 1.0)}


def test_the_same_words_later_in_time_are_the_second_rung(loop, tmp_path):
    loop.turn("t1", 1, f"{LONG} [1]")
    loop.entry("m1", LONG.upper(), 2)
    assert edges(loop, tmp_path)[0] == {("t1", "m1"): (SAME_TEXT, 1.0)}


def test_question_and_answer_stored_together_are_a_near_copy(loop, tmp_path):
    loop.turn("t1", 1, LONG)
    loop.entry("m1", f"Q: {QUESTION} A: {LONG}", 2)
    assert edges(loop, tmp_path)[0] == {("t1", "m1"): (NEAR_COPY, 1.0)}


def test_an_entry_dated_by_the_day_came_with_its_writer_of_that_day(loop, tmp_path, moment):
    loop.turn("t1", 1, FALSE)
    loop.entry("same-day", "A memory.", by="t1")
    loop.entry("day-before", "Another memory.", by="t1")
    midnight = moment(1).replace(hour=0)
    loop.stored = [
        replace(entry, ingested_at=midnight - timedelta(days=days)) for days, entry in enumerate(loop.stored)
    ]
    found, counts = edges(loop, tmp_path)
    assert set(found) == {("t1", "same-day")}
    assert counts["time_paradox"] == 1


def test_a_text_earlier_than_the_answer_is_its_source_not_its_child(loop, tmp_path):
    loop.entry("kb", LONG, 0.5)
    loop.turn("t0", 0, "Hello, how can I help you today?")
    loop.turn("t1", 1, LONG)
    assert edges(loop, tmp_path)[0] == {}


def test_clock_skew_drops_the_edge_and_is_counted(loop, tmp_path):
    loop.turn("t1", 3, FALSE)
    loop.entry("m1", FALSE, 2, by="t1")
    found, counts = edges(loop, tmp_path)
    assert found == {}
    assert counts["time_paradox"] == 1


def test_equal_times_make_no_edge_without_an_id_and_are_flagged(loop, tmp_path):
    loop.turn("t1", 2, LONG)
    loop.entry("m1", LONG, 2)
    loop.turn("t2", 3, FALSE)
    loop.entry("m2", "A memory of the conversation.", 3, by="t2")
    found, counts = edges(loop, tmp_path)
    assert found == {("t2", "m2"): (EXPLICIT, 1.0)}
    assert counts["tie"] == 2


def test_a_reingested_copy_of_the_source_is_an_import(loop, tmp_path):
    loop.entry("bad", LONG, 0.5)
    loop.turn("t0", 0, "Hello, how can I help you today?")
    loop.turn("t1", 1, LONG, ["bad"])
    loop.entry("bad-again", LONG, 2)
    found, counts = edges(loop, tmp_path)
    assert found == {}
    assert counts["reingest"] == 1


def test_short_answers_are_never_matched_by_their_words(loop, tmp_path):
    loop.turn("t1", 1, "Yes, sure.")
    loop.entry("m1", "Yes, sure.", 2)
    assert edges(loop, tmp_path)[0] == {}


def test_many_equal_answers_share_the_entry(loop, tmp_path):
    for n in range(8):
        loop.turn(f"t{n}", 1 + n / 10, LONG)
    loop.entry("m1", LONG, 3)
    found, counts = edges(loop, tmp_path)
    assert sum(weight for _, weight in found.values()) == pytest.approx(1)
    assert set(found) == {(f"t{n}", "m1") for n in range(3, 8)}
    assert counts["shared_parent"] == 1


def test_a_retry_counts_once_and_its_id_still_leads_to_the_kept_turn(loop, tmp_path):
    loop.turn("t1", 1, FALSE, session="s")
    loop.turn("t1-retry", 1.01, FALSE, session="s")
    loop.entry("m1", "A memory.", 2, by="t1-retry")
    seen = observe(loop.write(tmp_path / "run"), loop)
    assert seen.counts["retries"] == 1
    assert [answer.turn_id for answer in seen.answers] == ["t1"]
    assert len(find_write_backs(seen)[0]) == 1


def test_a_named_retry_counts_once_where_it_says_the_same(loop, tmp_path):
    loop.turn("t1", 1, FALSE)
    loop.turn("same", 1.01, FALSE)
    loop.turn("again", 1.02, FALSE)
    loop.turn("other", 1.03, TRUE)
    loop.turn("stranger", 1.04, FALSE)
    for row, first in zip(loop.turns[1:4], ("t1", "same", "t1"), strict=True):
        row["retry_of"] = first
    for row in loop.turns:
        row["conversation_id"] = None
    seen = observe(loop.write(tmp_path / "run"), loop)
    assert seen.aliases == {"same": "t1", "again": "t1"}
    assert [answer.turn_id for answer in seen.answers] == ["t1", "other", "stranger"]


def test_an_entry_rewritten_in_place_is_two_versions(loop, tmp_path):
    loop.entry("kb", LONG, 5)
    loop.turn("t1", 1, TRUE, ["kb"], shown={"kb": TRUE})
    loop.turn("t2", 6, LONG, ["kb"])
    seen = observe(loop.write(tmp_path / "run"), loop)
    versions = sorted((entry.key, entry.text, entry.in_store) for entry in seen.entries)
    assert versions == [("kb#v1", TRUE, False), ("kb#v2", LONG, True)]
    assert seen.counts["rewritten_entries"] == 1
    assert len({answer.retrieved for answer in seen.answers}) == 2


def test_a_writer_that_is_not_in_the_log_is_counted(loop, tmp_path):
    loop.turn("t1", 1, TRUE)
    loop.entry("m1", FALSE, 2, by="t-before-the-log")
    found, counts = edges(loop, tmp_path)
    assert found == {}
    assert counts["writer_not_in_log"] == 1


def test_the_run_that_ingested_an_entry_is_not_taken_for_its_writer(loop, tmp_path):
    loop.turn("t1", 1, TRUE)
    loop.entry("kb", FALSE, 2)
    loop.stored = [replace(loop.stored[0], metadata={"run_id": "ingest-7", "message_id": "<1@mail>"})]
    seen = observe(loop.write(tmp_path / "run"), loop)
    assert [entry.writers for entry in seen.entries] == [()]
    assert find_write_backs(seen)[1]["writer_not_in_log"] == 0


@pytest.mark.parametrize("key", ["run_id", "message_id", "turn_id"])
def test_an_ambiguous_id_names_the_writer_where_the_log_has_it(loop, tmp_path, key):
    loop.turn("t1", 1, FALSE)
    loop.entry("m1", "Something else was noted.", 2)
    loop.stored = [replace(loop.stored[0], metadata={key: "t1"})]
    assert edges(loop, tmp_path)[0] == {("t1", "m1"): (EXPLICIT, 1.0)}


def test_a_turn_id_of_something_else_is_no_writer_though_the_store_reader_takes_it_for_one(loop, tmp_path):
    loop.turn("t1", 1, TRUE)
    loop.entry("kb", FALSE, 2, by="call-12")
    loop.stored = [replace(loop.stored[0], metadata={"turn_id": "call-12"})]
    assert edges(loop, tmp_path)[1]["writer_not_in_log"] == 0


@pytest.mark.parametrize("key", ["written_by_turn", "from_turn", "source_turn"])
def test_an_id_that_can_mean_nothing_else_is_counted_where_the_log_lacks_it(loop, tmp_path, key):
    loop.turn("t1", 1, TRUE)
    loop.entry("m1", FALSE, 2)
    loop.stored = [replace(loop.stored[0], metadata={key: "t-before-the-log"})]
    assert edges(loop, tmp_path)[1]["writer_not_in_log"] == 1


def test_markers_case_and_punctuation_do_not_count_as_words():
    assert normalise("Refunds — up to 90 Days [kb-1]!") == "refunds up to 90 days"
    assert jaccard(shingle("a b c d"), shingle("a b c d")) == 1
    assert jaccard(set(), set()) == 0
