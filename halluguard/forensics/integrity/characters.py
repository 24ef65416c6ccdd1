"""Damage that a text's characters show: wrong decoding, lost characters, hidden ones, look-alike letters."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from halluguard.forensics.integrity.codes import Code
from halluguard.models.vocabulary import common_words
from halluguard.records import Reason

_LOST = re.compile("\ufffd|\\(cid:\\d+\\)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_HIGH_RUN = re.compile(
    "[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2026\u2030\u2039\u203a\u20ac\u2122]{2,}"
)
_HIDDEN = re.compile(
    "[\u202d\u202e\U000e0000-\U000e007f\u2061-\u2064]|(?<=[A-Za-z])[\u200b\u2060\ufeff\u00ad\u200c\u200d](?=[A-Za-z])"
)
_SOFT = "\u00ad"
_WORD = re.compile(r"[^\W\d_]{2,}")
_LOOK_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
_LATIN = str.maketrans("аеорсухіјѕАВЕКМНОРСТУХІЈЅοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijsABEKMHOPCTYXIJSoABEZHIKMNOPTYX")
_DISGUISE = 2  # letters of another script at one end of a word
_LEAST_DAMAGE_RATE = 0.2  # of characters that are neither letters, digits, spaces nor usual punctuation
_GARBLED_FROM = 40  # characters; shorter texts are too short for a rate
_UNUSUAL = re.compile("[^\\w\\s.,;:!?'\"()\\[\\]{}\\-–—/%&@#*+=<>|\\\\^~`$€£¥°§«»“”‘’…•·]")


def check_characters(text: str) -> Iterator[Reason]:
    """Yield what a text's characters say against it; figures count the places."""
    if damaged := find_damage(text):
        yield Reason(
            Code.ENCODING_DAMAGE, float(len(damaged)), f"{len(damaged)} places, such as {damaged[0]!r}"
        )
    elif (rate := odd_rate(text)) > _LEAST_DAMAGE_RATE:
        yield Reason(Code.ENCODING_DAMAGE, rate, f"{rate:.0%} of the characters are no writing")
    if hidden := [match.group() for match in _HIDDEN.finditer(text) if match.group() != _SOFT]:
        named = ", ".join(sorted({f"U+{ord(char):04X}" for char in hidden}))
        yield Reason(
            Code.HIDDEN_CHARACTERS, float(len(hidden)), f"{len(hidden)} characters nobody sees: {named}"
        )
    if mixed := find_mixed_words(text):
        shown = ", ".join(repr(word) for word in mixed[:3])
        yield Reason(Code.MIXED_SCRIPT, float(len(mixed)), f"{len(mixed)} words mix scripts: {shown}")


def find_damage(text: str) -> list[str]:
    """Return the places where characters were lost, or where UTF-8 was read as Windows-1252."""
    if text.isascii():
        return _LOST.findall(text) + _CONTROL.findall(text)
    return _LOST.findall(text) + _CONTROL.findall(_HIGH_RUN.sub("", text)) + find_mojibake(text)


def find_mojibake(text: str) -> list[str]:
    """Return the runs of characters that, written as Windows-1252, are UTF-8 for fewer characters of real writing."""
    return [part for match in _HIGH_RUN.finditer(text) for part in _mojibake_parts(match.group())]


def _mojibake_parts(run: str) -> Iterator[str]:
    """Yield each UTF-8 sequence inside a run, as the characters it was misread for."""
    raw = b"".join(_byte(char) for char in run)
    start = 0
    while start < len(raw):
        width = 2 if 0xC3 <= raw[start] <= 0xDF or raw[start] == 0xC2 else 3 if raw[start] >> 4 == 0xE else 1
        try:
            meant = raw[start : start + width].decode("utf-8") if width > 1 else ""
        except UnicodeDecodeError:
            meant = ""
        if len(meant) == 1 and _is_believable(raw[start], meant):
            yield run[start : start + width]
            start += width
        else:
            start += 1


def _byte(char: str) -> bytes:
    """Return the Windows-1252 byte of a character, or that of Latin-1 for the five places it leaves empty."""
    try:
        return char.encode("cp1252")
    except UnicodeEncodeError:
        return char.encode("latin-1", "replace")


def _is_believable(lead: int, meant: str) -> bool:
    """Tell damage from real writing: `É»` is French, `Ã©` is nobody's."""
    if lead in {0xC2, 0xC3}:
        return lead == 0xC3 or meant in "\u00a0«»°©®·£§±²³´¼½¾¿¡"
    return lead == 0xE2 and unicodedata.category(meant)[0] in "PSL"


def odd_rate(text: str) -> float:
    """Return the share of characters that are neither letters, digits, marks, spaces nor usual punctuation."""
    if len(text) < _GARBLED_FROM:
        return 0.0
    odd = sum(1 for char in _UNUSUAL.findall(text) if unicodedata.category(char)[0] not in "MSZ")
    return odd / len(text)


def find_mixed_words(text: str) -> list[str]:
    """Return the words that join look-alike letters of two scripts; a lone Greek letter is science, not disguise."""
    if text.isascii():
        return []
    return [word for word in _WORD.findall(text) if not word.isascii() and _is_mixed(word)]


def _is_mixed(word: str) -> bool:
    scripts = [script for char in word if (script := _script(char)) in _LOOK_ALIKE]
    counts = Counter(scripts)
    if len(counts) < 2:
        return False
    if set(counts) == {"LATIN", "GREEK"} and not _hides_greek(word):
        return False
    changes = sum(first != second for first, second in pairwise(scripts))
    if changes > 1 or min(counts.values()) <= _DISGUISE:
        return True
    # Two long runs are two words without their space, unless they look like one word that there is.
    return word.translate(_LATIN).lower() in common_words()


def _hides_greek(word: str) -> bool:
    """Tell `pοst` with its Greek omicron from `αIIb`: only letters that look Latin disguise a word."""
    return any(char in "οΟΑΒΕΖΗΙΚΜΝΡΤΥΧνικ" for char in word[1:-1])


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
