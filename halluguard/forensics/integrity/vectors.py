"""Faults that a vector shows by itself: not finite, zero, of another length or dimension, shared by other texts."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.integrity.codes import Code
from halluguard.forensics.integrity.contents import Contents
from halluguard.records import Reason

_UNIT_TOLERANCE = 0.01  # float16 storage moves a norm by less than 0.002
_UNIT_SHARE = 0.5  # most of a store must be unit vectors before one that is not stands out
_COMPARED = 600  # characters; two texts alike this far may differ only beyond what a model reads
_NAMED = 200  # characters of the ids that share a vector
_WORD = re.compile(r"\w+")

Found = Iterator[tuple[int, Reason]]


def check_vectors(contents: Contents) -> Found:
    """Yield, by entry number, what is wrong with its vector alone."""
    dimension = contents.vectors.shape[1]
    norms = np.linalg.norm(contents.vectors, axis=1)
    for number, length in enumerate(contents.lengths):
        if not length:
            continue
        if length != dimension:
            yield (
                number,
                Reason(
                    Code.DIMENSION_MISMATCH,
                    float(length),
                    f"{length} numbers where the store has {dimension}",
                ),
            )
        elif not np.isfinite(norms[number]):
            bad = int((~np.isfinite(contents.vectors[number])).sum())
            yield number, Reason(Code.VECTOR_NAN, float(bad), f"{bad} of {dimension} numbers are not finite")
        elif norms[number] == 0:
            yield number, Reason(Code.VECTOR_ZERO, 0.0, "all numbers are 0")
    yield from check_norms(norms, contents.usable)
    yield from _shared(contents)


def check_norms(norms: NDArray[np.float32], usable: NDArray[np.bool_]) -> Found:
    """Yield the entries off length 1, where most of the store has length 1."""
    off = usable & (np.abs(norms - 1) > _UNIT_TOLERANCE)
    if not usable.any() or off.sum() > (1 - _UNIT_SHARE) * usable.sum():
        return
    for number in np.flatnonzero(off):
        norm = float(norms[number])
        yield (
            int(number),
            Reason(
                Code.VECTOR_UNNORMALISED, norm, f"length {norm:.3g} where the store's vectors have length 1"
            ),
        )


def unnormalised_store(
    norms: NDArray[np.float32], usable: NDArray[np.bool_], metric: str | None
) -> Reason | None:
    """Say so where a store ranks by inner product and its vectors differ in length, so that length decides the rank."""
    if metric != "inner_product" or not usable.any():
        return None
    off = usable & (np.abs(norms - 1) > _UNIT_TOLERANCE)
    share = float(off.sum() / usable.sum())
    if share <= _UNIT_SHARE:
        return None
    low, high = np.quantile(norms[usable], [0.05, 0.95])
    return Reason(
        Code.VECTOR_UNNORMALISED, share, f"ranked by inner product with lengths from {low:.3g} to {high:.3g}"
    )


def check_halves(contents: Contents) -> Found:
    """Yield entries that have only a text or only a vector, in a store that has vectors at all."""
    if not contents.lengths.any():
        return
    for number, (entry, length) in enumerate(zip(contents.entries, contents.lengths, strict=True)):
        if entry.text is None:
            yield number, Reason(Code.TEXT_MISSING, None, "a vector without a document")
        elif not length:
            yield number, Reason(Code.VECTOR_MISSING, None, "a document without a vector")


def _shared(contents: Contents) -> Found:
    """Yield the entries of a group with one vector and more than one text."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for number in np.flatnonzero(contents.usable):
        groups[contents.vectors[number].tobytes()].append(int(number))
    for members in groups.values():
        if len(members) < 2:
            continue
        if len({fold_text(contents.entries[number].text or "") for number in members}) > 1:
            for member in members:
                near = members[: _NAMED // 2 + 1]  # each takes two characters or more
                others = ", ".join(contents.entries[other].id for other in near if other != member)[:_NAMED]
                yield member, Reason(Code.VECTOR_SHARED, float(len(members)), f"the same vector as {others}")


def fold_text(text: str) -> str:
    """Return the beginning of a text as an uncased model reads it: words alone, no case, no accents."""
    bare = unicodedata.normalize("NFKD", text[: 2 * _COMPARED].casefold())
    return " ".join(_WORD.findall("".join(char for char in bare if not unicodedata.combining(char))))[
        :_COMPARED
    ]
