"""Read claims against passages: choose windows, score them in rounds, and say what they bear out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from halluguard.grounding.calibration import Calibration
from halluguard.grounding.evidence import Window, count_windows, find_candidates, find_quote, pack_sentences
from halluguard.grounding.features import WordFeatures, logit, observe_words
from halluguard.models import Embedder, PairScorer
from halluguard.records import Passage, Reading

MAX_WINDOWS = 3
"""Windows a model reads for one request, before the packed sentences."""

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
class Score:
    """What a model said of one window: probabilities of entailment and contradiction."""

    window: Window
    entailment: float
    contradiction: float
    truncated: bool


@dataclass(slots=True)
class _Case:
    """A request on its way: what is to be read, in order, and what was found so far."""

    claim: str
    windows: tuple[Window, ...]
    packed: Window | None
    words: WordFeatures | None
    quoted: Window | None = None
    scores: list[Score] = field(default_factory=list)


@dataclass(frozen=True)
class Reader:
    """Reads claims with one model pair under one calibration.

    Each request is decided by itself: batches, their order and the cache change nothing. Memory is bounded by the
    requests of one call.

    Attributes:
        scorer: the NLI model; give it a cache where texts recur.
        embedder: orders the windows of long passages.
        calibration: weights and thresholds.
        exhaustive: read every chosen window even where the first already decides; slower, with finer scores.

    """

    scorer: PairScorer
    embedder: Embedder
    calibration: Calibration
    exhaustive: bool = False

    def read(self, requests: Sequence[ReadRequest], *, progress: OnProgress | None = None) -> list[Reading]:
        """Return what the passages of each request say of its claim, in the order given.

        Rounds: the window nearest to the claim; the other windows of what is still undecided; and, where no window
        suffices, two or three sentences from different places in one premise. `progress` is called with the number
        of pairs scored after each round.
        """
        return [self._conclude(case) for case in self._read_cases(requests, progress)]

    def examine(self, requests: Sequence[ReadRequest]) -> list[dict[str, float]]:
        """Return the features of each request that a calibration weighs, every chosen window read."""
        return [
            support_features(case.words, case.scores)
            for case in self._all()._read_cases(requests)
            if case.words
        ]

    def _all(self) -> "Reader":
        return Reader(self.scorer, self.embedder, self.calibration, exhaustive=True)

    def _read_cases(self, requests: Sequence[ReadRequest], progress: OnProgress | None = None) -> list[_Case]:
        cases = self._prepare(requests)
        self._score(cases, lambda case: case.windows[:1], progress)
        open_ = [case for case in cases if self._is_open(case)]
        self._score(open_, lambda case: case.windows[1:], progress)
        open_ = [case for case in open_ if self._is_open(case)]
        self._score(open_, lambda case: (case.packed,) if case.packed else (), progress)
        return cases

    def _is_open(self, case: _Case) -> bool:
        """Whether more reading could change a decision. Support only rises with more windows (see `RISING`)."""
        if case.quoted is not None or not case.windows:
            return False
        return self.exhaustive or self._p_supported(case) < self.calibration.support_threshold

    def _score(
        self, cases: Sequence[_Case], choose: Callable[[_Case], Iterable[Window]], progress: OnProgress | None
    ) -> None:
        """Score what is chosen of each case in one call, so that pairs are deduplicated and batched together."""
        asked = [(case, window) for case in cases if case.quoted is None for window in choose(case)]
        if not asked:
            return
        scores = self.scorer.score([(window.text, case.claim) for case, window in asked])
        for (case, window), (entails, _, contradicts), cut in zip(
            asked, scores.probabilities.tolist(), scores.truncated.tolist(), strict=True
        ):
            case.scores.append(Score(window, entails, contradicts, cut))
        if progress:
            progress(len(asked))

    def _prepare(self, requests: Sequence[ReadRequest]) -> list[_Case]:
        """Choose what each request reads: by words first, then by embeddings where there is a choice."""
        found = [find_candidates(request.claim, request.passages) for request in requests]
        texts = sorted({window.text for windows in found if len(windows) > 1 for window in windows})
        claims = sorted(
            {request.claim for request, windows in zip(requests, found, strict=True) if len(windows) > 1}
        )
        vectors = (
            dict(zip(texts + claims, self.embedder.encode(texts + claims), strict=True)) if texts else {}
        )
        return [_case(request, windows, vectors) for request, windows in zip(requests, found, strict=True)]

    def _p_supported(self, case: _Case) -> float:
        if case.quoted is not None:
            return P_QUOTED
        if case.words is None or not case.scores:
            return 0.0
        return self.calibration.support.probability(support_features(case.words, case.scores))

    def _conclude(self, case: _Case) -> Reading:
        rule = self.calibration
        if case.quoted is not None:
            return Reading(P_QUOTED, 0.0, True, False, case.quoted.passage_id, case.quoted.text)
        if case.words is None or not case.scores:
            return Reading(0.0, 0.0, False, False)
        p_supported = self._p_supported(case)
        p_contradicted, against = self._worst(case)
        supports = p_supported >= rule.support_threshold
        contradicts = (
            not supports
            and p_supported <= rule.doubt_threshold
            and p_contradicted >= rule.contradiction_threshold
        )
        shown = against if contradicts and against else max(case.scores, key=lambda score: score.entailment)
        return Reading(
            p_supported,
            p_contradicted,
            supports,
            contradicts,
            shown.window.passage_id,
            shown.window.text,
            any(score.truncated for score in case.scores),
        )

    def _worst(self, case: _Case) -> tuple[float, Score | None]:
        """Return the highest probability of contradiction among the windows that are on the claim's subject."""
        return max(
            (
                (self.calibration.contradiction.probability(contradiction_features(score)), score)
                for score in case.scores
                if score.window.cover >= self.calibration.subject_cover
            ),
            key=lambda pair: pair[0],
            default=(0.0, None),
        )


def _case(
    request: ReadRequest, windows: Sequence[Window], vectors: Mapping[str, NDArray[np.float32]]
) -> _Case:
    claim, passages = request.claim, request.passages
    quoted = find_quote(claim, passages)
    if quoted is not None or not windows:
        return _Case(claim, (), None, None, quoted)

    def nearness(window: Window) -> float:
        return round(
            window.cover + (float(vectors[window.text] @ vectors[claim]) if window.text in vectors else 0.0),
            4,
        )

    nearest = tuple(sorted(windows, key=lambda window: -nearness(window))[:MAX_WINDOWS])
    packed = pack_sentences(claim, passages) if len(windows) > 1 else None
    words = observe_words(claim, [passage.text for passage in passages], count_windows(passages))
    return _Case(claim, nearest, packed, words)


def support_features(words: WordFeatures, scores: Sequence[Score]) -> dict[str, float]:
    """Return the features of support: the words, the best entailment read, and the nearest window's contradiction.

    Only `entailment` changes as more windows are read, and only upwards.
    """
    return {
        **asdict(words),
        "entailment": max(logit(score.entailment) for score in scores),
        "contradiction": logit(scores[0].contradiction),
    }


def contradiction_features(score: Score) -> dict[str, float]:
    """Return the features of one window's contradiction."""
    return {
        "contradiction": logit(score.contradiction),
        "entailment": logit(score.entailment),
        "cover": score.window.cover,
    }
