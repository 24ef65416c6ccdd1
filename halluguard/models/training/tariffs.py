"""Prices, hours and limits of made-up services, and claims about them: which figure belongs to which thing.

All of our own writing. `house_rules` changes a rule; here several things of one kind stand side by side, in sentences, lists
or a table, each with its own figures, and a claim is right only where thing and figure belong together. What a claim says is
never the wording of the page: a yearly charge costs so much a year, half past five is 17:30, two weeks are 14 days. Right and
wrong claims are drawn from the same forms, so that no form tells the label.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL, Example

KIND = "tariffs"

#: Things that are paid for, by service, each with a thing that may be limited in number there.
SERVICES: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("resident permit", "visitor permit", "trader permit", "carer's permit", "season ticket", "night pass"),
        ("vehicle", "household", "address"),
        ("North Quay", "the Mill car park", "Station Yard", "the Exchange", "Hollow Lane"),
    ),
    (
        ("single room", "double room", "family room", "sea-view room", "parking space", "extra bed", "breakfast"),
        ("guest", "booking", "room"),
        ("the front desk", "the pool", "the sauna", "the terrace bar", "the cloakroom"),
    ),
    (
        ("starter plan", "team plan", "business plan", "extra seat", "storage pack", "audit add-on", "support line"),
        ("user", "workspace", "project"),
        ("the help desk", "the live chat", "the status line", "the billing team", "the onboarding team"),
    ),
    (
        ("eye test", "hearing test", "dental check-up", "flu jab", "travel vaccination", "blood test", "X-ray"),
        ("patient", "visit", "prescription"),
        ("the Cobbold site", "the Harbour site", "the laboratory", "the pharmacy desk", "the walk-in clinic"),
    ),
    (
        ("swimming lesson", "yoga class", "day ticket", "squash court", "locker", "guest pass", "climbing course"),
        ("member", "child", "booking"),
        ("the pool", "the gym", "the climbing hall", "the café", "the front counter"),
    ),
    (
        ("letter", "small parcel", "large parcel", "registered item", "courier collection", "insurance cover"),
        ("customer", "order", "shipment"),
        ("the depot", "the parcel shop", "the sorting office", "the collection point", "the service line"),
    ),
    (
        ("passport", "identity card", "birth certificate", "marriage certificate", "driving licence", "fishing licence"),
        ("applicant", "family", "request"),
        ("the registry office", "the town hall", "the licensing desk", "the archive", "the citizens' office"),
    ),
    (
        ("current account", "savings account", "credit card", "replacement card", "paper statement", "foreign transfer"),
        ("client", "account", "month"),
        ("the branch", "the card hotline", "the advice centre", "the vault", "the cash desk"),
    ),
    (
        ("evening course", "language course", "resit", "library card", "certified transcript", "exam place"),
        ("student", "term", "module"),
        ("the library", "the exam office", "the language centre", "the bursary", "the computer room"),
    ),
    (
        ("bulky collection", "garden bin", "second bin", "skip", "compost delivery", "replacement caddy"),
        ("household", "collection", "year"),
        ("the recycling centre", "the transfer station", "the tip shop", "the depot", "the switchboard"),
    ),
    (
        ("van", "estate car", "child seat", "additional driver", "roof box", "snow chains", "electric bike"),
        ("driver", "rental", "contract"),
        ("the airport desk", "the city office", "the harbour office", "the workshop", "the hotline"),
    ),
    (
        ("adult ticket", "child ticket", "family ticket", "audio guide", "guided tour", "workshop place", "annual pass"),
        ("visitor", "group", "school class"),
        ("the museum", "the east wing", "the tower", "the shop", "the reading room"),
    ),
)  # fmt: skip

PERIODS = (
    ("a year", "annual"),
    ("a month", "monthly"),
    ("a week", "weekly"),
    ("a day", "daily"),
    ("an hour", "hourly"),
)
CURRENCIES = ("£{}", "£{}", "€{}", "€{}", "${}", "{} euros", "{} pounds", "CHF {}", "{} kr.", "EUR {}")
CARDINALS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
HOURS = (*CARDINALS, "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
#: Consecutive days as a page names them, the same in other words, a day among them, a day not among them.
DAYS = (
    ("Monday to Friday", "on weekdays", "Wednesday", "Saturday"),
    ("Monday to Thursday", "from Monday to Thursday", "Tuesday", "Friday"),
    ("Tuesday to Saturday", "from Tuesday to Saturday", "Thursday", "Monday"),
    ("Monday to Saturday", "every day but Sunday", "Saturday", "Sunday"),
    ("Saturday and Sunday", "at the weekend", "Sunday", "Friday"),
    ("Wednesday to Sunday", "from Wednesday to Sunday", "Friday", "Tuesday"),
)
SPANS = ((7, "days", "a week"), (14, "days", "two weeks"), (21, "days", "three weeks"), (28, "days", "four weeks"),
         (48, "hours", "two days"), (24, "hours", "a day"), (72, "hours", "three days"), (12, "months", "a year"),
         (24, "months", "two years"), (18, "months", "a year and a half"), (30, "minutes", "half an hour"),
         (90, "minutes", "an hour and a half"), (10, "days", "ten days"), (6, "weeks", "six weeks"), (3, "months", "a quarter of a year"))  # fmt: skip
EVENTS = (
    "delivery",
    "the invoice date",
    "registration",
    "the first visit",
    "the appointment",
    "the confirmation",
    "your arrival",
    "the change",
)
ACTS = (
    "apply",
    "cancel",
    "send in the form",
    "pay",
    "object",
    "ask for a refund",
    "book a new date",
    "report damage",
)
FILLERS = (
    "All prices include tax.", "The charges are reviewed every spring.", "Payment is possible by card or bank transfer.",
    "Please have your customer number ready.", "The conditions apply to all customers.", "We reply to e-mails in the order they come in.",
    "A receipt is sent by e-mail.", "Further details are found on the notice board.", "Bookings are made online or at the counter.",
    "This page was last checked in March.", "Terms may differ at partner sites.", "Ask a member of staff if anything is unclear.",
)  # fmt: skip
UNSAID = (
    "The {item} has to be booked online.", "You can pay for the {item} in cash.", "The {item} can be passed on to somebody else.",
    "Students get the {item} at a reduced price.", "The {item} was cheaper last year.", "A deposit is taken for the {item}.",
    "The {item} can be cancelled free of charge.", "The {item} is also sold by our partners.", "You'll get the {item} back within a week if you lose it.",
    "There is a waiting list for the {item}.", "Seniors pay less for the {item}.", "The price of the {item} goes up in January.",
)  # fmt: skip
OPENINGS = (
    "",
    "",
    "",
    "",
    "",
    "Yes, ",
    "Good to know: ",
    "Please note that ",
    "As far as our page says, ",
    "Sure: ",
    "In short, ",
)


@dataclass(frozen=True, slots=True)
class Told:
    """One fact as pages tell it, with claims that it bears out, rules out and leaves open."""

    pages: tuple[str, ...]
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    unsaid: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]


def _an(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeio' else 'a'} {noun}"


def _money(amount: float, form: str) -> str:
    return form.format(f"{amount:.2f}" if amount != int(amount) else str(int(amount)))


def _other_amount(amount: float, rng: random.Random) -> float:
    """Return an amount near another that no reader takes for it."""
    near = [amount + step for step in (-20, -10, -6, -5, -3, -2, 2, 3, 5, 6, 10, 20) if amount + step > 0]
    return rng.choice([*near, amount * 2, amount * 10])


def _price_claims(item: str, amount: str, period: tuple[str, str], way: int) -> str:
    """Say a price in one of several ways; `way` chooses it, so that a right and a wrong claim have the same form."""
    per, adjective = period
    forms = (
        f"the {item} costs {amount} {per}.",
        f"you pay {amount} {per} for the {item}.",
        f"we charge {amount} {per} for the {item}.",
        f"{amount} {per} is what the {item} costs.",
        f"the {adjective} charge for the {item} is {amount}.",
        f"for the {item} it's {amount} {per}.",
        f"{item}: {amount} {per}",
        f"the price of the {item} is {amount} {per}.",
        f"{_an(item)} will set you back {amount} {per}.",
        f"{amount} {per} gets you the {item}.",
        f"the {item} comes to {amount} {per}.",
        f"{adjective} fee for {_an(item)}: {amount}",
        f"{_an(item)} is {amount} {per}.",
        f"you can have the {item} for {amount} {per}.",
        f"{_an(item)}, {amount} {per}.",
        f"expect {amount} {per} for {_an(item)}.",
    )
    return forms[way % len(forms)]


def _price_pages(item: str, amount: str, period: tuple[str, str]) -> tuple[str, ...]:
    per, adjective = period
    return (
        f"The {item} costs {amount} {per}.",
        f"The {adjective} fee for the {item} is {amount}.",
        f"The {item} is available at {amount} {per}.",
        f"A charge of {amount} {per} is made for the {item}.",
        f"For {_an(item)} we ask {amount} {per}.",
        f"{_cap(item)}: {amount} {per}.",
    )


def _prices(items: Sequence[str], rng: random.Random) -> tuple[list[Told], Sequence[str]]:
    """Return a price for each of some things of one service, all for the same period, and a table's header."""
    form, period = rng.choice(CURRENCIES), rng.choice(PERIODS)
    amounts: list[float] = (
        rng.sample(range(3, 40), len(items))
        if rng.random() < 0.4
        else rng.sample(range(12, 480, 4), len(items))
    )
    if rng.random() < 0.2:
        amounts = [amount + 0.5 for amount in amounts]
    told = []
    for at, (item, amount) in enumerate(zip(items, amounts, strict=True)):
        said = _money(amount, form)
        right, wrong = [], []
        for way in rng.sample(range(16), 5):
            right.append(_price_claims(item, said, period, way))
            # a figure of another thing on the page as often as one that is not on it
            others = [n for n in amounts if n != amount]
            bad = rng.choice(others) if rng.random() < 0.6 else _other_amount(amount, rng)
            if bad == amount:
                bad = amount + 1
            wrong.append(_price_claims(item, _money(bad, form), period, way))
        other = rng.choice([n for n in range(len(items)) if n != at])
        more, less = (item, items[other]) if amount > amounts[other] else (items[other], item)
        gap = _money(abs(amount - amounts[other]), form)
        for text in ("the {} costs more than the {}.", "the {} is dearer than the {}.", f"the {{}} costs {gap} more than the {{}}.",
                     f"you pay {gap} more for the {{}} than for the {{}}."):  # fmt: skip
            if rng.random() < 0.5:
                right.append(text.format(more, less))
                wrong.append(text.format(less, more))
        total = amount + amounts[other]
        for text in (f"together, the {item} and the {items[other]} come to {{}} {period[0]}.",
                     f"with {_an(item)} and {_an(items[other])} you pay {{}} {period[0]} in all."):  # fmt: skip
            if rng.random() < 0.4:
                right.append(text.format(_money(total, form)))
                wrong.append(text.format(_money(_other_amount(total, rng), form)))
        if period[0] == "a year" and amount % 12 == 0:
            right.append(f"the {item} works out at {_money(amount // 12, form)} a month.")
            wrong.append(
                f"the {item} works out at {_money(amount // 12 + rng.choice((1, 2, 3)), form)} a month."
            )
        if min(amounts) == amount:
            right.append(f"the {item} is the cheapest of these.")
            wrong.append(f"the {item} is the dearest of these.")
        wrong.append(
            rng.choice(
                (
                    f"the {item} is free of charge.",
                    f"you don't pay anything for the {item}.",
                    f"nobody pays for the {item}.",
                )
            )
        )
        right.append(
            rng.choice(
                (
                    f"the {item} is not free of charge.",
                    f"you do have to pay for the {item}.",
                    f"nobody gets the {item} for nothing.",
                )
            )
        )
        told.append(Told(_price_pages(item, said, period), tuple(right), tuple(wrong),
                         tuple(form_.format(item=item) for form_ in rng.sample(UNSAID, 3)), (item, f"{said} {period[0]}")))  # fmt: skip
    return told, ("Service", "Charge")


