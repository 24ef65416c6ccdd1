"""Edits that change what a sentence says while most of its words stay: each a pure function of sentence and rng.

An edit returns the changed sentence, or None where it does not apply. What it returns conflicts with the
sentence it was made from.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

from halluguard.models.training.passages import Corpus, find_names
from halluguard.models.training.wordlists import (
    ANTONYMS,
    DIRECTED_VERBS,
    MONTHS,
    NATIONALITIES,
    NUMBER_WORDS,
    ORDINALS,
    QUANTIFIERS,
    SIBLINGS,
    UNITS,
    VERBS,
)

_YEAR = re.compile(r"\b(1[0-9]{3}|20[0-2][0-9])(?=s?\b)")
_NUMBER = re.compile(r"(?<![\w.,\-–])(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?![\d\w]|[.,]\d)")
_AUXILIARY = re.compile(
    r"\b(is|was|are|were|has|have|had|can|could|will|would|may|might|should|must|did|does|do)\b(?! not\b|n't| no\b)"
)
_NEGATED = re.compile(
    r"\b(is|was|are|were|has|have|had|can|could|will|would|may|might|should|must) not\b|\bcannot\b"
)


def _replace(sentence: str, match: re.Match[str], new: str) -> str:
    return sentence[: match.start()] + new + sentence[match.end() :]


def _match_case(new: str, old: str) -> str:
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


@cache
def _word(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w\-]){re.escape(text)}(?![\w\-])")


def _pick_pair(sentence: str, pairs: Sequence[tuple[str, str]], rng: random.Random) -> str | None:
    """Replace one occurrence of a left member by its right member, keeping a capital."""
    lowered = sentence.lower()
    hits = []
    for left, right in pairs:
        if left.lower() not in lowered:
            continue
        hits += [(m, right) for m in _word(left).finditer(sentence)]
        capital = _word(left[:1].upper() + left[1:]).match(sentence)
        if capital and left[:1].islower():
            hits.append((capital, _match_case(right, sentence)))
    if not hits:
        return None
    match, new = rng.choice(sorted(hits, key=lambda hit: (hit[0].start(), hit[1])))
    return _replace(sentence, match, new)


def edit_number(sentence: str, rng: random.Random) -> str | None:
    """Change a count, an amount or an ordinal that is not a year."""
    hits: list[tuple[re.Match[str], str]] = []
    for match in _NUMBER.finditer(sentence):
        text = match.group()
        dated = re.match(rf",? (?:{'|'.join(MONTHS)}|\d{{4}})\b", sentence[match.end() :])
        if (
            not _YEAR.fullmatch(text)
            and not dated
            and not sentence[: match.start()].endswith(tuple(f"{m} " for m in MONTHS))
        ):
            hits.append((match, _other_number(text, rng)))
    for word in NUMBER_WORDS:
        others = [w for w in NUMBER_WORDS if w != word]
        hits.extend((match, rng.choice(others)) for match in _word(word).finditer(sentence))
    for word in ORDINALS:
        others = [w for w in ORDINALS[:6] if w != word]
        hits.extend((match, rng.choice(others)) for match in _word(word).finditer(sentence))
    if not hits:
        return None
    match, new = rng.choice(hits)
    return _replace(sentence, match, new)


def _other_number(text: str, rng: random.Random) -> str:
    value = float(text.replace(",", ""))
    if "." in text:
        places = len(text.split(".")[1])
        return f"{value * rng.choice((0.5, 0.8, 1.3, 2.0)) + 10**-places:.{places}f}"
    whole = int(value)
    choices = {whole + d for d in (1, 2, 3, 5, 10)} | {whole * 2, whole * 10}
    choices |= {max(1, whole - d) for d in (1, 2, 3)} | {max(1, whole // 2)}
    if whole >= 100:
        choices |= {int(str(whole)[::-1]) or 1, whole + rng.randrange(10, 90)}
    new = rng.choice(sorted(choices - {whole}))
    return f"{new:,}" if "," in text else str(new)


def edit_date(sentence: str, rng: random.Random) -> str | None:
    """Change a year, a month, a day of the month."""
    hits: list[tuple[re.Match[str], str]] = []
    for match in _YEAR.finditer(sentence):
        shift = rng.choice((-30, -20, -12, -10, -7, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 8, 10, 11, 20, 100))
        hits.append(
            (match, str(int(match.group()) + (shift * 10 if sentence[match.end() :][:1] == "s" else shift)))
        )
    for month in MONTHS:
        others = [m for m in MONTHS if m != month]
        hits.extend(
            (match, rng.choice(others))
            for match in _word(month).finditer(sentence)
            if month != "May" or re.search(r"(?:\d|in|since|until) $", sentence[: match.start()])
        )
    days = re.finditer(
        rf"\b\d{{1,2}}(?= (?:{'|'.join(MONTHS)})\b)|(?<=[a-z] )\b\d{{1,2}}(?=, \d{{4}})", sentence
    )
    hits.extend(
        (match, str(rng.choice([d for d in range(1, 29) if d != int(match.group())]))) for match in days
    )
    if not hits:
        return None
    match, new = rng.choice(hits)
    return _replace(sentence, match, new)


def edit_unit(sentence: str, rng: random.Random) -> str | None:
    """Change a unit that follows a number."""
    counted = re.compile(r"(?:\d|\b(?:" + "|".join((*NUMBER_WORDS, "several", "few")) + r")) $")
    hits: list[tuple[re.Match[str], str]] = []
    for group in UNITS:
        hits.extend(
            (match, rng.choice(group[1:]))
            for match in re.finditer(rf"(?<=[\d\w] ){re.escape(group[0])}\b", sentence)
            if counted.search(sentence[: match.start()])
        )
    if not hits:
        return None
    match, new = rng.choice(hits)
    return _replace(sentence, match, new)


def edit_name(sentence: str, rng: random.Random, corpus: Corpus, context: Sequence[str] = ()) -> str | None:
    """Put another name of the same type in place of a person, a place or a body.

    Half of the time the new name comes from `context` (other sentences of the passage) if one fits. A new name
    shares no word with any name of the sentence.
    """
    names = find_names(sentence)
    present = {word.lower() for name in names for word in name.split()}
    order = rng.sample(names, len(names))
    for name in order:
        kind = corpus.type_of(name)
        if not kind or sentence.startswith(name):
            continue
        near = sorted({n for s in context for n in find_names(s) if corpus.type_of(n) == kind})
        near = [n for n in near if not present & set(n.lower().split())]
        pool: Sequence[str] = near if near and rng.random() < 0.5 else corpus.names_of_type(kind)
        for _ in range(6):
            new = rng.choice(pool)
            if new not in sentence and name not in new and _differs(new, name, kind):
                match = _word(name).search(sentence)
                return _replace(sentence, match, new.removeprefix("the ")) if match else None
    return None


def edit_near_value(sentence: str, rng: random.Random, context: Sequence[str]) -> str | None:
    """Put a year or a number that another sentence of the passage states in place of one of this sentence.

    What is swapped stands in the passage, so that looking for the value there finds it.
    """
    hits: list[tuple[re.Match[str], str]] = []
    for pattern in (_YEAR, _NUMBER):
        own = list(pattern.finditer(sentence))
        taken = {match.group() for match in own}
        near = sorted({m.group() for other in context for m in pattern.finditer(other)} - taken)
        if pattern is _NUMBER:
            near = [value for value in near if not _YEAR.fullmatch(value)]
            own = [match for match in own if not _YEAR.fullmatch(match.group())]
        hits += [(match, value) for match in own for value in near if len(value) == len(match.group())]
    if not hits:
        return None
    match, new = rng.choice(hits)
    return _replace(sentence, match, new)


def _differs(new: str, old: str, kind: str) -> bool:
    left, right = set(new.lower().split()), set(old.lower().split())
    return (
        not left & right
        if kind in ("person", "place")
        else left != right and not (left < right or right < left)
    )


def edit_nationality(sentence: str, rng: random.Random) -> str | None:
    """Change a nationality or language adjective."""
    hits = [m for word in NATIONALITIES for m in _word(word).finditer(sentence)]
    if not hits:
        return None
    match = rng.choice(hits)
    return _replace(sentence, match, rng.choice([n for n in NATIONALITIES if n not in sentence]))


def edit_negation(sentence: str, rng: random.Random) -> str | None:
    """Negate the main verb, or take a negation out."""
    negated = _NEGATED.search(sentence)
    if negated:
        return _replace(sentence, negated, "can" if negated.group() == "cannot" else negated.group(1))
    if match := re.search(r"\bdid not (\w+)\b", sentence):
        past = next((p for p, (base, _) in VERBS.items() if base == match.group(1)), None)
        return _replace(sentence, match, past) if past else None
    if match := re.search(r"\bnever (?=\w)", sentence):
        return _replace(sentence, match, "")
    return _insert_not(sentence, rng)


def _insert_not(sentence: str, rng: random.Random) -> str | None:
    if re.search(r"\b(?:not|never|no|neither|nor|without)\b|n't", sentence):
        return None
    head = re.split(r"[,;:]| which | who | that | where ", sentence)[0]
    auxiliary = _AUXILIARY.search(head)
    past = next((m for m in re.finditer(r"\b[a-z]+\b", head) if m.group() in VERBS), None)
    if auxiliary and (past is None or auxiliary.start() < past.start()):
        word = auxiliary.group()
        form = rng.choice((f"{word} not", f"{word} not", f"{word} never"))
        return _replace(sentence, auxiliary, form)
    if (
        past
        and not re.search(r"\b(?:by|to|be|been|was|were|a|an|the|and)\s$", sentence[: past.start()])
        and not re.match(r" by\b", sentence[past.end() :])
    ):
        return _replace(sentence, past, rng.choice(("did not ", "never ")) + VERBS[past.group()][0]).replace(
            f"never {VERBS[past.group()][0]}", f"never {past.group()}"
        )
    return None


def edit_quantifier(sentence: str, rng: random.Random) -> str | None:
    """Change how many, how much or how often."""
    return _pick_pair(sentence, QUANTIFIERS, rng)


def edit_modality(sentence: str, rng: random.Random) -> str | None:
    """Turn what can, will or must be into what cannot, will not or need not."""
    pairs = (("can", "cannot"), ("will", "will never"), ("must", "need not"), ("may", "must not"), ("is likely to", "is unlikely to"),
             ("could", "could never"), ("is able to", "is unable to"), ("is required to", "is forbidden to"),
             ("should", "should not"), ("is expected to", "is not expected to"))  # fmt: skip
    return None if " not " in sentence else _pick_pair(sentence, pairs, rng)


_BOTH_WAYS = tuple(ANTONYMS) + tuple((b, a) for a, b in ANTONYMS)
_SIBLING_PAIRS = tuple((a, b) for group in SIBLINGS for a in group for b in group if a != b)


def edit_antonym(sentence: str, rng: random.Random) -> str | None:
    """Replace a word by its opposite, in either direction."""
    return _pick_pair(sentence, _BOTH_WAYS, rng)


def edit_sibling(sentence: str, rng: random.Random) -> str | None:
    """Replace a common noun by another of its kind (film, novel; actor, singer), minding `a` and `an`."""
    changed = _pick_pair(sentence, _SIBLING_PAIRS, rng)
    return fix_article(changed) if changed else None


def fix_article(sentence: str) -> str:
    """Make `a` and `an` agree with the next letter; good enough for the tables here."""
    sentence = re.sub(r"\b([Aa]) (?=[aeio]\w)", r"\1n ", sentence)
    return re.sub(r"\b([Aa])n (?=[bcdfgjklmnpqrstvwyz]\w)", r"\1 ", sentence)


def edit_roles(sentence: str, rng: random.Random) -> str | None:
    """Exchange two names that stand on either side of a verb or relation with a direction."""
    relation = re.compile(
        r"\b(?:"
        + "|".join(DIRECTED_VERBS)
        + r"|by|son of|daughter of|north of|south of|east of|west of|before|after"
        r"|starring|replacing|student of|wife of|husband|owned|bought|from|to|over|against|named after|beat)\b"
    )
    names = [name for name in find_names(sentence) if name not in NATIONALITIES]
    pairs = []
    for left, right in pairwise(names):
        if left == right or left in right or right in left:
            continue
        start, end = sentence.find(left), sentence.rfind(right)
        between = sentence[start + len(left) : end]
        if (
            0 <= start < end
            and len(between) < 50
            and relation.search(between)
            and not re.search(r"\d", left + right)
        ):
            pairs.append((start, left, end, right))
    if not pairs:
        return None
    start, left, end, right = rng.choice(pairs)
    return sentence[:start] + right + sentence[start + len(left) : end] + left + sentence[end + len(right) :]


Edit = Callable[[str, random.Random], str | None]

#: Every edit that needs the sentence alone; `all_edits` adds those that need the corpus or the passage.
PLAIN_EDITS: dict[str, Edit] = {
    "number": edit_number,
    "date": edit_date,
    "unit": edit_unit,
    "nationality": edit_nationality,
    "negation": edit_negation,
    "quantifier": edit_quantifier,
    "modality": edit_modality,
    "antonym": edit_antonym,
    "sibling": edit_sibling,
    "roles": edit_roles,
}


def all_edits(corpus: Corpus, context: Sequence[str] = ()) -> dict[str, Edit]:
    """Return every edit by name; `name` and `near_value` are bound to the corpus and to the rest of the passage."""
    return {
        **PLAIN_EDITS,
        "name": lambda sentence, rng: edit_name(sentence, rng, corpus, context),
        "near_value": lambda sentence, rng: edit_near_value(sentence, rng, context),
    }
