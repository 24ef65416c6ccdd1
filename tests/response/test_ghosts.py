"""What the store no longer holds and answers were given from: found, flushed, and proved by what the log shows."""

import json

import numpy as np
import pytest

from halluguard.errors import InputError
from halluguard.response import Plan, PlanAction, apply_plan, plan_response, propose_plan, restore_store
from halluguard.response.ghosts import as_entries, read_ghosts
from halluguard.response.probes import read_false_claims
from halluguard.response.proof import prove
from halluguard.stores import open_store

CLAIM = "Cabins open ten hours before departure."
QUESTION = "When can I enter my cabin?"
STORED = {
    "cabins": "Cabins open two hours before departure.",
    "pets": "Dogs travel free of charge in pet cabins.",
    "meals": "Breakfast is served from seven.",
}


def turn(number, *chunks, question=QUESTION):
    retrieved = [{"id": key, "text": text, "used": True} for key, text in chunks]
    return {"turn_id": f"t{number}", "question": question, "answer": CLAIM, "retrieved": retrieved}


@pytest.fixture
def ghostly(empty_run):
    """A run in which a flagged claim is laid to `ghost`, which the log retrieved; `old` was deleted too and is accused of nothing."""
    empty_run.write("turns", [turn(1, ("ghost", CLAIM), ("pets", STORED["pets"])), turn(2, ("old", "Old."))])
    empty_run.write(
        "claims",
        [{"turn_id": "t1", "claim_id": "t1#0", "text": CLAIM, "reading": CLAIM, "status": "contradicted"}],
    )
    empty_run.write(
        "events",
        [
            {"turn_id": "t1", "claim_id": "t1#0", "origin": "not_in_store", "accused_ids": ["ghost"]},
            {"turn_id": "t2", "claim_id": "t2#0", "origin": "generator", "accused_ids": []},
        ],
    )
    empty_run.write("suspects", [])
    cascade = {
        "id": "C1",
        "claim": CLAIM,
        "entries": [{"id": "ghost", "key": "ghost", "in_store": False, "rung": None}],
        "answers": [{"turn_id": "t1", "role": "case"}],
        "edges": [],
        "containment": {"minimum_cut": ["ghost"], "quarantine": []},
    }
    made = {"cascades": [cascade], "verdict": {"regime": "SEEDED-ONLY"}}
    (empty_run.path / "cascade.json").write_text(json.dumps(made))
    return empty_run


@pytest.fixture
def store(write_native, models, tmp_path):
    rows = [{"id": key, "text": text} for key, text in STORED.items()]
    return open_store(write_native(tmp_path / "s", rows, models.embedder.encode(list(STORED.values()))))


def test_only_accused_ids_that_the_log_retrieved_and_the_store_lacks_are_ghosts(ghostly):
    assert read_ghosts(ghostly, STORED) == {"ghost": (CLAIM,)}
    assert read_ghosts(ghostly, {*STORED, "ghost"}) == {}


def test_a_claim_of_a_ghost_is_false_only_where_the_ghost_is_meant(ghostly):
    claims, left_in = read_false_claims(ghostly, {"ghost"})
    assert [(one.text, one.entries, one.questions) for one in claims] == [(CLAIM, ("ghost",), (QUESTION,))]
    assert left_in == ()
    assert read_false_claims(ghostly, {"cabins"}) == ((), ())


def test_the_plan_flushes_caches_recalls_and_quarantines_nothing(ghostly, store):
    asked = []
    plan = propose_plan(ghostly, store, search=lambda ids: asked.append(list(ids)) or _nothing())
    flush, recall = plan.find("flush_caches"), plan.find("recall_answers")
    assert asked == [["ghost"]]
    assert (plan.find("quarantine"), plan.ghosts()) == (None, ("ghost",))
    assert (flush.approve, dict(flush.targets)) == (True, {"ghosts": ["ghost"], "questions": [QUESTION]})
    assert recall.targets["turns"] == ["t1"]
    assert plan.find("fall_back").saves == {"false_answers_in_the_log": 1}


