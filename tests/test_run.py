"""The run directory."""

import errno
import json
import resource

import pyarrow as pa
import pytest

from halluguard import api
from halluguard.errors import RunError
from halluguard.run import CLAIMS, SCHEMAS, Run, is_run, write_atomically

MANIFEST = {"fingerprint": "abc", "state": "running"}


def test_created_run_opens_again(tmp_path):
    Run.create(tmp_path / "run", MANIFEST)

    assert Run.open(tmp_path / "run").manifest == MANIFEST


def test_same_fingerprint_goes_on_and_another_is_refused(tmp_path):
    Run.create(tmp_path / "run", MANIFEST).write_part(0, {"claims": []}, {})

    assert Run.create(tmp_path / "run", MANIFEST).path == tmp_path / "run"
    with pytest.raises(RunError, match="other inputs or settings"):
        Run.create(tmp_path / "run", {"fingerprint": "other"})


@pytest.mark.parametrize("state", ["finished", "interrupted"])
def test_a_run_that_ended_is_refused_to_another_even_without_parts(tmp_path, state):
    Run.create(tmp_path / "run", {**MANIFEST, "state": state})

    with pytest.raises(RunError, match="other inputs or settings"):
        Run.create(tmp_path / "run", {"fingerprint": "other"})


def test_a_try_that_finished_nothing_makes_room_for_the_corrected_one(tmp_path):
    first = Run.create(tmp_path / "run", MANIFEST)
    (first.path / "trusted.index").mkdir()
    Run.create(tmp_path / "run", {"fingerprint": "other", "state": "running"})

    assert first.manifest == {"fingerprint": "other", "state": "running"}
    assert (first.path / "trusted.index").is_dir()


def test_a_run_at_work_makes_no_room_and_takes_no_second_writer(tmp_path):
    run = Run.create(tmp_path / "run", MANIFEST)
    with run.held():
        with pytest.raises(RunError, match="another halluguard is writing"):
            Run.create(tmp_path / "run", {"fingerprint": "other"})
        with pytest.raises(RunError, match="another halluguard is writing"), run.held():
            pass

    assert run.manifest == MANIFEST
    with run.held():  # the first has let go
        pass


def test_a_run_at_work_is_neither_traced_nor_scored(tmp_path):
    run = Run.create(tmp_path / "run", MANIFEST)
    with run.held():
        with pytest.raises(RunError, match="another halluguard is writing"):
            api.trace(run, tmp_path / "store")
        with pytest.raises(RunError, match="another halluguard is writing"):
            api.cascade(run)


def test_a_file_system_without_locks_is_written_all_the_same(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr("halluguard.run.fcntl.flock", refuse)

    with Run.create(tmp_path / "run", MANIFEST).held():
        pass


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ('{"tool": "halluguard", "fingerprint": "f"}', True),
        ('{"tool": "other", "fingerprint": "f"}', False),
        ('{"name": "an extension"}', False),
        ("[" * 100_000, False),
        ("[]", False),
        (None, False),
    ],
)
def test_a_run_is_told_by_its_manifest(tmp_path, manifest, expected):
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)

    assert is_run(tmp_path) is expected


