"""The benchmark of the sweep: faults come out as they are put in, and a run that is stopped goes on."""

import hashlib

import numpy as np
import pytest

from evals.fault_stores import WRITERS
from evals.fault_types import Rows
from evals.faults import FAULTS, FREE
from evals.integrity import Bench, Ledger, measure, tables_of
from evals.integrity_scale import make_texts
from evals.results import write_result
from halluguard.models import Cache, CachedEmbedder

WORDS = [
    "pump",
    "hall",
    "valve",
    "rotor",
    "shift",
    "crew",
    "crane",
    "motor",
    "gauge",
    "pipe",
    "basin",
    "tower",
]
IN_BIG_STORES = {"words misspelt"}  # a store of a hundred entries is no dictionary


class Hashed:
    """Embeds a text as one random direction a text, drawn by its digest."""

    name, digest, dimension, max_tokens = "hashed", "hashed-1", 32, 256

    def encode(self, texts):
        rows = [
            np.random.default_rng(list(hashlib.sha256(text.encode()).digest())).normal(size=32)
            for text in texts
        ]
        vectors = np.array(rows, dtype=np.float32).reshape(-1, 32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def count_tokens(self, texts):
        return [len(text.split()) for text in texts]


def make_rows(n=90):
    rng = np.random.default_rng(3)
    texts = [
        f"Café {at} serves the works: "
        + " ".join(f"{rng.choice(WORDS)}{rng.integers(900)}" for _ in range(18))
        for at in range(n)
    ]
    rows = tuple({"id": f"e{at}", "text": text, "source": f"page {at % 9}"} for at, text in enumerate(texts))
    return Rows(rows, Hashed().encode(texts))


@pytest.fixture
def bench():
    kept = Cache(None)
    return Bench("JSONL and npy", make_rows(), CachedEmbedder(Hashed(), kept), CachedEmbedder(Hashed(), kept))


def new_ledger(folder):
    def write(ledger):
        write_result("integrity", ledger.payload(), tables=tables_of(ledger), folder=folder)

    return Ledger.open("key", write, folder / "integrity.json")


@pytest.mark.parametrize(
    "fault", [name for name, (*_, kind) in FAULTS.items() if kind == FREE and name not in IN_BIG_STORES]
)
def test_each_model_free_fault_is_found_where_it_is_and_nowhere_else(bench, tmp_path, fault):
    ledger = new_ledger(tmp_path)

    measure(bench, [fault], [0.05], ledger)

    (one,) = ledger.scores.values()
    assert one.n_truth >= 2
    assert (one.recall, one.precision) == (1, 1)


def test_stopped_run_measures_no_cell_twice(bench, tmp_path, capsys):
    first = new_ledger(tmp_path)
    measure(bench, ["zero vector"], [0.05], first)
    capsys.readouterr()
    second = new_ledger(tmp_path)

    measure(bench, ["zero vector", "text lost"], [0.05], second)

    assert "text lost" in (told := capsys.readouterr().out)
    assert "zero vector" not in told
    assert [cell.fault for cell in second.scores] == ["zero vector", "text lost"]
    assert new_ledger(tmp_path).payload() == second.payload()


def test_result_of_another_key_is_begun_anew(bench, tmp_path):
    measure(bench, ["zero vector"], [0.05], new_ledger(tmp_path))

    assert Ledger.open("other", lambda _: None, tmp_path / "integrity.json").scores == {}


@pytest.mark.parametrize("kind", list(WRITERS))
def test_fault_is_found_in_a_store_of_each_kind(bench, tmp_path, kind):
    ledger = new_ledger(tmp_path)
    store = Bench(kind, bench.clean, bench.embedder, bench.other)

    measure(store, ["zero vector", "text lost", "vector lost"], [0.05], ledger)

    assert all(one.refused or one.recall == 1 for one in ledger.scores.values())
    assert sum(not one.refused for one in ledger.scores.values()) >= 2


def test_scaled_texts_keep_lengths_and_are_new():
    texts = [f"{word} " * 6 + f"end{at}" for at, word in enumerate(WORDS)]

    made = make_texts(texts, 40)

    assert made[:12] == texts
    assert [len(text.split()) for text in made[12:24]] == [len(text.split()) for text in texts]
    assert len(set(made)) == 40
    assert made == make_texts(texts, 40)
