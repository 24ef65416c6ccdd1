"""Quantities of a text (spans of time, times of day, lengths, weights, volumes, money, shares), and one quantity in another's writing.

An answer says "two days" or "6 pm" where the passage says "48 hours" or "18:00". A small model takes such a pair for a
contradiction, since the numbers differ; written alike, they are the same to it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: float(value) for value, word in enumerate(_SMALL.split())}
_TENS_VALUES = {word: float(10 * value) for value, word in enumerate(_TENS.split(), start=2)}

_SIZES: dict[str, dict[str, float]] = {
    "minutes": {
        "second|seconds|sec|secs": 1 / 60,
        "minute|minutes|min|mins": 1,
        "hour|hours|hr|hrs|h": 60,
        "day|days|calendar day|calendar days": 1440,
        "week|weeks": 10080,
        "fortnight|fortnights": 20160,
    },
    "months": {"month|months": 1, "year|years": 12, "decade|decades": 120},
    "working days": {"working day|working days|business day|business days": 1},
    "metres": {
        "mm|millimetre|millimetres|millimeter|millimeters": 0.001,
        "cm|centimetre|centimetres|centimeter|centimeters": 0.01,
        "m|metre|metres|meter|meters": 1,
        "km|kilometre|kilometres|kilometer|kilometers": 1000,
    },
    "grams": {
        "mg|milligram|milligrams": 0.001,
        "g|gram|grams": 1,
        "kg|kgs|kilo|kilos|kilogram|kilograms": 1000,
    },
    "millilitres": {
        "ml|millilitre|millilitres|milliliter|milliliters": 1,
        "cl|centilitre|centilitres": 10,
        "l|litre|litres|liter|liters": 1000,
    },
    "per cent": {"%|percent|per cent": 1},
    "euros": {"€|euro|euros|eur": 1},
    "dollars": {"$|dollar|dollars|usd": 1},
    "pounds": {"£|pounds sterling|gbp": 1},
}
"""By kind of quantity, how much of it each unit is, names of a unit parted by bars."""

_UNITS = {
    name: (kind, size)
    for kind, sizes in _SIZES.items()
    for names, size in sizes.items()
    for name in names.split("|")
}
_MONEY = {"€": "euros", "$": "dollars", "£": "pounds"}

_DIGITS = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_WORDED = rf"(?:{'|'.join(_TENS_VALUES)})(?:[- ](?:{'|'.join(list(_WORDS)[1:10])}))?|{'|'.join(sorted(_WORDS, key=len, reverse=True))}"
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_ENDS = r"(?![\w-])"
_AMOUNT = re.compile(
    rf"(?<![\w.,:/€$£-])(?:(?P<number>{_DIGITS}|{_WORDED})(?P<half> and a half)?|(?P<part>half|three quarters of|a quarter of)(?: an?)?)"
    rf"[\s-]?(?P<unit>{_UNIT})(?:{_ENDS}|(?<=[%€$£]))",
    re.IGNORECASE,
)
_SINGLE = re.compile(
    rf"\b(?:for|within|after|before|than|least|most|about|takes?|lasts?)\s(?P<said>an? (?P<unit>{_UNIT})){_ENDS}",
    re.IGNORECASE,
)
_AND_HALF = re.compile(r"\b(?:an?|one) (?P<unit>hour|day|week|month|year) and a half\b", re.IGNORECASE)
_PRICE = re.compile(
    rf"(?<!\w)(?P<sign>[€$£])\s?(?P<number>{_DIGITS})(?![\d,.]*\d)(?!\s?(?:k|m|bn|million|billion|thousand)\b)",
    re.IGNORECASE,
)
_FIRST_OF_RANGE = re.compile(rf"(?:{_DIGITS}|\b(?:{_WORDED}))\s?(?:-|–|—|to|and|or)\s?$", re.IGNORECASE)
"""What stands before the second number of "two to three weeks": its unit is also that of the first, which has none of its own."""
_RANGE_CHARS = 24
_PARTS = {"half": 0.5, "three quarters of": 0.75, "a quarter of": 0.25}

_PERIOD = r"a\.m\.|am|p\.m\.|pm|(?:o['’]clock )?in the (?:morning|afternoon|evening)|(?:o['’]clock )?at night"
_CLOCK = re.compile(
    rf"(?<![\w.,:€$£-])(?P<hour>[01]?\d|2[0-4])(?:[:.](?P<minute>[0-5]\d))?"
    rf"(?:(?P<range>\s?(?:[-–—]|to|and|until)\s?(?P<hour2>[01]?\d|2[0-4])(?:[:.](?P<minute2>[0-5]\d))?)?\s?(?P<period>{_PERIOD}))?"
    rf"(?![\w:%]|[.,]\d)"
    r"|\b(?P<named>noon|midday|midnight)\b",
    re.IGNORECASE,
)
_NAMED = {"noon": 720.0, "midday": 720.0, "midnight": 0.0}


@dataclass(frozen=True, slots=True)
class Quantity:
    """What `text[start:end]` states: a kind ("minutes", "clock", "euros", ...) and a value in its unit.

    `shared` where it has its unit from the next quantity, as the first of "2–4 pm".
    """

    start: int
    end: int
    kind: str
    value: float
    shared: bool = False


@lru_cache(maxsize=16384)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the quantities of a text in order; none overlaps another.

    Months are no number of days, nor working days of days; "a day" counts only behind a word that asks how long ("within a day"),
    since "€15 a day" and "twice a day" are rates. English writing of numbers: a comma parts thousands.
    """
    found = sorted(
        [*_amounts(text), *_prices(text), *_clock_times(text)],
        key=lambda one: (one.start, one.start - one.end),
    )
    kept: list[Quantity] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return tuple(kept)


