"""`halluguard store check`: a store gone through without a log."""

import json

from tests.test_cli import run, run_installed

TEXT = "The primary pump of hall {} is serviced every {} weeks by the night shift of the works."


def write_store(folder, texts):
    rows = [{"id": f"e{i}", "text": text, "source": "pumps.md"} for i, text in enumerate(texts)]
    (folder / "entries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_findings_are_named_with_what_was_not_checked(tmp_path):
    store = write_store(tmp_path, [TEXT.format("four", 9), TEXT.format("four", 9), "Lost \ufffd character."])

    done = run("store", "check", store, "--no-embedding")

    assert done.returncode == 0
    assert "native, 3 entries" in done.stdout
    assert "e1: the same words as e0" in done.stdout
    assert "encoding_damage" in done.stdout
    assert "not checked: embedding" in done.stdout


def test_damage_fails_where_asked(tmp_path):
    store = write_store(tmp_path, ["Lost \ufffd character."])

    assert run("store", "check", store, "--no-embedding", "--fail-on-damage").returncode == 1
    write_store(tmp_path, ["Whole text."])
    assert run("store", "check", store, "--no-embedding", "--fail-on-damage").returncode == 0


def test_sources_and_known_bad_texts_are_held_against_the_entries(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "sources").mkdir()
    store = write_store(tmp_path / "store", [TEXT.format("four", 9), TEXT.format("nine", 4)])
    (tmp_path / "sources" / "other.md").write_text("Something else.\n")
    (tmp_path / "bad.txt").write_text(TEXT.format("nine", 4) + "\n")

    done = run(
        *("store", "check", store, "--no-embedding", "--json"),
        *("--sources", tmp_path / "sources", "--known-bad", tmp_path / "bad.txt"),
    )

    told = json.loads(done.stdout)
    assert told["counts"]["source_missing"] == 2
    assert {"e1"} <= {one["entry_id"] for one in told["findings"] if one["code"] == "copy_of_known_bad"}
    assert told["checked"]["sources"] == 2


def test_trusted_documents_and_known_false_statements_are_held_against_the_entries(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "trusted").mkdir()
    store = write_store(
        tmp_path / "store",
        [
            "The night shift services the primary pump every nine weeks.",
            "The night shift services the primary pump every four weeks.",
            "Each visitor of the works may take a spare part home.",
        ],
    )
    (tmp_path / "trusted" / "pumps.md").write_text(
        "The night shift services the primary pump every nine weeks.\n"
    )
    (tmp_path / "reported.txt").write_text("Every visitor of the works may take a spare part home.\n")
    sources = ("--trusted", tmp_path / "trusted", "--known-false", tmp_path / "reported.txt")

    done = run("store", "check", store, "--json", "--device", "cpu", "--no-cache", *sources)

    assert done.returncode == 0, done.stderr
    codes = {(one["entry_id"], one["code"]) for one in json.loads(done.stdout)["findings"]}
    assert ("e1", "contradicts_trusted") in codes
    assert ("e2", "asserts_known_false") in codes
    assert not {key for key, code in codes if code in {"contradicts_trusted", "asserts_known_false"}} - {
        "e1",
        "e2",
    }
    refused = run("store", "check", store, "--no-embedding", *sources)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "read by models" in refused.stderr


def test_text_of_a_store_is_harmless_in_a_terminal(tmp_path):
    store = write_store(tmp_path, ["Lost \ufffd \x1b[31mcharacter."])

    assert "\x1b" not in run("store", "check", store, "--no-embedding").stdout


def test_half_written_store_is_one_line(tmp_path):
    store = write_store(tmp_path, ["Whole text."])
    (store / "entries.jsonl").write_text('{"id": "e0", "text": "half')

    done = run_installed("store", "check", store, "--no-embedding")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "entries.jsonl:1" in done.stderr
