"""The cases of one claim cluster: contaminated answers and entries, and the edges between them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from halluguard.cascade.claims import ClaimCluster, Embed, Entails, FlaggedClaim
from halluguard.cascade.observe import Observation
from halluguard.cascade.provenance import EXPLICIT, SUSPECTED, SUSPECTED_WEIGHT, WriteBack
from halluguard.cascade.stance import Stance, best_window, read_stances
from halluguard.text.reports import has_report_cue

RETRIEVED_WEIGHT = 0.2
"""Weight of an entry that was only retrieved, beside 1 for a cited one (lambda of the attribution model)."""
SUSPECTED_COSINE = 0.75
NEIGHBOUR_COSINE, NEIGHBOURS = 0.6, 50
_MAX_SUSPECTED = 2000


@dataclass(frozen=True, slots=True)
class Exposure:
    """A contaminated entry that a contaminated answer was given from; weights of an answer's entries sum to 1."""

    entry: int
    answer: int
    weight: float


@dataclass(frozen=True)
class Contamination:
    """Numbers of contaminated answers and entries of one cluster, its edges, and entries with another stance."""

    cluster: ClaimCluster
    answers: tuple[int, ...]
    entries: tuple[int, ...]
    exposures: tuple[Exposure, ...]
    write_backs: tuple[WriteBack, ...]
    other_stances: Mapping[int, Stance]
    counts: Mapping[str, int]


@dataclass
class _Sets:
    answers: set[int]
    entries: set[int]
    stances: dict[int, Stance] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """What every cluster is read against."""

    seen: Observation
    write_backs: Sequence[WriteBack]
    entails: Entails | None = None
    embed: Embed | None = None
    by_id: Mapping[str, Sequence[int]] = field(default_factory=dict)
    children: Mapping[int, Sequence[WriteBack]] = field(default_factory=dict)
    parents: Mapping[int, Sequence[WriteBack]] = field(default_factory=dict)
    by_turn: Mapping[str, int] = field(default_factory=dict)
    stored: tuple[NDArray[np.int64], NDArray[np.float32]] = field(default_factory=lambda: _stack(None))


def surround(
    seen: Observation,
    write_backs: Sequence[WriteBack],
    entails: Entails | None = None,
    embed: Embed | None = None,
) -> Surroundings:
    """Index entries by id and write-backs by answer and by entry."""
    by_id: dict[str, list[int]] = defaultdict(list)
    for number, entry in enumerate(seen.entries):
        by_id[entry.entry_id].append(number)
    children: dict[int, list[WriteBack]] = defaultdict(list)
    parents: dict[int, list[WriteBack]] = defaultdict(list)
    for edge in write_backs:
        children[edge.answer].append(edge)
        parents[edge.entry].append(edge)
    stored = _stack(seen if embed is not None else None)
    return Surroundings(seen, write_backs, entails, embed, by_id, children, parents, seen.by_turn, stored)


