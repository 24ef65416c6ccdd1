"""Stores of every kind, a run made by hand whose truth is known, and a way to apply a plan to them."""

import hashlib
import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from halluguard.response import Plan, PlanAction, PlanEntry, Signature
from halluguard.run import Run
from halluguard.stores import open_store

_spec = importlib.util.spec_from_file_location(
    "store_fixtures", Path(__file__).parents[1] / "stores" / "conftest.py"
)
_stores = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_stores)
native_store = _stores.native_store
faiss_store = _stores.faiss_store
chroma_store = _stores.chroma_store
llamaindex_store = _stores.llamaindex_store
qdrant_store = _stores.qdrant_store
copy_of = _stores.copy_of
digest_of = _stores.digest_of
vectors_of = _stores.vectors_of

KINDS = ("native_store", "faiss_store", "chroma_store", "llamaindex_store")


@pytest.fixture
def store_of(request):
    """Return a function from a fixture's name to an opened store."""
    return lambda name: open_store(request.getfixturevalue(name))


@pytest.fixture
def signed():
    return Signature("a responder", datetime(2026, 3, 3, 8, tzinfo=UTC), "a complaint")


@pytest.fixture
def empty_run(tmp_path):
    """A run with a manifest and a log, enough to apply a plan."""
    log = tmp_path / "log.jsonl"
    log.write_text('{"turn_id": "t1", "answer": "Hello."}\n')
    inputs = {"log": {"path": str(log), "sha256": hashlib.sha256(log.read_bytes()).hexdigest()}}
    return Run.create(tmp_path / "run", {"fingerprint": "f", "inputs": inputs})


@pytest.fixture
def plan_for():
    """Return a function that makes a plan which quarantines the given ids of a store."""

    def make(store, *ids):
        facts = {"path": str(store.path), "files": {file.name: file.sha256 for file in store.files()}}
        entries = tuple(PlanEntry(key, why=("said so",)) for key in ids)
        return Plan("run", facts, (PlanAction("A1", "quarantine", True, "false", entries=entries),))

    return make


def write_rows(folder, rows, vectors):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "entries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    np.save(folder / "vectors.npy", vectors)
    return folder


@pytest.fixture
def write_native():
    return write_rows
