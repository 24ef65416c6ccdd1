"""Two thousand edited claims whose pages and templates never train: a changed detail must be noticed.

Half of the documents are written here, from office, laboratory and travel sentences of a kind the training pages
do not have; half are pages kept out of the training corpus (`split_pages`). Every claim repeats almost all words of its
document; of each pair of twins one is true and one has a number, a date, a name or a negation changed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, Example
from halluguard.models.training.passages import Passage, find_names, gold_ids, read_pages
from halluguard.models.training.wordlists import MONTHS

#: Pages kept out of training, and the shuffle that chooses them.
HELD_PAGES = 700
HELD_SEED = 99

_PEOPLE = (
    "Marta Okafor", "Lionel Brandt", "Priya Raman", "Tomas Wieczorek", "Ingrid Solheim", "Desmond Achebe",
    "Yuki Tanabe", "Carla Mendes", "Omar Haddad", "Fiona Gallagher", "Pavel Novotny", "Aisha Bello",
)  # fmt: skip
_TOWNS = (
    "Tallinn",
    "Porto",
    "Ghent",
    "Cork",
    "Malmo",
    "Graz",
    "Bergen",
    "Turin",
    "Leeds",
    "Gdansk",
    "Lyon",
    "Split",
)
_FIRMS = (
    "Halden Freight", "Corvus Labs", "Brightwater Foods", "Nordkap Systems", "Ostrava Steelworks", "Tern Analytics",
    "Willow Press", "Castellan Bank", "Juniper Textiles", "Meridian Optics",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """A statement with typed slots, the claims that repeat it, and its denial.

    Slots: `{who}`, `{who2}`, `{town}`, `{town2}`, `{firm}`, `{n}`, `{m}`, `{date}`; `denied` says the opposite of
    `claim`.
    """

    statement: str
    claim: str
    denied: str


TEMPLATES: tuple[Template, ...] = (
    Template("At {firm}, {who} approved the purchase of {n} scanners on {date}.", "{who} approved the purchase of {n} scanners on {date}.", "{who} did not approve the purchase of {n} scanners on {date}."),
    Template("The depot in {town} holds {n} pallets, and its lease runs until {date}.", "The lease of the depot in {town}, which holds {n} pallets, runs until {date}.", "The lease of the depot in {town}, which holds {n} pallets, does not run until {date}."),
    Template("{who} told {who2} that the audit of {firm} had found {n} late invoices.", "{who} told {who2} that the audit of {firm} had found {n} late invoices.", "{who} told {who2} that the audit of {firm} had not found {n} late invoices."),
    Template("Passengers for {town} must change at {town2}, where the wait is {n} minutes.", "Passengers for {town} must change at {town2} and wait {n} minutes.", "Passengers for {town} need not change at {town2}."),
    Template("The sample was heated to {n} degrees for {m} minutes before {who} weighed it.", "{who} weighed the sample after it was heated to {n} degrees for {m} minutes.", "The sample was not heated to {n} degrees before {who} weighed it."),
    Template("On {date}, {firm} will close its office in {town} and open one in {town2}.", "{firm} will open an office in {town2} on {date}.", "{firm} will not open an office in {town2} on {date}."),
    Template("Members who joined before {date} pay {n} euros a month and may bring {m} guests.", "Members who joined before {date} pay {n} euros a month.", "Members who joined before {date} do not pay {n} euros a month."),
    Template("The pump can be cleaned at home, but {firm} asks owners to do so every {n} days.", "{firm} asks owners to clean the pump every {n} days.", "{firm} does not ask owners to clean the pump every {n} days."),
    Template("{who} lent the violin to {who2} for the concert in {town} on {date}.", "{who} lent the violin to {who2} for the concert in {town} on {date}.", "{who} did not lend the violin to {who2} for the concert in {town} on {date}."),
    Template("In the trial run by {who}, {n} of {m} patients reported headaches.", "{n} of {m} patients reported headaches in the trial run by {who}.", "None of the {m} patients reported headaches in the trial run by {who}."),
    Template("The meeting in {town} agreed to postpone the vote to {date}, as {who} had asked.", "The meeting in {town} agreed to postpone the vote to {date}.", "The meeting in {town} refused to postpone the vote to {date}."),
    Template("{firm} refunds tickets within {n} days if {who} or a deputy has signed the form.", "{firm} refunds tickets within {n} days if {who} or a deputy has signed the form.", "{firm} never refunds tickets, even if {who} or a deputy has signed the form."),
    Template("The bridge at {town} was closed on {date} after {who} reported {n} cracks.", "The bridge at {town} was closed after {who} reported {n} cracks.", "The bridge at {town} was not closed after {who} reported {n} cracks."),
    Template("Each kit from {firm} contains {n} bolts, {m} washers and a key.", "Each kit from {firm} contains {n} bolts and {m} washers.", "No kit from {firm} contains {n} bolts."),
    Template("{who} will chair the panel in {town} until {date}, when {who2} takes over.", "{who} will chair the panel in {town} until {date}.", "{who} will not chair the panel in {town} until {date}."),
    Template("Rooms at the hostel in {town} cost {n} euros, breakfast included, since {date}.", "Rooms at the hostel in {town} cost {n} euros with breakfast included.", "Rooms at the hostel in {town} cost {n} euros with breakfast not included."),
)  # fmt: skip

_SLOT = re.compile(r"\{(\w+)\}")


def _date(rng: random.Random) -> str:
    return f"{rng.randrange(1, 29)} {rng.choice(MONTHS)} {rng.randrange(2009, 2026)}"


def _fill(rng: random.Random) -> dict[str, str]:
    who, who2 = rng.sample(_PEOPLE, 2)
    town, town2 = rng.sample(_TOWNS, 2)
    first, second = rng.sample(range(3, 95), 2)
    low, high = sorted((first, second))
    return {
        "who": who, "who2": who2, "town": town, "town2": town2, "firm": rng.choice(_FIRMS),
        "n": str(low), "m": str(high), "date": _date(rng),
    }  # fmt: skip


def _change(values: Mapping[str, str], slot: str, rng: random.Random) -> dict[str, str]:
    pools: dict[str, Sequence[str]] = {"who": _PEOPLE, "town": _TOWNS, "firm": _FIRMS}
    stem = slot.rstrip("2")
    if stem in pools:
        new = rng.choice([v for v in pools[stem] if v not in values.values()])
    elif slot == "date":
        day, month, year = values["date"].split()
        part = rng.randrange(3)
        new = " ".join((
            str(int(day) % 28 + 1) if part == 0 else day,
            rng.choice([m for m in MONTHS if m != month]) if part == 1 else month,
            str(int(year) + rng.choice((-3, -1, 2))) if part == 2 else year,
        ))  # fmt: skip
    else:
        old = int(values[slot])
        new = rng.choice(
            [
                str(v)
                for v in (old + 1, old + 4, old * 2, old + 10, max(2, old // 2))
                if str(v) not in values.values()
            ]
        )
    return {**values, slot: new}


def _written(rng: random.Random, number: int) -> list[Example]:
    """Build one pair of twins on a document of four to eight template sentences."""
    chosen = rng.sample(TEMPLATES, rng.randrange(4, 9))
    filled = [(template, _fill(rng)) for template in chosen]
    text = " ".join(template.statement.format(**values) for template, values in filled)
    template, values = filled[rng.randrange(len(filled))]
    true = template.claim.format(**values)
    slots = sorted(set(_SLOT.findall(template.claim)))
    slot = rng.choice([*slots, "negation"])
    false = (
        template.denied.format(**values)
        if slot == "negation"
        else template.claim.format(**_change(values, slot, rng))
    )
    kind = {"n": "number", "m": "number", "date": "date", "negation": "negation"}.get(slot, "name")
    return _twins(text, true, false, kind, f"w{number}")


def _twins(text: str, true: str, false: str, kind: str, twin: str) -> list[Example]:
    kind = f"held_{kind}"
    return [
        Example(text, true, ENTAILMENT, kind, twin=twin),
        Example(text, false, CONTRADICTION, kind, twin=twin),
    ]


def read_split_pages(data: Path) -> tuple[list[Passage], list[Passage]]:
    """Read the pages that train and the pages held out."""
    gold = gold_ids(data / "poison" / "questions.jsonl.gz")
    return split_pages(read_pages(data / "poison" / "entries.jsonl.gz", gold))


def split_pages(pages: Sequence[Passage]) -> tuple[list[Passage], list[Passage]]:
    """Return the pages that train and the pages held out (`HELD_PAGES` of them), by a fixed shuffle."""
    order = list(pages)
    random.Random(HELD_SEED).shuffle(order)
    return order[HELD_PAGES:], order[:HELD_PAGES]


def _shift_year(sentence: str, rng: random.Random) -> str | None:
    match = re.search(r"\b(1[6-9]\d\d|20[01]\d)\b", sentence)
    return (
        f"{sentence[: match.start()]}{int(match.group()) + rng.choice((-9, -2, 3, 6))}{sentence[match.end() :]}"
        if match
        else None
    )


def _raise_number(sentence: str, rng: random.Random) -> str | None:
    match = re.search(rf"(?<![\w,.])\d{{1,3}}(?![\d\w,.])(?! (?:{'|'.join(MONTHS)}))(?=\s[a-z])", sentence)
    return (
        f"{sentence[: match.start()]}{int(match.group()) + rng.choice((2, 6, 30))}{sentence[match.end() :]}"
        if match
        else None
    )


def _put_person(sentence: str, rng: random.Random) -> str | None:
    match = re.search(r"(?<=\bby )[A-Z][a-z]+ [A-Z][a-z]+\b", sentence)
    return f"{sentence[: match.start()]}{rng.choice(_PEOPLE)}{sentence[match.end() :]}" if match else None


def _deny(sentence: str, _rng: random.Random) -> str | None:
    match = re.match(
        r"(?:It|He|She|[A-Z][\w .'\-]{2,40}?) (?:is|was)(?= (?:an?|the|born|located|released|directed)\b)",
        sentence,
    )
    return f"It is wrong that {sentence[: match.end()]}{sentence[match.end() :]}" if match else None


_PAGE_EDITS: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "date": _shift_year,
    "number": _raise_number,
    "name": _put_person,
    "negation": _deny,
}


def _from_page(page: Passage, rng: random.Random, number: int, kind: str) -> list[Example]:
    """Build one pair of twins on a held-out page, or none where the edit does not apply."""
    window = page.sentences[: rng.randrange(3, 7)]
    for sentence in rng.sample(window, len(window)):
        false = _PAGE_EDITS[kind](sentence, rng)
        if false and (find_names(sentence) or kind != "negation"):
            return _twins(" ".join(window), sentence, false, kind, f"p{number}")
    return []


def held_out_edits(count: int = 2_000, seed: int = 2, pages: Sequence[Passage] = ()) -> list[Example]:
    """Return `count` claims (even), half of them true twins of the other half.

    `pages` are held-out pages (`split_pages`); half of the pairs come from them where given, else all from the
    templates of this module, which need no data.
    """
    rng = random.Random(seed)
    made: list[Example] = []
    number = 0
    order = rng.sample(range(len(pages)), len(pages)) if pages else []
    kinds = tuple(_PAGE_EDITS)
    while len(made) < count // 2 and order and number < 20 * count:
        page = pages[order[number % len(order)]]
        made += _from_page(page, rng, number, kinds[(number + number // len(order)) % len(kinds)])
        number += 1
    while len(made) < count:
        made += _written(rng, number)
        number += 1
    return made[:count]
