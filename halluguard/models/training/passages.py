"""The text that grounding data is made from: clean pages cut into sentences, and what surrounds each page."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from halluguard.models.training.examples import read_rows
from halluguard.models.training.wordlists import MONTHS, NATIONALITIES, PLACES

WIKI_LICENCE = "MIT (Wikipedia CC-BY-SA text)"
#: Titles and honorifics that end in a full stop without ending a sentence.
_ABBREVIATIONS = r"(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bJr\.)(?<!\bSr\.)(?<!\bNo\.)(?<!\bvs\.)(?<!\b[A-Z]\.)(?<!\bc\.)(?<!i\.e\.)(?<!e\.g\.)"
_BOUNDARY = re.compile(_ABBREVIATIONS + r"(?<=[.!?])[\"')]*\s+(?=[\"'(]?[A-Z0-9])")
_NAME = re.compile(r"\b[A-Z][\w'’\-]+(?: (?:(?:of|the|de|van|von|del|la|al) )?(?:[A-Z]\.|[A-Z][\w'’\-]+))*")
_NOT_NAMES = frozenset(
    """the a an in on at by for from with he she it its his her their they this that these those there after before
    during when while as although since however but and or if many most some several all both each one two three
    other according following upon to of who which what where why how also then later early only its under no not
    we you i my our your is was are were has had have do does did will would can could may might so such despite
    until because between among through over into about both""".split()  # noqa: SIM905  (words read better as text)
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A page or a part of it: its title (may be empty), its sentences in order, and under what terms."""

    title: str
    sentences: tuple[str, ...]
    licence: str = WIKI_LICENCE

    @property
    def subject(self) -> str:
        """The title without its bracketed disambiguation."""
        return re.sub(r"\s*\(.*\)$", "", self.title).strip()


def tidy(text: str) -> str:
    """Undo the tokenised spacing of FEVER and 2Wiki text: brackets, quotes, clitics, phonetic notes."""
    text = re.sub(r"\[[^\]]*\]", "", text.replace("``", '"').replace("''", '"').replace("--", "–"))
    text = re.sub(r"-LRB-", "(", re.sub(r"-RRB-", ")", text))
    text = re.sub(r"(\w)\(", r"\1 (", re.sub(r"\(\s+", "(", text))
    text = re.sub(r"\s+([,.;:!?)%])", r"\1", re.sub(r"\s+('s|'re|'ve|n't|'ll|'d|')(?=\s|$)", r"\1", text))
    text = re.sub(r"\b([OD])' (?=[A-Z])", r"\1'", re.sub(r"(\w)- (?!and\b|or\b|to\b)(\w)", r"\1-\2", text))
    parts = text.split('"')
    if len(parts) > 1 and len(parts) % 2 == 1:
        text = parts[0].rstrip()
        for index, part in enumerate(parts[1:], 1):
            opening = index % 2 == 1
            text += (" " if opening and text else "") + '"' + (part.strip() if opening else _gap(part))
    text = re.sub(r"\(\s*[;,]?\s*\)", "", text)
    return re.sub(r"\s+", " ", text).strip()


def _gap(part: str) -> str:
    body = part.strip()
    return body if not body or body[0] in ",.;:!?)'" else f" {body}"


def split_sentences(text: str) -> list[str]:
    """Split a page into sentences; what looks like a heading or a list remnant is left out."""
    pieces = [piece.strip() for piece in _BOUNDARY.split(text)]
    return [p for p in pieces if 5 <= len(p.split()) <= 60 and p[-1:] in '.!?"' and p[:1].isupper()]


def find_names(sentence: str) -> list[str]:
    """Return the capitalised spans of a sentence in order, without sentence-initial function words."""
    names = []
    for match in _NAME.finditer(sentence):
        name = match.group()
        first = name.split()[0]
        if first.lower() in _NOT_NAMES:
            name = name[len(first) :].strip()
        if len(name) > 2 and name not in MONTHS and name.lower() not in _NOT_NAMES:
            names.append(name.removesuffix("'s"))
    return names


def read_pages(path: Path, excluded: frozenset[str] = frozenset()) -> list[Passage]:
    """Read the generic clean pages of `poison/entries` (2Wiki, and NQ rows of no question of the evaluation).

    Poisoned, corrupted and noise entries, RAMDocs, and the gold passages of the 700 questions (`excluded`, and
    every row whose qid names a question) are left out.
    """
    parts: dict[str, list[str]] = defaultdict(list)
    for row in read_rows(path):
        generic = row["dataset"] == "2wiki" or row["qid"] == "nqopen"
        if row["label"] == "clean" and generic and row["entry_id"] not in excluded:
            found = split_sentences(tidy(row["text"]))
            parts[row["title"]] += [s for s in found if s not in parts[row["title"]]]
    return [Passage(title, tuple(sentences)) for title, sentences in sorted(parts.items()) if sentences]


def gold_ids(path: Path) -> frozenset[str]:
    """Return the ids of the gold passages of the evaluation questions."""
    ids: set[str] = set()
    for row in read_rows(path):
        ids.update(str(item) for item in row.get("gold") or ())
    return frozenset(ids)


