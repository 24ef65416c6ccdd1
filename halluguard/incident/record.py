"""The incident record for people: what happened, when, why, to whom, what was done, and what is not known."""

from collections import Counter
from collections.abc import Iterator

from halluguard.grounding.known_false import is_known_false
from halluguard.incident.document import Block, Bullets, Code, Heading, Inline, Paragraph, Table
from halluguard.incident.facts import EntryFact, Facts
from halluguard.incident.identifiers import SOURCES, tags
from halluguard.incident.judge import Kind, identify, judge_kinds, meaning_of, propose_severity
from halluguard.incident.questions import open_questions
from halluguard.incident.wording import (
    NOT_RECORDED,
    counted,
    known,
    named,
    rate_told,
    reach_told,
    span_told,
    stated,
)
from halluguard.records import Origin, SuspectVerdict
from halluguard.report.statuses import ORIGINS

NAMED_ENTRIES = 200
"""Responsible entries written out, the gravest first; the others are counted, and in the exports."""

SHOWN_TEXT = 600
"""Characters of an entry or trusted passage that are shown."""


def write_record(facts: Facts) -> tuple[Block, ...]:
    """Return the record as blocks; a pure function of the facts."""
    sections = (
        _head, _summary, _timeline, _cause, _impact, _phases, _actions, _questions, _limits, _post_mortem, _identifiers, _method,
    )  # fmt: skip
    return tuple(block for section in sections for block in section(facts))


def title_of(facts: Facts) -> str:
    """Return the stated title, or one that says no more than the figures."""
    return facts.header.title or "Ungrounded answers of a chatbot"


def _head(facts: Facts) -> Iterator[Block]:
    header = facts.header
    yield Heading(1, ("Incident record: ", Code(title_of(facts))))
    yield Paragraph(
        "Written from the tables of one run. What is not in them is said to be missing. A person reviews it before use.",
        note=True,
    )
    yield Table(
        ("Minimum record (consistent with GV-4.3-002)", ""),
        (
            ("System", stated(header.system)),
            ("Title", stated(header.title)),
            ("Reporter", stated(header.reporter)),
            ("Source of the report", stated(header.source)),
            ("Reported", known(header.reported_at)),
            ("Date of the incident", known(header.occurred_at or facts.first_false_answer)),
            ("Description", stated(header.description)),
            ("Impacts", stated(header.impacts)),
            ("Stakeholders affected", stated(header.stakeholders)),
        ),
    )


def _summary(facts: Facts) -> Iterator[Block]:
    level, rule = propose_severity(facts)
    kinds = judge_kinds(facts)
    yield Heading(2, "Summary")
    yield Bullets(
        (
            f"Ungrounded: {rate_told(facts)}.",
            f"Reached: {reach_told(facts)}.",
            *(f"{kind.capitalize()}: {meaning_of(kind, facts)}." for kind in kinds),
            f"Spread: {facts.regime or 'the cascade was not scored'}.",
            f"Severity proposed: {level}, because {rule}. A person decides.",
            "Intent: a person suspects an adversary; the log cannot show one."
            if facts.header.adversary_suspected
            else "Intent: nothing in the log shows any; a mistake and an attack look alike here.",
        )
    )


def _timeline(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "Timeline")
    header = facts.header
    detected = header.detected_at
    rows: list[tuple[Inline, ...]] = [
        (known(facts.first_bad_entry), "first responsible entry came in", "ingestion time in the store"),
        (known(facts.first_false_answer), "first flagged answer", "timestamp in the log"),
        (known(facts.last_false_answer), "last flagged answer in the log", "timestamp in the log"),
        (known(header.reported_at), "reported", "stated"),
        (known(detected), "detected", "stated"),
        (
            known(facts.contained_at),
            "contained",
            "stated" if header.contained_at else "first recorded containment",
        ),
        (known(header.ended_at), "end declared", "stated"),
    ]
    dated = sorted((row for row in rows if row[0] != NOT_RECORDED), key=lambda row: str(row[0]))
    yield Table(("Time", "Event", "Known from"), (*dated, *(row for row in rows if row[0] == NOT_RECORDED)))
    yield Bullets(
        (
            span_told(facts.first_false_answer, detected, "From the first flagged answer to detection",
                      "Time to detection is not known: " + ("no flagged answer has a time." if detected else "no detection time was stated.")),
            span_told(detected, facts.contained_at, "From detection to containment",
                      "Time to containment is not known: detection or containment has no time."),
            f"The log covers {known(facts.report.first_turn)} to {known(facts.report.last_turn)}.",
        )
    )  # fmt: skip


