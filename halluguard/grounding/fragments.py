"""Sentences that claim something only together with their question or lead-in."""

import re

_WORD = re.compile(r"\w+(?:['’]\w+)?")
_VERBS = """
is are was were be been am has have had do does did can could may might must will would shall should isn't
aren't wasn't weren't don't doesn't didn't can't cannot couldn't won't wouldn't shouldn't hasn't haven't
it's that's there's he's she's they're you're we're i'm you'll they'll it'll you've they've what's here's
let's needs needed cost costs take takes took allow allows include includes require requires starts contain
contains apply applies mean means make makes made work works use uses go goes went get gets got give gives
gave offer offers provide provides come comes came run runs ran last lasts open opens close closes expire
expires pay pays paid begin begins began become becomes became keep keeps kept led leave leaves left live
hold holds held know knows knew say says said see sees saw want wants help helps show shows grow grows
grew affect affects receive receives remain remains refer refers depend depends vary varies consist
consists belong belongs exist exists occur occurs happen happens follow follows add adds arrive arrives
depart departs deliver delivers covers accept accepts travel travels fly flies flew serve serves earn
earns lose loses lost win wins won wrote write writes send sends sent sell sells sold buy buys bought
bring brings brought build builds built feel feels felt find finds found think thinks thought tell tells
told rises rose fell speak speaks spoke seem seems appear appears stay stays prevent prevents produce
produces reduce reduces increase increases decrease decreases describe describes represent represents
suggest suggests determine determines carry carries operate operates handle handles weigh weighs equal
equals exceed exceeds own owns
"""
FINITE = frozenset(_VERBS.split())
"""Forms that make a sentence of a few words, without those that are nouns as often; what ends in -ed counts as well."""
_NO_VERB = frozenset(
    {"unlimited", "limited", "united", "speed", "indeed", "hundred", "breed", "sacred", "naked", "hatred"}
)
_SHORT_WORDS = 12
_FEW_WORDS = 3
_LISTED_WORDS = 8
_FRAGMENT_START = re.compile(
    r"(?:[$€£~]?\d|(?:in|on|at|for|from|within|by|about|around|between|up to|until|since|during|after|before|under|over|via|through|with|without|because|due to|"
    r"an?|the|no|only|just|usually|typically|generally|approximately|roughly|nearly|almost|at least|at most|more than|less than|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|every|each|all|both|most|some|many)\b)",
    re.IGNORECASE,
)
_INTERJECTION = r"(?:(?:oh|ah|yes|yeah|yep|yup|well|haha|lol|wow)\b[\s,!.]*)"
_ASSENT = (
    r"(?:exactly|absolutely|indeed|you(?:\s?['’]\s?re|\s+are)\s+(?:\w+ly\s+)?right|"
    r"(?:that|it)(?:\s?['’]\s?s|\s+is)\s+(?:(?:so|very|quite|\w+ly)\s+)?(?:true|right|correct))"
)
_YES_NO = re.compile(
    rf"(?:{_INTERJECTION}*{_ASSENT}|yes|no|yep|nope|correct|incorrect|right|wrong|true|false|never|always|maybe|sometimes|i['’]m\s+afraid\s+(?:not|so))\b",
    re.IGNORECASE,
)
_ONLY_ASSENT = re.compile(
    rf"{_INTERJECTION}*(?:{_ASSENT}(?:\s*,?\s+(?:too|as\s+well|lol|haha|about\s+(?:it|that)))?)?\W*",
    re.IGNORECASE,
)
_YES_NO_WORDS = 6


def is_fragment(reading: str, *, listed: bool = False) -> bool:
    """Whether a sentence cannot be checked without its question: "30 days.", "In 1990.", "Yes, you can.".

    Instructions have no finite verb either ("Flip the ribs."), so in prose a fragment of more than a few words must start
    as a number, time or noun does. A `listed` one has a lead-in that suits it either way, so it may be longer.
    """
    words = _WORD.findall(reading[:200])
    if len(words) > _SHORT_WORDS or any(_is_finite(word) for word in words):
        return is_yes_or_no(reading)
    return (
        len(words) <= (_LISTED_WORDS if listed else _FEW_WORDS)
        or bool(_FRAGMENT_START.match(reading))
        or is_yes_or_no(reading)
    )


def is_yes_or_no(reading: str) -> bool:
    """Whether a short sentence answers yes or no, so that only the question says what it claims."""
    return bool(_YES_NO.match(reading)) and len(reading[:200].split()) <= _YES_NO_WORDS


def only_assents(reading: str) -> bool:
    """Whether a sentence is a yes and nothing else: "That's true.", "Oh yes, exactly!"."""
    return bool(_ONLY_ASSENT.fullmatch(reading))


def _is_finite(word: str) -> bool:
    lower = word.replace("’", "'").lower()
    return (
        lower in FINITE
        or lower.endswith("n't")
        or (len(lower) > 4 and lower.endswith("ed") and lower not in _NO_VERB)
    )
