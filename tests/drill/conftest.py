"""One embedder and one answerer for all drills of the tests."""

import pytest

from halluguard.drill.answering import ExtractiveAnswerer
from halluguard.drill.reading import load_scenario
from halluguard.drill.shelf import RememberingEmbeddings
from halluguard.drill.simulate import play


@pytest.fixture(scope="session")
def embedder():
    """Return the default embedder."""
    from halluguard.models import load_embedder

    return load_embedder(device="cpu")


@pytest.fixture(scope="session")
def embeddings(embedder):
    """Return it with its memory."""
    return RememberingEmbeddings(embedder)


@pytest.fixture(scope="session")
def played(embeddings):
    """Return a player of scenarios that remembers what it played."""
    known = {}

    def run(name, seed=0, **options):
        key = (name, seed, repr(options))
        if key not in known:
            scenario = load_scenario(name)
            answerer = ExtractiveAnswerer(embeddings, scenario.retrieval.temperature)
            known[key] = play(scenario, embeddings, answerer, seed=seed, **options)
        return known[key]

    return run
