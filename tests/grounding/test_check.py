"""The check stage on real models: statuses, resume, interrupt, order, hostile and broken input."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from halluguard.api import write_report
from halluguard.errors import InputError, RunError
from halluguard.gate import decide_outcome
from halluguard.grounding.check import CheckSettings, check_log, digest_path
from halluguard.models import Cache, CachedScorer
from halluguard.run import Run

PAGES = {
    "bags.md": "# Checked bags\n\nA checked bag of up to 23 kg costs 30 dollars on domestic flights. Overweight bags cost 75 dollars more.\n",
    "pets.md": "# Pets\n\nSmall dogs and cats travel in the cabin for 80 dollars each way. Pets must be at least 12 weeks old.\n",
    "refunds.md": "# Refunds\n\nRefundable tickets are refunded within 7 working days to the card that was used. Non-refundable tickets are not refunded.\n",
}
BAGS = {
    "id": "kb-1",
    "text": "A checked bag of up to 23 kg costs 30 dollars on domestic flights.",
    "metadata": {"source": "bags.md"},
}
PETS = {
    "id": "kb-2",
    "text": "Small dogs and cats travel in the cabin for 80 dollars each way.",
    "metadata": {"source": "pets.md"},
}
TURNS = [
    {"turn_id": "right", "question": "What does a bag cost?", "answer": "A checked bag of up to 23 kg costs 30 dollars on domestic flights [1].", "retrieved": [BAGS]},
    {"turn_id": "wrong-citation", "question": "May I bring my cat?", "answer": "Small dogs and cats travel in the cabin for 80 dollars each way [1].", "retrieved": [BAGS, PETS]},
    {"turn_id": "uncited", "question": "How old must pets be?", "answer": "Pets must be at least 12 weeks old.", "retrieved": [BAGS]},
    {"turn_id": "silent", "question": "Is there Wi-Fi?", "answer": "I'm sorry, I don't have information about Wi-Fi.", "retrieved": []},
    {"turn_id": "hello", "answer": "Hello! How can I help you today?"},
    {"turn_id": "invented", "question": "Is there a lounge?", "answer": "The lounge in Lisbon opens at midnight and serves free champagne to children [1].", "retrieved": [PETS]},
]  # fmt: skip


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trusted")
    for name, text in PAGES.items():
        (folder / name).write_text(text)
    return folder


def write_log(path, turns=TURNS):
    path.write_text("".join(json.dumps(turn) + "\n" for turn in turns))
    return path


def statuses(run):
    rows = run.read("claims").to_pylist()
    return [
        (row["turn_id"], row["text"], row["status"], row["trusted_entailment"], row["cited_entailment"])
        for row in rows
    ]


@pytest.fixture(scope="module")
def checked(tmp_path_factory, trusted, models, reader):
    folder = tmp_path_factory.mktemp("checked")
    return check_log(write_log(folder / "log.jsonl"), trusted, folder / "run", models=models, reader=reader)


def test_statuses_follow_the_design(checked):
    found = {turn: status for turn, _, status, *_ in statuses(checked)}

    assert found == {
        "right": "grounded",
        "wrong-citation": "misattributed",
        "uncited": "uncited",
        "silent": "abstained",
        "hello": "not_a_claim",
        "invented": "unsupported",
    }


def test_claims_are_spans_of_their_answers(checked):
    answers = {row["turn_id"]: row["answer"] for row in checked.read("turns").to_pylist()}
    for row in checked.read("claims").to_pylist():
        assert answers[row["turn_id"]][row["start"] : row["end"]] == row["text"]


def test_manifest_names_inputs_models_thresholds_and_what_is_missing(checked):
    manifest = checked.manifest

    assert manifest["state"] == "finished"
    assert len(manifest["inputs"]["log"]["sha256"]) == 64
    assert manifest["models"]["nli"]["digest"]
    assert manifest["thresholds"]["support_threshold"]
    assert any("timestamp" in line for line in manifest["not_shown"])
    assert manifest["counts"]["turns"] == 6
    assert manifest["summary"]["ungrounded_rate"]["hits"] == 1
    assert manifest["summary"]["citation_precision"] | {"low": 0, "high": 0} == {
        "hits": 1,
        "total": 3,
        "value": 0.333333,
        "low": 0,
        "high": 0,
    }


@pytest.mark.parametrize("block_turns", [1, 2, 64])
def test_block_size_changes_nothing(checked, tmp_path, trusted, models, reader, *, block_turns):
    log = write_log(tmp_path / "log.jsonl")
    run = check_log(
        log,
        trusted,
        tmp_path / "run",
        models=models,
        reader=reader,
        settings=CheckSettings(block_turns=block_turns),
    )

    for one, other in zip(statuses(checked), statuses(run), strict=True):
        assert one[:3] == other[:3]
        assert one[3:] == pytest.approx(other[3:], abs=1e-5, nan_ok=True)


def test_order_of_turns_changes_no_verdict(checked, tmp_path, trusted, models, reader):
    log = write_log(tmp_path / "log.jsonl", TURNS[::-1])
    run = check_log(log, trusted, tmp_path / "run", models=models, reader=reader)

    assert sorted(statuses(run)) == sorted(statuses(checked))


def test_finished_run_is_returned_as_it_is(checked, tmp_path, trusted, models, reader):
    before = {p.name: p.stat().st_mtime_ns for p in checked.path.iterdir()}
    again = check_log(checked.path.parent / "log.jsonl", trusted, checked.path, models=models, reader=reader)

    assert {p.name: p.stat().st_mtime_ns for p in again.path.iterdir()} == before


def test_same_input_gives_the_same_bytes(checked, tmp_path, trusted, models, reader):
    run = check_log(
        checked.path.parent / "log.jsonl", trusted, tmp_path / "run", models=models, reader=reader
    )

    for table in ("turns", "claims"):
        assert run.table_path(table).read_bytes() == checked.table_path(table).read_bytes()


def test_another_log_in_the_same_directory_is_refused(checked, tmp_path, trusted, models, reader):
    with pytest.raises(RunError, match="other inputs or settings"):
        check_log(
            write_log(tmp_path / "other.jsonl", TURNS[:1]),
            trusted,
            checked.path,
            models=models,
            reader=reader,
        )


def test_interrupt_leaves_valid_tables_and_the_next_start_goes_on(checked, tmp_path, trusted, models, reader):
    log = write_log(tmp_path / "log.jsonl")

    def interrupt(progress):
        if progress.turns >= 4:
            raise KeyboardInterrupt

    settings = CheckSettings(block_turns=2)
    with pytest.raises(KeyboardInterrupt):
        check_log(
            log,
            trusted,
            tmp_path / "run",
            models=models,
            reader=reader,
            settings=settings,
            on_progress=interrupt,
        )
    stopped = Run.open(tmp_path / "run")

    assert stopped.manifest["state"] == "interrupted"
    assert stopped.read("turns").num_rows == 4

    read = models.scorer.hits.asked
    finished = check_log(log, trusted, tmp_path / "run", models=models, reader=reader, settings=settings)

    assert models.scorer.hits.asked - read < 20
    assert [row[:3] for row in statuses(finished)] == [row[:3] for row in statuses(checked)]


def test_killed_process_resumes_to_the_same_tables(checked, tmp_path, trusted):
    """kill -9 in the middle of a run, then the same command again."""
    log = write_log(tmp_path / "log.jsonl")
    script = f"""
