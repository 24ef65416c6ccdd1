"""Decide a block of turns: every claim against its cited chunks, the other chunks, and the trusted corpus.

All pairs of the block go to the reader together, so that they are deduplicated and sorted once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from halluguard.grounding.alce import CitationCounts, count_citations
from halluguard.grounding.claims import split_claims
from halluguard.grounding.evidence import find_held
from halluguard.grounding.known_false import KnownFalse
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.grounding.retrieve import NEAR_SOURCE, find_trusted, queries_of
from halluguard.grounding.verdicts import status_of, unchecked_status
from halluguard.models import Embedder
from halluguard.records import Claim, ClaimKind, Passage, Reading, Status, Turn, Verdict
from halluguard.trusted import TrustedIndex

READING_ERRORS = (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError)
"""What a model or tokenizer may raise over one text; other errors, as of the disk, end the run."""


@dataclass(frozen=True, slots=True)
class TurnVerdicts:
    """A turn with the verdict on each of its claims, in the order of the answer."""

    turn: Turn
    verdicts: tuple[Verdict, ...]
    citations: CitationCounts


@dataclass(frozen=True, slots=True)
class _Task:
    """One claim that a model must read, with the passages it is read against."""

    turn: Turn
    claim: Claim
    cited: tuple[Passage, ...]
    others: tuple[Passage, ...]
    trusted: tuple[Passage, ...] = ()

    def request(self, passages: tuple[Passage, ...]) -> ReadRequest:
        return ReadRequest(self.claim.reading, passages, self.turn.question)

    def queries(self) -> tuple[str, ...]:
        return queries_of(self.claim.reading, self.turn.question, self.cited or self.others, self.trusted)

    @property
    def has_citation(self) -> bool:
        return bool(self.cited or self.claim.ghost_ids)


def decide_turns(
    turns: Sequence[Turn],
    reader: Reader,
    embedder: Embedder,
    trusted: TrustedIndex | None,
    *,
    top_k: int,
    known_false: KnownFalse | None = None,
) -> list[TurnVerdicts]:
    """Decide every claim of some turns, in order.

    A turn that cannot be read on its own gets `error` verdicts with the reason and harms no other turn.

    Args:
        turns: the block; its size bounds memory.
        reader: what reads a claim against passages.
        embedder: the model of the trusted index, which finds evidence for a claim.
        trusted: the trusted corpus, or None to check citations only.
        top_k: pieces of trusted evidence read for each claim.
        known_false: statements that make a claim false that says one of them.

    """
    try:
        return _decide_together(turns, reader, embedder, trusted, top_k=top_k, known_false=known_false)
    except READING_ERRORS as error:
        if len(turns) == 1:
            return [_failed(turns[0], error)]
        return [
            decided
            for turn in turns
            for decided in decide_turns(
                [turn], reader, embedder, trusted, top_k=top_k, known_false=known_false
            )
        ]


def _failed(turn: Turn, error: Exception) -> TurnVerdicts:
    reason = f"{type(error).__name__}: {str(error)[:200]}"
    whole = Claim(0, len(turn.answer), turn.answer, turn.answer)
    return TurnVerdicts(turn, (Verdict(whole, Status.ERROR, error=reason),), CitationCounts())


def _decide_together(
    turns: Sequence[Turn],
    reader: Reader,
    embedder: Embedder,
    trusted: TrustedIndex | None,
    *,
    top_k: int,
    known_false: KnownFalse | None,
) -> list[TurnVerdicts]:
    claims = [split_claims(turn) for turn in turns]
    tasks = [
        _task(turn, claim)
        for turn, some in zip(turns, claims, strict=True)
        for claim in some
        if claim.kind is ClaimKind.CLAIM
    ]
    tasks = _with_evidence(tasks, embedder, trusted, top_k)
    cited = _read(reader, [task.request(task.cited) for task in tasks])
    from_trusted = _read(reader, [task.request(task.trusted) for task in tasks])
    tasks, from_trusted = _look_further(tasks, from_trusted, reader, embedder, trusted)
    cited, from_trusted = _share_evidence(tasks, cited, from_trusted, reader)
    if known_false is not None:
        from_trusted = known_false.refute([task.claim.reading for task in tasks], from_trusted)
    # The other chunks decide only where neither the cited ones nor the trusted corpus bear the claim out.
    others = _read(
        reader,
        [
            task.request(() if any(one is not None and one.supports for one in some) else task.others)
            for task, *some in zip(tasks, cited, from_trusted, strict=True)
        ],
    )
    verdicts = [
        _verdict(task, *readings) for task, *readings in zip(tasks, cited, others, from_trusted, strict=True)
    ]
    counts = _count_citations(reader, tasks, verdicts)
    decided = iter(zip(verdicts, counts, strict=True))
    return [_collect(turn, some, decided) for turn, some in zip(turns, claims, strict=True)]


def log_passages(turn: Turn, claim: Claim) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """Return what the log shows for a claim: the passages it cites, and the others that the model saw, each once.

    Pieces of one document may share its id: a citation of the id cites them all.
    """
    cited_ids = frozenset(claim.cited_ids)
    texts: dict[str, list[str]] = {}
    for chunk in turn.retrieved:
        if chunk.id in cited_ids and chunk.text:
            texts.setdefault(chunk.id, []).append(chunk.text)
    cited = [Passage(id_, text) for id_ in claim.cited_ids for text in texts.get(id_, ())]
    others = [
        Passage(chunk.id, chunk.text)
        for chunk in turn.retrieved
        if chunk.used and chunk.text and chunk.id not in cited_ids
    ]
    return tuple(dict.fromkeys(cited)), tuple(dict.fromkeys(others))


def _task(turn: Turn, claim: Claim) -> _Task:
    return _Task(turn, claim, *log_passages(turn, claim))


def evidence_requests(
    decided: Sequence[TurnVerdicts],
    embedder: Embedder,
    trusted: TrustedIndex | None,
    *,
    top_k: int,
    limit: int,
) -> list[ReadRequest]:
    """Return the claims of some decided turns with their trusted evidence, at most `limit`, in order."""
    tasks = [
        _task(one.turn, verdict.claim)
        for one in decided
        for verdict in one.verdicts
        if verdict.claim.kind is ClaimKind.CLAIM and verdict.status is not Status.ERROR
    ]
    return [task.request(task.trusted) for task in _with_evidence(tasks[:limit], embedder, trusted, top_k)]


def _with_evidence(
    tasks: list[_Task], embedder: Embedder, trusted: TrustedIndex | None, top_k: int
) -> list[_Task]:
    """Give each task the trusted chunks nearest to its claim."""
    if trusted is None or not tasks or not len(trusted):
        return tasks
    found = find_trusted([(task.claim.reading,) for task in tasks], embedder, trusted, top_k=top_k)
    return [replace(task, trusted=passages) for task, passages in zip(tasks, found, strict=True)]


def _look_further(
    tasks: list[_Task],
    readings: list[Reading | None],
    reader: Reader,
    embedder: Embedder,
    trusted: TrustedIndex | None,
) -> tuple[list[_Task], list[Reading | None]]:
    """Read more trusted chunks for the claims that those nearest to them do not bear out.

    More evidence raises support: nothing would change for the others, and most claims cost no second look.
    """
    doubtful = [i for i, one in enumerate(readings) if one is not None and not one.supports]
    if trusted is None or not doubtful:
        return tasks, readings
    # The claim itself, the first of its queries, was looked up before.
    further = [tasks[i].queries()[1:] for i in doubtful]
    found = find_trusted(further, embedder, trusted, top_k=NEAR_SOURCE)
    tasks, readings = list(tasks), list(readings)
    grown = []
    for i, passages in zip(doubtful, found, strict=True):
        merged = tuple(dict.fromkeys((*tasks[i].trusted, *passages)))
        if merged != tasks[i].trusted:
            tasks[i] = replace(tasks[i], trusted=merged)
            grown.append(i)
    for i, reading in zip(
        grown, _read(reader, [tasks[i].request(tasks[i].trusted) for i in grown]), strict=True
    ):
        readings[i] = reading
    return tasks, readings


def _share_evidence(
    tasks: Sequence[_Task], cited: list[Reading | None], from_trusted: list[Reading | None], reader: Reader
) -> tuple[list[Reading | None], list[Reading | None]]:
    """Read what bears a claim out on one side on the other side too, as far as the other side holds the same sentences.

    The same page lies in the store and in the trusted corpus, cut otherwise, and a model is surer of one cut than of
    another: no difference between the sources may come of that.
    """
    both, asked = [list(cited), list(from_trusted)], []
    for position, (task, *readings) in enumerate(zip(tasks, cited, from_trusted, strict=True)):
        one, other = readings
        if one is None or other is None or one.supports == other.supports:
            continue
        side, passages, evidence = (
            (1, task.trusted, one.evidence_text) if one.supports else (0, task.cited, other.evidence_text)
        )
        held = find_held(evidence, passages)
        if held is not None:
            asked.append((side, position, task.request((*passages, held))))
    for (side, position, _), reading in zip(asked, reader.read([ask[2] for ask in asked]), strict=True):
        both[side][position] = reading
    return both[0], both[1]


def _read(reader: Reader, requests: Sequence[ReadRequest]) -> list[Reading | None]:
    """Read those requests that have passages; None stands for the others."""
    asked = [position for position, request in enumerate(requests) if request.passages]
    readings: list[Reading | None] = [None] * len(requests)
    for position, reading in zip(asked, reader.read([requests[p] for p in asked]), strict=True):
        readings[position] = reading
    return readings


def _verdict(task: _Task, cited: Reading | None, others: Reading | None, trusted: Reading | None) -> Verdict:
    status = status_of(cited, others, trusted, has_citation=task.has_citation)
    return Verdict(task.claim, status, cited, others, trusted, _supporting_id(task, cited, others, trusted))


def _supporting_id(
    task: _Task, cited: Reading | None, others: Reading | None, trusted: Reading | None
) -> str:
    """Return the chunk that bears a claim out: one that was read, or one that holds the trusted evidence word for word."""
    for reading in (cited, others):
        if reading is not None and reading.supports:
            return reading.evidence_id
    if trusted is None or not trusted.supports:
        return ""
    return next((passage.id for passage in task.others if trusted.evidence_text in passage.text), "")


def _count_citations(
    reader: Reader, tasks: Sequence[_Task], verdicts: Sequence[Verdict]
) -> list[CitationCounts]:
    """Count ALCE's parts for each claim; only claims that several chunks support together need more reading."""
    asks: list[tuple[int, str, bool, ReadRequest]] = []
    for position, (task, verdict) in enumerate(zip(tasks, verdicts, strict=True)):
        ids = tuple(dict.fromkeys(passage.id for passage in task.cited))
        if len(ids) > 1 and verdict.cited is not None and verdict.cited.supports:
            for id_ in ids:
                # Without a citation none of the texts under its id are cited.
                own = tuple(passage for passage in task.cited if passage.id == id_)
                rest = tuple(passage for passage in task.cited if passage.id != id_)
                asks.append((position, id_, True, task.request(own)))
                asks.append((position, id_, False, task.request(rest)))
    alone: dict[int, dict[str, bool]] = {}
    without: dict[int, dict[str, bool]] = {}
    for (position, id_, is_alone, _), reading in zip(
        asks, reader.read([ask[3] for ask in asks]), strict=True
    ):
        (alone if is_alone else without).setdefault(position, {})[id_] = reading.supports
    counts = []
    for position, (task, verdict) in enumerate(zip(tasks, verdicts, strict=True)):
        supports = verdict.cited is not None and verdict.cited.supports
        single = {passage.id: supports for passage in task.cited}
        counts.append(
            count_citations(
                len({passage.id for passage in task.cited}) + len(set(task.claim.ghost_ids)),
                all_support=supports,
                alone=alone.get(position, single),
                without=without.get(position, dict.fromkeys(single, False)),
            )
        )
    return counts


def _collect(
    turn: Turn, claims: Sequence[Claim], decided: Iterator[tuple[Verdict, CitationCounts]]
) -> TurnVerdicts:
    verdicts = []
    total = CitationCounts()
    for claim in claims:
        status = unchecked_status(claim.kind)
        if status is not None:
            verdicts.append(Verdict(claim, status))
            continue
        verdict, counts = next(decided)
        verdicts.append(verdict)
        total += counts
    return TurnVerdicts(turn, tuple(verdicts), total)
