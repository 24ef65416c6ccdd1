"""Halluguard's own rows, one turn each, and rows of tools that name the same things differently."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from halluguard.errors import LogFormatError
from halluguard.logs.containers import Row
from halluguard.logs.fields import CONTENT_ALIASES, SHARED_IDS, AmbiguousFieldError, FieldMap, value_at
from halluguard.logs.formats import LogFormat, Reading
from halluguard.logs.notes import SkippedRow, shown
from halluguard.logs.values import (
    clean,
    digest_of,
    mapping_of,
    name_of,
    nested,
    number_of,
    text_id,
    text_of,
    time_of,
)
from halluguard.records import Chunk, Citation, Feedback, Turn

_CHUNK_IDS = ("id", "chunk_id", "doc_id", "document_id", "_id", "id_", "passage_id", "file_id")
_CHUNK_TEXTS = ("text", "content", "page_content", "passage", "chunk", "document")
_CHUNK_SCORES = ("score", "similarity", "relevance_score", "relevance")
_CHUNK_FIELDS = frozenset(
    {*_CHUNK_IDS[:3], *_CHUNK_TEXTS, *_CHUNK_SCORES, "rank", "used", "metadata", "node"}
)

_MAX_RANK = 2**31 - 1
"""What the tables of a run can hold."""


def recognises(values: Mapping[str, Any]) -> bool:
    """Whether a row has anything that could be an answer."""
    return any(values.get(alias) is not None for alias in CONTENT_ALIASES["answer"])


def read_turns(rows: Iterable[Row | SkippedRow], reading: Reading) -> Iterator[Turn | SkippedRow]:
    """Turn each row into a turn, or say why it cannot be one. An ambiguous mapping in the first row ends the reading."""
    fields = FieldMap(reading.fields)
    shared: set[int] = set()
    first = True
    for row in rows:
        if isinstance(row, SkippedRow):
            yield row
            continue
        try:
            located = fields.locate(row.values)
        except AmbiguousFieldError as error:
            problem, remedy = str(error).split(". ", 1)
            if first:
                raise LogFormatError(reading.path, row.line, problem, remedy) from error
            yield SkippedRow(row.line, str(error))
            continue
        if first:
            reading.notes.mapping.update({name: found for name, found in located.items() if name != found})
        first = False
        yield _turn(
            row, located if "turn_id" in reading.fields else _own(row.values, located, shared), reading
        )


def _own(values: Mapping[str, Any], located: Mapping[str, str], shared: set[int]) -> Mapping[str, str]:
    """Leave the turn's id out where an earlier row had it and its field may name what turns share; `shared` remembers them."""
    found = located.get("turn_id")
    if found not in SHARED_IDS:
        return located
    digest = digest_of(str(values[found]))
    if digest in shared:
        return {name: where for name, where in located.items() if name != "turn_id"}
    shared.add(digest)
    return located


def _turn(row: Row, located: Mapping[str, str], reading: Reading) -> Turn | SkippedRow:
    notes = reading.notes
    get = {name: value_at(row.values, found) for name, found in located.items()}.get
    answer = text_of(nested_text(get("answer")))
    if answer is None:
        return SkippedRow(row.line, _no_answer(get("answer"), reading.fields))
    answer = clean(answer, notes)
    turn_id = name_of(get("turn_id"), notes)
    if turn_id is None:
        notes.repair("line_as_turn_id")
    fields = _read_fields(get, answer, reading)
    return Turn(
        turn_id=turn_id or f"line-{row.line}",
        answer=answer,
        line=row.line,
        **{**fields, "metadata": {**_leftovers(row.values, located), **fields["metadata"]}},
    )


