"""The hand-written questions and answers, and how an answer is put into words with its citations."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

_SEGMENT = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)
_BLANKS = re.compile(r"\A\s+|\s+\Z| (?= )")
STANCES = ("right", "poison", "stale", "faulty", "plain")


class Style(StrEnum):
    """How a turn shows its citations."""

    NUMBERS = "numbers"
    IDS = "ids"
    FIELD = "field"


@dataclass(frozen=True, slots=True)
class Segment:
    """A claim of an answer; `key` names its evidence as "page#phrase", alternatives parted by ";".

    `also` names statuses that are defensible besides the one that follows from the rest.
    """

    text: str
    key: str
    mode: str = ""
    also: tuple[str, ...] = ()

    @property
    def cites(self) -> bool:
        """Whether the claim carries a citation at all."""
        return "bare" not in self.mode


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to answer: plain text and claims in turn."""

    stance: str
    parts: tuple[str | Segment, ...]

    @property
    def is_laid_out(self) -> bool:
        """Whether the answer is a list or table, which cannot lose a line."""
        return any(isinstance(part, str) and "\n" in part for part in self.parts)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The claims alone."""
        return tuple(part for part in self.parts if isinstance(part, Segment))


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing a passenger wants to know, with its phrasings and answers."""

    id: str
    theme: str
    weight: float
    ask: tuple[str, ...]
    answers: tuple[Answer, ...]
    fault_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Stated:
    """A claim as it stands in the finished answer: `answer[start:end] == text`."""

    segment: Segment
    start: int
    end: int
    text: str
    cited: tuple[str, ...]


def load_dialogues(path: Path) -> tuple[Intent, ...]:
    """Read a dialogue file."""
    return tuple(_intent(raw) for raw in yaml.safe_load(path.read_text(encoding="utf-8")))


def _intent(raw: dict[str, Any]) -> Intent:
    answers = tuple(_answer(stance, text) for stance in STANCES for text in raw.get(stance, ()))
    return Intent(
        raw["id"], raw["theme"], raw["weight"], tuple(raw["ask"]), answers, raw.get("fault_rate", 0.0)
    )


def _answer(stance: str, text: str) -> Answer:
    parts: list[str | Segment] = []
    for number, piece in enumerate(_SEGMENT.split(text.strip())):
        if number % 2 == 0:
            parts.append(piece)
            continue
        fields = [field.strip() for field in f"{piece} @@ @@ @@".split("@@")]
        also = tuple(fields[3].removeprefix("also=").split(",")) if fields[3] else ()
        parts.append(Segment(fields[0], fields[1], fields[2], also))
    return Answer(stance, tuple(parts))


def render(
    answer: Answer, kept: frozenset[Segment], marker: Callable[[Segment], tuple[str, tuple[str, ...]]]
) -> tuple[str, tuple[Stated, ...]]:
    """Put the kept claims of an answer into words; `marker` gives a claim's visible marker and the ids it cites."""
    text = ""
    placed: list[tuple[Segment, int, int, tuple[str, ...]]] = []
    for part in answer.parts:
        if isinstance(part, str):
            text += part
        elif part in kept:
            shown, cited = marker(part)
            words = _with_marker(part.text, shown)
            placed.append((part, len(text), len(text) + len(words), cited))
            text += words
    return _tidy(text, placed)


def _with_marker(text: str, marker: str) -> str:
    if not marker:
        return text
    if text.endswith("|"):
        return f"{text[:-1].rstrip()} {marker} |"
    if text[-1] in ".,;:!?":
        return f"{text[:-1]} {marker}{text[-1]}"
    return f"{text} {marker}"


def _tidy(
    text: str, placed: list[tuple[Segment, int, int, tuple[str, ...]]]
) -> tuple[str, tuple[Stated, ...]]:
    """Drop the double blanks that left-out claims leave behind, and move the offsets along."""
    cuts = [match.span() for match in _BLANKS.finditer(text)]
    tidy = _BLANKS.sub("", text)

    def moved(offset: int) -> int:
        return offset - sum(min(end, offset) - start for start, end in cuts if start < offset)

    return tidy, tuple(
        Stated(segment, moved(start), moved(end), tidy[moved(start) : moved(end)], cited)
        for segment, start, end, cited in placed
    )
