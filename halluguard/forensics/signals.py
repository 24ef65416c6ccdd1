"""What can be measured between a claim and a store entry: the evidence that responsibility is scored from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from halluguard.text import anchor_share, split_sentences, stems


@dataclass(frozen=True, slots=True)
class Signals:
    """Evidence between one claim and one entry; every figure lies between 0 and 1 unless it says otherwise.

    Attributes:
        supported: calibrated probability that the entry bears the claim out, which is what others hear as an echo.
        anchor: share of the claim's own words (those the question does not give away) that the entry holds.
        topic: share of the question's words (of the claim's, where there is no question) that the entry holds.
        pull: cosine of entry and question: how strongly retrieval is drawn to it.
        lean: cosine with the claim minus cosine with the question, -2 to 2: whom it is nearer to, answer or topic.
        together: the highest product of the two shares within one sentence of the entry: a text that says the claim says
            it in one place, and a coincidence of words is scattered.
        entailment: the NLI model's own probability that the entry entails the claim, words aside.
        echo: how surely another candidate, of another text, says the claim too, times how alike the two are once the
            question is taken from both. What is planted is planted often and pushes the same way, and a coincidence of
            words seldom happens twice.
        told: how far the claim's own words that the entry holds tell of more than chance: 1 for a rare name, little for "two".

    """

    supported: float
    anchor: float
    topic: float
    pull: float
    lean: float
    together: float = 0.0
    entailment: float = 0.0
    echo: float = 0.0
    told: float = 1.0

    def as_row(self) -> NDArray[np.float64]:
        """Return the signals as the features of the responsibility score, shape (7,).

        Entailment counts as far as the entry holds the claim's own words: a text that names the answer says it where it
        entails the claim too, and one that does either alone need not. Words count as far as they tell of more than chance.
        """
        return np.array(
            [
                self.anchor * self.told,
                self.topic,
                self.pull,
                self.lean,
                self.together * self.told,
                self.echo,
                self.entailment * self.anchor * self.told,
            ],
            dtype=np.float64,
        )


FEATURES = ("anchor", "topic", "pull", "lean", "together", "echo", "entailed_anchor")
"""Names of the columns of `Signals.as_row`."""


def topic_share(claim: str, question: str | None, text: str) -> float:
    """Return the share of the question's stems, or of the claim's where there is no question, that a text holds."""
    wanted = stems(question) if question else stems(claim)
    return len(wanted & stems(text)) / len(wanted) if wanted else 0.0


def togetherness(claim: str, question: str | None, text: str) -> float:
    """Return the highest product of anchor and topic share that one sentence of a text has, 0 to 1."""
    parts = (text[span.start : span.end] for span in split_sentences(text))
    return max(
        (anchor_share(claim, question, part) * topic_share(claim, question, part) for part in parts),
        default=0.0,
    )


def add_echoes(
    signals: Sequence[Signals], texts: Sequence[str], likeness: NDArray[np.float64]
) -> list[Signals]:
    """Return the signals of one event's candidates with `echo` filled in.

    An echo is the best support by another text, times its anchor, times its likeness: shape (n, n), 0 to 1.
    """
    said = np.array([one.supported * one.anchor for one in signals])
    plain = plain_texts(texts)
    heard = [
        np.where([other != text for other in plain], said * likeness[at], 0.0)
        for at, text in enumerate(plain)
    ]
    return [
        replace(one, echo=float(echoes.max(initial=0.0))) for one, echoes in zip(signals, heard, strict=True)
    ]


def plain_texts(texts: Sequence[str]) -> list[str]:
    """Return texts as they are told apart: without case and spacing."""
    return [" ".join(text.lower().split()) for text in texts]


def stack_rows(signals: Sequence[Signals]) -> NDArray[np.float64]:
    """Return the features of several entries, shape (n, 7)."""
    return np.stack([one.as_row() for one in signals]) if signals else np.zeros((0, len(FEATURES)))
