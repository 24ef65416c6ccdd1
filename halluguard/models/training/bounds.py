"""Limits and prices in rules, said in several ways: "at most 20", "no more than 20", "20 or less"; "free", "costs nothing".

All of our own writing. The words that carry such a rule are those of negation ("no more than", "nothing", "without a
fee"), and a model that learned what "no" mostly does takes one wording of a limit for the contradiction of another.
"""

from __future__ import annotations

import random

from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL, Example

KIND = "bounds"

UPPER = (
    "at most {n}", "no more than {n}", "not more than {n}", "up to {n}", "a maximum of {n}", "{n} at most",
    "{n} at the most", "{n} or less", "{n} and no more", "not over {n}",
)  # fmt: skip
LOWER = (
    "at least {n}", "no less than {n}", "not less than {n}", "a minimum of {n}", "{n} at least", "{n} or more",
    "{n} and no less", "not under {n}",
)  # fmt: skip

#: What has a limit; `{bound}` is one of the phrases above with a number and a unit.
LIMITED: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("A parcel may weigh {bound}.", "The weight of a parcel is {bound}."), ("kilograms", "kg", "pounds")),
    (("A class has {bound}.", "There are {bound} in a class."), ("pupils", "children", "learners")),
    (("A loan runs for {bound}.", "The term of a loan is {bound}."), ("months", "years")),
    (("You bring {bound} with you.", "The number of guests you bring is {bound}."), ("guests", "friends")),
    (("A reply takes {bound}.", "You wait {bound} for a reply."), ("days", "hours", "working days")),
    (("The deposit is {bound}.", "You leave a deposit of {bound}."), ("euros", "dollars", "pounds")),
    (("A meeting lasts {bound}.", "The length of a meeting is {bound}."), ("minutes", "hours")),
    (("The ladder reaches {bound}.", "The height of the ladder is {bound}."), ("metres", "m", "feet")),
    (("A household registers {bound}.", "For a household the number is {bound}."), ("cars", "bicycles", "dogs")),
    (("The dose is {bound} a day.", "Every day the patient takes {bound}."), ("drops", "tablets", "milligrams")),
    (("The tank holds {bound}.", "The tank takes {bound}."), ("litres", "gallons")),
    (("Width and depth of a shelf add up to {bound}.", "Together a shelf is {bound} wide and deep."), ("cm", "inches")),
    (("The pool is open to {bound} at a time.", "In the pool there are {bound} at a time."), ("swimmers", "people")),
    (("A tenant gives notice {bound} ahead.", "Notice is given {bound} ahead by a tenant."), ("weeks", "months")),
    (("A team consists of {bound}.", "In a team there are {bound}."), ("players", "members")),
)  # fmt: skip
ASIDES = (
    ("", ""),
    ("", ""),
    (", {x} included", ", including {x}"),
    (", {x} not counted", ", without counting {x}"),
)
COUNTED = (
    "packing",
    "wrapping",
    "holidays",
    "the driver",
    "the frame",
    "handles",
    "weekends",
    "taxes",
    "the lid",
)

#: Something that costs nothing, and the same with a price; `{it}` is what it is about.
FREE = (
    "{It} is free of charge.", "{It} costs nothing.", "There is no charge for {it}.", "You pay nothing for {it}.",
    "No fee is due for {it}.", "{It} comes at no cost.", "We do not charge for {it}.",
)  # fmt: skip
PRICED = ("{It} costs {p}.", "The fee for {it} is {p}.", "You pay {p} for {it}.", "We charge {p} for {it}.")
OFFERED = (
    "a second key", "parking", "the first lesson", "a new card", "delivery", "the shuttle", "a copy of the contract",
    "storage", "a change of date", "the guided tour", "breakfast", "a locker", "the repair", "an extra chair",
)  # fmt: skip
GROUPS = (
    "students",
    "members",
    "families",
    "business customers",
    "pensioners",
    "residents",
    "visitors",
    "staff",
)


