"""Snapshots and differences: roots against a plain recursion, and every kind of change found."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from halluguard.cli import app
from halluguard.errors import InputError
from halluguard.response import diff_stores, take_snapshot
from halluguard.response.digests import root_of
from halluguard.response.snapshot import SCHEMA, is_snapshot, read_head
from halluguard.stores import open_store


def rfc6962(leaves):
    """The definition of RFC 6962, section 2.1, over leaf digests."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + rfc6962(leaves[:split]) + rfc6962(leaves[split:])).digest()


@settings(max_examples=40)
@given(st.integers(1, 200))
def test_streamed_root_is_that_of_the_definition(n):
    leaves = [hashlib.sha256(str(i).encode()).digest() for i in range(n)]
    assert root_of(iter(leaves)) == rfc6962(leaves).hex()


ROWS = [
    {
        "id": f"e{i}",
        "text": f"text {i}",
        "source": f"s{i % 2}",
        "batch": "b1",
        "ingested_at": "2026-03-01T00:00:00Z",
    }
    for i in range(6)
]
VECTORS = np.eye(7, dtype=np.float32)


@pytest.fixture
def two(write_native, tmp_path):
    rows = [dict(row) for row in ROWS]
    rows[1]["text"] = "another text"
    rows[2]["metadata"] = {"page": 2}
    rows[4]["source"] = "s9"
    del rows[5]
    rows.append(
        {"id": "new", "text": "n", "source": "s7", "batch": "b2", "ingested_at": "2026-03-09T10:00:00Z"}
    )
    vectors = VECTORS[:6].copy()
    vectors[3] *= 2
    return write_native(tmp_path / "a", ROWS, VECTORS[:6]), write_native(tmp_path / "b", rows, vectors)


def test_every_kind_of_change_is_found_and_placed(two):
    found = diff_stores(*two)
    kinds = {change.id: change.kind for change in found.changes}
    assert kinds == {
        "e1": "edited",
        "e2": "metadata",
        "e3": "re-embedded",
        "e4": "metadata",
        "new": "added",
        "e5": "removed",
    }
    assert found.grouped("batch")["b2"] == {"added": 1}
    assert found.grouped("day")["2026-03-09"] == {"added": 1}
    assert found.window()[1].startswith("2026-03-09T10")


def test_snapshot_stands_for_its_store_and_holds_no_text(two, tmp_path):
    before, after = two
    head = take_snapshot(open_store(before), tmp_path / "a.snapshot")
    assert (head.entries, "text 1" in (tmp_path / "a.snapshot").read_text()) == (6, False)
    assert diff_stores(tmp_path / "a.snapshot", after) == diff_stores(before, after)
    assert not diff_stores(tmp_path / "a.snapshot", before).changed


def test_same_store_gives_the_same_snapshot(two, tmp_path):
    for name in ("1", "2"):
        take_snapshot(open_store(two[0]), tmp_path / name)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@pytest.mark.parametrize("harm", ["edit", "drop"])
def test_snapshot_that_was_edited_or_cut_is_refused(harm, two, tmp_path):
    path = tmp_path / "a.snapshot"
    take_snapshot(open_store(two[0]), path)
    lines = path.read_text().splitlines(keepends=True)
    lines = lines[:-1] if harm == "drop" else [*lines[:-1], lines[-1].replace('"s1"', '"s2"')]
    path.write_text("".join(lines))
    with pytest.raises(InputError, match="do not give the root"):
        diff_stores(path, two[1])


def test_command_line_prints_the_root_and_fails_on_change_only_when_asked(two, tmp_path):
    run = CliRunner().invoke
    path = str(tmp_path / "x.snapshot")
    taken = run(app, ["store", "snapshot", str(two[0]), "-o", path])
    assert (taken.exit_code, taken.output.split()[1:]) == (0, ["6", "entries"])
    asked = ["store", "diff", path, str(two[1]), "--json"]
    shown = run(app, asked)
    assert (shown.exit_code, json.loads(shown.stdout)["counts"]["edited"]) == (0, 1)
    assert run(app, [*asked, "--fail-on-change"]).exit_code == 1
    assert run(app, ["store", "diff", path, str(two[0]), "--fail-on-change"]).exit_code == 0


def test_a_snapshot_is_clean_where_an_entry_edited_since_has_its_earlier_text(write_native, tmp_path):
    from halluguard.response.digests import digest_text
    from halluguard.response.snapshot import last_without

    vectors = np.eye(2, dtype=np.float32)
    right = write_native(tmp_path / "a", [{"id": "e", "text": "right"}, {"id": "f", "text": "page"}], vectors)
    wrong = write_native(tmp_path / "b", [{"id": "e", "text": "wrong"}, {"id": "f", "text": "page"}], vectors)
    bad = {"e": digest_text("wrong")}

    assert last_without([right, wrong], bad, None).path == right
    assert last_without([wrong], bad, None) is None


def test_a_snapshot_with_the_bad_text_under_another_id_is_not_clean(write_native, tmp_path):
    from halluguard.response.digests import digest_text
    from halluguard.response.snapshot import last_without

    rows = [{"id": "other", "text": "wrong"}, {"id": "blank", "text": ""}]
    folder = write_native(tmp_path / "a", rows, np.eye(2, dtype=np.float32))

    assert last_without([folder], {"e": digest_text("wrong")}, None) is None
    assert last_without([folder], {"e": digest_text("")}, None).path == folder


@pytest.mark.parametrize("place", ["s", "s/entries.jsonl", "s/monday.json"])
def test_a_snapshot_is_not_written_over_its_store(place, write_native, tmp_path, digest_of):
    store = open_store(write_native(tmp_path / "s", [{"id": "a", "text": "t"}], np.ones((1, 2), np.float32)))
    before = digest_of(tmp_path)
    with pytest.raises(InputError, match="the store"):
        take_snapshot(store, tmp_path / place)
    assert digest_of(tmp_path) == before


@pytest.mark.parametrize("line", [b'"\xe9"', b"[" * 200_000, b"[1]"])
def test_a_damaged_line_of_a_snapshot_is_told_with_its_number(line, two, tmp_path):
    path = tmp_path / "a.snapshot"
    take_snapshot(open_store(two[0]), path)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:3], line, *lines[3:]]))
    with pytest.raises(InputError, match=r"a.snapshot:4: not a line of a snapshot"):
        diff_stores(path, two[1])


def test_a_store_whose_first_entry_quotes_a_snapshot_is_a_store(write_native, tmp_path):
    rows = [{"id": "a", "text": f'A snapshot starts with "schema": "{SCHEMA}".'}]
    folder = write_native(tmp_path / "s", rows, np.ones((1, 2), np.float32))
    assert diff_stores(folder / "entries.jsonl", folder).before == 1


@pytest.mark.parametrize("head", [b'{"schema": "halluguard-snapshot/1", "kind": ' + b"[" * 60_000, b"\xe9"])
def test_a_file_with_a_damaged_head_is_no_snapshot(head, tmp_path):
    (tmp_path / "a.snapshot").write_bytes(head)
    assert not is_snapshot(tmp_path / "a.snapshot")
    with pytest.raises(InputError, match="not a snapshot of a store"):
        read_head(tmp_path / "a.snapshot")


def test_a_link_under_a_hidden_name_beside_a_snapshot_is_not_followed(two, tmp_path):
    (tmp_path / "other").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".a.part").symlink_to(tmp_path / "other")
    take_snapshot(open_store(two[0]), tmp_path / "out" / "a")
    assert (tmp_path / "other").read_text() == "mine"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a", ".a.part"}
