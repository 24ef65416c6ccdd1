"""A drill scenario as a tabletop exercise: a facilitator's guide with timed injects, evidence by role, decisions and scores.

The shape follows the exercises of CISA's tabletop packages: modules, injects, discussion questions, hot wash, scoring sheet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from halluguard.drill.scenario import Injection, Scenario
from halluguard.errors import InputError
from halluguard.report.hostile import code_span
from halluguard.run import write_atomically

ROLES = ("facilitator", "responder", "content owner", "service owner", "communications and legal")
GUIDE = "facilitator.md"
MINUTES = 90


@dataclass(frozen=True, slots=True)
class Inject:
    """Something that comes in at a minute of the exercise: to whom, what it is, and the decision it asks for."""

    minute: int
    to: str
    what: str
    evidence: str
    decision: str
    expected: str


def write_tabletop(scenario: Scenario, out: Path) -> Path:
    """Write the facilitator's guide and one evidence sheet a role into a new folder; returns the guide.

    Sheets of players hold nothing of the truth. Raises InputError where the folder holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not empty. Choose a new folder for the tabletop")
    out.mkdir(parents=True, exist_ok=True)
    injects = plan_injects(scenario)
    write_atomically(out / GUIDE, tell_guide(scenario, injects).encode("utf-8"))
    for role in ROLES[1:]:
        name = role.replace(" ", "-")
        write_atomically(out / f"{name}.md", tell_sheet(scenario, role, injects).encode("utf-8"))
    return out / GUIDE


def plan_injects(scenario: Scenario) -> tuple[Inject, ...]:
    """Return the injects of a scenario in order of time; what the scenario does not hold is not injected."""
    topic = _topic(scenario)
    looped = scenario.write_back.rate > 0
    cached = scenario.retrieval.cache is not None
    found = [
        Inject(0, "service owner", f"A user complains about an answer on {topic}, and attaches a screenshot.",
               "the complaint alone", "Is this an incident? Who leads? What is kept as it is, now?",
               "log and store are copied with digests before anything is changed"),
        Inject(10, "responder", "The log, the trusted pages and a copy of the store arrive.",
               "a folder from the facilitator: log.jsonl, trusted/, store/", "Run the investigation. What is false, and where did it come from?",
               "`halluguard investigate drill/log.jsonl --trusted drill/trusted --store drill/store -o run`"),
        Inject(25, "content owner", "Users rate the answers in question up." if looped else "Few rated the answer; nobody knows who read it.",
               "feedback in the log", "Does approval make an answer true? " + ("Is it written back?" if looped else "Who was reached?"),
               "write-back is frozen" if looped else "the reach is counted, not guessed"),
        Inject(40, "communications and legal", "A journalist asks whether the chatbot has been attacked.",
               "the incident record and its drafts", "What is said, by whom? What is not known?",
               "no attacker is named; the correct fact comes first; the false claim is not repeated"),
        Inject(55, "responder", "Someone says: we deleted it. " + ("The answer is still given." if cached else "Is it gone?"),
               "the last days of the log", "How would you know that it is gone?",
               "caches are flushed and probes are counted" if cached else "a new store is proved by probes, not by a search for one id"),
        Inject(70, "communications and legal", "A regulator calls and asks since when you have known.",
               "the timeline of the record", "Is there a duty to report, and which clock runs?", "counsel decides; times come from the record"),
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda inject: inject.minute))


def _topic(scenario: Scenario) -> str:
    """Return the topic most asked about, as its page is titled: the one a false claim would be noticed on first."""
    if scenario.inventions:
        wanted = scenario.inventions[0].topic
    else:
        wanted = max(scenario.users.weights, key=lambda name: scenario.users.weights[name], default="")
    titles = {topic.name: topic.title for topic in scenario.topics}
    return code_span(titles.get(wanted) or scenario.topics[0].title)


def tell_guide(scenario: Scenario, injects: tuple[Inject, ...]) -> str:
    """Return the facilitator's guide, truth and scores included."""
    return "\n\n".join(_guide(scenario, injects)) + "\n"