COLUMNS = (("weekday", "weekend"), ("adult", "child"), ("low season", "high season"), ("one day", "three days", "one week"),
           ("members", "other customers"), ("online", "at the counter"), ("first time", "renewal"), ("standard", "express"), ("small", "medium", "large"))  # fmt: skip


def _grid(items: Sequence[str], rng: random.Random) -> tuple[list[Told], Sequence[str]]:
    """Return things with a price in each of two or three columns, and the table's header."""
    form, columns = rng.choice(CURRENCIES), rng.choice(COLUMNS)
    amounts = [rng.sample(range(3, 250), len(columns)) for _ in items]
    told = []
    for at, item in enumerate(items):
        right, wrong = [], []
        forms = ("{item}, {column}: {said}", "the {item} ({column}) costs {said}.", "{said} is the price of the {item}, {column}.", "for the {item} you pay {said} ({column}).",
                 "in the column {column}, the {item} is {said}.", "{column}: {said} for the {item}")  # fmt: skip
        for text in rng.sample(forms, 4):
            place = rng.randrange(len(columns))
            beside = [amounts[at][n] for n in range(len(columns)) if n != place]
            below = [amounts[n][place] for n in range(len(items)) if n != at]
            bad = rng.choice([*beside, *beside, *below, _other_amount(amounts[at][place], rng)])
            if bad == amounts[at][place]:
                continue
            right.append(text.format(item=item, column=columns[place], said=_money(amounts[at][place], form)))
            wrong.append(text.format(item=item, column=columns[place], said=_money(bad, form)))
        low, high = min(amounts[at]), max(amounts[at])
        cheap, dear = columns[amounts[at].index(low)], columns[amounts[at].index(high)]
        right += [
            f"the {item} is cheapest under {cheap}, with {_money(low, form)}.",
            f"the {item} costs more under {dear} than under {cheap}.",
        ]
        wrong += [
            f"the {item} is cheapest under {dear}, with {_money(high, form)}.",
            f"the {item} costs more under {cheap} than under {dear}.",
        ]
        cells = (item, *(_money(amount, form) for amount in amounts[at]))
        page = (
            f"{_cap(item)}: "
            + ", ".join(f"{column} {said}" for column, said in zip(columns, cells[1:], strict=True))
            + "."
        )
        told.append(
            Told(
                (page,),
                tuple(right),
                tuple(wrong),
                tuple(text.format(item=item) for text in rng.sample(UNSAID, 3)),
                cells,
            )
        )
    return told, ("Service", *(_cap(column) for column in columns))


