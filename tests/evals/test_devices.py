"""The comparison of devices says when there is nothing to compare."""

import gzip
import json

import pytest
import torch

from evals.devices import main
from evals.results import RESULTS


def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path, monkeypatch, capsys):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    folder = tmp_path / "nli"
    folder.mkdir()
    with gzip.open(folder / "dev.jsonl.gz", "wt", encoding="utf-8") as out:
        out.write(json.dumps({"premise": "a", "hypothesis": "b", "label": "neutral", "source": "mnli"}))
    monkeypatch.setenv("HALLUGUARD_DATA", str(tmp_path))
    before = sorted(RESULTS.iterdir())

    assert main([]) == 0
    assert "no GPU" in capsys.readouterr().out
    assert sorted(RESULTS.iterdir()) == before
