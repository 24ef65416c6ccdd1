"""How each status is named, explained and told apart on paper: words, colour name and underline."""

from dataclasses import dataclass

from halluguard.records import UNGROUNDED, Origin, Status, SuspectVerdict


@dataclass(frozen=True, slots=True)
class Wording:
    """A status for people: its name, a label of one word for the margin, and one sentence of meaning."""

    name: str
    mark: str
    meaning: str


WORDINGS = {
    Status.SOURCE_CONFLICT: Wording(
        "Source conflict", "conflict",
        "The cited passage says it; the trusted documents, or people who reported it, say otherwise. This is the mark of a corrupted source.",
    ),
    Status.CONTRADICTED: Wording(
        "Contradicted", "contradicted",
        "No cited passage was read as saying it; the trusted documents, or people who reported it, say otherwise.",
    ),
    Status.UNSUPPORTED: Wording(
        "Unsupported", "unsupported",
        "No cited passage says it, nor any trusted document that was given: the model's own invention.",
    ),
    Status.MISATTRIBUTED: Wording(
        "Misattributed", "misattributed",
        "True by the trusted documents or another retrieved passage, but the cited passage does not say it.",
    ),
    Status.UNCITED: Wording("Uncited", "uncited", "True by the trusted documents, but given without a citation."),
    Status.UNCORROBORATED: Wording(
        "Uncorroborated", "uncorroborated", "The cited passage says it; no trusted document speaks on the point.",
    ),
    Status.GROUNDED: Wording("Grounded", "grounded", "The cited passage says it and the trusted documents agree."),
    Status.ABSTAINED: Wording("Abstained", "abstained", "The answer declined to say. Not counted in any rate."),
    Status.NOT_A_CLAIM: Wording(
        "Not a claim", "no claim", "A greeting, question or offer: nothing that could be true or false. Not counted.",
    ),
    Status.ERROR: Wording("Could not be checked", "error", "Reading it failed. Not counted in any rate, and never a pass."),
}  # fmt: skip
"""Every status, the gravest first; the order of charts and legends."""

GRAVITY = {status: rank for rank, status in enumerate(WORDINGS)}
"""Position of a status in the order of charts, 0 the gravest."""

ORIGINS = {
    Origin.STORE: "Entries of the store say it",
    Origin.GENERATOR: "No entry says it: the model's own",
    Origin.NOT_IN_STORE: "Its passage is no longer in the store",
    Origin.UNDETERMINED: "Cannot be told from what is there",
}
VERDICTS = {
    SuspectVerdict.RESPONSIBLE: "Responsible",
    SuspectVerdict.CORRUPTED: "Corrupted",
    SuspectVerdict.SUSPECT: "Suspect",
    SuspectVerdict.CLEARED: "Cleared",
}


def is_flagged(status: Status) -> bool:
    """Whether a claim of this status counts in the ungrounded rate."""
    return status in UNGROUNDED