def _first_and_further(item: str, rng: random.Random) -> Told:
    form, period = rng.choice(CURRENCIES), rng.choice(PERIODS)
    first, further = rng.sample(range(4, 160, 2), 2)
    a, b = _money(first, form), _money(further, form)
    count = rng.randint(3, 6)
    total = first + (count - 1) * further
    wrong_total = count * first if rng.random() < 0.5 else _other_amount(total, rng)
    per = period[0]
    pairs = (
        ("a second {item} adds {b} {per}.", "a second {item} adds {a} {per}."),
        ("every {item} after the first is {b} {per}.", "every {item} after the first is {a} {per}."),
        ("if you only need one {item}, you pay {a} {per}.", "if you only need one {item}, you pay {b} {per}."),
        ("the {adj} charge is {a} for the first {item}.", "the {adj} charge is {b} for the first {item}."),
        ("the first {item} costs {a} {per}, the next one {b}.", "the first {item} costs {b} {per}, the next one {a}."),
        (f"for {CARDINALS[count]} of them you would pay {_money(total, form)} {per}.",
         f"for {CARDINALS[count]} of them you would pay {_money(wrong_total, form)} {per}."),
        ("the second {item} does not cost the same as the first.", "the second {item} costs just the same as the first."),
    )  # fmt: skip
    slots = {"item": item, "a": a, "b": b, "per": per, "adj": period[1]}
    pages = (
        "The first {item} costs {a} {per} and each further one costs {b}.",
        "We charge {a} {per} for the first {item} and {b} for each additional one.",
        "{Item}: {a} {per} for the first, {b} for every further one.",
    )
    return Told(
        tuple(page.format(**slots, Item=_cap(item)) for page in pages),
        tuple(right.format(**slots) for right, _ in pairs),
        tuple(wrong.format(**slots) for _, wrong in pairs if total != wrong_total or "of them" not in wrong),
        tuple(text.format(item=item) for text in rng.sample(UNSAID, 2)),
    )


