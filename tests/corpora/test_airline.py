"""The airline corpus agrees with itself, with its truth, and with what its script builds."""

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from corpora.airline.build import HOME, make, make_scenario
from corpora.chatbot.dialogue import load_dialogues
from corpora.chatbot.pages import cut_page, read_page

DAYS = 4
SPOT_FACTS = [
    ("refunds.md", "A refund must be requested before departure of the first flight."),
    ("refunds.md", "less a service charge of 30 euros per person"),
    ("flight-changes.md", "The change fee is 60 euros for Economy Light and 40 euros for Economy Standard."),
    ("flight-changes.md", "on the same route for 30 euros"),
    ("pets.md", "A pet in the cabin costs 60 euros per direction."),
    ("baggage-allowance.md", "Economy Standard includes one checked bag of up to 23 kg"),
    ("24-hour-rule.md", "at least 7 days before departure of the first flight"),
    ("vouchers.md", "valid for 18 months from the date of issue"),
    ("special-assistance.html", "at least 48 hours before departure"),
    ("invoices.txt", "for 24 months after the flight"),
    ("travel-documents.pdf", "at least 3 months beyond the date of your return"),
]


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def log():
    return read_lines(HOME / "log.jsonl")


@pytest.fixture(scope="module")
def entries():
    return read_lines(HOME / "store" / "entries.jsonl")


@pytest.fixture(scope="module")
def vectors():
    return np.load(HOME / "store" / "vectors.npy", allow_pickle=False)


@pytest.fixture(scope="module")
def truth():
    return json.loads((HOME / "truth.json").read_text(encoding="utf-8"))


def claims_of(log, truth):
    return [(turn, claim) for turn in log for claim in truth["turns"][turn["turn_id"]]["claims"]]


def flat(text):
    return " ".join(text.split())


def test_manifest_names_parts_that_exist():
    manifest = json.loads((HOME / "manifest.json").read_text(encoding="utf-8"))
    assert all((HOME / part["path"]).exists() for part in (*manifest["inputs"].values(), manifest["truth"]))
    assert set(manifest["inputs"]) == {"log", "trusted", "store"}


def test_first_days_rebuild_to_the_same_lines(tmp_path, log, entries, vectors, embed):
    suspicious = ("invoices.txt", "student-fares.md")  # one of their vectors was swapped
    pairs = zip(entries, vectors, strict=True)
    known = {entry["text"]: vector for entry, vector in pairs if entry["source"] not in suspicious}

    questions = sorted({turn["question"] for turn in log[: DAYS * 15]})
    known |= zip(questions, embed(questions), strict=True)

    def lookup(texts):
        missing = [text for text in texts if text not in known]
        if missing:
            known.update(zip(missing, embed(missing), strict=True))
        return np.stack([known[text] for text in texts])

    make(tmp_path, lookup, replace(make_scenario(), days=DAYS))
    again = read_lines(tmp_path / "log.jsonl")
    assert len(again) > 50
    for new, old in zip(again, log, strict=False):
        for new_chunk, old_chunk in zip(new["retrieved"], old["retrieved"], strict=True):
            assert new_chunk.pop("score") == pytest.approx(old_chunk["score"], abs=2e-4)
        bare = [{key: value for key, value in chunk.items() if key != "score"} for chunk in old["retrieved"]]
        assert new == {**old, "retrieved": bare}


def test_stored_vectors_are_unit_rows_of_their_texts_except_the_swapped_one(entries, vectors, truth, embed):
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(entries), 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    swapped = [
        n for n, e in enumerate(entries) if truth["entries"][e["id"]]["label"] == "fault:swapped_vector"
    ]
    sample = [*range(0, len(entries), 16), *swapped]
    again = embed([entries[number]["text"] for number in sample])
    errors = np.abs(again - vectors[sample]).max(axis=1)
    assert errors[: -len(swapped)].max() < 1e-4
    assert errors[-len(swapped) :].min() > 0.01


def test_truth_names_every_turn_and_entry_once(log, entries, truth):
    assert list(truth["turns"]) == [turn["turn_id"] for turn in log]
    assert list(truth["entries"]) == [entry["id"] for entry in entries]


def test_claim_spans_are_substrings_of_their_answers(log, truth):
    for turn, claim in claims_of(log, truth):
        assert turn["answer"][claim["start"] : claim["end"]] == claim["text"] != ""


