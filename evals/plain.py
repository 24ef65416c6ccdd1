"""The plain reference: one `CrossEncoder.predict` call a claim over every window of all its passages.

It is what offline checkers do: no folding of equal pairs, no batches across claims, no early stop, no cache. Which
statuses follow from the scores is decided by the rules of the check.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.grounding.claims import split_claims
from halluguard.grounding.decide import decide_turns, log_passages
from halluguard.grounding.evidence import Window, cover_of
from halluguard.grounding.reader import Reader, ReadRequest, open_case
from halluguard.grounding.retrieve import find_trusted, queries_of
from halluguard.grounding.verdicts import status_of
from halluguard.models import Embedder, PairScores, label_order
from halluguard.models.devices import place
from halluguard.models.nli import Pair
from halluguard.records import Claim, ClaimKind, Passage, Reading, Turn
from halluguard.text import split_windows
from halluguard.trusted import TrustedIndex


@dataclass
class PlainScorer:
    """A sentence-transformers `CrossEncoder` as others call it. Remembers what it scored, for rules, not for speed."""

    folder: Path
    device: str
    digest: str
    name: str = "CrossEncoder.predict"
    max_tokens: int = 512
    seen: dict[Pair, tuple[float, float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Load the model."""
        from sentence_transformers import CrossEncoder

        # Weights kept in half precision would be read in it, which is slow on a CPU: the check reads in float32 there.
        kind = {"dtype": place(self.device).dtype}
        self._model: Any = CrossEncoder(
            str(self.folder), device=self.device, max_length=self.max_tokens, model_kwargs=kind
        )
        self._order = label_order(self._model.model.config.id2label)

    def predict(self, pairs: Sequence[Pair]) -> None:
        """Score pairs with the library's own defaults."""
        if not pairs:
            return
        rows = self._model.predict(list(pairs), apply_softmax=True, show_progress_bar=False)
        for pair, row in zip(pairs, np.asarray(rows).tolist(), strict=True):
            self.seen[pair] = tuple(0.0 if i is None else row[i] for i in self._order)  # type: ignore[assignment]

    def score(self, pairs: Sequence[Pair]) -> PairScores:
        """Score pairs for a `Reader`; nothing is read twice."""
        self.predict([pair for pair in dict.fromkeys(pairs) if pair not in self.seen])
        rows = np.array([self.seen[pair] for pair in pairs], dtype=np.float32).reshape(-1, 3)
        return PairScores(np.round(rows, 6), np.zeros(len(pairs), dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class PlainResult:
    """What the reference found and took: statuses by claim id, seconds of each claim by turn, processor seconds and pairs of each."""

    statuses: dict[str, str]
    seconds: dict[str, list[float]]
    cpu_seconds: list[float] = field(default_factory=list)
    pairs: list[int] = field(default_factory=list)

    @property
    def claim_seconds(self) -> NDArray[np.float64]:
        """Seconds of each claim."""
        return np.array([second for some in self.seconds.values() for second in some])

    @property
    def turn_seconds(self) -> NDArray[np.float64]:
        """Seconds of each turn that holds a claim."""
        return np.array([sum(some) for some in self.seconds.values() if some])


@dataclass(frozen=True, slots=True)
class PlainCheck:
    """The reference with all it needs; `rules` lends its calibration and reads nothing."""

    scorer: PlainScorer
    rules: Reader
    embedder: Embedder
    trusted: TrustedIndex
    top_k: int

    def decide(self, turns: Sequence[Turn]) -> PlainResult:
        """Decide every claim of some turns one at a time. Only retrieval and the predict call are timed."""
        result = PlainResult({}, {})
        for turn in turns:
            for number, claim in enumerate(split_claims(turn)):
                if claim.kind is ClaimKind.CLAIM:
                    self._decide_claim(turn, number, claim, result)
        return result

    def _decide_claim(self, turn: Turn, number: int, claim: Claim, result: PlainResult) -> None:
        started, busy = time.perf_counter(), time.process_time()
        cited, others = log_passages(turn, claim)
        sides = {"cited": cited, "others": others, "trusted": self._find_trusted(turn, claim)}
        pairs = [(text, claim.reading) for passages in sides.values() for text in _texts(passages)]
        self.scorer.predict(pairs)
        result.seconds.setdefault(turn.turn_id, []).append(time.perf_counter() - started)
        result.cpu_seconds.append(time.process_time() - busy)
        result.pairs.append(len(pairs))
        plain = replace(self.rules, scorer=self.scorer)
        readings = {name: _judge(claim.reading, passages, plain) for name, passages in sides.items()}
        cited = bool(claim.cited_ids or claim.ghost_ids)
        status = status_of(readings["cited"], readings["others"], readings["trusted"], has_citation=cited)
        result.statuses[f"{turn.turn_id}#{number}"] = str(status)

    def _find_trusted(self, turn: Turn, claim: Claim) -> Sequence[Passage]:
        cited, others = log_passages(turn, claim)
        queries = queries_of(claim.reading, turn.question, cited or others)
        return find_trusted([queries], self.embedder, self.trusted, top_k=self.top_k)[0]

    def decide_same_evidence(self, turns: Sequence[Turn]) -> dict[str, str]:
        """Return the statuses when the evidence the reader chooses is read plainly, all of it, turn by turn."""
        plain = Reader(self.scorer, self.rules.calibration, exhaustive=True)
        decided = [
            decide_turns([turn], plain, self.embedder, self.trusted, top_k=self.top_k)[0] for turn in turns
        ]
        return {
            f"{one.turn.turn_id}#{number}": str(verdict.status)
            for one in decided
            for number, verdict in enumerate(one.verdicts)
            if verdict.claim.kind is ClaimKind.CLAIM
        }


def _texts(passages: Sequence[Passage]) -> list[str]:
    return [each.text[span.start : span.end] for each in passages for span in split_windows(each.text)]


def _judge(claim: str, passages: Sequence[Passage], plain: Reader) -> Reading | None:
    """Apply the reader's rules to the scores of every window, besides the texts that the reader puts together itself.

    What words alone tell (the best sentence among it) is taken from the reader, which observes it before it scores.
    """
    if not passages:
        return None
    case = open_case(ReadRequest(claim, tuple(passages)))  # its features, without its choice
    chosen = [window for some in case.rounds for window in some]
    every = [Window(each.id, text, cover_of(claim, text)) for each in passages for text in _texts([each])]
    windows = {window.text: window for window in (*every, *chosen)}.values() if chosen else ()
    plain._score([(case, window) for window in windows], None)  # noqa: SLF001 - its way to put a claim to a model
    return plain._conclude(case)  # noqa: SLF001 - its rules, on more than it reads
