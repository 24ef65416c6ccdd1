"""What kind of incident the facts show, how grave it is, and which identifiers they are consistent with: rules only."""

from enum import StrEnum

from halluguard.incident.facts import Facts
from halluguard.incident.identifiers import Tag, tags
from halluguard.records import Origin, Status


class Kind(StrEnum):
    """What kind of incident; several may hold at once."""

    CORRUPTED_SOURCE = "corrupted source"
    STALE_VECTORS = "stale or damaged vectors"
    WRITE_BACK = "cascade by write-back"
    INVENTION = "model invention"
    UNDETERMINED = "undetermined"
    NOTHING = "nothing ungrounded"


_MEANING = {
    Kind.STALE_VECTORS: "vectors of responsible or corrupted entries do not fit their texts",
    Kind.WRITE_BACK: "answers that asserted a false claim came back into the store as entries",
    Kind.UNDETERMINED: "the evidence does not say where the flagged claims came from",
    Kind.NOTHING: "no claim of the log is flagged",
}

VECTOR_CODES = frozenset(
    {
        "vector_mismatch",
        "vector_of_other_entry",
        "stale_model",
        "template_changed",
        "edited_after_embedding",
        "truncated_input",
        "vector_shared",
    }
)
WIDE_REACH = 50
"""Conversations from which an incident is SEV1 whatever its regime."""
NARROW_REACH = 5

_GROUNDS = {
    Kind.CORRUPTED_SOURCE: ("LLM04", "LLM08", "LLM09", "ML02", "MS-2.5-005", "MG-4.1-006"),
    Kind.STALE_VECTORS: ("LLM08", "MS-2.5-005", "MG-4.1-006"),
    Kind.WRITE_BACK: ("LLM09", "ML08", "MG-2.2-003"),
    Kind.INVENTION: ("LLM09", "ML09", "MS-2.5-003", "MG-4.1-002"),
    Kind.UNDETERMINED: ("LLM09", "MG-4.1-002"),
    Kind.NOTHING: (),
}
_ADVERSARY = {
    Kind.CORRUPTED_SOURCE: ("AML.T0070", "AML.T0071"),
    Kind.WRITE_BACK: ("AML.T0059",),
}


def meaning_of(kind: Kind, facts: Facts) -> str:
    """Say what a kind means in a run that was given trusted documents, statements known to be false, both or neither."""
    if kind is Kind.CORRUPTED_SOURCE:
        return f"entries of the store {_DENIED[facts.has_trusted, facts.has_known_false]}, and answers followed them"
    if kind is Kind.INVENTION:
        return f"answers state what no retrieved {'or trusted ' if facts.has_trusted else ''}text bears out"
    return _MEANING[kind]


_DENIED = {
    (True, True): "say what the trusted documents deny or people reported as false",
    (True, False): "say what the trusted documents deny",
    (False, True): "say what people reported as false",
    (False, False): "are behind flagged claims",
}


def judge_kinds(facts: Facts) -> tuple[Kind, ...]:
    """Return the kinds that the facts show, causes in the store first."""
    flagged = [finding for finding in facts.findings if finding.status is not Status.ERROR]
    if not facts.report.rate.hits:
        return (Kind.NOTHING,)
    kinds = []
    if facts.responsible:
        kinds.append(Kind.CORRUPTED_SOURCE)
    if any(
        reason.code in VECTOR_CODES for entry in facts.entries if entry.action for reason in entry.reasons
    ):
        kinds.append(Kind.STALE_VECTORS)
    accused = {entry_id for finding in facts.findings for entry_id in finding.accused_ids}
    written = {entry.id for entry in facts.entries if entry.role == "written_back"}
    spreading = facts.regime in ("CAPTURED", "AMPLIFYING", "GROWING-WITH-STORE")
    if accused & written or (spreading and any(one.written_back for one in facts.cascades or ())):
        kinds.append(Kind.WRITE_BACK)
    origins = [finding.origin for finding in flagged]
    if Origin.GENERATOR in origins:
        kinds.append(Kind.INVENTION)
    return tuple(kinds) or (Kind.UNDETERMINED,)


def propose_severity(facts: Facts) -> tuple[str, str]:
    """Return a level and the rule that gave it. SEV0 is for people alone: the log shows no injury, duty or data loss."""
    reach = facts.reach.users if facts.reach.users is not None else facts.reach.conversations
    told = "users" if facts.reach.users is not None else "conversations"
    if not facts.report.rate.hits:
        return "none", "no claim is flagged"
    if facts.regime in ("AMPLIFYING", "CAPTURED"):
        return "SEV1", f"the cascade verdict is {facts.regime}"
    if reach is not None and reach > WIDE_REACH:
        return "SEV1", f"{reach} {told} were reached, more than {WIDE_REACH}"
    if facts.regime == "GROWING-WITH-STORE":
        return "SEV2", f"the cascade verdict is {facts.regime}"
    if reach is None:
        return "SEV2", "the log does not say how many were reached"
    if reach >= NARROW_REACH:
        return "SEV2", f"{reach} {told} were reached, {NARROW_REACH} or more"
    return "SEV3", f"{reach} {told} were reached, fewer than {NARROW_REACH}, and nothing grows"


def judge_determination(facts: Facts) -> str:
    """Return the STIX determination: `suspected`, or `false-positive` where nothing is flagged; a log shows no attempt."""
    return "suspected" if facts.report.rate.hits or facts.header.adversary_suspected else "false-positive"


def identify(facts: Facts) -> tuple[Tag, ...]:
    """Return the identifiers the facts are consistent with.

    A technique of ATLAS asserts an adversary, so it is named only where a person has stated that one is suspected.
    """
    kinds = judge_kinds(facts)
    ids = [one for kind in kinds for one in _GROUNDS[kind]]
    if facts.header.adversary_suspected:
        ids += [one for kind in kinds for one in _ADVERSARY.get(kind, ())]
    return tags(*dict.fromkeys([*ids, "GV-4.3-002", "MG-4.3-002"]))
