"""Build the shards: scenes from pages, examples from scenes, and the NLI share beside them."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from halluguard.models.training.bounds import deal_bounds
from halluguard.models.training.edits import all_edits
from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL, NOT_ENTAILMENT, Example
from halluguard.models.training.house_rules import deal_rules
from halluguard.models.training.kinds import KIND_WEIGHTS, KINDS, Scene, answer_shape
from halluguard.models.training.ledger import deal_ledger
from halluguard.models.training.passages import Corpus, Passage, content_words, split_sentences, tidy
from halluguard.models.training.rewrites import LOOK_EDITED, rewrite

#: Premise words aimed at: (low, high, weight). 250 words are some 330 tokens, above the training limit.
LENGTHS = ((20, 50, 20), (50, 90, 35), (90, 130, 25), (130, 170, 20))
THREE = (ENTAILMENT, NEUTRAL, CONTRADICTION)


def draw_length(rng: random.Random) -> int:
    """Draw the number of premise words to aim at, the same way whatever the label will be."""
    low, high, _ = rng.choices(LENGTHS, weights=[weight for *_, weight in LENGTHS])[0]
    return rng.randrange(low, high)


def _words(sentences: Sequence[str]) -> int:
    return sum(len(s.split()) for s in sentences)


def make_scene(corpus: Corpus, index: int, rng: random.Random) -> Scene:
    """Cut a window out of page `index`, and fill it up with sentences of neighbouring pages to the length drawn.

    One sentence of a page of three or more is kept out in half of the scenes even where all would fit.
    """
    page = corpus.pages[index]
    target = draw_length(rng)
    neighbours = tuple(corpus.neighbours(index, rng))
    sentences = list(page.sentences)
    start = 0 if rng.random() < 0.6 else rng.randrange(len(sentences))
    window: list[str] = []
    for sentence in sentences[start:]:
        if window and _words(window) + len(sentence.split()) > target:
            break
        window.append(sentence)
    if len(window) == len(sentences) >= 3 and rng.random() < 0.5:
        window.pop(rng.randrange(1, len(window)))
    hidden = [s for s in sentences if s not in window]
    subject = page.subject
    if subject and subject not in " ".join(window):
        if rng.random() < 0.7:
            window[0] = f"{page.title}: {window[0]}"
        else:
            subject = ""
    owners = [subject] * len(window)
    for other in neighbours:
        room = target - _words(window)
        block = [s for n, s in enumerate(other.sentences[:5]) if _words(other.sentences[: n + 1]) <= room]
        block = [s for s in block if s not in window]
        owner = other.subject if block and other.subject in " ".join(block) else ""
        if rng.random() < 0.5:
            window, owners = [*block, *window], [*[owner] * len(block), *owners]
        else:
            window, owners = [*window, *block], [*owners, *[owner] * len(block)]
    absent = tuple(s for s in hidden if s not in window)
    return Scene(tuple(window), absent, neighbours, corpus, subject, page.licence, tuple(owners))


@dataclass
class Grounding:
    """Makes grounding examples one scene at a time; `without` names the kinds that are left out."""

    corpora: Sequence[tuple[Corpus, float]]
    rng: random.Random
    without: frozenset[str] = frozenset()
    made: int = 0

    def next_examples(self) -> list[Example]:
        """Return the examples of one scene (one or two), or none where the kind drawn does not apply."""
        kinds = [kind for kind in KINDS if kind not in self.without]
        kind = self.rng.choices(kinds, weights=[KIND_WEIGHTS[k] for k in kinds])[0]
        corpus = self.rng.choices([c for c, _ in self.corpora], weights=[w for _, w in self.corpora])[0]
        scene = make_scene(corpus, self.rng.randrange(len(corpus.pages)), self.rng)
        found = KINDS[kind](scene, self.rng)
        if any(len(e.hypothesis.split()) < 2 or len(e.premise.split()) > 190 for e in found):
            return []
        self.made += 1
        shape = self.rng.random() < 0.12
        seed = self.rng.random()
        return [
            replace(
                example,
                hypothesis=answer_shape(example.hypothesis, random.Random(seed))
                if shape
                else example.hypothesis,
                twin=f"g{self.made}" if example.twin else "",
            )
            for example in found
        ]

    def take(self, count: int) -> list[Example]:
        """Return at least `count` examples, twins never parted."""
        taken: list[Example] = []
        while len(taken) < count:
            taken += self.next_examples()
        return taken


def _sentence(text: str) -> str:
    """Return the text as a sentence: a capital first, a stop last."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?" else ".")


