"""Run a scenario: users ask, the retriever finds, the answerer answers, a policy writes answers back; the truth is kept."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any

import numpy as np

from halluguard.cascade import normalise
from halluguard.drill.answering import Answerer, Reply
from halluguard.drill.scenario import Injection, Scenario, Topic
from halluguard.drill.shelf import RememberingEmbeddings, Shelf, ShelfEntry

FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
_BEFORE = 60.0
"""Days before the log on which the trusted pages were ingested."""


@dataclass
class Truth:
    """What really happened: cases with their source, contaminated entries with writer and generation, and when."""

    cases: dict[str, str | None] = field(default_factory=dict)
    entries: dict[str, str | None] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    clean_children: dict[str, str] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    sources: dict[str, str | None] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)

    def edges(self) -> set[tuple[str, str]]:
        """Return (turn, entry) for every contaminated entry that was written back."""
        return {(turn, entry) for entry, turn in self.entries.items() if turn is not None}


@dataclass(frozen=True)
class Played:
    """A drill that has run: the log, the store at the end, snapshots by day, and the truth."""

    scenario: Scenario
    seed: int
    turns: tuple[dict[str, Any], ...]
    shelf: Shelf
    snapshots: dict[int, tuple[ShelfEntry, ...]]
    truth: Truth


@dataclass(frozen=True, slots=True)
class Removal:
    """Entries taken out on a day, 0 for before they ever came, for the replay of a containment."""

    day: float
    ids: frozenset[str]


def moment(days: float) -> datetime:
    """Return the time so many days after the drill's first midnight, to the second."""
    return FIRST_DAY + timedelta(seconds=round(days * 86400))


