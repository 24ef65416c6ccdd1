"""Notes about several people, places and amounts at once, and claims that bind one of them to the wrong line.

All of our own writing. Every value of a claim may stand in the passage and the claim still be false, because the value
belongs to somebody else: a reader must see who did what, not only whether the words are there.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, NEUTRAL, NOT_ENTAILMENT, Example
from halluguard.models.training.wordlists import MONTHS

KIND = "ledger"


@dataclass(frozen=True, slots=True)
class Line:
    """What a line of the ledger says, the claims that follow from it, and those that conflict with it.

    Slots: `{who}`, `{place}`, `{thing}`, `{n}`, `{day}`. A denial holds every slot it needs.
    """

    states: tuple[str, ...]
    claims: tuple[str, ...]
    denials: tuple[str, ...]


LINES: tuple[Line, ...] = (
    Line(
        ("{who} signed for {n} crates of {thing} in {place} on {day}.", "On {day}, {n} crates of {thing} were handed to {who} in {place}."),
        ("{who} received {n} crates of {thing} in {place}.", "The crates of {thing} went to {who} on {day}.", "{n} crates of {thing} were delivered to {who}."),
        ("{who} refused the crates of {thing}.", "Nobody signed for the {thing} in {place}."),
    ),
    Line(
        ("{who} won the race in {place} in {n} minutes.", "The race in {place} went to {who}, who needed {n} minutes."),
        ("{who} came first in {place}.", "{who} took {n} minutes in {place}.", "The winner in {place} was {who}."),
        ("{who} did not win in {place}.", "{who} lost the race in {place}."),
    ),
    Line(
        ("Dr. {who} prescribed {n} milligrams of {thing} twice a day until {day}.", "Until {day} the patient takes {n} milligrams of {thing} twice a day, as Dr. {who} ordered."),
        ("The dose of {thing} is {n} milligrams.", "{who} ordered {thing} until {day}.", "{thing} is to be taken twice a day."),
        ("The patient should stop taking {thing} before {day}.", "{who} advised against {thing}.", "{thing} is to be taken once a day."),
    ),
    Line(
        ("The flat in {place} was let to {who} for {n} euros a month from {day}.", "{who} has rented the flat in {place} since {day} and pays {n} euros a month."),
        ("{who} rents the flat in {place}.", "The rent in {place} is {n} euros a month.", "{who} pays {n} euros a month for the flat."),
        ("The flat in {place} stands empty.", "{who} owns the flat in {place} and pays no rent."),
    ),
    Line(
        ("{who} spoke against the motion in {place}; it passed by {n} votes.", "In {place} the motion passed by {n} votes although {who} opposed it."),
        ("The motion in {place} was carried.", "{who} opposed the motion in {place}.", "The motion passed by {n} votes."),
        ("{who} supported the motion in {place}.", "The motion in {place} failed."),
    ),
    Line(
        ("The museum in {place} bought the {thing} from {who} for {n} thousand dollars.", "{who} sold the {thing} to the museum in {place} for {n} thousand dollars."),
        ("The {thing} belonged to {who} before.", "The museum in {place} paid {n} thousand dollars for the {thing}.", "{who} sold the {thing}."),
        ("{who} bought the {thing} from the museum in {place}.", "{who} gave the {thing} away for free."),
    ),
    Line(
        ("{who} joined the office in {place} on {day} as the successor of a colleague who retired.", "On {day}, {who} started in the {place} office, replacing a colleague who had retired."),
        ("{who} started work in {place} on {day}.", "{who} replaced someone who retired.", "{who} works at the office in {place}."),
        ("{who} left the office in {place} on {day}.", "{who} retired on {day}."),
    ),
    Line(
        ("The ferry to {place} was {n} minutes late because of {thing}, captain {who} said.", "According to captain {who}, {thing} delayed the ferry to {place} by {n} minutes."),
        ("The ferry to {place} was delayed by {n} minutes.", "{thing} caused the delay of the ferry to {place}.", "{who} explained the delay."),
        ("The ferry to {place} arrived early.", "The ferry to {place} was on time."),
    ),
    Line(
        ("{who} teaches {n} pupils in {place} and is paid until {day}.", "In {place}, {who} teaches a class of {n}; the contract runs until {day}."),
        ("{who} has {n} pupils.", "{who} teaches in {place}.", "The contract of {who} runs until {day}."),
        ("{who} teaches nobody in {place}.", "The contract of {who} has no end."),
    ),
    Line(
        ("The orchard near {place} gave {n} tons of {thing}, less than {who} had hoped.", "{who} had hoped for more than the {n} tons of {thing} that the orchard near {place} gave."),
        ("The orchard near {place} gave {n} tons of {thing}.", "{who} had expected a larger harvest.", "The harvest fell short of what {who} hoped for."),
        ("The harvest near {place} was larger than {who} had hoped.", "The orchard near {place} gave no {thing}."),
    ),
    Line(
        ("{who} returned the {thing} to the shop in {place} after {n} days and got the money back.", "After {n} days {who} took the {thing} back to the shop in {place} and was refunded."),
        ("{who} was refunded for the {thing}.", "{who} kept the {thing} for {n} days.", "The shop in {place} took the {thing} back from {who}."),
        ("The shop in {place} refused to refund {who}.", "{who} kept the {thing}."),
    ),
    Line(
        ("Only {n} of the rooms in {place} have been painted, and {who} wants the rest done by {day}.", "{who} wants all rooms in {place} painted by {day}; so far {n} are."),
        ("{n} rooms in {place} have been painted.", "{who} expects the work to be finished by {day}.", "Not all rooms in {place} have been painted yet."),
        ("All rooms in {place} have been painted.", "None of the rooms in {place} has been painted."),
    ),
    Line(
        ("{who} asked the bank in {place} for {n} thousand euros and was turned down on {day}.", "On {day} the bank in {place} turned down the request of {who} for {n} thousand euros."),
        ("{who} did not get the loan.", "{who} had asked for {n} thousand euros.", "The bank in {place} refused the request of {who}."),
        ("The bank in {place} granted {who} the loan.", "{who} was lent {n} thousand euros."),
    ),
    Line(
        ("The {thing} in {place} is open to visitors aged {n} or over; {who} holds the key.", "Visitors must be at least {n} to see the {thing} in {place}, whose key {who} holds."),
        ("{who} has the key to the {thing}.", "Visitors to the {thing} in {place} must be {n} or older.", "The {thing} can be visited in {place}."),
        ("Visitors under {n} may see the {thing} in {place}.", "The {thing} in {place} is closed to visitors."),
    ),
)  # fmt: skip

_THINGS = (
    "pears", "copper wire", "linen", "printer paper", "almonds", "roof tiles", "candles", "olive oil", "blankets",
    "cement", "tea", "glass jars", "clay", "walnuts", "batteries", "rye", "soap", "ink",
)  # fmt: skip
_PLACES = (
    "Aarhus", "Bilbao", "Cardiff", "Dresden", "Esbjerg", "Faro", "Galway", "Haarlem", "Innsbruck", "Jena", "Kaunas",
    "Lucca", "Mostar", "Narva", "Oulu", "Pilsen", "Rennes", "Siena", "Tartu", "Uppsala", "Vigo", "Zadar",
)  # fmt: skip


def deal_ledger(rng: random.Random, count: int, people: Sequence[str]) -> list[Example]:
    """Return `count` examples or a few more; `people` are full names to fill in, at least twelve of them."""
    made: list[Example] = []
    while len(made) < count:
        made += _round(rng, f"l{len(made)}-{rng.randrange(10**9)}", people)
    return made


def _day(rng: random.Random) -> str:
    return f"{rng.randrange(1, 29)} {rng.choice(MONTHS)}" + rng.choice(("", f" {rng.randrange(1990, 2030)}"))


def _fill(rng: random.Random, size: int, people: Sequence[str]) -> list[dict[str, str]]:
    """Draw the values of `size` lines; no two lines share a value."""
    who, place, thing = rng.sample(people, size), rng.sample(_PLACES, size), rng.sample(_THINGS, size)
    amounts, days = rng.sample(range(3, 400), size), [_day(rng) for _ in range(size)]
    return [
        {"who": who[i], "place": place[i], "thing": thing[i], "n": str(amounts[i]), "day": days[i]}
        for i in range(size)
    ]


def _round(rng: random.Random, twin: str, people: Sequence[str]) -> list[Example]:
    """Make a ledger of three to seven lines with a true claim, its false twin, and one about what it leaves out."""
    size = rng.randrange(3, 8)
    lines, values = rng.sample(LINES, size + 1), _fill(rng, size + 2, people)
    premise = " ".join(
        rng.choice(line.states).format(**row) for line, row in zip(lines[:size], values, strict=False)
    )
    at = rng.randrange(size)
    claim = rng.choice(lines[at].claims)
    true = claim.format(**values[at])
    false, label = _false(rng, lines[at], claim, values[at], [*values[:at], *values[at + 1 :]])
    left_out = rng.choice(lines[size].claims).format(
        **{**values[size], "who": values[rng.randrange(size)]["who"]}
    )
    return [
        Example(premise, true, ENTAILMENT, KIND, twin=twin),
        Example(premise, false, label, KIND, twin=twin),
        Example(premise, left_out, NEUTRAL, KIND),
    ]


def _false(
    rng: random.Random, line: Line, claim: str, own: Mapping[str, str], others: Sequence[Mapping[str, str]]
) -> tuple[str, str]:
    """Return a claim that the line does not bear out: denied, or with the value of another line or of none."""
    slots = [slot for slot in own if "{" + slot + "}" in claim]
    if rng.random() < 0.25 or not slots:
        return rng.choice(line.denials).format(**own), CONTRADICTION
    slot = rng.choice(slots)
    other = rng.choice(others[:-1] if rng.random() < 0.6 else others[-1:])
    # Another amount or day conflicts with what is stated; another person or place need not.
    label = CONTRADICTION if slot in ("n", "day") else NOT_ENTAILMENT
    return claim.format(**{**own, slot: other[slot]}), label
