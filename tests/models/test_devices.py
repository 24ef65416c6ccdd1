"""Where models run and in which format: names, what is refused, and that half precision reads nearly the same."""

import numpy as np
import pytest
import torch

from halluguard.errors import ModelError, SettingError
from halluguard.models import load_models
from halluguard.models.devices import Placement, place

PAIRS = [
    ("A checked bag of up to 23 kg costs 30 dollars.", "A checked bag costs 30 dollars."),
    ("A checked bag of up to 23 kg costs 30 dollars.", "A checked bag costs 90 dollars."),
    ("A checked bag of up to 23 kg costs 30 dollars.", "The lounge opens at six."),
]
NEAR = 0.03


@pytest.mark.parametrize(
    ("name", "placement"),
    [("cpu", Placement("cpu", "float32")), ("cpu:bfloat16", Placement("cpu", "bfloat16"))],
)
def test_a_name_is_a_device_and_perhaps_a_format(name, placement):
    assert place(name) == placement
    assert str(placement) == name
    assert str(place("cpu:float32")) == "cpu"


def test_settings_keep_every_format_but_float32_apart():
    assert [place(name).settings for name in ("cpu", "cpu:bfloat16")] == ["", "bfloat16"]


@pytest.mark.parametrize(
    ("name", "told"), [("tpu", "Choose auto, cpu or cuda"), ("cpu:float16", "Choose float32, bfloat16")]
)
def test_what_there_is_not_is_refused(name, told):
    with pytest.raises(SettingError, match=told):
        place(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a CUDA device")
def test_cuda_is_refused_where_there_is_none():
    with pytest.raises(ModelError, match="Use --device cpu"):
        place("cuda:bfloat16")


def test_half_precision_reads_nearly_the_same_and_is_remembered_apart(models, tmp_path):
    exact = load_models(device="cpu", cache=tmp_path / "cache.sqlite")
    half = load_models(device="cpu:bfloat16", cache=tmp_path / "cache.sqlite")
    texts = [premise for premise, _ in PAIRS]

    expected = exact.scorer.score(PAIRS).probabilities
    found = half.scorer.score(PAIRS).probabilities
    assert (half.device, half.scorer.hits.hit) == ("cpu:bfloat16", 0)
    assert 0 < np.abs(found - expected).max() < NEAR
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()
    cosines = np.sum(half.embedder.encode(texts) * exact.embedder.encode(texts), axis=1)
    assert (half.embedder.hits.hit, cosines.min() > 1 - 1e-3) == (0, True)