class _Loop:
    """The state of one run; every turn draws from its own random stream, so that replays differ only by what was removed."""

    def __init__(
        self,
        scenario: Scenario,
        embeddings: RememberingEmbeddings,
        answerer: Answerer,
        seed: int,
        removal: Removal | None,
    ) -> None:
        self.scenario, self.answerer, self.seed, self.removal = scenario, answerer, seed, removal
        self.shelf = Shelf(embeddings)
        self.retriever = self.shelf.as_retriever(search_kwargs={"k": scenario.retrieval.top_k})
        self.truth = Truth()
        self.turns: list[dict[str, Any]] = []
        self.waiting: list[tuple[float, int, ShelfEntry | str]] = []
        self.places = count()
        self.false = [normalise(claim) for claim in scenario.false_claims()]
        self.edited = {one.replaces for one in scenario.injections if one.kind != "delete" and one.replaces}
        self.cache: list[tuple[float, Any, Reply, list[dict[str, Any]]]] = []
        for topic in scenario.topics:
            for number, passage in enumerate(topic.passages, start=1):
                self._place(
                    ShelfEntry(
                        f"{topic.name}-{number}", passage, f"{topic.name}.md", moment(-_BEFORE), "initial"
                    ),
                    -_BEFORE,
                )

    def says_false(self, text: str) -> bool:
        """Whether a text holds a sentence that asserts the false claim."""
        words = f" {normalise(text)} "
        return any(f" {claim} " in words for claim in self.false)

    def _place(self, entry: ShelfEntry, day: float) -> None:
        if self._is_kept_out(entry.id, day):
            return
        self.shelf.put(entry)
        self.truth.times[entry.id] = day

    def _is_kept_out(self, entry_id: str, day: float) -> bool:
        """Whether the replay lets an entry of that day not come in; of an edited page it is the edit that stays out."""
        if self.removal is None or entry_id not in self.removal.ids:
            return False
        if self.removal.day > 0:
            return day >= self.removal.day
        return day >= 0 or entry_id not in self.edited

    def advance(self, until: float) -> None:
        """Let everything planted or written back by `until` come in, in order of time."""
        while self.waiting and self.waiting[0][0] <= until:
            day, _, entry = heappop(self.waiting)
            if isinstance(entry, str):
                self.shelf.remove([entry])
            else:
                self._place(entry, day)

    def _queue(self, day: float, entry: ShelfEntry | str) -> None:
        """Let an entry come in, or one of that id leave, on its day; what shares a time goes in the order it was queued."""
        heappush(self.waiting, (day, next(self.places), entry))

    def plant(self, injection: Injection) -> None:
        """Queue an injection; an edit takes the place of its entry, a deletion takes it away."""
        if injection.kind == "delete":
            self._queue(injection.day, injection.replaces)
            return
        id_ = injection.replaces or injection.id
        entry = ShelfEntry(
            id_,
            injection.text,
            injection.source or f"{injection.id}.md",
            moment(injection.day),
            injection.batch or injection.id,
        )
        self._queue(injection.day, entry)
        if injection.claims:
            self.truth.entries[id_], self.truth.generations[id_] = None, 0

    def ask(self, number: int, day: float, topic: Topic, generator: np.random.Generator) -> None:
        """Play one turn."""
        question = topic.questions[int(generator.integers(len(topic.questions)))]
        reply, retrieved = self._answer(question, topic, day, generator)
        turn = f"turn-{number:05d}"
        user = int(generator.integers(self.scenario.users.count))
        case = self.says_false(reply.text)
        if case:
            source = reply.source if reply.source in self.truth.entries else None
            self.truth.cases[turn] = source
        self.truth.times[turn], self.truth.sources[turn], self.truth.topics[turn] = (
            day,
            reply.source,
            topic.name,
        )
        approved = self._rate(case, generator)
        self.turns.append(
            {
                "turn_id": turn,
                "conversation_id": f"session-{int(day):03d}-{user:03d}",
                "timestamp": moment(day).isoformat(),
                "user_id": f"user-{user:03d}",
                "question": question,
                "answer": reply.text,
                "retrieved": retrieved,
                "feedback": []
                if approved is None
                else [{"kind": "thumbs", "value": "up" if approved else "down", "by": "user"}],
            }
        )
        if not self.scenario.write_back.approved_only or approved:
            self._write_back(_Asked(turn, number, day, topic, question, reply, case), generator)

    def _answer(
        self, question: str, topic: Topic, day: float, generator: np.random.Generator
    ) -> tuple[Reply, list[dict[str, Any]]]:
        cached = self._cached(question, day)
        if cached is not None:
            return cached
        documents = self.retriever.invoke(question)
        retrieved = [
            {
                "id": d.id,
                "text": d.page_content,
                "score": round(d.metadata["score"], 4),
                "rank": n,
                "used": True,
                "metadata": {"source": d.metadata["source"]},
            }
            for n, d in enumerate(documents)
        ]
        reply = self._invent(topic, day, documents, generator) or self.answerer.answer(
            question, documents, generator
        )
        if self.scenario.retrieval.cache is not None:
            self.cache.append((day, self.shelf.embeddings.vectors([question])[0], reply, retrieved))
        return reply, retrieved

    def _cached(self, question: str, day: float) -> tuple[Reply, list[dict[str, Any]]] | None:
        """Return the latest cached answer to a question near enough; a cache is what survives an eviction."""
        limit = self.scenario.retrieval.cache
        if limit is None or not self.cache:
            return None
        vector = self.shelf.embeddings.vectors([question])[0]
        return next(
            (
                (reply, retrieved)
                for came, known, reply, retrieved in reversed(self.cache)
                if day - came <= self.scenario.retrieval.cache_days and float(known @ vector) >= limit
            ),
            None,
        )

    def _invent(
        self, topic: Topic, day: float, documents: list[Any], generator: np.random.Generator
    ) -> Reply | None:
        """Return an answer the generator makes up, citing the best passage as if it said so."""
        for invention in self.scenario.inventions:
            if invention.topic == topic.name and day >= invention.day and generator.random() < invention.rate:
                told = invention.answers[int(generator.integers(len(invention.answers)))]
                cited = f" [{documents[0].id}]" if documents else ""
                return Reply(f"{told}{cited}", None)
        return None

    def _rate(self, case: bool, generator: np.random.Generator) -> bool | None:
        users = self.scenario.users
        rated, up = generator.random(2)
        return None if rated >= users.rating else bool(up < (users.up_false if case else users.up))

    def _write_back(self, asked: "_Asked", generator: np.random.Generator) -> None:
        policy = self.scenario.write_back
        chance, explicit, lag = generator.random(3)
        if chance >= policy.rate or (policy.topics and asked.topic.name not in policy.topics):
            return
        text = _without_markers(asked.reply.text)
        text = f"Q: {asked.question}\nA: {text}" if policy.form == "qa" else text
        come = asked.day + policy.delay_hours / 24 * (0.5 + lag)
        id_, batch = f"memory-{asked.number:05d}", f"memory-{int(come):03d}"
        writer = asked.turn if explicit < policy.explicit else None
        self._queue(come, ShelfEntry(id_, text, "assistant-memory", moment(come), batch, writer))
        if asked.case:
            self.truth.entries[id_] = asked.turn
            parent = self.truth.cases[asked.turn]
            self.truth.generations[id_] = 1 + (self.truth.generations[parent] if parent is not None else 0)
        else:
            self.truth.clean_children[id_] = asked.turn