def find_cases(around: Surroundings, cluster: ClaimCluster) -> Contamination:
    """Decide which answers and entries assert a cluster's claim, and join them by exposure and write-back edges.

    An answer is a case by its flagged claim, unless it reports the claim to correct it. An entry is a case where the check
    or the trace read the claim from it, where it repeats a contaminated answer, or where its best window entails the claim.
    An answer that became a contaminated entry word for word is a case too.
    """
    seen = around.seen
    named = _named_entries(around, cluster.claims)
    reporting = {
        around.by_turn[c.turn_id]
        for c in cluster.claims
        if has_report_cue(c.reading) and c.turn_id in around.by_turn
    }
    stated = {
        around.by_turn[c.turn_id]
        for c in cluster.claims
        if not has_report_cue(c.reading) and c.turn_id in around.by_turn
    }
    sets = _Sets(stated, set())
    for number in sorted({entry for entries in named.values() for entry in entries}):
        window, _ = best_window(seen.entries[number].text, cluster.leader)
        sets.stances[number] = Stance.MENTIONS if has_report_cue(window) else Stance.ASSERTS
    _spread(around, cluster, sets)
    sets.entries = {number for number, stance in sets.stances.items() if stance is Stance.ASSERTS}
    inferred = len(sets.answers) - len(stated)
    write_backs = [
        e for n in sorted(sets.entries) for e in around.parents.get(n, ()) if e.answer in sets.answers
    ]
    write_backs += _suspect(around, sets, {edge.entry for edge in write_backs})
    exposures = [
        edge
        for answer in sorted(sets.answers)
        for edge in _expose(around, sets.entries, answer, named.get(answer, ()))
    ]
    others = {
        n: s for n, s in sorted(sets.stances.items()) if _is_report(seen.entries[n].text, cluster.leader, s)
    }
    counts = {
        "answers_inferred": inferred,
        "answers_reporting": len(reporting - sets.answers),
        "entries_reporting": len(others),
        "entries_unread": sum(s is Stance.UNKNOWN for s in sets.stances.values()),
    }
    return Contamination(
        cluster,
        tuple(sorted(sets.answers)),
        tuple(sorted(sets.entries)),
        tuple(exposures),
        tuple(write_backs),
        others,
        counts,
    )


def _is_report(text: str, claim: str, stance: Stance) -> bool:
    """Whether a text quotes the claim to correct or report it; a page that merely says the truth is clean."""
    if stance is Stance.REFUTES:
        return has_report_cue(best_window(text, claim)[0])
    return stance is Stance.MENTIONS


def _named_entries(around: Surroundings, claims: Iterable[FlaggedClaim]) -> dict[int, tuple[int, ...]]:
    """Return for each answer the entries its flagged claims were read from, by the check or the trace."""
    named: dict[int, dict[int, None]] = defaultdict(dict)
    for claim in claims:
        answer = around.by_turn.get(claim.turn_id)
        if answer is None:
            continue
        for entry_id in (*claim.evidence_ids, *claim.accused_ids):
            versions = around.by_id.get(entry_id, ())
            shown = [n for n in versions if n in around.seen.answers[answer].retrieved] or list(versions[-1:])
            named[answer].update(dict.fromkeys(shown))
    return {answer: tuple(entries) for answer, entries in named.items()}


def _spread(around: Surroundings, cluster: ClaimCluster, sets: _Sets) -> None:
    """Follow retrieval and write-back from known cases until nothing new is found."""
    seen = around.seen
    candidates = {n for answer in sets.answers for n in seen.answers[answer].retrieved} | _neighbours(
        around, cluster.leader
    )
    while True:
        before = (len(sets.answers), len(sets.stances))
        for answer in sorted(sets.answers):
            for edge in around.children.get(answer, ()):
                if edge.rung != EXPLICIT:
                    sets.stances.setdefault(edge.entry, _copied_stance(seen, edge.entry, cluster.leader))
                candidates.add(edge.entry)
        _read_candidates(around, cluster.leader, sorted(candidates - sets.stances.keys()), sets)
        for number in sorted(n for n, stance in sets.stances.items() if stance is Stance.ASSERTS):
            for edge in around.parents.get(number, ()):
                if edge.rung != EXPLICIT and edge.answer not in sets.answers:
                    sets.answers.add(edge.answer)
                    candidates.update(seen.answers[edge.answer].retrieved)
        if (len(sets.answers), len(sets.stances)) == before:
            return


def _copied_stance(seen: Observation, entry: int, claim: str) -> Stance:
    window, _ = best_window(seen.entries[entry].text, claim)
    return Stance.MENTIONS if has_report_cue(window) else Stance.ASSERTS


