"""What a trace refuses to say: of a store it cannot read, and without the trusted index of its check."""

import json
import pickle
import shutil
from datetime import UTC, datetime

import faiss
import numpy as np
import pytest
from typer.testing import CliRunner

from halluguard.cli import app
from halluguard.errors import InputError, StoreError
from halluguard.forensics import trace_run
from halluguard.forensics.attribute import Attribution
from halluguard.forensics.candidates import Candidate, Flagged
from halluguard.forensics.responsibility import Accusation
from halluguard.forensics.trace import DATED_AFTER, _tally, doubted
from halluguard.grounding.check import check_log, digest_path
from halluguard.records import Entry, Origin, Reading
from halluguard.run import Run
from halluguard.trusted import build_index

TRUE = "A refund for a missed flight is paid within 30 days of the request."
FALSE = "A refund for a missed flight is paid within 90 days of the request."
QUESTION = "Within how many days is a refund for a missed flight paid?"
ASKED = "2026-03-09T12:00:00+00:00"


class Foreign:
    """Asks for a call when it is unpickled."""

    def __reduce__(self):
        return print, ("called",)


def write_store(folder, *, ingested_at):
    folder.mkdir()
    row = {"id": "faq", "text": f"Refunds. {FALSE}", "source": "faq.md", "ingested_at": ingested_at}
    (folder / "entries.jsonl").write_text(json.dumps(row) + "\n")
    return folder


@pytest.fixture(scope="module")
def checked(tmp_path_factory, models, reader):
    """Return a run of one false answer, checked against an index beside it."""
    folder = tmp_path_factory.mktemp("trace")
    (folder / "documents").mkdir()
    (folder / "documents" / "refunds.md").write_text(f"# Refunds\n\n{TRUE}\n")
    build_index(folder / "documents", folder / "trusted", models.embedder)
    turn = {"turn_id": "t1", "timestamp": ASKED, "question": QUESTION, "answer": FALSE}
    (folder / "log.jsonl").write_text(json.dumps(turn) + "\n")
    check_log(folder / "log.jsonl", folder / "trusted", folder / "run", models=models, reader=reader)
    return folder


@pytest.fixture
def run(checked, tmp_path):
    """Return a copy of it, with its index beside it, that names the index as a check in this folder would."""
    for name in ("run", "trusted"):
        shutil.copytree(checked / name, tmp_path / name)
    run = Run.open(tmp_path / "run")
    named = {**run.manifest["inputs"]["trusted"], "path": "trusted"}
    run.update_manifest({"inputs": {**run.manifest["inputs"], "trusted": named}})
    return run


def test_a_store_whose_texts_were_refused_is_not_cleared(tmp_path, models, reader):
    store = tmp_path / "store"
    store.mkdir()
    index = faiss.IndexFlatL2(models.embedder.dimension)
    index.add(models.embedder.encode([FALSE]))
    faiss.write_index(index, str(store / "index.faiss"))
    (store / "index.pkl").write_bytes(pickle.dumps((Foreign(), {0: "faq"})))

    with pytest.raises(
        StoreError, match=r"none of the store's 1 entries has a text.*index\.pkl.*store check"
    ):
        trace_run(Run.create(tmp_path / "run", {"fingerprint": "x"}), store, models=models, reader=reader)


def test_a_store_of_vectors_alone_is_not_cleared(tmp_path, models, reader):
    store = tmp_path / "store"
    store.mkdir()
    (store / "entries.jsonl").write_text(json.dumps({"id": "faq", "text": None}) + "\n")
    np.save(store / "vectors.npy", models.embedder.encode([FALSE]))

    with pytest.raises(StoreError, match="it holds vectors alone"):
        trace_run(Run.create(tmp_path / "run", {"fingerprint": "x"}), store, models=models, reader=reader)


def test_a_store_dated_after_the_log_clears_nobody_by_its_dates(run, tmp_path, models, reader):
    after = datetime(2026, 6, 1, tzinfo=UTC).isoformat()
    trace_run(run, write_store(tmp_path / "store", ingested_at=after), models=models, reader=reader)

    assert run.read("suspects", ["entry_id", "verdict"]).to_pylist() == [
        {"entry_id": "faq", "verdict": "responsible"}
    ]
    assert DATED_AFTER in run.manifest["trace"]["store"]["cannot_know"]