@dataclass(frozen=True, slots=True)
class _Asked:
    """One turn as the write-back policy sees it."""

    turn: str
    number: int
    day: float
    topic: Topic
    question: str
    reply: Reply
    case: bool


def _without_markers(text: str) -> str:
    return re.sub(r"\s*\[[^\]]+\]", "", text).strip()


def play(
    scenario: Scenario,
    embeddings: RememberingEmbeddings,
    answerer: Answerer,
    *,
    seed: int = 0,
    removal: Removal | None = None,
    snapshot_days: Collection[int] = (),
) -> Played:
    """Run a scenario from the first day to the last.

    The same scenario, seed and removal give the same log, to the byte. With `removal`, entries of those ids go on that day
    and do not come back; what else differs follows from that.
    """
    loop = _Loop(scenario, embeddings, answerer, seed, removal)
    for injection in scenario.injections:
        loop.plant(injection)
    snapshots: dict[int, tuple[ShelfEntry, ...]] = {}
    removed = removal is None or removal.day <= 0
    for number, day, topic, generator in _schedule(scenario, seed):
        for due in sorted(d for d in snapshot_days if d <= day and d not in snapshots):
            loop.advance(due)
            snapshots[due] = tuple(loop.shelf.entries())
        loop.advance(day)
        if not removed and removal is not None and day >= removal.day:
            loop.shelf.remove(sorted(removal.ids))
            removed = True
        loop.ask(number, day, topic, generator)
    loop.advance(float(scenario.days))
    came = loop.truth.times.keys()
    loop.truth.entries = {id_: turn for id_, turn in loop.truth.entries.items() if id_ in came}
    loop.truth.generations = {id_: loop.truth.generations[id_] for id_ in loop.truth.entries}
    return Played(scenario, seed, tuple(loop.turns), loop.shelf, snapshots, loop.truth)


def _schedule(scenario: Scenario, seed: int) -> Iterator[tuple[int, float, Topic, np.random.Generator]]:
    """Yield number, day, topic and random stream of each turn; office hours, in order of time."""
    weights = np.array([scenario.users.weights.get(topic.name, 1.0) for topic in scenario.topics])
    total = scenario.days * scenario.users.turns_a_day
    for number in range(total):
        generator = np.random.default_rng([seed, number])
        day, place = divmod(number, scenario.users.turns_a_day)
        hour = 8 + 10 * (place + float(generator.random()) * 0.9) / scenario.users.turns_a_day
        topic = scenario.topics[int(generator.choice(len(weights), p=weights / weights.sum()))]
        yield number, day + hour / 24, topic, generator