def _guide(scenario: Scenario, injects: tuple[Inject, ...]) -> Iterator[str]:
    yield f"# Tabletop: {code_span(scenario.title)}"
    yield "**For the facilitator only. It holds the truth.** Players get the sheet of their role."
    yield f"{MINUTES} minutes · {scenario.days} days of conversations · after {code_span(scenario.after or 'no published case')}"
    yield "## Before"
    yield (
        f"1. Play the scenario: `halluguard drill {scenario.name} -o drill`. Hand out `log.jsonl`, `trusted/` and `store/`; keep `truth.json`.\n"
        "2. Print one sheet a role. Name a note taker.\n"
        "3. Say at the start: this tests how we work together, nobody is examined."
    )
    yield "## What really happened"
    yield "\n".join(f"- {line}" for line in _truth(scenario))
    yield "## Injects"
    for inject in injects:
        yield (
            f"### T+{inject.minute} to the {inject.to}\n\n{inject.what}\n\n"
            f"- Evidence: {inject.evidence}\n- Decision point: {inject.decision}\n- Look for: {inject.expected}"
        )
    yield "## Scoring sheet"
    yield _scores(scenario)
    yield "## Hot wash"
    yield (
        "- What did we see first, and what should have shown it before?\n- Which decision took longest, and what was missing for it?\n"
        "- Which step of the runbook was wrong or missing?\n- Three actions, each with a role and a date (consistent with ID.IM-02, ID.IM-04)."
    )


def _truth(scenario: Scenario) -> Iterator[str]:
    for injection in scenario.injections:
        yield f"Day {injection.day:g}: {_told(injection)}"
    for invention in scenario.inventions:
        yield f"From day {invention.day:g} the model invents answers on {code_span(invention.topic)}, {invention.rate:.0%} of them; the store is right."
    if not scenario.false_claims():
        yield "Nothing false is planted: the right answer is that there is no incident."
    for claim in scenario.false_claims():
        yield f"False: {code_span(claim)}"
    yield "Answers are written back." if scenario.write_back.rate > 0 else "No answer is written back."
    if scenario.retrieval.cache is not None:
        yield f"A semantic cache keeps answers for {scenario.retrieval.cache_days:g} days."


def _told(injection: Injection) -> str:
    name = code_span(injection.replaces or injection.id)
    source = f" from {code_span(injection.source)}" if injection.source else ""
    told = {
        "import": f"entry {name} comes in{source}",
        "edit": f"entry {name} is edited{source}",
        "report": f"entry {name}, which quotes or refutes the claim, comes in{source}",
        "delete": f"entry {name} is deleted",
    }
    return told[injection.kind]


def _scores(scenario: Scenario) -> str:
    origins = (
        ", ".join(map(code_span, scenario.expected.origins)) or "no store origin: saying so earns the points"
    )
    starts = [injection.day for injection in scenario.injections if injection.claims] + [
        i.day for i in scenario.inventions
    ]
    start = f"day {min(starts):g}" if starts else "none: saying so earns the points"
    rows = [
        ("Origin named", origins, 40),
        ("Start named, within a day", start, 15),
        (
            "Containment in order: preserve, freeze, scope, quarantine, evict and flush, prove",
            "each step in place: 4",
            25,
        ),
        (
            "Communication: correct fact first, no attacker named, unknowns said, next update given",
            "each: 5",
            20,
        ),
    ]
    lines = ["| What | Truth | Points | Given |", "| --- | --- | ---: | ---: |"]
    lines += [f"| {what} | {truth} | {points} | |" for what, truth, points in rows]
    return "\n".join([*lines, f"| Sum | | {sum(points for *_, points in rows)} | |"])


def tell_sheet(scenario: Scenario, role: str, injects: tuple[Inject, ...]) -> str:
    """Return what one role sees: its injects with the evidence and the question, without truth and expectations."""
    own = [inject for inject in injects if inject.to == role]
    parts = [
        f"# {role.capitalize()}",
        (
            "A chatbot answers questions from a store of documents; "
            f"{scenario.users.turns_a_day} turns a day are logged. The facilitator tells you when to read on."
        ),
    ]
    parts += [f"## T+{one.minute}\n\n{one.what}\n\nYou have: {one.evidence}\n\n{one.decision}" for one in own]
    parts.append("Write down each decision with its time and what you knew then.")
    return "\n\n".join(parts) + "\n"
