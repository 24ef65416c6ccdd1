import json
import random
from dataclasses import replace

import networkx as nx
import pytest

from halluguard.cascade import Circumstances, Regime, run_cascade
from halluguard.cascade.scores.intervals import wilson
from halluguard.errors import RunError, SettingError
from halluguard.run import Run

FALSE = "Refunds are paid up to 90 days after the flight."
TRUE = "Refunds are paid up to 30 days before the flight."


def score(result, id_, place=0):
    return next(row for row in result.data["cascades"][place]["scores"] if row["id"] == id_)


def entry(result, key):
    return next(row for row in result.data["cascades"][0]["entries"] if row["key"] == key)


@pytest.fixture
def done(chain, tmp_path, entails):
    return run_cascade(chain.write(tmp_path / "run"), chain, entails=entails)


def test_a_chain_is_followed_through_its_generations(done):
    cascade = done.data["cascades"][0]
    assert cascade["origins"] == ["bad"]
    assert [(e["key"], e["hop"], e["generation"], e["role"]) for e in cascade["entries"]] == [
        ("bad", 0, 0, "origin"),
        ("m1", 2, 1, "written_back"),
        ("m2", 4, 2, "written_back"),
    ]
    assert [(a["turn_id"], a["hop"]) for a in cascade["answers"]] == [("t1", 1), ("t2", 3), ("t3", 5)]
    assert score(done, "S5.depth")["value"] == 2


def test_cited_entries_outweigh_retrieved_ones_and_parents_sum_to_one(done):
    weights = {(e["source"], e["target"]): e["weight"] for e in done.data["cascades"][0]["edges"]}
    assert weights["m2", "t3"] == pytest.approx(1 / 1.2, abs=1e-3)
    assert weights["bad", "t3"] == pytest.approx(0.2 / 1.2, abs=1e-3)
    assert weights["t1", "m1"] == 1


def test_the_origin_is_the_cut_and_alone_does_not_end_it(done):
    containment = done.data["cascades"][0]["containment"]
    assert containment["minimum_cut"] == ["bad"]
    assert containment["without_origins"] == {
        "removed": ["bad"],
        "entries_left": 2,
        "answers_left": 2,
        "answers_now": 3,
    }
    assert sorted(containment["quarantine"]) == ["bad", "m1", "m2"]
    assert containment["removal_order"][-1]["answers_left"] == 0


def test_blast_radius_of_each_entry(done):
    assert entry(done, "bad")["dominated"] == 5
    assert entry(done, "m1")["dominated"] == 2
    assert entry(done, "m2")["expected"] == pytest.approx(1 / 1.2, abs=1e-3)
    assert entry(done, "bad")["expected"] == pytest.approx(5, abs=1e-3)


def test_what_answers_repeat_without_any_entry_is_not_the_verdict_beside_a_loop(chain, tmp_path, entails):
    for number in range(30):
        invented = "Pets fly free of charge."
        chain.false(f"p{number}", 7 + number / 100, [], answer=invented, question="What does a pet cost?")
    data = run_cascade(chain.write(tmp_path / "run"), chain, entails=entails).data

    regimes = {one["claim"]: one["verdict"]["regime"] for one in data["cascades"]}
    (looping,) = [one for one in data["cascades"] if one["n_entries"]]
    assert regimes["Pets fly free of charge."] == Regime.CAPTURED
    assert data["verdict"]["cascade"] == looping["id"]


def test_files_are_written_and_read_back(done, tmp_path):
    folder = tmp_path / "run"
    assert json.loads((folder / "cascade.json").read_text()) == json.loads(json.dumps(done.data))
    graph = nx.read_graphml(folder / "cascade.graphml")
    assert sorted(graph.nodes) == [
        "C1/answer:t1",
        "C1/answer:t2",
        "C1/answer:t3",
        "C1/entry:bad",
        "C1/entry:m1",
        "C1/entry:m2",
    ]
    assert graph.nodes["C1/entry:m2"]["generation"] == 2
    assert Run.open(folder).manifest["cascade"]["verdict"]["regime"] == done.regime