import sys, time
from pathlib import Path
from halluguard.grounding.check import CheckSettings, check_log
from halluguard.grounding.loading import load_reader
from halluguard.models import load_models
models = load_models(device="cpu", cache=False)
def slow(progress):
    print("block", flush=True)
    time.sleep(30 if "slow" in sys.argv else 0)
check_log(Path({str(log)!r}), Path({str(trusted)!r}), Path({str(tmp_path / "run")!r}), models=models,
          reader=load_reader(models), settings=CheckSettings(block_turns=2), on_progress=slow)
"""
    process = subprocess.Popen([sys.executable, "-c", script, "slow"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "block\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert Run.open(tmp_path / "run").n_parts() == 1

    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)

    assert [row[:3] for row in statuses(Run.open(tmp_path / "run"))] == [row[:3] for row in statuses(checked)]
    assert not (tmp_path / "run" / "parts").exists()
    assert time.monotonic()


def test_bad_rows_are_counted_named_and_cost_nothing_else(checked, tmp_path, trusted, models, reader):
    lines = [
        json.dumps(TURNS[0]),
        "{broken",
        json.dumps({"turn_id": "no-answer"}),
        json.dumps(TURNS[0]),
        json.dumps(TURNS[2]),
    ]
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(lines) + "\n")
    run = check_log(log, trusted, tmp_path / "run", models=models, reader=reader)

    assert run.manifest["counts"]["skipped_rows"] == 3
    assert [row["line"] for row in run.manifest["log"]["skipped"]] == [2, 3, 4]
    assert [row[:3] for row in statuses(run)] == [
        row[:3] for row in statuses(checked) if row[0] in {"right", "uncited"}
    ]


def test_log_of_bad_rows_only_is_one_clear_line(tmp_path, trusted, models, reader):
    log = tmp_path / "log.jsonl"
    log.write_text("{broken\n")
    with pytest.raises(InputError, match="no turn could be read, 1 rows were skipped; line 1"):
        check_log(log, trusted, tmp_path / "run", models=models, reader=reader)


def test_ghosts_missing_texts_and_hostile_characters_are_survived(tmp_path, trusted, models, reader):
    turns = [
        {
            "turn_id": "ghost",
            "answer": "Bags cost 30 dollars [kb-99].",
            "retrieved": [BAGS],
            "citations": [{"id": "kb-99", "marker": "[kb-99]"}],
        },
        {"turn_id": "no-text", "answer": "Bags cost 30 dollars [1].", "retrieved": [{"id": "kb-1"}]},
        {
            "turn_id": "hostile",
            "answer": "<script>alert(1)</script> =cmd() \x1b[31mred\u202e \ud83d\ude00 bags cost 30 dollars.",
        },
        {"turn_id": "surrogate", "answer": "Bags cost \ud800 30 dollars."},
        {"turn_id": "long", "answer": "word" * 2500 + ". Bags cost 30 dollars."},
        {"turn_id": "empty", "answer": ""},
    ]
    run = check_log(
        write_log(tmp_path / "log.jsonl", turns), trusted, tmp_path / "run", models=models, reader=reader
    )
    rows = run.read("claims").to_pylist()

    assert run.manifest["counts"]["turns"] == 6
    assert run.manifest["counts"]["errors"] == 0
    assert next(row for row in rows if row["turn_id"] == "ghost")["ghost_ids"] == ["kb-99"]
    assert run.manifest["counts"]["ghost_citations"] == 1


def test_unrelated_evidence_is_not_read_as_contradiction(checked):
    control = checked.manifest["summary"]["contradiction_false_alarm_rate"]

    assert control["hits"] == 0


class PoisonedScorer:
    """The real model, which fails over one text as a tokenizer may."""

    def __init__(self, scorer, poison):
        self.scorer, self.poison = scorer, poison
        self.name, self.digest, self.max_tokens = scorer.name, scorer.digest, scorer.max_tokens

    def score(self, pairs):
        if any(self.poison in premise + hypothesis for premise, hypothesis in pairs):
            raise RuntimeError("the tokenizer choked")
        return self.scorer.score(pairs)


def test_a_turn_that_cannot_be_read_gets_an_error_and_harms_no_other(
    checked, tmp_path, trusted, models, reader
):
    poisoned = CachedScorer(PoisonedScorer(models.scorer.scorer, "champagne"), Cache(None))
    run = check_log(
        write_log(tmp_path / "log.jsonl"),
        trusted,
        tmp_path / "run",
        models=replace(models, scorer=poisoned),
        reader=replace(reader, scorer=poisoned),
    )
    rows = {row["turn_id"]: row for row in run.read("claims").to_pylist()}
    outcome = decide_outcome(run.manifest)

    assert rows["invented"]["status"] == "error"
    assert rows["invented"]["error"] == "RuntimeError: the tokenizer choked"
    assert [each for each in statuses(run) if each[0] != "invented"] == [
        each for each in statuses(checked) if each[0] != "invented"
    ]
    assert run.manifest["counts"]["errors"] == 1
    assert outcome.exit_code == 3
    assert "1 rows or claims could not be checked" in outcome.line


def test_trusted_text_that_cannot_be_read_ends_no_run(tmp_path, trusted, models, reader):
    poisoned = CachedScorer(PoisonedScorer(models.scorer.scorer, "dollars"), Cache(None))
    run = check_log(
        write_log(tmp_path / "log.jsonl"),
        trusted,
        tmp_path / "run",
        models=replace(models, scorer=poisoned),
        reader=replace(reader, scorer=poisoned),
    )

    assert run.manifest["state"] == "finished"
    assert run.read("turns").num_rows == len(TURNS)
    assert run.manifest["counts"]["errors"] >= 1


def test_a_log_is_read_from_standard_input(checked, tmp_path, trusted, models, reader, *, monkeypatch):
    sent = write_log(tmp_path / "log.jsonl").read_bytes()

    def check_stdin(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return check_log(Path("-"), trusted, tmp_path / "run", models=models, reader=reader)

    run = check_stdin(sent)
    assert statuses(run) == statuses(checked)
    assert run.manifest["inputs"]["log"] == {**checked.manifest["inputs"]["log"], "path": "-"}
    assert check_stdin(sent).manifest == run.manifest
    with pytest.raises(RunError):
        check_stdin(sent.replace(b"Wi-Fi", b"Sockets"))


def test_what_is_wrong_with_standard_input_is_said_by_line(tmp_path, trusted, models, reader, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"answer": "Yes."}\n{broken\n')))

    with pytest.raises(InputError, match=r"^-:2: broken JSON"):
        check_log(
            Path("-"),
            trusted,
            tmp_path / "run",
            models=models,
            reader=reader,
            settings=CheckSettings(strict=True),
        )


def test_a_report_under_the_trusted_documents_bears_nothing_out(checked, tmp_path, models, reader):
    documents = tmp_path / "documents"
    documents.mkdir()
    for name, text in PAGES.items():
        (documents / name).write_text(text)
    log = write_log(tmp_path / "log.jsonl")
    monday = check_log(log, documents, documents / "run-monday", models=models, reader=reader)
    for name in ("report.html", "report.md"):
        write_report(monday, monday.path / name)
    tuesday = check_log(log, documents, documents / "run-tuesday", models=models, reader=reader)

    assert statuses(monday) == statuses(tuesday) == statuses(checked)
    assert monday.manifest["inputs"] == tuesday.manifest["inputs"]
    again = check_log(log, documents, monday.path, models=models, reader=reader)
    assert again.manifest == monday.manifest


@pytest.mark.parametrize("named", [True, False])
def test_a_try_that_failed_makes_room_for_the_corrected_one(tmp_path, trusted, models, reader, named):
    log = write_log(tmp_path / "log.jsonl", TURNS[:1])
    wrong = CheckSettings(fields={"answer": "nope"})
    with pytest.raises(InputError, match="no turn could be read"):
        check_log(log, trusted, tmp_path / "run", models=models, reader=reader, settings=wrong)
    assert (tmp_path / "run" / "trusted.index").is_dir()
    run = check_log(log, trusted if named else None, tmp_path / "run", models=models, reader=reader)

    assert [row[2] for row in statuses(run)] == ["grounded" if named else "uncorroborated"]
    assert (run.path / "trusted.index").is_dir() is named  # a trace would take it for this run's


def test_a_run_at_work_takes_no_second_writer(tmp_path, trusted, models, reader):
    log = write_log(tmp_path / "log.jsonl", TURNS[:1])

    def check_again(_):
        with pytest.raises(RunError, match="another halluguard is writing this run"):
            check_log(log, trusted, tmp_path / "run", models=models, reader=reader)

    run = check_log(log, trusted, tmp_path / "run", models=models, reader=reader, on_progress=check_again)
    assert run.manifest["state"] == "finished"


def test_names_that_are_not_utf8_stop_no_run(tmp_path, models, reader):
    odd = os.fsdecode(b"caf\xe9")
    (tmp_path / odd).mkdir()
    (tmp_path / odd / f"{odd}.md").write_text(PAGES["bags.md"])
    log = write_log(tmp_path / f"{odd}.jsonl", TURNS[:1])
    run = check_log(log, tmp_path / odd, tmp_path / "run", models=models, reader=reader)

    assert [row[2] for row in statuses(run)] == ["grounded"]
    assert run.manifest["inputs"]["log"]["path"] == f"{tmp_path}/caf\\xe9.jsonl"


def test_a_digest_covers_the_files_that_documents_are_read_from(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.md").write_text("One.")
    before = digest_path(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_text("changes with every command")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_text('{"tool": "halluguard", "fingerprint": "f"}')

    assert digest_path(tmp_path) == before
    (tmp_path / "a" / "y.md").write_text("Two.")
    assert digest_path(tmp_path) != before


def test_a_digest_is_that_of_names_and_contents_in_the_order_of_paths(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.md").write_text("One.")
    (tmp_path / "a-b.md").write_text("Two.")
    listed = "".join(
        f"{name}\0{hashlib.sha256(text).hexdigest()}\n"
        for name, text in (("a/x.md", b"One."), ("a-b.md", b"Two."))
    )

    assert digest_path(tmp_path) == hashlib.sha256(listed.encode()).hexdigest()


def test_a_file_that_cannot_be_read_has_a_digest_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "x.md").write_text("One.")
    before = digest_path(tmp_path)

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("halluguard.grounding.check.digest_file", refuse)
    assert digest_path(tmp_path) != before
