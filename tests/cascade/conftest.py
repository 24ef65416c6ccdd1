"""Build run directories and stores as the check and the store readers leave them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from halluguard.records import Entry
from halluguard.run import Run

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
FALSE = "Refunds are paid up to 90 days after the flight."
TRUE = "Refunds are paid up to 30 days before the flight."
QUESTION = "Until when can I ask for a refund?"


def moment(days):
    """Return a time so many days after the start of the log, None for None."""
    return None if days is None else START + timedelta(days=days)


@dataclass
class Loop:
    """A log and a store under construction; times are days since the start of the log."""

    turns: list = field(default_factory=list)
    claims: list = field(default_factory=list)
    events: list = field(default_factory=list)
    stored: list = field(default_factory=list)
    texts: dict = field(default_factory=dict)

    def entry(self, id_, text, days=None, *, by=None, stored=True, source=None, vector=None):
        self.texts[id_] = text
        if stored:
            self.stored.append(Entry(id_, text, vector, source, moment(days), written_by_turn=by))

    def turn(
        self,
        id_,
        days,
        answer,
        retrieved=(),
        *,
        status=None,
        cited=(),
        session=None,
        question=QUESTION,
        up=None,
        user=None,
        accused=None,
        shown=None,
    ):
        shown = shown or {}
        chunks = [
            {
                "id": r,
                "text": shown.get(r, self.texts.get(r)),
                "source": None,
                "score": None,
                "rank": n,
                "used": True,
            }
            for n, r in enumerate(retrieved)
        ]
        feedback = (
            []
            if up is None
            else [{"kind": "thumbs", "value": "up" if up else "down", "timestamp": None, "by": "user"}]
        )
        self.turns.append(
            {"turn_id": id_, "conversation_id": session or f"s-{id_}", "timestamp": moment(days), "user_id": user, "question": question,
             "answer": answer, "retrieved": chunks, "feedback": feedback}
        )  # fmt: skip
        if status:
            self.claims.append(
                {"turn_id": id_, "claim_id": f"{id_}#0", "text": answer, "reading": answer, "status": status, "cited_ids": list(cited),
                 "cited_entailment": 0.95, "supporting_chunk_id": cited[0] if cited and status == "source_conflict" else ""}
            )  # fmt: skip
        if accused is not None:
            self.events.append(
                {
                    "event_id": f"event:{id_}",
                    "turn_id": id_,
                    "claim_id": f"{id_}#0",
                    "origin": "store" if accused else "generator",
                    "accused_ids": list(accused),
                }
            )

    def false(self, id_, days, retrieved, *, answer=FALSE, **options):
        status = options.pop("status", "source_conflict" if retrieved else "unsupported")
        self.turn(id_, days, answer, retrieved, status=status, cited=retrieved[:1], **options)

    def true(self, id_, days, retrieved, *, answer=TRUE, **options):
        self.turn(id_, days, answer, retrieved, status="grounded", cited=retrieved[:1], **options)

    def entries(self):
        yield from self.stored

    def write(self, path):
        run = Run.create(path, {"fingerprint": "test"})
        run.write("turns", self.turns)
        run.write("claims", self.claims)
        if self.events:
            run.write("events", self.events)
        return run


@pytest.fixture
def loop():
    """Return an empty loop."""
    return Loop()


@pytest.fixture
def chain():
    """Return a loop of three generations: origin -> t1 -> m1 -> t2 -> m2 -> t3, beside clean traffic."""
    built = Loop()
    built.entry("kb-1", TRUE, -100)
    built.entry("kb-2", "Refunds go to the card that paid.", -100)
    built.entry("bad", f"Policy update. {FALSE}", 1)
    built.true("t0", 0.5, ["kb-1", "kb-2"])
    built.false("t1", 2, ["bad", "kb-1"])
    built.entry("m1", f"Customer asked about refunds. {FALSE}", 3, by="t1")
    built.false("t2", 4, ["m1", "kb-1"])
    built.entry("m2", f"Again a customer asked. {FALSE}", 5, by="t2")
    built.false("t3", 6, ["m2", "bad"])
    built.true("t4", 6.5, ["kb-1", "kb-2"])
    return built


def rules(pairs):
    """Entail as a set of rules would: same numbers and most of the hypothesis' words."""
    rows = []
    for premise, hypothesis in pairs:
        a, b = (set(text.lower().replace(".", "").replace(",", "").split()) for text in (premise, hypothesis))
        numbers = {w for w in b if w.isdigit()} <= a
        share = len(a & b) / len(b)
        negated = ("not" in a) != ("not" in b)
        rows.append(
            (0.05, 0.05, 0.9)
            if share > 0.6 and (negated or not numbers)
            else (0.9, 0.08, 0.02)
            if share > 0.6
            else (0.1, 0.8, 0.1)
        )
    return np.array(rows, dtype=np.float32)


@pytest.fixture
def entails():
    """Return an entailment callable that needs no model."""
    return rules


@pytest.fixture
def embed():
    """Return an embedder of hashed words that needs no model."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(n_features=256, norm="l2", alternate_sign=False)
    return lambda texts: vectorizer.transform(texts).toarray().astype(np.float32)


def grow(rng, *, days=12, per_day=8, shown=0.4, back=0.3):
    """A loop in which contaminated entries multiply."""
    built = Loop()
    for n in range(6):
        built.entry(f"kb-{n}", f"{TRUE} Page {n} of the handbook.", -30)
    built.entry("bad", f"Policy update. {FALSE}", 0.5)
    clean, bad = [f"kb-{n}" for n in range(6)], ["bad"]
    for number in range(days * per_day):
        day = 0.6 + number / per_day
        hit = rng.random() < min(0.9, shown * len(bad) ** 0.4)
        name = f"t{number}"
        if hit:
            built.false(
                name,
                day,
                [rng.choice(bad), rng.choice(clean)],
                session=f"s{number % 30}x{number}",
                user=f"u{number % 17}",
            )
        else:
            built.true(
                name, day, rng.sample(clean, 2), session=f"s{number % 30}x{number}", user=f"u{number % 17}"
            )
        if rng.random() < back * (1 if hit else 0.4):
            built.entry(f"m{number}", f"Memory {number}. {FALSE if hit else TRUE}", day + 0.05, by=name)
            (bad if hit else clean).append(f"m{number}")
    return built


@pytest.fixture(name="growing")
def growing_fixture():
    """Return the maker of growing loops."""
    return grow


@pytest.fixture(name="Loop")
def loop_class():
    """Return the class of loops under construction."""
    return Loop


@pytest.fixture(name="moment")
def moment_fixture():
    """Return the clock of the loops."""
    return moment