def _read_fields(get: Callable[[str], Any], answer: str, reading: Reading) -> dict[str, Any]:
    """Return the fields of a turn beside its id, answer and line, read from the values that `get` has of them."""
    notes = reading.notes
    question = text_of(nested_text(get("question")), asked=True)
    return {
        "question": clean(question, notes) if question else None,
        "conversation_id": name_of(get("conversation_id"), notes),
        "timestamp": time_of(get("timestamp"), reading.zone, notes),
        "retrieved": tuple(read_chunks(get("retrieved"), get("retrieved_ids"), reading)),
        "citations": _citations(get("citations"), len(answer), reading),
        "feedback": tuple(_feedback(get("feedback"), reading)),
        "user_id": name_of(get("user_id"), notes),
        "model": name_of(get("model"), notes),
        "index_version": name_of(get("index_version"), notes),
        "retry_of": name_of(get("retry_of"), notes),
        "metadata": mapping_of(get("metadata")),
    }


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a trace holds under the fields that the reader was told where to find, by our names, in place of what its format has there."""

    values: Mapping[str, Any]
    reading: Reading

    def answer_or(self, found: str | None) -> str | None:
        """Return the answer under the field that was chosen for it; what the format `found` where none was chosen."""
        return text_of(nested_text(self.values.get("answer"))) if "answer" in self.reading.fields else found

    def why_unanswered(self, otherwise: str) -> str:
        """Say what is wrong with the field that was chosen for the answer; `otherwise` where none was."""
        fields = self.reading.fields
        return _no_answer(self.values.get("answer"), fields) if "answer" in fields else otherwise

    def put_into(self, turn: Turn) -> Turn:
        """Return a turn with the chosen values, be they unknown.

        The answer is chosen before, since without one there is no turn; an id that is unknown stays as it was.
        """
        reading = self.reading
        fields = _read_fields(self.values.get, turn.answer, reading) if reading.fields else {}
        names = {"retrieved" if name == "retrieved_ids" else name for name in reading.fields} & fields.keys()
        turn_id = name_of(self.values.get("turn_id"), reading.notes) or turn.turn_id
        return replace(turn, turn_id=turn_id, **{name: fields[name] for name in names})


def choose_values(rows: Iterable[Row], reading: Reading) -> Chosen:
    """Return what some rows hold under the fields that were chosen: of each the first that a row has."""
    found: dict[str, Any] = {}
    for row in rows:
        for name, where in reading.fields.items():
            value = value_at(row.values, where)
            if value is not None:
                found.setdefault(name, value)
    return Chosen(found, reading)


def nested_text(value: object) -> object:
    """Return messages that a string holds as JSON; other strings are text as they stand, even where they start with [."""
    inner = nested(value)
    messages = (
        isinstance(inner, list)
        and inner
        and all(isinstance(item, dict) and ("role" in item or "content" in item) for item in inner)
    )
    return inner if messages else value


def _no_answer(value: object, chosen: Mapping[str, str]) -> str:
    """Say why the value that a row has for the answer is none."""
    where = (
        f"`{chosen['answer']}`" if "answer" in chosen else f"any of {', '.join(CONTENT_ALIASES['answer'])}"
    )
    if value is None:
        return f"no answer under {where}. Name it with --map answer=FIELD"
    return f"the answer is no text but {shown(value)}. Name another field with --map answer=FIELD"


def _leftovers(values: Mapping[str, Any], located: Mapping[str, str]) -> dict[str, Any]:
    """Fields that mean nothing to us are kept with the turn's metadata, so that nothing of the log is lost."""
    used = set(located.values())
    return {
        key: value
        for key, value in values.items()
        if key not in used and value is not None and not key.startswith("__index_level_")
    }


def read_chunks(value: object, ids: object, reading: Reading) -> Iterator[Chunk]:
    """Yield the retrieved chunks: objects, LangChain documents, LlamaIndex nodes, or bare texts with ids beside them or none."""
    value, ids = nested(value), nested(ids)
    items = value if isinstance(value, list | tuple) else [value] if value not in (None, "") else []
    names = ids if isinstance(ids, list | tuple) and (len(ids) == len(items) or not items) else ()
    if not items:
        yield from (Chunk(name) for id_ in names if (name := name_of(id_, reading.notes)))
        return
    for number, item in enumerate(items):
        chunk = _chunk(item, number, names, reading)
        if chunk is None:
            reading.notes.repair("bad_chunk")
        else:
            yield chunk


def each_once(chunks: Iterable[Chunk]) -> tuple[Chunk, ...]:
    """Return chunks without repeats, each at its first place; pieces of one document may share its id, so the text counts too.

    A chunk of which only the id is known takes the first text that comes under it.
    """
    kept: list[Chunk] = []
    places: dict[tuple[str, str | None], int] = {}
    ids: set[str] = set()
    for chunk in chunks:
        key = (chunk.id, chunk.text)
        if key in places or (chunk.text is None and chunk.id in ids):
            continue
        bare = places.pop((chunk.id, None), None)
        if bare is None:
            places[key] = len(kept)
            kept.append(chunk)
        else:
            places[key] = bare
            kept[bare] = _with_text(kept[bare], chunk)
        ids.add(chunk.id)
    return tuple(kept)


def _with_text(bare: Chunk, found: Chunk) -> Chunk:
    return replace(
        found,
        score=found.score if bare.score is None else bare.score,
        rank=found.rank if bare.rank is None else bare.rank,
        used=bare.used or found.used,
        metadata={**found.metadata, **bare.metadata},
    )


def _chunk(item: object, number: int, names: Sequence[object], reading: Reading) -> Chunk | None:
    notes = reading.notes
    given = name_of(names[number], notes) if names else None
    if isinstance(item, str):
        plain = clean(item, notes)
        # An id by position would name another text in every turn.
        return Chunk(given or text_id(plain), plain)
    if not isinstance(item, Mapping):
        return None
    body = (
        {**item["node"], **{key: value for key, value in item.items() if key != "node"}}
        if isinstance(item.get("node"), Mapping)
        else item
    )
    text = next((clean(body[key], notes) for key in _CHUNK_TEXTS if isinstance(body.get(key), str)), None)
    id_ = next((name for key in _CHUNK_IDS if (name := name_of(body.get(key), notes))), given)
    if id_ is None:
        if text is None:
            return None
        notes.repair("chunk_without_id")
    metadata = mapping_of(body.get("metadata"))
    score = next((body[key] for key in _CHUNK_SCORES if body.get(key) is not None), metadata.get("score"))
    rank = number_of(body.get("rank"), notes, "bad_field")
    if rank is not None and not 0 <= rank <= _MAX_RANK:
        notes.repair("bad_field")
        rank = None
    return Chunk(
        id=id_ or text_id(text or ""),
        text=text,
        score=number_of(score, notes),
        rank=None if rank is None else int(rank),
        used=body.get("used") is not False,
        metadata={
            **{
                key: value
                for key, value in body.items()
                if key not in _CHUNK_FIELDS
                and value is not None
                and not (key in _CHUNK_IDS and str(value) == id_)
            },
            **metadata,
        },
    )


def _citations(value: object, length: int, reading: Reading) -> tuple[Citation, ...] | None:
    value = nested(value)
    if value is None:
        return None
    found = []
    for item in value if isinstance(value, list | tuple) else [value]:
        fields = item if isinstance(item, Mapping) else {"id": item}
        id_ = next((name for key in _CHUNK_IDS if (name := name_of(fields.get(key), reading.notes))), None)
        if id_ is None:
            reading.notes.repair("bad_citation")
            continue
        start, end = _span(fields, length, reading)
        found.append(Citation(id_, _text(fields.get("marker")), start, end, _text(fields.get("quote"))))
    return tuple(found)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _span(fields: Mapping[str, Any], length: int, reading: Reading) -> tuple[int | None, int | None]:
    start, end = fields.get("start"), fields.get("end")
    if start is None:
        return None, None
    numbers = all(
        isinstance(place, int) and not isinstance(place, bool) for place in (start, end) if place is not None
    )
    if numbers and 0 <= start <= (start if end is None else end) <= length:
        return start, end
    reading.notes.repair("bad_citation_span")
    return None, None


def _feedback(value: object, reading: Reading) -> Iterator[Feedback]:
    value = nested(value)
    if value in (None, "", [], {}):
        return
    for item in value if isinstance(value, list | tuple) else [value]:
        if not isinstance(item, Mapping) or not isinstance(item.get("kind"), str):
            reading.notes.repair("bad_feedback")
            continue
        yield Feedback(
            item["kind"],
            opinion_of(item.get("value"), reading),
            time_of(item.get("timestamp"), reading.zone, reading.notes),
            _text(item.get("by")),
        )


def opinion_of(value: object, reading: Reading) -> float | str | None:
    """Return a score, a label or yes and no (1 and 0) as the value of feedback; None for what is no finite number."""
    if isinstance(value, bool):
        return float(value)
    return (
        clean(value, reading.notes)
        if isinstance(value, str)
        else number_of(value, reading.notes, "bad_field")
    )


def turn_to_json(turn: Turn) -> dict[str, Any]:
    """Return a turn as a row of our own JSONL: every field, unknown ones null, times in UTC. `line` is not part of it."""
    return {
        "turn_id": turn.turn_id,
        "conversation_id": turn.conversation_id,
        "timestamp": _iso(turn.timestamp),
        "user_id": turn.user_id,
        "question": turn.question,
        "answer": turn.answer,
        "retrieved": [_chunk_to_json(chunk) for chunk in turn.retrieved],
        "citations": None
        if turn.citations is None
        else [_citation_to_json(citation) for citation in turn.citations],
        "feedback": [
            {"kind": one.kind, "value": one.value, "timestamp": _iso(one.timestamp), "by": one.by}
            for one in turn.feedback
        ],
        "model": turn.model,
        "index_version": turn.index_version,
        "retry_of": turn.retry_of,
        "metadata": dict(turn.metadata),
    }


def _chunk_to_json(chunk: Chunk) -> dict[str, Any]:
    return {
        "id": chunk.id,
        "text": chunk.text,
        "score": chunk.score,
        "rank": chunk.rank,
        "used": chunk.used,
        "metadata": dict(chunk.metadata),
    }


def _citation_to_json(citation: Citation) -> dict[str, Any]:
    return {
        "id": citation.id,
        "marker": citation.marker,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
    }


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")


FORMAT = LogFormat("native", recognises, read_turns)
