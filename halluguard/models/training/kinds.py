"""Kinds of grounding examples: each a pure function of a scene and an rng that returns examples, or none.

A scene is a window of a page with its evidence and its surroundings. A generator that returns two examples ties
them as twins: same words nearly, different label. Labels: conflict with a stated value is a contradiction, an added
or missing detail is neutral; where a reader could argue between those two, the row says `not_entailment`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from halluguard.models.training.edits import all_edits
from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL, NOT_ENTAILMENT, Example
from halluguard.models.training.passages import Corpus, Passage, content_words, find_names
from halluguard.models.training.rewrites import LOOK_EDITED, SHORTENINGS, rewrite
from halluguard.models.training.wordlists import FRAMES


@dataclass(frozen=True, slots=True)
class Scene:
    """A passage to write claims about.

    `window`: the sentences shown, in order; `absent`: sentences of the same page that are not shown;
    `neighbours`: other pages near this one; `corpus`: for names; `subject`: what the page is about, or empty;
    `owners`: for each sentence of the window, the subject its opening pronoun stands for, or empty.
    """

    window: tuple[str, ...]
    absent: tuple[str, ...]
    neighbours: tuple[Passage, ...]
    corpus: Corpus
    subject: str
    licence: str
    owners: tuple[str, ...]

    @property
    def text(self) -> str:
        """The premise."""
        return " ".join(self.window)

    def with_sentence(self, index: int, sentence: str) -> Scene:
        """Return the scene with one sentence of the window replaced."""
        return replace(self, window=(*self.window[:index], sentence, *self.window[index + 1 :]))

    def plain(self, index: int) -> str:
        """Return one sentence of the window with its opening pronoun resolved."""
        return resolve(self.window[index], self.owners[index])

    def example(self, claim: str, label: str, kind: str, twin: str = "") -> Example:
        """Build an example on this premise."""
        return Example(self.text, claim, label, kind, self.licence, twin)


Generator = Callable[[Scene, random.Random], list[Example]]

_PRONOUN = re.compile(
    r"^(?:He|She|It|They) (?=(?:was|is|were|are|has|had|[a-z]+ed|won|became|wrote|began|made|led)\b)"
)


def resolve(sentence: str, subject: str) -> str:
    """Name the subject where the sentence opens with a pronoun."""
    if not subject or subject in sentence or re.match(r"^They", sentence):
        return sentence
    return _PRONOUN.sub(lambda _: subject + " ", sentence)


def _pick(scene: Scene, rng: random.Random) -> tuple[int, str]:
    index = rng.randrange(len(scene.window))
    return index, scene.window[index]


def true_form(sentence: str, rng: random.Random) -> str:
    """Return the sentence, shortened, or rewritten so that it looks edited."""
    for _ in range(rng.choice((0, 1, 1, 2))):
        table = rng.choice((LOOK_EDITED, LOOK_EDITED, SHORTENINGS))
        sentence = rewrite(sentence, rng, table) or sentence
    return sentence


def _edited(scene: Scene, sentence: str, rng: random.Random) -> str | None:
    """Return the sentence after one edit of a kind drawn evenly among those that apply."""
    context = [s for s in scene.window if s != sentence]
    edits = all_edits(scene.corpus, context)
    for name in rng.sample(sorted(edits), len(edits)):
        changed = edits[name](sentence, rng)
        if changed and changed != sentence and changed not in scene.text:
            return changed
    return None


def _overlap(claim: str, text: str) -> float:
    words = content_words(claim)
    return len(words & content_words(text)) / max(1, len(words))


def copied(scene: Scene, rng: random.Random) -> list[Example]:
    """Take a sentence of the passage, or a shortening or rewriting of it: entailed."""
    index, _ = _pick(scene, rng)
    claim = true_form(scene.plain(index), rng)
    return [scene.example(claim, ENTAILMENT, "copied")]


def edited_claim(scene: Scene, rng: random.Random) -> list[Example]:
    """Make a true claim, and the same with one thing changed: twins."""
    index, _ = _pick(scene, rng)
    claim = true_form(scene.plain(index), rng)
    changed = _edited(scene, claim, rng)
    if changed is None:
        return []
    return [
        scene.example(claim, ENTAILMENT, "edited_claim", "x"),
        scene.example(changed, CONTRADICTION, "edited_claim", "x"),
    ]


def edited_document(scene: Scene, rng: random.Random) -> list[Example]:
    """One claim against the passage and against the passage with one thing changed: twins.

    Half of the time the claim is the changed sentence, so that neither the natural text nor the changed one
    carries the label.
    """
    index, sentence = _pick(scene, rng)
    changed = _edited(scene, sentence, rng)
    if changed is None:
        return []
    other = scene.with_sentence(index, changed)
    left, right = (scene, other) if rng.random() < 0.5 else (other, scene)
    claim = rewrite(left.window[index], rng, LOOK_EDITED) or left.window[index]
    claim = resolve(claim if rng.random() < 0.5 else left.window[index], scene.owners[index])
    return [
        left.example(claim, ENTAILMENT, "edited_document", "x"),
        right.example(claim, CONTRADICTION, "edited_document", "x"),
    ]


def absent_sentence(scene: Scene, rng: random.Random) -> list[Example]:
    """Take a true sentence of the same page that the passage does not show: neutral."""
    pool = [s for s in scene.absent if _overlap(s, scene.text) < 0.7]
    if not pool:
        return []
    claim = true_form(resolve(rng.choice(pool), scene.subject), rng)
    return [scene.example(claim, NEUTRAL, "absent_sentence")]


def neighbour_sentence(scene: Scene, rng: random.Random) -> list[Example]:
    """Take a sentence of a page close by, as it is (neutral) or told of this subject (not entailed)."""
    page = rng.choice(scene.neighbours)
    sentence = rng.choice(page.sentences)
    if _overlap(sentence, scene.text) > 0.75:
        return []
    own = resolve(sentence, page.subject)
    if scene.subject and page.subject and own.startswith(page.subject) and rng.random() < 0.6:
        moved = scene.subject + own[len(page.subject) :]
        return [scene.example(re.sub(r"\s*\([^()]*\)", "", moved), NOT_ENTAILMENT, "neighbour_sentence")]
    return [scene.example(true_form(own, rng), NEUTRAL, "neighbour_sentence")]


def other_subject(scene: Scene, rng: random.Random) -> list[Example]:
    """Take a sentence of the passage, and the same told of somebody else of the same type: not entailed, twins.

    Half of the time the other one is named elsewhere in the passage.
    """
    index, _ = _pick(scene, rng)
    sentence = scene.plain(index)
    name = next(iter(find_names(sentence)), "")
    kind = scene.corpus.type_of(name)
    if not kind or not sentence.startswith((name, f"The {name}")):
        return []
    own = set(name.lower().split())
    near = sorted(
        {
            n
            for s in scene.window
            for n in find_names(s)
            if scene.corpus.type_of(n) == kind and n not in sentence
        }
    )
    near = [n for n in near if not own & set(n.lower().split())]
    pool: Sequence[str] = near if near and rng.random() < 0.5 else scene.corpus.names_of_type(kind)
    other = rng.choice(pool).removeprefix("the ") if pool else ""
    if not other or other in sentence or own & set(other.lower().split()):
        return []
    moved = sentence.replace(name, other, 1)
    return [
        scene.example(sentence, ENTAILMENT, "other_subject", "x"),
        scene.example(moved, NOT_ENTAILMENT, "other_subject", "x"),
    ]


_TAIL = re.compile(
    r"(?:,? (?:in|at|near|during|since|until|after|before|with|for|by|from|through|under|because of|due to|as part of)"
    r" (?:[\w'’\-]+ ?){1,6}|, (?:which|who|where|making|becoming|including) [^,.]{10,70})(?=\.$)"
)


def added_detail(scene: Scene, rng: random.Random) -> list[Example]:
    """Take a sentence of the passage, and the same with a phrase from elsewhere added: neutral, twins.

    The true twin keeps a phrase of its own where it has one, so that a trailing phrase is no sign.
    """
    index, _ = _pick(scene, rng)
    base = scene.plain(index)
    sources = [*scene.absent, *(s for page in scene.neighbours for s in page.sentences)]
    for source in rng.sample(sources, min(8, len(sources))):
        tail = _TAIL.search(source)
        words = content_words(tail.group()) if tail else frozenset()
        if not tail or not words or words & content_words(scene.text):
            continue
        stem = _TAIL.sub("", base).rstrip(". ") if rng.random() < 0.3 else base.rstrip(". ")
        if len(stem.split()) < 4 or not base.endswith("."):
            return []
        return [
            scene.example(base, ENTAILMENT, "added_detail", "x"),
            scene.example(stem + tail.group() + ".", NEUTRAL, "added_detail", "x"),
        ]
    return []


def _join(first: str, second: str, subject: str) -> str:
    """Join two sentences about one subject into a single claim."""
    first, second = resolve(first, subject), resolve(second, subject)
    if subject and first.startswith(subject) and second.startswith(subject):
        return first.rstrip(".") + " and" + second[len(subject) :]
    if not re.match(r"(?:The|It|He|She|They|This|In|His|Her|Its|A|An|There) ", second):
        return f"{first} {second}"
    return f"{first.rstrip('.')}, and {second[:1].lower()}{second[1:]}"


def _two(scene: Scene, rng: random.Random) -> tuple[int, int] | None:
    if len(scene.window) < 3:
        return None
    first, second = sorted(rng.sample(range(len(scene.window)), 2))
    if scene.owners[first] != scene.owners[second]:
        return None
    size = len(scene.window[first].split()) + len(scene.window[second].split())
    return (first, second) if size <= 55 else None


def two_sentences(scene: Scene, rng: random.Random) -> list[Example]:
    """Make a claim that needs two sentences: entailed; without one of them in the passage: neutral. Twins."""
    pair = _two(scene, rng)
    if pair is None:
        return []
    first, second = (_short(scene.window[i], rng) for i in pair)
    claim = _join(first, second, scene.owners[pair[0]])
    lost = rng.choice(pair)
    filler = [s for page in scene.neighbours for s in page.sentences if _overlap(scene.window[lost], s) < 0.5]
    swapped = scene.with_sentence(lost, rng.choice(filler)) if filler else None
    if swapped is None or _overlap(scene.window[lost], swapped.text) > 0.7:
        return []
    return [
        scene.example(claim, ENTAILMENT, "two_sentences", "x"),
        swapped.example(claim, NEUTRAL, "two_sentences", "x"),
    ]


def _short(sentence: str, rng: random.Random) -> str:
    return rewrite(sentence, rng, SHORTENINGS) or sentence


def half_true(scene: Scene, rng: random.Random) -> list[Example]:
    """Put two statements in one claim, both true; and with one of them changed (contradiction) or invented (neutral)."""
    pair = _two(scene, rng)
    if pair is None:
        return []
    parts = [_short(scene.window[i], rng) for i in pair]
    true = _join(parts[0], parts[1], scene.owners[pair[0]])
    which = rng.randrange(2)
    label = CONTRADICTION
    changed = _edited(scene, parts[which], rng)
    pool = [s for s in scene.absent if _overlap(s, scene.text) < 0.6]
    if pool and rng.random() < 0.4:
        changed, label = _short(rng.choice(pool), rng), NEUTRAL
    if changed is None:
        return []
    parts[which] = changed
    false = _join(parts[0], parts[1], scene.owners[pair[0]])
    return [scene.example(true, ENTAILMENT, "half_true", "x"), scene.example(false, label, "half_true", "x")]


def framed(scene: Scene, rng: random.Random) -> list[Example]:
    """Let the passage report, deny or affirm a statement that the claim makes plainly. All words shared."""
    index, sentence = _pick(scene, rng)
    plain = scene.plain(index)
    if not find_names(sentence[:30]) and not re.match(r"(?:The|It|He|She|This|His|Her|Its|A|An) ", sentence):
        return []
    inner = (
        sentence
        if not re.match(r"(?:The|It|He|She|This|His|Her|Its|A|An) ", sentence)
        else sentence[:1].lower() + sentence[1:]
    )
    label = rng.choice((NEUTRAL, NEUTRAL, CONTRADICTION, ENTAILMENT, ENTAILMENT))
    frame = rng.choice([text for text, what in FRAMES if what == label])
    return [scene.with_sentence(index, frame.format(inner)).example(plain, label, "framed")]


#: (pattern over a sentence, question, which group answers). `{x}` is the subject as the sentence names it.
QUESTIONS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) \((?:[^)]*?\b)?born (?:on )?(?P<a>[^);,–]*\d{4})"), "When was {x} born?", "date"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) (?:was|is) .*?\bdirected by (?P<a>(?:[A-Z][\w.'\-]+ ?){2,3})"), "Who directed {x}?", "person"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) (?:was|is) .*?\bwritten by (?P<a>(?:[A-Z][\w.'\-]+ ?){2,3})"), "Who wrote {x}?", "person"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) .*?\b(?:starring|stars) (?P<a>(?:[A-Z][\w.'\-]+ ?){2,3})"), "Who stars in {x}?", "person"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) (?:is|was) (?:an? |the )(?P<a>[^,.]*?\b(?:film|player|politician|actor|actress|singer|album|song|novel|director|village|town|writer|musician|composer))\b"), "What is {x}?", "noun"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) .*?\breleased (?:on|in) (?P<a>[^,.]*\d{4}|[A-Z][a-z]+ \d{1,2}, \d{4})"), "When was {x} released?", "date"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) .*?\b(?:founded|established) in (?P<a>\d{4})"), "When was {x} founded?", "date"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) .*?\bdied (?:on|in) (?P<a>[^,.]*\d{4})"), "When did {x} die?", "date"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) .*?\blocated in (?P<a>(?:[A-Z][\w.'\-]+,? ?){1,3})"), "Where is {x} located?", "place"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) .*?\b(?:son|daughter) of (?P<a>(?:[A-Z][\w.'\-]+ ?){2,3})"), "Who was a parent of {x}?", "person"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) .*?\bborn in (?P<a>(?:[A-Z][\w.'\-]+,? ?){1,3})"), "Where was {x} born?", "place"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) .*?\bmarried (?P<a>(?:[A-Z][\w.'\-]+ ?){2,3})"), "Who did {x} marry?", "person"),
    (re.compile(r"^(?P<x>[A-Z][\w.'\- ]{3,40}?) .*?\bcomposed by (?P<a>(?:[A-Z][\w.'\-]+ ?){2,3})"), "Who composed {x}?", "person"),
)  # fmt: skip


def question_answer(scene: Scene, rng: random.Random) -> list[Example]:
    """Ask a question about the passage with a short answer: right, wrong (twins), or about what it does not say."""
    found = []
    for index, sentence in enumerate(scene.window):
        plain = resolve(sentence, scene.owners[index])
        for pattern, question, kind in QUESTIONS:
            match = pattern.search(plain)
            if match and len(match["a"].split()) <= 8 and find_names(match["x"])[:1] == [match["x"].strip()]:
                found.append((index, question.format(x=match["x"].strip()), match["a"].strip(" ,."), kind))
    if not found:
        return []
    index, question, answer, kind = rng.choice(found)
    if rng.random() < 0.35:
        filler = [s for page in scene.neighbours for s in page.sentences if answer not in s]
        without = scene.with_sentence(index, rng.choice(filler)) if filler else scene
        if answer in without.text:
            return []
        return [
            scene.example(f"{question} {answer}", ENTAILMENT, "question_answer", "x"),
            without.example(f"{question} {answer}", NEUTRAL, "question_answer", "x"),
        ]
    wrong = _other_answer(scene, answer, kind, rng)
    if wrong is None:
        return []
    return [
        scene.example(f"{question} {answer}", ENTAILMENT, "question_answer", "x"),
        scene.example(f"{question} {wrong}", CONTRADICTION, "question_answer", "x"),
    ]


def _other_answer(scene: Scene, answer: str, kind: str, rng: random.Random) -> str | None:
    edits = all_edits(scene.corpus)
    if kind == "date":
        return edits["date"](answer, rng)
    if kind == "noun":
        return (
            edits["sibling"](answer, rng) or edits["nationality"](answer, rng) or edits["date"](answer, rng)
        )
    near = [
        n
        for s in scene.window
        for n in find_names(s)
        if scene.corpus.type_of(n) == kind and n not in answer and answer not in n
    ]
    pool: Sequence[str] = near if near and rng.random() < 0.6 else scene.corpus.names_of_type(kind)
    if not pool:
        return None
    wrong = rng.choice(pool)
    return None if set(wrong.lower().split()) & set(answer.lower().split()) else wrong


def answer_shape(claim: str, rng: random.Random) -> str:
    """Dress a claim as answers are: a list item, bold words, lower case, no full stop, a lead-in."""
    style = rng.randrange(6)
    if style == 0:
        return f"- {claim}"
    if style == 1:
        return f"{rng.randrange(1, 7)}. {claim}"
    if style == 2:
        return claim.rstrip(".")
    if style == 3:
        return claim.lower()
    if style == 4:
        words = claim.split()
        start = rng.randrange(len(words))
        words[start] = f"**{words[start]}**"
        return " ".join(words)
    lead = rng.choice(
        ("According to the passage, ", "Yes, ", "Based on the given passages, ", "The text states that ")
    )
    return lead + claim


KINDS: dict[str, Generator] = {
    "copied": copied,
    "edited_claim": edited_claim,
    "edited_document": edited_document,
    "absent_sentence": absent_sentence,
    "neighbour_sentence": neighbour_sentence,
    "other_subject": other_subject,
    "added_detail": added_detail,
    "two_sentences": two_sentences,
    "half_true": half_true,
    "framed": framed,
    "question_answer": question_answer,
}
#: How often each kind is tried, out of their sum.
KIND_WEIGHTS: dict[str, int] = {
    "copied": 2,
    "edited_claim": 6,
    "edited_document": 4,
    "absent_sentence": 7,
    "neighbour_sentence": 5,
    "other_subject": 6,
    "added_detail": 5,
    "two_sentences": 4,
    "half_true": 4,
    "framed": 2,
    "question_answer": 4,
}
