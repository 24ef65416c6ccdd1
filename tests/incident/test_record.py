import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from halluguard.cli import app
from halluguard.errors import InputError
from halluguard.incident import Action, read_actions, read_stated, write_incident
from halluguard.incident.document import Bullets, Code, Heading, Paragraph, Table, to_html, to_markdown
from halluguard.incident.identifiers import SOURCES, TABLE, Framework, tag
from halluguard.incident.record import PHASES
from halluguard.run import Run

FALSE = "Tickets can be refunded for 90 days after departure."


def write(run, folder, **options):
    write_incident(run, folder, **options)
    return (folder / "record.md").read_text(encoding="utf-8")


def test_facts_of_the_run_are_told_and_missing_ones_said_to_be_missing(run, header, tmp_path):
    text = write(run, tmp_path / "out", header=header)

    assert "7 of 12 checkable claims" in text
    assert "7 answers, 6 conversations, 4 users" in text
    assert "Entry `bad`" in text
    assert "| System | `Airline assistant` |" in text
    assert "| Impacts | not stated |" in text
    assert "not recorded | contained" in text
    assert "Time to containment is not known" in text
    assert "From the first flagged answer to detection: 5.6 days" in text
    assert "Is it contained, and since when?" in text


def test_a_bare_run_invents_nothing(make, tmp_path):
    text = write(make(traced=False, timed=False, users=False), tmp_path / "out")

    assert "No store was traced" in text
    assert "users not logged for every answer" in text
    assert not re.search(r"\b20\d\d-\d\d-\d\d", text)
    assert "Which entries are responsible?" in text


def test_a_calm_run_is_a_near_miss_and_not_an_incident(make, tmp_path):
    text = write(make(clean=True), tmp_path / "out")
    record = json.loads((tmp_path / "out" / "exports" / "incident.json").read_text())

    assert (record["severity"]["level"], record["determination"]) == ("none", "false-positive")
    assert "false alarm or a near miss" in text


def test_where_nothing_is_flagged_no_draft_accuses_the_bot_and_users_get_none(make, tmp_path):
    write(make(clean=True), tmp_path / "out")
    drafts = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "out" / "drafts").iterdir()}

    assert sorted(drafts) == ["engineering", "leadership", "regulator"]
    for text in drafts.values():
        assert "No claim of the log is flagged: 0 of 12" in text
        assert "gave answers" not in text


def test_drafts_leave_out_times_that_the_log_does_not_give(make, tmp_path):
    write(make(timed=False), tmp_path / "out")
    users, leadership = (
        (tmp_path / "out" / "drafts" / f"{name}.md").read_text() for name in ("users", "leadership")
    )

    assert "Between not recorded" not in users
    assert "- Our assistant gave some answers that were not right." in users
    assert "Since not recorded" not in leadership


def test_actions_set_the_time_of_containment(run, header, tmp_path):
    done = Action(
        header.detected_at + timedelta(hours=3),
        "write-back frozen",
        "on-call",
        "growth",
        "containment",
        "a",
        "b",
    )
    text = write(run, tmp_path / "out", header=header, actions=[done])

    assert "From detection to containment: 3.0 hours" in text
    assert "`write-back frozen`" in text


