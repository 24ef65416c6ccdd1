"""Shared fixtures: the real models, loaded once."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def models():
    from halluguard.models import load_models

    return load_models(device="cpu", cache=False)


@pytest.fixture(scope="session")
def reader(models):
    from halluguard.grounding.loading import load_reader

    return load_reader(models)