def _clock(hour: int, half: bool, way: int) -> str:
    minute = 30 if half else 0
    short = hour if hour <= 12 else hour - 12
    half_day = "am" if hour < 12 else "pm"
    plain = {True: f"{short}.30{half_day}", False: f"{short}{half_day}"}[half]
    spoken = f"half past {HOURS[hour]}" if half else f"{HOURS[hour]} o'clock"
    part = "in the morning" if hour < 12 else "in the afternoon" if hour < 18 else "in the evening"
    spaced = f"{short}:30 {half_day}" if half else f"{short} {half_day}"
    return (f"{hour:02d}:{minute:02d}", plain, spaced, f"{spoken} {part}")[way % 4]


def _hours(place: str, rng: random.Random) -> Told:
    days, again, inside, outside = rng.choice(DAYS)
    opens, closes = rng.randint(6, 11), rng.randint(14, 22)
    half_o, half_c = rng.random() < 0.5, rng.random() < 0.5
    on_page, told = rng.randrange(3), rng.randrange(4)
    bad_o = rng.choice([h for h in range(6, 13) if h != opens])
    bad_c = rng.choice([h for h in range(14, 23) if h != closes])
    page_o, page_c = _clock(opens, half_o, on_page), _clock(closes, half_c, on_page)
    o, c = _clock(opens, half_o, told), _clock(closes, half_c, told)
    wrong_o, wrong_c = _clock(bad_o, half_o, told), _clock(bad_c, half_c, told)
    pairs = (
        (f"{place} opens at {o}.", f"{place} opens at {wrong_o}."),
        (f"{place} closes at {c}.", f"{place} closes at {wrong_c}."),
        (f"{again} you can reach {place} until {c}.", f"{again} you can reach {place} until {wrong_c}."),
        (f"{place} is open {again} from {o} to {c}.", f"{place} is open {again} from {wrong_o} to {c}."),
        (f"on {inside} {place} is open.", f"on {inside} {place} is closed."),
        (
            f"come to {place} on {inside} at {o} at the earliest.",
            f"come to {place} on {inside} at {wrong_o} at the earliest.",
        ),
        (f"{place}: {again}, {o} to {c}", f"{place}: {again}, {o} to {wrong_c}"),
        (f"nobody is at {place} before {o}.", f"nobody is at {place} before {wrong_o}."),
    )
    said = f"{days}, {page_o} to {page_c}"
    unsaid = (f"{place} is closed on public holidays.", f"you have to wait a while at {place} around noon.", f"{place} has parking for customers.",
              f"you can only visit {place} by appointment.", f"{place} is open longer in summer.")  # fmt: skip
    pages = (
        f"{_cap(place)} is open {days}, {page_o} to {page_c}.",
        f"Opening hours of {place}: {said}.",
        f"{_cap(place)} is staffed between {page_o} and {page_c}, {days}, and closed on the other days.",
        f"You find us at {place} between {page_o} and {page_c}, {days}, and at no other time.",
    )
    pick = rng.randrange(len(pages))
    closed = (f"on {outside} {place} is closed.",) if pick >= 2 else ()
    opened = (f"you can come to {place} on {outside} too.",) if pick >= 2 else ()
    return Told(
        (pages[pick],),
        (*(r for r, _ in pairs), *closed),
        (*(w for _, w in pairs), *opened),
        unsaid,
        (place, said),
    )


