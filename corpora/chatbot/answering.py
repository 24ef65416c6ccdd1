"""How the bot answers: it believes the best ranked chunk that speaks to the question, and now and then slips."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from corpora.chatbot.dialogue import Answer, Intent, Segment, Stated, Style, render
from corpora.chatbot.shelf import Item

_SMALL_WORDS = frozenset(
    (
        "a",
        "an",
        "and",
        "are",
        "at",
        "be",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "have",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "me",
        "my",
        "of",
        "on",
        "or",
        "per",
        "the",
        "to",
        "until",
        "what",
        "when",
        "which",
        "who",
        "will",
        "with",
        "you",
        "your",
    )
)


@dataclass(frozen=True, slots=True)
class Said:
    """A finished answer with its claims; `plain` is the same without markers, as it would be written back."""

    answer: Answer
    text: str
    plain: str
    stated: tuple[Stated, ...]
    is_partial: bool = False


def choose_answer(
    intent: Intent, question: str, used: Sequence[Item], uses: Counter[Answer], rng: random.Random
) -> tuple[Answer, frozenset[Segment]] | None:
    """Pick an answer that the used chunks allow, and the claims of it they bear; None where they bear nothing."""
    slips = rng.random() < intent.fault_rate
    options: list[tuple[tuple[float, ...], Answer, frozenset[Segment]]] = []
    for number, answer in enumerate(intent.answers):
        kept = frozenset(segment for segment in answer.segments if _can_say(segment, used))
        complete = len(kept) == len(set(answer.segments))
        if answer.stance == "plain" or not (complete or _can_be_cut(answer, kept)):
            continue
        first = min((_rank(segment, used) for segment in kept if _rank(segment, used)), default=len(used) + 1)
        fit = _overlap(question, answer) * len(kept) / len(answer.segments) - 0.35 * uses[answer]
        wanted = 0 if (answer.stance == "faulty") == slips else 1
        options.append(((wanted, first if answer.stance != "faulty" else 0, -fit, number), answer, kept))
    if not options:
        return None
    _, answer, kept = min(options, key=lambda option: option[0])
    return answer, kept


def _can_be_cut(answer: Answer, kept: frozenset[Segment]) -> bool:
    """Say whether an answer may lose claims: not a list, table or slip, nor the first claim, which the others refer to."""
    return answer.segments[0] in kept and not answer.is_laid_out and answer.stance != "faulty"


def _can_say(segment: Segment, used: Sequence[Item]) -> bool:
    if "invent" in segment.mode or "contra" in segment.mode:
        return bool(used)
    if "wrong" in segment.mode:
        return any(not item.bears(segment.key) for item in used) and _rank(segment, used) > 0
    return _rank(segment, used) > 0


def _rank(segment: Segment, used: Sequence[Item]) -> int:
    return next(
        (rank for rank, item in enumerate(used, start=1) if segment.key and item.bears(segment.key)), 0
    )


def _overlap(question: str, answer: Answer) -> float:
    said = " ".join(part if isinstance(part, str) else part.text for part in answer.parts)
    asked = _words(question)
    return len(asked & _words(said)) / max(1, len(asked)) * 3


def _words(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in _SMALL_WORDS}


def say(
    answer: Answer, kept: frozenset[Segment], used: Sequence[Item], style: Style, rng: random.Random
) -> Said:
    """Put an answer into words with its citations in the given style; ranks of `used` count from 1."""

    def marker(segment: Segment) -> tuple[str, tuple[str, ...]]:
        cited = _cited(segment, used, rng)
        if style is Style.FIELD or not cited:
            return "", cited
        ranks = {item.id: rank for rank, item in enumerate(used, start=1)}
        if style is Style.IDS:
            return "".join(f"[{id_}]" for id_ in cited), cited
        return "".join(f"[{ranks.get(id_, len(used) + 5)}]" for id_ in cited), cited

    text, stated = render(answer, kept, marker)
    plain, _ = render(answer, kept, lambda _: ("", ()))
    return Said(answer, text, plain, stated, is_partial=len(kept) < len(set(answer.segments)))


def _cited(segment: Segment, used: Sequence[Item], rng: random.Random) -> tuple[str, ...]:
    if not segment.cites:
        return ()
    if segment.mode == "ghost":
        return (f"c9{rng.randrange(100, 1000)}",)
    if segment.mode == "invent":
        return (used[0].id,)
    if segment.mode in ("contra", "wrong"):
        silent = [item.id for item in used if not item.bears(segment.key)]
        return (silent[0] if silent else used[0].id,)
    bearing = [item.id for item in used if item.bears(segment.key)]
    both = len(bearing) > 1 and rng.random() < 0.15
    return tuple(bearing[: 1 + both])
