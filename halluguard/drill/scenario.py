"""A drill scenario: what a chatbot knows, what is planted when, who asks, and what is written back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from halluguard.cascade import Regime

Kind = Literal["import", "edit", "report", "delete"]
Form = Literal["answer", "qa"]
Rate = Annotated[float, Field(ge=0, le=1)]
Day = Annotated[float, Field(ge=0, le=36_500)]
Count = Annotated[int, Field(ge=1)]
Text = Annotated[
    str, BeforeValidator(lambda value: " ".join(value.split()) if isinstance(value, str) else value)
]
"""A text on one line: a file may break it anywhere."""
_STRICT = ConfigDict(extra="forbid")


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

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: Text
    day: Day
    kind: Kind
    text: Text
    claims: tuple[Text, ...] = ()
    source: str = ""
    batch: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Invention:
    """A fault of the generator: from a day on, a share of a topic's answers is one of these, whatever was retrieved."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    topic: str
    day: Day
    rate: Rate
    answers: Annotated[tuple[Text, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class WriteBack:
    """Which answers become entries: a share of those a thumb approved, or of all; `explicit` carry the turn's id."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    rate: Rate = 0.0
    delay_hours: Day = 6.0
    explicit: Rate = 1.0
    approved_only: bool = False
    form: Form = "answer"
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Users:
    """Who asks: turns a day, how the topics are weighted, how many users, and how often they rate an answer up."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    turns_a_day: Count = 12
    weights: Mapping[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = field(default_factory=dict)
    count: Count = 60
    rating: Rate = 0.3
    up: Rate = 0.75
    up_false: Rate = 0.75


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Top-k of the store; the answer is taken from one passage, drawn with exp(score / temperature).

    `cache` is the cosine from which a question gets the cached answer of another, for `cache_days`; None is no cache.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    top_k: Count = 4
    temperature: Annotated[float, Field(gt=0)] = 0.08
    cache: Rate | None = None
    cache_days: Day = 7.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What the detector should say: any of the entries the claim began with, none for no store origin, and the right verdicts.

    Without a verdict the right one is what the true cases and parents lead to. `questions` are those that the claim is an answer to,
    among which its share is counted; none for all questions of the topic on which most false answers are.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    origins: tuple[str, ...]
    verdicts: tuple[Regime, ...]
    questions: tuple[Text, ...] = ()


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

    def pages(self) -> dict[str, str]:
        """Return the topic of each entry that the store begins with."""
        return {
            f"{topic.name}-{number}": topic.name
            for topic in self.topics
            for number in range(1, len(topic.passages) + 1)
        }

    def false_claims(self) -> tuple[str, ...]:
        """Return every sentence that asserts the false claim, planted or invented."""
        planted = [claim for injection in self.injections for claim in injection.claims]
        return tuple(
            dict.fromkeys([*planted, *(a for invention in self.inventions for a in invention.answers)])
        )
