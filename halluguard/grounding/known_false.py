"""Statements that people know to be false: a claim that says one of them is contradicted, whatever the documents say.

The trusted corpus is silent on most inventions: nobody writes down the policies that do not exist. Who has been told of
one writes it down once, and every answer that gave it is found and traced like one that the corpus contradicts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halluguard.grounding.evidence import cover_of
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.models import Embedder
from halluguard.records import Passage, Reading
from halluguard.text.listed import read_texts
from halluguard.text.reports import has_report_cue

WHAT = "statements known to be false"
"""What messages call them."""

NEAR = 0.3
"""Least cosine of a claim and a statement for a model to read one against the other: nothing farther apart says the same."""

NEAREST = 3
"""Statements that a claim is read against, those nearest to it."""

MOST_WORDS = 0.6
"""Share of a statement's words that a text holds which says it."""

SURE = 0.75
"""Probability from which a text says a statement in any words."""

_NO = re.compile(r"\W*(?:A:\s*)?(?:no|nope|not?\b)\b", re.IGNORECASE)

_NEGATIVE = re.compile(r"\b(?:no|not|none|nobody|nothing|never|cannot|without)\b|n['’]t\b", re.IGNORECASE)

_CALLED = "known-false:"
"""How the ids of statements begin in tables."""


@dataclass(frozen=True)
class KnownFalse:
    """Statements known to be false, and the models that find them in other words."""

    statements: tuple[str, ...]
    reader: Reader
    embedder: Embedder

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """The statements as unit vectors, shape (n, dimension)."""
        return self.embedder.encode(self.statements)

    def read(self, pairs: Sequence[tuple[int, str]]) -> list[Reading | None]:
        """Read statements, by their position, against texts; return the reading of each pair whose text says it, else None."""
        readings = self.reader.read(
            [ReadRequest(self.statements[number], (Passage("", text),)) for number, text in pairs]
        )
        return [
            reading if is_said(self.statements[number], text, reading) else None
            for (number, text), reading in zip(pairs, readings, strict=True)
        ]

    def refute(self, claims: Sequence[str], readings: Sequence[Reading | None]) -> list[Reading | None]:
        """Return the readings of some claims, with those that say a statement turned into contradictions of the claim.

        A claim says a statement where it bears it out: what entails something false is false. A claim that denies the
        statement, or speaks of it without saying it, keeps its reading.

        Args:
            claims: each to be understood on its own.
            readings: what the trusted corpus says of each, None where nothing was read.

        """
        if not claims:
            return []
        cosines = self.embedder.encode(claims) @ self.vectors.T
        asked = [
            (at, int(number))
            for at, row in enumerate(cosines)
            for number in np.argsort(-row, kind="stable")[:NEAREST]
            if row[number] >= NEAR
        ]
        refuted = list(readings)
        surest: dict[int, float] = {}
        for (at, number), said in zip(
            asked, self.read([(number, claims[at]) for at, number in asked]), strict=True
        ):
            if said is not None and said.p_supported > surest.get(at, 0.0):
                surest[at] = said.p_supported
                refuted[at] = self._refutation(number, said)
        return refuted

    def _refutation(self, number: int, said: Reading) -> Reading:
        return Reading(
            p_supported=0.0,
            p_contradicted=said.p_supported,
            supports=False,
            contradicts=True,
            evidence_id=id_of(number),
            evidence_text=f"Known to be false: {self.statements[number]}",
            truncated=said.truncated,
        )


def id_of(number: int) -> str:
    """Return how the statement at a position, counted from 0, is called in tables: by its place, counted from 1."""
    return f"{_CALLED}{number + 1}"


def is_known_false(id_: str) -> bool:
    """Whether an id in a table is that of a statement known to be false, as `id_of` gives it, and of no trusted passage."""
    return id_.startswith(_CALLED)


def is_said(statement: str, text: str, reading: Reading) -> bool:
    """Whether a text says a statement: it bears it out, and in most of its words or else surely.

    A reader takes `the fifth season is set to begin` for a hint at five seasons of another show. Where both answer one
    question, which may name every answer there is, only the answers are compared. Who corrects a statement, or answers no to
    the question whether it is so, repeats its words and does not say it.
    """
    if not reading.supports:
        return False
    (asked, answer), (asked_too, given) = _split_answer(statement), _split_answer(text)
    if asked and asked == asked_too:
        return _plain(answer) == _plain(given) or cover_of(answer, given) >= MOST_WORDS
    if has_report_cue(text) and not has_report_cue(statement):
        return False
    if asked_too and _NO.match(given) and not _NEGATIVE.search(statement):
        return False
    return reading.p_supported >= SURE or cover_of(statement, text) >= MOST_WORDS


def _split_answer(text: str) -> tuple[str, str]:
    """Return the words of the question that a text begins with, none where it begins with none, and the rest."""
    question, mark, answer = text.partition("?")
    return (_plain(question), answer) if mark and answer.strip() else ("", text)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def load_known_false(path: Path, reader: Reader, embedder: Embedder) -> KnownFalse:
    """Return the statements of a file, one a line or JSONL rows with a `text`.

    Raises:
        InputError: the file cannot be read or holds no statement.

    """
    return KnownFalse(read_texts(path, WHAT), reader, embedder)
