"""Content words and numbers of a text, in a form in which two texts can be compared."""

import re
from functools import lru_cache

from halluguard.text.remember import remember

_STOP_WORDS = """
    a an the and or but if of at by for with about to from in on is are was were be been being it its this that these
    those as he she they we you i his her their our your my not no do does did have has had will would can could should
    may might must there which who whom what when where how than then so such also
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that say nothing of what a text is about."""

_FUNCTION_WORDS = """
    up down out off over under into onto upon after before during while because since until between through per via vs
    more most less least much many some any all both each every either other another same own only just even very too
    still already again here now me him us them itself himself herself themselves themself myself yourself mine yours
    i'm s t d ll re ve m don doesn didn isn aren wasn weren won isnt dont let get got etc however therefore thus
"""
FUNCTION_WORDS = STOP_WORDS | frozenset(_FUNCTION_WORDS.split())
"""Stop words, and words that shape a statement without naming its subject: a model reads them, a search does not."""

_SMALL = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
_VALUES = {
    **{word: float(value) for value, word in enumerate(_SMALL.split())},
    **{word: float(10 * value) for value, word in enumerate(_TENS.split(), start=2)},
}
_ORDINAL_VALUES = {word: float(value) for value, word in enumerate(_ORDINALS.split(), start=1)}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SHORT_SCALES = {**_SCALES, "k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9}
_CURRENCIES = "$£¥€₹"

_WORD = re.compile(r"\w+")
# ASCII within the words, or "ſ" would be an "s", and "firſt" a word that no table holds.
_UNITS = rf"(?a:{'|'.join(_VALUES)})"
_SCALED = rf"(?a:{'|'.join(_SCALES)})(?:\s+and\s+{_UNITS})?"
_GAP = r"\s{0,2}"
_NUMBER = re.compile(
    r"(?P<digits>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:st|nd|rd|th|s)?"
    rf"(?:{_GAP}(?:-{_GAP})?(?P<scale>(?a:{'|'.join(_SHORT_SCALES)}))\b)?"
    rf"|\b(?P<words>(?:{_UNITS}|(?<!half )an?\s+{_SCALED})(?:[\s-]+(?:{_SCALED}|{_UNITS}))*)\b"
    rf"|\b(?P<ordinal>(?a:{'|'.join(_ORDINAL_VALUES)}))\b",
    re.IGNORECASE,
)
_ONE = re.compile(r"\b(?a:one|first|single|once)\b", re.IGNORECASE)


@remember
def content_words(text: str) -> tuple[str, ...]:
    """Return the lower-case words of a text that are not stop words, in order, repeats kept."""
    return tuple(word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a word without its inflection, roughly: the plural, then -ed, -ing, -ly, a doubled letter and a final e."""
    for suffix, shortest in (("ies", 5), ("s", 4)):
        if word.endswith(suffix) and len(word) >= shortest and not word.endswith("ss"):
            word = word[: -len(suffix)] + ("y" if suffix == "ies" else "")
            break
    for suffix, shortest in (("ing", 6), ("edly", 7), ("ed", 5), ("ly", 5)):
        if word.endswith(suffix) and len(word) >= shortest:
            word = word[: -len(suffix)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


@remember
def stems(text: str) -> frozenset[str]:
    """Return the distinct stems of a text's content words."""
    return frozenset(stem(word) for word in content_words(text) if word not in FUNCTION_WORDS)


@remember
def numbers(text: str) -> frozenset[float]:
    """Return the values a text states, in digits or in words: "1.2 million", "1,200,000" and "fifty-two" alike.

    "One" and "first" alone are left out: they rarely count anything.
    """
    found = set()
    for match in _NUMBER.finditer(text):
        if match["digits"]:
            value = float(match["digits"].replace(",", "")) * _scale_of(match)
        elif match["words"]:
            value = _read_number(re.split(r"[\s-]+", match["words"].lower()))
        else:
            value = _ORDINAL_VALUES[match["ordinal"].lower()]
        if value != 1.0 or match["digits"]:
            found.add(value)
    return frozenset(found)


def stated_numbers(text: str) -> frozenset[float]:
    """Return the values that a text bears out: those of `numbers`, and 1 where it says "one", "first" or "once"."""
    return numbers(text) | {1.0} if _ONE.search(text) else numbers(text)


def _scale_of(match: re.Match[str]) -> float:
    """Return what a value in digits is multiplied by: "25 m" is metres, "$25m" and "25M" are millions."""
    scale = match["scale"] or ""
    if scale == "m" and match.string[: match.start()].rstrip()[-1:] not in tuple(_CURRENCIES):
        return 1.0
    return _SHORT_SCALES.get(scale.lower(), 1.0)


def _read_number(parts: list[str]) -> float:
    total, current = 0.0, 0.0
    for part in parts:
        if part in _VALUES:
            current += _VALUES[part]
        elif part == "hundred":
            current = max(current, 1.0) * 100
        elif part in _SCALES:
            total += max(current, 1.0) * _SCALES[part]
            current = 0.0
    return total + current


_NEGATION = re.compile(r"\b(?:not|never|cannot|no longer)\b|n['’]t\b", re.IGNORECASE)


def negates(text: str) -> bool:
    """Return whether a text holds a word that negates a verb; "nothing" and "no fee" are amounts, which have other names."""
    return _NEGATION.search(text) is not None
