"""RAGTruth QA: which answers of six language models say what their passages do not, and where. Reported, never tuned on."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.data import Row, data_path, digests, draw_rows, read_rows
from evals.grounding_sets import Found
from evals.metrics import auc, bootstrap_interval, precision_recall_f1, span_f1
from evals.published import RAGTRUTH_QA, RAGTRUTH_QA_SPANS
from evals.ragtruth_log import ragtruth_log, ragtruth_turns
from evals.results import Table
from halluguard.grounding.check import CheckSettings
from halluguard.grounding.decide import decide_turns
from halluguard.grounding.features import share_of_words
from halluguard.grounding.reader import Reader
from halluguard.models import Embedder
from halluguard.records import UNGROUNDED, ClaimKind, Verdict
from halluguard.trusted import build_index, open_index

FILE = ("grounding", "ragtruth_qa_test.jsonl.gz")
OVERLAP_THRESHOLD = 0.64
"""Share of words under which an answer is flagged by overlap alone: the best of `grounding/dev`."""

_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with the verdicts on what it claims."""

    row: Row
    verdicts: tuple[Verdict, ...]

    @property
    def supported(self) -> float:
        """The probability that the worst claim is borne out, by what was retrieved or by the corpus; 1 without claims."""
        return min((_p_supported(verdict) for verdict in self.verdicts), default=1.0)

    @property
    def flagged(self) -> bool:
        """Whether any claim is ungrounded."""
        return any(verdict.status in UNGROUNDED for verdict in self.verdicts)

    @property
    def flagged_spans(self) -> list[tuple[int, int]]:
        """The characters of the ungrounded claims."""
        return [(v.claim.start, v.claim.end) for v in self.verdicts if v.status in UNGROUNDED]


def _p_supported(verdict: Verdict) -> float:
    readings = (verdict.cited, verdict.retrieved, verdict.trusted)
    return max((reading.p_supported for reading in readings if reading is not None), default=0.0)


def run_ragtruth(reader: Reader, embedder: Embedder, *, answers: int, seed: int) -> Found | None:
    """Check the answers as a conversation log, all their passages the trusted corpus; tables beside the published rows."""
    path = data_path(*FILE)
    if path is None:
        return None
    rows = draw_rows(read_rows(path), answers, seed)
    started = time.monotonic()
    checked = list(_check(rows, reader, embedder))
    seconds = time.monotonic() - started
    n_claims = sum(len(one.verdicts) for one in checked)
    figures = {
        "ragtruth_answers": len(checked),
        "ragtruth_claims": n_claims,
        "ragtruth_claims_per_s": round(n_claims / max(seconds, 1e-9), 2),
    }
    return Found(
        figures,
        {"ragtruth-qa": examples_table(checked), "ragtruth-qa-spans": spans_table(checked)},
        digests(path),
    )


def _check(rows: Sequence[Row], reader: Reader, embedder: Embedder) -> Iterator[Answer]:
    """Decide every answer the way `check` decides a log."""
    raw = [
        {"id": place, "query": row.question, "document": row.document, "claim": row.claim}
        for place, row in enumerate(rows)
    ]
    turns = list(ragtruth_turns(raw))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ragtruth_log(raw, folder / "log.jsonl", folder / "trusted.jsonl")
        build_index(folder / "trusted.jsonl", folder / "index", embedder)
        trusted = open_index(folder / "index", embedder)
        for start in range(0, len(turns), _BLOCK):
            print(f"\r{start} answers", end="", flush=True)
            block = turns[start : start + _BLOCK]
            for row, decided in zip(
                rows[start : start + _BLOCK],
                decide_turns(block, reader, embedder, trusted, top_k=CheckSettings().top_k),
                strict=True,
            ):
                kept = tuple(v for v in decided.verdicts if v.claim.kind is ClaimKind.CLAIM)
                yield Answer(row, kept)


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
    note = "Published rows: arXiv 2502.17125. The answers are checked as a conversation log with all passages as trusted corpus; one is flagged where any claim is ungrounded."
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
