"""Which field of a row means what: our names, and those of Ragas, DeepEval, Phoenix, RAGChecker and LangChain."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from halluguard.errors import InputError, SettingError

CONTENT_ALIASES: dict[str, tuple[str, ...]] = {
    "answer": ("answer", "response", "actual_output", "output", "output.value", "attributes.output.value", "generated_answer", "completion", "summary"),
    "question": ("question", "user_input", "input", "query", "input.value", "attributes.input.value", "prompt"),
    "retrieved": (
        "retrieved", "retrieved_contexts", "contexts", "retrieval_context", "retrieved_context", "context", "retrieved_documents", "documents", "source_documents",
        "search_results", "source_nodes", "sources",
    ),
}  # fmt: skip
"""Where two of these hold different values nothing tells which is meant: the mapping is refused."""

LAST_RESORTS = {"answer": ("result",)}
"""Names that mean other things too, read where a row has none of the others: chains of LangChain call the answer `result`."""

OTHER_ALIASES: dict[str, tuple[str, ...]] = {
    "turn_id": ("turn_id", "id", "message_id", "request_id", "query_id", "trace_id", "run_id"),
    "conversation_id": ("conversation_id", "session_id", "thread_id", "chat_id", "sessionId", "session.id"),
    "timestamp": ("timestamp", "time", "created_at", "created", "ts", "start_time", "date"),
    "user_id": ("user_id", "user", "userId", "user.id"),
    "model": ("model", "model_name", "llm"),
    "index_version": ("index_version", "index"),
    "retry_of": ("retry_of",),
    "citations": ("citations",),
    "feedback": ("feedback",),
    "metadata": ("metadata",),
    "retrieved_ids": ("retrieved_context_ids", "retrieved_ids", "context_ids", "document_ids"),
}
"""Of these the first present counts."""

SHARED_IDS = frozenset({"query_id", "run_id"})
"""Aliases of `turn_id` that name one turn in some logs, and in others what many turns have in common: a question put to several
systems, a run of an evaluation."""

FIELDS = (*CONTENT_ALIASES, *OTHER_ALIASES)


class AmbiguousFieldError(InputError):
    """Two fields of a row could be meant by one name."""


@dataclass(slots=True)
class FieldMap:
    """Finds fields in rows. `chosen` overrides the aliases: our name -> the field's name, or a path with dots."""

    chosen: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse names that no turn has."""
        for name in self.chosen:
            if name not in FIELDS:
                raise SettingError(
                    f"--map {name}=...: a turn has no such field. Choose among {', '.join(FIELDS)}"
                )

    def locate(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return our name -> field name for what a row has; raises AmbiguousFieldError naming both fields."""
        located = {}
        for name in FIELDS:
            found = self._find(name, values)
            if found is not None:
                located[name] = found
        return located

    def _find(self, name: str, values: Mapping[str, Any]) -> str | None:
        if name in self.chosen:
            return self.chosen[name]
        aliases = CONTENT_ALIASES.get(name)
        if aliases is None:
            return next((alias for alias in OTHER_ALIASES[name] if values.get(alias) is not None), None)
        present = list(self._free(aliases, values)) or list(self._free(LAST_RESORTS.get(name, ()), values))
        if len(present) > 1 and any(values[other] != values[present[0]] for other in present[1:]):
            raise AmbiguousFieldError(
                f"both `{present[0]}` and `{present[1]}` could be the {name}. Name one with --map {name}={present[0]}"
            )
        return present[0] if present else None

    def _free(self, aliases: tuple[str, ...], values: Mapping[str, Any]) -> Iterator[str]:
        taken = set(self.chosen.values())
        return (alias for alias in aliases if values.get(alias) is not None and alias not in taken)


def value_at(values: Mapping[str, Any], name: str) -> Any:
    """Return the field, following dots into nested objects where no field has the whole name; None where there is none."""
    if name in values:
        return values[name]
    first, dot, rest = name.partition(".")
    inner = values.get(first)
    return value_at(inner, rest) if dot and isinstance(inner, Mapping) else None
