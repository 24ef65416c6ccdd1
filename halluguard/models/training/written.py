"""Pairs written for this project: read them, tie near twins, keep some back to measure with."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from rapidfuzz.fuzz import ratio
from rapidfuzz.process import extractOne

from halluguard.corpus import INSTALLED, find_folder
from halluguard.grounding.features import share_of_words
from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL, Example
from halluguard.models.training.kinds import true_form
from halluguard.text import split_sentences

#: How a claim line begins, and what the author says of it.
MARKS = {"+": ENTAILMENT, "-": CONTRADICTION, "?": NEUTRAL}
LICENCE = "Apache-2.0 (written for this project)"
TWIN_RATIO = 75.0
"""Edit similarity, in percent, from which a wrong claim is a twin of a right one of its document."""
HELD_SHARE = 12
"""One document in so many is measured with and never trained on."""
LEAST_WORDS = 6
"""Words of a sentence that is worth copying."""
BANDS = 5
"""Steps of the share of a claim's words that its document holds, within which labels are evened out."""

_SLOT = re.compile(r"([^{}]*)\{([^{}]*)\}([^{}]*)")
"""A sentence with a place for one of several alternatives."""

_TALK = re.compile(r"^[^.!?\n]{1,40}: ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class WrittenClaim:
    """A claim under a document, or an answer under its question, and the author's label."""

    label: str
    text: str
    question: str | None = None
    frame: str = ""
    """The sentence with its alternatives that it is one of, where it is."""

    @property
    def hypothesis(self) -> str:
        """Return what the model reads: an answer stands behind its question."""
        return f"{self.question} {self.text}" if self.question else self.text


@dataclass(frozen=True, slots=True)
class Block:
    """A document with its claims."""

    document: str
    claims: tuple[WrittenClaim, ...]

    @property
    def held_back(self) -> bool:
        """Tell whether the document is kept out of training, by a hash of its text."""
        return int.from_bytes(sha256(self.document.encode()).digest()[:4]) % HELD_SHARE == 0


def read_blocks(path: Path) -> Iterator[Block]:
    """Yield the blocks of a file: `== genre`, lines `D: ` of the document, then claims `+ `, `- `, `? ` and questions `Q: `.

    A line `* The desk opens {+at eight|-at nine|?early}.` is a claim for each alternative.

    Raises:
        ValueError: a line is none of these, or stands where it cannot.

    """
    document: list[str] = []
    claims: list[WrittenClaim] = []
    question: str | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        mark, _, text = line.strip().partition(" ")
        text = text.strip()
        if mark == "==":
            if document:
                yield Block("\n".join(document), tuple(claims))
            document, claims, question = [], [], None
        elif mark == "D:" and text and not claims and question is None:
            document.append(text)
        elif mark == "Q:" and text and document:
            question = text
        elif mark in MARKS and text and document:
            claims.append(WrittenClaim(MARKS[mark], text, question))
        elif mark == "*" and document and (alternatives := _fill(text)):
            claims += [WrittenClaim(label, claim, question, frame=text) for label, claim in alternatives]
        elif mark:
            msg = (
                f"{path}:{number}: expected '== genre', 'D: ', 'Q: ', '+ ', '- ', '? ' or '* ' with one {{+this|-that}}, "
                f"in this order, found {line[:60]!r}"
            )
            raise ValueError(msg)
    if document:
        yield Block("\n".join(document), tuple(claims))


def _fill(sentence: str) -> list[tuple[str, str]]:
    """Return label and text of each alternative of a sentence, none where it is not written as one."""
    found = _SLOT.fullmatch(sentence)
    if found is None:
        return []
    before, slot, after = found.groups()
    alternatives = slot.split("|")
    if not all(one[:1] in MARKS for one in alternatives):
        return []
    texts = [" ".join(f"{before}{one[1:]}{after}".split()) for one in alternatives]
    return [
        (MARKS[one[0]], text[:1].upper() + text[1:]) for one, text in zip(alternatives, texts, strict=True)
    ]


def examples_of(block: Block, kind: str) -> list[Example]:
    """Return the pairs of a block; a wrong claim that nearly repeats a right one is tied to it as its twin, alternatives of a sentence are."""
    alone = [claim for claim in block.claims if not claim.frame]
    right = [claim.hypothesis for claim in alone if claim.label == ENTAILMENT]
    digest = sha256(block.document.encode()).hexdigest()[:12]
    frames = {frame: number for number, frame in enumerate(dict.fromkeys(c.frame for c in block.claims))}
    twins = {c.hypothesis: f"{digest}:*{frames[c.frame]}" for c in block.claims if c.frame}
    for wrong in (claim.hypothesis for claim in alone if claim.label != ENTAILMENT):
        if best := extractOne(wrong, right, scorer=ratio, score_cutoff=TWIN_RATIO):
            twin, _, number = best
            twins[wrong] = twins[twin] = f"{digest}:{number}"
    return [
        Example(
            block.document,
            claim.hypothesis,
            claim.label,
            kind,
            LICENCE,
            twin=twins.get(claim.hypothesis, ""),
        )
        for claim in block.claims
    ]


def copies_of(block: Block, rng: random.Random) -> list[Example]:
    """Return a sentence of a prose document, as it stands or lightly reworded: entailed.

    Authors word right claims anew and spoil the document's own words for wrong ones; without copies a model learns from them
    that shared words are a bad sign.
    """
    if _TALK.search(block.document):
        return []
    sentences = [block.document[span.start : span.end] for span in split_sentences(block.document)]
    told = [
        sentence for sentence in sentences if len(sentence.split()) >= LEAST_WORDS and sentence[-1] == "."
    ]
    if not told:
        return []
    claim = true_form(rng.choice(told), rng)
    return [Example(block.document, claim, ENTAILMENT, "written_copied", LICENCE)]


def even_out(rows: Sequence[Example], rng: random.Random) -> list[Example]:
    """Return rows so that among those of one part that share as many words with their document no label outnumbers both others."""
    alike: dict[tuple[str, int], dict[str, list[Example]]] = {}
    for row in rows:
        shared = min(BANDS - 1, int(BANDS * share_of_words(row.hypothesis, row.premise)))
        alike.setdefault((row.kind, shared), {}).setdefault(row.label, []).append(row)
    kept: list[Example] = []
    for by_label in alike.values():
        total = sum(map(len, by_label.values()))
        for found in by_label.values():
            kept += rng.sample(found, min(len(found), total - len(found)))
    return kept


def find_written() -> Path:
    """Return the folder of written pairs, in the package or beside it in a checkout."""
    folder = find_folder("written")
    if folder is None:
        msg = f"no written pairs: expected them in {INSTALLED / 'written'}"
        raise FileNotFoundError(msg)
    return folder


def read_parts(folder: Path, *, held_back: bool) -> list[tuple[str, Block]]:
    """Read the blocks that train, or those held back, each with its kind: the name of the folder its file lies in.

    Raises:
        FileNotFoundError: there is no file.
        ValueError: a line cannot be read.

    """
    paths = sorted(folder.glob("*/*.txt"))
    if not paths:
        msg = f"{folder}: expected written pairs in GENRE/*.txt, found none"
        raise FileNotFoundError(msg)
    return [
        (f"written_{path.parent.name}", block)
        for path in paths
        for block in read_blocks(path)
        if block.held_back is held_back
    ]


def read_written(folder: Path, *, held_back: bool) -> list[Example]:
    """Read the written pairs that train, or those held back (see `read_parts`)."""
    return [
        example
        for kind, block in read_parts(folder, held_back=held_back)
        for example in examples_of(block, kind)
    ]
