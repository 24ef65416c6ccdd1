"""What a responder still has to find out: one question for each fact that the run does not hold."""

from halluguard.incident.document import Inline
from halluguard.incident.facts import Facts
from halluguard.incident.judge import Kind, judge_kinds


def open_questions(facts: Facts) -> tuple[Inline, ...]:
    """Return the questions that the facts leave open, those that decide first."""
    header = facts.header
    kinds = judge_kinds(facts)
    asked: list[tuple[bool, str]] = [
        (not facts.traced, "Which entries are responsible? No store was traced."),
        (facts.cascades is None, "Did it spread? The cascade was not scored."),
        (
            facts.regime == "UNDETERMINED",
            "Does the loop feed the false claim? The cascade verdict is undetermined.",
        ),
        (
            bool(facts.responsible),
            "How did the responsible entries get in: by mistake, by a stale import, or on purpose?",
        ),
        (
            any(not entry.source for entry in facts.responsible),
            "Where do the responsible entries without a source come from?",
        ),
        (
            Kind.STALE_VECTORS in kinds,
            "When were the vectors last made, by which model and from which text?",
        ),
        (
            Kind.INVENTION in kinds,
            "What changed in the generator: model, prompt, temperature? The store is not the cause there.",
        ),
        (
            facts.first_bad_entry is None and bool(facts.responsible),
            "When did the responsible entries come in?",
        ),
        (header.detected_at is None, "When was it detected, and by whom?"),
        (facts.contained_at is None, "Is it contained, and since when?"),
        (header.ended_at is None, "Who declares the end, by which criteria?"),
        (facts.reach.users is None, "How many users saw a false answer? The log does not name every user."),
        (not header.impacts, "Did anyone act on a false answer: money, health, safety, rights?"),
        (not header.stakeholders, "Who must be told?"),
        (True, "Is there a legal duty to report, and which clock runs? Counsel decides."),
        (not facts.actions, "Has anything been done to the store already? No action is recorded."),
    ]
    return tuple(question for applies, question in asked if applies)