def _limit(item: str, owner: str, rng: random.Random) -> Told:
    n = rng.randint(2, 9)
    word = rng.choice((CARDINALS[n], str(n)))
    bad = rng.choice([k for k in range(2, 12) if k != n])
    bad_word = str(bad) if word.isdigit() else CARDINALS[bad]
    things = f"{item}es" if item.endswith("ss") else item if item.endswith("s") else f"{item}s"
    forms = (
        "{n} {things} per {owner} is the limit.",
        f"{_an(owner)} can have {{n}} {{things}} at most.",
        "the most that we give out is {n} {things} per {owner}.",
        "you can't get more than {n} {things} per {owner}.",
        f"{_an(owner)} may not have more than {{n}} {{things}}.",
        "maximum: {n} {things} for each {owner}",
    )
    right = [form.format(n=word, things=things, owner=owner) for form in forms]
    wrong = [form.format(n=bad_word, things=things, owner=owner) for form in forms]
    right += [f"a {ORDINALS[n + 1]} {item} for the same {owner} is not possible.", f"there is a limit on {things} per {owner}.",
              f"the number of {things} per {owner} is not unlimited."]  # fmt: skip
    wrong += [f"a {ORDINALS[n + 1]} {item} for the same {owner} is possible.", f"there is no limit on {things} per {owner}.",
              f"{_an(owner)} can have as many {things} as it likes."]  # fmt: skip
    number = str(n) if word != str(n) or rng.random() < 0.5 else CARDINALS[n]
    pages = (
        f"No more than {number} {things} are given to {_an(owner)}.",
        f"{_cap(things)} are limited to {number} per {owner}.",
        f"There is a maximum of {number} {things} per {owner}.",
        f"Up to {number} {things} are possible for each {owner}, and no more.",
    )
    unsaid = (f"most people need only one {item}.", f"the limit on {things} is to be raised next year.", f"{things} are handed out on the spot.",
              f"{_an(owner)} has to take at least two {things}.")  # fmt: skip
    return Told(pages, tuple(right), tuple(wrong), unsaid)


