"""Lexical tracers that any tracer must beat: TKM, lexO and FD+A, with dense ranking instead of BM25."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from halluguard.text import content_words

LEXICAL = ("TKM", "lexO", "FD+A")


def accuse_lexically(
    texts: Sequence[str], scores: Sequence[float], question: str, answer: str
) -> dict[str, list[int]]:
    """Return what each baseline accuses among ranked texts, by position.

    TKM: the whole normalised answer is a substring. lexO: z-scores of rank score, question and answer coverage,
    averaged, two means. FD+A: occurrences of question and answer words over distinct words at least 0.2, and TKM.
    """
    normal = [_normalise(text) for text in texts]
    wanted = f" {_normalise(answer)} "
    tkm = [i for i, text in enumerate(normal) if wanted in f" {text} "]
    asked = set(content_words(question)) | set(content_words(answer))
    dense = [i for i, text in enumerate(normal) if _frequency_density(text.split(), asked) >= 0.2]
    return {
        "TKM": tkm,
        "lexO": _two_means(_mean_z(normal, scores, question, answer)),
        "FD+A": sorted({*tkm} & {*dense}),
    }


def _normalise(text: str) -> str:
    return " ".join(word for word in re.findall(r"\w+", text.lower()) if word not in {"a", "an", "the"})


def _frequency_density(words: Sequence[str], asked: set[str]) -> float:
    return sum(word in asked for word in words) / len(set(words)) if words else 0.0


def _mean_z(texts: Sequence[str], scores: Sequence[float], question: str, answer: str) -> NDArray[np.float64]:
    def cover(wanted: Sequence[str]) -> NDArray[np.float64]:
        return np.array(
            [sum(w in set(text.split()) for w in set(wanted)) / max(1, len(set(wanted))) for text in texts]
        )

    parts = [np.array(scores, dtype=float), cover(content_words(question)), cover(_normalise(answer).split())]
    mean: NDArray[np.float64] = np.mean([(p - p.mean()) / (p.std() or 1.0) for p in parts], axis=0)
    return mean


def _two_means(values: NDArray[np.float64]) -> list[int]:
    """Return the positions in the higher of two clusters, best split by within-cluster squares."""
    order = np.sort(values)
    costs = [order[:i].var() * i + order[i:].var() * (len(order) - i) for i in range(1, len(order))]
    if not costs:
        return []
    cut = order[int(np.argmin(costs)) + 1]
    return [i for i, value in enumerate(values) if value >= cut]