def test_every_cited_id_was_retrieved_or_is_a_declared_ghost(log, truth):
    for turn, claim in claims_of(log, truth):
        assert set(claim["cited"]) <= {chunk["id"] for chunk in turn["retrieved"] if chunk["used"]}
        assert set(claim.get("ghosts", ())) <= set(truth["ghost_ids"])
        if "citations" not in turn:
            continue
        shown = [
            c["id"] for c in turn["citations"] if (c["start"], c["end"]) == (claim["start"], claim["end"])
        ]
        assert shown == [*claim["cited"], *claim.get("ghosts", ())]


def test_markers_in_the_text_point_to_the_chunks_that_truth_names(log, truth):
    for turn, claim in claims_of(log, truth):
        if "citations" in turn:
            assert "[" not in claim["text"]
            continue
        ranks = {str(chunk["rank"]): chunk["id"] for chunk in turn["retrieved"]}
        markers = [part.split("]")[0] for part in claim["text"].split("[")[1:]]
        assert [ranks.get(m, m) for m in markers] == [*claim["cited"], *claim.get("ghosts", ())]


def test_every_citation_style_occurs(log):
    styles = Counter("field" if "citations" in t else "ids" if "[c" in t["answer"] else "other" for t in log)
    assert min(styles["field"], styles["ids"]) >= 15
    assert sum("[1]" in turn["answer"] for turn in log) >= 40


def test_nothing_is_retrieved_before_it_was_ingested(log, entries, truth):
    ingested = {entry["id"]: datetime.fromisoformat(entry["ingested_at"]) for entry in entries}
    for turn in log:
        for chunk in turn["retrieved"]:
            if chunk["id"] not in truth["retired_ids"]:
                assert ingested[chunk["id"]] <= datetime.fromisoformat(turn["timestamp"])


def test_turns_are_in_order_of_time_within_three_weeks(log):
    times = [datetime.fromisoformat(turn["timestamp"]) for turn in log]
    assert all(earlier < later for earlier, later in pairwise(times))
    assert times[-1] - times[0] < timedelta(days=21)
    assert 150 <= len(log) <= 300


def test_retrieved_texts_are_those_of_the_store_unless_retired(log, entries, truth):
    texts = {entry["id"]: entry["text"] for entry in entries}
    for turn in log:
        assert [chunk["rank"] for chunk in turn["retrieved"]] == [1, 2, 3, 4]
        for chunk in turn["retrieved"]:
            assert texts.get(chunk["id"], chunk["text"]) == chunk["text"]
            assert (chunk["id"] in texts) != (chunk["id"] in truth["retired_ids"])


def test_retrieval_is_cosine_over_the_store_of_the_time(log, entries, vectors, truth, embed):
    rows = {entry["id"]: vector for entry, vector in zip(entries, vectors, strict=True)}
    ingested = {entry["id"]: datetime.fromisoformat(entry["ingested_at"]) for entry in entries}
    late = [turn for turn in log if turn["timestamp"] > "2026-03-17T12"][::9]
    for turn, query in zip(late, embed([turn["question"] for turn in late]), strict=True):
        now = datetime.fromisoformat(turn["timestamp"])
        scores = {id_: float(row @ query) for id_, row in rows.items() if ingested[id_] <= now}
        best = sorted(scores.values(), reverse=True)[:4]
        assert [chunk["score"] for chunk in turn["retrieved"]] == pytest.approx(best, abs=2e-4)


def test_index_version_and_model_change_as_told(log):
    versions = [turn["index_version"] for turn in log]
    assert versions == sorted(versions)
    assert len(set(versions)) > 15
    models = [turn["model"] for turn in log]
    assert len(set(models)) == 2
    assert sum(a != b for a, b in pairwise(models)) == 1


def test_write_backs_come_after_the_answer_they_repeat(log, entries, truth):
    turns = {turn["turn_id"]: turn for turn in log}
    written = [entry for entry in entries if entry["source"] == "faq-auto"]
    assert {entry["written_by_turn"] is None for entry in written} == {True, False}
    for entry in written:
        parent = turns[truth["entries"][entry["id"]]["written_by_turn"]]
        assert entry["written_by_turn"] in (None, parent["turn_id"])
        assert datetime.fromisoformat(entry["ingested_at"]) > datetime.fromisoformat(parent["timestamp"])
        assert parent["question"] in entry["text"]


def test_the_poison_cascades_to_a_second_generation(truth):
    poison = truth["timeline"]["poison"]
    assert datetime.fromisoformat(poison["injected_at"]).weekday() == 1
    assert poison["injected_at"] < poison["first_affected_at"]
    assert poison["deepest_generation"] >= 2
    assert len(poison["written_back_entries"]) >= 5
    assert any(turn.get("hop", 0) >= 3 for turn in truth["turns"].values())


