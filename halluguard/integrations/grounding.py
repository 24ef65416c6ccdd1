"""Whether one answer is borne out by its passages, said so that a person who reads a failed test knows why."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from halluguard.records import NOT_CHECKABLE, UNGROUNDED, Chunk, Reading, Status, Turn, Verdict
from halluguard.report.hostile import one_line

if TYPE_CHECKING:
    from halluguard.api import Loaded
    from halluguard.trusted import TrustedIndex

Contexts = Sequence[object] | Mapping[str, object]
"""Passages as callers hold them: strings, documents of LangChain, `{"id": ..., "text": ...}`; or by id."""

_SHOWN = 300
"""Characters shown of a claim and of a passage."""


@dataclass(frozen=True)
class AnswerChecker:
    """Checks single answers with models that are loaded once; `trusted` None means that only the passages count."""

    loaded: "Loaded"
    trusted: "TrustedIndex | None" = None
    top_k: int = field(default=5, kw_only=True)

    def decide(
        self, answer: str, contexts: Contexts = (), *, question: str | None = None
    ) -> tuple[Verdict, ...]:
        """Return the verdict on each claim of an answer, in its order.

        Args:
            answer: the text; markers such as `[1]` or `[an-id]` cite the contexts.
            contexts: the retrieved passages in their order, as strings, documents with a `page_content` or objects with a
                `text`, or by id. Without citations all of them count as the source.
            question: what was asked; a fragment such as "30 days." is read together with it.

        """
        from halluguard.grounding.decide import decide_turns

        retrieved = tuple(Chunk(id_, text, rank=rank) for rank, (id_, text) in enumerate(_named(contexts)))
        turn = Turn("answer", answer, question, retrieved=retrieved)
        (decided,) = decide_turns(
            [turn], self.loaded.reader, self.loaded.models.embedder, self.trusted, top_k=self.top_k
        )
        return decided.verdicts

    def check(
        self,
        answer: str,
        contexts: Contexts = (),
        *,
        question: str | None = None,
        fail_on: Collection[Status | str] = UNGROUNDED,
        allow_nothing: bool = False,
    ) -> tuple[Verdict, ...]:
        """Return the verdicts of a grounded answer; raise AssertionError naming the claims of another.

        Args:
            answer: see `decide`.
            contexts: see `decide`.
            question: see `decide`.
            fail_on: the statuses that fail; add `misattributed` or `uncited` to be strict about citations.
            allow_nothing: let an answer pass that holds no checkable claim, such as "I do not know".

        Raises:
            AssertionError: a claim has a failing status or could not be read, or nothing was checkable.

        """
        __tracebackhide__ = True
        verdicts = self.decide(answer, contexts, question=question)
        problem = describe_failure(
            verdicts, frozenset(map(Status, fail_on)) | {Status.ERROR}, allow_nothing=allow_nothing
        )
        if problem:
            raise AssertionError(problem)
        return verdicts


def _named(contexts: Contexts) -> Iterator[tuple[str, str]]:
    """Yield id and text of each passage; without an id of its own a passage has its place, from 1.

    Raises TypeError naming what a passage is that holds no text.
    """
    if isinstance(contexts, str):
        raise TypeError(
            "contexts is one string. Expected a list of passages, or a mapping of ids to passages"
        )
    named = isinstance(contexts, Mapping)
    pairs = contexts.items() if isinstance(contexts, Mapping) else enumerate(contexts, start=1)
    for key, passage in pairs:
        fields = passage if isinstance(passage, Mapping) else _fields_of(passage)
        text = passage if isinstance(passage, str) else fields.get("page_content", fields.get("text"))
        if not isinstance(text, str):
            raise TypeError(
                f"passage {key} of contexts is of type {type(passage).__name__} and holds no text. "
                "Expected a string, a document with page_content, or an object with text"
            )
        own = None if named else fields.get("id")
        yield (str(key) if own is None else str(own)), text


def _fields_of(passage: object) -> Mapping[str, object]:
    """Return what a passage object holds of id and text; nothing for a string."""
    names = ("page_content", "text", "id")
    return {name: getattr(passage, name) for name in names if hasattr(passage, name)}


def describe_failure(
    verdicts: Sequence[Verdict], fail_on: Collection[Status], *, allow_nothing: bool = False
) -> str:
    """Return why an answer fails, a line a fact, or the empty string where it passes."""
    failed = [verdict for verdict in verdicts if verdict.status in fail_on]
    checkable = sum(verdict.status not in NOT_CHECKABLE for verdict in verdicts)
    if failed:
        lines = [f"{len(failed)} of {max(checkable, len(failed))} checkable claims fail:"]
        for number, verdict in enumerate(failed, start=1):
            lines += [
                f"  {number}. {verdict.status}: “{one_line(verdict.claim.text, _SHOWN)}”",
                *_evidence(verdict),
            ]
        return "\n".join(lines)
    if not checkable and not allow_nothing:
        return "nothing in the answer can be checked, which is no pass; allow_nothing=True lets it through"
    return ""


def _evidence(verdict: Verdict) -> list[str]:
    if verdict.error:
        return [f"     could not be read: {one_line(verdict.error, _SHOWN)}"]
    readings = (
        ("cited", verdict.cited),
        ("retrieved", verdict.retrieved),
        ("trusted", verdict.trusted),
    )
    return [
        _told(name, reading) for name, reading in readings if reading is not None and reading.evidence_text
    ] or ["     no passage is near it"]


def _told(name: str, reading: Reading) -> str:
    return (
        f"     {name} [{one_line(reading.evidence_id, 60)}] supported {reading.p_supported:.2f}, "
        f"contradicted {reading.p_contradicted:.2f}: “{one_line(reading.evidence_text, _SHOWN)}”"
    )