def _cause(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "Root cause with evidence")
    if not facts.traced:
        yield Paragraph(
            "No store was traced, so no entry can be named. Run `halluguard trace` with the store.", note=True
        )
    elif not facts.responsible:
        yield Paragraph("The trace found no entry of the store responsible.")
    for entry in facts.responsible[:NAMED_ENTRIES]:
        yield Heading(3, ("Entry ", Code(entry.id)))
        yield Bullets(
            (
                (
                    "Source ",
                    stated(entry.source),
                    ", batch ",
                    stated(entry.batch),
                    f", ingested {known(entry.ingested_at)}.",
                ),
                (
                    f"Accused of {counted(entry.n_events, 'flagged claim')} in {counted(entry.n_turns, 'answer')}; ",
                    f"responsibility {_figure(entry.responsibility)}, p {_figure(entry.p_value)}.",
                ),
                *(
                    (Code(reason.code), f" {_figure(reason.figure)} ", Code(reason.detail or "-"))
                    for reason in entry.reasons
                ),
            )
        )
        if entry.text:
            yield Table(
                ("The entry says", _denier(facts, entry)),
                ((Code(entry.text[:SHOWN_TEXT]), (Code(entry.trusted_text[:SHOWN_TEXT]), " in ", Code(entry.trusted_id)) if entry.trusted_text else "nothing near" if facts.has_trusted else "no trusted documents were given"),),
            )  # fmt: skip
    left_out = len(facts.responsible) - NAMED_ENTRIES
    if left_out > 0:
        yield Paragraph(
            f"Responsible too: {counted(left_out, 'entry', 'entries')} more, named in exports/entries.csv."
        )
    if facts.traced and facts.report.findings.origins:
        yield Table(
            ("Where the flagged claims come from", "Claims"),
            tuple((ORIGINS[origin], f"{count:,}") for origin, count in facts.report.findings.origins),
        )
    if any(finding.origin is Origin.UNDETERMINED for finding in facts.findings):
        yield Paragraph(
            "For some claims the evidence does not decide; they are counted above and blamed on nobody."
        )


def _denier(facts: Facts, entry: EntryFact) -> str:
    """Return the name of what stands against an entry's text."""
    if is_known_false(entry.trusted_id):
        return "Reported as false"
    return "The trusted documents say" if facts.has_trusted else "Held against"


def _figure(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3g}"


def _impact(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "Impact")
    yield Bullets(
        (
            f"Reached: {reach_told(facts)}.",
            ("Stated impact: ", stated(facts.header.impacts), "."),
            "Money, health, safety or rights: the log has no field for it; see the open questions.",
        )
    )
    shown = [one for one in facts.cascades or () if one.n_answers][:8]
    if shown:
        yield Table(
            ("Claim", "Answers", "Entries", "Verdict", "Origins"),
            tuple((Code(one.claim or "(text left out)"), f"{one.n_answers:,}", f"{one.n_entries:,}", one.regime, named(one.origins)) for one in shown),
        )  # fmt: skip
    if len(facts.cascades or ()) > len(shown):
        yield Paragraph(f"{len(facts.cascades or ()) - len(shown):,} further claims are in the exports.")


_PEOPLE = "not recorded: people do it"
PHASES = (
    ("Preparation", "log coverage, trusted documents, snapshots, drills", ("ID.IM-02", "ID.IM-04")),
    ("Detection and analysis", "findings analysed and correlated; scope and magnitude", ("DE.CM-09", "DE.AE-02", "DE.AE-03", "DE.AE-04", "RS.AN-08")),
    ("Detection and analysis", "triage, category, escalation, declaration", ("RS.MA-02", "RS.MA-03", "RS.MA-04", "DE.AE-06", "DE.AE-08")),
    ("Detection and analysis", "root cause, record of actions, integrity of evidence", ("RS.AN-03", "RS.AN-06", "RS.AN-07")),
    ("Containment, eradication and recovery", "freeze write-back, quarantine; evict, flush caches", ("RS.MI-01", "RS.MI-02")),
    ("Containment, eradication and recovery", "criteria, restore, verify snapshot and store, declare the end", ("RS.MA-05", "RC.RP-01", "RC.RP-03", "RC.RP-05", "RC.RP-06")),
    ("Containment, eradication and recovery", "tell stakeholders and the public", ("RS.CO-02", "RS.CO-03", "RC.CO-03", "RC.CO-04")),
    ("Post-incident activity", "lessons and better plans", ("ID.IM-03", "ID.IM-04")),
)  # fmt: skip


