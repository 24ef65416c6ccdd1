"""The re-embedding check: what is healthy, what each misfit fits instead, and where it began."""

import hashlib
import json

import numpy as np
import pytest

from halluguard.forensics.integrity import Code, Evidence, sweep
from halluguard.forensics.integrity.calibration import find_healthy, find_stretch
from halluguard.forensics.integrity.contents import unit_rows
from halluguard.models import Cache, CachedEmbedder
from halluguard.stores import open_store

N = 240
WORDS = [f"word{i}" for i in range(400)]


class WordEmbedder:
    """Embeds a text as the sum of one random direction a word, later words a little lighter."""

    name = "words"
    dimension = 96
    max_tokens = 40

    def __init__(self, seed=0):
        self.digest = f"words-{seed}"
        self.seed = seed
        self.n_encoded = 0
        self.directions = {}

    def direction(self, word):
        if word not in self.directions:
            key = hashlib.sha256(f"{self.seed} {word}".encode()).digest()
            self.directions[word] = np.random.default_rng(list(key)).normal(size=self.dimension)
        return self.directions[word]

    def encode(self, texts):
        self.n_encoded += len(texts)
        rows = [
            sum((self.direction(word) * 0.99**at for at, word in enumerate(text.split())), np.zeros(96))
            for text in texts
        ]
        return unit_rows(np.array(rows, dtype=np.float32).reshape(-1, 96))

    def count_tokens(self, texts):
        return [len(text.split()) for text in texts]


def make_texts(n=N, seed=1):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size=rng.integers(12, 30))) for _ in range(n)]


@pytest.fixture
def embedder():
    return WordEmbedder()


@pytest.fixture
def write(tmp_path):
    def write(texts, vectors, **fields):
        rows = [
            {"id": f"e{i}", "text": text} | {key: value[i] for key, value in fields.items()}
            for i, text in enumerate(texts)
        ]
        (tmp_path / "entries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        np.save(tmp_path / "vectors.npy", vectors.astype(np.float32))
        return open_store(tmp_path)

    return write


def embedding_codes(result):
    return {finding.index: finding.reason.code for finding in result.findings}


def test_untouched_store_gives_no_finding(embedder, write):
    texts = make_texts()

    result = sweep(write(texts, embedder.encode(texts)), Evidence(embedder=embedder))

    assert result.findings == ()
    assert result.container == ()
    assert result.figures["healthy_cosine"] == pytest.approx(1)
    assert result.checked["embedding"] == N


def test_store_quantised_to_eight_bits_is_healthy(embedder, write):
    texts = make_texts()
    vectors = np.round(embedder.encode(texts) * 40) / 40

    result = sweep(write(texts, unit_rows(vectors)), Evidence(embedder=embedder))

    assert result.findings == ()
    assert result.figures["healthy_cosine"] < 0.999


def test_each_fault_is_named_for_what_the_vector_fits(embedder, write):
    texts = make_texts()
    vectors = embedder.encode(texts)
    other = WordEmbedder(seed=9)
    vectors[[10, 11]] = vectors[[11, 10]]
    vectors[20] = embedder.encode([" ".join(texts[20].split()[:7])])[0]
    vectors[30] = unit_rows(np.random.default_rng(3).normal(size=(1, 96)).astype(np.float32))[0]
    vectors[40] = embedder.encode([f"passage: {texts[40]}"])[0]
    vectors[50:53] = other.encode(texts[50:53])
    texts[60] = texts[60].replace(texts[60].split()[4], "changed")

    result = sweep(write(texts, vectors), Evidence(embedder=embedder, models={"the old model": other}))

    assert embedding_codes(result) == {
        10: Code.VECTOR_OF_OTHER_ENTRY,
        11: Code.VECTOR_OF_OTHER_ENTRY,
        20: Code.TRUNCATED_INPUT,
        30: Code.VECTOR_MISMATCH,
        40: Code.TEMPLATE_CHANGED,
        50: Code.STALE_MODEL,
        51: Code.STALE_MODEL,
        52: Code.STALE_MODEL,
        60: Code.EDITED_AFTER_EMBEDDING,
    }
    details = {finding.index: finding.reason.detail for finding in result.findings}
    assert "e11 (+1 places away)" in details[10]
    assert "first 7 of" in details[20]
    assert "the old model" in details[50]


def test_batch_of_an_unknown_model_is_named_with_its_place_in_the_order(embedder, write):
    texts = make_texts()
    vectors = embedder.encode(texts)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(96, 96)))[0]
    vectors[100:160] = vectors[100:160] @ rotation

    result = sweep(write(texts, vectors), Evidence(embedder=embedder))

    assert embedding_codes(result) == dict.fromkeys(range(100, 160), Code.STALE_MODEL)
    (told,) = result.container
    assert (told.code, told.figure) == (Code.STALE_MODEL, 100)
    assert "entries 100 (e100) to 159 (e159)" in told.detail


def test_vectors_shifted_by_one_are_named_as_those_of_their_neighbours(embedder, write):
    texts = make_texts()
    vectors = embedder.encode(texts)
    vectors[80:120] = np.roll(vectors[80:120], 1, axis=0)

    result = sweep(write(texts, vectors), Evidence(embedder=embedder))

    assert embedding_codes(result) == dict.fromkeys(range(80, 120), Code.VECTOR_OF_OTHER_ENTRY)
    assert "(-1 places away)" in result.findings[5].reason.detail


