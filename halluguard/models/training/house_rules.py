"""Rules of made-up businesses, and claims about them: deadlines, fees, permissions, papers, ways of payment.

All of our own writing. A chatbot's documents are mostly such rules, and NLI data hold few of them: who, how long, how
much, before or after what, and what is not possible at all. A rule is stated one way among other rules of the same
house, and claimed another way: as it stands, with one part changed, or about something the house does not say.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL, Example

KIND = "house_rules"

#: What a house lets people do: infinitive; things; participle; gerund. Events and groups of the house follow.
HOUSES: tuple[tuple[tuple[tuple[str, str, str, str], ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (
        (
            ("return a lamp", "lamps", "returned", "returning a lamp"),
            ("exchange a sofa", "sofas", "exchanged", "exchanging a sofa"),
            ("cancel an order", "orders", "cancelled", "cancelling an order"),
            ("send back a mattress", "mattresses", "sent back", "sending back a mattress"),
        ),
        ("delivery", "the purchase", "the invoice date"),
        ("club members", "business customers", "students"),
    ),
    (
        (
            ("pause a membership", "memberships", "paused", "pausing a membership"),
            ("end a contract", "contracts", "ended", "ending a contract"),
            ("book a trainer", "trainers", "booked", "booking a trainer"),
            ("cancel a class", "classes", "cancelled", "cancelling a class"),
        ),
        ("the start of the month", "the class", "the end of the term"),
        ("premium members", "seniors", "staff"),
    ),
    (
        (
            ("renew a loan", "loans", "renewed", "renewing a loan"),
            ("reserve a film", "films", "reserved", "reserving a film"),
            ("borrow a map", "maps", "borrowed", "borrowing a map"),
            ("replace a card", "cards", "replaced", "replacing a card"),
        ),
        ("the due date", "the reminder", "registration"),
        ("residents", "teachers", "children"),
    ),
    (
        (
            ("cancel a room", "rooms", "cancelled", "cancelling a room"),
            ("move a stay", "stays", "moved", "moving a stay"),
            ("add a bed", "beds", "added", "adding a bed"),
            ("book a table", "tables", "booked", "booking a table"),
        ),
        ("arrival", "the confirmation", "check-in"),
        ("gold guests", "groups", "families"),
    ),
    (
        (
            ("block a card", "cards", "blocked", "blocking a card"),
            ("recall a transfer", "transfers", "recalled", "recalling a transfer"),
            ("close an account", "accounts", "closed", "closing an account"),
            ("dispute a charge", "charges", "disputed", "disputing a charge"),
        ),
        ("the statement date", "the booking date", "the opening of the account"),
        ("private clients", "companies", "trainees"),
    ),
    (
        (
            ("change a tariff", "tariffs", "changed", "changing a tariff"),
            ("keep a number", "numbers", "kept", "keeping a number"),
            ("return a router", "routers", "returned", "returning a router"),
            ("terminate a line", "lines", "terminated", "terminating a line"),
        ),
        ("the end of the contract", "activation", "the move"),
        ("new customers", "apprentices", "long-term customers"),
    ),
    (
        (
            ("withdraw from a course", "courses", "withdrawn from", "withdrawing from a course"),
            ("repeat an exam", "exams", "repeated", "repeating an exam"),
            ("hand in an essay", "essays", "handed in", "handing in an essay"),
            ("transfer a credit", "credits", "transferred", "transferring a credit"),
        ),
        ("the first lecture", "the exam", "enrolment"),
        ("part-time students", "exchange students", "doctoral students"),
    ),
    (
        (
            ("exchange a ticket", "tickets", "exchanged", "exchanging a ticket"),
            ("resell a seat", "seats", "resold", "reselling a seat"),
            ("pick up a pass", "passes", "picked up", "picking up a pass"),
            ("rent a locker", "lockers", "rented", "renting a locker"),
        ),
        ("the performance", "the sale", "the doors open"),
        ("subscribers", "school classes", "pensioners"),
    ),
    (
        (
            ("extend a rental", "rentals", "extended", "extending a rental"),
            ("return a van", "vans", "returned", "returning a van"),
            ("add a driver", "drivers", "added", "adding a driver"),
            ("cancel a reservation", "reservations", "cancelled", "cancelling a reservation"),
        ),
        ("pick-up", "the end of the rental", "the booking"),
        ("drivers under 25", "corporate customers", "partners"),
    ),
    (
        (
            ("report a claim", "claims", "reported", "reporting a claim"),
            ("cancel a policy", "policies", "cancelled", "cancelling a policy"),
            ("insure a bicycle", "bicycles", "insured", "insuring a bicycle"),
            ("raise a limit", "limits", "raised", "raising a limit"),
        ),
        ("the damage", "the anniversary of the policy", "the theft"),
        ("families", "civil servants", "tenants"),
    ),
    (
        (
            ("take a day of leave", "days of leave", "taken", "taking a day of leave"),
            ("file an expense report", "expense reports", "filed", "filing an expense report"),
            ("swap a shift", "shifts", "swapped", "swapping a shift"),
            ("order a laptop", "laptops", "ordered", "ordering a laptop"),
        ),
        ("the trip", "the start of the shift", "the probation period"),
        ("managers", "interns", "night workers"),
    ),
    (
        (
            ("redirect a parcel", "parcels", "redirected", "redirecting a parcel"),
            ("claim a lost letter", "lost letters", "claimed", "claiming a lost letter"),
            ("collect a package", "packages", "collected", "collecting a package"),
            ("insure a shipment", "shipments", "insured", "insuring a shipment"),
        ),
        ("dispatch", "the notice", "the delivery attempt"),
        ("online shops", "frequent senders", "account holders"),
    ),
    (
        (
            ("downgrade a plan", "plans", "downgraded", "downgrading a plan"),
            ("restore a file", "files", "restored", "restoring a file"),
            ("export a project", "projects", "exported", "exporting a project"),
            ("add a user", "users", "added", "adding a user"),
        ),
        ("the renewal", "deletion", "the trial period"),
        ("administrators", "free users", "charities"),
    ),
    (
        (
            ("change an appointment", "appointments", "changed", "changing an appointment"),
            ("refill a prescription", "prescriptions", "refilled", "refilling a prescription"),
            ("view a report", "reports", "viewed", "viewing a report"),
            ("visit a patient", "patients", "visited", "visiting a patient"),
        ),
        ("the appointment", "the operation", "admission"),
        ("relatives", "children under 12", "day patients"),
    ),
)
UNITS = ("minutes", "hours", "days", "working days", "weeks", "months")
WAYS = (
    "in cash",
    "as a voucher",
    "to the card that was used",
    "by bank transfer",
    "as credit on the account",
)
PAPERS = (
    "a receipt",
    "an identity card",
    "a doctor's letter",
    "written consent",
    "the original packaging",
    "a deposit",
    "a form",
)
ABLE = ("refundable", "transferable", "negotiable", "renewable", "exchangeable", "extendable", "adjustable")
CHANNELS = ("online", "by phone", "at the counter", "in the app", "by post", "by e-mail")
NUMBERS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 15, 20, 21, 24, 28, 30, 36, 45, 48, 60, 72, 90)
AMOUNTS = (3, 5, 8, 10, 12, 15, 18, 20, 25, 30, 35, 40, 45, 50, 60, 75, 80, 90, 100, 120, 150, 200, 250)
WORDS = {
    2: "two",
    3: "three",
    4: "four",
    5: "five",
    6: "six",
    7: "seven",
    8: "eight",
    10: "ten",
    12: "twelve",
}

Slots = dict[str, str]


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of rule: how it can be stated, what denies it, and what follows from it.

    `conflicts` are templates that no house with the rule could also state; `changed` are the slots another value of
    which makes any statement of the rule false.
    """

    states: tuple[str, ...]
    changed: tuple[str, ...]
    conflicts: tuple[str, ...]
    follows: tuple[str, ...] = ()
    forbids: bool = False
    whole_house: bool = False


