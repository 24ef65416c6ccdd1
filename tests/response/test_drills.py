"""A drill from plan to proof and back: what was edited in place is put back, what only a cache serves is flushed."""

import json
from datetime import UTC, datetime

import pytest

from halluguard import ModelChoice, api
from halluguard.drill import DrillFiles, load_scenario, run_drill
from halluguard.drill.record import write_trusted
from halluguard.forensics import Vouching
from halluguard.response import Signature
from halluguard.response.book import Book
from halluguard.response.proof import part_by_trust
from halluguard.stores import open_store
from halluguard.trusted import build_index, open_index

SIGNED = Signature("a responder", datetime(2026, 3, 3, 8, tzinfo=UTC), "a complaint")


@pytest.fixture(scope="module")
def responded(tmp_path_factory):
    """Return a function that plays a drill, applies the plan as proposed, takes it back, and returns folder, plan and proof."""
    loaded = ModelChoice(device="cpu", cache=tmp_path_factory.mktemp("cache") / "verdicts.sqlite").load()

    def respond(name):
        folder = tmp_path_factory.mktemp(name) / "drill"
        run_drill(name, folder, embedder=loaded.models.embedder)
        files = DrillFiles(folder)
        run = api.investigate(files.log, files.trusted, files.store, folder / "run", models=loaded).run
        plan = api.plan_response(run, files.store, folder / "out", snapshots=files.snapshots, models=loaded)
        _, proof = api.apply_response(run, files.store, folder / "out", signed=SIGNED, models=loaded)
        api.restore_response(folder / "out", folder / "back", signed=SIGNED)
        return files, plan, proof

    return respond


def texts_of(folder):
    return {entry.id: entry.text for entry in open_store(folder).entries()}


def test_an_entry_edited_in_place_is_put_back_and_its_true_sentences_keep_their_support(responded):
    files, plan, proof = responded("insider-edit")
    made, before = texts_of(files.folder / "out" / "store"), texts_of(files.snapshot(0))
    assert plan.condemned() == ("luggage-1",)
    assert plan.put_back() == {"luggage-1": files.snapshot(0)}
    assert made == before
    assert (proof.failures(), proof.hits, proof.clean_lost) == ([], 0, ())
    for name in ("store.jsonl", "store.npy"):
        assert (files.folder / "back" / name).read_bytes() == (files.store / name).read_bytes()


def test_a_deleted_page_that_a_cache_serves_is_flushed_and_proved_by_the_log(responded):
    files, plan, proof = responded("cached-ghost")
    truth = json.loads(files.truth.read_text())
    assert (plan.condemned(), plan.ghosts()) == ((), ("share-cabins",))
    assert set(plan.find("recall_answers").targets["turns"]) <= set(truth["cases"])
    assert (proof.failures(), proof.hits) == ([], 0)
    assert proof.probes >= 59
    assert texts_of(files.folder / "out" / "store") == texts_of(files.store)


def test_a_claim_that_no_trusted_text_bears_out_by_itself_is_no_clean_support_lost(models, reader, tmp_path):
    """What a trusted text says, in its words or others, is lost with the store's entry; what none says was never clean."""
    pages = tmp_path / "trusted"
    pages.mkdir()
    write_trusted(load_scenario("memory-worm"), pages)
    build_index(pages, tmp_path / "index", models.embedder)
    vouching = Vouching(open_index(tmp_path / "index", models.embedder), models.embedder, reader)
    fact, reworded = "Bicycles count as luggage and cost 10 euros.", "You pay 10 euros for a bicycle."
    foreign = "Every dog or cat that travels on board must pay a fare of 80 euros."
    rows = [{"claim": claim, "question": "What does it cost?"} for claim in (fact, reworded, foreign)]

    lost, uncorroborated = part_by_trust(rows, Book(reader, vouching))
    assert [row["claim"] for row in lost] == [fact, reworded]
    assert [row["claim"] for row in uncorroborated] == [foreign]
    assert part_by_trust(rows, Book(reader)) == (tuple(rows), ())
