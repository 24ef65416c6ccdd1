"""How a claim is put to a model beside a passage: an instruction beside a rule against something as a statement, "You should add salt".

A model trained on statements takes "Never open the valve" for support of "Open the valve", and for the opposite of
"Open the lid". Read as a statement of what one should do, both are told apart better.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from halluguard.grounding.fragments import FINITE
from halluguard.models import PairScorer, PairScores
from halluguard.text import restate

_VERB_LIST = """
accept add adjust allow apply arrange ask attach avoid bake be begin boil bring buy carry choose clean click close
complete confirm consider continue cool cover create cut deliver describe do don't download drain draw dry eat enable
ensure enter fill find fold follow get give go grate grease grind hang heat hold include inform insert install keep
knead leave let lift lower make mix move never obtain open pack pay peel pick plug pour prepare press provide pull
push put read refrain register remember remove repeat replace request reset restart rinse roll select send serve shut
sign simmer slide soak speak spread sprinkle start stay stir stop submit sweep switch take tap tell throw tie tighten
toss touch treat try turn type unplug untie update upload use verify wait warm wash wear whisk wipe wrap write
"""
_NOUN_TOO_LIST = """
book call change charge check contact cook cup drink drop exercise feed file fit freeze help lock log look mark mount
order park pass place plan plant print rest report return ring scan search set shake share slice store test top
transfer visit walk watch water work
"""
_VERBS = frozenset(_VERB_LIST.split())
_NOUNS_TOO = frozenset(_NOUN_TOO_LIST.split())
"""Verbs that start a sentence as a noun as often: only what follows shows which."""
_DENIES = re.compile(
    r"\b(?:never|not|cannot|no|nobody|avoid\w*|forbid\w*|prohibit\w*|banned)\b|n['’]t\b", re.IGNORECASE
)
_OBJECT = re.compile(
    r"(?:the|an?|your|our|its|it|them|us|me|this|that|these|those|any|all|each|every|both|some|no|only|one|two|three|four|five|six|"
    r"seven|eight|nine|ten|half|in|on|at|for|with|by|under|over|out|up|off|down|away|into|through|until|ahead|back|\d.*|\w+ly)$"
)
_LEAD = re.compile(
    r"(?:(?:please|then|next|first|second|third|finally|lastly|also|now|instead|simply|just)\b,?\s+){1,3}",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:how\s+to|tips?|steps?|advice|instructions?|method|directions?)\b[^:.?!]{0,80}:\s+", re.IGNORECASE
)
_FIRST = re.compile(r"([A-Za-z]+(?:['’]t)?)\s+(\S+)")
_NOT = re.compile(r"(?:do not|don['’]t)\s+(?:you\s+)?", re.IGNORECASE)
_CLAUSE = re.compile(
    r"[,;:(–—]|\b(?:that|if|when|while|until|before|after|because|so|as|which|who|whose|where|what|how|whether|unless|since|once|to|and|or|than)\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\w+ed\s+(?:the|an?|his|her|its|their|in|on|at|by|from|to|with|as|for)\b")
_REASON = re.compile(
    r",?\s+(?:so\s+(?:that|as\s+to|it|they|you|we|the|your)|in\s+order\s+(?:to|that)|because)\s.*$",
    re.IGNORECASE | re.DOTALL,
)
_SHOULD = re.compile(r"You should (?:not |never |always )?([A-Za-z]+)")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_ROOT_CHARS = 3
_LEFT_WORDS = 4
"""Words that must stand before a reason for it to be left out."""


@lru_cache(maxsize=4096)
def as_statement(claim: str) -> str:
    """Return an instruction as what one should do, and any other claim as it is.

    English only, by a list of verbs: what starts with another word, or holds a finite verb of its own ("Open fields are ..."), is
    no instruction. "Never open it." becomes "You should never open it.", and a label in front ("Step 2: ...") is left out.
    """
    rest = claim
    for opening in (_LABEL, _LEAD):
        found = opening.match(rest)
        rest = rest[found.end() :] if found else rest
    if not _instructs(rest):
        return claim
    denied = _NOT.match(rest)
    if denied:
        return f"You should not {rest[denied.end() :]}"
    return f"You should {rest[0].lower()}{rest[1:]}"


def _instructs(text: str) -> bool:
    found = _FIRST.match(text)
    if found is None or text.rstrip().endswith("?"):
        return False
    first, second = found[1].lower().replace("’", "'"), found[2]
    if first in _NOUNS_TOO:
        known = bool(_OBJECT.match(second))
    else:
        known = first in _VERBS and second != "of" and (second[0].islower() or not second[0].isalpha())
    denied = _NOT.match(text)
    if first in {"do", "don't"}:
        known = denied is not None and text[denied.end() :][:1].islower()
    after = text[found.end(1) :]
    if not known or _PAST.match(after.strip()):
        return False
    if denied or first == "never":
        return True
    main = _CLAUSE.split(after, maxsplit=1)[0]
    return not any(word.strip(".!\"'”").lower() in FINITE for word in main.split())


@lru_cache(maxsize=4096)
def without_reason(statement: str) -> str:
    """Return what one should do without the reason or purpose given: "You should add glue so that it sticks." says less then.

    What denies the part denies the whole. Conditions stay, and so does all of what one should not do, which says more without
    its reason; other statements are returned as they are.
    """
    if not statement.startswith("You should ") or statement.startswith(
        ("You should not ", "You should never ")
    ):
        return statement
    found = _REASON.search(statement)
    if found is None or len(statement[: found.start()].split()) < _LEFT_WORDS:
        return statement
    return f"{statement[: found.start()]}."


def forbids(premise: str, statement: str) -> bool:
    """Whether a sentence of a premise denies something and holds the verb of what one should do, in any regular form."""
    found = _SHOULD.match(statement)
    if found is None:
        return False
    root = found[1].lower()[: max(_ROOT_CHARS, len(found[1]) - 1)]
    return any(
        _DENIES.search(sentence) and re.search(rf"\b{root}", sentence, re.IGNORECASE)
        for sentence in _SENTENCE_END.split(premise)
    )


def score_claims(scorer: PairScorer, pairs: Sequence[tuple[str, str]]) -> PairScores:
    """Score (premise, claim) pairs, quantities written as the premise writes them, an instruction as a statement where it may forbid it.

    There the instruction with its reason is contradicted as surely as without it: the higher of both is its contradiction. Every
    other pair is what the scorer itself makes of it.
    """
    alike = [(premise, restate(claim, premise)) for premise, claim in pairs]
    told = [
        statement if forbids(premise, statement := as_statement(claim)) else None for premise, claim in alike
    ]
    stated = [(premise, one or claim) for (premise, claim), one in zip(alike, told, strict=True)]
    bare = [
        (row, (stated[row][0], short))
        for row, one in enumerate(told)
        if one is not None and (short := without_reason(one)) != one
    ]
    scores = scorer.score([*stated, *(pair for _, pair in bare)])
    if not bare:
        return scores
    rows = scores.probabilities[: len(pairs)].copy()
    for (row, _), (_, _, contradicts) in zip(bare, scores.probabilities[len(pairs) :], strict=True):
        if contradicts > rows[row, 2]:
            entails = min(rows[row, 0], 1 - contradicts)
            rows[row] = entails, 1 - contradicts - entails, contradicts
    return PairScores(rows, scores.truncated[: len(pairs)])
