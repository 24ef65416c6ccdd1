"""Whether sentences stand word for word in other texts: whole ones, with the signs that change what they say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from halluguard.text.marks import drop_ids, drop_label
from halluguard.text.remember import remember
from halluguard.text.windows import split_sentences

LEAST_WORDS = 3
"""Words of a sentence that says anything."""

_QUOTED_PART = re.compile(
    r"[-−]?\d+(?:[.,]\d+)*|\w+[-−+](?!\w)|\w+|!="
    r"|[$¢£¥\u20a0-\u20cf%‰°+±×÷<=>~‹›\u2200-\u22ff]"
    r"|[\u2190-\u21ff\u2600-\u27bf\U0001f300-\U0001faff]"
    r"|[′″]|(?<=\d)[\"'](?![^\W\d])"
)
"""Words, values and the signs that change what a sentence says: "≥ 3 hours" is no quote of "≤ 3 hours".

So do ticks, crosses and arrows, the sign of a grade ("AA-") and marks of feet and inches, which " and ' are after a
digit alone: elsewhere they quote, and end a word ("dogs'") or go on in one ("1990's").
"""

_ENDED = re.compile(r"[.!?:;…。！？][\"'”’»)\]*_]*$")


@remember
def plain_words(text: str) -> str:
    """Return the words and signed values of a text, lower-cased, each followed by a blank."""
    return "".join(f"{word} " for word in _QUOTED_PART.findall(text.lower()))


def sentences(text: str) -> list[str]:
    """Return the sentences of a text that hold at least three words, without ids that they cite and the letters of a FAQ."""
    return [part for part in _parts(text) if len(part.split()) >= LEAST_WORDS]


def stands_in(text: str, whole: str, pages: Sequence[str]) -> bool:
    """Return whether every sentence of a text is a whole sentence, or several in a row, of one of some pages, word for word.

    Part of a sentence may say something else ("it is a myth that ...", "... unless ..."). Only where `whole`, which the text
    is a part of, was itself cut out of a page in the middle of a sentence, its first sentence may be the end of one and its
    last the beginning of one: it has several, the first goes on in small letters, the last is not ended. False for a text
    without a sentence.
    """
    held = [_page(page) for page in pages]
    head, tail = _cut_ends(whole)
    wanted = [_words(part) for part in sentences(text)]
    return bool(wanted) and all(
        any(page.holds(words, begun=words == head, broken_off=words == tail) for page in held)
        for words in wanted
    )


@remember
def _cut_ends(whole: str) -> tuple[str, str]:
    """Return the words of the first and the last sentence of a text where each may be part of one, else empty strings."""
    parts = sentences(whole)
    if len(parts) < 2:
        return "", ""
    return (
        _words(parts[0]) if parts[0][0].islower() else "",
        "" if _ENDED.search(parts[-1]) else _words(parts[-1]),
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """The words of a page, and at which characters of them its sentences begin and end."""

    words: str
    edges: frozenset[int]

    def holds(self, wanted: str, *, begun: bool, broken_off: bool) -> bool:
        """Return whether whole sentences read so, or the end or the beginning of one where that is enough."""
        at = self.words.find(wanted) if wanted else -1
        while at >= 0:
            starts = at in self.edges or (begun and self.words[at - 1] == " ")
            if starts and (broken_off or at + len(wanted) in self.edges):
                return True
            at = self.words.find(wanted, at + 1)
        return False


@remember
def _page(text: str) -> _Page:
    words, edges = "", {0}
    for part in _parts(text):
        words += _words(part)
        edges.add(len(words))
    return _Page(words, frozenset(edges))


def _parts(text: str) -> list[str]:
    return [drop_label(drop_ids(text[span.start : span.end])).strip() for span in split_sentences(text)]


def _words(sentence: str) -> str:
    """Return the plain words of a sentence; a question does not read as the statement in its words."""
    return plain_words(sentence) + ("? " if sentence.endswith("?") else "")