SORTS: dict[str, Sort] = {
    "deadline_before": Sort(
        (
            "You can {do} up to {n} {unit} before {event}.",
            "{Things} can be {done} until {n} {unit} before {event}.",
            "{Doing} is possible no later than {n} {unit} before {event}.",
            "The deadline for {doing} is {n} {unit} before {event}.",
            "If you want to {do}, tell us at least {n} {unit} before {event}.",
            "Until when can I {do}? Until {n} {unit} before {event}.",
            "What is the deadline for {doing}? {n} {unit} before {event}.",
            "{Things} have to be {done} at least {n} {unit} before {event}.",
        ),
        ("n", "unit", "event"),
        (
            "{Things} cannot be {done}.",
            "You can {do} up to {n} {unit} after {event}.",
            "{Things} can be {done} at any time, even after {event}.",
            "There is no deadline for {doing}.",
            "The deadline for {doing} is {n2} {unit} after {event}.",
            "It does not matter when you {do}.",
            "Until when can I {do}? Up to {n2} {unit2} after {event}.",
        ),
        (
            "There is a deadline for {doing}.",
            "{Things} can be {done}.",
            "The last minutes before {event} are too late for {doing}.",
        ),
    ),
    "deadline_after": Sort(
        (
            "You can {do} within {n} {unit} after {event}.",
            "{Things} can be {done} for {n} {unit} after {event}.",
            "{Doing} is possible up to {n} {unit} after {event}.",
            "The deadline for {doing} is {n} {unit} after {event}.",
            "Once {n} {unit} have passed since {event}, it is too late for {doing}.",
            "How long after {event} can I {do}? Up to {n} {unit}.",
            "How much time do I have to {do}? {n} {unit} from {event}.",
            "{Things} have to be {done} in the {n} {unit} that follow {event}.",
        ),
        ("n", "unit", "event"),
        (
            "{Things} cannot be {done}.",
            "You must {do} before {event}.",
            "After {event}, {things} can no longer be {done}.",
            "There is no time limit for {doing}.",
            "The deadline for {doing} is {n2} {unit} before {event}.",
            "{Things} can be {done} only before {event}, and not later.",
            "{Things} can still be {done} years after {event}.",
        ),
        (
            "There is a time limit for {doing}.",
            "{Things} can be {done}.",
            "{Doing} is still possible right after {event}.",
        ),
    ),
    "fee": Sort(
        (
            "{Doing} costs {fee}.",
            "We charge {fee} for {doing}.",
            "The fee for {doing} is {fee}.",
            "You pay {fee} if you {do}.",
            "{Things} can be {done} for {fee}.",
            "How much does it cost to {do}? {fee}.",
            "A charge of {fee} applies to {doing}.",
        ),
        ("fee",),
        (
            "{Doing} is free of charge.",
            "There is no fee for {doing}.",
            "You can {do} at no cost.",
            "Nobody pays anything for {doing}.",
            "How much does it cost to {do}? Nothing.",
            "{Things} are {done} free of charge, whoever asks.",
            "{Things} cannot be {done}, not even for money.",
        ),
        ("{Doing} is not free.", "There is a fee for {doing}.", "{Things} can be {done}."),
    ),
    "free": Sort(
        (
            "{Doing} is free of charge.",
            "There is no fee for {doing}.",
            "You can {do} at no cost.",
            "We do not charge for {doing}.",
            "How much does it cost to {do}? Nothing.",
        ),
        (),
        (
            "{Doing} costs {fee}.",
            "The fee for {doing} is {fee}.",
            "You pay {fee} if you {do}.",
            "Only {group} can {do} free of charge.",
            "{Doing} is never free.",
        ),
        (
            "{Group} pay nothing for {doing}.",
            "You do not have to pay for {doing}.",
            "{Things} can be {done}.",
        ),
    ),
    "forbidden": Sort(
        (
            "{Things} cannot be {done}.",
            "It is not possible to {do}.",
            "{Doing} is not allowed.",
            "{Things} are never {done}.",
            "Can I {do}? No.",
            "We do not allow anyone to {do}.",
        ),
        (),
        (
            "{Things} can be {done}.",
            "You can {do} up to {n} {unit} before {event}.",
            "You can {do} within {n} {unit} after {event}.",
            "{Things} can be {done} in full for {n} {unit} after {event}.",
            "{Doing} costs {fee}.",
            "{Group} can {do}.",
            "Can I {do}? Yes, {channel}.",
            "{Things} are {done} whenever someone asks.",
        ),
        ("{Group} cannot {do}.", "There is no way to {do}.", "Nobody can {do} {channel}."),
        forbids=True,
    ),
    "not_able": Sort(
        (
            "{Things} are not {able}.",
            "{Things} are never {able}, whatever the reason.",
            "Are {things} {able}? No.",
            "No {things} are {able}.",
        ),
        (),
        (
            "{Things} are {able}.",
            "{Things} are fully {able}.",
            "{Things} are {able} for {n} {unit} after {event}.",
            "{Things} are fully {able} for {group}.",
            "{Things} are {able} {channel} until {n} {unit} before {event}.",
            "Are {things} {able}? Yes, for {fee}.",
            "All {things} are {able} if you ask within {n} {unit} after {event}.",
        ),
        ("{Things} are not {able} {channel}.", "{Group} do not have {able} {things}."),
    ),
    "able": Sort(
        (
            "{Things} are {able}.",
            "{Things} are always {able}.",
            "Are {things} {able}? Yes.",
            "All {things} are {able}.",
        ),
        (),
        (
            "{Things} are not {able}.",
            "{Things} are {able} only for {group}.",
            "No {things} are {able}, not even for {fee}.",
            "Are {things} {able}? No, never.",
            "{Things} stop being {able} {n} {unit} before {event}.",
        ),
        ("It is not true that {things} are not {able}.",),
    ),
    "only_group": Sort(
        (
            "Only {group} can {do}.",
            "{Doing} is reserved for {group}.",
            "{Things} can be {done} by {group} alone.",
            "No one but {group} may {do}.",
            "Who can {do}? Only {group}.",
        ),
        ("group",),
        (
            "Everyone can {do}.",
            "{Things} can be {done} by anyone.",
            "{Group} cannot {do}.",
            "It does not matter who you are: you can {do}.",
            "Nobody can {do}.",
        ),
        ("{Group} can {do}.", "Not everyone can {do}.", "Those who are not {group} cannot {do}."),
    ),
    "everyone": Sort(
        (
            "Everyone can {do}.",
            "All customers can {do}, {group} included.",
            "{Things} can be {done} by anyone.",
            "Every one of our customers may {do}.",
        ),
        (),
        (
            "Only {group} can {do}.",
            "{Group} cannot {do}.",
            "{Doing} is reserved for {group}.",
            "{Things} cannot be {done}.",
        ),
        ("{Group} can {do}.", "{Things} can be {done}."),
    ),
    "paper": Sort(
        (
            "You need {paper} to {do}.",
            "{Things} are only {done} with {paper}.",
            "Without {paper}, {things} cannot be {done}.",
            "{Doing} requires {paper}.",
            "What do I need to {do}? {Paper}.",
        ),
        (),
        (
            "You can {do} without {paper}.",
            "No proof of any kind is needed to {do}, not even {paper}.",
            "{Doing} does not require {paper}.",
            "You do not need {paper} to {do}.",
            "There is no need for {paper} when {things} are {done}.",
        ),
        ("{Paper} is needed to {do}.", "It is not possible to {do} without {paper}."),
    ),
    "channel": Sort(
        (
            "{Things} can be {done} only {channel}.",
            "{Doing} is possible {channel} and in no other way.",
            "You can {do} only {channel}.",
            "How can I {do}? Only {channel}.",
        ),
        ("channel",),
        (
            "You cannot {do} {channel}.",
            "{Things} can be {done} in any way you like.",
            "{Doing} is not possible {channel}.",
            "{Things} cannot be {done}.",
        ),
        ("You can {do} {channel}.", "There is only one way to {do}."),
    ),
    "pay_time": Sort(
        (
            "The money is paid back within {n} {unit}.",
            "We pay the money back within {n} {unit}.",
            "A refund takes up to {n} {unit}.",
            "How long does a refund take? Up to {n} {unit}.",
            "You have your money at the latest after {n} {unit}.",
        ),
        ("n", "unit"),
        (
            "The money is paid back at once.",
            "A refund takes at least a year.",
            "No money is ever paid back.",
        ),
        ("Money is paid back.", "Refunds exist."),
        whole_house=True,
    ),
    "pay_way": Sort(
        (
            "Refunds are paid {way}.",
            "We pay the money back {way}.",
            "You get your money back {way} and in no other way.",
            "How is the money paid back? {Way}.",
            "Any refund is made {way}.",
        ),
        ("way",),
        (
            "Refunds are never paid {way}.",
            "Nothing is paid back.",
            "You cannot have your money back {way}.",
        ),
        ("It is possible to get money back.",),
        whole_house=True,
    ),
    "not_way": Sort(
        (
            "Refunds are not paid {way}.",
            "We never pay money back {way}.",
            "Nothing is paid out {way}.",
            "Can I have my money back {way}? No.",
        ),
        (),
        (
            "Refunds are paid {way}.",
            "You get your money back {way}.",
            "If you ask for it, the full price is paid out {way} within {n} {unit}.",
            "Can I have my money back {way}? Yes.",
            "You can choose to be paid {way}.",
        ),
        ("Nobody is paid back {way}.",),
        whole_house=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of one house: its sort, the act it is about, and its slots."""

    sort: str
    act: int
    slots: Slots

    def state(self, template: str) -> str:
        """Fill a template; the sentence begins with a capital."""
        text = template.format(**self.slots)
        return text[:1].upper() + text[1:]


def deal_rules(rng: random.Random, count: int) -> list[Example]:
    """Return `count` examples or a few more: in each round a premise with a true, a false and an unanswered claim."""
    made: list[Example] = []
    while len(made) < count:
        made += _round(rng, len(made))
    return made


def _round(rng: random.Random, number: int) -> list[Example]:
    house = rng.choice(HOUSES)
    rule = _draw_rule(house, rng, rng.choice(sorted(SORTS)), rng.randrange(len(house[0])))
    others = _others(house, rule, rng)
    premise = _premise([rule, *others[1:]], rng)
    true, false = _true(rule, rng), _false(rule, house, rng)
    if rng.random() < 0.3 and len(others) > 1:  # half-true claims: two rules in one sentence
        beside = _true(others[-1], rng)
        if "?" not in true + false + beside:
            true, false = _join(beside, true, rng), _join(beside, false, rng)
    twin = f"r{number}-{rng.randrange(10**9)}"
    made = [
        Example(premise, true, ENTAILMENT, KIND, twin=twin),
        Example(premise, false, CONTRADICTION, KIND, twin=twin),
    ]
    silent = others[0]  # a rule of the house that this premise leaves out
    made.append(Example(premise, silent.state(rng.choice(SORTS[silent.sort].states)), NEUTRAL, KIND))
    return made


def _draw_rule(house: Sequence[tuple], rng: random.Random, sort: str, act: int) -> Rule:  # type: ignore[type-arg]
    acts, events, groups = house
    do, things, done, doing = acts[act]
    n, unit = rng.choice(NUMBERS), rng.choice(UNITS)
    slots = {
        "do": do, "things": things, "Things": things.capitalize(), "done": done, "doing": doing,
        "Doing": doing.capitalize(), "n": _number(n, rng), "unit": unit, "event": rng.choice(events),
        "fee": _money(rng.choice(AMOUNTS), rng), "group": rng.choice(groups), "paper": rng.choice(PAPERS),
        "channel": rng.choice(CHANNELS), "way": rng.choice(WAYS), "able": rng.choice(ABLE),
        "n2": _number(rng.choice(NUMBERS), rng), "unit2": rng.choice(UNITS),
    }  # fmt: skip
    slots |= {name.capitalize(): slots[name].capitalize() for name in ("group", "paper", "way")}
    return Rule(sort, act, slots)


def _number(value: int, rng: random.Random) -> str:
    return WORDS[value] if value in WORDS and rng.random() < 0.3 else str(value)


def _money(value: int, rng: random.Random) -> str:
    return rng.choice(("{} euros", "{} euros", "{} dollars", "€{}", "${}", "{} pounds")).format(value)


def _others(house: Sequence[tuple], rule: Rule, rng: random.Random) -> list[Rule]:  # type: ignore[type-arg]
    """Return other rules of the house, on other acts or of other sorts; none says anything on the rule's point."""
    found: list[Rule] = []
    taken = {(rule.sort, rule.act)}
    pools = [_pool(rule.sort)]
    for _ in range(rng.choice((2, 2, 3, 4, 5))):
        sort = (
            rule.sort
            if rng.random() < 0.4 and not SORTS[rule.sort].whole_house
            else rng.choice(sorted(SORTS))
        )
        act = rng.choice([a for a in range(len(house[0])) if a != rule.act])
        if SORTS[sort].whole_house and _pool(sort) in pools:
            continue
        if any(
            act == a and (SORTS[s].forbids or SORTS[sort].forbids or _pool(s) == _pool(sort))
            for s, a in taken
        ):
            continue
        taken.add((sort, act))
        pools.append(_pool(sort))
        found.append(_draw_rule(house, rng, sort, act))
    if not found:
        act = (rule.act + 1) % len(house[0])
        found.append(_draw_rule(house, rng, "paper", act))
    return found


def _pool(sort: str) -> str:
    """Name what a sort of rule is about: two rules on one act may not be about the same."""
    return {
        "deadline_before": "time", "deadline_after": "time", "fee": "price", "free": "price", "only_group": "who",
        "everyone": "who", "pay_way": "way", "not_way": "way", "able": "able", "not_able": "able",
    }.get(sort, sort)  # fmt: skip


def _premise(rules: list[Rule], rng: random.Random) -> str:
    rng.shuffle(rules)
    sentences = [
        rule.state(rng.choice([t for t in SORTS[rule.sort].states if "?" not in t])) for rule in rules
    ]
    return " ".join(sentences)


def _true(rule: Rule, rng: random.Random) -> str:
    sort = SORTS[rule.sort]
    return rule.state(rng.choice(sort.follows if sort.follows and rng.random() < 0.2 else sort.states))


def _false(rule: Rule, house: Sequence[tuple], rng: random.Random) -> str:  # type: ignore[type-arg]
    sort = SORTS[rule.sort]
    if not sort.changed or rng.random() < 0.5:
        return rule.state(rng.choice(sort.conflicts))
    other = _CHANGES[rng.choice(sort.changed)]
    return Rule(rule.sort, rule.act, rule.slots | other(rule.slots, house, rng)).state(
        rng.choice(sort.states)
    )


def _change(name: str, options: Callable[[Sequence[tuple]], Sequence[str]]) -> Callable[..., Slots]:  # type: ignore[type-arg]
    def change(slots: Slots, house: Sequence[tuple], rng: random.Random) -> Slots:  # type: ignore[type-arg]
        new = rng.choice([option for option in options(house) if option != slots[name]])
        return {name: new, name.capitalize(): new.capitalize()}

    return change


def _change_number(slots: Slots, _: object, rng: random.Random) -> Slots:
    values = {word: value for value, word in WORDS.items()}
    old = values.get(slots["n"]) or int(slots["n"])
    return {"n": _number(rng.choice([n for n in NUMBERS if not 0.6 < n / old < 1.6]), rng)}


def _change_fee(slots: Slots, _: object, rng: random.Random) -> Slots:
    old = int("".join(c for c in slots["fee"] if c.isdigit()))
    new = rng.choice([amount for amount in AMOUNTS if amount != old])
    return {"fee": slots["fee"].replace(str(old), str(new))}


_CHANGES: dict[str, Callable[..., Slots]] = {
    "n": _change_number,
    "fee": _change_fee,
    # hours and minutes may amount to the same as days: only units that are far apart are exchanged
    "unit": lambda slots, _, rng: {
        "unit": rng.choice(UNITS[4:] if slots["unit"] in UNITS[:2] else UNITS[:1])
    },
    "event": _change("event", lambda house: house[1]),
    "group": _change("group", lambda house: house[2]),
    "way": _change("way", lambda _: WAYS),
    "channel": _change("channel", lambda _: CHANNELS),
}


def _join(one: str, other: str, rng: random.Random) -> str:
    first, second = (one, other) if rng.random() < 0.5 else (other, one)
    return f"{first.rstrip('.')}, and {second[:1].lower()}{second[1:]}"
