"""What a vector that does not fit its text fits instead: another entry, a template, a beginning, another model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.integrity.neighbours import nearest
from halluguard.forensics.integrity.templates import TEMPLATES
from halluguard.records import Entry

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
_TRIED = 30  # entries on which a template or model is tried before it is tried on all
_GRID = (*(share / 8 for share in range(1, 8)), 15 / 16)
_SHARPENINGS = 6
_HOPEFUL = 0.6  # of the misfit left at the best point of the grid; true beginnings leave 0.3 and less
_LEAST_WORDS = 8
_FLAT = 1e-6  # float32 rounds the cosines of equal vectors by this much


@dataclass(frozen=True, slots=True)
class Low:
    """The entries whose stored vector does not fit: positions in the store, entries, unit vectors, own cosines."""

    positions: NDArray[np.int64]
    entries: tuple[Entry, ...]
    stored: Vectors
    fresh: Vectors
    cosines: NDArray[np.float64]

    def take(self, chosen: NDArray[np.bool_]) -> "Low":
        """Return the entries a mask chooses."""
        kept = tuple(entry for entry, keep in zip(self.entries, chosen, strict=True) if keep)
        return Low(
            self.positions[chosen], kept, self.stored[chosen], self.fresh[chosen], self.cosines[chosen]
        )


def fit_other_entries(low: Low, fresh: Vectors) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return, for each low entry, the best cosine of its vector to another entry's text, and that entry's position."""
    cosines, positions = nearest(low.stored, fresh, 2)
    own = positions[:, 0] == low.positions
    second = min(1, positions.shape[1] - 1)
    return (
        np.where(own, cosines[:, second], cosines[:, 0]).astype(np.float64),
        np.where(own, positions[:, second], positions[:, 0]),
    )


def fit_texts(low: Low, texts: Sequence[str | None], encode: Encode) -> NDArray[np.float64]:
    """Return the cosine of each stored vector to a text embedded in its place, -1 where there is no such text."""
    known = [number for number, text in enumerate(texts) if text]
    cosines = np.full(len(texts), -1.0)
    if known:
        vectors = encode([texts[number] or "" for number in known])
        if vectors.shape[1] == low.stored.shape[1]:
            cosines[known] = np.einsum("ij,ij->i", low.stored[known], vectors)
    return cosines


def fit_templates(low: Low, encode: Encode, floor: float) -> Mapping[str, NDArray[np.float64]]:
    """Return the cosines under each template that fits at least one of the first entries it was tried on."""
    fitting = {}
    sample = low.take(np.arange(len(low.entries)) < _TRIED)
    for name, template in list(TEMPLATES.items())[1:]:
        if (fit_texts(sample, [template(entry) for entry in sample.entries], encode) >= floor).any():
            fitting[name] = fit_texts(low, [template(entry) for entry in low.entries], encode)
    return fitting


def fit_models(low: Low, models: Mapping[str, Encode], floor: float) -> Mapping[str, NDArray[np.float64]]:
    """Return the cosines under each other model that fits at least one of the first entries it was tried on."""
    fitting = {}
    sample = low.take(np.arange(len(low.entries)) < _TRIED)
    for name, encode in models.items():
        if (fit_texts(sample, [entry.text for entry in sample.entries], encode) >= floor).any():
            fitting[name] = fit_texts(low, [entry.text for entry in low.entries], encode)
    return fitting