def test_a_relative_index_is_found_from_another_folder(run, tmp_path, models, reader, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store = write_store(tmp_path / "store", ingested_at="2026-01-01T00:00:00+00:00")
    trace_run(run, store, models=models, reader=reader)

    facts = run.manifest["trace"]
    assert "trusted corpus" in facts["sweep"]["checked"]
    assert DATED_AFTER not in facts["store"]["cannot_know"]


def test_an_index_that_is_gone_is_asked_for(run, tmp_path, models, reader):
    shutil.rmtree(tmp_path / "trusted")
    store = write_store(tmp_path / "store", ingested_at=ASKED)

    with pytest.raises(
        InputError, match=r"^trusted: no trusted index is there, nor in .*run, .*\. Put it back"
    ):
        trace_run(run, store, models=models, reader=reader)


def test_another_index_in_its_place_is_refused(run, tmp_path, models, reader, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.md").write_text("# Lounge\n\nThe lounge opens at 5.\n")
    shutil.rmtree(tmp_path / "trusted")
    build_index(tmp_path / "other.md", tmp_path / "trusted", models.embedder)
    store = write_store(tmp_path / "store", ingested_at=ASKED)
    found = digest_path(tmp_path / "trusted")[:12]

    with pytest.raises(InputError, match=f"^trusted: not the trusted index .* its digest is {found}"):
        trace_run(run, store, models=models, reader=reader)


def test_the_terminal_says_what_the_container_of_the_store_shows(run, tmp_path):
    store = write_store(tmp_path / "store", ingested_at="2026-01-01T00:00:00+00:00")
    (store / "entries.jsonl").write_text(2 * (store / "entries.jsonl").read_text())

    shown = CliRunner().invoke(app, ["trace", str(run.path), "--store", str(store), "--no-cache"])

    assert shown.exit_code == 0, shown.output
    told = " ".join(shown.output.split())
    assert (
        "! The store: an id names more than one entry (id_repeated): 1 ids name more than one entry: faq"
        in told
    )


def test_a_claim_that_cites_an_accused_entry_is_not_laid_to_the_model():
    def attribution(key, origin, accused, cited):
        flagged = Flagged(key, "t", "claim", None, None, cited, {})
        entry = Candidate(
            Entry("bad", "false"), 0, "false", edited_since=False, pull=0.0, lean=0.0, shown=True
        )
        return Attribution(flagged, (entry,), (), Accusation(origin, accused, (0.9,), (0.01,)))

    made = [
        attribution("a", Origin.STORE, (0,), ("bad",)),
        attribution("b", Origin.GENERATOR, (), ("bad",)),
        attribution("c", Origin.GENERATOR, (), ("good",)),
        attribution("d", Origin.GENERATOR, (), ()),
    ]
    assert [one.accusation.origin for one in doubted(made)] == [
        Origin.STORE,
        Origin.UNDETERMINED,
        Origin.GENERATOR,
        Origin.GENERATOR,
    ]
    assert [one.accusation.origin for one in doubted(made[1:])] == [Origin.GENERATOR] * 3


@pytest.mark.parametrize("order", [1, -1])
def test_figures_of_an_accused_entry_are_of_the_events_it_is_accused_in(order):
    def event(claim_id, evidence, accused, score, p_value):
        entry = Entry("a", "It costs 9.")
        candidate = Candidate(entry, 0, "x", edited_since=False, pull=0.0, lean=0.0, shown=False)
        reading = Reading(0.9, 0.0, supports=True, contradicts=False, evidence_text=evidence)
        accusation = Accusation(Origin.STORE, accused, (score,), (p_value,))
        return Attribution(
            Flagged(claim_id, "t", "c", None, None, (), {}), (candidate,), (reading,), accusation
        )

    made = [event("t#0", "It costs 9.", (0,), 0.7, 0.02), event("t#1", "Open at 8.", (), 0.9, 0.001)]
    tally = _tally(made[::order])["a"]

    assert (tally.best, tally.p_value, tally.evidence) == (0.7, 0.02, "It costs 9.")
    assert _tally(made[1:])["a"].p_value == 0.001