def test_false_claims_are_traced_to_entries_that_are_false(log, truth):
    roots = {id_ for origin in truth["origins"].values() for id_ in origin["entries"]}
    conflicts = [claim for _, claim in claims_of(log, truth) if claim["status"] == "source_conflict"]
    assert conflicts
    for claim in conflicts:
        labels = {truth["entries"][id_]["label"] for id_ in claim["responsible"]}
        assert labels <= {"poisoned", "stale", "written_back_false"}
        assert set(claim["origins"]) <= roots


def test_every_kind_of_entry_and_claim_occurs(truth):
    labels = {entry["label"] for entry in truth["entries"].values()}
    faults = {"fault:duplicate", "fault:mojibake", "fault:swapped_vector"}
    assert labels == {"clean", "poisoned", "stale", "written_back_true", "written_back_false"} | faults
    statuses = {
        "grounded",
        "uncorroborated",
        "source_conflict",
        "misattributed",
        "uncited",
        "contradicted",
        "unsupported",
    }
    assert set(truth["counts"]["claim_statuses"]) == statuses


def test_most_answers_with_claims_are_right(truth):
    labels = truth["counts"]["turn_labels"]
    stating = sum(labels.values()) - labels["abstained"] - labels["smalltalk"]
    assert 0.7 < (labels["right"] + labels["partial"]) / stating < 0.85


def test_evidence_of_every_claim_stands_in_the_page_it_names(log, truth):
    pages = {path.stem: flat(read_page(path)) for path in (HOME / "trusted").iterdir()}
    pages |= {f"vendor-feed/{path.stem}": flat(read_page(path)) for path in (HOME / "pages/vendor").iterdir()}
    pages["change-fees"] = flat(read_page(HOME / "pages/old/change-fees.md"))
    for _, claim in claims_of(log, truth):
        for key in filter(None, claim["evidence"].split(";")):
            page, _, phrase = key.partition("#")
            assert phrase in pages[page]


def test_cited_chunks_of_grounded_claims_hold_the_evidence(log, truth):
    sources = {}
    for turn, claim in claims_of(log, truth):
        sources |= {chunk["id"]: chunk for chunk in turn["retrieved"]}
        if claim["status"] != "grounded":
            continue
        phrases = [key.partition("#")[2] for key in claim["evidence"].split(";")]
        for id_ in claim["cited"]:
            written_back = sources[id_]["metadata"]["source"] == "faq-auto"
            assert written_back or any(phrase in flat(sources[id_]["text"]) for phrase in phrases)


@pytest.mark.parametrize(("page", "fact"), SPOT_FACTS)
def test_trusted_page_states_the_fact(page, fact):
    assert fact in flat(read_page(HOME / "trusted" / page))


def test_trusted_pages_number_25_to_40_and_keep_the_poison_out():
    texts = [flat(read_page(path)) for path in sorted((HOME / "trusted").iterdir())]
    assert 25 <= len(texts) <= 40
    assert all(150 <= len(text.split()) <= 450 for text in texts)
    assert not any(
        "90 days after the flight" in text or "75 euros for Economy Standard" in text for text in texts
    )


def test_pieces_of_every_page_have_60_to_150_words():
    for path in sorted((HOME / "trusted").iterdir()):
        assert all(60 <= len(piece.split()) <= 150 for piece in cut_page(read_page(path))), path.name


def test_every_answer_in_the_dialogues_has_its_evidence_in_one_piece():
    scenario = make_scenario()
    pieces = [
        (source, flat(piece))
        for i in scenario.ingests
        for path, source in i.pages
        for piece in cut_page(read_page(path))
    ]
    for intent in load_dialogues(HOME / "dialogues.yaml"):
        for segment in (segment for answer in intent.answers for segment in answer.segments):
            for key in filter(None, segment.key.split(";")):
                page, _, phrase = key.partition("#")
                assert any(
                    source.rsplit(".", 1)[0] == page and phrase in piece for source, piece in pieces
                ), key


def test_corpora_stay_small():
    """What the quick start reads stays small; the written claims, which only train, may be larger."""
    root = Path(HOME).parent
    sizes = Counter()
    for path in root.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            sizes["written" in path.relative_to(root).parts] += path.stat().st_size
    assert sizes[False] < 7_000_000
    assert sizes[True] < 26_000_000
