"""Measure, on the run's own texts, how often unrelated evidence is read as a contradiction."""

from collections.abc import Sequence

from halluguard.grounding.reader import Reader, ReadRequest, may_contradict

SAMPLE = (20, 100)
"""Claims the control reads at least, where a log has them, and at most."""

ONE_IN = 10
"""Between both, one in so many claims is read: its cost stays a small share of the log's own."""


def sample_size(claims: int) -> int:
    """Return how many claims of a log, or of its first block, the control reads; each takes the evidence of another."""
    fewest, most = SAMPLE
    return min(max(claims // ONE_IN, fewest), most, claims // 2)


def control_facts(reader: Reader, requests: Sequence[ReadRequest]) -> dict[str, int]:
    """Read each claim against the evidence found for another claim and count what should not happen.

    The best of many unrelated windows is not a contradiction: a reader that says so raises false alarms on every
    long log. Pairs whose passages overlap are left out, since there the evidence may be on the subject. Where no text
    is on a claim's subject nothing can be read as its contradiction, so that no model is asked.

    Args:
        reader: the reader of the run.
        requests: claims with their trusted evidence, in the order of the log; the first half is read against the
            evidence of the second.

    """
    some = [request for request in requests if request.passages]
    half = len(some) // 2
    crossed = []
    for one, other in zip(some[:half], some[half:], strict=False):
        own = {passage.id.split("#")[0] for passage in one.passages}
        foreign = tuple(passage for passage in other.passages if passage.id.split("#")[0] not in own)
        if foreign:
            crossed.append(ReadRequest(one.claim, foreign, one.question))
    readings = reader.read([request for request in crossed if may_contradict(request)])
    return {"read": len(crossed), "contradicted": sum(reading.contradicts for reading in readings)}
