"""Read claims against passages: choose what to read, score it in rounds, and say what it bears out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from halluguard.grounding.calibration import Calibration, doubt_of
from halluguard.grounding.evidence import (
    Window,
    choose_sentences,
    find_candidates,
    find_quote,
)
from halluguard.grounding.features import WORD_FEATURES, WordFeatures, logit, observe_words
from halluguard.grounding.instructions import score_claims
from halluguard.models import PairScorer
from halluguard.records import Passage, Reading
from halluguard.text import Term, restate, short_answer, terms

SUBJECT_COVER = 0.25
"""Share of the claim's content words a window must hold to be on the claim's subject; above it, more of them count for
more in the probability of a contradiction."""

ROUNDS = 4
"""How often what is still undecided is read on; see `Reader.read`."""

P_QUOTED = 0.99
"""Probability that a claim is supported where the passages hold it word for word as whole sentences."""

LEAST_ANSWER = 0.5
"""Share of a short answer's own words that the passages must hold to bear it out: they cannot say who it was without
naming him."""

P_UNANSWERED = 0.05
"""Probability that a short answer is supported, at most, where they hold fewer."""

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
    """A request on its way: what may be read in each round, none where nothing need be, and what was found so far."""

    claim: str
    rounds: tuple[tuple[Window, ...], ...]
    words: WordFeatures | None
    quoted: Window | None = None
    unanswered: bool = False
    scores: list[WindowScore] = field(default_factory=list)


@dataclass(frozen=True)
class Reader:
    """Reads claims with one model under one calibration.

    Each request is decided by itself: batches, their order and the cache change nothing. Memory is bounded by the
    requests of one call.

    Attributes:
        scorer: the NLI model; give it a cache where texts recur.
        calibration: weights and thresholds.
        exhaustive: read everything chosen even where it cannot decide any more; slower, with finer scores.

    """

    scorer: PairScorer
    calibration: Calibration
    exhaustive: bool = False

    def read(self, requests: Sequence[ReadRequest], *, progress: OnProgress | None = None) -> list[Reading]:
        """Return what the passages of each request say of its claim, in the order given.

        Four rounds, each for what the ones before left undecided: the two or three sentences, from anywhere, that
        together hold the claim's words; the window that holds most of them and the best single sentence; the next
        window; four more. The best entailment of all counts, and it can only rise, so that a claim once supported
        stays so. Where support is out of reach, only windows that could contradict are read (see `_worth_reading`).

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
        cases = [open_case(request) for request in requests]
        for number in range(ROUNDS):
            asked = [(case, window) for case in cases for window in self._worth_reading(case, number)]
            if asked:
                self._score(asked, progress)
        return cases

    def _worth_reading(self, case: _Case, number: int) -> Sequence[Window]:
        """Return the windows of a round that may still change a decision.

        Support only rises with more windows (see `RISING`): where it is reached, nothing more is read, and between
        both thresholds everything is. At or under the doubt threshold it is all but out of reach, and what is left to
        find is a contradiction, which stands in a window on the claim's subject.
        """
        windows = case.rounds[number] if case.rounds else ()
        if self.exhaustive or number == 0 or not windows:
            return windows
        p_supported = self._p_supported(case)
        if p_supported >= self.calibration.support_threshold:
            return ()
        if p_supported > self.calibration.doubt_threshold:
            return windows
        return [window for window in windows if window.cover >= SUBJECT_COVER]

    def _score(self, asked: Sequence[tuple[_Case, Window]], progress: OnProgress | None) -> None:
        """Score windows in one call, so that pairs are deduplicated and batched together."""
        scores = score_claims(self.scorer, [(window.text, case.claim) for case, window in asked])
        for (case, window), (entails, _, contradicts), cut in zip(
            asked, scores.probabilities.tolist(), scores.truncated.tolist(), strict=True
        ):
            case.scores.append(WindowScore(window, entails, contradicts, cut))
        if progress:
            progress(len(asked))

    def _p_supported(self, case: _Case) -> float:
        return _as_answer(case, self._p_borne(case))

    def _p_borne(self, case: _Case) -> float:
        """Return the probability that a claim is supported by what was read, whether or not it answers its question."""
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
        p_borne = self._p_borne(case)
        p_supported = _as_answer(case, p_borne)
        p_contradicted, against = self._worst(case.scores, p_borne)
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

    def _worst(self, scores: Iterable[WindowScore], p_borne: float) -> tuple[float, WindowScore | None]:
        """Return the highest probability of contradiction among the windows that are on the claim's subject."""
        combination, doubt = self.calibration.contradiction, doubt_of(p_borne)
        rated = [
            (combination.probability({**contradiction_features(score), "doubt": doubt}), score)
            for score in scores
            if on_subject(score)
        ]
        return max(rated, key=lambda pair: pair[0], default=(0.0, None))


