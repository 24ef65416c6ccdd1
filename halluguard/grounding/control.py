"""Measure, on the run's own texts, how often unrelated evidence is read as a contradiction."""

from collections.abc import Sequence

from halluguard.grounding.reader import Reader, ReadRequest

SAMPLE = 100
"""Claims the control reads at most; its cost is that of a few dozen answers."""


def control_facts(reader: Reader, requests: Sequence[ReadRequest]) -> dict[str, int]:
    """Read each claim against the evidence found for another claim and count what should not happen.

    The best of many unrelated windows is not a contradiction: a reader that says so raises false alarms on every
    long log. Pairs whose passages overlap are left out, since there the evidence may be on the subject.

    Args:
        reader: the reader of the run.
        requests: claims with their trusted evidence, in the order of the log.

    """
    some = [request for request in requests if request.passages][: 2 * SAMPLE]
    half = len(some) // 2
    crossed = []
    for one, other in zip(some[:half], some[half:], strict=False):
        own = {passage.id.split("#")[0] for passage in one.passages}
        foreign = tuple(passage for passage in other.passages if passage.id.split("#")[0] not in own)
        if foreign:
            crossed.append(ReadRequest(one.claim, foreign, one.question))
    readings = reader.read(crossed)
    return {"read": len(readings), "contradicted": sum(reading.contradicts for reading in readings)}