def test_a_plan_saved_in_another_encoding_is_not_written_over(ghostly, store, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plan.yaml").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="another plan, perhaps edited"):
        plan_response(ghostly, store, tmp_path / "out")
    assert (tmp_path / "out" / "plan.yaml").read_bytes() == b"caf\xe9"


def _nothing():
    from halluguard.response.propose import Found

    return Found(frozenset(), {})


def test_an_entry_that_says_what_the_ghost_said_is_quarantined(
    ghostly, write_native, models, reader, tmp_path
):
    from halluguard.response import search_with

    texts = {**STORED, "copy": "You can go into your cabin ten hours before the departure."}
    rows = [{"id": key, "text": text} for key, text in texts.items()]
    full = open_store(write_native(tmp_path / "full", rows, models.embedder.encode(list(texts.values()))))
    plan = propose_plan(ghostly, full, search=search_with(ghostly, full, reader, models.embedder))
    assert (plan.condemned(), plan.ghosts()) == (("copy",), ("ghost",))


def test_the_plan_says_how_many_entries_an_id_names(ghostly, write_native, tmp_path):
    from halluguard.response.propose import Found

    rows = [{"id": "twin", "text": CLAIM}, {"id": "twin", "text": STORED["pets"]}, {"id": "one", "text": "t"}]
    store = open_store(write_native(tmp_path / "twins", rows, np.eye(3, dtype=np.float32)))
    found = Found(frozenset(), {"twin": [CLAIM], "one": [CLAIM]})
    action = propose_plan(ghostly, store, search=lambda _: found).find("quarantine")
    told = {
        entry.id: any("2 entries of the store have this id" in why for why in entry.why)
        for entry in action.entries
    }
    assert told == {"one": False, "twin": True}
    assert action.cost["entries_out"] == 3


def test_a_flush_is_applied_without_a_quarantine_and_the_new_store_is_the_old_one(
    ghostly, store, signed, tmp_path, digest_of
):
    applied = apply_plan(ghostly, store, propose_plan(ghostly, store), tmp_path / "out", signed=signed)
    assert (applied.out, applied.left, applied.root_after) == (0, 3, applied.root_before)
    assert any("ghost came from outside the store" in note for note in applied.notes)
    assert digest_of(tmp_path / "out" / "store") == digest_of(tmp_path / "s")
    assert restore_store(tmp_path / "out", tmp_path / "back")[0] == applied.root_before


@pytest.mark.parametrize("flush", [{"approve": False}, {"targets": {}}])
def test_without_an_approved_flush_of_a_ghost_there_is_nothing_to_apply(
    flush, ghostly, store, signed, tmp_path
):
    action = {"approve": True, "reason": "", "targets": {"ghosts": ["ghost"]}, **flush}
    plan = Plan("", {}, (PlanAction("A1", "flush_caches", **action),))
    with pytest.raises(InputError, match="nothing to apply"):
        apply_plan(ghostly, store, plan, tmp_path / "out", signed=signed)


def test_the_text_of_the_log_is_what_the_proof_had_before(ghostly, store, models, reader):
    entries = list(store.entries())
    proof = prove(
        ghostly, entries, entries, reader=reader, embedder=models.embedder, ghosts=("ghost",), top_k=2
    )
    assert (proof.failures(), proof.hits) == ([], 0)
    assert proof.probes >= 59
    assert proof.as_dict()["ghosts"]["ids"] == ["ghost"]


def test_an_entry_that_still_says_it_is_found_beside_the_ghost(ghostly, store, models, reader):
    entries = [*store.entries(), *as_entries({"copy": (CLAIM,)}, models.embedder)]
    proof = prove(
        ghostly, entries, entries, reader=reader, embedder=models.embedder, ghosts=("ghost",), top_k=2
    )
    assert proof.hits == proof.probes > 0
    assert [one["id"] for one in proof.says_it] == ["copy"]
    assert proof.says_it[0]["shares_words_with"]["id"] == "ghost"


def test_a_ghost_that_the_plan_does_not_flush_proves_nothing(ghostly, store, models, reader):
    entries = list(store.entries())
    proof = prove(ghostly, entries, entries, reader=reader, embedder=models.embedder)
    assert any("nothing to prove it by" in why for why in proof.failures())


def test_a_log_without_texts_is_said_to_be_untestable(ghostly, store, models, reader):
    ghostly.write("turns", [turn(1, ("ghost", None))])
    entries = list(store.entries())
    proof = prove(ghostly, entries, entries, reader=reader, embedder=models.embedder, ghosts=("ghost",))
    assert "the log holds no text of ghost: what it said cannot be tested" in proof.failures()
    assert not proof.proved


def test_a_put_back_entry_counts_as_gone_and_its_true_sentences_as_kept(ghostly, models, reader):
    false = f"{CLAIM} Breakfast is served in the cabin."
    (now,) = as_entries({"cabins": (false,)}, models.embedder)
    (then,) = as_entries({"cabins": ("Cabins open two hours before departure.",)}, models.embedder)
    ghostly.write(
        "events", [{"turn_id": "t1", "claim_id": "t1#0", "origin": "store", "accused_ids": ["cabins"]}]
    )
    proof = prove(ghostly, [now], [then], reader=reader, embedder=models.embedder)
    assert next(one.entries for one in proof.claims) == ("cabins",)
    assert proof.proved


def test_the_ghosts_of_a_list_get_our_vectors(models):
    made = as_entries({"a": ("x", "y"), "b": ()}, models.embedder)
    assert [(entry.id, entry.text) for entry in made] == [("a", "x"), ("a", "y")]
    assert np.allclose(made[0].vector, models.embedder.encode(["x"])[0])
    assert as_entries({}, models.embedder) == []
