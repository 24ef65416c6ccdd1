"""Phrases that only say where a statement comes from, which a model that reads the source must not see."""

import re

SOURCES = r"(?:passages?|contexts?|documents?|sources?|texts?|excerpts?|snippets?|articles?|search results?|knowledge base)"
_LOOSE = r"(?:information|data|content|materials?|details?|results?|references?|documentation|knowledge|records?|facts)"
_SHOWN = r"(?:given|provided|available|above|retrieved|following|supplied|current)"
_DETERMINER = r"(?:the|this|that|these|those|any|all|my|your|of)"
_NUMBERS = r"(?:\s+#?\d{1,3}(?:\s*(?:,|and|&|or|-|–)\s*(?:and\s+)?#?\d{1,3}){0,6})?"
_AFTER = r"(?:\s+(?:that\s+)?(?:you\s+|i\s+)?(?:was\s+|were\s+|are\s+|is\s+|have\s+|has\s+|been\s+){0,2}(?:given|provided|above|below|supplied|available)(?:\s+(?:to\s+me|here))?|\s+(?:that\s+|which\s+)?i\s+(?:have\s+access\s+to|can\s+(?:see|read|access))|\s+at\s+(?:my|our)\s+disposal)"
SOURCE_PHRASE = (
    rf"(?:(?:{_DETERMINER}\s+){{0,3}}(?:(?:{_SHOWN}\s+){{0,2}}{SOURCES}{_NUMBERS}{_AFTER}?"
    rf"|{_SHOWN}\s+{_LOOSE}|{_LOOSE}(?:{_AFTER}|\s+in\s+(?:the\s+)?(?:{_SHOWN}\s+)?{SOURCES}{_NUMBERS})))"
)
LINK_WORD = (
    r"(?:however|therefore|alternatively|similarly|instead|then|next|first|second|third|lastly|thus|hence|so|also|additionally|furthermore|moreover|unfortunately|note|please note|"
    r"in summary|in conclusion|overall|finally|but|and|sorry|i'm sorry|i am sorry|i apologi[sz]e|my apologies|again|"
    r"it'?s important to note|it is important to note|it should be noted|please be aware|as an ai(?: language)?(?: model| assistant)?)"
)
_LINKS = rf"(?:{LINK_WORD}(?:\s+that)?[,:.]?\s+){{0,3}}"

_OPENERS = (
    re.compile(
        r"^(?:sure|certainly|of course|absolutely|okay|ok|great|sorry)\s*[,!.:]\s+(?=\S)", re.IGNORECASE
    ),
    re.compile(
        rf"^((?:{LINK_WORD},?\s+){{0,2}})(?:based\s+(?:up)?on|according\s+to|as\s+(?:stated|mentioned|noted|described)\s+in|as\s+per|per|from|given|in)\s+"
        rf"(?:what\s+is\s+(?:stated|said)\s+in\s+)?{SOURCE_PHRASE}\s*(?:,|:)\s*",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:the\s+|this\s+)?(?:(?:given|provided|retrieved)\s+)?(?:passages?|documents?|sources?|contexts?|excerpts?|snippets?)(?:\s+#?\d{1,3})?\s+(?:also\s+|further\s+|clearly\s+|explicitly\s+|specifically\s+)?"
        r"(?:states?|mentions?|says?|notes?|suggests?|indicates?|explains?|provides?|reports?|confirms?|adds?|shows?|describes?|claims?|reveals?|clarif(?:y|ies))\s+that\s+",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:passage|document|source|doc|excerpt|snippet|chunk)\s+#?\d{1,3}\s*:\s+", re.IGNORECASE),
    re.compile(r"^(?:we|i|one)\s+can\s+(?:say|see|gather|conclude|infer|confirm)\s+that\s+", re.IGNORECASE),
    re.compile(
        r"^((?:therefore|thus|hence|so|overall|in\s+summary|in\s+conclusion|finally),?\s+)?(?:the\s+|my\s+)?(?:final\s+|short\s+|brief\s+|correct\s+)?answer(?:\s+to\s+(?:the|your|this)\s+question)?"
        r"(?:\s+[\"“][^\"”]{1,300}[\"”])?(?:,?\s+based\s+on\s+[^,:]{1,60},?)?(?:\s*:|\s+(?:is|would\s+be)\s*(?::|that\b|,)?)\s+(?=\S)",
        re.IGNORECASE,
    ),
    re.compile(r"^\d{1,2}[.)]\s+(?=\S)"),
)
_CLOSER = re.compile(
    rf"(?:,?\s+(?:as|which\s+is)\s+|,\s+)(?:stated|mentioned|described|noted|explained|shown|outlined|discussed|suggested)\s+(?:in|by)\s+{SOURCE_PHRASE}(?=\s*[.!]?$)"
    rf"|,?\s+(?:based\s+on|according\s+to)\s+(?:the\s+|this\s+|these\s+)?(?:{_SHOWN}\s+{SOURCES}|{SOURCES}\s+(?:\d{{1,3}}|provided|given))(?=\s*[.!]?$)",
    re.IGNORECASE,
)
_NAMES_SOURCE = re.compile(
    r"(?:tated|ioned|ribed|noted|ained|shown|lined|ussed|ested|based on|according to) "
)
_OPENER_START = re.compile(
    rf"(?:{LINK_WORD}|sure|certainly|of|absolutely|okay|ok|great|based|according|as|per|from|given|in|the|this|we|one|my|final|answer|{SOURCES}|{_LOOSE}|doc|chunk|\d)\b",
    re.IGNORECASE,
)
_MAX_OPENERS = 4
_WORD = re.compile(r"\w")


def drop_lead_in(reading: str) -> str:
    """Drop what only says where a statement comes from: "Based on the given passages, the fee is $30" -> "The fee is $30".

    A connective in front ("However, ...") stays. The text is returned as it is when nothing would be left.
    """
    text = _CLOSER.sub("", reading) if _NAMES_SOURCE.search(reading) else reading
    for _ in range(_MAX_OPENERS):
        shorter = _drop_opener(text)
        if shorter == text:
            break
        text = shorter
    return text if _WORD.search(text) else reading


def _drop_opener(text: str) -> str:
    if not _OPENER_START.match(text):
        return text
    for pattern in _OPENERS:
        found = pattern.match(text)
        if found and _WORD.search(text, found.end()):
            kept = found[1] if pattern.groups and found[1] and pattern is _OPENERS[1] else ""
            return kept + (text[found.end() :] if kept else capitalised(text[found.end() :]))
    return text


def capitalised(text: str) -> str:
    """Return the text with a capital first letter, unless its first word has capitals of its own ("iPhone")."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return text[:1].upper() + text[1:] if first.islower() else text