def _read_candidates(around: Surroundings, claim: str, candidates: Sequence[int], sets: _Sets) -> None:
    texts = [around.seen.entries[number].text for number in candidates]
    for number, stance in zip(candidates, read_stances(texts, claim, around.entails), strict=True):
        if stance is Stance.UNKNOWN and around.entails is None:
            near = fuzz.partial_ratio(claim.casefold(), around.seen.entries[number].text.casefold()) >= 85
            written = any(edge.answer in sets.answers for edge in around.parents.get(number, ()))
            stance = Stance.ASSERTS if near and written else stance  # noqa: PLW2901
        sets.stances[number] = stance


def _neighbours(around: Surroundings, claim: str) -> set[int]:
    """Return entries whose stored vector lies nearest to the claim, where the embedder has the store's dimension."""
    if around.embed is None or not len(around.stored[0]):
        return set()
    vector = np.asarray(around.embed([claim])[0], dtype=np.float32)
    numbers, vectors = around.stored
    if vectors.shape[1] != len(vector):
        return set()
    cosines = vectors @ vector
    best = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
    return {int(numbers[place]) for place in best if cosines[place] >= NEIGHBOUR_COSINE}


def _stack(seen: Observation | None) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the numbers and unit vectors of entries that have a vector of the commonest dimension."""
    held = [
        (n, np.asarray(e.vector, dtype=np.float32))
        for n, e in enumerate(seen.entries if seen else ())
        if e.vector is not None
    ]
    if not held:
        return np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32)
    size = Counter(len(vector) for _, vector in held).most_common(1)[0][0]
    kept = [(n, vector) for n, vector in held if len(vector) == size]
    vectors = np.nan_to_num(np.stack([vector for _, vector in kept]))
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.array([n for n, _ in kept]), np.asarray(
        vectors / np.where(norms > 0, norms, 1), dtype=np.float32
    )


def _expose(around: Surroundings, entries: set[int], answer: int, named: Sequence[int]) -> list[Exposure]:
    """Return an answer's contaminated parents: 1 for those it was read from, less for those only retrieved."""
    shown = around.seen.answers[answer].retrieved
    time = around.seen.answers[answer].time
    weights = {number: RETRIEVED_WEIGHT for number in shown if number in entries}
    weights.update({number: 1.0 for number in named if number in entries and (number in shown or not shown)})
    if not weights:
        weights = {number: 1.0 for number in named if number in entries}
    usable = {
        n: w
        for n, w in weights.items()
        if time is None or (t := around.seen.entries[n].time) is None or t <= time
    }
    total = sum(usable.values())
    return [Exposure(number, answer, weight / total) for number, weight in sorted(usable.items())]


def _suspect(around: Surroundings, sets: _Sets, written: set[int]) -> list[WriteBack]:
    """Return rung 4: contaminated entries without a parent that mean the same as an earlier contaminated answer."""
    seen = around.seen
    first = min((t for a in sets.answers if (t := seen.answers[a].time) is not None), default=None)
    if around.embed is None or around.entails is None or first is None:
        return []
    orphans = [
        n
        for n in sorted(sets.entries - written)
        if not seen.entries[n].writers and (seen.entries[n].time or 0) > first
    ]
    if not orphans or len(orphans) > _MAX_SUSPECTED:
        return []
    answers = [a for a in sorted(sets.answers) if seen.answers[a].time is not None]
    distinct = sorted({seen.answers[a].text for a in answers})
    row = {text: place for place, text in enumerate(distinct)}
    likeness = around.embed([seen.entries[n].text for n in orphans]) @ around.embed(distinct).T
    edges = []
    for place, number in enumerate(orphans):
        time = seen.entries[number].time
        earlier = [a for a in answers if time is not None and (seen.answers[a].time or 0) < time]
        best = max(earlier, key=lambda a: (likeness[place, row[seen.answers[a].text]], a), default=None)
        if best is not None and likeness[place, row[seen.answers[best].text]] >= SUSPECTED_COSINE:
            edges.append(WriteBack(best, number, SUSPECTED, SUSPECTED_WEIGHT))
    return edges