def fit_beginnings(low: Low, encode: Encode) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the best cosine to a beginning of each entry's own text, and how many words that beginning has.

    The cosine is close to unimodal in the number of words, so a coarse grid is sharpened around its best point, each
    round for all entries at once. Where no beginning of the grid explains much of the misfit, the nearest one between
    its points will not explain all of it, and the entry is let go.
    """
    words = [(entry.text or "").split() for entry in low.entries]
    best: list[dict[int, float]] = [{} for _ in words]
    grid = [
        [round(share * len(text)) for share in _GRID] if len(text) >= _LEAST_WORDS else [] for text in words
    ]
    step = [max(1, len(text) // 16) for text in words]
    for _ in range(_SHARPENINGS + 1):
        _try_cuts(low.stored, words, grid, encode, best)
        cuts = [max(tried, key=tried.__getitem__, default=0) for tried in best]
        left = [1 - tried.get(at, -1.0) for tried, at in zip(best, cuts, strict=True)]
        hopeful = np.array(left) <= _HOPEFUL * (1 - low.cosines)
        grid = [
            [at - width, at + width] if go else [] for at, width, go in zip(cuts, step, hopeful, strict=True)
        ]
        step = [max(1, width // 2) for width in step]
    cosines = [tried.get(at, -1.0) for tried, at in zip(best, cuts, strict=True)]
    return np.array(cosines, dtype=np.float64), np.array(cuts, dtype=np.int64)


def _try_cuts(
    stored: Vectors,
    words: Sequence[list[str]],
    grid: Sequence[list[int]],
    encode: Encode,
    best: Sequence[dict[int, float]],
) -> None:
    """Embed the beginnings not tried yet, and note the cosine of each in `best`, by entry and number of words."""
    jobs = [
        (number, at)
        for number, cuts in enumerate(grid)
        for at in sorted(set(cuts) - best[number].keys())
        if 0 < at < len(words[number])
    ]
    if not jobs:
        return
    vectors = encode([" ".join(words[number][:at]) for number, at in jobs])
    for (number, at), vector in zip(jobs, vectors, strict=True):
        best[number][at] = float(stored[number] @ vector)


def fit_geometry(low: Low) -> NDArray[np.bool_]:
    """Tell which vectors come from another model by the way they lie to each other, without that model.

    Two models place the same texts in much the same relations though not in the same directions, so a row of cosines
    among the stored vectors correlates with that among the fresh ones (representational similarity analysis,
    Kriegeskorte 2008); a damaged vector's row does not. Correlations count from three standard errors.
    """
    n = len(low.entries)
    if n < 4:
        return fit_offset(low)
    stored, fresh = low.stored @ low.stored.T, low.fresh @ low.fresh.T
    rows = np.array([_correlate(np.delete(stored[at], at), np.delete(fresh[at], at)) for at in range(n)])
    alike = np.asarray(rows >= max(0.3, 3 / np.sqrt(n)), dtype=np.bool_) | fit_offset(low)
    upper = np.triu_indices(n, 1)
    whole = _correlate(stored[upper], fresh[upper])
    if n < 30 and whole >= max(0.3, 3 / np.sqrt(len(upper[0]))):
        return np.ones(n, dtype=np.bool_)
    return alike


def fit_offset(low: Low, *, least_cosine: float = 0.3) -> NDArray[np.bool_]:
    """Tell which vectors are off their texts in one common direction, as those of another model are.

    Models crowd their vectors in different narrow cones (anisotropy, Ethayarajh 2019), so what is left of a vector
    after its part along the fresh one points the same way for all; the cosine to the mean of the others tells. Vectors
    replaced at random give 0 with a deviation of 1 / sqrt(dimension).
    """
    n = len(low.entries)
    if n < 2:
        return np.zeros(n, dtype=np.bool_)
    rests = low.stored - low.cosines[:, None].astype(np.float32) * low.fresh
    rests = rests / np.maximum(np.linalg.norm(rests, axis=1, keepdims=True), 1e-12)
    others = rests.sum(axis=0) - rests
    cosines = np.einsum("ij,ij->i", rests, others) / np.maximum(np.linalg.norm(others, axis=1), 1e-12)
    return np.asarray(cosines >= least_cosine, dtype=np.bool_)


def _correlate(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return Pearson's correlation, 0 where one side is constant but for rounding."""
    left, right = (side.astype(np.float64) - side.mean(dtype=np.float64) for side in (first, second))
    scale = float(np.linalg.norm(left) * np.linalg.norm(right))
    flat = min(np.abs(left).max(), np.abs(right).max()) < _FLAT
    return 0.0 if flat else float(left @ right) / scale
