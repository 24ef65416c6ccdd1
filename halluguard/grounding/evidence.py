"""Choose what of some passages a model reads for a claim: by words first, so that only a few texts cost anything."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from halluguard.records import Passage
from halluguard.text import content_words, estimate_tokens, split_sentences, split_windows, stems

CANDIDATES = 4
"""Windows of a request that are embedded at most; those that share the most words with the claim."""

PACKED_SENTENCES = 3
PACKED_TOKENS = 120
"""How much a packed premise holds."""

QUOTE_WORDS = 3
"""Content words a claim must have before repeating a sentence word for word proves anything."""

_QUOTED_PART = re.compile(r"[-−]?\d+(?:[.,]\d+)*|\w+|[$€£%]")


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


@lru_cache(maxsize=4096)
def _texts_of_windows(text: str) -> tuple[str, ...]:
    return tuple(text[span.start : span.end] for span in split_windows(text))


@lru_cache(maxsize=4096)
def _texts_of_sentences(text: str) -> tuple[str, ...]:
    return tuple(text[span.start : span.end] for span in split_sentences(text))


def find_candidates(claim: str, passages: Sequence[Passage], limit: int = CANDIDATES) -> tuple[Window, ...]:
    """Return the distinct windows that share the most words with a claim, best first; ties keep the order given."""
    found: dict[str, Window] = {}
    for passage in passages:
        for text in _texts_of_windows(passage.text):
            if text not in found:
                found[text] = Window(passage.id, text, cover_of(claim, text))
    return tuple(sorted(found.values(), key=lambda window: -window.cover)[:limit])


def pack_sentences(claim: str, passages: Sequence[Passage]) -> Window | None:
    """Return up to three sentences, from anywhere, that together hold most of a claim's words, in reading order.

    Greedy set cover: each sentence is the one that adds the most words still missing. None where no sentence
    shares a word with the claim.
    """
    wanted = stems(claim)
    pool = list(_sentences(passages))
    chosen: list[int] = []
    missing, room = set(wanted), PACKED_TOKENS
    while missing and len(chosen) < PACKED_SENTENCES:
        gains = [(len(missing & stems(text)), -position) for position, (_, text) in enumerate(pool)]
        gain, negative = max(gains, default=(0, 0))
        if not gain:
            break
        position = -negative
        room -= estimate_tokens(pool[position][1])
        if chosen and room < 0:
            break
        chosen.append(position)
        missing -= stems(pool[position][1])
    if not chosen:
        return None
    text = " ".join(pool[position][1] for position in sorted(chosen))
    return Window(pool[chosen[0]][0], text, 1 - len(missing) / len(wanted))


def best_sentence(claim: str, passages: Sequence[Passage]) -> Window | None:
    """Return the sentence that shares the most words with a claim, the first of equals, or None where none does."""
    found = [Window(id_, text, cover_of(claim, text)) for id_, text in _sentences(passages)]
    best = max(found, key=lambda window: window.cover, default=None)
    return best if best and best.cover else None


def _sentences(passages: Sequence[Passage]) -> Iterator[tuple[str, str]]:
    for passage in passages:
        for text in _texts_of_sentences(passage.text):
            yield passage.id, text


def find_quote(claim: str, passages: Sequence[Passage]) -> Window | None:
    """Return the passage sentences that a claim repeats word for word, or None.

    Whole sentences only, apart from case, spacing and punctuation: part of one ("it is not true that ...", "...
    unless ...") may say something else. Claims of fewer than three content words are left to the model.
    """
    wanted = _plain(claim)
    if len(content_words(claim)) < QUOTE_WORDS:
        return None
    for passage in passages:
        if wanted not in _plain(passage.text):
            continue
        sentences = _texts_of_sentences(passage.text)
        for first in range(len(sentences)):
            joined = ""
            for last in range(first, len(sentences)):
                joined += _plain(sentences[last])
                if joined == wanted and not sentences[last].endswith("?"):
                    return Window(passage.id, " ".join(sentences[first : last + 1]), 1.0)
                if not wanted.startswith(joined):
                    break
    return None


@lru_cache(maxsize=16384)
def _plain(text: str) -> str:
    """Return the words and signed values of a text, lower-cased, each followed by a blank."""
    return "".join(f"{word} " for word in _QUOTED_PART.findall(text.lower()))
