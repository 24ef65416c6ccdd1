import json

import pytest

from halluguard.cascade import Regime
from halluguard.drill.answering import ExtractiveAnswerer
from halluguard.drill.ideal import investigate_ideally
from halluguard.drill.record import truth_of, write_drill
from halluguard.drill.run import DrillResult, replay_without
from halluguard.drill.scoring import Overlap, compare, judge_truth


@pytest.fixture
def scored(played, embeddings, tmp_path):
    def score(name, seed=0):
        drill = played(name, seed)
        files = write_drill(drill, tmp_path / name)
        run = investigate_ideally(drill, files, tmp_path / f"{name}-run")
        return (
            compare(files, run),
            run,
            DrillResult(files, drill, ExtractiveAnswerer(embeddings, drill.scenario.retrieval.temperature)),
        )

    return score


def test_after_a_perfect_check_the_cascade_finds_origin_entries_edges_and_generations(scored):
    score, _, _ = scored("memory-worm")
    assert score.origin_first
    assert score.named == ("mail-0417",)
    assert score.entries.precision == 1
    assert score.entries.recall == 1
    assert score.cases.precision == 1
    assert score.edges.precision == 1
    assert score.edges.recall == 1
    assert score.generations == score.true_generations
    assert score.r_loop == pytest.approx(score.true_r_loop, rel=0.35)
    alarms = {Regime.AMPLIFYING, Regime.CAPTURED}  # which of the two depends on how wide the topic is drawn
    assert {score.verdict, score.true_verdict} <= alarms
    assert 0 <= score.days_to_detection < 7


def test_reworded_copies_planted_together_are_all_named(scored):
    score, _, _ = scored("three-copies")
    assert score.origin_first
    assert {"seed-1", "seed-2", "seed-3"} <= set(score.named)


def test_memories_without_an_id_are_found_by_their_words(scored):
    score, run, drill = scored("vendor-page")
    written = {entry for entry, turn in drill.played.truth.entries.items() if turn is not None}
    unnamed = {e.id for e in drill.played.shelf.entries() if e.id in written and e.written_by_turn is None}
    data = json.loads((run.path / "cascade.json").read_text())
    rungs = {entry["id"]: entry["rung"] for entry in data["cascades"][0]["entries"]}
    assert len(unnamed) > 5
    assert sum(rungs.get(id_) in (2, 3) for id_ in unnamed) >= 0.9 * len(unnamed)
    assert score.named[0] == "vendor-refunds"


def test_an_invention_names_no_entry(scored):
    score, _, _ = scored("one-device")
    assert score.origin_first is None
    assert score.no_origin_named
    assert score.verdict == Regime.SEEDED_ONLY
    assert score.cases.recall >= 0.95  # a question put twice in one session counts once


def test_an_edited_page_is_the_origin_from_its_edit_on(scored):
    score, _, _ = scored("insider-edit")
    assert score.origin_first
    assert score.verdict == Regime.SEEDED_ONLY
    assert score.entries == Overlap(1, 1, 1)


def test_a_deleted_page_is_still_named_from_the_log(scored):
    score, run, _ = scored("cached-ghost")
    assert score.origin_first
    data = json.loads((run.path / "cascade.json").read_text())
    assert not data["cascades"][0]["entries"][0]["in_store"]


def test_a_quiet_loop_is_scored_as_such(scored):
    score, _, _ = scored("all-quiet")
    assert score.no_origin_named
    assert score.verdict_right
    assert score.days_to_detection is None
    assert score.entries.precision is None


def test_the_minimum_cut_is_verified_by_replaying_the_loop_without_it(scored):
    _, run, drill = scored("vendor-page")
    containment = json.loads((run.path / "cascade.json").read_text())["cascades"][0]["containment"]
    saved = replay_without(drill, containment["minimum_cut"])
    assert saved.false_answers > 50
    assert saved.false_answers_after == 0
    late = replay_without(drill, ["vendor-refunds"], day=14.0)
    assert 0 < late.false_answers_after <= saved.false_answers


def test_the_truth_has_a_verdict_of_its_own(played):
    assert judge_truth(truth_of(played("all-quiet"))).regime is Regime.NO_CASE
    assert judge_truth(truth_of(played("stale-import"))).regime is Regime.SEEDED_ONLY
    assert judge_truth(truth_of(played("memory-worm"))).regime in (Regime.AMPLIFYING, Regime.CAPTURED)
