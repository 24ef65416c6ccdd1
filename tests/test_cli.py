"""The command line: help, exit codes, one line for each expected failure.

Most tests call the command's `main` in this process, where the models' libraries are loaded already; those at the end
run the installed command.
"""

import contextlib
import io
import json
import signal
import subprocess
import sys
import time
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from halluguard import open_run
from halluguard.cli import app, main

HALLUGUARD = Path(sys.executable).parent / "halluguard"
PAGE = "# Bags\n\nA checked bag costs 30 dollars. Pets must be at least 12 weeks old.\n"
TURNS = [
    {"turn_id": "a", "answer": "A checked bag costs 30 dollars."},
    {"turn_id": "b", "answer": "The lounge in Lisbon serves free champagne to children at midnight."},
]
LOG = "".join(json.dumps(turn) + "\n" for turn in TURNS)
VERBS = [(command.name or command.callback.__name__,) for command in app.registered_commands] + [
    (group.name, command.name)
    for group in app.registered_groups
    for command in group.typer_instance.registered_commands
]
ON_CPU = ("--no-cache", "--device", "cpu")


@dataclass(frozen=True)
class Done:
    """What a command left: exit code and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments, stdin=""):
    """Run the command in this process."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as Python does where nobody asks for more, but for ours
        warnings.simplefilter("default", UserWarning)
        patch.setattr(warnings, "showwarning", warnings.showwarning)  # put back what main() sets
        patch.setattr(sys, "argv", ["halluguard", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                code = end.code or 0
    return Done(code, out.getvalue(), err.getvalue())


def run_installed(*arguments, stdin=None):
    """Run the installed command in a process of its own."""
    return subprocess.run(
        [HALLUGUARD, *map(str, arguments)], input=stdin, capture_output=True, text=True, check=False
    )


def make_corpus(folder):
    (folder / "trusted").mkdir()
    (folder / "trusted" / "bags.md").write_text(PAGE)
    (folder / "log.jsonl").write_text(LOG)
    return folder


@pytest.fixture
def corpus(tmp_path):
    return make_corpus(tmp_path)


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """A corpus with its finished run, which further checks of the same input return as it is."""
    folder = make_corpus(tmp_path_factory.mktemp("checked"))
    assert check(folder).returncode == 0
    return folder


def check(corpus, *more, log=None, output="run", stdin=""):
    source = (log or corpus / "log.jsonl", "--trusted", corpus / "trusted", "-o", corpus / output)
    return run("check", *source, *ON_CPU, *more, stdin=stdin)


def one_line(done, *words):
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("halluguard: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb):
    done = run(*verb, "--help")

    assert done.returncode == 0
    assert f"Example: halluguard {' '.join(verb)}" in done.stdout


def test_gate_decides_the_exit_code(checked):
    passed = check(checked)
    failed = check(checked, "--fail-on", "ungrounded_rate>0.05")

    assert passed.returncode == 0, passed.stderr
    assert failed.returncode == 1
    assert "GATE FAILED" in failed.stdout
    assert "1 of 2" in failed.stdout


def test_json_is_one_object_and_nothing_else(checked):
    done = check(checked, "--json")
    value = json.loads(done.stdout)

    assert value["exit_code"] == done.returncode == 0
    assert value["summary"]["ungrounded_rate"]["total"] == 2


def test_what_is_told_of_a_loop_reaches_its_scores_and_a_slip_in_it_is_one_line(checked):
    told = ("--contained-at", "2026-03-22T09:30:00+01:00", "--probes", "0/60", "--no-write-back")
    done = run("cascade", checked / "run", *told, *ON_CPU)
    assert done.returncode == 0, done.stderr
    assert json.loads((checked / "run" / "cascade.json").read_text())["told"] == {
        "contained_at": "2026-03-22T08:30:00+00:00",
        "probes": {"hits": 0, "asked": 60},
        "write_back": False,
    }
    for option, value in (
        ("--contained-at", "2026-03-22"),
        ("--contained-at", "Monday"),
        ("--probes", "60"),
        ("--probes", "61/60"),
        ("--sample-rate", "0"),
    ):
        one_line(run("cascade", checked / "run", option, value, *ON_CPU), value.split("/")[0])


def test_a_log_comes_from_standard_input(checked):
    done = check(checked, "--json", log="-", output="piped", stdin=LOG)
    value = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert value["summary"] == json.loads(check(checked, "--json").stdout)["summary"]
    assert json.loads((checked / "piped" / "manifest.json").read_text())["inputs"]["log"]["path"] == "-"


def test_skipped_row_is_exit_three_and_strict_two(corpus):
    with (corpus / "log.jsonl").open("a") as log:
        log.write("{broken\n")
    strict = check(corpus, "--strict")
    loose = check(corpus, output="run2")

    one_line(strict, "log.jsonl:3")
    assert loose.returncode == 3
    assert "log.jsonl: line 3: broken JSON" in loose.stderr
    assert "line 3: broken JSON" in loose.stdout


def test_nothing_checkable_is_exit_four(corpus):
    (corpus / "log.jsonl").write_text('{"turn_id": "a", "answer": "Hello! How can I help you?"}\n')
    done = check(corpus)

    assert done.returncode == 4
    assert "NOTHING CHECKABLE" in done.stdout


def test_empty_log_is_one_line(corpus):
    (corpus / "log.jsonl").write_text("")
    one_line(check(corpus), "log.jsonl")


def test_missing_log_is_one_line(corpus):
    (corpus / "log.jsonl").unlink()
    one_line(check(corpus), "log.jsonl", "no such file")


def test_a_failure_is_json_too_where_json_is_asked_for(corpus):
    (corpus / "log.jsonl").unlink()
    done = check(corpus, "--json")
    one_line(done, "no such file")
    told = json.loads(done.stdout)

    assert told["exit_code"] == 2
    assert "no such file" in told["error"]


def test_empty_trusted_folder_is_one_line(corpus):
    (corpus / "trusted" / "bags.md").unlink()
    one_line(check(corpus), "trusted")


def test_log_that_is_not_utf8_is_named(corpus):
    (corpus / "log.jsonl").write_bytes('{"answer": "Müll"}\n'.encode("latin-1"))
    one_line(check(corpus), "log.jsonl")


def test_unknown_model_is_one_line(corpus):
    one_line(check(corpus, "--nli-model", "/nowhere/model"), "/nowhere/model")


def test_directory_of_something_else_is_never_written_into(corpus):
    (corpus / "run").mkdir()
    (corpus / "run" / "thesis.txt").write_text("mine")
    one_line(check(corpus), "not a run directory")


def test_full_disk_is_one_line():
    done = run("score", "-", "-o", "/dev/full", *ON_CPU, stdin='{"document": "a b", "claim": "a b"}\n')

    one_line(done, "No space left")


def test_cache_that_cannot_be_written_is_said_and_changes_nothing(checked, tmp_path):
    source = (checked / "log.jsonl", "--trusted", checked / "trusted", "-o", tmp_path / "run")
    done = run("check", *source, "--device", "cpu", "--cache", "/proc/no/cache.sqlite")

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the verdict cache cannot be written") >= 1
    assert (tmp_path / "run" / "claims.parquet").read_bytes() == (
        checked / "run" / "claims.parquet"
    ).read_bytes()


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


def test_documents_left_out_of_an_index_are_named_and_exit_three(corpus):
    (corpus / "trusted" / "fees.pdf").write_bytes(b"%PDF-1.4 and no more")
    (corpus / "trusted" / "logo.png").write_bytes(b"\x89PNG")
    done = run("index", "build", corpus / "trusted", "-o", corpus / "index", "--device", "cpu")
    manifest = json.loads(done.stdout)

    assert done.returncode == 3
    assert len(manifest["skipped"]) == 1
    assert "fees.pdf" in manifest["skipped"][0]
    assert "fees.pdf" in done.stderr
    assert "1 documents could not be read" in done.stderr


def test_report_of_a_run_is_written(checked, tmp_path):
    done = run("report", checked / "run", "-o", tmp_path / "report.html")

    assert done.returncode == 0
    assert (tmp_path / "report.html").read_text().startswith("<!")
    one_line(run("report", checked / "run", "-o", tmp_path / "report.pdf"), ".html or .md")


def test_collections_of_a_chroma_store_are_named_until_one_is_chosen(checked, tmp_path):
    chromadb = pytest.importorskip("chromadb", reason="chromadb is not installed")
    settings = chromadb.config.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(tmp_path / "chroma"), settings=settings)
    for name, text in (("old", "Bags are free."), ("current", "A lounge serves free champagne.")):
        collection = client.create_collection(name, embedding_function=None)
        collection.add(ids=[f"{name}-1"], embeddings=[[1.0, 0.0]], documents=[text])
    run_folder, store = tmp_path / "run", ("--store", tmp_path / "chroma")
    source = (checked / "log.jsonl", "--trusted", checked / "trusted", "-o", run_folder)

    one_line(run("investigate", *source, *store, *ON_CPU), "'current', 'old'", "--collection")
    assert not run_folder.exists()
    one_line(run("trace", checked / "run", *store, *ON_CPU), "'current', 'old'", "--collection")
    one_line(run("trace", checked / "run", *store, *ON_CPU, "--collection", "new"), "'new'", "'old'")
    done = run("investigate", *source, *store, *ON_CPU, "--collection", "current", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trace"]["store"]["entries"] == 1


def test_what_people_know_to_be_false_is_found_in_answers_and_entries_and_is_to_go(corpus):
    lie = "Every passenger may bring a telescope on board for free."
    entries = {
        "kb-1": "A checked bag costs 30 dollars.",
        "kb-2": lie,
        "kb-3": "Telescopes are welcome: each passenger may bring one on board free of charge.",
        "kb-4": "Nobody may bring a telescope on board for free.",
    }
    shown = [{"id": key, "text": entries[key]} for key in ("kb-1", "kb-2")]
    turns = [{"turn_id": "t", "answer": f"{lie[:-1]} [kb-2].", "retrieved": shown}]
    (corpus / "log.jsonl").write_text("".join(json.dumps(turn) + "\n" for turn in turns))
    (corpus / "reported.txt").write_text(f"{lie}\n")
    (corpus / "store.jsonl").write_text(
        "".join(json.dumps({"id": key, "text": text}) + "\n" for key, text in entries.items())
    )
    source = (corpus / "log.jsonl", "--trusted", corpus / "trusted", "--store", corpus / "store.jsonl")
    source = (*source, *ON_CPU, "--known-false", corpus / "reported.txt", "-o", corpus / "run")

    done = run("investigate", *source)
    assert done.returncode == 0, done.stderr
    result = open_run(corpus / "run")
    assert list(result.to_pandas("claims")["status"]) == ["source_conflict"]
    suspects = {row["entry_id"]: row for row in result.to_pandas("suspects").to_dict("records")}
    assert suspects["kb-2"]["verdict"] == "responsible"
    asserting = {
        key
        for key, row in suspects.items()
        if "asserts_known_false" in {one["code"] for one in row["reasons"]}
    }
    assert asserting == {"kb-2", "kb-3"}
    run("respond", corpus / "run", "--store", corpus / "store.jsonl", "-o", corpus / "plan", *ON_CPU)
    plan = yaml.safe_load((corpus / "plan" / "plan.yaml").read_text())
    assert {"kb-2", "kb-3"} == quarantined(plan)
    run(
        "respond",
        corpus / "run",
        "--store",
        corpus / "store.jsonl",
        "-o",
        corpus / "plan",
        *ON_CPU,
        "--apply",
    )
    proof = json.loads((corpus / "plan" / "proof.json").read_text())
    assert lie in {one["claim"] for one in proof["false_claims"]}
    assert proof["probes"]["bring_it_up_now"] == 0


def test_without_trusted_documents_only_citations_are_checked_and_that_is_said(corpus):
    shown = [{"id": "kb-1", "text": "A checked bag costs 30 dollars."}]
    turns = [{"turn_id": "t", "answer": "A checked bag costs 30 dollars [kb-1].", "retrieved": shown}]
    (corpus / "log.jsonl").write_text("".join(json.dumps(turn) + "\n" for turn in turns))

    done = run("check", corpus / "log.jsonl", "-o", corpus / "run", *ON_CPU)

    assert done.returncode == 0, done.stderr
    assert list(open_run(corpus / "run").to_pandas("claims")["status"]) == ["uncorroborated"]
    assert "trusted corpus missing" in done.stdout


def quarantined(plan):
    """Return the ids that a plan proposes to take out."""
    (action,) = [one for one in plan["actions"] if one["do"] == "quarantine"]
    return {one["id"] for one in action["entries"] if one["approve"]}


def test_doctor_names_models_and_device():
    done = run("doctor", "--json", "--device", "cpu")
    facts = json.loads(done.stdout)

    assert facts["device"] == "cpu"
    assert "missing" not in facts["nli model"]
    assert "cannot be written" not in facts["cache"]


def test_doctor_tells_of_a_missing_device_and_a_missing_model(monkeypatch):
    import logging

    import torch

    from halluguard.doctor import examine

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    facts = examine(nli_model="no/such/folder", device="cuda")

    assert facts["device"].startswith("missing: device cuda was asked for")
    assert "missing" not in facts["embedder"]
    assert facts["nli model"].startswith("missing: ")
    assert not logging.getLogger("huggingface_hub").isEnabledFor(logging.WARNING)


def test_extras_of_doctor_are_those_of_the_project(root):
    from halluguard.doctor import _EXTRAS

    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]

    assert set(_EXTRAS) == set(project["optional-dependencies"]) - {"test"}


def test_doctor_says_where_the_cache_cannot_be_written():
    from halluguard.doctor import _cache_fact

    assert "cannot be written" in _cache_fact(Path("/proc/no/cache.sqlite"))


def test_help_loads_neither_torch_nor_faiss():
    code = (
        "import sys\nfrom halluguard.cli import app\nfrom typer.testing import CliRunner\n"
        "result = CliRunner().invoke(app, ['--help'])\nassert result.exit_code == 0, result.output\n"
        "heavy = {'torch', 'faiss', 'transformers', 'sentence_transformers', 'pandas', 'pyarrow', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_installed_command_has_help_and_a_version():
    assert "investigate" in run_installed("--help").stdout
    assert run_installed("--version").stdout[0].isdigit()
    assert run_installed("no-such-verb").returncode == 2


def test_bad_condition_is_refused_before_any_work(corpus):
    done = run_installed(
        "check", corpus / "log.jsonl", "--trusted", corpus / "trusted", "-o", corpus / "run", "--fail-on", "r"
    )

    one_line(done, "--fail-on")
    assert not (corpus / "run").exists()


def test_unknown_rate_is_refused_before_any_work(corpus):
    one_line(check(corpus, "--fail-on", "ungronded_rate>0.05"), "'ungronded_rate'", "ungrounded_rate")
    assert not (corpus / "run").exists()


def test_resume_of_nothing_is_refused(corpus):
    done = run_installed(
        "check", corpus / "log.jsonl", "--trusted", corpus / "trusted", "-o", corpus / "run", "--resume"
    )

    one_line(done, "nothing to resume")


def test_installed_check_ends_in_the_code_of_its_gate(checked):
    done = run_installed(
        *("check", checked / "log.jsonl", "--trusted", checked / "trusted", "-o", checked / "run"),
        *(*ON_CPU, "--fail-on", "ungrounded_rate>5%"),
    )

    assert done.returncode == 1, done.stderr
    assert "GATE FAILED" in done.stdout


def test_score_reads_a_pipe_and_keeps_line_numbers():
    lines = [
        json.dumps(
            {"document": "A checked bag costs 30 dollars.", "claim": "A checked bag costs 30 dollars."}
        ),
        "nonsense",
        json.dumps({"document": "A checked bag costs 30 dollars.", "claim": "Penguins rule Antarctica."}),
    ]
    done = run_installed("score", "-", "--no-cache", stdin="\n".join(lines) + "\n")
    scores = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 3
    assert scores[0]["label"] == 1
    assert scores[0]["supported"] > 0.5
    assert "not JSON" in scores[1]["error"]
    assert scores[2]["label"] == 0


def heed_interrupts():
    """Undo what a shell does to jobs in its background, whose children ignore interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_run_interrupted_and_one_killed_go_on_to_the_same_tables(corpus, checked):
    command = ("check", corpus / "log.jsonl", "--trusted", corpus / "trusted", "-o", corpus / "run", *ON_CPU)
    stopped = []
    for kind in (signal.SIGINT, signal.SIGKILL):
        with subprocess.Popen(
            [HALLUGUARD, *map(str, command)],
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - the child starts no thread before it
        ) as process:
            while process.poll() is None and not (corpus / "run" / "manifest.json").is_file():
                time.sleep(0.01)
            if kind is signal.SIGKILL:
                time.sleep(1)  # the manifest lies there from before; somewhere in the start is as good as any
            process.send_signal(kind)
            stopped.append((process.wait(), process.stderr.read()))
    done = run(*command)

    assert stopped[0] == (
        130,
        "halluguard: interrupted; what is finished is kept, the same command goes on from there\n",
    )
    assert stopped[1][0] == -signal.SIGKILL
    assert done.returncode == 0, done.stderr
    for table in ("turns", "claims"):
        assert (corpus / "run" / f"{table}.parquet").read_bytes() == (
            checked / "run" / f"{table}.parquet"
        ).read_bytes()
