"""Faults put into a clean store on purpose, with the truth of where they are."""

import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evals.fault_types import Encode, Fault, Faulty, Rows, Tools, Vectors, ids_of
from evals.faults_around import (
    change_since_log,
    edit,
    ghosts,
    known_bad,
    leave_older,
    name_wrong_source,
    remove_sources,
    touch_up,
    write_back,
)
from halluguard.forensics.integrity import Code

_SLIPS = 0.4  # of a misspelt text's longer words
_DAMAGED_GLYPHS = 3  # every third character of a text whose font had no Unicode map


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
    rng = np.random.default_rng([seed, zlib.crc32(fault.encode())])
    count = max(2, round(rate * len(clean.rows)))
    apply, suits, _ = FAULTS[fault]
    suitable = np.array([at for at in range(len(clean.rows)) if suits(clean.text(at))])
    chosen = np.sort(rng.choice(suitable, size=min(count, len(suitable)), replace=False))
    return apply(clean, chosen, Tools(encode, encode_other, rng))


def _with_vectors(code: str, change: Callable[[Rows, NDArray[np.int64], Tools], Vectors]) -> Fault:
    """Make a fault of the vectors alone: `change` returns new ones for the chosen entries."""

    def apply(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
        vectors = clean.vectors.copy()
        vectors[chosen] = change(clean, chosen, tools)
        return Faulty(replace(clean, vectors=vectors), (code,), ids_of(clean, chosen))

    return apply


def _with_texts(code: str, change: Callable[[str, np.random.Generator], str], *, embed: bool) -> Fault:
    """Make a fault of the texts; with `embed` the changed text is embedded as a store would on the way in."""

    def apply(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
        rows, vectors = list(clean.rows), clean.vectors.copy()
        for at in chosen:
            rows[at] = {**rows[at], "text": change(clean.text(at), tools.rng)}
        if embed:
            vectors[chosen] = tools.encode([str(rows[at]["text"]) for at in chosen])
        return Faulty(Rows(tuple(rows), vectors), (code,), ids_of(clean, chosen))

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
        return Faulty(store, codes, ids_of(clean, chosen) | {str(row["id"]) for row in added})

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


def _lose_glyphs(text: str, _: np.random.Generator) -> str:
    """Write characters of a font without a Unicode map into the private use area, as PDF extraction does."""
    return "".join(
        chr(0xE000 + ord(char) % 0x1000) if at % _DAMAGED_GLYPHS == 0 and not char.isspace() else char
        for at, char in enumerate(text)
    )


def _misspell(text: str, rng: np.random.Generator) -> str:
    """Exchange two neighbouring letters, or drop one, in four words of ten that have at least four letters."""
    return " ".join(
        _slip(word, rng) if len(word) > 3 and word.isalpha() and rng.random() < _SLIPS else word
        for word in text.split()
    )


def _slip(word: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(1, len(word) - 1))
    kept = word[at] if rng.random() < 0.5 else ""
    return word[:at] + word[at + 1] + kept + word[at + 2 :]


def _shift(clean: Rows, chosen: NDArray[np.int64], _: Tools) -> Faulty:
    """Move the vectors of a run of entries up by one, as a vector added twice or deleted alone does."""
    start = int(chosen[0]) % (len(clean.rows) - len(chosen) + 1)
    run = np.arange(start, start + len(chosen))
    vectors = clean.vectors.copy()
    vectors[run] = np.roll(clean.vectors[run], 1, axis=0)
    return Faulty(replace(clean, vectors=vectors), (Code.VECTOR_OF_OTHER_ENTRY,), ids_of(clean, run))


def _other_model_batch(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
    """Embed a run of entries with another model, as a deployment that swapped its model does from a day on."""
    run = np.arange(len(clean.rows) - len(chosen), len(clean.rows))
    vectors = clean.vectors.copy()
    vectors[run] = _other_model(clean, run, tools)
    return Faulty(replace(clean, vectors=vectors), (Code.STALE_MODEL,), ids_of(clean, run))


def _drop_vectors(clean: Rows, chosen: NDArray[np.int64], _: Tools) -> Faulty:
    lost = replace(clean, without=frozenset(chosen.tolist()))
    return Faulty(lost, (Code.VECTOR_MISSING,), ids_of(clean, chosen))


def _drop_texts(clean: Rows, chosen: NDArray[np.int64], _: Tools) -> Faulty:
    rows = list(clean.rows)
    for at in chosen:
        rows[at] = {**rows[at], "text": None}
    return Faulty(Rows(tuple(rows), clean.vectors), (Code.TEXT_MISSING,), ids_of(clean, chosen))


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
    "vector lost": (_drop_vectors, _any, FREE),
    "exact duplicate": (_with_copies((Code.DUPLICATE_EXACT,), lambda text, _: text), _any, FREE),
    "near duplicate": (_with_copies((Code.DUPLICATE_NEAR,), touch_up), _long, FREE),
    "older version left": (leave_older, _long, FREE),
    "drifted copy of a known bad entry": (known_bad, _any, FREE),
    "UTF-8 read as Windows-1252": (_with_texts(Code.ENCODING_DAMAGE, _mojibake, embed=True), _accented, FREE),
    "lost character": (_with_texts(Code.ENCODING_DAMAGE, _lose, embed=True), _any, FREE),
    "words misspelt": (_with_texts(Code.WORDS_MISSPELT, _misspell, embed=True), _long, FREE),
    "glyphs without a Unicode map": (
        _with_texts(Code.ENCODING_DAMAGE, _lose_glyphs, embed=True),
        _long,
        FREE,
    ),
    "look-alike letters": (_with_texts(Code.MIXED_SCRIPT, _disguise, embed=True), _disguisable, FREE),
    "hidden character": (_with_texts(Code.HIDDEN_CHARACTERS, _hide, embed=True), _hideable, FREE),
    "source deleted": (remove_sources, _any, FREE),
    "wrong source named": (name_wrong_source, _long, FREE),
    "ghost in the log": (ghosts, _any, FREE),
    "text changed since the log": (change_since_log, _long, FREE),
    "answer written back": (write_back, _long, FREE),
    "vector of another model": (_with_vectors(Code.STALE_MODEL, _other_model), _long, MODEL),
    "batch of another model": (_other_model_batch, _any, MODEL),
    "vector of another entry": (_with_vectors(Code.VECTOR_OF_OTHER_ENTRY, _rotate), _any, MODEL),
    "vectors shifted by one": (_shift, _any, MODEL),
    "vector replaced": (_with_vectors(Code.VECTOR_MISMATCH, _replace), _any, MODEL),
    "input truncated": (_with_vectors(Code.TRUNCATED_INPUT, _truncate), _long, MODEL),
    "prefix added to the input": (_with_vectors(Code.TEMPLATE_CHANGED, _prefix), _any, MODEL),
    "text edited after embedding": (
        _with_texts(Code.EDITED_AFTER_EMBEDDING, edit, embed=False),
        _long,
        MODEL,
    ),
}
"""Name -> what it does, which texts it suits, and whether finding it takes the model."""
