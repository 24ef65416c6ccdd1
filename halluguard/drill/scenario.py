"""A drill scenario: what a chatbot knows, what is planted when, who asks, and what is written back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from halluguard.errors import InputError

KINDS = ("import", "edit", "report", "delete")


@dataclass(frozen=True, slots=True)
class Topic:
    """Something users ask about: the trusted page, cut into passages at blank lines, and phrasings of the question."""

    name: str
    title: str
    passages: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Injection:
    """A text that comes into the store on a day.

    `kind` is import (a new entry), edit (another text under the id `replaces`), report (a text that quotes or refutes
    the false claim), or delete (the entry `replaces` goes). `claims` are its sentences that assert the false claim; none makes it harmless.
    """

    id: str
    day: float
    kind: str
    text: str
    claims: tuple[str, ...] = ()
    source: str = ""
    batch: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Invention:
    """A fault of the generator: from a day on, a share of a topic's answers is one of these, whatever was retrieved."""

    topic: str
    day: float
    rate: float
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteBack:
    """Which answers become entries: a share of those a thumb approved, or of all; `explicit` carry the turn's id."""

    rate: float = 0.0
    delay_hours: float = 6.0
    explicit: float = 1.0
    approved_only: bool = False
    form: str = "answer"
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Users:
    """Who asks: turns a day, how the topics are weighted, how many users, and how often they rate an answer up."""

    turns_a_day: int = 12
    weights: Mapping[str, float] = field(default_factory=dict)
    count: int = 60
    rating: float = 0.3
    up: float = 0.75
    up_false: float = 0.75


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Top-k of the store; the answer is taken from one passage, drawn with exp(score / temperature).

    `cache` is the cosine from which a question gets the cached answer of another, for `cache_days`; None is no cache.
    """

    top_k: int = 4
    temperature: float = 0.08
    cache: float | None = None
    cache_days: float = 7.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What the detector should say: any of the entries the claim began with, none for no store origin, and the right verdicts.

    Without a verdict the right one is what the true cases and parents lead to.
    """

    origins: tuple[str, ...]
    verdicts: tuple[str, ...]


@dataclass(frozen=True)
class Scenario:
    """A whole drill."""

    name: str
    title: str
    after: str
    days: int
    topics: tuple[Topic, ...]
    injections: tuple[Injection, ...]
    inventions: tuple[Invention, ...]
    write_back: WriteBack
    users: Users
    retrieval: Retrieval
    expected: Expected

    def false_claims(self) -> tuple[str, ...]:
        """Return every sentence that asserts the false claim, planted or invented."""
        planted = [claim for injection in self.injections for claim in injection.claims]
        return tuple(
            dict.fromkeys([*planted, *(a for invention in self.inventions for a in invention.answers)])
        )


def scenario_folder() -> Path:
    """Return where the scenarios lie, in a checkout or in an installed package."""
    package = Path(__file__).parent.parent
    for root in (package / "corpora", package.parent / "corpora"):
        if (root / "drills").is_dir():
            return root / "drills"
    raise InputError(f"no drill scenarios. Expected them in {package / 'corpora' / 'drills'}")


def list_scenarios() -> list[str]:
    """Return the names of the scenarios that come with the package."""
    return sorted(path.stem for path in scenario_folder().glob("*.yaml"))


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Read a scenario by name or from a file; raises InputError with file and field."""
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = scenario_folder() / f"{name_or_path}.yaml"
    if not path.is_file():
        raise InputError(f"{path}: no such scenario. Known: {', '.join(list_scenarios())}")
    document = _read_yaml(path)
    knowledge = document.pop("knowledge", None)
    topics = dict(_read_yaml(path.parent / "knowledge" / f"{knowledge}.yaml")) if knowledge else {}
    topics.update(document.pop("topics", None) or {})
    try:
        scenario = _build(path.stem, document, topics)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: {error if isinstance(error, ValueError) else f'field {error} is missing or unknown'}"
        ) from error
    _verify(path, scenario)
    return scenario


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML ({error})") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: expected a mapping, found {type(document).__name__}")
    return document


def _build(name: str, document: dict[str, Any], topics: Mapping[str, Any]) -> Scenario:
    expected = document["expected"]
    return Scenario(
        name,
        str(document["title"]),
        str(document.get("after", "")),
        int(document.get("days", 21)),
        tuple(_topic(key, value) for key, value in topics.items()),
        tuple(
            Injection(**{**one, "text": _text(one["text"]), "claims": _texts(one.get("claims"))})
            for one in document.get("injections") or ()
        ),
        tuple(
            Invention(**{**one, "answers": _texts(one["answers"])})
            for one in document.get("inventions") or ()
        ),
        WriteBack(**_tupled(document.get("write_back") or {}, "topics")),
        Users(**(document.get("users") or {})),
        Retrieval(**(document.get("retrieval") or {})),
        Expected(_texts(expected["origins"]), _texts(expected["verdicts"])),
    )


def _tupled(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {**value, key: tuple(value.get(key) or ())}


def _topic(name: str, value: Mapping[str, Any]) -> Topic:
    passages = tuple(_text(part) for part in re.split(r"\n\s*\n", str(value["page"])) if part.strip())
    return Topic(name, str(value["title"]), passages, _texts(value["questions"]))


def _text(value: Any) -> str:
    return " ".join(str(value).split())


def _texts(values: Sequence[Any] | None) -> tuple[str, ...]:
    return tuple(_text(value) for value in values or ())


def _verify(path: Path, scenario: Scenario) -> None:
    """Refuse what would make the truth wrong: unknown names, claims that are not in their text, impossible shares."""
    names = {topic.name for topic in scenario.topics}
    entries = {f"{topic.name}-{n}" for topic in scenario.topics for n in range(1, len(topic.passages) + 1)}
    problems = [
        *(
            f"topic {name!r} is not known"
            for name in sorted({*scenario.users.weights, *scenario.write_back.topics} - names)
        ),
        *(f"inventions: topic {i.topic!r} is not known" for i in scenario.inventions if i.topic not in names),
        *(
            f"injection {i.id}: kind {i.kind!r} is none of {', '.join(KINDS)}"
            for i in scenario.injections
            if i.kind not in KINDS
        ),
        *(
            f"injection {i.id}: claim {c!r} is not in its text"
            for i in scenario.injections
            for c in i.claims
            if c not in i.text
        ),
        *(
            f"injection {i.id}: replaces {i.replaces!r}, which is no entry"
            for i in scenario.injections
            if i.kind == "edit" and i.replaces not in entries
        ),
    ]
    origins = {i.replaces or i.id for i in scenario.injections if i.claims}
    problems += [
        f"expected.origins: {one!r} is planted by no injection"
        for one in scenario.expected.origins
        if one not in origins
    ]
    if not scenario.topics or scenario.days < 1 or scenario.users.turns_a_day < 1:
        problems.append("topics, days and users.turns_a_day must not be empty")
    if problems:
        raise InputError(f"{path}: {problems[0]}")