def _deadline(rng: random.Random) -> Told:
    number, unit, again = rng.choice(SPANS)
    bad_number, bad_unit, bad_again = rng.choice(
        [span for span in SPANS if span[2] != again and (span[1] != unit or not 0.7 < span[0] / number < 1.4)]
    )
    event, act = rng.choice(EVENTS), rng.choice(ACTS)
    before = rng.random() < 0.5
    other_event = rng.choice([one for one in EVENTS if one != event])
    same = rng.random() < 0.4
    span = f"{number} {unit}" if same else again
    bad = f"{bad_number} {bad_unit}" if same else bad_again
    if before:
        pages = (f"You can {act} up to {number} {unit} before {event}.", f"If you want to {act}, do so at least {number} {unit} before {event}.",
                 f"The latest time to {act} is {number} {unit} before {event}.")  # fmt: skip
        forms = ("you have to {act} no later than {span} before {event}.", "to {act} in time, leave {span} or more until {event}.",
                 "it is too late to {act} once fewer than {span} remain until {event}.", "{span} before {event} is the last moment to {act}.")  # fmt: skip
        turned = f"you can {act} up to {span} after {event}."
    else:
        pages = (f"You can {act} within {number} {unit} of {event}.", f"If you want to {act}, do so no later than {number} {unit} after {event}.",
                 f"From {event} you have {number} {unit} to {act}.")  # fmt: skip
        forms = ("you have {span} to {act}, counted from {event}.", "{span} after {event} it is too late to {act}.",
                 "you have to {act} before {span} have passed since {event}.", "{event} is followed by {span} in which you can {act}.")  # fmt: skip
        turned = f"you have to {act} at least {span} before {event}."
    right = [form.format(act=act, span=span, event=event) for form in forms]
    wrong = [form.format(act=act, span=bad, event=event) for form in forms]
    wrong += [turned, f"there is no time limit if you want to {act}."]
    right += [f"there is a time limit if you want to {act}."]
    # counted from something else: the page does not say that this is ruled out, so a third label
    unsaid = (f"if you {act}, we answer within {bad}.", f"you need a form to {act}.", f"it is free of charge to {act}.", f"most people {act} long before that.",
              f"you can {act} by telephone.", f"we remind you by e-mail after {other_event}.")  # fmt: skip
    return Told(pages, tuple(right), tuple(wrong), unsaid)


