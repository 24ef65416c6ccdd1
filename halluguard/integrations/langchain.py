"""A LangChain callback that writes what a chain retrieved and answered as a conversation log of our own format.

    recorder = LogRecorder("chats.jsonl")
    chain.invoke({"question": "How long for a refund?"}, config={"callbacks": [recorder]})

Then: `halluguard check chats.jsonl --trusted policies/ -o run`.
"""

import json
import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from numbers import Real
from pathlib import Path
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage

from halluguard.errors import HalluguardWarning
from halluguard.logs import turn_to_json
from halluguard.logs.values import text_id
from halluguard.records import Chunk, Turn

_QUESTIONS = ("question", "input", "query", "user_input", "messages")
_ANSWERS = ("answer", "output", "result", "response", "text", "messages")
_CONVERSATIONS = ("conversation_id", "session_id", "thread_id")
_SCORES = ("score", "relevance_score", "similarity")
_PERSON = frozenset({"human", "user"})
_REMEMBERED = 10_000
"""Runs remembered after their start, so that what starts late under one that has ended is no chain of its own."""


@dataclass
class _Open:
    """A chain that is still running: what it was asked and what it has retrieved so far."""

    question: str | None
    conversation_id: str | None
    started: datetime
    model: str | None = None
    chunks: dict[tuple[str, str | None], Chunk] = field(default_factory=dict)


class LogRecorder(BaseCallbackHandler):  # type: ignore[misc] # langchain_core is not followed by mypy
    """Appends one turn for each outermost chain that ends in an answer; safe for threads, batches and async chains.

    Outermost is the chain that no run known to the recorder is around: inside a chain that does not carry it, that is the one
    it is attached to. `written` counts turns. `left_out` counts chains without a text that could be the answer, those that
    failed, and turns that cannot be written; the first of them is said in a HalluguardWarning.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        question_key: str | None = None,
        answer_key: str | None = None,
        model: str | None = None,
        index_version: str | None = None,
    ) -> None:
        """Write to `path`, behind what it holds already.

        Args:
            path: JSONL; its folder is made where it is missing.
            question_key: the key of the chain's input that holds the question; by default any of the usual ones.
            answer_key: the same of its output and the answer.
            model: named in each turn; by default what the chain's own language model calls itself.
            index_version: named in each turn.

        """
        super().__init__()
        self.path = Path(path)
        self.written = 0
        self.left_out = 0
        self._questions = (question_key,) if question_key else _QUESTIONS
        self._answers = (answer_key,) if answer_key else _ANSWERS
        self._model = model
        self._index_version = index_version
        self._open: dict[UUID, _Open] = {}
        self._roots: dict[UUID, UUID] = {}
        self._seen: dict[UUID, None] = {}
        self._lock = threading.Lock()

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,  # noqa: ARG002 - of LangChain's interface
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Open a turn where no run that is known is around this chain."""
        with self._lock:
            if self._join(run_id, parent_run_id) is None and parent_run_id not in self._seen:
                given = metadata or {}
                conversation = next((str(given[key]) for key in _CONVERSATIONS if given.get(key)), None)
                question = _text(inputs, self._questions, asked=True)
                self._open[run_id] = _Open(question, conversation, datetime.now(UTC))
                self._roots[run_id] = run_id

    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,  # noqa: ARG002
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **_: Any,
    ) -> None:
        """Remember whose retrieval this is; its query stands in for a question that the chain's input does not name."""
        with self._lock:
            turn = self._join(run_id, parent_run_id)
            if turn is not None and turn.question is None:
                turn.question = query

    def on_retriever_end(self, documents: Sequence[Document], *, run_id: UUID, **_: Any) -> None:
        """Keep what was retrieved; a piece of text that several retrievals bring stands at its first rank."""
        with self._lock:
            turn = self._open.get(self._roots.pop(run_id, run_id))
            if turn is not None:
                for rank, document in enumerate(documents):
                    chunk = _chunk(document, rank)
                    turn.chunks.setdefault((chunk.id, chunk.text), chunk)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:  # noqa: ARG002
        """Forget the retrieval; the chain itself may still answer."""
        with self._lock:
            self._roots.pop(run_id, None)

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,  # noqa: ARG002
        input_str: str,  # noqa: ARG002
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **_: Any,
    ) -> None:
        """Remember whose tool this is: an agent retrieves inside of tools."""
        with self._lock:
            self._join(run_id, parent_run_id)

    def on_tool_end(self, output: Any, *, run_id: UUID, **_: Any) -> None:  # noqa: ARG002
        """Forget the tool; what was retrieved in it is kept already."""
        with self._lock:
            self._roots.pop(run_id, None)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:  # noqa: ARG002
        """Forget the tool; the chain itself may still answer."""
        with self._lock:
            self._roots.pop(run_id, None)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,  # noqa: ARG002
        messages: Any,  # noqa: ARG002
        *,
        run_id: UUID,  # noqa: ARG002
        parent_run_id: UUID | None = None,
        metadata: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Keep the name of the model that answers; the last of a chain counts."""
        self._name_model(parent_run_id, metadata)

    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,  # noqa: ARG002
        prompts: list[str],  # noqa: ARG002
        *,
        run_id: UUID,  # noqa: ARG002
        parent_run_id: UUID | None = None,
        metadata: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Keep the name of the model that answers; the last of a chain counts."""
        self._name_model(parent_run_id, metadata)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, inputs: Any = None, **_: Any) -> None:
        """Write the turn where the outermost chain ends; a streamed chain knows what it was asked only here."""
        with self._lock:
            turn = self._close(run_id)
            if turn is None:
                return
            answer = _text(outputs, self._answers)
            if answer is None:
                self._leave_out(
                    f"the chain's output has no text under any of {', '.join(self._answers)}. "
                    "Name the key with answer_key"
                )
                return
            found = Turn(
                turn_id=str(run_id),
                answer=answer,
                question=_text(inputs, self._questions, asked=True) or turn.question,
                conversation_id=turn.conversation_id,
                timestamp=turn.started,
                retrieved=tuple(turn.chunks.values()),
                model=self._model or turn.model,
                index_version=self._index_version,
            )
            try:
                _append(self.path, json.dumps(turn_to_json(found), default=str))
            except (OSError, TypeError, ValueError) as error:
                self._leave_out(f"it cannot be written ({error}). Give a path and metadata that JSONL takes")
                return
            self.written += 1

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """Count a chain that failed; it has no answer."""
        with self._lock:
            if self._close(run_id) is not None:
                self._leave_out(f"the chain failed with {type(error).__name__}")

    def _join(self, run_id: UUID, parent: UUID | None) -> _Open | None:
        """Put a run under the outermost chain of its parent, and return that chain's turn."""
        self._seen[run_id] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        root = None if parent is None else self._roots.get(parent)
        if root is None:
            return None
        self._roots[run_id] = root
        return self._open.get(root)

    def _close(self, run_id: UUID) -> _Open | None:
        """Forget a chain; returns its turn where it is an outermost one."""
        self._roots.pop(run_id, None)
        return self._open.pop(run_id, None)

    def _name_model(self, parent: UUID | None, metadata: Mapping[str, Any] | None) -> None:
        name = (metadata or {}).get("ls_model_name")
        with self._lock:
            turn = None if parent is None else self._open.get(self._roots.get(parent, parent))
            if turn is not None and name:
                turn.model = str(name)

    def _leave_out(self, reason: str) -> None:
        self.left_out += 1
        if self.left_out == 1:
            warnings.warn(
                f"{self.path}: a turn is left out, {reason}; further ones are counted",
                HalluguardWarning,
                stacklevel=3,
            )