class Deck:
    """Rows dealt without repetition until all were dealt, then shuffled and dealt again."""

    def __init__(self, rows: Sequence[Example], rng: random.Random) -> None:
        """Hold the rows; the first shuffle is drawn now."""
        self._rows = list(rows)
        self._rng = rng
        self._left: list[Example] = []

    def deal(self, count: int) -> list[Example]:
        """Return the next `count` rows."""
        dealt: list[Example] = []
        while len(dealt) < count:
            if not self._left:
                self._left = self._rng.sample(self._rows, len(self._rows))
            dealt.append(self._left.pop())
        return dealt


class Haystack:
    """Puts a labelled short premise among other premises, to a length drawn without regard to the label."""

    def __init__(self, premises: Sequence[str], rng: random.Random) -> None:
        """Index premises by their rarer words, so that distractors can be on the topic of the claim."""
        self._premises = list(premises)
        self._rng = rng
        frequency: Counter[str] = Counter()
        for premise in self._premises:
            frequency.update(content_words(premise))
        self._index: dict[str, list[int]] = defaultdict(list)
        for number, premise in enumerate(self._premises):
            for word in content_words(premise):
                if 2 <= frequency[word] <= 100:
                    self._index[word].append(number)

    def bury(self, row: Example, kind: str, *, related: bool) -> Example:
        """Return the row with distractors around its premise; those that share over half of the claim's words are left out."""
        rng = self._rng
        target = draw_length(rng)
        claim = content_words(row.hypothesis)
        near = sorted({n for word in sorted(claim) for n in self._index.get(word, ())}) if related else []
        rng.shuffle(near)
        parts = [row.premise]
        for _ in range(12):
            if _words(parts) >= target - 12:
                break
            number = near.pop() if near and rng.random() < 0.7 else rng.randrange(len(self._premises))
            other = self._premises[number]
            shared = len(claim & content_words(other)) / max(1, len(claim))
            if shared <= 0.5 and other not in parts and _words(parts) + len(other.split()) <= target + 15:
                parts.insert(rng.randrange(len(parts) + 1), other)
        return replace(row, premise=" ".join(parts), kind=kind)


def premise_pages(premises: Sequence[str], licence: str, rng: random.Random) -> list[Passage]:
    """Make untitled pages of one to six sentences out of single premises, for edits outside the encyclopedia."""
    pages: list[Passage] = []
    sentences = [
        s for p in premises for s in split_sentences(tidy(p) if p.rstrip()[-1:] in ".!?" else tidy(p) + ".")
    ]
    rng.shuffle(sentences)
    while sentences:
        size = rng.randrange(2, 7)
        pages.append(Passage("", tuple(sentences[:size]), licence))
        del sentences[:size]
    return pages


#: The sources behind each NLI share of a shard.
POOLS: Mapping[str, tuple[str, ...]] = {
    "mnli": ("mnli_llmsknow", "mnli_olora"),
    "cad": ("cad_original", "cad_revised_combined"),
    "fever_short": ("fever", "fever_nei_paired"),
    **{name: (name,) for name in ("snli_cat", "semiauto_base_wiki", "conjnli", "help_andor")},
}
#: Rows of one mixed shard, some 370k tokens. NLI rows are split evenly over their labels; small sources come round
#: several times in a run, long ones once.
SHARD_ROWS: Mapping[str, int] = {
    "mnli": 1_300,
    "snli_cat": 750,
    "cad": 240,
    "fever_short": 900,
    "semiauto_base_wiki": 24,
    "conjnli": 90,
    "help_andor": 20,
    "hans_style": 300,
    "fever_haystack": 420,
    "mnli_haystack": 120,
    "edited_rows": 400,
    "summaries": 200,
    "grounding": 600,
    "ledger": 180,
    "house_rules": 340,
    "bounds": 240,
}