def _counted(places: Sequence[str], rng: random.Random) -> Told:
    thing = rng.choice(
        ("charging points", "lockers", "seats", "desks", "bicycle stands", "machines", "counters")
    )
    a, b = rng.sample(range(2, 30), 2)
    one, other = places[:2]
    more, less = (one, other) if a > b else (other, one)
    pairs = (
        (
            f"there are {a + b} {thing} in all.",
            f"there are {a + b + rng.choice((-2, -1, 1, 2, 4))} {thing} in all.",
        ),
        (f"{one} has {a} {thing}.", f"{one} has {b} {thing}."),
        (f"{other} has {b} {thing}.", f"{other} has {a} {thing}."),
        (
            f"you find more {thing} at {more} than at {less}.",
            f"you find more {thing} at {less} than at {more}.",
        ),
        (
            f"{a} of the {thing} are at {one}, the other {b} at {other}.",
            f"{b} of the {thing} are at {one}, the other {a} at {other}.",
        ),
    )
    pages = (
        f"There are {a} {thing} at {one} and {b} at {other}.",
        f"{_cap(one)} has {a} {thing}, {other} has {b}.",
    )
    unsaid = (
        f"the {thing} at {one} are free of charge.",
        f"more {thing} are planned at {other}.",
        f"the {thing} at {one} are newer than those at {other}.",
    )
    return Told(pages, tuple(r for r, _ in pairs), tuple(w for _, w in pairs), unsaid)


def _excluded(item: str, places: Sequence[str], rng: random.Random) -> Told:
    a, b, c = rng.sample(list(places), 3)
    right = (f"you can't use the {item} at {a}.", f"{a} and {b} are excluded.", f"at {b} the {item} is of no use.", f"the {item} doesn't cover {a}.",
             f"neither at {a} nor at {b} is the {item} accepted.")  # fmt: skip
    wrong = (f"you can use the {item} at {a}.", f"{a} and {b} are included.", f"at {b} the {item} is accepted.", f"the {item} covers {a}, too.",
             f"both at {a} and at {b} the {item} is accepted.")  # fmt: skip
    pages = (
        f"The {item} is not valid at {a} or at {b}.",
        f"{_cap(a)} and {b} do not accept the {item}.",
        f"The {item} does not apply to {a} or {b}.",
    )
    unsaid = (
        f"you can't use the {item} at {c}.",
        f"the {item} is accepted at {c}.",
        f"for {a} you need a second {item}.",
    )
    return Told(pages, right, wrong, unsaid)


def _share(item: str, group: str, rng: random.Random) -> Told:
    form = rng.choice(CURRENCIES)
    amount = rng.randrange(8, 300, 4)
    said, half = _money(amount, form), _money(amount / 2, form)
    rise = _money(amount * 1.5, form)
    pairs: tuple[tuple[str, str], ...]
    if rng.random() < 0.5:
        pages = (
            f"The {item} costs {said}. If it is paid late, the charge rises by 50 per cent.",
            f"For the {item} {said} is due; after the due date the amount goes up by half.",
        )
        pairs = ((f"whoever pays late is charged {rise} for the {item}.", f"whoever pays late is charged {_money(amount * 2, form)} for the {item}."),
                 (f"paying the {item} late makes it half as much again.", f"paying the {item} late makes it twice as much."),
                 ("after the due date the charge goes up by half.", "after the due date the charge goes up by a quarter."),
                 (f"if you pay the {item} in time, it is {said}.", f"if you pay the {item} in time, it is {half}."))  # fmt: skip
        unsaid = (
            f"a reminder for the {item} is sent after ten days.",
            f"you can pay for the {item} by instalments.",
        )
    else:
        pages = (
            f"The {item} costs {said}; {group} pay half.",
            f"The price of the {item} is {said}, for {group} 50 per cent less.",
        )
        pairs = ((f"{group} pay {half} for the {item}.", f"{group} pay {said} for the {item}."),
                 (f"for {group} the {item} is half price.", f"for {group} the {item} is free of charge."),
                 (f"the {item} is cheaper for {group}.", f"the {item} costs the same for {group} as for everybody else."),
                 (f"{group} get 50 per cent off the {item}.", f"{group} get 25 per cent off the {item}."),
                 (f"without a reduction the {item} is {said}.", f"without a reduction the {item} is {half}."))  # fmt: skip
        unsaid = (f"{group} need a card to get the reduction.", f"teachers pay half for the {item}, too.")
    return Told(pages, tuple(r for r, _ in pairs), tuple(w for _, w in pairs), unsaid)


