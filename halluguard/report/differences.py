"""Two texts side by side with the words that differ marked."""

import re
from dataclasses import dataclass
from itertools import groupby, pairwise

from rapidfuzz.distance import Indel

_TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*|\w+(?:['’]\w+)*|[^\w\s]")
_DECIDING = frozenset(
    [
        "no",
        "not",
        "never",
        "none",
        "neither",
        "nor",
        "without",
        "only",
        "cannot",
        "can't",
        "don't",
        "doesn't",
        "won't",
        "isn't",
        "aren't",
        "must",
        "may",
    ]
)
ALIKE = 0.45
"""Share of words in common (Indel ratio) from which two texts are aligned word by word; below it an alignment is noise."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of two texts. The left sides of all segments join to the first text, the right sides to the second.

    Where `same` is True the words agree, letter case and white space apart.
    """

    left: str
    right: str
    same: bool


def mark_differences(a: str, b: str) -> tuple[Segment, ...]:
    """Align `a` and `b` and say where they differ.

    Texts that share enough words are aligned word by word (longest common subsequence). Of others only the
    figures and the words that turn a meaning round, such as "not", are marked where the other text lacks them.
    """
    left, right = _Words.of(a), _Words.of(b)
    if Indel.normalized_similarity(left.keys, right.keys) >= ALIKE:
        return _join(_aligned(left, right))
    return _join(_lone_figures(left, right))


@dataclass(frozen=True, slots=True)
class _Words:
    """A text cut into words; `pieces` also carry the white space around them and join to the text."""

    keys: tuple[str, ...]
    pieces: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "_Words":
        spans = [match.span() for match in _TOKEN.finditer(text)]
        if not spans:
            return cls(("",), (text,)) if text else cls((), ())
        edges = [0, *(start for start, _ in spans[1:]), len(text)]
        return cls(
            tuple(text[start:end].casefold() for start, end in spans),
            tuple(text[start:end] for start, end in pairwise(edges)),
        )


def _aligned(left: _Words, right: _Words) -> list[Segment]:
    segments = [
        Segment("".join(left.pieces[code.src_start : code.src_end]), "".join(right.pieces[code.dest_start : code.dest_end]),
                code.tag == "equal")
        for code in Indel.opcodes(left.keys, right.keys)
    ]  # fmt: skip
    return [
        Segment(segment.left, segment.right, segment.same and not _is_crumb(segments, index))
        for index, segment in enumerate(segments)
    ]


def _is_crumb(segments: list[Segment], index: int) -> bool:
    """Whether an agreement between two differences is too small to help a reader: "the", a comma."""
    inside = 0 < index < len(segments) - 1
    letters = sum(character.isalnum() for character in segments[index].left)
    return inside and letters <= 3 and not any(character.isdigit() for character in segments[index].left)


def _lone_figures(left: _Words, right: _Words) -> list[Segment]:
    ours = [
        Segment(piece, "", not _decides(key, right))
        for key, piece in zip(left.keys, left.pieces, strict=True)
    ]
    theirs = [
        Segment("", piece, not _decides(key, left))
        for key, piece in zip(right.keys, right.pieces, strict=True)
    ]
    return ours + theirs


def _decides(key: str, other: _Words) -> bool:
    return (key[:1].isdigit() or key in _DECIDING) and key not in other.keys


def _join(segments: list[Segment]) -> tuple[Segment, ...]:
    """Merge neighbours of one kind, so that a phrase is one mark."""
    return tuple(
        Segment("".join(part.left for part in group), "".join(part.right for part in group), same)
        for same, group in (
            (same, list(parts)) for same, parts in groupby(segments, key=lambda part: part.same)
        )
    )
