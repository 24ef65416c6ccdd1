"""Stores and events of the traceback benchmark: real passages, published attacks, and events with nothing wrong."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.data import read_json_lines
from halluguard.forensics.nearest import EntryIndex
from halluguard.models import Embedder
from halluguard.records import Entry

CACHE = Path(".eval-cache")
CLEAN = ("clean", "noise")
WIKI = ("nq", "2wiki", "hotpotqa")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its right and wrong answer and the entries injected for it, by attack.

    `others` are further wrong answers, which RAMDocs has: each was written into other passages.
    """

    qid: str
    dataset: str
    question: str
    correct: str
    incorrect: str
    attacks: Mapping[str, tuple[str, ...]]
    number: int
    gold: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether weights are fitted on the question; HotpotQA lends none."""
        return self.dataset != "hotpotqa" and not self.held

    @property
    def held(self) -> bool:
        """Whether the question is kept for the report: neither weights nor p-values have seen it."""
        return self.number % 2 == 1


@dataclass(frozen=True, slots=True)
class Event:
    """A wrong (or right) answer to explain: `poison` are the entries that were injected for it, none if clean.

    `conflict` says that the trusted passages contradict the answer, as a check finds before a trace begins.
    """

    question: Question
    answer: str
    poison: frozenset[str] = frozenset()
    conflict: bool = False

    @property
    def claim(self) -> str:
        """The answer as a claim: a fragment is read together with its question."""
        return f"{self.question.question} {self.answer}"


@dataclass(frozen=True)
class Scenario:
    """A store and the events asked of it."""

    name: str
    dataset: str
    index: EntryIndex
    events: tuple[Event, ...]
    poison: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PoisonData:
    """All entries with their vectors, and all questions."""

    entries: Mapping[str, Entry]
    labels: Mapping[str, tuple[str, str, str]]
    vectors: Mapping[str, NDArray[np.float32]]
    questions: tuple[Question, ...]


def read_poison(folder: Path, embedder: Embedder, *, max_chars: int = 0) -> PoisonData:
    """Read entries and questions and embed the entries; passages longer than `max_chars` are left out (0: none)."""
    entries, labels = {}, {}
    for row in read_json_lines(folder / "entries.jsonl.gz"):
        if max_chars and len(row["text"]) > max_chars:
            continue
        entries[row["entry_id"]] = Entry(
            row["entry_id"], row["text"], source=row["url"] or row["title"] or None
        )
        labels[row["entry_id"]] = (row["dataset"], row["label"], row["attack"])
    ids = list(entries)
    by_id = dict(zip(ids, _vectors(folder, [entries[id_].text or "" for id_ in ids], embedder), strict=True))
    return PoisonData(entries, labels, by_id, tuple(_questions(folder / "questions.jsonl.gz", entries)))


def _vectors(folder: Path, texts: Sequence[str], embedder: Embedder) -> NDArray[np.float32]:
    """Embed the texts, or read the vectors that an earlier run kept for the same model and the same texts."""
    key = hashlib.sha256("\0".join((embedder.digest, *texts)).encode("utf-8", "surrogatepass")).hexdigest()
    path = CACHE / f"{folder.name}-{key[:16]}.npy"
    if path.is_file():
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
    vectors = embedder.encode(texts)
    CACHE.mkdir(exist_ok=True)
    np.save(path, vectors)
    return vectors


def _questions(path: Path, entries: Mapping[str, Entry]) -> Iterator[Question]:
    counts: dict[str, int] = {}
    for row in read_json_lines(path):
        number = counts[row["dataset"]] = counts.get(row["dataset"], -1) + 1
        right, wrong = _first(row["correct"]), _first(row["incorrect"])
        attacks = {
            name: kept
            for name, ids in row["attacks"].items()
            if (kept := tuple(i for i in ids if i in entries))
        }
        gold = tuple(id_ for id_ in row["gold"] if id_ in entries)
        others = tuple(row["incorrect"][1:]) if isinstance(row["incorrect"], list) else ()
        yield Question(
            row["qid"], row["dataset"], row["question"], right, wrong, attacks, number, gold, others
        )


def _first(value: object) -> str:
    return str((value[0] if value else "") if isinstance(value, list) else value)


def attack_scenario(data: PoisonData, dataset: str, attack: str, keep: Sequence[Question]) -> Scenario:
    """Build the store of one attack: all clean passages and the poison of every question; events for those kept.

    There is an event for each wrong answer: where a question has several, only the entries that hold an answer are
    responsible for it.
    """
    poison = [id_ for q in data.questions if q.dataset == dataset for id_ in q.attacks.get(attack, ())]
    events = [
        Event(q, answer, injected)
        for q in keep
        if q.dataset == dataset and q.incorrect
        for answer in (q.incorrect, *q.others)
        if (injected := _injected_for(answer, q, attack, data))
    ]
    index = _index(data, [*_clean_ids(data, dataset), *poison])
    return Scenario(f"{dataset} {attack}", dataset, index, tuple(events), frozenset(poison))


def _injected_for(answer: str, question: Question, attack: str, data: PoisonData) -> frozenset[str]:
    """Return the entries of an attack that are responsible for one of the question's wrong answers."""
    injected = question.attacks.get(attack, ())
    if not question.others:
        return frozenset(injected)
    return frozenset(id_ for id_ in injected if _plain(answer) in _plain(data.entries[id_].text or ""))


