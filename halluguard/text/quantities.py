"""Quantities of a text (spans of time, times of day, dates, lengths, money, shares and more), and one quantity in another's writing.

An answer says "two days" or "6 pm" where the passage says "48 hours" or "18:00", "2026-03-05" where it says "5 March 2026". A small model takes such a pair for a
contradiction, since the numbers differ; written alike, they are the same to it. What may be read in two ways is no quantity here.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_SMALL = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: float(value) for value, word in enumerate(_SMALL.split(), start=1)}
_TENS_VALUES = {word: float(10 * value) for value, word in enumerate(_TENS.split(), start=2)}

_SIZES: dict[str, dict[str, float]] = {
    "minutes": {
        "seconds|sec|secs": 1 / 60,
        "minute|minutes|min|mins": 1,
        "hour|hours|hr|hrs|h": 60,
        "day|days|calendar day|calendar days|d": 1440,
        "week|weeks": 10080,
        "fortnight|fortnights": 20160,
    },
    "months": {"month|months": 1, "year|years": 12, "decade|decades": 120},
    "working days": {"working day|working days|business day|business days": 1},
    "metres": {
        "mm|millimetre|millimetres|millimeter|millimeters": 0.001,
        "cm|centimetre|centimetres|centimeter|centimeters": 0.01,
        "metre|metres|meter|meters": 1,
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
    "megabytes": {
        "kb|kilobyte|kilobytes": 0.001,
        "mb|megabyte|megabytes": 1,
        "gb|gigabyte|gigabytes": 1000,
        "tb|terabyte|terabytes": 1_000_000,
    },
    "per cent": {"%|percent|per cent": 1},
    "euros": {"€|euro|euros|eur": 1},
    "dollars": {"$|dollar|dollars|usd|us$|us dollar|us dollars": 1},
    "pounds": {"£|pounds sterling|gbp": 1},
}
"""By kind of quantity, how much of it each unit is, names of a unit parted by bars."""

_UNITS = {
    name: (kind, size)
    for kind, sizes in _SIZES.items()
    for names, size in sizes.items()
    for name in names.split("|")
}
_MONEY = {
    "€": "euros",
    "EUR": "euros",
    "$": "dollars",
    "US$": "dollars",
    "USD": "dollars",
    "£": "pounds",
    "GBP": "pounds",
}
_POWERS = {"k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "bn": 9, "billion": 9}
"""How many zeros a word behind a number adds to it."""
_PARTS = {"half": 0.5, "three quarters of": 0.75, "a quarter of": 0.25}

_FRACTIONS = {"¼": 0.25, "½": 0.5, "¾": 0.75}
_FIGURES = r"\d{1,3} ?[¼½¾]|[¼½¾]|\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,6})?|\d{1,9}(?:\.\d{1,6})?"
_GROUPED = r"[1-9]\d{0,2}(?:\.\d{3})+(?!\d)"
"""Figures whose points part thousands to some: "5.000" is five, or five thousand."""
_DIGITS = rf"(?!{_GROUPED})(?:{_FIGURES})"
_WORDED = rf"(?:{'|'.join(_TENS_VALUES)})(?:[- ](?:{'|'.join(list(_WORDS)[:9])}))?|{'|'.join(sorted(_WORDS, key=len, reverse=True))}"
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_BLANKS = " \u00a0\u2009\u202f"
"""Blanks within a quantity: a common one, one that no line is broken at, and two narrow ones."""
_BLANK = f"[{_BLANKS}]"
_GAP = f"[{_BLANKS}-]?"
_ENDS = r"(?![\w^²³-]|[.,]\d)"
_AMOUNT = re.compile(
    rf"(?<![\w.,:/€$£−+-])(?:(?P<number>{_DIGITS}|{_WORDED})(?P<half> and a half)?|(?P<part>half|three quarters of|a quarter of)(?: an?)?)"
    rf"(?:{_BLANK}(?P<times>thousand|million|billion))?{_GAP}(?P<unit>{_UNIT})(?:(?<=[%€$£])(?![\w.,]*\d)|(?<![%€$£]){_ENDS})",
    re.IGNORECASE | re.ASCII,
)
_SINGLE = re.compile(
    rf"\b(?:for|within|after|before|than|least|most|about|takes?|lasts?)\s(?P<said>an? (?P<unit>{_UNIT})){_ENDS}",
    re.IGNORECASE | re.ASCII,
)
_AND_HALF = re.compile(
    r"\b(?:an?|one) (?P<unit>hour|day|week|month|year) and a half\b", re.IGNORECASE | re.ASCII
)
_PRICE = re.compile(
    rf"(?<![\w.,−+-])(?P<sign>[€$£]|US\$|USD|EUR|GBP){_BLANK}?(?P<number>{_DIGITS})"
    rf"(?:(?P<times>[kKmM]|{_BLANK}?(?i:mn|bn|thousand|million|billion))(?!\w))?(?![\d%-]|[.,]\d)",
    re.ASCII,
)

_BEFORE = re.compile(
    rf"(?:(?:(?<![€$£\d.,¼½¾])(?:{_GROUPED}|{_FIGURES})|\b(?:{_WORDED})) ?(?:-|–|—|,? (?:to|and|or|till|until)|&|x|×) ?|\b(?:hundred|thousand|million)(?: and)? |\d{_BLANK}|\b(?:minus|open|available|staffed) )$",
    re.IGNORECASE | re.ASCII,
)
"""What stands before a number that is not the whole: the first of a range, whose unit is that of the second, or more digits; and
before "24 hours" that are no day but all of every day."""
_MORE = re.compile(
    rf"{_BLANK}?(?:\d{{3}}\b|(?:hundred|thousand|million|billion|trillion|k|m|mn|bn|mio|mrd|points?|CAD|AUD)\b)"
    rf"|(?:,| and|,? or)? (?:(?:{_FIGURES}|{_WORDED})[ -]|(?:{_FIGURES}))(?:{_UNIT}|m|cents?|hundred|thousand)\b|(?:,| and|,? or)? (?:a|the) (?:half|quarter|third)\b| and an? (?:{_UNIT})\b"
    rf"|(?: ?[-–—]| to| and| or) ?[€$£]?(?:{_FIGURES})(?:[km]| ?(?:mn|bn|thousand|million|billion))\b"
    rf"| and (?:a half|a quarter|three quarters)\b|,? or (?:{_WORDED})\b",
    re.IGNORECASE | re.ASCII,
)
"""What stands behind a number that is not the whole: "1 hour 30 minutes", "€10 000", "$5 trillion", "$1 to 2 million"."""
_RATE = re.compile(
    r"(?: (?:a|an|each|every|of the|per)| ?/) ?(?:hour|day|night|week|month|year)\b", re.IGNORECASE | re.ASCII
)
_AFTER_ONE = re.compile(
    r"\b(?:an?|one) (?:hour|day|week|fortnight|month|year|decade),? (?:and )?$", re.IGNORECASE | re.ASCII
)
"""What stands before the rest of a span of time whose first part has no figure: "an hour and 30 minutes"."""
_GLUED = frozenset("hd")
"""Units of one letter that are written without a blank, too."""
_AFTER_SPAN = re.compile(
    r"\s*(?:$|[.,;:!?)\n]| (?:after|ago|and|at|before|by|for|from|if|in|later|notice|of|on|or|prior|to|until|when|without)\b)"
)
_LASTS = re.compile(
    r"\b(?:for|within|in|takes?|took|lasts?|lasted|least|most|about|than|over|under|every|per|next|last|first|another) $",
    re.IGNORECASE | re.ASCII,
)
"""What stands before "18h" that is a span: by itself it may be six in the evening as well."""
_JOINT = re.compile(rf"{_BLANK}{{1,2}}|, |,? (?:and|plus|&) ")
"""What stands between the parts of one quantity: "1 hour and 30 minutes"."""
_BEFORE_CHARS = 24
_DAY = 1440
_TIMES = frozenset({"minutes", "months", "working days"})

_PERIOD = r"a\.m\.|am(?!\w)|p\.m\.|pm(?!\w)|in the (?:morning|afternoon|evening)(?!\w)"
_HOUR = r"(?:2[0-4]|1\d|0?\d)"
_CLOCK = re.compile(
    r"\b(?P<named>(?:12(?::00)? )?(?:noon|midday|midnight))\b"
    rf"|(?<![\w.,:€$£/−-])(?P<hour>{_HOUR})(?::(?P<minute>[0-5]\d))?(?P<own>{_BLANK}?(?:{_PERIOD}))?"
    rf"(?:(?P<range> ?[-–—] ?| to | and )(?P<hour2>{_HOUR})(?::(?P<minute2>[0-5]\d))?(?:{_BLANK}?(?P<period>{_PERIOD}))?)?"
    rf"(?![\w:%°]|[.,/-]\d|{_BLANK}(?:{_UNIT})(?!\w))",
    re.IGNORECASE | re.ASCII,
)
_AT_HOUR = re.compile(
    rf"\b(?:at|until|till) (?P<said>(?P<hour>{_HOUR}){_BLANK}?h(?P<minute>[0-5]\d)?)(?!\w|[.,:]\d)"
    r"(?=\s*(?:$|[.,;:!?)\n]|(?:and|but|by|daily|each|every|for|from|if|in|on|or|sharp|to|today|tomorrow|until|when)\b))",
    re.IGNORECASE | re.ASCII,
)
_NO_CLOCK = re.compile(
    r"(?:\b(?:(?:quarter|five|ten|twenty|twenty-five|minutes?) to|past|half|under|over|age|aged|room|line|gate|platform|page|no\.?|number|section|"
    r"jan\w*|feb\w*|mar\w*|apr\w*|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*) |[€$£] ?)$",
    re.IGNORECASE | re.ASCII,
)
"""What stands before a number that is no hour of its own: "half past 6 pm", "June 3 and 6 pm", "room 4"."""
_HOURS_OF = {"evening": range(5, 12), "afternoon": (12, *range(1, 7))}
"""The hours that are told of a part of the day: "2 in the evening" counts something else."""
_NAMED = {"noon": 720.0, "midday": 720.0, "midnight": 0.0}


_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH_NAME = "|".join(
    [*(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in _MONTHS), "sept"]
)
_MONTH = rf"(?P<month>{_MONTH_NAME})\.?"
_DATE = re.compile(
    r"(?<![\w/.,-])(?:(?P<year>(?:19|20)\d\d)-(?P<number>\d\d)-(?P<day>\d\d)"
    r"|(?P<a>\d\d?)(?P<sep>[/.])(?P<b>\d\d?)(?P=sep)(?P<year2>(?:19|20)\d\d)"
    r"|(?P<number2>0\d|1[0-2])/(?P<year3>(?:19|20)\d\d))(?![\w/-]|[.,]\d)",
    re.ASCII,
)
_SPELT_DATE = re.compile(
    rf"\b(?:(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)? )?{_MONTH}(?: (?P<day2>\d\d?)(?:st|nd|rd|th)?)?(?P<comma>,)? (?P<year>(?:19|20)\d\d)\b",
    re.IGNORECASE | re.ASCII,
)
_FIRST_DATE = re.compile(
    rf"(?:(?<![\d/.-])\d\d?(?:[/.]\d\d?)?\.?(?:st|nd|rd|th)?(?: of)?(?: (?:{_MONTH_NAME})\.?)?"
    rf"|\b(?:{_MONTH_NAME})\.?(?: \d\d?(?:st|nd|rd|th)?)?)"
    r"(?: ?[-–—&/] ?|, ?|,? (?:to|and|or|till|until|through) )$",
    re.IGNORECASE | re.ASCII,
)
"""What stands before a date that has its month or year in common with the one before: "3-5 March 2026", "May to July 2026"."""
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAY = rf"(?:{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in _WEEKDAYS)}|tues|thurs?)"
_DAYS = re.compile(
    rf"\b(?P<first>{_WEEKDAY})\.?(?: ?[-–—] ?| to | through )(?P<last>{_WEEKDAY})\b(?!\w)",
    re.IGNORECASE | re.ASCII,
)
_THOUSANDS = re.compile(
    rf"(?<![\w.,:/€$£−+-])(?!{_GROUPED})(?P<number>\d{{1,6}}(?:\.\d{{1,3}})?)k(?![\w-]|[.,]\d)"
    r"|(?<![\w.,:/€$£−+-])(?P<whole>\d{1,3}(?:,000){1,2})(?![\w%-]|[.,]\d)",
    re.ASCII,
)
_PHONE = re.compile(
    r"(?<![\w.,+-])(?:\+\d|0)(?:[ ()-]{0,2}\d){7,24}"
    rf"(?![\w-]|[.,:/]\d|{_GAP}(?:{_UNIT})(?!\w)"
    rf"|(?:(?<=[ (]\d)|(?<=[ (]\d\d))(?: ?(?:{_PERIOD})| (?:to|till|until) \d| ?[–—] ?\d))",
    re.IGNORECASE | re.ASCII,
)
"""A telephone number ends before figures that have a unit of their own, or that are hours: "0800 1234567 24 hours a day"."""
_PHONE_DIGITS = range(8, 16)
_LAST_FIGURES = re.compile(r"\d{3}[ ()]{1,2}\d{1,2}(?P<range>-\d{1,2})?$", re.ASCII)
_WORD_BEHIND = re.compile(r" [a-z]", re.IGNORECASE | re.ASCII)
_FRACTION = re.compile(
    r"\b(?P<said>(?:an?|one) quarter|three quarters|half) of (?:the|your|its|what)\b|\bby (?P<by>an? quarter|half)\b(?! (?:an?|past|of|the)\b)",
    re.IGNORECASE | re.ASCII,
)
_SHARES = {"quarter": 25.0, "quarters": 75.0, "half": 50.0}


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


@lru_cache(maxsize=512)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the quantities of a text in order; none overlaps another.

    Months are no number of days, nor working days of days; "a day" counts only behind a word that asks how long ("within a day"),
    since "€15 a day" and "twice a day" are rates. English writing of numbers: a comma parts thousands; three figures behind a point do so to others, and are read in neither way. Parts of a greater quantity
    ("1 hour 30 minutes"), of a range ("two to three weeks") and rates ("24 hours a day") are left out.
    """
    found = sorted(  # a time of day comes before the span of time that it looks like, as "at 24h" does
        [*_clock_times(text), *_amounts(text), *_prices(text), *_others(text)],
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
        if not one.shared:  # "2" of "2–4 pm" is no writing of 14:00 by itself
            stated.setdefault(_key(one), []).append(passage[one.start : one.end])
    pieces, place = [], 0
    for one, *pair in zip(said, (None, *said), (*said[1:], None), strict=False):
        before, after = pair
        last = after if one.shared and after else one
        both = (one, last) if one.shared else (before, one) if before and before.shared else (one,)
        own = claim[last.start : last.end].lower()
        # The period that two times share stays with both, or both are written anew.
        if all(_key(each) in stated for each in both) and own not in map(str.lower, stated[_key(last)]):
            pieces += [claim[place : one.start], stated[_key(one)][0]]
            place = one.end
    return "".join([*pieces, claim[place:]])


def _key(one: Quantity) -> tuple[str, float]:
    return one.kind, round(one.value, 6)


def _amounts(text: str) -> Iterator[Quantity]:
    greater = None
    for match in _AMOUNT.finditer(text):
        unit = match["unit"]
        kind, size = _UNITS[unit.lower()]
        rest, greater = greater is not None and _goes_on(greater, match), match
        if rest or not _is_whole(text, *match.span(), kind) or (unit.isalpha() and not _is_unit(match)):
            continue
        value = _PARTS[match["part"].lower()] if match["part"] else _number(match["number"])
        value = _scaled(value + 0.5 * bool(match["half"]), match["times"])
        if value in range(24) and _may_be_hour(match):
            continue
        half_day = bool(match["part"]) and not match["times"] and kind == "minutes" and size >= _DAY
        all_day = value * size == _DAY and ("-" in match.group() or _is_label(match))
        if (
            not half_day and not all_day
        ):  # a half day is no 12 hours, and a 24-hour helpline answers every day
            yield Quantity(*match.span(), kind, value * size)
    for match in _SINGLE.finditer(text):
        kind, size = _UNITS[match["unit"].lower()]
        if len(match["unit"]) > 1 and _is_whole(text, *match.span("said"), kind):
            yield Quantity(*match.span("said"), kind, size)
    for match in _AND_HALF.finditer(text):
        kind, size = _UNITS[match["unit"].lower()]
        yield Quantity(*match.span(), kind, 1.5 * size)


def _goes_on(greater: re.Match[str], match: re.Match[str]) -> bool:
    """Whether an amount is the rest of the one before it: the 30 minutes of "1 hour and 30 minutes"."""
    (kind, size), (own_kind, own_size) = (_UNITS[one["unit"].lower()] for one in (greater, match))
    between = match.string[greater.end() : match.start()]
    return kind == own_kind and size > own_size and bool(_JOINT.fullmatch(between))


def _is_unit(match: re.Match[str]) -> bool:
    """Whether letters are written as a unit: "5 g", "24h" and "14d", but not "5G" and "5M"; "MB", but not "Mb", which are bits."""
    unit = match["unit"]
    if len(unit) == 1:
        return unit.islower() and (unit in _GLUED or match.string[match.start("unit") - 1] in _BLANKS)
    return not (len(unit) == 2 and unit.lower().endswith("b")) or unit.isupper() or unit.islower()


def _may_be_hour(match: re.Match[str]) -> bool:
    """Whether hours may as well be a time of day, as in "doors: 18h", where no word in front asks how long."""
    place = match.start()
    before = _LASTS.search(match.string, max(0, place - _BEFORE_CHARS), place)
    return match["unit"].lower() == "h" and not before


def _is_label(match: re.Match[str]) -> bool:
    """Whether "24h" stands before what it is said of, as in "24h hotline"."""
    glued = match["unit"].lower() == "h" and match.string[match.start("unit") - 1].isdigit()
    return glued and not _AFTER_SPAN.match(match.string, match.end())


def _prices(text: str) -> Iterator[Quantity]:
    for match in _PRICE.finditer(text):
        kind = _MONEY[match["sign"]]
        if _is_whole(text, *match.span(), kind):
            yield Quantity(*match.span(), kind, _scaled(_number(match["number"]), match["times"]))


def _others(text: str) -> Iterator[Quantity]:
    """Yield dates, runs of weekdays, round thousands, telephone numbers and shares told as fractions."""
    for match in (*_DATE.finditer(text), *_SPELT_DATE.finditer(text)):
        common = _FIRST_DATE.search(text, max(0, match.start() - _BEFORE_CHARS), match.start())
        if not common and (read := _date(match)) is not None:
            yield Quantity(*match.span(), *read)
    for match in _DAYS.finditer(text):
        first, last = (
            next(at for at, name in enumerate(_WEEKDAYS) if name.startswith(match[which][:3].lower()))
            for which in ("first", "last")
        )
        yield Quantity(*match.span(), "weekdays", float(7 * first + last))
    for match in _THOUSANDS.finditer(text):
        if match["whole"]:
            yield Quantity(*match.span(), "number", _number(match["whole"]))
        else:
            yield Quantity(*match.span(), "number", _scaled(_number(match["number"]), "k"))
    for match in _PHONE.finditer(text):
        if (read := _telephone(match)) is not None:
            yield Quantity(*match.span(), *read)
    for match in _FRACTION.finditer(text):
        part = "said" if match["said"] else "by"
        yield Quantity(*match.span(part), "per cent", _SHARES[match[part].lower().rpartition(" ")[2]])


def _telephone(match: re.Match[str]) -> tuple[str, float] | None:
    """Return a telephone number, whose kind keeps what a number loses: the sign and the zeros in front.

    None where its last figures may count what comes next ("0800 1234567 2 people") or be hours ("0800 1234567 9-17").
    """
    written = match.group()
    digits = "".join(filter(str.isdigit, written))
    last = _LAST_FIGURES.search(written)
    if len(digits) not in _PHONE_DIGITS or (
        last and (last["range"] or _WORD_BEHIND.match(match.string, match.end()))
    ):
        return None
    zeros = len(digits) - len(digits.lstrip("0"))
    return f"telephone {'+' * (written[0] == '+')}{'0' * zeros}", float(digits)


def _date(match: re.Match[str]) -> tuple[str, float] | None:
    """Return a date, or a month of a year; None for what is neither, and for 05/03/2026, which is a day in March or in May."""
    said = match.groupdict()
    year = int(next(said[name] for name in ("year", "year2", "year3") if said.get(name)))
    if said.get("month"):
        month = next(at for at, name in enumerate(_MONTHS, 1) if name.startswith(said["month"][:3].lower()))
        if said["day"] and said["day2"]:
            return None
        day = said["day"] or said["day2"]
        if not day and (said["comma"] or said["month"].islower()):  # "In May, 2026 ...", "it may 2026 times"
            return None
    elif said["sep"]:
        one, other = int(said["a"]), int(said["b"])
        if said["sep"] == "/" and one != other and max(one, other) <= 12:
            return None
        day, month = (str(one), other) if other <= 12 else (str(other), one)
    else:
        month, day = int(said["number"] or said["number2"]), said["day"]
    if not 1 <= month <= 12 or (day and not 1 <= int(day) <= monthrange(year, month)[1]):
        return None
    return (
        ("date", float(372 * year + 31 * (month - 1) + int(day)))
        if day
        else ("month", float(12 * year + month))
    )


def _is_whole(text: str, start: int, end: int, kind: str) -> bool:
    """Whether a number with its unit is all of a quantity; a span of time for each day or week is a rate, a price is itself."""
    if _BEFORE.search(text, max(0, start - _BEFORE_CHARS), start) or _MORE.match(text, end):
        return False
    if kind not in _TIMES:
        return True
    return not _RATE.match(text, end) and not _AFTER_ONE.search(text, max(0, start - _BEFORE_CHARS), start)


def _number(written: str) -> float:
    fraction = _FRACTIONS.get(written[-1])
    if fraction is not None:
        return float(written[:-1] or 0) + fraction
    if written[0].isdigit():
        return float(written.replace(",", ""))
    tens, _, rest = written.lower().replace("-", " ").partition(" ")
    return _TENS_VALUES.get(tens, 0.0) + _WORDS.get(rest or tens, 0.0)


def _scaled(value: float, times: str | None) -> float:
    """Return a value times what the word behind it says, free of what floating point would add to 2.3 billion."""
    return round(value * 10 ** _POWERS[times.strip().lower()], 2) if times else value


def _clock_times(text: str) -> Iterator[Quantity]:
    for match in _CLOCK.finditer(text):
        if match["named"]:
            yield Quantity(*match.span(), "clock", _NAMED[match["named"].lower().rpartition(" ")[2]])
        elif not _NO_CLOCK.search(text, max(0, match.start() - _BEFORE_CHARS), match.start()):
            yield from _times(match)

    for match in _AT_HOUR.finditer(text):
        yield Quantity(*match.span("said"), "clock", _minutes(match["hour"], match["minute"], ""))


def _times(match: re.Match[str]) -> Iterator[Quantity]:
    """Yield the one or two times of a match; an hour without minutes needs a period, its own or that of the next."""
    hour, minute, own = match["hour"], match["minute"], (match["own"] or "").strip().lower()
    last = match["period"] or ""
    if match["range"] and (match["minute2"] or last) and _is_said(match["hour2"], last):
        second = _minutes(match["hour2"], match["minute2"], last)
        if own or (minute and (not last or int(hour) > 12 or hour[0] == "0")):  # "08:30–5 pm", "9 am–5 pm"
            end = match.start("range")
            yield Quantity(match.start(), end, "clock", _minutes(hour, minute, own))
        elif last and int(hour) <= 12:
            first = _minutes(hour, minute, last)
            first = first if first <= second else (first - 720) % 1440  # "11 to 1 pm" begins in the morning
            yield Quantity(match.start(), match.start("range"), "clock", first, shared=True)
        else:
            return
        yield Quantity(match.start("hour2"), match.end(), "clock", second)
    elif not match["range"] and (minute or own) and _is_said(hour, own):
        yield Quantity(match.start(), match.end(), "clock", _minutes(hour, minute, own))


def _is_said(hour: str, period: str) -> bool:
    """Whether anybody tells an hour of that part of the day."""
    hours = _HOURS_OF.get(period.lower().rpartition(" ")[2])
    return hours is None or int(hour) in hours


def _minutes(hour: str, minute: str | None, period: str) -> float:
    """Return minutes since midnight; a period of the day moves hours up to twelve."""
    hours, period = int(hour), period.lower()
    if period and hours <= 12:
        late = period.startswith("p") or "afternoon" in period or "evening" in period
        hours = hours % 12 + 12 * late
    return float((hours * 60 + int(minute or 0)) % 1440)