def open_case(request: ReadRequest) -> _Case:
    """Choose by words what may be read for a request."""
    claim, passages = request.claim, request.passages
    quoted = find_quote(claim, passages)
    windows = find_candidates(claim, passages)
    if quoted is not None or not windows:
        return _Case(claim, (), None, quoted)
    packed, single = choose_sentences(claim, passages) or (windows[0], windows[0])
    words = observe_words(claim, [passage.text for passage in passages], single.text)
    rounds = _distinct([packed], [windows[0], single], windows[1:2], windows[2:])
    return _Case(claim, rounds, words, unanswered=_is_unanswered(request))


def _as_answer(case: _Case, p_borne: float) -> float:
    """Return the probability that a claim is supported as the answer to its question."""
    return min(p_borne, P_UNANSWERED) if case.unanswered else p_borne


def _is_unanswered(request: ReadRequest) -> bool:
    """Whether a claim is a question with a short answer most of whose own words no passage holds."""
    if not short_answer(request.claim, request.question):
        return False
    said = restate(request.claim, "\n".join(passage.text for passage in request.passages))
    answer = short_answer(said, request.question)
    held = frozenset[Term]().union(*(terms(passage.text) for passage in request.passages))
    return len(answer & held) < LEAST_ANSWER * len(answer)


def _distinct(*rounds: Sequence[Window]) -> tuple[tuple[Window, ...], ...]:
    """Return the rounds with each text in the first of them only."""
    seen: set[str] = set()
    kept = []
    for some in rounds:
        new = tuple({window.text: window for window in some if window.text not in seen}.values())
        seen.update(window.text for window in new)
        kept.append(new)
    return tuple(kept)


def support_features(words: WordFeatures, scores: Sequence[WindowScore]) -> dict[str, float]:
    """Return the features of support: the words, and the best entailment read.

    Only `entailment` changes as more is read, and only upwards.
    """
    seen = {name: getattr(words, name) for name in WORD_FEATURES}
    return {**seen, "entailment": logit(max(score.entailment for score in scores))}


def contradiction_features(score: WindowScore) -> dict[str, float]:
    """Return the features of one window's contradiction; `doubt`, which all windows of a claim share, comes with its support."""
    return {
        "contradiction": logit(score.contradiction),
        "cover": score.window.cover,
    }


def on_subject(score: WindowScore) -> bool:
    """Whether a window speaks of what the claim speaks of: elsewhere a contradiction means nothing."""
    return score.window.cover >= SUBJECT_COVER


def may_contradict(request: ReadRequest) -> bool:
    """Whether any text that a reader may choose for a request is on the claim's subject; else it contradicts nothing."""
    claim, passages = request.claim, request.passages
    chosen = (*find_candidates(claim, passages, limit=1), *(choose_sentences(claim, passages) or ()))
    return any(window.cover >= SUBJECT_COVER for window in chosen)


def _examined(case: _Case) -> Examined:
    support = support_features(case.words, case.scores) if case.words is not None and case.scores else {}
    against = tuple(contradiction_features(score) for score in case.scores if on_subject(score))
    return Examined(support, against, case.quoted is not None)