def _free(item: str, owner: str, rng: random.Random) -> Told:
    amount = _money(rng.randrange(2, 40), rng.choice(CURRENCIES))
    right = (
        f"you don't pay anything for the {item}.",
        f"the {item} costs nothing.",
        f"the {item} is free.",
        f"there is no charge for the {item}.",
        f"{_an(item)} won't cost you a thing.",
    )
    wrong = (
        f"you pay {amount} for the {item}.",
        f"the {item} costs {amount}.",
        f"the {item} is not free.",
        f"there is a charge for the {item}.",
        f"{_an(item)} will cost you something.",
    )
    pages = (
        f"The {item} is free of charge for every {owner}.",
        f"No fee is charged for the {item}.",
        f"{_cap(item)}: free of charge.",
    )
    return Told(
        pages,
        right,
        wrong,
        tuple(text.format(item=item) for text in rng.sample(UNSAID[:2] + UNSAID[2:3] + UNSAID[9:10], 3)),
    )


GROUPS = (
    "students",
    "pensioners",
    "members",
    "apprentices",
    "large families",
    "volunteers",
    "blue card holders",
)


def _page(rng: random.Random) -> tuple[list[str], list[Told]]:
    """Return the lines of a page and what it tells."""
    items, owners, places = SERVICES[rng.randrange(len(SERVICES))]
    chosen = rng.sample(items, rng.choice((2, 3, 3, 4)))
    rest = [item for item in items if item not in chosen]
    told: list[Told] = []
    lines: list[str] = []
    prices, header = (_grid if rng.random() < 0.35 else _prices)(chosen, rng)
    told += prices
    style = rng.random()
    if style < 0.35:
        lines.append(
            "\n".join(
                [
                    f"| {' | '.join(header)} |",
                    "|---" * len(header) + "|",
                    *(f"| {_cap(' | '.join(one.cells))} |" for one in prices),
                ]
            )
        )
    elif style < 0.6:
        lines.append("\n".join(f"- {rng.choice(one.pages)}" for one in prices))
    else:
        lines.append(" ".join(rng.choice(one.pages) for one in prices))
    makers: list[Callable[[], Told]] = [
        lambda: _hours(rng.choice(places), rng),
        lambda: _deadline(rng),
        lambda: _counted(rng.sample(places, 2), rng),
    ]
    if rest:
        item = rng.choice(rest)
        makers.append(
            rng.choice(
                (
                    lambda: _first_and_further(item, rng),
                    lambda: _share(item, rng.choice(GROUPS), rng),
                    lambda: _free(item, rng.choice(owners), rng),
                )
            )
        )
    makers.append(lambda: _excluded(rng.choice(chosen), places, rng))
    makers.append(lambda: _limit(rng.choice(chosen), rng.choice(owners), rng))
    for make in rng.sample(makers, rng.choice((1, 2, 2, 3, 3, 4))):
        one = make()
        told.append(one)
        lines.append(rng.choice(one.pages))
    lines += rng.sample(FILLERS, rng.choice((0, 0, 1, 2)))
    rng.shuffle(lines)
    return lines, told


def _say(claim: str, opening: str) -> str:
    return _cap(
        opening + claim[:1].lower() + claim[1:] if opening and claim[1:2].islower() else opening + claim
    )


def deal_tariffs(rng: random.Random, count: int) -> list[Example]:
    """Return `count` claims about pages of prices, hours and limits, as many of each label; a right and a wrong one are twins."""
    made: list[Example] = []
    while len(made) < count:
        lines, told = _page(rng)
        page = (
            "\n".join(lines)
            if any("|" in line or line.startswith("- ") for line in lines)
            else " ".join(lines)
        )
        for one in rng.sample(told, min(len(told), rng.choice((1, 2, 3)))):
            twin = f"t{len(made)}-{rng.randrange(10**9)}"
            opening = rng.choice(OPENINGS)
            for label, claims in ((ENTAILMENT, one.right), (CONTRADICTION, one.wrong)):
                made.append(Example(page, _say(rng.choice(claims), opening), label, KIND, twin=twin))
            if one.unsaid:
                made.append(Example(page, _say(rng.choice(one.unsaid), rng.choice(OPENINGS)), NEUTRAL, KIND))
    return made[:count]