def test_the_same_input_gives_the_same_bytes(chain, tmp_path, entails):
    for name in ("one", "two"):
        run_cascade(chain.write(tmp_path / name), chain, entails=entails)
    for file in ("cascade.json", "cascade.graphml"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_row_order_and_names_do_not_change_a_score(tmp_path, entails, growing, Loop):
    built = growing(random.Random(3))
    base = run_cascade(built.write(tmp_path / "base"), built, entails=entails)
    shuffled = Loop(built.turns[:], built.claims[:], [], built.stored[:], built.texts)
    for rows in (shuffled.turns, shuffled.claims, shuffled.stored):
        random.Random(9).shuffle(rows)
    assert run_cascade(shuffled.write(tmp_path / "shuffled"), shuffled, entails=entails).data == base.data

    def rename(turn_id):
        return None if turn_id is None else f"x{10_000 - int(turn_id[1:])}"

    renamed = Loop(
        [{**row, "turn_id": rename(row["turn_id"])} for row in built.turns],
        [
            {**row, "turn_id": rename(row["turn_id"]), "claim_id": f"{rename(row['turn_id'])}#0"}
            for row in built.claims
        ],
        [],
        [replace(e, written_by_turn=rename(e.written_by_turn)) for e in built.stored],
    )
    again = run_cascade(renamed.write(tmp_path / "renamed"), renamed, entails=entails)
    assert again.data["cascades"][0]["scores"] == base.data["cascades"][0]["scores"]
    assert again.data["verdict"] == base.data["verdict"]


def test_a_growing_loop_has_its_scores_with_intervals(tmp_path, entails, growing):
    built = growing(random.Random(3))
    result = run_cascade(built.write(tmp_path / "run"), built, entails=entails)
    r = score(result, "S4b")
    assert r["low"] < r["value"] < r["high"]
    assert score(result, "S4")["value"] > 1
    assert score(result, "S1.users")["value"] <= 17
    assert result.regime in (Regime.AMPLIFYING, Regime.CAPTURED)
    children = sum(e["children"] for e in result.data["cascades"][0]["entries"])
    written = sum(e["role"] == "written_back" for e in result.data["cascades"][0]["entries"])
    assert children == pytest.approx(written)


def test_equal_stamps_shuffled_do_not_change_scores(tmp_path, entails, growing):
    built = growing(random.Random(5))
    for row in built.turns:
        row["timestamp"] = row["timestamp"].replace(hour=0, minute=0, second=0, microsecond=0)
    once = run_cascade(built.write(tmp_path / "a"), built, entails=entails)
    random.Random(1).shuffle(built.turns)
    twice = run_cascade(built.write(tmp_path / "b"), built, entails=entails)
    assert once.data["cascades"][0]["scores"] == twice.data["cascades"][0]["scores"]
    assert "timestamps name days only" in once.data["limits"][-1]


def test_no_case_is_an_outcome_of_its_own(loop, tmp_path):
    loop.true("t1", 1, [])
    result = run_cascade(loop.write(tmp_path / "run"), loop)
    assert result.regime is Regime.NO_CASE
    assert result.data["cascades"] == []


def test_a_single_case_of_the_generator_has_no_store_origin(loop, tmp_path, entails):
    loop.entry("kb-1", TRUE, -10)
    loop.false("t1", 1, ["kb-1"], status="contradicted")
    loop.true("t2", 2, ["kb-1"])
    result = run_cascade(loop.write(tmp_path / "run"), loop, entails=entails)
    cascade = result.data["cascades"][0]
    assert cascade["origins"] == []
    assert cascade["answers"][0]["role"] == "de_novo"
    assert score(result, "S5.size")["value"] == 1
    assert score(result, "S5.virality")["value"] is None


def test_a_store_without_any_trace_of_answers_is_seeded_only(loop, tmp_path, entails):
    loop.entry("kb-1", TRUE, -10)
    loop.entry("bad", f"Notice. {FALSE}", 1)
    for n in range(6):
        loop.false(f"t{n}", 2 + n, ["bad", "kb-1"])
        loop.true(f"c{n}", 2.5 + n, ["kb-1"])
    result = run_cascade(loop.write(tmp_path / "run"), loop, entails=entails)
    assert result.regime is Regime.SEEDED_ONLY
    assert "structural" in result.data["verdict"]["rule"]
    assert (
        run_cascade(
            loop.write(tmp_path / "told"), loop, entails=entails, given=Circumstances(write_back=True)
        ).regime
        is Regime.UNDETERMINED
    )


def test_without_a_store_the_verdict_names_it_as_missing(chain, tmp_path, entails):
    result = run_cascade(chain.write(tmp_path / "run"), None, entails=entails)
    assert result.regime is Regime.UNDETERMINED
    assert any("store" in field for field in result.data["verdict"]["missing"])
    assert any("no store" in limit for limit in result.data["limits"])


def test_a_log_without_times_keeps_reach_exposure_and_feedback(chain, tmp_path, entails):
    for row in chain.turns:
        row["timestamp"] = None
    result = run_cascade(chain.write(tmp_path / "run"), chain, entails=entails)
    assert score(result, "S1")["value"] == pytest.approx(0.6)
    assert score(result, "S2")["value"] is not None
    assert score(result, "S8")["value"] is not None
    for id_ in ("S3", "S4", "S4b"):
        assert score(result, id_)["value"] is None
    assert "timestamps" in result.data["verdict"]["missing"]


def test_a_sample_scales_counts_and_refuses_what_needs_every_turn(chain, tmp_path, entails):
    result = run_cascade(
        chain.write(tmp_path / "run"), chain, entails=entails, given=Circumstances(sample_rate=0.1)
    )
    assert score(result, "S1.answers")["value"] == pytest.approx(30)
    assert score(result, "S1")["value"] == pytest.approx(0.6)
    for id_ in ("S4", "S4b", "S5.depth", "S6"):
        assert score(result, id_)["quality"] == "refused"
    assert entry(result, "bad")["expected"] is None
    assert "the turns left out by sampling" in result.data["verdict"]["missing"]


def test_a_log_without_feedback_says_not_logged(loop, tmp_path, entails):
    loop.entry("bad", f"Notice. {FALSE}", -1)
    loop.false("t1", 1, ["bad"])
    result = run_cascade(loop.write(tmp_path / "run"), loop, entails=entails)
    assert score(result, "S8")["quality"] == "not_logged"
    assert score(result, "S1.users")["quality"] == "not_logged"
    assert score(result, "S10")["quality"] == "not_tested"


def test_a_debunk_that_quotes_the_claim_is_a_node_but_never_a_case_or_parent(chain, tmp_path, entails):
    chain.entry("debunk", f"A chatbot claimed: {FALSE} That is wrong.", 3.5)
    chain.false("t9", 7, ["debunk", "m2"])
    chain.turns[-1]["retrieved"][0]["rank"] = 0
    chain.claims[-1]["cited_ids"] = ["m2"]
    chain.claims[-1]["supporting_chunk_id"] = "m2"
    result = run_cascade(chain.write(tmp_path / "run"), chain, entails=entails)
    assert entry(result, "debunk")["role"] == "reports"
    assert entry(result, "debunk")["n_answers"] == 0
    assert result.data["cascades"][0]["n_entries"] == 3


def test_an_answer_that_corrects_the_claim_is_not_a_case(chain, tmp_path, entails):
    chain.turn("fix", 7, f"It is a myth that {FALSE[0].lower()}{FALSE[1:]}", ["kb-1"], status="unsupported")
    result = run_cascade(chain.write(tmp_path / "run"), chain, entails=entails)
    assert "fix" not in [answer["turn_id"] for answer in result.data["cascades"][0]["answers"]]


def test_an_origin_before_the_log_makes_generations_a_lower_bound(chain, tmp_path, entails):
    chain.stored[2] = replace(chain.stored[2], written_by_turn="long-ago")
    result = run_cascade(chain.write(tmp_path / "run"), chain, entails=entails)
    assert entry(result, "bad")["role"] == "left_cut"
    assert "lower bound" in score(result, "S5.depth")["reason"]
    assert any("not in the log" in limit for limit in result.data["limits"])


def test_an_entry_rewritten_with_the_answer_it_led_to_makes_no_cycle(loop, tmp_path, entails):
    loop.entry("kb-1", TRUE, -10)
    loop.texts["wiki"] = f"Old wiki page. {FALSE}"
    loop.false("t1", 1, ["wiki", "kb-1"])
    loop.entry("wiki", f"New wiki page, edited by the bot. {FALSE}", 2, by="t1")
    loop.false("t2", 3, ["wiki", "kb-1"])
    result = run_cascade(loop.write(tmp_path / "run"), loop, entails=entails)
    keys = {e["key"]: e["generation"] for e in result.data["cascades"][0]["entries"]}
    assert keys == {"wiki#v1": 0, "wiki#v2": 1}
    assert nx.is_directed_acyclic_graph(result.graphs[0])


def test_two_entries_that_wrote_each_other_at_one_time_are_cut_open(loop, tmp_path, entails):
    loop.entry("kb-1", TRUE, -10)
    loop.entry("bad", f"Notice. {FALSE}", 1)
    loop.entry("m1", f"Memory. {FALSE}", 2, by="t1")
    loop.false("t1", 2, ["bad", "m1"])
    result = run_cascade(loop.write(tmp_path / "run"), loop, entails=entails)
    assert nx.is_directed_acyclic_graph(result.graphs[0])
    assert result.data["cascades"][0]["counts"]["cycles_broken"] == 1


def test_events_of_the_trace_accuse_entries_that_the_log_did_not_show(loop, tmp_path):
    loop.entry("bad", "Passengers may claim money back for three months once they have landed.", -1)
    loop.false("t1", 1, [], accused=["bad"], status="contradicted")
    result = run_cascade(loop.write(tmp_path / "run"), loop)
    assert result.data["cascades"][0]["origins"] == ["bad"]
    assert result.data["cascades"][0]["edges"][0]["weight"] == 1


def test_probes_after_containment_end_in_contained(chain, tmp_path, entails, moment):
    chain.true("late", 40, ["kb-1", "kb-2"])
    run = chain.write(tmp_path / "run")
    result = run_cascade(run, chain, entails=entails, given=Circumstances(contained_at=moment(7), probes=60))
    assert result.regime is Regime.CONTAINED
    assert result.data["told"] == {"contained_at": moment(7).isoformat(), "probes": {"hits": 0, "asked": 60}}
    assert score(result, "S10")["high"] < 0.05


@pytest.mark.parametrize(
    "case",
    [
        ({"probes": 60}, "when containment began"),
        ({"probes": 60, "contained_at": 50}, "the log ends before it"),
        ({"probes": 60, "contained_at": 2}, "since containment still say it"),
        ({"contained_at": 7}, "probes since containment"),
    ],
)
def test_nothing_is_contained_without_a_containment_that_the_log_goes_on_after(
    case, chain, tmp_path, entails, moment
):
    told, why = case
    chain.true("late", 40, ["kb-1", "kb-2"])
    facts = {name: moment(value) if name == "contained_at" else value for name, value in told.items()}
    result = run_cascade(chain.write(tmp_path / "run"), chain, entails=entails, given=Circumstances(**facts))
    assert result.regime is not Regime.CONTAINED
    assert any(why in one for one in result.data["verdict"]["missing"])


def test_of_many_claims_a_small_one_is_called_captured_only_where_it_would_stand_out():
    assert wilson(4, 4)[0] > 0.5 > wilson(4, 4, looks=20)[0]
    assert wilson(40, 44, looks=20)[0] > 0.5


def test_suspected_write_backs_shape_no_generation(chain, tmp_path, entails, embed):
    chain.entry("odd", f"For refunds of customers: {FALSE}", 6.2)
    chain.false("t7", 7, ["odd"])
    result = run_cascade(chain.write(tmp_path / "run"), chain, entails=entails, embed=embed)
    odd = entry(result, "odd")
    assert (odd["role"], odd["rung"], odd["generation"]) == ("suspected", 4, 0)
    assert "suspected" in odd["evidence"]


def test_settings_out_of_range_are_refused(chain, tmp_path):
    with pytest.raises(SettingError, match="sample rate"):
        Circumstances(sample_rate=0)
    with pytest.raises(SettingError, match="hits"):
        Circumstances(probe_hits=3, probes=2)
    with pytest.raises(RunError, match="halluguard check"):
        run_cascade(Run.create(tmp_path / "empty", {"fingerprint": "x"}), chain)


def test_two_false_claims_are_two_cascades_and_the_alarming_one_decides(tmp_path, entails, growing):
    built = growing(random.Random(3))
    for n in range(40):
        built.turn(
            f"z{n}",
            1 + n / 9,
            "Pets of any size fly free of charge.",
            [],
            status="unsupported",
            question="What about my dog?",
        )
    result = run_cascade(built.write(tmp_path / "run"), built, entails=entails)
    assert [cascade["claim"] for cascade in result.data["cascades"]] == [
        FALSE,
        "Pets of any size fly free of charge.",
    ]
    assert result.data["verdict"]["cascade"] == "C1"
    assert result.data["window"]["start"][:10] == "2026-03-01"
