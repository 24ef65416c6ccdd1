"""The table of the design as a pure function: readings in, status out."""

from halluguard.records import ClaimKind, Reading, Status


def status_of(
    cited: Reading | None, retrieved: Reading | None, trusted: Reading | None, *, has_citation: bool
) -> Status:
    """Apply the design's table; a missing reading is neither support nor conflict.

    Where the claim gives no citation, the chunks that were retrieved for the answer stand in for its source:
    they can make it `uncorroborated` or put it in `source_conflict`, and only the trusted corpus makes it `uncited`.

    Args:
        cited: what the cited chunks say of the claim, None where none is cited or none has text.
        retrieved: what the other chunks that were shown to the model say.
        trusted: what the best evidence of the trusted corpus says.
        has_citation: whether the claim cites a chunk with text or a ghost; a cited chunk without text is no citation.

    """
    source_supports = _supports(cited) if has_citation else _supports(retrieved)
    trusted_contradicts = trusted is not None and trusted.contradicts and not trusted.supports
    if source_supports and trusted_contradicts:
        return Status.SOURCE_CONFLICT
    if trusted_contradicts:
        return Status.CONTRADICTED
    if has_citation:
        return _cited_status(source_supports, _supports(retrieved), _supports(trusted))
    if _supports(trusted):
        return Status.UNCITED
    return Status.UNCORROBORATED if source_supports else Status.UNSUPPORTED


def _cited_status(cited: bool, retrieved: bool, trusted: bool) -> Status:
    if cited:
        return Status.GROUNDED if trusted else Status.UNCORROBORATED
    return Status.MISATTRIBUTED if trusted or retrieved else Status.UNSUPPORTED


def _supports(reading: Reading | None) -> bool:
    return reading is not None and reading.supports


def unchecked_status(kind: ClaimKind) -> Status | None:
    """Return the status of a span that no model needs to read, or None for a claim."""
    match kind:
        case ClaimKind.ABSTAINED:
            return Status.ABSTAINED
        case ClaimKind.NOT_A_CLAIM:
            return Status.NOT_A_CLAIM
        case ClaimKind.CLAIM:
            return None
