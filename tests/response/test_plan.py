"""The plan a person edits, the rule that proposes it, the ledger, and the rewrites of questions."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from halluguard.errors import InputError, RunError
from halluguard.response import (
    Applied,
    Plan,
    PlanAction,
    PlanEntry,
    apply_plan,
    propose_plan,
    read_ledger,
    read_plan,
    write_plan,
)
from halluguard.response.choose import Chosen, add_rewrites, add_written_back, choose_entries, excuse
from halluguard.response.digests import digest_text
from halluguard.response.ledger import append_ledger, chain, write_ledger
from halluguard.response.paraphrase import normal, paraphrase
from halluguard.response.propose import Known, _roll_back
from halluguard.response.snapshot import take_snapshot
from halluguard.response.telling import tell_applied, tell_plan
from halluguard.run import SPREAD_TABLES
from halluguard.stores import open_store


def suspect(key, verdict, text="t", trusted=""):
    return {
        "entry_id": key,
        "verdict": verdict,
        "n_events": 2,
        "n_turns": 1,
        "reasons": [{"code": "encoding_damage"}],
        "text": text,
        "nearest_trusted_text": trusted,
        "nearest_trusted_id": "page",
    }


def cascade(*entries, cut=()):
    made = [{"key": k, "id": k, "in_store": here, "rung": rung} for k, here, rung in entries]
    edges = [{"kind": "exposure", "source": entries[0][0], "target": turn} for turn in ("t1", "t2")]
    keys = [k for k, *_ in entries]
    return {
        "id": "C1",
        "entries": made,
        "edges": edges,
        "containment": {"minimum_cut": list(cut), "quarantine": keys},
    }


STORED = {key: {"source": "s", "batch": key[0]} for key in ("a1", "a2", "b1", "b2", "c1", "d1")}


def test_accused_and_cascaded_entries_are_proposed_and_damaged_ones_listed():
    suspects = [suspect("a1", "responsible"), suspect("b1", "corrupted"), suspect("c1", "suspect")]
    found = choose_entries(
        suspects, [cascade(("d1", True, None), ("b2", True, "copy"), ("gone", False, None))], STORED
    )
    assert {one.id: (one.approve, one.role) for one in found} == {
        "d1": (True, "origin"),
        "a1": (True, "accused"),
        "b2": (True, "written back"),
        "b1": (False, "corrupted"),
    }
    assert (found[0].id, found[0].answers) == ("d1", 2)


def test_entries_that_say_what_is_known_to_be_false_are_proposed_though_no_answer_did():
    said = {"reasons": [{"code": "asserts_known_false", "detail": "'It is so.': 'So it is.'"}]}
    found = choose_entries(
        [suspect("a1", "suspect") | said, suspect("a2", "suspect"), suspect("b1", "corrupted") | said],
        [],
        STORED,
    )

    assert [(one.id, one.approve, one.role) for one in found] == [
        ("a1", True, "rewrite"),
        ("b1", True, "rewrite"),
    ]
    assert "So it is." in found[0].why[0]


def test_copy_of_a_trusted_passage_is_not_proposed_but_one_with_another_number_is():
    trusted = "The change fee is 60 euros for every ticket of the current price list."
    suspects = [
        suspect("a1", "responsible", trusted, trusted + " More follows."),
        suspect("a2", "responsible", trusted.replace("60", "75"), trusted),
    ]
    assert {one.id: one.approve for one in choose_entries(suspects, [], STORED)} == {"a1": False, "a2": True}


@pytest.mark.parametrize(
    "text",
    [
        "The change fee is not 60 euros for every ticket of the current price list.",
        "The change fee is 60 euros for every ticket of the current price list. It is refunded in cash.",
    ],
)
def test_a_trusted_passage_with_a_word_changed_or_a_sentence_added_is_proposed(text):
    trusted = "The change fee is 60 euros for every ticket of the current price list."
    (found,) = choose_entries([suspect("a1", "responsible", text, trusted)], [], STORED)
    assert found.approve


def test_part_of_a_trusted_sentence_is_proposed():
    text = "refunds are paid for 90 days."
    (found,) = choose_entries([suspect("a1", "responsible", text, f"It is a myth that {text}")], [], STORED)
    assert found.approve


def test_an_entry_that_shares_its_id_is_not_excused_by_its_twin():
    trusted = "The change fee is 60 euros."
    stored = {**STORED, "a1": {**STORED["a1"], "copies": 2}}
    (found,) = choose_entries([suspect("a1", "responsible", trusted, trusted)], [], stored)
    assert found.approve


def test_an_id_is_vouched_for_only_where_every_entry_of_it_is(monkeypatch):
    from halluguard.records import Entry
    from halluguard.response import book

    monkeypatch.setattr(book, "vouched_texts", lambda _, texts: frozenset(texts) - {"false"})
    held = book.Book(reader=None, vouching=object())
    entries = [Entry("twin", "true"), Entry("twin", "false"), Entry("one", "true")]
    assert book.find_vouched(held, entries) == {"one"}


def test_rest_of_a_batch_that_is_accused_beyond_chance_is_listed_for_review():
    group = {"level": "batch", "key": "a", "accused": 1, "total": 2, "p_value": 0.01}
    found = choose_entries(
        [suspect("a1", "responsible")], [], STORED, [group, {**group, "key": "b", "p_value": 0.5}]
    )
    assert [(one.id, one.approve, one.role) for one in found] == [
        ("a1", True, "accused"),
        ("a2", False, "review"),
    ]


def test_rewrites_are_added_and_vouched_entries_excused():
    found = choose_entries([suspect("a1", "responsible"), suspect("a2", "responsible")], [], STORED)
    made = add_rewrites(excuse(found, {"a2"}), {"c1": ["It is so."], "a2": ["It is so."]})
    assert [(one.id, one.approve) for one in made] == [("a1", True), ("c1", True), ("a2", False)]


def test_a_damaged_entry_that_says_the_false_claim_is_proposed_and_keeps_its_reasons():
    found = choose_entries([suspect("a1", "corrupted")], [], STORED)
    assert not found[0].approve
    (made,) = add_rewrites(found, {"a1": ["It is so."]})
    assert (made.approve, made.role) == (True, "rewrite")
    assert made.why == ("says the false claim: It is so.", *found[0].why)


def test_what_was_written_back_from_an_answer_that_cites_an_accused_entry_is_listed_for_review():
    stored = {
        **STORED,
        "b1": {"source": "faq", "batch": "b", "written_by_turn": "t1"},
        "b2": {"source": "faq", "batch": "b", "written_by_turn": "t2"},
        "c1": {"source": "faq", "batch": "c", "written_by_turn": None},
    }
    found = choose_entries([suspect("a1", "responsible"), suspect("d1", "corrupted")], [], stored)
    made = add_written_back(found, stored, {"t1": {"a1", "a2"}, "t2": {"a2", "d1"}})
    assert made[: len(found)] == found
    assert [(one.id, one.approve, one.role, one.why) for one in made[len(found) :]] == [
        ("b1", False, "review", ("written back from answer t1, which cites a1",))
    ]
    assert add_written_back(made, stored, {"t1": {"a1"}}) == made


PLAN = Plan(
    "run",
    {"path": "s", "files": {}},
    (
        PlanAction(
            "A1", "quarantine", True, "r: é", entries=(PlanEntry("1"), PlanEntry("no", False, why=("x",)))
        ),
    ),
)


def test_plan_survives_its_yaml_and_a_person_may_turn_entries(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(write_plan(PLAN))
    assert read_plan(path) == PLAN
    assert read_plan(path).condemned() == ("1",)
    path.write_text(write_plan(PLAN).replace("approve: true", "approve: false"))
    assert read_plan(path).condemned() == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("do: quarantine", "do: delete", "actions\\[1\\].do"),
        ("approve: true", "approve: perhaps", "approve"),
        ("reason:", "because:", "because"),
        ("id: '1'", "id: 1", "in quotes"),
        ("schema: 1", "schema: 9", "schema"),
        ("actions:", "actions: [", "cannot be read"),
        ("run: run", "run: 2026-13-45", "cannot be read"),
        ("reason:", "evidence: 5\n  reason:", "evidence is 5. Expected a list"),
        ("reason:", "targets: x\n  reason:", "targets is 'x'. Expected a mapping"),
        ("reason:", "cost: [1]\n  reason:", "cost is \\[1\\]. Expected a mapping"),
        ("why:\n    - x", "why: 7", "why is 7. Expected a list"),
        ("files: {}", "files: x", "store.files is 'x'"),
    ],
)
def test_plan_that_cannot_be_meant_is_refused_by_field(old, new, said, tmp_path):
    path = tmp_path / "plan.yaml"
    assert old in write_plan(PLAN)
    path.write_text(write_plan(PLAN).replace(old, new, 1))
    with pytest.raises(InputError, match=said):
        read_plan(path)


def test_fields_of_an_action_may_be_left_empty(tmp_path):
    path = tmp_path / "plan.yaml"
    empty = "".join(f"{name}:\n  " for name in ("targets", "cost", "saves", "evidence"))
    path.write_text(write_plan(PLAN).replace("reason:", f"{empty}reason:", 1))
    assert read_plan(path) == PLAN


@pytest.fixture
def ledger(tmp_path, signed):
    path, lines = tmp_path / "ledger.jsonl", []
    for deed in ("one", "two", "three"):
        lines.append(chain(tuple(lines), signed, {"deed": deed}))
    write_ledger(path, tuple(lines))
    return path


def test_ledger_goes_on_from_its_last_line(ledger, signed):
    append_ledger(ledger, signed, {"deed": "four"})
    lines = read_ledger(ledger)
    assert [(line["number"], line["deed"]) for line in lines][-1] == (4, "four")
    assert (lines[0]["by"], lines[0]["why"]) == ("a responder", "a complaint")


def test_ledger_with_line_separators_and_surrogates_in_it_is_read_again(ledger, signed):
    append_ledger(ledger, signed, {"deed": "four", "id": "a\u2028b\x85\udc80"})
    assert read_ledger(ledger)[-1]["id"] == "a\u2028b\x85\udc80"


@pytest.mark.parametrize("harm", ["edit", "drop", "swap"])
def test_edited_ledger_is_told(harm, ledger):
    rows = ledger.read_text().splitlines()
    if harm == "edit":
        rows[1] = json.dumps({**json.loads(rows[1]), "by": "someone else"})
    elif harm == "drop":
        del rows[1]
    else:
        rows[0], rows[1] = rows[1], rows[0]
    ledger.write_text("\n".join(rows))
    with pytest.raises(InputError, match="chain breaks"):
        read_ledger(ledger)


def test_rewrites_of_a_question_are_distinct_and_ask_about_the_claim():
    question = "How much does it cost to change my flight, and until when can I do it?"
    made = paraphrase(question, ("The change fee is 75 euros.",))
    assert len({normal(text) for text in (question, *made)}) == len(made) + 1 >= 15
    assert "Is it true that the change fee is 75 euros?" in made
    assert paraphrase(question, ("The change fee is 75 euros.",)) == made


def test_an_entry_with_another_text_than_was_traced_is_listed_and_not_proposed():
    """A store built anew gave the id of the accused entry to an innocent one."""
    stored = {
        "a1": {**STORED["a1"], "copies": 1, "digest": digest_text("innocent")},
        "a2": {**STORED["a2"], "copies": 1, "digest": digest_text("false")},
        "b1": {**STORED["b1"], "copies": 2, "digest": digest_text("innocent")},
        "b2": {**STORED["b2"], "copies": 1, "digest": None},
    }
    suspects = [suspect(key, "responsible", "false") for key in ("a1", "a2", "b1")]
    found = choose_entries(
        [*suspects, suspect("b2", "responsible", None)], [cascade(("a1", True, None))], stored
    )
    told = {one.id: any("not the one that was traced" in why for why in one.why) for one in found}
    assert {one.id: one.approve for one in found} == {"a1": False, "a2": True, "b1": True, "b2": True}
    assert told == {"a1": True, "a2": False, "b1": False, "b2": False}


@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_plan_says_that_the_store_is_not_the_one_that_was_traced(
    rebuilt, empty_run, write_native, signed, tmp_path
):
    texts = ["false", "innocent", "page"]
    rows = [{"id": f"e{i}", "text": text} for i, text in enumerate(texts)]
    folder = write_native(tmp_path / "s", rows, np.eye(3, dtype=np.float32))
    traced = {file.name: file.sha256 for file in open_store(folder).files()}
    empty_run.update_manifest({"trace": {"store": {"files": traced}}})
    empty_run.write("turns", [])
    empty_run.write("claims", [])
    accused = {"verdict": "responsible", "n_events": 1, "n_turns": 1, "reasons": []}
    empty_run.write(
        "suspects", [{"entry_id": f"e{i}", "text": text, **accused} for i, text in enumerate(texts[:1])]
    )
    (empty_run.path / "cascade.json").write_text(
        json.dumps({"cascades": [], "verdict": {"regime": "SEEDED-ONLY"}})
    )
    if rebuilt:
        rows = [{"id": f"e{i}", "text": text} for i, text in enumerate(["innocent", "false", "page"])]
        write_native(folder, rows, np.eye(3, dtype=np.float32))
    store = open_store(folder)
    plan = propose_plan(empty_run, store)
    said = "the store is not as it was traced: trace it again"

    assert plan.condemned() == (() if rebuilt else ("e0",))
    assert any(said in line for line in tell_plan(plan)) is rebuilt
    (tmp_path / "plan.yaml").write_text(write_plan(plan))
    assert read_plan(tmp_path / "plan.yaml") == plan
    if rebuilt:
        path = tmp_path / "plan.yaml"
        path.write_text(path.read_text().replace("approve: false", "approve: true"))
        applied = apply_plan(empty_run, store, read_plan(path), tmp_path / "out", signed=signed)
        assert any(said in note for note in applied.notes)


def test_no_plan_is_made_of_a_spread_that_was_scored_before_the_last_trace(empty_run, write_native, tmp_path):
    folder = write_native(tmp_path / "s", [{"id": "e0", "text": "page"}], np.eye(1, dtype=np.float32))
    for name in ("turns", "claims", "suspects"):
        empty_run.write(name, [])
    (empty_run.path / "cascade.json").write_text(
        json.dumps({"cascades": [], "verdict": {"regime": "SEEDED-ONLY"}})
    )
    empty_run.update_manifest({"cascade": {"read": empty_run.digests(SPREAD_TABLES)}})
    assert propose_plan(empty_run, open_store(folder)).condemned() == ()

    accused = {"entry_id": "e0", "verdict": "responsible", "n_events": 1, "n_turns": 1, "reasons": []}
    empty_run.write("suspects", [accused])  # as a trace of another store does

    with pytest.raises(RunError, match="scored before the last trace"):
        propose_plan(empty_run, open_store(folder))


def test_a_roll_back_is_proposed_to_a_copy_that_can_be_opened_and_counts_what_came_since(tmp_path):
    def written(name, ids):
        rows = [{"id": key, "text": f"text of {key}"} for key in ids]
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return tmp_path / name

    copy, store = written("old.jsonl", "abcdefgh"), open_store(written("now.jsonl", "abxyx"))
    digests = tmp_path / "monday.snapshot"
    take_snapshot(open_store(copy), digests)
    facts = {"ingested_at": None, "digest": "x"}
    entries = {key: {**facts, "copies": 2 if key == "x" else 1} for key in "abxy"}
    known = Known((), {}, entries, (), {}, {}, {}, {})
    chosen = [Chosen("y", True, (), "accused")]

    assert _roll_back(known, chosen, store, [digests], None) is None
    action = _roll_back(known, chosen, store, [digests, copy], None)
    assert action.targets["snapshot"] == str(copy)
    assert action.cost == {"entries_in_snapshot": 8, "entries_added_since": 3}

    nameless = replace(known, entries={**entries, "line-6": {**facts, "copies": 1}})
    assert _roll_back(nameless, chosen, store, [copy], None) is None


def test_a_plan_is_made_for_the_store_as_it_was_before_it_was_read(empty_run, write_native, tmp_path):
    folder = write_native(tmp_path / "s", [{"id": "e0", "text": "page"}], np.eye(1, dtype=np.float32))
    for name in ("turns", "claims", "suspects"):
        empty_run.write(name, [])
    (empty_run.path / "cascade.json").write_text(
        json.dumps({"cascades": [], "verdict": {"regime": "SEEDED-ONLY"}})
    )
    store = open_store(folder)
    files = {file.name: file.sha256 for file in store.files()}

    def read():
        yield from store.read()
        write_native(folder, [{"id": "e0", "text": "edited"}], np.eye(1, dtype=np.float32))

    assert propose_plan(empty_run, replace(store, read=read)).store["files"] == files
    assert {file.name: file.sha256 for file in store.files()} != files


@pytest.mark.parametrize(("length", "shown"), [(3, 12), (36, 5), (900, 1)])
def test_ids_are_told_whole_and_those_left_out_are_counted(length, shown):
    entries = tuple(PlanEntry(f"{number:0{length}}") for number in range(20))
    targets = {"ghosts": [entry.id for entry in entries]}
    action = PlanAction("A1", "quarantine", True, "", entries=entries, targets=targets)
    for line in tell_plan(Plan("", {}, (action,)))[1:]:
        ids, _, more = line.partition(": ")[2].rpartition(" and ")
        assert (len(ids.split(", ")), more) == (shown, f"{20 - shown} more")
        assert length == 900 or {len(key) for key in ids.split(", ")} == {length}


def test_the_command_to_undo_can_be_pasted():
    folder = Path("the case's files")
    told = tell_applied(Applied(folder, 2, 1, 0, 1, "r", "r", (), "d"))
    (undo,) = (line.partition("undo")[2] for line in told if "undo" in line)
    assert shlex.split(undo) == ["halluguard", "respond", "--restore", str(folder), "-o", "NEWSTORE"]