class Mixer:
    """Deals mixed shards: NLI rows from decks, haystacks from labelled rows, grounding examples from scenes."""

    def __init__(
        self, rows: Mapping[tuple[str, str], Sequence[Example]], hans: Sequence[Example], grounding: Grounding
    ) -> None:
        """Build the decks; `rows` come from `read_nli`, `hans` is the half that may train."""
        self.rng = grounding.rng
        self.grounding = grounding
        self._decks: dict[tuple[str, str], Deck] = {}
        for name, sources in POOLS.items():
            for label in THREE:
                found = [row for source in sources for row in rows.get((source, label), ())]
                limit = 50 if name == "fever_short" else 90
                short = [row for row in found if len(row.premise.split()) <= limit]
                if short:
                    self._decks[name, label] = Deck(short, self.rng)
        for label in sorted({row.label for row in hans}):
            self._decks["hans_style", label] = Deck([row for row in hans if row.label == label], self.rng)
        self._fever = {
            label: Deck(
                [
                    replace(r, premise=tidy(r.premise))
                    for r in rows.get((source, label), ())
                    if len(r.premise.split()) <= 170
                ],
                self.rng,
            )
            for label, source in zip(THREE, ("fever", "fever_nei_paired", "fever"), strict=True)
            if rows.get((source, label))
        }
        fever = [tidy(row.premise) for label in THREE for row in rows.get(("fever", label), ())[:12_000]]
        mnli = [
            row.premise
            for (source, _), found in sorted(rows.items())
            if source.startswith("mnli")
            for row in found
        ]
        self._fever_hay = Haystack(sorted({p for p in fever if len(p.split()) <= 45}), self.rng)
        self._mnli_hay = Haystack(sorted({p for p in mnli if len(p.split()) <= 45}), self.rng)

    def _nli(self, name: str, count: int) -> list[Example]:
        labels = [label for label in (*THREE, "not_entailment") if (name, label) in self._decks]
        return [row for label in labels for row in self._decks[name, label].deal(count // len(labels))]

    def edited_rows(self, count: int) -> list[Example]:
        """Return labelled human-written claims beside the same claims with one thing changed (twins).

        The changed claim of an entailed FEVER row is a contradiction, of an MNLI row `not_entailment`. One row in five
        is a claim that was not entailed to begin with, changed too, so that the change is no sign.
        """
        corpus = self.grounding.corpora[0][0]
        edits = all_edits(corpus)
        made: list[Example] = []
        while len(made) < count:
            fever = self.rng.random() < 0.6
            label = ENTAILMENT if self.rng.random() < 0.8 else self.rng.choice((NEUTRAL, CONTRADICTION))
            row = (self._fever[label] if fever else self._decks["mnli", label]).deal(1)[0]
            if self.rng.random() < 0.5:
                hay = self._fever_hay if fever else self._mnli_hay
                row = hay.bury(row, "edited_rows", related=fever)
            changed = rewrite(row.hypothesis, self.rng, edits)
            if changed is None:
                continue
            if label != ENTAILMENT:
                made.append(replace(row, hypothesis=changed, label=NOT_ENTAILMENT, kind="edited_rows"))
                continue
            true = rewrite(row.hypothesis, self.rng, LOOK_EDITED) if self.rng.random() < 0.5 else None
            twin = f"e{len(made)}-{self.rng.randrange(10**9)}"
            false = CONTRADICTION if fever else NOT_ENTAILMENT
            made.append(replace(row, hypothesis=true or row.hypothesis, kind="edited_rows", twin=twin))
            made.append(replace(row, hypothesis=changed, label=false, kind="edited_rows", twin=twin))
        return made

    def summaries(self, count: int) -> list[Example]:
        """Return documents of several premises with a claim of two or three of their hypotheses.

        All entailed: entailed; one contradicted: contradiction; else one neutral: neutral. Twins share the document.
        """
        made: list[Example] = []
        while len(made) < count:
            fever = self.rng.random() < 0.5
            decks = {label: self._fever[label] if fever else self._decks["mnli", label] for label in THREE}
            bad = self.rng.choice((NEUTRAL, CONTRADICTION))
            size = self.rng.choice((2, 2, 3))
            good_rows = decks[ENTAILMENT].deal(size)
            bad_row = decks[bad].deal(1)[0]
            place = self.rng.randrange(size)
            document = [row.premise for row in (*good_rows, bad_row)]
            if len(set(document)) < len(document) or _words(document) > 170:
                continue
            self.rng.shuffle(document)
            claims = [_sentence(row.hypothesis) for row in good_rows]
            broken = [*claims[:place], _sentence(bad_row.hypothesis), *claims[place + 1 :]]
            twin = f"s{len(made)}-{self.rng.randrange(10**9)}"
            premise = " ".join(_sentence(part) for part in document)
            licence = good_rows[0].licence
            made.append(Example(premise, " ".join(claims), ENTAILMENT, "summaries", licence, twin))
            made.append(Example(premise, " ".join(broken), bad, "summaries", licence, twin))
        return made

    def shard(self, shares: Mapping[str, int] = SHARD_ROWS) -> list[Example]:
        """Return the rows of one shard."""
        rows: list[Example] = []
        for name, count in shares.items():
            if name in self.grounding.without:
                continue
            if name == "fever_haystack":
                dealt = [row for deck in self._fever.values() for row in deck.deal(count // 3)]
                rows += [self._fever_hay.bury(row, name, related=True) for row in dealt]
            elif name == "mnli_haystack":
                rows += [self._mnli_hay.bury(row, name, related=False) for row in self._nli("mnli", count)]
            elif name == "edited_rows":
                rows += self.edited_rows(count)
            elif name == "summaries":
                rows += self.summaries(count)
            elif name == "grounding":
                rows += self.grounding.take(count)
            elif name == "house_rules":
                rows += deal_rules(self.rng, count)
            elif name == "bounds":
                rows += deal_bounds(self.rng, count)
            elif name == "ledger":
                rows += deal_ledger(self.rng, count, self.grounding.corpora[0][0].persons)
            else:
                rows += self._nli(name, count)
        return rows
