import json
from dataclasses import replace

import pytest

from halluguard.cascade.observe import normalise
from halluguard.drill.answering import ExtractiveAnswerer
from halluguard.drill.reading import load_scenario
from halluguard.drill.record import truth_of, write_drill
from halluguard.drill.simulate import Removal, moment, play
from halluguard.errors import InputError
from halluguard.logs import read_log
from halluguard.stores import open_store


def test_the_same_seed_gives_the_same_log_and_another_seed_another(played, embeddings):
    scenario = load_scenario("three-copies")
    answerer = ExtractiveAnswerer(embeddings, scenario.retrieval.temperature)
    again = play(scenario, embeddings, answerer, seed=0)
    assert json.dumps(again.turns) == json.dumps(played("three-copies").turns)
    assert again.truth == played("three-copies").truth
    assert json.dumps(again.turns) != json.dumps(played("three-copies", 1).turns)


def test_the_truth_agrees_with_what_was_said_and_stored(played):
    drill = played("three-copies")
    false = [normalise(claim) for claim in drill.scenario.false_claims()]
    says = {
        turn["turn_id"]: any(claim in normalise(turn["answer"]) for claim in false) for turn in drill.turns
    }
    assert {turn for turn, said in says.items() if said} == set(drill.truth.cases)
    stored = {
        entry.id for entry in drill.shelf.entries() if any(claim in normalise(entry.text) for claim in false)
    }
    assert stored == set(drill.truth.entries)
    assert len(drill.truth.cases) > 20


def test_generations_count_from_the_planted_entry(played):
    truth = played("three-copies").truth
    assert {truth.generations[seed] for seed in ("seed-1", "seed-2", "seed-3")} == {0}
    for entry, turn in truth.entries.items():
        if turn is not None:
            assert truth.generations[entry] == truth.generations[truth.cases[turn]] + 1
    assert max(truth.generations.values()) >= 2


def test_nothing_is_retrieved_before_it_came(played):
    drill = played("three-copies")
    for turn in drill.turns:
        scores = [chunk["score"] for chunk in turn["retrieved"]]
        assert scores == sorted(scores, reverse=True)
        for chunk in turn["retrieved"]:
            assert moment(drill.truth.times[chunk["id"]]).isoformat() <= turn["timestamp"]


def test_without_the_planted_entries_nobody_is_told_anything_false(played):
    seeds = frozenset({"seed-1", "seed-2", "seed-3"})
    assert played("three-copies", removal=Removal(0.0, seeds)).truth.cases == {}


def test_removing_the_origin_late_leaves_what_was_written_back(played):
    seeds = frozenset({"seed-1", "seed-2", "seed-3"})
    late = played("three-copies", removal=Removal(12.0, seeds)).truth
    whole = played("three-copies").truth
    before = {turn for turn in whole.cases if whole.times[turn] < 12}
    assert before == {turn for turn in late.cases if late.times[turn] < 12}
    assert before < set(late.cases)


def test_a_page_of_before_the_log_can_be_kept_out_too(played):
    drill = played("three-copies")
    page = next(entry.id for entry in drill.shelf.entries() if drill.truth.times[entry.id] < 0)
    replay = played("three-copies", removal=Removal(0.0, frozenset({page})))
    assert page not in {entry.id for entry in replay.shelf.entries()}


def test_keeping_out_an_edit_leaves_the_page_as_it_was(played):
    edited = {one.replaces for one in load_scenario("insider-edit").injections if one.replaces}
    replay = played("insider-edit", removal=Removal(0.0, frozenset(edited)))
    left = {entry.id for entry in replay.shelf.entries()}
    assert edited
    assert edited <= left
    assert all(replay.truth.times[id_] < 0 for id_ in edited)


def test_an_edit_changes_the_text_under_the_same_id(played):
    drill = played("insider-edit")
    texts = {
        chunk["text"] for turn in drill.turns for chunk in turn["retrieved"] if chunk["id"] == "luggage-1"
    }
    assert len(texts) == 2
    assert list(drill.truth.entries) == ["luggage-1"]


def test_two_injections_of_one_moment_come_in_as_they_are_listed(embeddings):
    scenario = load_scenario("insider-edit")
    (first,) = scenario.injections
    second = replace(first, id="edit-again", text="Nothing may be brought at all.", claims=())
    both = replace(scenario, injections=(first, second))
    drill = play(both, embeddings, ExtractiveAnswerer(embeddings, scenario.retrieval.temperature), seed=0)
    texts = [c["text"] for turn in drill.turns for c in turn["retrieved"] if c["id"] == "luggage-1"]
    assert texts[-1] == second.text
    assert first.text not in texts


def test_a_cache_serves_a_deleted_page_for_a_while(played):
    drill = played("cached-ghost")
    assert "share-cabins" not in {entry.id for entry in drill.shelf.entries()}
    late = [drill.truth.times[turn] for turn in drill.truth.cases]
    assert late
    assert max(late) < 11 + drill.scenario.retrieval.cache_days


def test_an_invention_has_no_source(played):
    drill = played("one-device")
    assert drill.truth.entries == {}
    assert set(drill.truth.cases.values()) == {None}
    assert min(drill.truth.times[turn] for turn in drill.truth.cases) >= 8


def test_a_quiet_loop_tells_the_truth(played):
    assert played("all-quiet").truth.cases == {}
    assert played("busy-memory").truth.cases == {}
    assert len(played("busy-memory").truth.clean_children) > 50


def test_the_files_are_read_by_the_readers_of_the_package(played, tmp_path):
    drill = played("three-copies", snapshot_days=(7, 14))
    files = write_drill(drill, tmp_path / "drill")
    assert len(list(read_log(files.log))) == len(drill.turns)
    store = open_store(files.store)
    entries = list(store.entries())
    assert [entry.id for entry in entries] == [entry.id for entry in drill.shelf.entries()]
    assert all(entry.vector is not None and entry.ingested_at is not None for entry in entries)
    assert {entry.written_by_turn for entry in entries if entry.id.startswith("memory")} > {
        None
    } or store.count
    copies = [open_store(path) for path in files.snapshots]
    assert files.snapshots == (files.snapshot(7), files.snapshot(14))
    assert 0 < copies[0].count < copies[1].count
    assert all(entry.vector is not None for entry in copies[0].entries())
    assert json.loads(files.truth.read_text()) == json.loads(json.dumps(truth_of(drill)))
    assert (files.trusted / "delays.md").read_text().startswith("# Delays")
    with pytest.raises(InputError, match="not empty"):
        write_drill(drill, tmp_path / "drill")
