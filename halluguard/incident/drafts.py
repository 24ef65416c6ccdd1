"""Drafts for four readers, from the same facts. Each says first what is right, never repeats the false claim, and is marked as a draft.

The false claim is left out because a page that repeats it, once ingested, feeds the loop again.
"""

from collections.abc import Callable, Iterator, Mapping

from halluguard.grounding.known_false import is_known_false
from halluguard.incident.document import Block, Bullets, Code, Heading, Inline, Paragraph, Table
from halluguard.incident.facts import Facts
from halluguard.incident.judge import identify, judge_kinds, meaning_of, propose_severity
from halluguard.incident.questions import open_questions
from halluguard.incident.wording import NOT_RECORDED, counted, known, named, rate_told, reach_told, stated
from halluguard.records import Status

MARK = "DRAFT - not reviewed, not sent. Facts come from one run; gaps are marked. Keep this page out of every store."
CORRECT_FACTS = 8


def write_drafts(facts: Facts) -> dict[str, tuple[Block, ...]]:
    """Return a draft by its reader: engineering, leadership, users, regulator; none for users where no claim is flagged."""
    bodies = _BODIES if facts.report.rate.hits else {name: _nothing for name in _BODIES if name != "users"}
    return {name: tuple(_framed(facts, name, body)) for name, body in bodies.items()}


def _framed(facts: Facts, name: str, body: "Body") -> Iterator[Block]:
    yield Heading(1, f"DRAFT for {_READERS[name]}")
    yield Paragraph(MARK, note=True)
    yield from body(facts)
    yield Heading(2, "Next update and contact")
    yield Bullets(
        (
            f"Next update: {NOT_RECORDED}; set a time before sending.",
            ("Contact: ", stated(facts.header.contact)),
        )
    )
    yield Paragraph(f"End of draft. {MARK}", note=True)


def _right(facts: Facts) -> Iterator[Block]:
    """Say the correct facts as the trusted documents have them."""
    yield Heading(2, "What is right")
    passages: dict[str, str] = {
        entry.trusted_id: entry.trusted_text for entry in facts.responsible if entry.trusted_text
    }
    for finding in facts.findings:
        if finding.status in (Status.SOURCE_CONFLICT, Status.CONTRADICTED) and finding.trusted_text:
            passages.setdefault(finding.trusted_id, finding.trusted_text)
    # What people reported as false refutes a claim by repeating it.
    passages = {id_: text for id_, text in passages.items() if not is_known_false(id_)}
    shown = list(passages.items())[:CORRECT_FACTS]
    if not shown:
        yield Paragraph(
            "The run holds no trusted passage on this. Write the correct fact here, with its source, before sending."
        )
        return
    yield Bullets(tuple((Code(text), " (", Code(source), ")") for source, text in shown))
    if len(passages) > len(shown):
        yield Paragraph(f"{len(passages) - len(shown)} further passages are in the record.")


def _nothing(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "In short")
    yield Paragraph(
        f"No claim of the log is flagged: {rate_told(facts)}. This is a false alarm or a near miss, and no user is to be told."
    )
    yield from _done(facts)
    if facts.limits:
        yield Heading(2, "What the log could not show")
        yield Bullets(tuple(Code(line) for line in facts.limits))


def _engineering(facts: Facts) -> Iterator[Block]:
    level, rule = propose_severity(facts)
    yield Paragraph(f"{level} proposed: {rule}.")
    yield from _right(facts)
    yield Heading(2, "What happened")
    yield Bullets(
        (
            f"Ungrounded: {rate_told(facts)}.",
            *(f"{kind.capitalize()}: {meaning_of(kind, facts)}." for kind in judge_kinds(facts)),
        )
    )
    yield Heading(2, "What to do now")
    proposed = tuple(entry.id for entry in facts.responsible)
    yield Bullets(
        (
            "Stop write-back into the store; keep log and store as they are, with digests.",
            ("Quarantine, do not delete: ", *named(proposed)),
            ("Look at these sources and batches: ", *named(tuple(dict.fromkeys(f"{e.source or '?'} / {e.batch or '?'}" for e in facts.responsible)))),
            "Flush semantic and answer caches after the quarantine, then probe.",
        )
    )  # fmt: skip
    yield from _done(facts)
    yield Heading(2, "What is not known")
    yield Bullets((*open_questions(facts), *(Code(line) for line in facts.limits)))


