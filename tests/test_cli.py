"""The installed command: help, exit codes, one line for each expected failure."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HALLUGUARD = Path(sys.executable).parent / "halluguard"


def run(*arguments, stdin=None, cwd=None):
    return subprocess.run(
        [HALLUGUARD, *map(str, arguments)], input=stdin, capture_output=True, text=True, cwd=cwd, check=False
    )


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "bags.md").write_text(
        "# Bags\n\nA checked bag costs 30 dollars. Pets must be at least 12 weeks old.\n"
    )
    turns = [
        {"turn_id": "a", "answer": "A checked bag costs 30 dollars."},
        {"turn_id": "b", "answer": "The lounge in Lisbon serves free champagne to children at midnight."},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(turn) + "\n" for turn in turns))
    return tmp_path


def check(corpus, *more):
    return run(
        "check",
        corpus / "log.jsonl",
        "--trusted",
        corpus / "trusted",
        "-o",
        corpus / "run",
        "--no-cache",
        "--device",
        "cpu",
        *more,
    )


def test_help_loads_neither_torch_nor_faiss():
    code = (
        "import sys\nfrom halluguard.cli import app\nfrom typer.testing import CliRunner\n"
        "result = CliRunner().invoke(app, ['--help'])\nassert result.exit_code == 0, result.output\n"
        "heavy = {'torch', 'faiss', 'transformers', 'sentence_transformers', 'pandas', 'pyarrow', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "verb", ["check", "investigate", "trace", "report", "demo", "score", "calibrate", "doctor", "index"]
)
def test_every_verb_has_help_with_an_example(verb):
    done = run(verb, "--help")

    assert done.returncode == 0
    if verb != "index":
        assert "Example: halluguard" in done.stdout


def test_gate_decides_the_exit_code(corpus):
    passed = check(corpus)
    failed = check(corpus, "--fail-on", "ungrounded_rate>0.05")

    assert passed.returncode == 0, passed.stderr
    assert failed.returncode == 1
    assert "GATE FAILED" in failed.stdout
    assert "1 of 2" in failed.stdout


def test_json_is_one_object_and_nothing_else(corpus):
    done = check(corpus, "--json")
    value = json.loads(done.stdout)

    assert value["exit_code"] == done.returncode == 0
    assert value["summary"]["ungrounded_rate"]["total"] == 2


def test_skipped_row_is_exit_three_and_strict_two(corpus):
    with (corpus / "log.jsonl").open("a") as log:
        log.write("{broken\n")
    strict = check(corpus, "--strict")
    loose = run(
        "check", corpus / "log.jsonl", "--trusted", corpus / "trusted", "-o", corpus / "run2", "--no-cache"
    )

    assert strict.returncode == 2
    assert "log.jsonl:3" in strict.stderr
    assert strict.stderr.count("\n") == 1
    assert loose.returncode == 3


def test_nothing_checkable_is_exit_four(corpus):
    (corpus / "log.jsonl").write_text('{"turn_id": "a", "answer": "Hello! How can I help you?"}\n')
    done = check(corpus)

    assert done.returncode == 4
    assert "NOTHING CHECKABLE" in done.stdout


def one_line(done, *words):
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("halluguard: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


def test_empty_log_is_one_line(corpus):
    (corpus / "log.jsonl").write_text("")
    one_line(check(corpus), "log.jsonl")


def test_missing_log_is_one_line(corpus):
    (corpus / "log.jsonl").unlink()
    one_line(check(corpus), "log.jsonl", "no such file")


def test_empty_trusted_folder_is_one_line(corpus):
    (corpus / "trusted" / "bags.md").unlink()
    one_line(check(corpus), "trusted")


def test_log_that_is_not_utf8_is_named(corpus):
    (corpus / "log.jsonl").write_bytes('{"answer": "Müll"}\n'.encode("latin-1"))
    one_line(check(corpus), "log.jsonl")


def test_unknown_model_is_one_line(corpus):
    one_line(check(corpus, "--nli-model", "/nowhere/model"), "/nowhere/model")


def test_bad_condition_is_refused_before_any_work(corpus):
    one_line(check(corpus, "--fail-on", "rate"), "--fail-on")
    assert not (corpus / "run").exists()


def test_directory_of_something_else_is_never_written_into(corpus):
    (corpus / "run").mkdir()
    (corpus / "run" / "thesis.txt").write_text("mine")
    one_line(check(corpus), "not a run directory")


def test_resume_of_nothing_is_refused(corpus):
    one_line(check(corpus, "--resume"), "nothing to resume")


def test_full_disk_is_one_line(corpus):
    done = run("score", "-", "-o", "/dev/full", "--no-cache", stdin='{"document": "a b", "claim": "a b"}\n')

    one_line(done, "No space left")


def test_score_reads_a_pipe_and_keeps_line_numbers():
    lines = [
        json.dumps(
            {"document": "A checked bag costs 30 dollars.", "claim": "A checked bag costs 30 dollars."}
        ),
        "nonsense",
        json.dumps({"document": "A checked bag costs 30 dollars.", "claim": "Penguins rule Antarctica."}),
    ]
    done = run("score", "-", "--no-cache", stdin="\n".join(lines) + "\n")
    scores = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 3
    assert scores[0]["label"] == 1
    assert scores[0]["supported"] > 0.5
    assert "not JSON" in scores[1]["error"]
    assert scores[2]["label"] == 0


def test_index_is_built_verified_and_checked_against(corpus):
    built = run("index", "build", corpus / "trusted", "-o", corpus / "index")
    verified = run("index", "verify", corpus / "index")
    done = run(
        "check", corpus / "log.jsonl", "--trusted", corpus / "index", "-o", corpus / "run", "--no-cache"
    )

    assert built.returncode == verified.returncode == done.returncode == 0, (
        built.stderr + verified.stderr + done.stderr
    )
    assert json.loads(built.stdout)["n_chunks"] == 1


def test_report_of_a_run_is_written(corpus):
    check(corpus)
    done = run("report", corpus / "run", "-o", corpus / "report.html")

    assert done.returncode == 0
    assert (corpus / "report.html").read_text().startswith("<!")
    one_line(run("report", corpus / "run", "-o", corpus / "report.pdf"), ".html or .md")


def test_doctor_names_models_and_device():
    done = run("doctor", "--json", "--device", "cpu")
    facts = json.loads(done.stdout)

    assert facts["device"] == "cpu"
    assert "missing" not in facts["nli model"]
