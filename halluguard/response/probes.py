"""What is asked of a store before and after: each false claim with the questions that may bring it up again."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.grounding.known_false import id_of
from halluguard.models import Embedder
from halluguard.records import NOT_CHECKABLE, UNGROUNDED, Origin, Status
from halluguard.response.paraphrase import normal, paraphrase
from halluguard.run import Run

ASSERTS_KNOWN_FALSE = "asserts_known_false"
"""The trace's code against an entry that says what people know to be false, as the run's tables write it."""
NEAR_QUESTION = 0.6
"""Least cosine of two questions of the log on the same subject."""
MAX_NEAR = 8
LEAST_PROBES = 160
"""Questions asked in all where there are few claims, so that enough of them bring one up."""
MAX_PROBES = 40
"""Questions asked for one false claim at most: those of the log first, then rewrites of them."""


@dataclass(frozen=True, slots=True)
class FalseClaim:
    """A claim that the store bore and must no longer bear, with the entries accused of it and the questions it answered."""

    text: str
    entries: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """A question put to the store about one false claim; `origin` is `log`, `near` (another of the log) or `rewrite`."""

    claim: int
    question: str
    origin: str


@dataclass(frozen=True, slots=True)
class CleanClaim:
    """A grounded claim of an answer with nothing flagged, and the question it answers."""

    turn_id: str
    text: str
    question: str


def read_false_claims(
    run: Run, gone: Collection[str]
) -> tuple[tuple[FalseClaim, ...], tuple[FalseClaim, ...]]:
    """Return the false claims that rest on entries that are gone, and those all of whose accused entries were left in.

    From the events of the trace, from the statements that people know to be false, and from each cascade that holds such
    an entry, whose leading claim was asked for in all its answers. Of what the store had lost before, an accused id in
    `gone` counts as if it had been in it.
    """
    questions = {
        row["turn_id"]: row["question"] for row in run.read("turns", ["turn_id", "question"]).to_pylist()
    }
    claims = {
        row["claim_id"]: row["reading"] or row["text"]
        for row in run.read("claims", ["claim_id", "reading", "text", "status"]).to_pylist()
        if row["status"] in UNGROUNDED
    }
    found: dict[str, tuple[str, dict[str, None], dict[str, None]]] = {}
    held = set(gone)
    for text, entries, turns in (
        *_of_events(run, claims, held),
        *_of_reports(run),
        *_of_cascades(run, held),
    ):
        _, ids, asked = found.setdefault(normal(text), (text, {}, {}))
        ids.update(dict.fromkeys(entries))
        asked.update(dict.fromkeys(q for turn in turns if (q := questions.get(turn))))
    made = [FalseClaim(text, tuple(ids), tuple(asked)) for text, ids, asked in found.values()]
    return (
        tuple(one for one in made if held & set(one.entries)),
        tuple(one for one in made if not held & set(one.entries)),
    )


_Said = tuple[str, Sequence[str], Sequence[str]]


def _of_events(run: Run, claims: Mapping[str, str], gone: set[str]) -> Iterator[_Said]:
    for row in run.read("events", ["turn_id", "claim_id", "origin", "accused_ids"]).to_pylist():
        accused = row["accused_ids"] or ()
        meant = row["origin"] == Origin.STORE or (
            row["origin"] == Origin.NOT_IN_STORE and not gone.isdisjoint(accused)
        )
        if meant and row["claim_id"] in claims:
            yield claims[row["claim_id"]], accused, (row["turn_id"],)


def _of_reports(run: Run) -> Iterator[_Said]:
    """Yield the statements known to be false with the entries that say them and the turns that took them up."""
    statements = run.manifest.get("known_false", ())
    if not statements:
        return
    said = [
        (str(reason["detail"]).partition(" ")[0].split(","), row["entry_id"])
        for row in run.read("suspects", ["entry_id", "reasons"]).to_pylist()
        for reason in row["reasons"] or ()
        if reason["code"] == ASSERTS_KNOWN_FALSE
    ]
    given = run.read("claims", ["turn_id", "trusted_evidence_id"]).to_pylist()
    for number, statement in enumerate(statements):
        key = id_of(number)
        turns = [row["turn_id"] for row in given if row["trusted_evidence_id"] == key]
        if entries := [entry for keys, entry in said if key in keys]:
            yield statement, entries, turns


def _of_cascades(run: Run, gone: set[str]) -> Iterator[_Said]:
    path = run.path / "cascade.json"
    data: Mapping[str, Any] = (
        json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"cascades": []}
    )
    for cascade in data["cascades"]:
        entries = [one["id"] for one in cascade["entries"] if one["in_store"] or one["id"] in gone]
        if entries:
            turns = [answer["turn_id"] for answer in cascade["answers"] if answer["role"] != "reports"]
            yield cascade["claim"], entries, turns


def make_probes(
    claims: Sequence[FalseClaim], asked: Sequence[str], embedder: Embedder, limit: int = MAX_PROBES
) -> tuple[Probe, ...]:
    """Return the probes of every claim: its own questions, the log's questions nearest to them, rewrites, and rewrites of those.

    Args:
        claims: what must no longer be borne out.
        asked: every question of the log.
        embedder: tells which questions are on the same subject.
        limit: probes of one claim at most.

    """
    distinct = sorted(set(filter(None, asked)))
    vectors = embedder.encode(distinct)
    probes: list[Probe] = []
    for number, claim in enumerate(claims):
        seen: dict[str, Probe] = {}
        for question in claim.questions:
            seen.setdefault(normal(question), Probe(number, question, "log"))
        for question in _near(claim.questions or (claim.text,), distinct, vectors, embedder):
            seen.setdefault(normal(question), Probe(number, question, "near"))
        room = max(limit, LEAST_PROBES // len(claims))
        own = [text for q in claim.questions or (claim.text,) for text in paraphrase(q, (claim.text,))]
        # The claim's own questions bring it up more often than near ones; the last rewrites have no opening yet.
        for text in (*own, *(again for one in reversed(own) for again in paraphrase(one))):
            seen.setdefault(normal(text), Probe(number, text, "rewrite"))
        probes += list(seen.values())[:room]
    return tuple(probes)


def _near(
    questions: Sequence[str], distinct: Sequence[str], vectors: NDArray[np.float32], embedder: Embedder
) -> list[str]:
    if not distinct:
        return []
    scores = (embedder.encode(list(questions)) @ vectors.T).max(axis=0)
    order = sorted(range(len(distinct)), key=lambda place: (-scores[place], place))
    return [distinct[place] for place in order[:MAX_NEAR] if scores[place] >= NEAR_QUESTION]


def read_clean_claims(run: Run, limit: int, seed: int) -> tuple[CleanClaim, ...]:
    """Return grounded claims of answers with nothing flagged; a sample of whole answers where there are more than `limit`."""
    questions = {
        row["turn_id"]: row["question"] for row in run.read("turns", ["turn_id", "question"]).to_pylist()
    }
    grounded: dict[str, list[CleanClaim]] = {}
    flagged: set[str] = set()
    for row in run.read("claims", ["turn_id", "reading", "text", "status"]).to_pylist():
        turn, question = row["turn_id"], questions.get(row["turn_id"])
        if row["status"] == Status.GROUNDED and question:
            grounded.setdefault(turn, []).append(CleanClaim(turn, row["reading"] or row["text"], question))
        elif row["status"] in UNGROUNDED - NOT_CHECKABLE:
            flagged.add(turn)
    turns = [turn for turn in grounded if turn not in flagged]
    total = sum(len(grounded[turn]) for turn in turns)
    if total > limit:
        np.random.default_rng(seed).shuffle(turns)
    made: list[CleanClaim] = []
    for turn in turns:
        if len(made) < limit:
            made += grounded[turn]
    return tuple(made)