def _leadership(facts: Facts) -> Iterator[Block]:
    level, rule = propose_severity(facts)
    held_against = "our trusted documents" if facts.has_trusted else "the texts they were held against"
    yield Heading(2, "In short")
    yield Bullets(
        (
            f"The chatbot gave answers that {held_against} do not bear out: {rate_told(facts)}.",
            *_since(facts),
            f"Reached: {reach_told(facts)}.",
            f"Severity proposed: {level}, because {rule}.",
            *(f"Cause so far: {kind}." for kind in judge_kinds(facts)),
            "Nobody is blamed, and no attacker is named: the log shows neither.",
        )
    )
    yield from _right(facts)
    yield from _done(facts)
    yield Heading(2, "What you may have to decide")
    yield Bullets(
        (
            "whether affected users are told now, and by whom;",
            "whether the topic is answered by fixed text or by people until the end is declared;",
            "whether counsel sees a duty to report.",
        )
    )
    yield Heading(2, "What is not known")
    yield Bullets(open_questions(facts))


def _since(facts: Facts) -> tuple[str, ...]:
    if facts.first_false_answer is None:
        return ()
    return (
        f"Since {known(facts.first_false_answer)}; the last one in the log is of {known(facts.last_false_answer)}.",
    )


def _given_between(facts: Facts) -> str:
    given = "our assistant gave some answers that were not right."
    if facts.first_false_answer is None:
        return given[0].upper() + given[1:]
    return f"Between {known(facts.first_false_answer)} and {known(facts.last_false_answer)} {given}"


def _users(facts: Facts) -> Iterator[Block]:
    yield from _right(facts)
    yield Heading(2, "What happened")
    yield Bullets(
        (
            _given_between(facts),
            "You receive this because our log shows that you may have had one of them.",
        )
    )
    yield Heading(2, "What you can do")
    yield Bullets(
        (
            "Rely on what is stated above, or on the pages it comes from.",
            "If you acted on an earlier answer, tell us; we will look at your case.",
        )
    )
    yield Heading(2, "What we did")
    contained = facts.contained_at
    yield Paragraph(
        f"We contained the fault on {known(contained)}."
        if contained
        else "Containment is not recorded. Do not send this before it is."
    )
    yield Heading(2, "What we do not know yet")
    yield Paragraph("Whether you were affected beyond that answer. You can tell us at the contact below.")


def _regulator(facts: Facts) -> Iterator[Block]:
    header = facts.header
    yield Paragraph(
        "Whether there is a duty to report, to whom and by when is for counsel. This is a statement of facts, not legal advice."
    )
    yield Table(
        ("Item", "Stated or recorded"),
        (
            ("System", stated(header.system)),
            ("Reporter", stated(header.reporter)),
            ("Date of the incident", known(header.occurred_at or facts.first_false_answer)),
            ("Aware since", known(header.detected_at)),
            ("Contained", known(facts.contained_at)),
            ("End declared", known(header.ended_at)),
            ("Ungrounded claims", rate_told(facts)),
            ("Reached", reach_told(facts)),
            ("Impacts", stated(header.impacts)),
            ("Stakeholders", stated(header.stakeholders)),
        ),
    )  # fmt: skip
    yield from _right(facts)
    yield Heading(2, "Nature of the incident")
    yield Bullets(
        (
            *(f"{kind.capitalize()}: {meaning_of(kind, facts)}." for kind in judge_kinds(facts)),
            *(one.told for one in identify(facts)),
        )
    )
    yield from _done(facts)
    yield Heading(2, "Evidence kept")
    inputs = facts.manifest.get("inputs") or {}
    store = ((facts.manifest.get("trace") or {}).get("store") or {}).get("files") or {}
    digests = [(name, str(value.get("sha256", ""))) for name, value in inputs.items()] + [
        (f"store {n}", str(d)) for n, d in store.items()
    ]
    yield Table(
        ("Evidence", "SHA-256"), tuple((Code(name), Code(digest)) for name, digest in digests if digest)
    )
    yield Heading(2, "What is not known")
    yield Bullets((*open_questions(facts), *(Code(line) for line in facts.limits)))


def _done(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "What was done")
    if not facts.actions:
        yield Paragraph("No action is recorded.")
        return
    yield Paragraph(f"{counted(len(facts.actions), 'action')} recorded:")
    items: tuple[Inline, ...] = tuple(
        (f"{known(one.time)}, ", Code(one.phase), ": ", Code(one.what)) for one in facts.actions
    )
    yield Bullets(items)


Body = Callable[[Facts], Iterator[Block]]
_BODIES: Mapping[str, Body] = {
    "engineering": _engineering,
    "leadership": _leadership,
    "users": _users,
    "regulator": _regulator,
}
_READERS = {
    "engineering": "engineering",
    "leadership": "leadership",
    "users": "affected users",
    "regulator": "a regulator",
}
