"""Read a drill scenario from YAML, and refuse what would make its truth wrong."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from halluguard.corpus import INSTALLED, find_folder
from halluguard.drill.scenario import (
    Count,
    Expected,
    Injection,
    Invention,
    Retrieval,
    Scenario,
    Text,
    Topic,
    Users,
    WriteBack,
)
from halluguard.errors import InputError


@dataclass(frozen=True, slots=True)
class _Page:
    """A topic as it is written: its page in one piece."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    title: Text
    page: Annotated[str, Field(min_length=1)]
    questions: Annotated[tuple[Text, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class _Document:
    """A scenario file as it is written, with the pages it names."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    title: Text
    expected: Expected
    topics: Annotated[dict[str, _Page], Field(min_length=1)]
    after: Text = ""
    days: Count = 21
    injections: tuple[Injection, ...] = ()
    inventions: tuple[Invention, ...] = ()
    write_back: WriteBack = field(default_factory=WriteBack)
    users: Users = field(default_factory=Users)
    retrieval: Retrieval = field(default_factory=Retrieval)


def scenario_folder() -> Path:
    """Return where the scenarios lie, in a checkout or in an installed package."""
    folder = find_folder("drills")
    if folder is None:
        raise InputError(f"no drill scenarios. Expected them in {INSTALLED / 'drills'}")
    return folder


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
    document = {key: value for key, value in _read_yaml(path).items() if value is not None}
    knowledge = document.pop("knowledge", None)
    pages = _read_yaml(path.parent / "knowledge" / f"{knowledge}.yaml") if knowledge else {}
    own = document.get("topics", {})
    document["topics"] = {**pages, **own} if isinstance(own, dict) else own
    try:
        scenario = _build(path.stem, TypeAdapter(_Document).validate_python(document))
    except ValidationError as error:
        raise InputError(f"{path}: {_first_problem(error)}") from error
    problem = next(_contradictions(scenario), None)
    if problem is not None:
        raise InputError(f"{path}: {problem}")
    return scenario


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:  # PyYAML lets a date such as 2026-13-45 raise
        told = " ".join(str(error).split())
        raise InputError(f"{path}: cannot be read as YAML ({told})") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: expected a mapping, found {type(document).__name__}")
    return document


def _first_problem(error: ValidationError) -> str:
    """Return the field, what is wrong with it, and what stands there, on one line."""
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    told = {"missing": "is missing", "unexpected_keyword_argument": "is not a field"}.get(first["type"])
    if told is not None:
        return f"{place} {told}"
    found = " ".join(repr(first["input"]).split())
    return f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}, found {found[:80]}"


def _build(name: str, document: _Document) -> Scenario:
    return Scenario(
        name,
        document.title,
        document.after,
        document.days,
        tuple(_topic(key, page) for key, page in document.topics.items()),
        document.injections,
        document.inventions,
        document.write_back,
        document.users,
        document.retrieval,
        document.expected,
    )


def _topic(name: str, page: _Page) -> Topic:
    parts = re.split(r"\n\s*\n", page.page)
    return Topic(name, page.title, tuple(" ".join(p.split()) for p in parts if p.strip()), page.questions)


def _contradictions(scenario: Scenario) -> Iterator[str]:
    """Yield what would make the truth wrong: names that nothing has, claims that their text does not make."""
    yield from _unknown_topics(scenario)
    for topic in scenario.topics:
        if topic.name in ("", ".", "..") or re.search(r"[/\\\0]", topic.name):
            yield f"topics: {topic.name!r} cannot be the name of a page's file"
    if not any(scenario.users.weights.get(topic.name, 1.0) > 0 for topic in scenario.topics):
        yield "users.weights: every topic has weight 0, so that nothing is asked"
    entries: Mapping[str, str] = scenario.pages()
    planted = {injection.id for injection in scenario.injections}
    for number, injection in enumerate(scenario.injections):
        place = f"injections.{number}"
        for claim in injection.claims:
            if claim not in injection.text:
                yield f"{place}.claims: {claim!r} is not in its text"
        if injection.kind in ("import", "report") and injection.id in entries:
            yield f"{place}.id: {injection.id!r} is an entry of the store already; an edit replaces one"
        if injection.kind == "edit" and injection.replaces not in entries:
            yield f"{place}.replaces: {injection.replaces!r} is no entry of the store"
        if injection.kind == "delete" and injection.replaces not in {*entries, *planted}:
            yield f"{place}.replaces: {injection.replaces!r} is neither an entry of the store nor planted"
    known = {question for topic in scenario.topics for question in topic.questions}
    for question in scenario.expected.questions:
        if question not in known:
            yield f"expected.questions: {question!r} is asked on no topic"
    origins = {injection.replaces or injection.id for injection in scenario.injections if injection.claims}
    for origin in scenario.expected.origins:
        if origin not in origins:
            yield f"expected.origins: {origin!r} is planted by no injection"


def _unknown_topics(scenario: Scenario) -> Iterator[str]:
    names = {topic.name for topic in scenario.topics}
    used = [("users.weights", name) for name in scenario.users.weights]
    used += [("write_back.topics", name) for name in scenario.write_back.topics]
    used += [(f"inventions.{n}.topic", one.topic) for n, one in enumerate(scenario.inventions)]
    for place, name in used:
        if name not in names:
            yield f"{place}: topic {name!r} is not known. Known: {', '.join(sorted(names))}"