def test_store_embedded_with_titles_is_healthy_under_its_own_template(embedder, write):
    texts = make_texts()
    titles = [{"title": f"Title{i} of{i}"} for i in range(N)]
    vectors = embedder.encode(
        [f"{title['title']}\n\n{text}" for title, text in zip(titles, texts, strict=True)]
    )

    result = sweep(write(texts, vectors, metadata=titles), Evidence(embedder=embedder))

    assert result.findings == ()
    assert [reason.code for reason in result.container] == [Code.TEMPLATE_CHANGED]


def test_store_of_another_model_is_one_finding_and_not_one_an_entry(embedder, write):
    texts = make_texts()
    other = WordEmbedder(seed=9)

    result = sweep(write(texts, other.encode(texts)), Evidence(embedder=embedder, models={"old": other}))

    assert result.findings == ()
    assert [reason.code for reason in result.container] == [Code.STALE_MODEL]
    assert "written by old" in result.container[0].detail
    assert "embedding" in result.not_checked


def test_model_of_another_dimension_is_said_and_not_compared(embedder, write):
    texts = make_texts(40)
    vectors = np.random.default_rng(0).normal(size=(40, 12))

    result = sweep(write(texts, unit_rows(vectors.astype(np.float32))), Evidence(embedder=embedder))

    assert [reason.code for reason in result.container] == [Code.DIMENSION_MISMATCH]
    assert "embedding" in result.not_checked


def test_text_longer_than_the_model_reads_is_noted(embedder, write):
    texts = make_texts(30)
    texts[4] = " ".join(WORDS[:55])

    result = sweep(write(texts, embedder.encode(texts)), Evidence(embedder=embedder))

    assert [(one.index, one.reason.code, one.reason.figure) for one in result.findings] == [
        (4, Code.TEXT_OVER_LIMIT, 55)
    ]


class Stopped(WordEmbedder):
    """Stops, as a killed process does, at the first block after `least` texts."""

    def __init__(self, least):
        super().__init__()
        self.least = least

    def encode(self, texts):
        if self.n_encoded >= self.least:
            raise KeyboardInterrupt
        return super().encode(texts)


def test_stopped_sweep_goes_on_where_it_was(write, tmp_path):
    texts = make_texts(2_500)
    store = write(texts, WordEmbedder().encode(texts))
    whole = sweep(store, Evidence(embedder=WordEmbedder()))
    with pytest.raises(KeyboardInterrupt):
        sweep(
            store,
            Evidence(embedder=CachedEmbedder(Stopped(1_500), Cache(tmp_path / "vectors.sqlite"))),
        )
    second = WordEmbedder()

    resumed = sweep(store, Evidence(embedder=CachedEmbedder(second, Cache(tmp_path / "vectors.sqlite"))))

    assert resumed == whole
    assert 0 < second.n_encoded <= len(texts) - 1_500


def test_progress_is_told_block_by_block(embedder, write):
    told = []

    sweep(
        write(make_texts(2_500), embedder.encode(make_texts(2_500))),
        Evidence(embedder=embedder),
        progress=lambda *step: told.append(step),
    )

    assert [step for step in told if step[0] == "embed"] == [
        ("embed", 1_000, 2_500),
        ("embed", 2_000, 2_500),
        ("embed", 2_500, 2_500),
    ]
    assert {step for step, *_ in told} == {"embed", "texts", "neighbours"}


def test_sweep_is_the_same_twice(embedder, write):
    texts = make_texts()
    vectors = embedder.encode(texts)
    vectors[5:30] = vectors[30:55]
    store = write(texts, vectors)

    assert sweep(store, Evidence(embedder=embedder)) == sweep(store, Evidence(embedder=WordEmbedder()))


def test_what_was_not_checked_is_said(write):
    result = sweep(write(make_texts(30), np.ones((30, 4))))

    assert {"embedding", "log", "sources", "trusted corpus", "copies of known bad entries"} <= set(
        result.not_checked
    )


def test_trusted_corpus_is_read_through_the_callable(embedder, write):
    from halluguard.records import Reason

    def contradict(entries):
        return [Reason(Code.CONTRADICTS_TRUSTED, 0.9) if entry.id == "e3" else None for entry in entries]

    result = sweep(
        write(make_texts(30), unit_rows(np.random.default_rng(0).normal(size=(30, 96)))),
        Evidence(contradict=contradict),
    )

    assert [(one.entry_id, one.reason.code) for one in result.findings] == [("e3", Code.CONTRADICTS_TRUSTED)]


def test_healthy_mode_stops_at_the_gap():
    rng = np.random.default_rng(0)
    cosines = np.concatenate([rng.normal(0.9985, 0.0003, 900), rng.uniform(0.2, 0.98, 100)])

    healthy = find_healthy(cosines)

    assert healthy.share == pytest.approx(0.9, abs=0.01)
    assert 0.985 < healthy.floor < 0.9985


def test_stretch_is_found_where_faults_crowd_and_not_where_they_are_spread():
    faulty = np.zeros(1000, dtype=bool)
    faulty[300:360] = True
    faulty[::97] = True
    spread = np.zeros(1000, dtype=bool)
    spread[::20] = True

    stretch = find_stretch(faulty)

    assert (stretch.start, stretch.stop) == (300, 360)
    assert find_stretch(spread) is None


def test_vectors_without_texts_are_not_said_to_be_another_models(embedder, write):
    texts = make_texts(30)

    result = sweep(write([None] * 30, embedder.encode(texts)), Evidence(embedder))

    assert Code.STALE_MODEL not in {reason.code for reason in result.container}
    assert "embedding" not in result.checked
    assert result.not_checked["embedding"] == "no entry has both a text and a usable vector"
