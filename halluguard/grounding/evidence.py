"""Choose what of some passages a model reads for a claim: by words first, so that only a few texts cost anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from halluguard.records import Passage
from halluguard.text import (
    WINDOW_TOKENS,
    Span,
    content_words,
    estimate_tokens,
    find_rows,
    split_sentences,
    split_windows,
    stems,
)
from halluguard.text.remember import remember
from halluguard.text.verbatim import plain_words

CANDIDATES = 6
"""Windows of a request that are read at most; those that share the most words with the claim."""

PACKED_SENTENCES = 3
PACKED_TOKENS = 120
"""How much a packed premise holds."""

QUOTE_WORDS = 3
"""Content words a claim must have before repeating a sentence word for word proves anything."""


@dataclass(frozen=True, slots=True)
class Window:
    """A text to read for a claim, and the passage it stands in; `cover` is the share of the claim's stems it holds."""

    passage_id: str
    text: str
    cover: float


def cover_of(claim: str, text: str) -> float:
    """Return the share of the claim's distinct content stems that occur in a text; 0 where the claim has none."""
    wanted = stems(claim)
    return len(wanted & stems(text)) / len(wanted) if wanted else 0.0


@dataclass(frozen=True, slots=True)
class _Part:
    """A window or sentence of a passage, the header row it needs where it begins within a table, and the stems of both."""

    text: str
    head: str
    stems: frozenset[str]

    @property
    def whole(self) -> str:
        """The text as it is read: a row of a table says nothing without its header."""
        return f"{self.head}\n{self.text}" if self.head else self.text


@remember
def _windows_of(text: str) -> tuple[_Part, ...]:
    return _parts(text, split_windows(text))


@remember
def _sentences_of(text: str) -> tuple[_Part, ...]:
    return _parts(text, split_sentences(text))


def _parts(text: str, spans: Sequence[Span]) -> tuple[_Part, ...]:
    rows = find_rows(text)
    pieces = ((text[span.start : span.end], _short(rows.head_at(span.start))) for span in spans)
    return tuple(_Part(piece, head, stems(piece) | stems(head)) for piece, head in pieces)


@lru_cache(maxsize=256)
def _short(head: str) -> str:
    """Return a header, "" for one so long that no room is left for the rows."""
    return head if estimate_tokens(head) <= WINDOW_TOKENS // 2 else ""


def find_candidates(claim: str, passages: Sequence[Passage], limit: int = CANDIDATES) -> tuple[Window, ...]:
    """Return the distinct windows that share the most words with a claim, best first; ties keep the order given."""
    wanted = stems(claim)
    found: dict[str, Window] = {}
    for passage in passages:
        for part in _windows_of(passage.text):
            if part.whole not in found:
                cover = len(wanted & part.stems) / len(wanted) if wanted else 0.0
                found[part.whole] = Window(passage.id, part.whole, cover)
    return tuple(sorted(found.values(), key=lambda window: -window.cover)[:limit])


def choose_sentences(claim: str, passages: Sequence[Passage]) -> tuple[Window, Window] | None:
    """Return up to three sentences that together hold most of a claim's words, as one, and the best single sentence.

    Greedy set cover: each sentence is the one that adds the most words still missing, the first of equals; they may
    stand anywhere, and are joined in reading order, but a row of a table only with what stands in its passage: "Team, $49"
    beside a sentence of another page seems to give the team whatever that page speaks of. The first chosen is the best
    single one. None where no sentence shares a word with the claim.
    """
    wanted = stems(claim)
    pool = [
        (number, part, shared)
        for number, passage in enumerate(passages)
        for part in _sentences_of(passage.text)
        if (shared := wanted & part.stems)
    ]
    chosen: list[int] = []
    missing, room = wanted, PACKED_TOKENS
    while missing and len(chosen) < PACKED_SENTENCES:
        gains = [
            (gain, -position)
            for position, (_, _, shared) in enumerate(pool)
            if (gain := len(missing & shared))
            and all(_go_together(pool[other], pool[position]) for other in chosen)
        ]
        if not gains:
            break
        _, negative = max(gains)
        _, part, shared = pool[-negative]
        room -= estimate_tokens(part.whole)
        if chosen and room < 0:
            break
        chosen.append(-negative)
        missing = missing - shared
    if not chosen:
        return None
    first, best, shared = pool[chosen[0]]
    first_id = passages[first].id
    return (
        Window(
            first_id,
            _join([pool[position][1] for position in sorted(chosen)]),
            1 - len(missing) / len(wanted),
        ),
        Window(first_id, best.whole, len(shared) / len(wanted)),
    )


def _go_together(one: tuple[int, _Part, frozenset[str]], other: tuple[int, _Part, frozenset[str]]) -> bool:
    """Whether two sentences may be read as one text."""
    return one[0] == other[0] or not (one[1].head or other[1].head)


def _join(parts: Sequence[_Part]) -> str:
    """Join sentences as one text; rows of one table stand under one header."""
    text = head = ""
    for part in parts:
        piece = part.text if part.head == head else part.whole
        text = piece if not text else f"{text}\n{piece}" if part.head else f"{text} {piece}"
        head = part.head
    return text


def find_held(evidence: str, passages: Sequence[Passage]) -> Passage | None:
    """Return what a passage holds, word for word, of a text that was read elsewhere: whole sentences, joined; None where none does.

    The passage that holds most of it counts, the first of equals. White space makes no difference.
    """
    sentences = [_spaced(part.text) for part in _sentences_of(evidence)]
    best, most = None, 0
    for passage in passages:
        own = {_spaced(part.text) for part in _sentences_of(passage.text)}
        held = " ".join(sentence for sentence in sentences if sentence in own)
        if len(held) > most:
            best, most = Passage(passage.id, held), len(held)
    return best


def _spaced(text: str) -> str:
    return " ".join(text.split())


def find_quote(claim: str, passages: Sequence[Passage]) -> Window | None:
    """Return the passage sentences that a claim repeats word for word, or None.

    Whole sentences only, apart from case, spacing and punctuation: part of one ("it is not true that ...", "...
    unless ...") may say something else. Claims of fewer than three content words are left to the model.
    """
    wanted = plain_words(claim)
    if len(content_words(claim)) < QUOTE_WORDS:
        return None
    for passage in passages:
        if wanted not in plain_words(passage.text):
            continue
        sentences = [part.text for part in _sentences_of(passage.text)]
        for first in range(len(sentences)):
            joined = ""
            for last in range(first, len(sentences)):
                joined += plain_words(sentences[last])
                if joined == wanted and not sentences[last].endswith("?"):
                    return Window(passage.id, " ".join(sentences[first : last + 1]), 1.0)
                if not wanted.startswith(joined):
                    break
    return None