def _phases(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "Phases")
    analysed = (
        "done by this run" if facts.traced and facts.cascades is not None else "partly done by this run"
    )
    phases = Counter(action.phase for action in facts.actions)
    kept = f"{analysed}; {counted(phases['evidence'], 'action')} recorded"
    taken = f"{counted(phases['containment'] + phases['eradication'], 'action')} recorded"
    if phases["prepared"]:
        taken += f", {phases['prepared']:,} prepared: stores beside the one in use"
    restored = f"{counted(phases['recovery'], 'action')} recorded"
    states = (_PEOPLE, analysed, _PEOPLE, kept, taken, restored, _PEOPLE, _PEOPLE)
    rows = tuple(
        (phase, what, ("consistent with ", ", ".join(one.id for one in tags(*ids))), state)
        for (phase, what, ids), state in zip(PHASES, states, strict=True)
    )
    yield Table(("Phase (NIST SP 800-61)", "What", "Tags (CSF 2.0)", "State"), rows)


def _actions(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "Actions")
    if facts.actions:
        yield Table(
            ("Time", "Phase", "What", "Who", "Why", "Digest before", "Digest after"),
            tuple(
                (known(one.time), Code(one.phase), Code(one.what), stated(one.who), stated(one.why),
                 Code(one.digest_before or "-"), Code(one.digest_after or "-"))
                for one in facts.actions
            ),
        )  # fmt: skip
    else:
        yield Paragraph("No action is recorded.")
    proposed = tuple(entry.id for entry in facts.responsible)
    look = tuple(
        entry.id
        for entry in facts.entries
        if entry.action and entry.verdict is not SuspectVerdict.RESPONSIBLE
    )
    cut = tuple(dict.fromkeys(key for one in facts.cascades or () for key in one.minimum_cut))
    yield Table(
        ("Proposed", "What", "Owner", "Due"),
        (
            ("1", "preserve log and store with their digests", stated(facts.header.owner), "not set"),
            ("2", "freeze write-back into the store", stated(facts.header.owner), "not set"),
            ("3", ("quarantine: ", *named(proposed)), stated(facts.header.owner), "not set"),
            ("4", ("have a person look at: ", *named(look)), stated(facts.header.owner), "not set"),
            (
                "5",
                ("smallest cut that stops the spread: ", *named(cut)),
                stated(facts.header.owner),
                "not set",
            ),
            ("6", "flush semantic and answer caches, then probe", stated(facts.header.owner), "not set"),
            ("7", "tell affected users what is right", stated(facts.header.owner), "not set"),
        ),
    )


def _questions(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "Open questions")
    yield Bullets(open_questions(facts))


def _limits(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "What the log could not show")
    yield (
        Bullets(tuple(Code(line) for line in facts.limits))
        if facts.limits
        else Paragraph("Nothing is known to be missing.")
    )


def _post_mortem(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "Post-mortem frame")
    yield Paragraph(
        "Blameless: it asks how the system let this happen, not who did it. People are named by role. Hold it within five working days."
    )
    first = known(facts.first_false_answer)
    rows = (
        ("What happened, in three sentences", "to be written"),
        (
            "How was it noticed, and what could have noticed it before?",
            f"first flagged answer {first}; to be discussed",
        ),
        ("What made the false text look right at the time?", "to be discussed"),
        ("What worked?", "to be discussed"),
        ("What did not, or was missing?", "to be discussed"),
        ("Where were we lucky? Near misses", "to be discussed"),
        (
            "Which field of the log would have saved the most time?",
            f"{counted(len(facts.limits), 'limit')} listed above",
        ),
        ("Actions: owner by role, date, tag", "to be agreed, consistent with ID.IM-03 and ID.IM-04"),
    )
    yield Table(("Question", "Answer"), rows)


def _identifiers(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "Identifiers")
    rows = tuple(
        (one.told, SOURCES[one.framework].name, SOURCES[one.framework].version) for one in identify(facts)
    )
    yield Table(("This incident is", "Framework", "Version"), rows)
    if not facts.header.adversary_suspected:
        yield Paragraph(
            "No technique of MITRE ATLAS is named: one asserts an adversary, and none is stated to be suspected."
        )


def _method(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "How this was made")
    yield Table(("", ""), tuple((name, Code(value)) for name, value in facts.report.method))
    if Kind.NOTHING in judge_kinds(facts):
        yield Paragraph("No claim is flagged: this record documents a false alarm or a near miss.")
