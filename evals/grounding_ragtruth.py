"""RAGTruth QA: which answers of six language models say what their passages do not, and where. Reported, never tuned on."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.data import Row, data_path, digests, draw_rows, read_rows
from evals.grounding_sets import Found
from evals.metrics import auc, bootstrap_interval, precision_recall_f1, span_f1
from evals.published import RAGTRUTH_QA, RAGTRUTH_QA_SPANS
from evals.results import Table
from halluguard.grounding.claims import split_claims
from halluguard.grounding.features import share_of_words
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.grounding.score import combine
from halluguard.records import Claim, ClaimKind, Passage, Reading, Turn

FILE = ("grounding", "ragtruth_qa_test.jsonl.gz")
OVERLAP_THRESHOLD = 0.64
"""Share of words under which an answer is flagged by overlap alone: the best of `grounding/dev`."""

_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its claims and what was read of each."""

    row: Row
    claims: tuple[Claim, ...]
    readings: tuple[Reading, ...]

    @property
    def supported(self) -> float:
        """The probability of the worst claim; 1 where nothing is claimed."""
        return combine(self.readings).supported if self.readings else 1.0

    @property
    def flagged(self) -> bool:
        """Whether any claim is unsupported."""
        return bool(self.readings) and not combine(self.readings).label

    @property
    def flagged_spans(self) -> list[tuple[int, int]]:
        """The characters of the unsupported claims."""
        return [
            (one.start, one.end)
            for one, reading in zip(self.claims, self.readings, strict=True)
            if not reading.supports
        ]


def run_ragtruth(reader: Reader, *, sample: int, seed: int) -> Found | None:
    """Check every answer against its passages and return tables beside the published rows."""
    path = data_path(*FILE)
    if path is None:
        return None
    rows = draw_rows(read_rows(path), 4 * sample, seed)
    started = time.monotonic()
    answers = [
        one
        for start in range(0, len(rows), _BLOCK)
        for one in _read(rows[start : start + _BLOCK], reader, start)
    ]
    seconds = time.monotonic() - started
    n_claims = sum(len(one.claims) for one in answers)
    figures = {
        "ragtruth_answers": len(answers),
        "ragtruth_claims": n_claims,
        "ragtruth_claims_per_s": round(n_claims / max(seconds, 1e-9), 2),
    }
    return Found(
        figures,
        {"ragtruth-qa": examples_table(answers), "ragtruth-qa-spans": spans_table(answers)},
        digests(path),
    )


def _read(rows: Sequence[Row], reader: Reader, start: int) -> list[Answer]:
    print(f"\r{start} answers", end="", flush=True)
    claims = [
        tuple(
            claim
            for claim in split_claims(Turn("", row.claim, row.question))
            if claim.kind is ClaimKind.CLAIM
        )
        for row in rows
    ]
    requests = [
        ReadRequest(claim.reading, (Passage("passages", row.document),), row.question)
        for row, some in zip(rows, claims, strict=True)
        for claim in some
    ]
    readings = iter(reader.read(requests))
    return [
        Answer(row, some, tuple(next(readings) for _ in some)) for row, some in zip(rows, claims, strict=True)
    ]


def examples_table(answers: Sequence[Answer]) -> Table:
    """Return precision, recall and F1 of flagged answers, the baselines and ours among the published ones."""
    labels = np.array([one.row.label for one in answers], dtype=np.int64)
    documents = [one.row.document for one in answers]
    ours = np.array([0 if one.flagged else 1 for one in answers], dtype=np.int64)
    words = np.array([share_of_words(one.row.claim, one.row.document) for one in answers])
    overlap = (words >= OVERLAP_THRESHOLD).astype(np.int64)
    everything = np.zeros_like(labels)
    low, high = bootstrap_interval(
        documents, lambda drawn: precision_recall_f1(labels[drawn], ours[drawn], 0)[2]
    )
    scores = np.array([one.supported for one in answers])
    size = f"{len(answers)} answers, {int((labels == 0).sum())} hallucinated"
    lines: list[tuple[object, ...]] = [
        (name, "900, published", p, r, f1, None) for name, p, r, f1 in RAGTRUTH_QA
    ]
    lines.append(("flag everything, these rows", size, *precision_recall_f1(labels, everything, 0), 50.0))
    lines.append(
        ("word overlap, these rows", size, *precision_recall_f1(labels, overlap, 0), auc(labels, words))
    )
    lines.append(
        (
            f"halluguard (22M); F1 95 % {low:.0f}–{high:.0f}",
            size,
            *precision_recall_f1(labels, ours, 0),
            auc(labels, scores),
        )
    )
    lines.sort(key=lambda line: float(str(line[4])))
    note = "Published rows: arXiv 2502.17125. An answer is flagged where any of its claims is unsupported."
    return Table(("system", "answers", "precision", "recall", "F1", "AUC"), tuple(lines), note)


def spans_table(answers: Sequence[Answer]) -> Table:
    """Return character-level precision, recall and F1; a claim is flagged whole, which costs precision."""
    ours = span_f1([one.row.spans for one in answers], [one.flagged_spans for one in answers])
    lines: list[tuple[object, ...]] = [*RAGTRUTH_QA_SPANS, ("halluguard (22M), whole claims", *ours)]
    lines.sort(key=lambda line: float(str(line[3])))
    return Table(
        ("system", "precision", "recall", "F1"),
        tuple(lines),
        "Characters, spans merged, pooled over answers.",
    )