@lru_cache(maxsize=50_000)
def content_words(sentence: str) -> frozenset[str]:
    """Return the lower-cased words of four letters or more and all numbers."""
    return frozenset(w for w in re.findall(r"[a-z]{4,}|\d+", sentence.lower()) if w not in _NOT_NAMES)


class Corpus:
    """Pages, who is near whom, and the names that may stand in for one another."""

    def __init__(self, pages: Sequence[Passage]) -> None:
        """Index the pages: rare words for neighbours, first names and places for typed swaps."""
        self.pages = tuple(pages)
        self._by_word: dict[str, list[int]] = defaultdict(list)
        frequency: Counter[str] = Counter()
        words = [self._words(page) for page in self.pages]
        for found in words:
            frequency.update(found)
        for index, found in enumerate(words):
            for word in sorted(found):
                if 2 <= frequency[word] <= 60:
                    self._by_word[word].append(index)
        self._rare = [sorted(w for w in found if 2 <= frequency[w] <= 60) for found in words]
        self.persons = self._find_persons()
        self.first_names = frozenset(name.split()[0] for name in self.persons)
        self.places = self._find_places()
        self._place_set = frozenset(self.places)
        self.by_head = self._group_by_head()

    @staticmethod
    def _words(page: Passage) -> frozenset[str]:
        return frozenset().union(*(content_words(s) for s in page.sentences[:3]))

    def _find_persons(self) -> tuple[str, ...]:
        pattern = re.compile(
            r"^[^.]{0,80}\((?:[^)]*\bborn\b|[^)]*\d{4} ?[–-])|^[A-Z][^,.]* (?:was|is) an? [^.]*\b(?:actor|actress|politician|singer|player|director|footballer|writer|musician)\b"
        )
        found = {
            page.subject
            for page in self.pages
            if 2 <= len(page.subject.split()) <= 3
            and pattern.search(page.sentences[0])
            and all(re.fullmatch(r"[A-Z][\w'’\-]+\.?", word) for word in page.subject.split())
        }
        return tuple(sorted(found))

    def _find_places(self) -> tuple[str, ...]:
        located: Counter[str] = Counter()
        total: Counter[str] = Counter()
        for page in self.pages:
            for sentence in page.sentences:
                total.update(find_names(sentence))
                located.update(
                    re.findall(r"\b(?:in|near|from) ((?:[A-Z][a-z]+)(?: [A-Z][a-z]+)?)\b", sentence)
                )
        learned = {
            n for n, c in located.items()
            if c >= 4 and c >= 0.4 * total[n] and n not in MONTHS and n not in NATIONALITIES
            and n.split()[0] not in (*MONTHS, *NATIONALITIES)
        }  # fmt: skip
        return tuple(sorted(learned | set(PLACES)))

    def _group_by_head(self) -> Mapping[str, tuple[str, ...]]:
        groups: dict[str, set[str]] = defaultdict(set)
        for page in self.pages:
            for sentence in page.sentences:
                for name in find_names(sentence):
                    if len(name.split()) >= 2:
                        groups[name.split()[-1]].add(name)
        return {head: tuple(sorted(names)) for head, names in groups.items() if len(names) >= 4}

    def type_of(self, name: str) -> str:
        """Return `person`, `place`, a shared last word such as `University`, or an empty string."""
        if name in self._place_set or f"the {name}" in self._place_set:
            return "place"
        words = name.split()
        if len(words) in (2, 3) and words[0] in self.first_names and words[-1] not in self.by_head:
            return "person"
        if len(words) == 2 and words[0] in self.first_names:
            return "person"
        return words[-1] if len(words) >= 2 and words[-1] in self.by_head else ""

    def names_of_type(self, kind: str) -> tuple[str, ...]:
        """Return the names known of that type."""
        if kind == "place":
            return self.places
        return self.persons if kind == "person" else self.by_head.get(kind, ())

    def neighbours(self, index: int, rng: random.Random, count: int = 4) -> list[Passage]:
        """Return up to `count` other pages that share rare words with page `index`, nearest first."""
        shared: Counter[int] = Counter()
        rare = self._rare[index]
        for word in rng.sample(rare, min(12, len(rare))):
            shared.update(self._by_word[word])
        ranked = sorted(shared.items(), key=lambda item: (-item[1], item[0]))[: 3 * count]
        own = self.pages[index].subject
        near = [self.pages[other] for other, _ in ranked if other != index]
        chosen = [page for page in near if not own or page.subject != own][:count]
        while len(chosen) < count:
            chosen.append(self.pages[rng.randrange(len(self.pages))])
        return chosen


def pages_of_premises(premises: Iterable[str], licence: str) -> list[Passage]:
    """Turn FEVER premises of three sentences or more into untitled pages, each text once."""
    pages = []
    seen: set[str] = set()
    for premise in premises:
        sentences = tuple(split_sentences(tidy(premise)))
        if len(sentences) >= 3 and sentences[0] not in seen:
            seen.add(sentences[0])
            pages.append(Passage("", sentences, licence))
    return pages