def test_folder_with_other_files_is_never_written_into(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(RunError, match="not a run directory"):
        Run.create(tmp_path, MANIFEST)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00"])
def test_broken_manifest_is_one_clear_line(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)

    with pytest.raises(RunError, match=r"manifest\.json"):
        _ = Run.open(tmp_path).manifest


def test_parts_join_in_order_and_a_half_written_part_does_not_count(tmp_path):
    run = Run.create(tmp_path / "run", MANIFEST)
    for number in (0, 1):
        run.write_part(number, {"claims": [{"turn_id": str(number), "text": "ü\x1b"}]}, {"turns": 1})
    (run.path / "parts" / ".000002").mkdir()

    assert run.n_parts() == 2
    run.join_parts(["claims"])

    assert run.read("claims").column("turn_id").to_pylist() == ["0", "1"]
    assert run.part_facts(1) == {"turns": 1}
    run.drop_parts()
    assert sorted(path.name for path in run.path.iterdir()) == ["claims.parquet", "manifest.json"]


def test_table_of_no_parts_is_empty_with_its_schema(tmp_path):
    run = Run.create(tmp_path / "run", MANIFEST)
    run.join_parts(["claims"])

    assert run.read("claims").schema.equals(CLAIMS)
    assert run.read("claims").num_rows == 0


def test_missing_table_names_the_verb_that_makes_it(tmp_path):
    run = Run.create(tmp_path / "run", MANIFEST)

    with pytest.raises(RunError, match="halluguard trace"):
        run.read("suspects")


def test_same_rows_give_the_same_bytes(tmp_path):
    rows = [{"turn_id": "a", "status": "grounded", "cited_ids": ["x"]}]
    for name in ("one", "two"):
        Run.create(tmp_path / name, MANIFEST).write("claims", rows)

    assert (tmp_path / "one" / "claims.parquet").read_bytes() == (
        tmp_path / "two" / "claims.parquet"
    ).read_bytes()


def test_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "file.json"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")  # type: ignore[arg-type]

    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.json"]


def test_claims_table_has_every_column_of_the_design():
    designed = [
        "turn_id",
        "conversation_id",
        "timestamp",
        "claim_id",
        "start",
        "end",
        "text",
        "status",
        "cited_ids",
        "ghost_ids",
        "cited_entailment",
        "cited_contradiction",
        "trusted_entailment",
        "trusted_contradiction",
        "trusted_evidence_id",
        "trusted_evidence_text",
        "supporting_chunk_id",
        "truncated",
        "error",
    ]

    assert set(designed) <= set(CLAIMS.names)
    assert all(isinstance(schema, pa.Schema) for schema in SCHEMAS.values())


def test_manifest_update_keeps_the_other_keys(tmp_path):
    run = Run.create(tmp_path / "run", MANIFEST)
    run.update_manifest({"state": "finished"})

    assert json.loads(run.manifest_path.read_text()) == {"fingerprint": "abc", "state": "finished"}


def test_a_disk_that_takes_no_more_names_the_file_and_leaves_the_old_one(tmp_path):
    path = tmp_path / "report.html"
    write_atomically(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match="too large") as caught:
            write_atomically(path, b"x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("name", "maker"), [("turns", "check"), ("suspects", "trace")])
@pytest.mark.parametrize("damage", ["cut off", "no table", "scrambled"])
def test_a_damaged_table_is_one_line_with_its_path_and_what_to_do(tmp_path, name, maker, damage):
    run = Run.create(tmp_path / "run", MANIFEST)
    rows = [{"turn_id": f"t{number}"} for number in range(50)] if name == "turns" else [{"entry_id": "e"}]
    run.write(name, rows)
    whole = run.table_path(name).read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    run.table_path(name).write_bytes(
        {
            "cut off": whole[: len(whole) // 2],
            "no table": b"x",
            "scrambled": b"PAR1" + b"\xff" * (footer - 4) + whole[footer:],
        }[damage]
    )

    for read in (lambda: run.read(name), lambda: list(run.stream(name))):
        with pytest.raises(RunError) as told:
            read()
        assert str(told.value).startswith(f"{run.table_path(name)}: unreadable (")
        assert str(told.value).endswith(f"`halluguard {maker}`")
        assert "\n" not in str(told.value)


def test_what_goes_wrong_while_a_table_is_streamed_is_not_the_tables_fault(tmp_path):
    run = Run.create(tmp_path / "run", MANIFEST)
    run.write("turns", [{"turn_id": "t"}])
    stream = run.stream("turns")
    next(stream)

    with pytest.raises(OSError, match="disk full"):
        stream.throw(OSError("disk full"))
