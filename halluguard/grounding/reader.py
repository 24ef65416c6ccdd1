"""Read claims against passages: choose what to read, score it in rounds, and say what it bears out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from halluguard.grounding.calibration import Calibration
from halluguard.grounding.evidence import (
    Window,
    best_sentence,
    find_candidates,
    find_quote,
    pack_sentences,
)
from halluguard.grounding.features import WordFeatures, logit, observe_words
from halluguard.models import Embedder, PairScorer
from halluguard.records import Passage, Reading

MAX_WINDOWS = 2
"""Windows a model reads for one request beside the packed sentences and the best single one."""

P_QUOTED = 0.99
"""Probability that a claim is supported where the passages hold it word for word as whole sentences."""

OnProgress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A claim as a model reads it, the passages it may rest on (of any length), and the question it answers."""

    claim: str
    passages: tuple[Passage, ...]
    question: str | None = None


@dataclass(frozen=True, slots=True)
class WindowScore:
    """What a model said of one window: probabilities of entailment and contradiction."""

    window: Window
    entailment: float
    contradiction: float
    truncated: bool


@dataclass(frozen=True, slots=True)
class Examined:
    """What a calibration weighs for one request.

    `support` is empty where there was nothing to read, `against` holds one entry for each window on the subject.
    """

    support: Mapping[str, float]
    against: tuple[Mapping[str, float], ...]
    quoted: bool = False


@dataclass(slots=True)
class _Case:
    """A request on its way: what is to be read in each round, and what was found so far."""

    claim: str
    rounds: tuple[tuple[Window, ...], ...]
    words: WordFeatures | None
    quoted: Window | None = None
    scores: list[WindowScore] = field(default_factory=list)


@dataclass(frozen=True)
class Reader:
    """Reads claims with one model pair under one calibration.

    Each request is decided by itself: batches, their order and the cache change nothing. Memory is bounded by the
    requests of one call.

    Attributes:
        scorer: the NLI model; give it a cache where texts recur.
        embedder: orders the windows of long passages.
        calibration: weights and thresholds.
        exhaustive: read everything chosen even where the first round already decides; slower, with finer scores.

    """

    scorer: PairScorer
    embedder: Embedder
    calibration: Calibration
    exhaustive: bool = False

    def read(self, requests: Sequence[ReadRequest], *, progress: OnProgress | None = None) -> list[Reading]:
        """Return what the passages of each request say of its claim, in the order given.

        Three rounds, each for what the one before left undecided: the two or three sentences, from anywhere, that
        together hold the claim's words; the nearest window and the best single sentence; further windows. The best
        entailment of all counts, and it can only rise, so that a claim once supported stays so.

        `progress` is called with the number of pairs of each round.
        """
        return [self._conclude(case) for case in self._read_cases(requests, progress)]

    def examine(self, requests: Sequence[ReadRequest]) -> list[Examined]:
        """Return what a calibration weighs for each request, every round read; the calibration in force plays no part."""
        return [_examined(case) for case in self.reading_everything()._read_cases(requests, None)]  # noqa: SLF001

    def reading_everything(self) -> "Reader":
        """Return a reader that never stops early."""
        return replace(self, exhaustive=True)

    def _read_cases(self, requests: Sequence[ReadRequest], progress: OnProgress | None) -> list[_Case]:
        cases = self._prepare(requests)
        open_ = [case for case in cases if case.rounds]
        number = 0
        while open_:
            self._score([(case, window) for case in open_ for window in case.rounds[number]], progress)
            number += 1
            open_ = [case for case in open_ if len(case.rounds) > number and self._is_open(case)]
        return cases

    def _is_open(self, case: _Case) -> bool:
        """Whether more reading could change a decision. Support only rises with more windows (see `RISING`)."""
        return self.exhaustive or self._p_supported(case) < self.calibration.support_threshold

    def _score(self, asked: Sequence[tuple[_Case, Window]], progress: OnProgress | None) -> None:
        """Score windows in one call, so that pairs are deduplicated and batched together."""
        scores = self.scorer.score([(window.text, case.claim) for case, window in asked])
        for (case, window), (entails, _, contradicts), cut in zip(
            asked, scores.probabilities.tolist(), scores.truncated.tolist(), strict=True
        ):
            case.scores.append(WindowScore(window, entails, contradicts, cut))
        if progress:
            progress(len(asked))

    def _prepare(self, requests: Sequence[ReadRequest]) -> list[_Case]:
        """Choose what each request reads: by words first, then by embeddings where there is a choice."""
        found = [find_candidates(request.claim, request.passages) for request in requests]
        unclear = [
            (request.claim, windows)
            for request, windows in zip(requests, found, strict=True)
            if len(windows) > MAX_WINDOWS  # fewer are all read, whatever their order
        ]
        texts = sorted(
            {text for claim, windows in unclear for text in (claim, *(window.text for window in windows))}
        )
        vectors = dict(zip(texts, self.embedder.encode(texts), strict=True)) if texts else {}
        return [_case(request, windows, vectors) for request, windows in zip(requests, found, strict=True)]

    def _p_supported(self, case: _Case) -> float:
        if case.quoted is not None:
            return P_QUOTED
        if case.words is None or not case.scores:
            return 0.0
        return self.calibration.support.probability(support_features(case.words, case.scores))

    def _conclude(self, case: _Case) -> Reading:
        if case.quoted is not None:
            found = case.quoted
            return Reading(P_QUOTED, 0.0, True, False, found.passage_id, found.text, entailment=P_QUOTED)
        if not case.scores:
            return Reading(0.0, 0.0, False, False)
        rule = self.calibration
        p_supported = self._p_supported(case)
        p_contradicted, against = self._worst(case.scores)
        supports, contradicts = rule.decide(p_supported, p_contradicted)
        shown = against if contradicts and against else max(case.scores, key=lambda score: score.entailment)
        cut = any(score.truncated for score in case.scores)
        return Reading(
            p_supported,
            p_contradicted,
            supports,
            contradicts,
            shown.window.passage_id,
            shown.window.text,
            cut,
            max(score.entailment for score in case.scores),
        )

    def _worst(self, scores: Iterable[WindowScore]) -> tuple[float, WindowScore | None]:
        """Return the highest probability of contradiction among the windows that are on the claim's subject."""
        combination = self.calibration.contradiction
        rated = [
            (combination.probability(contradiction_features(score)), score)
            for score in scores
            if on_subject(score)
        ]
        return max(rated, key=lambda pair: pair[0], default=(0.0, None))


