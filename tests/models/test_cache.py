"""The verdict cache, with a scorer that counts what it reads."""

import numpy as np
import pytest

from halluguard.errors import HalluguardWarning
from halluguard.models import Cache, CachedEmbedder, CachedScorer, PairScores


class CountingScorer:
    """Scores by text length, so that every pair has its own row, and remembers what it was asked."""

    name, digest, max_tokens = "counting", "d1", 512

    def __init__(self):
        self.read = []

    def score(self, pairs):
        self.read.extend(pairs)
        rows = np.array([[len(p), len(h), 1.0] for p, h in pairs], dtype=np.float32).reshape(-1, 3)
        return PairScores(
            rows / rows.sum(axis=1, keepdims=True), np.array(["cut" in p for p, _ in pairs], dtype=bool)
        )


class CountingEmbedder:
    name, digest, dimension, max_tokens = "counting", "d1", 2, 256

    def __init__(self):
        self.read = []

    def encode(self, texts):
        self.read.extend(texts)
        return np.array([[len(t), 1.0] for t in texts], dtype=np.float32).reshape(-1, 2)

    def count_tokens(self, texts):
        return [len(text) for text in texts]


PAIRS = [("a premise", "h"), ("other", "hh"), ("a premise", "h"), ("cut premise", "h")]


def test_equal_pairs_are_read_once_and_scores_keep_their_order(tmp_path):
    scorer = CountingScorer()
    got = CachedScorer(scorer, Cache(tmp_path / "c.sqlite")).score(PAIRS)
    plain = CountingScorer().score(PAIRS)

    assert len(scorer.read) == 3
    assert got.probabilities == pytest.approx(plain.probabilities, abs=1e-6)
    assert got.truncated.tolist() == [False, False, False, True]


def test_second_process_reads_nothing(tmp_path):
    first = CachedScorer(CountingScorer(), Cache(tmp_path / "c.sqlite")).score(PAIRS)
    scorer = CountingScorer()
    second = CachedScorer(scorer, Cache(tmp_path / "c.sqlite")).score(PAIRS)

    assert scorer.read == []
    assert (first.probabilities == second.probabilities).all()
    assert (first.truncated == second.truncated).all()


def test_other_model_or_settings_share_nothing(tmp_path):
    cache = Cache(tmp_path / "c.sqlite")
    CachedScorer(CountingScorer(), cache).score(PAIRS)
    other = CountingScorer()
    other.digest = "d2"
    CachedScorer(other, cache).score(PAIRS)
    third = CountingScorer()
    CachedScorer(third, cache, settings="max_length=128").score(PAIRS)

    assert len(other.read) == len(third.read) == 3


def test_texts_whose_join_is_equal_are_not_mixed_up(tmp_path):
    scorer = CountingScorer()
    CachedScorer(scorer, Cache(tmp_path / "c.sqlite")).score([("ab", "c"), ("a", "bc")])

    assert len(scorer.read) == 2


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be read as one" * 10, b"SQLite format 3\x00junk"]
)
def test_broken_cache_file_costs_nothing_but_the_cache(tmp_path, content):
    path = tmp_path / "c.sqlite"
    path.write_bytes(content)
    cache = Cache(path)

    assert not cache.available
    assert CachedScorer(CountingScorer(), cache).score(PAIRS).probabilities.shape == (4, 3)
    assert path.read_bytes() == content


def fill(path, count=3000):
    """A cache of several pages, all of it in the one file."""
    pairs = [(f"premise {number}", "h") for number in range(count)]
    cache = Cache(path)
    CachedScorer(CountingScorer(), cache).score(pairs)
    cache.close()
    return pairs


def test_a_file_found_damaged_when_it_is_read_costs_nothing_but_the_cache_and_is_told_once(tmp_path):
    path = tmp_path / "c.sqlite"
    pairs = fill(path)
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    cache = Cache(path)
    assert cache.available
    scorer = CountingScorer()

    with pytest.warns(HalluguardWarning, match=r"c\.sqlite: the verdict cache cannot be read \(.*") as told:
        first = CachedScorer(scorer, cache).score(pairs)
    second = CachedScorer(scorer, cache).score(pairs)

    assert len(told) == 1
    assert not cache.available
    assert len(scorer.read) == len(pairs)
    assert (first.probabilities == second.probabilities).all()
    assert first.probabilities == pytest.approx(CountingScorer().score(pairs).probabilities, abs=1e-6)


def test_a_file_that_can_no_longer_be_written_is_told_once(tmp_path):
    path = tmp_path / "c.sqlite"
    pairs = fill(path, 3)
    cache = Cache(path)
    cache._connection.execute("PRAGMA query_only = ON")

    with pytest.warns(HalluguardWarning, match=r"c\.sqlite: the verdict cache cannot be written") as told:
        CachedScorer(CountingScorer(), cache).score([*pairs, ("new", "h")])
    CachedScorer(CountingScorer(), cache).score([("newer", "h")])

    assert len(told) == 1
    assert not cache.available


def test_no_pairs_are_no_rows():
    assert CachedScorer(CountingScorer(), Cache(None)).score([]).probabilities.shape == (0, 3)


def test_embeddings_are_kept_by_text(tmp_path):
    path = tmp_path / "c.sqlite"
    CachedEmbedder(CountingEmbedder(), Cache(path)).encode(["a", "bb", "a"])
    embedder = CountingEmbedder()
    vectors = CachedEmbedder(embedder, Cache(path)).encode(["bb", "ccc", "\ud800"])

    assert embedder.read == ["ccc", "\ud800"]
    assert vectors[:, 0].tolist() == [2.0, 3.0, 1.0]


def test_tokens_are_counted_behind_the_cache_as_the_embedder_counts_them(models):
    texts = ["A checked bag costs 30 dollars.", "", "Ein Müsli"]

    assert models.embedder.count_tokens(texts) == models.embedder.embedder.count_tokens(texts)
    assert models.embedder.count_tokens([""]) == [2]
    assert models.embedder.count_tokens([]) == []