def restate(claim: str, passage: str) -> str:
    """Return a claim with each quantity that the passage states in other writing put as the passage writes it.

    "Free for two days, until 6 pm" beside "48 hours ... 18:00" becomes "Free for 48 hours, until 18:00". What the passage does not
    state stays, so that a false quantity is as false as before.
    """
    said = quantities(claim)
    if not said:
        return claim
    stated: dict[tuple[str, float], list[str]] = {}
    for one in quantities(passage):
        stated.setdefault(_key(one), []).append(passage[one.start : one.end])
    pieces, place = [], 0
    for one, before, after in zip(said, (None, *said), (*said[1:], None), strict=False):
        writings = stated.get(_key(one), [])
        other = after if one.shared else before if before is not None and before.shared else None
        if other is not None and _key(other) not in stated:
            continue  # the unit that both share must stay with both
        if writings and claim[one.start : one.end].lower() not in map(str.lower, writings):
            pieces += [claim[place : one.start], writings[0]]
            place = one.end
    return "".join([*pieces, claim[place:]])


def _key(one: Quantity) -> tuple[str, float]:
    return one.kind, round(one.value, 6)


def _amounts(text: str) -> Iterator[Quantity]:
    for match in _AMOUNT.finditer(text):
        if _FIRST_OF_RANGE.search(text, max(0, match.start() - _RANGE_CHARS), match.start()):
            continue
        kind, size = _UNITS[match["unit"].lower()]
        value = _PARTS[match["part"].lower()] if match["part"] else _number(match["number"])
        yield Quantity(*match.span(), kind, (value + 0.5 * bool(match["half"])) * size)
    for match in _SINGLE.finditer(text):
        kind, size = _UNITS[match["unit"].lower()]
        yield Quantity(*match.span("said"), kind, size)
    for match in _AND_HALF.finditer(text):
        kind, size = _UNITS[match["unit"].lower()]
        yield Quantity(*match.span(), kind, 1.5 * size)


def _prices(text: str) -> Iterator[Quantity]:
    for match in _PRICE.finditer(text):
        yield Quantity(*match.span(), _MONEY[match["sign"]], _number(match["number"]))


def _number(written: str) -> float:
    if written[0].isdigit():
        return float(written.replace(",", ""))
    tens, _, rest = written.lower().replace("-", " ").partition(" ")
    return _TENS_VALUES.get(tens, 0.0) + _WORDS.get(rest or tens, 0.0)


def _clock_times(text: str) -> Iterator[Quantity]:
    for match in _CLOCK.finditer(text):
        if match["named"]:
            yield Quantity(*match.span(), "clock", _NAMED[match["named"].lower()])
            continue
        period = (match["period"] or "").lower()
        if not period and (match["minute"] is None or text[match.end("hour")] != ":"):
            continue
        if not match["range"]:
            yield Quantity(*match.span(), "clock", _minutes(match["hour"], match["minute"], period))
            continue
        last = _minutes(match["hour2"], match["minute2"], period)
        first = _minutes(match["hour"], match["minute"], period)
        if first > last:  # "11 to 1 pm" begins in the morning
            first -= 720
        end = match.end("minute") if match["minute"] else match.end("hour")
        yield Quantity(match.start(), end, "clock", first, shared=True)
        yield Quantity(match.start("hour2"), match.end(), "clock", last)


def _minutes(hour: str, minute: str | None, period: str) -> float:
    """Return minutes since midnight; a period of the day moves hours up to twelve."""
    hours = int(hour)
    if period and hours <= 12:
        late = period.startswith("p") or "afternoon" in period or "evening" in period or "night" in period
        hours = hours % 12 + 12 * late
    return float((hours * 60 + int(minute or 0)) % 1440)