def _case(
    request: ReadRequest, windows: Sequence[Window], vectors: Mapping[str, NDArray[np.float32]]
) -> _Case:
    claim, passages = request.claim, request.passages
    quoted = find_quote(claim, passages)
    if quoted is not None or not windows:
        return _Case(claim, (), None, quoted)

    def nearness(window: Window) -> float:
        likeness = (
            float(vectors[window.text] @ vectors[claim])
            if window.text in vectors and claim in vectors
            else 0.0
        )
        return round(window.cover + likeness, 4)

    nearest = sorted(windows, key=lambda window: -nearness(window))[:MAX_WINDOWS]
    packed = pack_sentences(claim, passages) or nearest[0]
    single = best_sentence(claim, passages) or nearest[0]
    words = observe_words(claim, [passage.text for passage in passages], single.text)
    return _Case(claim, _distinct([packed], [nearest[0], single], nearest[1:]), words)


def _distinct(*rounds: Sequence[Window]) -> tuple[tuple[Window, ...], ...]:
    """Return the rounds with each text in the first of them only, and without rounds that this leaves empty."""
    seen: set[str] = set()
    kept = []
    for some in rounds:
        new = tuple({window.text: window for window in some if window.text not in seen}.values())
        seen.update(window.text for window in new)
        if new:
            kept.append(new)
    return tuple(kept)


def support_features(words: WordFeatures, scores: Sequence[WindowScore]) -> dict[str, float]:
    """Return the features of support: the words, and the best entailment read.

    Only `entailment` changes as more is read, and only upwards.
    """
    return {**asdict(words), "entailment": max(logit(score.entailment) for score in scores)}


def contradiction_features(score: WindowScore) -> dict[str, float]:
    """Return the features of one window's contradiction."""
    return {
        "contradiction": logit(score.contradiction),
        "cover": score.window.cover,
    }


SUBJECT_COVER = 0.25
"""Share of the claim's content words a window must hold to be on the claim's subject; above it, more of them count for
more in the probability of a contradiction."""


def on_subject(score: WindowScore) -> bool:
    """Whether a window speaks of what the claim speaks of: elsewhere a contradiction means nothing."""
    return score.window.cover >= SUBJECT_COVER


def _examined(case: _Case) -> Examined:
    support = support_features(case.words, case.scores) if case.words is not None and case.scores else {}
    against = tuple(contradiction_features(score) for score in case.scores if on_subject(score))
    return Examined(support, against, case.quoted is not None)