def _plain(text: str) -> str:
    return " ".join(["", *re.findall(r"\w+", text.lower()), ""])


def clean_scenario(
    data: PoisonData, dataset: str, keep: Sequence[Question], *, right: bool = False, shift: int = 0
) -> Scenario:
    """Build the store without poison, asked for answers the generator made up, or for right answers.

    With a `shift`, each question is given the wrong answer of one that many places further on among those whose wrong
    answer is of the same kind, and left out where that is no other wrong answer.
    """
    some = [q for q in keep if q.dataset == dataset and (q.correct if right else q.incorrect)]
    answers = [(q, q.correct) for q in some] if right else _invented(some, shift)
    events = tuple(Event(q, answer) for q, answer in answers)
    name = f"{dataset} clean, {'right' if right else 'wrong'} answers"
    return Scenario(name, dataset, _index(data, _clean_ids(data, dataset)), events)


def _invented(questions: Sequence[Question], shift: int) -> Iterator[tuple[Question, str]]:
    """Yield each question with its own wrong answer, or with one that would be as plausible."""
    alike: dict[str, list[Question]] = {}
    for question in questions:
        alike.setdefault(_kind(question.incorrect), []).append(question)
    for some in alike.values():
        for at, question in enumerate(some):
            answer = some[(at + shift) % len(some)].incorrect
            if not shift or answer not in {question.incorrect, question.correct}:
                yield question, answer


def _kind(answer: str) -> str:
    """Return what an answer looks like: yes or no, something counted or dated, or a name."""
    if answer.lower() in {"yes", "no"}:
        return "yes or no"
    return "number" if any(char.isdigit() for char in answer) else "name"


def gold_index(data: PoisonData, dataset: str) -> EntryIndex:
    """Index the passages known to bear out the right answers of one data set: its trusted corpus."""
    return _index(data, [id_ for q in data.questions if q.dataset == dataset for id_ in q.gold])


def _clean_ids(data: PoisonData, dataset: str) -> list[str]:
    pool = WIKI if dataset in WIKI else (dataset,)
    return [id_ for id_, (of, label, _) in data.labels.items() if of in pool and label in CLEAN]


def _index(data: PoisonData, ids: Sequence[str]) -> EntryIndex:
    unique = list(dict.fromkeys(ids))
    return EntryIndex(
        tuple(data.entries[id_] for id_ in unique),
        np.stack([data.vectors[id_] for id_ in unique]),
        embedded_again=False,
    )
