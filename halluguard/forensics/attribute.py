"""Attribute flagged claims to entries: candidates, one pass of the reader over all of them, accusation, replay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.candidates import (
    Candidate,
    Flagged,
    find_candidates,
    stored_candidate,
    unreadable_ids,
)
from halluguard.forensics.nearest import EntryIndex
from halluguard.forensics.rarity import Background, told
from halluguard.forensics.replay import replay_removals
from halluguard.forensics.responsibility import Accusation, ResponsibilityModel, accuse
from halluguard.forensics.signals import (
    Signals,
    add_echoes,
    togetherness,
    topic_share,
)
from halluguard.forensics.vouched import Vouching
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.models import Embedder
from halluguard.records import Origin, Passage, Reading
from halluguard.text import anchor_share, own_terms, terms

SURE = 0.55
"""Least probability with which the source of a claim in conflict bears it out, for the source to be caught by that alone: what
only may bear it out does so for some inventions of a model too."""

TOP = 5
"""What the chatbot shows its model: the depth at which replay asks whether the claim is still supported."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """One flagged claim with its candidates, what they were accused of, and the end of the replay.

    Attributes:
        flagged: the claim.
        candidates: every entry that was read for it, those found by the replay included.
        readings: what each candidate says of the claim.
        accusation: origin, accused candidates, scores and p-values.
        still_supported: whether what is at the top of the ranking after removal would itself come under suspicion, were it
            all there is: an entry of it is accused, or comes near; None without an accused.

    """

    flagged: Flagged
    candidates: tuple[Candidate, ...]
    readings: tuple[Reading, ...]
    accusation: Accusation
    still_supported: bool | None = None

    @property
    def accused_positions(self) -> tuple[int, ...]:
        """Where the accused stand among the candidates, highest score first."""
        return tuple(sorted(self.accusation.accused, key=lambda i: (-self.accusation.scores[i], i)))


@dataclass(frozen=True)
class Attributor:
    """Everything that attribution needs; `vouching` clears entries whose words stand in the trusted corpus."""

    index: EntryIndex
    reader: Reader
    embedder: Embedder
    model: ResponsibilityModel
    vouching: Vouching | None = None

    @cached_property
    def _background(self) -> Background:
        return Background(self.index)

    def attribute(self, flagged: Sequence[Flagged]) -> list[Attribution]:
        """Attribute some claims, in order; all their readings are made together, round by round of the replay."""
        claims = self.embedder.encode([one.claim for one in flagged])
        questions = self.embedder.encode([one.question or one.claim for one in flagged])
        flagged = [
            replace(one, rarity=self._background.rarity(one.claim, one.question, vector))
            for one, vector in zip(flagged, questions, strict=True)
        ]
        found = [
            find_candidates(one, self.index, q, c)
            for one, q, c in zip(flagged, questions, claims, strict=True)
        ]
        made = self._judge(flagged, found)
        made, remaining = self._replay(made, claims, questions)
        return [
            replace(one, still_supported=self._is_still_said(one, top)) if one.accusation.accused else one
            for one, top in zip(made, remaining, strict=True)
        ]

    def _judge(self, flagged: Sequence[Flagged], found: Sequence[tuple[Candidate, ...]]) -> list[Attribution]:
        requests = [
            ReadRequest(one.claim, (Passage(candidate.entry.id, candidate.text),), one.question)
            for one, candidates in zip(flagged, found, strict=True)
            for candidate in candidates
        ]
        readings = iter(self.reader.read(requests))
        return [
            self._accuse(one, candidates, tuple(next(readings) for _ in candidates))
            for one, candidates in zip(flagged, found, strict=True)
        ]

    def _accuse(
        self, flagged: Flagged, candidates: tuple[Candidate, ...], readings: tuple[Reading, ...]
    ) -> Attribution:
        scores = self.model.score(measure(flagged, candidates, readings)).tolist()
        caught = [was_caught(flagged, *pair) for pair in zip(candidates, readings, strict=True)]
        p_values = self.model.p_values(
            scores,
            [candidate.text for candidate in candidates],
            [reading.contradicts for reading in readings],
        )
        likely = [
            is_caught or self.model.is_likely(score, p_value)
            for is_caught, score, p_value in zip(caught, scores, p_values, strict=True)
        ]
        accusation = accuse(
            self.model,
            scores,
            p_values,
            cleared=self._cleared(likely, candidates, readings),
            caught=caught,
            readable=not unreadable_ids(flagged, self.index),
        )
        if accusation.accused and all(candidates[i].position is None for i in accusation.accused):
            accusation = replace(accusation, origin=Origin.NOT_IN_STORE)
        return Attribution(flagged, candidates, readings, accusation)

    def _cleared(
        self, likely: Sequence[bool], candidates: Sequence[Candidate], readings: Sequence[Reading]
    ) -> list[bool]:
        """Return which candidates cannot be responsible: they say the opposite, or their text stands in the trusted corpus."""
        opposed = [reading.contradicts for reading in readings]
        asked = [
            i
            for i, is_likely in enumerate(likely)
            if is_likely and readings[i].evidence_text and not opposed[i]
        ]
        if self.vouching is None or not asked:
            return opposed
        stands = dict(
            zip(
                asked,
                self.vouching.stands_in_trusted(
                    [readings[i].evidence_text for i in asked], [candidates[i].text for i in asked]
                ),
                strict=True,
            )
        )
        return [one or stands.get(i, False) for i, one in enumerate(opposed)]

    def _replay(
        self, made: list[Attribution], claims: NDArray[np.float32], questions: NDArray[np.float32]
    ) -> tuple[list[Attribution], list[tuple[int, ...]]]:
        """Remove the accused and rank again what was there to answer from; entries that come up unread are read and judged."""
        current = dict(enumerate(made))

        def rank(event: int, removed: Sequence[int]) -> list[int]:
            later = self.index.later_than(made[event].flagged.timestamp)
            without = {*removed, *later, *self.index.unreachable}
            return [position for position, _ in self.index.rank(questions[event], TOP, without)]

        def find_supporting(tops: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
            grown = {
                event: self._with(current[event], top, questions[event], claims[event])
                for event, top in tops.items()
            }
            judged = self._judge([current[event].flagged for event in grown], list(grown.values()))
            current.update(zip(grown, judged, strict=True))
            return {
                event: [p for p in _store_positions(current[event]) if p in set(tops[event])]
                for event in tops
            }

        replays = replay_removals([_store_positions(one) for one in made], rank, find_supporting)
        return [current[event] for event in range(len(made))], [replay.remaining for replay in replays]

    def _with(
        self, one: Attribution, top: Sequence[int], question: NDArray[np.float32], claim: NDArray[np.float32]
    ) -> tuple[Candidate, ...]:
        known = {candidate.position for candidate in one.candidates}
        new = [stored_candidate(self.index, p, question, claim) for p in top if p not in known]
        return (*one.candidates, *(candidate for candidate in new if candidate.text))

    def _is_still_said(self, one: Attribution, remaining: Sequence[int]) -> bool:
        """Judge an event again with nothing but what is left: the removed lend it neither echo nor chorus any more.

        A reading of all that is left together would be no judge: sentences of several texts seem to bear out a third
        of the wrong answers to questions that nothing was ever injected for.
        """
        left = [i for i, candidate in enumerate(one.candidates) if candidate.position in set(remaining)]
        rest = self._accuse(
            one.flagged,
            tuple(one.candidates[i] for i in left),
            tuple(one.readings[i] for i in left),
        ).accusation
        return bool(rest.accused) or rest.near


def _store_positions(one: Attribution) -> list[int]:
    positions = (one.candidates[i].position for i in one.accused_positions)
    return [position for position in positions if position is not None]


def was_caught(flagged: Flagged, candidate: Candidate, reading: Reading) -> bool:
    """Whether a candidate is what a claim in conflict with trusted documents cites (or, citing none, was shown), and says it."""
    source = candidate.entry.id in flagged.cited_ids if flagged.cited_ids else candidate.shown
    return flagged.conflict and source and reading.supports and reading.p_supported >= SURE


def measure(flagged: Flagged, candidates: Sequence[Candidate], readings: Sequence[Reading]) -> list[Signals]:
    """Measure the signals between a claim and each of its candidates, which have been read for it."""
    own = own_terms(flagged.claim, flagged.question)
    alone = [
        Signals(
            reading.p_supported,
            anchor_share(flagged.claim, flagged.question, candidate.text),
            topic_share(flagged.claim, flagged.question, candidate.text),
            candidate.pull,
            candidate.lean,
            togetherness(flagged.claim, flagged.question, candidate.text),
            reading.entailment,
            told=told(own & terms(candidate.text), flagged.rarity),
        )
        for candidate, reading in zip(candidates, readings, strict=True)
    ]
    return add_echoes(alone, [candidate.text for candidate in candidates], _likeness(candidates))


def _likeness(candidates: Sequence[Candidate]) -> NDArray[np.float64]:
    """Return how alike what two candidates add to the question is, shape (n, n), 0 to 1; 0 where one is not in the store."""
    size = next((one.way.shape[0] for one in candidates if one.way is not None), 1)
    ways = np.array(
        [np.zeros(size) if one.way is None else one.way for one in candidates], dtype=np.float64
    ).reshape(-1, size)
    alike: NDArray[np.float64] = np.clip(np.round(ways @ ways.T, 4), 0.0, 1.0)
    return alike