def test_the_same_run_gives_the_same_bytes(run, header, tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    write(run, first, header=header)
    write(run, second, header=header)

    for path in sorted(first.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (second / path.relative_to(first)).read_bytes()


def test_an_edited_draft_is_never_overwritten(run, tmp_path):
    write(run, tmp_path / "out")
    with pytest.raises(InputError, match="not empty"):
        write_incident(run, tmp_path / "out")


def test_hostile_text_works_nowhere(run, header, tmp_path):
    hostile = replace(header, title="<img src=x onerror=alert(1)> [a](http://evil.example)")
    text = write(run, tmp_path / "out", header=hostile)
    page = (tmp_path / "out" / "record.html").read_text(encoding="utf-8")

    for page_text in (page, text):
        assert "\u202e" not in page_text
        assert "\x1b" not in page_text
    assert "<script>alert" not in page
    assert "<img" not in page
    for line in text.splitlines():
        bare = re.sub(r"(`+).*?\1", "", line)
        assert "evil.example" not in bare, line
        assert "<script" not in bare, line


@pytest.mark.parametrize("reader", ["engineering", "leadership", "users", "regulator"])
def test_drafts_are_marked_say_what_is_right_and_never_repeat_the_false_claim(run, header, tmp_path, reader):
    write(run, tmp_path / "out", header=header)
    text = (tmp_path / "out" / "drafts" / f"{reader}.md").read_text(encoding="utf-8")

    assert text.startswith("# DRAFT for")
    assert text.count("DRAFT - not reviewed, not sent") == 2
    assert "Tickets can be refunded until departure." in text
    assert "90 days" not in text
    assert "attack" not in text.replace("no attacker is named", "")


def test_what_people_reported_as_false_is_not_told_as_right(make, tmp_path):
    run = make(traced=False)
    rows = run.read("claims").to_pylist()
    refuted = {"trusted_evidence_id": "known-false:1", "trusted_evidence_text": f"Known to be false: {FALSE}"}
    run.write("claims", [row | (refuted if row["trusted_evidence_id"] else {}) for row in rows])
    write(run, tmp_path / "out")
    told = (tmp_path / "out" / "drafts" / "users.md").read_text(encoding="utf-8")

    assert "90 days after departure" not in told
    assert "The run holds no trusted passage on this." in told


def test_trusted_documents_are_named_only_where_some_were_given(make, tmp_path):
    run = make()
    manifest = json.loads((run.path / "manifest.json").read_text())
    del manifest["inputs"]["trusted"]
    manifest["inputs"]["known_false"] = {"path": "false.txt", "sha256": "c" * 64}
    (run.path / "manifest.json").write_text(json.dumps(manifest))
    rows = run.read("suspects").to_pylist()
    refuted = {"nearest_trusted_id": "known-false:1", "nearest_trusted_text": f"Known to be false: {FALSE}"}
    run.write("suspects", [row | refuted for row in rows])
    text = write(Run.open(run.path), tmp_path / "out")
    leadership = (tmp_path / "out" / "drafts" / "leadership.md").read_text(encoding="utf-8")

    assert "entries of the store say what people reported as false, and answers followed them" in text
    assert "| The entry says | Reported as false |" in text
    assert "answers state what no retrieved text bears out" in text
    for page in (text, leadership):
        assert "trusted documents" not in page.replace("log coverage, trusted documents", "")


def test_every_responsible_entry_counts_in_the_facts_and_the_exports(make, tmp_path):
    run = make()
    (row,) = [row for row in run.read("suspects").to_pylist() if row["verdict"] == "responsible"]
    early = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [row | {"entry_id": f"e{number:03d}"} for number in range(500)]
    run.write("suspects", [*rows[:499], rows[499] | {"ingested_at": early}])
    told = write(run, tmp_path / "out")

    record = json.loads((tmp_path / "out" / "exports" / "incident.json").read_text())
    assert (len(record["entries"]), record["n_entries"]) == (500, 500)
    assert record["times"]["first_bad_entry"].startswith("2026-01-01")
    assert "and 488 more" in told
    assert "300 entries more" in told
    assert len((tmp_path / "out" / "exports" / "entries.csv").read_text().splitlines()) == 501


def test_a_suspected_write_back_is_not_told_as_one(make, tmp_path):
    run = make()
    cascade = json.loads((run.path / "cascade.json").read_text())
    for entry in cascade["cascades"][0]["entries"]:
        entry |= {"role": "suspected", "rung": 4}
    (run.path / "cascade.json").write_text(json.dumps(cascade))
    write(run, tmp_path / "out")

    assert "came back into the store" not in (tmp_path / "out" / "drafts" / "regulator.md").read_text()


def test_a_draft_for_users_is_not_to_be_sent_before_containment(run, header, tmp_path):
    write(run, tmp_path / "out", header=header)
    assert "Do not send this before it is." in (tmp_path / "out" / "drafts" / "users.md").read_text()


def test_every_identifier_is_in_the_table_and_worded_consistent_with(run, header, tmp_path):
    text = write(run, tmp_path / "out", header=replace(header, adversary_suspected=True))
    known = {id_ for rows in TABLE.values() for id_ in rows}
    found = set(
        re.findall(
            r"\b(?:(?:DE|RS|RC|ID)\.[A-Z]{2}-\d{2}|AML\.T\d{4}(?:\.\d{3})?|LLM\d{2}|ML\d{2}|[MG][SGV]-\d\.\d-\d{3})\b",
            text,
        )
    )

    assert {"LLM04", "AML.T0070", "GV-4.3-002", "RS.MI-01"} <= found
    assert found <= known
    for line in text.splitlines():
        if re.search(r"AML\.T\d", line):
            assert "consistent with" in line


def test_no_technique_of_an_adversary_is_named_unless_one_is_suspected(run, header, tmp_path):
    write(run, tmp_path / "out", header=header)

    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert "AML.T" not in path.read_text(encoding="utf-8"), path


def test_tables_hold_identifiers_of_their_own_framework_and_none_that_was_withdrawn():
    shapes = {
        Framework.CSF: r"(DE|RS|RC|ID)\.[A-Z]{2}-\d{2}", Framework.ATLAS: r"AML\.T\d{4}(\.\d{3})?", Framework.OWASP_LLM: r"LLM\d{2}",
        Framework.OWASP_ML: r"ML\d{2}", Framework.AI_600_1: r"[A-Z]{2}-\d\.\d-\d{3}",
    }  # fmt: skip
    allowed = {
        *(f"DE.CM-0{n}" for n in (1, 2, 3, 6, 9)), *(f"DE.AE-0{n}" for n in (2, 3, 4, 6, 7, 8)), *(f"RS.MA-0{n}" for n in range(1, 6)),
        *(f"RS.AN-0{n}" for n in (3, 6, 7, 8)), "RS.CO-02", "RS.CO-03", "RS.MI-01", "RS.MI-02", *(f"RC.RP-0{n}" for n in range(1, 7)),
        "RC.CO-03", "RC.CO-04", *(f"ID.IM-0{n}" for n in range(1, 5)),
    }  # fmt: skip

    assert set(TABLE) == set(SOURCES) == set(shapes)
    for framework, rows in TABLE.items():
        assert all(re.fullmatch(shapes[framework], id_) for id_ in rows)
        assert SOURCES[framework].version
    assert set(TABLE[Framework.CSF]) <= allowed
    assert all(tag(id_) for _, _, ids in PHASES for id_ in ids)


def test_stated_facts_are_read_and_faults_named(tmp_path):
    path = tmp_path / "facts.yaml"
    path.write_text(
        "system: Bot\ndetected_at: 2026-03-08T10:00:00Z\nactions:\n- {what: frozen, time: 2026-03-08T12:00:00+01:00, who: on-call}\n"
    )
    header, actions = read_stated(path)

    assert (header.system, actions[0].time.isoformat()) == ("Bot", "2026-03-08T11:00:00+00:00")
    for text, told in (
        ("systm: x", "'systm'"), ("detected_at: soon", "detected_at"), ("detected_at: 2026-03-08T10:00:00", "no zone"),
        ("actions: [{who: me}]", "no `what`"), ("- 1", "expected a mapping"), ("actions: [{what: x, phase: panic}]", "'panic'"),
        ("detected_at: 2026-03-08", "is a day"), ("reported_at: 2026-13-45", "facts.yaml: cannot be read as YAML (month must be in 1..12"),
        ("actions: 5", "actions is 5. Expected a list"), ("actions: {what: x}", "actions is {'what': 'x'}. Expected a list"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(InputError, match=re.escape(told)):
            read_stated(path)


def test_the_ledger_of_a_response_becomes_actions(tmp_path):
    from halluguard.response.ledger import Signature, chain, write_ledger

    signed = Signature("on-call", datetime(2026, 3, 9, tzinfo=UTC), "poison")
    deeds = (
        {"deed": "evidence copied"},
        {"deed": "approved, for people to do", "do": "flush_caches"},
        {
            "deed": "new store written",
            "quarantined": ["bad", "edited"],
            "put_back": ["edited"],
            "ghosts": ["gone"],
            "before": {"root": "r1"},
            "after": {"root": "r2"},
        },
    )
    lines = ()
    for deed in deeds:
        lines = (*lines, chain(lines, signed, deed))
    write_ledger(tmp_path / "ledger.jsonl", lines)
    copied, written = read_actions(tmp_path)

    assert (copied.phase, written.phase) == ("evidence", "prepared")
    assert (written.what, written.digest_before, written.digest_after) == (
        (
            "new store written without 2 entries; 1 put back with an earlier text; 1 accused entry from outside it: "
            "caches are to be flushed"
        ),
        "r1",
        "r2",
    )
    assert (written.who, written.why, written.time) == ("on-call", "poison", signed.at)


def test_copied_evidence_and_a_new_store_beside_the_old_contain_nothing(run, header, tmp_path):
    from halluguard.response.ledger import Signature, chain, write_ledger

    signed = Signature("on-call", header.detected_at + timedelta(hours=1), "poison")
    deeds = (
        {"deed": "evidence copied"},
        {"deed": "done", "do": "preserve_evidence"},
        {"deed": "done", "do": "quarantine"},
        {"deed": "new store written", "quarantined": ["bad"]},
        {"deed": "restored", "to": "back"},
    )
    lines = ()
    for deed in deeds:
        lines = (*lines, chain(lines, signed, deed))
    write_ledger(tmp_path / "ledger.jsonl", lines)
    done = read_actions(tmp_path)
    text = write(run, tmp_path / "out", header=header, actions=done)
    users = (tmp_path / "out" / "drafts" / "users.md").read_text(encoding="utf-8")

    assert [one.phase for one in done] == ["evidence", "evidence", "prepared", "prepared", "prepared"]
    assert "We contained" not in users
    assert "Time to containment is not known" in text
    assert "partly done by this run" not in text
    assert "done by this run; 2 actions recorded" in text
    assert "0 actions recorded, 3 prepared: stores beside the one in use" in text

    frozen = Action(header.detected_at + timedelta(hours=3), "write-back frozen")
    told = write(run, tmp_path / "stated", header=header, actions=[*done, frozen])
    assert "From detection to containment: 3.0 hours" in told
    assert "1 action recorded, 3 prepared" in told


def test_the_verbs_work_on_the_command_line(run, tmp_path):
    runner = CliRunner()
    written = runner.invoke(app, ["incident", str(run.path), "-o", str(tmp_path / "out")])
    compared = runner.invoke(app, ["diff", str(run.path), str(run.path), "--json"])
    watched = runner.invoke(app, ["monitor", str(run.path), "--baseline", str(run.path), "--no-embeddings"])

    assert (written.exit_code, compared.exit_code, watched.exit_code) == (0, 0, 4)
    assert (tmp_path / "out" / "record.html").is_file()
    assert json.loads(compared.stdout)["difference"] == 0
    assert "NOTHING COMPARED" in watched.stdout


def test_blocks_are_the_same_in_markdown_and_html():
    blocks = (
        Heading(2, "A"),
        Paragraph(("b ", Code("c|d"))),
        Table(("x",), ((Code("`"),),)),
        Bullets(("e",)),
    )

    assert to_markdown(blocks) == "## A\n\nb `c\\|d`\n\n| x |\n| --- |\n| `` ` `` |\n\n- e\n"
    assert "<code>c|d</code>" in to_html(blocks, title="t & u")
    assert "<title>t &amp; u</title>" in to_html(blocks, title="t & u")
