"""Faults put into a clean store on purpose, with the truth of where they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.integrity import Code
from halluguard.records import Chunk, Turn

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """A store as rows of a JSONL file (`id`, `text`, `source`, `metadata`) and their vectors, shape (n, d)."""

    rows: tuple[Row, ...]
    vectors: Vectors

    def text(self, at: int) -> str:
        """The text of a row."""
        return str(self.rows[at]["text"])


@dataclass(frozen=True, slots=True)
class Faulty:
    """A store with faults, what a sweep may use besides it, and which ids it should name under which codes."""

    store: Rows
    codes: tuple[str, ...]
    truth: frozenset[str]
    turns: tuple[Turn, ...] = ()
    known_bad: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tools:
    """The model in use, another model of the same dimension, and the draw."""

    encode: Encode
    encode_other: Encode
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))


Fault = Callable[[Rows, NDArray[np.int64], Tools], Faulty]


def inject(
    clean: Rows, fault: str, rate: float, *, encode: Encode, encode_other: Encode, seed: int = 0
) -> Faulty:
    """Put one fault into a share of a store's entries.

    Args:
        clean: the store.
        fault: a name of `FAULTS`.
        rate: share of the entries, 0 to 1; at least two are chosen.
        encode: the model that made the vectors.
        encode_other: another model of the same dimension.
        seed: of the draw.
    """
    rng = np.random.default_rng([seed, sorted(FAULTS).index(fault)])
    count = max(2, round(rate * len(clean.rows)))
    apply, suits, _ = FAULTS[fault]
    suitable = np.array([at for at in range(len(clean.rows)) if suits(clean.text(at))])
    chosen = np.sort(rng.choice(suitable, size=min(count, len(suitable)), replace=False))
    return apply(clean, chosen, Tools(encode, encode_other, rng))


def _ids(store: Rows, chosen: Sequence[int] | NDArray[np.int64]) -> frozenset[str]:
    return frozenset(str(store.rows[at]["id"]) for at in chosen)


def _with_vectors(code: str, change: Callable[[Rows, NDArray[np.int64], Tools], Vectors]) -> Fault:
    """Make a fault of the vectors alone: `change` returns new ones for the chosen entries."""

    def apply(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
        vectors = clean.vectors.copy()
        vectors[chosen] = change(clean, chosen, tools)
        return Faulty(replace(clean, vectors=vectors), (code,), _ids(clean, chosen))

    return apply


def _with_texts(code: str, change: Callable[[str, np.random.Generator], str], *, embed: bool) -> Fault:
    """Make a fault of the texts; with `embed` the changed text is embedded as a store would on the way in."""

    def apply(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
        rows, vectors = list(clean.rows), clean.vectors.copy()
        for at in chosen:
            rows[at] = {**rows[at], "text": change(clean.text(at), tools.rng)}
        if embed:
            vectors[chosen] = tools.encode([str(rows[at]["text"]) for at in chosen])
        return Faulty(Rows(tuple(rows), vectors), (code,), _ids(clean, chosen))

    return apply


def _with_copies(codes: tuple[str, ...], change: Callable[[str, np.random.Generator], str]) -> Fault:
    """Make a fault of entries added: a changed copy of each chosen one, both of them named."""

    def apply(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
        texts = [change(clean.text(at), tools.rng) for at in chosen]
        added = tuple(
            {**clean.rows[at], "id": f"copy-{at}", "text": text}
            for at, text in zip(chosen, texts, strict=True)
        )
        store = Rows((*clean.rows, *added), np.concatenate([clean.vectors, tools.encode(texts)]))
        return Faulty(store, codes, _ids(clean, chosen) | {str(row["id"]) for row in added})

    return apply


def _unit(vectors: Vectors) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _nan(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Vectors:
    vectors = clean.vectors[chosen].copy()
    vectors[:, tools.rng.integers(vectors.shape[1])] = np.nan
    return vectors


def _scale(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Vectors:
    return clean.vectors[chosen] * tools.rng.uniform(1.1, 8, size=(len(chosen), 1)).astype(np.float32)


def _constant(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Vectors:
    return np.repeat(
        _unit(tools.rng.normal(size=(1, clean.vectors.shape[1])).astype(np.float32)), len(chosen), axis=0
    )


def _replace(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Vectors:
    return _unit(tools.rng.normal(size=(len(chosen), clean.vectors.shape[1])).astype(np.float32))


def _rotate(clean: Rows, chosen: NDArray[np.int64], _: Tools) -> Vectors:
    return np.roll(clean.vectors[chosen], 1, axis=0)


def _other_model(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Vectors:
    return tools.encode_other([clean.text(at) for at in chosen])


def _truncate(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Vectors:
    texts = []
    for at in chosen:
        words = clean.text(at).split()[:150]
        texts.append(" ".join(words[: max(3, int(len(words) * tools.rng.uniform(0.2, 0.7)))]))
    return tools.encode(texts)


def _prefix(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Vectors:
    return tools.encode([f"passage: {clean.text(at)}" for at in chosen])


def _edit(text: str, rng: np.random.Generator) -> str:
    """Change what a sentence says: two words among the first hundred exchanged for other names."""
    words = text.split()
    for at in rng.choice(min(len(words), 100), size=2, replace=False):
        words[at] = str(rng.choice(["Kathmandu", "1847", "Eleanor", "copper", "never", "Saskatchewan"]))
    return " ".join(words)


def _mojibake(text: str, _: np.random.Generator) -> str:
    return text.encode().decode("cp1252", errors="replace")


def _lose(text: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(len(text)))
    return f"{text[:at]}\ufffd{text[at + 1 :]}"


def _disguise(text: str, rng: np.random.Generator) -> str:
    """Put Cyrillic look-alikes into one word."""
    words = text.split()
    at = int(rng.choice([n for n, word in enumerate(words) if _can_disguise(word)]))
    words[at] = words[at].translate(str.maketrans("aeopc", "аеорс"))
    return " ".join(words)


def _can_disguise(word: str) -> bool:
    return word.isascii() and word.isalpha() and 0 < sum(char in "aeopc" for char in word) < len(word)


def _hide(text: str, rng: np.random.Generator) -> str:
    words = text.split()
    at = int(
        rng.choice([n for n, word in enumerate(words) if len(word) > 3 and word.isascii() and word.isalpha()])
    )
    words[at] = f"{words[at][:2]}\u200b{words[at][2:]}"
    return " ".join(words)


def _touch_up(text: str, rng: np.random.Generator) -> str:
    """Make the small changes of a re-crawl: a footnote mark, a dropped filler word."""
    words = text.split()
    at = int(rng.integers(1, len(words)))
    return " ".join([*words[:at], "[4]", *words[at:]])


def _drift(text: str, rng: np.random.Generator) -> str:
    """Exchange a quarter of the words."""
    words = text.split()
    for at in rng.choice(len(words), size=len(words) // 4, replace=False):
        words[at] = str(rng.choice(["indeed", "reported", "further", "main", "early", "several"]))
    return " ".join(words)


def _known_bad(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
    """Copies of one bad text, each drifted another way, in place of the chosen entries."""
    bad = "The Meridian Charter of 1911 was signed in Trieste by eleven delegates, and its third article still forbids any canal."
    rows, vectors = list(clean.rows), clean.vectors.copy()
    for at in chosen:
        rows[at] = {**rows[at], "text": _drift(bad, tools.rng)}
    vectors[chosen] = tools.encode([str(rows[at]["text"]) for at in chosen])
    return Faulty(
        Rows(tuple(rows), vectors), (Code.COPY_OF_KNOWN_BAD,), _ids(clean, chosen), known_bad=(bad,)
    )


def _drop_texts(clean: Rows, chosen: NDArray[np.int64], _: Tools) -> Faulty:
    rows = list(clean.rows)
    for at in chosen:
        rows[at] = {**rows[at], "text": None}
    return Faulty(Rows(tuple(rows), clean.vectors), (Code.TEXT_MISSING,), _ids(clean, chosen))


def _ghosts(clean: Rows, chosen: NDArray[np.int64], _: Tools) -> Faulty:
    """Entries deleted from the store that the log has retrieved, beside others that are still there."""
    kept = [at for at in range(len(clean.rows)) if at not in set(chosen.tolist())]
    turns = tuple(
        Turn(
            f"t{at}",
            "An answer.",
            retrieved=(Chunk(str(clean.rows[at]["id"])), Chunk(str(clean.rows[kept[0]]["id"]))),
        )
        for at in chosen
    )
    store = Rows(tuple(clean.rows[at] for at in kept), clean.vectors[kept])
    return Faulty(store, (Code.GHOST_RETRIEVED,), _ids(clean, chosen), turns=turns)


def _write_back(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
    """Answers of the log, stored a day later; the answers rest on other entries that they quote."""
    made = tuple(f"{_edit(clean.text(at), tools.rng)} This was confirmed by the help desk." for at in chosen)
    turns = tuple(
        Turn(
            f"t{at}",
            f"Sure. {text}",
            timestamp=datetime(2025, 5, 1, tzinfo=UTC),
            retrieved=(Chunk(str(clean.rows[at]["id"]), clean.text(at)),),
        )
        for at, text in zip(chosen, made, strict=True)
    )
    added = tuple(
        {"id": f"back-{at}", "text": text, "ingested_at": "2025-05-02T00:00:00Z"}
        for at, text in zip(chosen, made, strict=True)
    )
    store = Rows((*clean.rows, *added), np.concatenate([clean.vectors, tools.encode(made)]))
    return Faulty(store, (Code.WRITTEN_BACK,), frozenset(str(row["id"]) for row in added), turns=turns)


def _any(_: str) -> bool:
    return True


def _long(text: str) -> bool:
    return len(text.split()) >= 15


def _accented(text: str) -> bool:
    return any(char in "éèêàáâäåæçëíîïñóôöøúüßÉÖÜ–—’“”°" for char in text)


def _disguisable(text: str) -> bool:
    return any(_can_disguise(word) for word in text.split())


def _hideable(text: str) -> bool:
    return any(len(word) > 3 and word.isascii() and word.isalpha() for word in text.split())


FREE, MODEL = "model-free", "re-embedding"
FAULTS: dict[str, tuple[Fault, Callable[[str], bool], str]] = {
    "NaN in the vector": (_with_vectors(Code.VECTOR_NAN, _nan), _any, FREE),
    "zero vector": (
        _with_vectors(Code.VECTOR_ZERO, lambda clean, chosen, _: clean.vectors[chosen] * 0),
        _any,
        FREE,
    ),
    "vector not normalised": (_with_vectors(Code.VECTOR_UNNORMALISED, _scale), _any, FREE),
    "one vector for many texts": (_with_vectors(Code.VECTOR_SHARED, _constant), _any, FREE),
    "text lost": (_drop_texts, _any, FREE),
    "exact duplicate": (_with_copies((Code.DUPLICATE_EXACT,), lambda text, _: text), _any, FREE),
    "near duplicate": (_with_copies((Code.DUPLICATE_NEAR,), _touch_up), _long, FREE),
    "drifted copy of a known bad entry": (_known_bad, _any, FREE),
    "UTF-8 read as Windows-1252": (_with_texts(Code.ENCODING_DAMAGE, _mojibake, embed=True), _accented, FREE),
    "lost character": (_with_texts(Code.ENCODING_DAMAGE, _lose, embed=True), _any, FREE),
    "look-alike letters": (_with_texts(Code.MIXED_SCRIPT, _disguise, embed=True), _disguisable, FREE),
    "hidden character": (_with_texts(Code.HIDDEN_CHARACTERS, _hide, embed=True), _hideable, FREE),
    "ghost in the log": (_ghosts, _any, FREE),
    "answer written back": (_write_back, _long, FREE),
    "vector of another model": (_with_vectors(Code.STALE_MODEL, _other_model), _long, MODEL),
    "vector of another entry": (_with_vectors(Code.VECTOR_OF_OTHER_ENTRY, _rotate), _any, MODEL),
    "vector replaced": (_with_vectors(Code.VECTOR_MISMATCH, _replace), _any, MODEL),
    "input truncated": (_with_vectors(Code.TRUNCATED_INPUT, _truncate), _long, MODEL),
    "prefix added to the input": (_with_vectors(Code.TEMPLATE_CHANGED, _prefix), _any, MODEL),
    "text edited after embedding": (
        _with_texts(Code.EDITED_AFTER_EMBEDDING, _edit, embed=False),
        _long,
        MODEL,
    ),
}
"""Name -> what it does, which texts it suits, and whether finding it takes the model."""
