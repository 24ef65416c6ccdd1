"""Whether a text asserts a false claim, refutes it, only reports it, or says nothing of it."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from halluguard.cascade.claims import ENTAILS, Entails
from halluguard.cascade.observe import normalise
from halluguard.cascade.provenance import numbers_of
from halluguard.text.reports import has_report_cue


class Stance(StrEnum):
    """What a text does with a claim; only `asserts` is a case."""

    ASSERTS = "asserts"
    REFUTES = "refutes"
    MENTIONS = "mentions"
    SILENT = "silent"
    UNKNOWN = "unknown"


_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"[^\W_]{3,}")
MIN_OVERLAP = 0.3
_WINDOW = 2


def read_stances(texts: Sequence[str], claim: str, entails: Entails | None) -> list[Stance]:
    """Return the stance of each text towards a claim.

    The window of two sentences that shares most words with the claim is read. Words under the overlap of 0.3 are
    silent without a model. Entailment makes `asserts`, or `mentions` where the window reports or corrects; contradiction makes
    `refutes`. Without a model only a window that contains the claim word for word asserts; the rest is unknown.
    """
    windows = [best_window(text, claim) for text in texts]
    stances = [_stance_by_words(window, share, claim) for window, share in windows]
    unknown = [place for place, stance in enumerate(stances) if stance is Stance.UNKNOWN]
    if entails is None or not unknown:
        return stances
    asked = sorted({windows[place][0] for place in unknown})
    answers: Mapping[str, Sequence[float]] = dict(
        zip(asked, entails([(window, claim) for window in asked]), strict=True)
    )
    for place in unknown:
        stances[place] = _stance_by_model(windows[place][0], answers[windows[place][0]])
    return stances


def best_window(text: str, claim: str) -> tuple[str, float]:
    """Return the run of two sentences that holds most of the claim's words, and the share it holds."""
    sentences = [sentence for sentence in _SENTENCE.split(text) if sentence.strip()]
    windows = [" ".join(sentences[i : i + _WINDOW]) for i in range(max(1, len(sentences) - _WINDOW + 1))]
    wanted = set(_words(claim))
    shares = [len(wanted & set(_words(window))) / len(wanted) if wanted else 0.0 for window in windows]
    best = max(range(len(windows)), key=lambda place: (shares[place], -place))
    return windows[best], shares[best]


def _words(text: str) -> list[str]:
    """Return words of three letters or more, cut to six letters so that inflections meet, and numbers."""
    return [word[:6] for word in _WORD.findall(text.casefold())] + sorted(numbers_of(text))


def _stance_by_words(window: str, share: float, claim: str) -> Stance:
    if share < MIN_OVERLAP:
        return Stance.SILENT
    wording = normalise(claim)
    if wording and f" {wording} " in f" {normalise(window)} ":
        return Stance.MENTIONS if has_report_cue(window) else Stance.ASSERTS
    return Stance.UNKNOWN


def _stance_by_model(window: str, row: Sequence[float]) -> Stance:
    if row[0] >= ENTAILS:
        return Stance.MENTIONS if has_report_cue(window) else Stance.ASSERTS
    return Stance.REFUTES if row[2] >= ENTAILS else Stance.SILENT
