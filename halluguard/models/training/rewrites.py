"""Rewrites that keep what a sentence says, or say less: the true counterpart of every edit.

They touch the same places as the edits (numbers, dates, quantifiers, verbs, names), so that a changed surface
predicts nothing. What they return follows from the sentence they were made from.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from halluguard.models.training.edits import _pick_pair, _replace, fix_article
from halluguard.models.training.passages import find_names
from halluguard.models.training.wordlists import (
    DIRECTED_VERBS,
    MONTHS,
    NATIONALITIES,
    NUMBER_WORDS,
    SYNONYMS,
    VERBS,
    WEAKER,
)

Rewrite = Callable[[str, random.Random], str | None]

_MONTH = "|".join(MONTHS)
_DIGITS_OF = {str(value): word for word, value in NUMBER_WORDS.items()}


def rewrite_number(sentence: str, rng: random.Random) -> str | None:
    """Write a number another way, or weaken it to a bound: 1,200,000 to 1.2 million, twelve to 12, 52 to over 50."""
    hits: list[tuple[re.Match[str], str]] = []
    for match in re.finditer(r"(?<![\w.,\-–$])(\d{1,3}(?:,\d{3})+|\d+)(?![\d\w%]|[.,]\d|-)", sentence):
        value = int(match.group().replace(",", ""))
        before = sentence[: match.start()].lower()
        if re.search(
            rf"(?:{_MONTH}|than|over|least|most|to|under|about|chapter|no\.|number|part) $",
            before,
            re.IGNORECASE,
        ):
            continue
        if value >= 1_000_000 and value % 100_000 == 0:
            hits.append((match, f"{value / 1e6:g} million"))
        is_year = 1000 <= value < 2030 and "," not in match.group()
        follows = re.match(rf" (?!{_MONTH})[a-z]", sentence[match.end() :])
        if value >= 20 and not is_year and follows:
            digits = 10 ** (len(str(value)) - 1)
            floor = value // digits * digits
            if floor < value:
                hits.append((match, f"{rng.choice(('over', 'more than', 'at least'))} {floor:,}"))
            hits.append((match, f"at least {match.group()}"))
        if match.group() in _DIGITS_OF and follows:
            hits.append((match, _DIGITS_OF[match.group()]))
        if "," in match.group():
            hits.append((match, match.group().replace(",", "")))
    for word, value in NUMBER_WORDS.items():
        hits.extend(
            (match, rng.choice((str(value), str(value), f"at least {word}")))
            for match in re.finditer(rf"(?<![\w\-])(?<!than )(?<!least ){word}(?![\w\-])(?= [a-z])", sentence)
        )
    if not hits:
        return None
    match, new = rng.choice(hits)
    return _replace(sentence, match, new)


def rewrite_date(sentence: str, rng: random.Random) -> str | None:
    """Write a date in another order, or coarser: the month and year, the year, the decade."""
    options: list[tuple[re.Match[str], str]] = []
    for match in re.finditer(rf"\b(?P<on>on )?(?P<d>\d{{1,2}}) (?P<m>{_MONTH}) (?P<y>\d{{4}})\b", sentence):
        options += _coarser(match, f"{match['m']} {match['d']}, {match['y']}")
    for match in re.finditer(rf"\b(?P<on>on )?(?P<m>{_MONTH}) (?P<d>\d{{1,2}}), (?P<y>\d{{4}})\b", sentence):
        options += _coarser(match, f"{match['d']} {match['m']} {match['y']}")
    for match in re.finditer(rf"\bin (?:(?:{_MONTH}) )(\d{{4}})\b", sentence):
        options.append((match, f"in {match.group(1)}"))
    for match in re.finditer(r"\b[Ii]n (1[5-9]\d|20[0-2])\d(?= [a-z]|[,.])", sentence):
        options.append((match, f"{match.group()[:2]} the {match.group(1)}0s"))
    if not options:
        return None
    match, new = rng.choice(options)
    return _replace(sentence, match, new)


def _coarser(match: re.Match[str], other_order: str) -> list[tuple[re.Match[str], str]]:
    if match["on"]:
        return [
            (match, f"on {other_order}"),
            (match, f"in {match['m']} {match['y']}"),
            (match, f"in {match['y']}"),
        ]
    return [(match, other_order)]


def rewrite_weaker(sentence: str, rng: random.Random) -> str | None:
    """Weaken a quantifier of a sentence without negation."""
    return (
        None
        if re.search(r"\b(?:not|no|never|none|without)\b", sentence)
        else _pick_pair(sentence, WEAKER, rng)
    )


def rewrite_synonym(sentence: str, rng: random.Random) -> str | None:
    """Replace a word or phrase by one that says the same."""
    changed = _pick_pair(sentence, SYNONYMS, rng)
    return fix_article(changed) if changed else None


def rewrite_synonyms(sentence: str, rng: random.Random) -> str | None:
    """Replace up to three words, so that more than one place looks edited."""
    first = rewrite_synonym(sentence, rng)
    if first is None:
        return None
    return rewrite_synonym(rewrite_synonym(first, rng) or first, rng) or first


def drop_parenthesis(sentence: str, _rng: random.Random) -> str | None:
    """Leave out what stands in brackets."""
    changed = re.sub(r"\s*\([^()]*\)", "", sentence)
    return changed if changed != sentence and len(changed.split()) >= 4 else None


def drop_tail(sentence: str, _rng: random.Random) -> str | None:
    """Leave out a trailing participle, relative or `with` clause after a comma."""
    match = re.search(
        r", (?:which|who|whose|where|including|making|becoming|following|based|especially|particularly|as well as|such as"
        r"|along with|starring|featuring|but|and|while|with|although)\b[^,]*\.$",
        sentence,
    )
    return _end(sentence[: match.start()]) if match and match.start() > 25 else None


def drop_adverbial(sentence: str, _rng: random.Random) -> str | None:
    """Leave out a leading time or linking phrase."""
    match = re.match(
        r"(?:In|On|During|After|Since|By|At|Throughout|From) [^,\x22]{2,40}, |(?:However|Therefore|Additionally|Furthermore|Moreover|Also"
        r"|Later|Today|Originally|Eventually|Subsequently|Meanwhile|Then|Thus), ",
        sentence,
    )
    if not match or match.group().startswith(("Today", "Originally")):
        return None
    rest = sentence[match.end() :]
    if not re.match(r"(?:the|a|an|he|she|it|they|his|her|its|their|this|these|there|[A-Z][a-z]+) ", rest):
        return None
    return rest[:1].upper() + rest[1:] if len(rest.split()) >= 5 else None


def drop_appositive(sentence: str, _rng: random.Random) -> str | None:
    """Leave out a clause between commas that starts with an article, `who` or `which`."""
    match = re.search(
        r", (?:an? |the |who |which |also known as |formerly )[^,]{5,70}, (?=(?:is|was|are|were|has|had|became|won)\b)",
        sentence,
    )
    if not match:
        return None
    return sentence[: match.start()] + " " + sentence[match.end() :]


def drop_coordinate(sentence: str, rng: random.Random) -> str | None:
    """Keep one of two coordinated clauses of the same subject."""
    match = re.search(r",? and (?=(?:was|is|has|had|" + "|".join(VERBS) + r")\b)", sentence)
    if not match or match.start() < 20 or re.search(r"\b(?:both|between|either|not|if)\b", sentence):
        return None
    first = _end(sentence[: match.start()])
    subject = re.match(r"(.{2,60}?) (?:is|was|are|were|has|had|" + "|".join(VERBS) + r")\b", sentence)
    if (
        subject
        and rng.random() < 0.5
        and "," not in subject.group(1)
        and len(sentence[match.end() :].split()) >= 3
    ):
        return f"{subject.group(1)} {sentence[match.end() :]}"
    return first


def drop_nationality(sentence: str, rng: random.Random) -> str | None:
    """Say less: an American film is a film."""
    hits = [m for n in NATIONALITIES for m in re.finditer(rf"\b(an?) {n} (?=[a-z])", sentence)]
    if not hits or re.search(r"\b(?:not|first|only|most|\w+est)\b", sentence):
        return None
    match = rng.choice(hits)
    return fix_article(_replace(sentence, match, f"{match.group(1)} "))


def turn_voice(sentence: str, _rng: random.Random) -> str | None:
    """Turn `X was directed by Y` into `Y directed X`, and `Y founded X` into `X was founded by Y`."""
    participles = {VERBS[past][1]: past for past in DIRECTED_VERBS}
    passive = re.match(
        rf"(.{{2,60}}?) (?:was|were) ({'|'.join(participles)}) by ((?:[A-Z][\w.'\-]+ ?)+)", sentence
    )
    if passive and find_names(passive.group(1)):
        rest = sentence[passive.end() :].strip()
        if re.fullmatch(r"\.|(?:in|on|from|at|for) .*", rest):
            tail = "" if rest == "." else f" {rest}"
            subject = passive.group(1)
            subject = (
                subject[:1].lower() + subject[1:]
                if subject.startswith(("The ", "His ", "Her ", "A ", "Its "))
                else subject
            )
            return _end(
                f"{passive.group(3).strip().rstrip('.')} {participles[passive.group(2)]} {subject}{tail}"
            )
    active = re.fullmatch(
        rf"((?:[A-Z][\w'\-]+ ?)+) ({'|'.join(DIRECTED_VERBS)}) ((?:the )?(?:[A-Z][\w'\-]+ ?)+)\.", sentence
    )
    if active:
        thing = active.group(3).strip()
        return (
            f"{thing[:1].upper() + thing[1:]} was {VERBS[active.group(2)][1]} by {active.group(1).strip()}."
        )
    return None


def _end(text: str) -> str:
    return text.rstrip(" ,;:.") + "."


#: Rewrites that keep the sentence nearly whole: they look like edits.
LOOK_EDITED: dict[str, Rewrite] = {
    "number": rewrite_number,
    "date": rewrite_date,
    "weaker": rewrite_weaker,
    "synonym": rewrite_synonym,
    "synonyms": rewrite_synonyms,
    "voice": turn_voice,
    "nationality": drop_nationality,
}
#: Rewrites that say less by leaving words out.
SHORTENINGS: dict[str, Rewrite] = {
    "parenthesis": drop_parenthesis,
    "tail": drop_tail,
    "adverbial": drop_adverbial,
    "appositive": drop_appositive,
    "coordinate": drop_coordinate,
}


def rewrite(sentence: str, rng: random.Random, table: dict[str, Rewrite]) -> str | None:
    """Apply the first rewrite of a shuffled table that applies."""
    for name in rng.sample(sorted(table), len(table)):
        changed = table[name](sentence, rng)
        if changed and changed != sentence:
            return changed
    return None