def _text(value: Any, keys: Sequence[str], *, asked: bool = False) -> str | None:
    """Return the text of a chain's input or output: a string, a message, the last of several, or one under a known key.

    Of the messages of an input the last of a person counts. Without keys a mapping is a message of a role and its content.
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, BaseMessage):
        return str(value.text) or None
    if isinstance(value, Mapping) and keys:
        return next((found for key in keys if (found := _text(value.get(key), (), asked=asked))), None)
    if isinstance(value, Mapping):
        said = _is_of_person(value) if asked else "role" in value or "type" in value
        return _content(value.get("content")) if said else None
    if isinstance(value, Sequence):
        wanted = [one for one in value if not asked or _is_of_person(one)]
        return _text(wanted[-1], (), asked=asked) if wanted else None
    return None


def _is_of_person(message: Any) -> bool:
    """Tell whether a person said it; a text without a role is taken for theirs, a mapping without one is no message."""
    if isinstance(message, Mapping):
        return (message.get("role") or message.get("type")) in _PERSON
    return getattr(message, "type", "human") in _PERSON


def _content(value: Any) -> str | None:
    """Return the text of a message's content: itself, or what its parts of text hold."""
    if isinstance(value, str):
        return value or None
    if not isinstance(value, Sequence):
        return None
    parts = [part.get("text") if isinstance(part, Mapping) else part for part in value]
    return "".join(part for part in parts if isinstance(part, str)) or None


def _append(path: Path, line: str) -> None:
    """Add a line to a file, on a new line also where the last one was cut off before its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = False
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as log:
            log.seek(-1, os.SEEK_END)
            cut = log.read(1) != b"\n"
    with path.open("ab") as log:
        log.write(("\n" * cut + line + "\n").encode())


def _chunk(document: Document, rank: int) -> Chunk:
    metadata = document.metadata
    score = next((metadata[key] for key in _SCORES if isinstance(metadata.get(key), Real)), None)
    return Chunk(
        id=document.id or text_id(document.page_content),
        text=document.page_content,
        score=None if score is None else float(score),
        rank=rank,
        metadata=metadata,
    )