def deal_bounds(rng: random.Random, count: int) -> list[Example]:
    """Return `count` examples or a few more: rounds of a true claim, its false twin, and one the rules say nothing of."""
    made: list[Example] = []
    while len(made) < count:
        deal = rng.choice((_limit, _limit, _price, _prices))
        stated, true, false, silent = deal(rng)
        rules = [stated, *(_limit(rng)[0] for _ in range(rng.randrange(3)))]
        rng.shuffle(rules)
        premise, twin = " ".join(rules), f"b{len(made)}-{rng.randrange(10**9)}"
        made += [
            Example(premise, true, ENTAILMENT, KIND, twin=twin),
            Example(premise, false, CONTRADICTION, KIND, twin=twin),
            Example(premise, silent, NEUTRAL, KIND),
        ]
    return made


def _limit(rng: random.Random) -> tuple[str, str, str, str]:
    """Return a limit, the same said otherwise, another limit, and a limit of something else."""
    (templates, units), other = rng.sample(LIMITED, 2)
    unit, counted = rng.choice(units), rng.choice(COUNTED)
    number, wrong = rng.sample(_numbers(rng), 2)
    same, turned = (UPPER, LOWER) if rng.random() < 0.6 else (LOWER, UPPER)
    asides = rng.choice(ASIDES)

    def say(phrases: tuple[str, ...], value: int, unit: str) -> str:
        bound = rng.choice(phrases).format(n=f"{value:,} {unit}")
        aside = rng.choice(asides).format(x=counted)
        return rng.choice(templates).format(bound=bound).removesuffix(".") + aside + "."

    stated, true = say(same, number, unit), say(same, number, unit)
    false = say(turned, number, unit) if rng.random() < 0.4 else say(same, wrong, unit)
    silent = rng.choice(other[0]).format(
        bound=rng.choice(same).format(n=f"{number:,} {rng.choice(other[1])}")
    )
    return stated, true, false, silent


def _numbers(rng: random.Random) -> list[int]:
    return [rng.randrange(2, 30), 5 * rng.randrange(6, 40), 50 * rng.randrange(5, 40)]


def _money(rng: random.Random) -> str:
    value = rng.choice((*range(2, 40), *range(40, 400, 5)))
    return rng.choice(("{} euros", "€{}", "{} dollars", "{} pounds", "£{}")).format(value)


def _about(template: str, thing: str, **values: str) -> str:
    return template.format(it=thing, It=thing[:1].upper() + thing[1:], **values)


def _price(rng: random.Random) -> tuple[str, str, str, str]:
    """Return what something costs or that it is free, the same said otherwise, the opposite, and the price of another thing."""
    thing, other = rng.sample(OFFERED, 2)
    price = _money(rng)
    free = [_about(rng.choice(FREE), thing) for _ in range(2)]
    priced = [_about(rng.choice(PRICED), thing, p=price) for _ in range(2)]
    stated, true = free if rng.random() < 0.6 else priced
    false = (priced if stated in free else free)[0]
    return stated, true, false, _about(rng.choice((*FREE, *PRICED)), other, p=price)


def _prices(rng: random.Random) -> tuple[str, str, str, str]:
    """Return prices by group, nothing for one; the same said otherwise; two groups exchanged; and a group left out."""
    thing = rng.choice(OFFERED)
    one, two, free, absent = rng.sample(GROUPS, 4)
    high, low = _money(rng), _money(rng)

    def say(one: str, two: str, free: str) -> str:
        return rng.choice((
            f"The price of {thing} is {high} for {one}, {low} for {two}, and nothing for {free}.",
            f"For {thing}, {one} pay {high} and {two} {low}; {free} pay nothing.",
            f"{one[:1].upper()}{one[1:]} are charged {high} for {thing}, {two} {low}. For {free} it is free of charge.",
            f"{free[:1].upper()}{free[1:]} get {thing} for free, {one} for {high} and {two} for {low}.",
        ))  # fmt: skip

    stated, true = say(one, two, free), say(one, two, free)
    false = say(*rng.choice(((two, one, free), (free, two, one), (one, free, two))))
    return stated, true, false, f"{absent[:1].upper()}{absent[1:]} pay {low} for {thing}."
