import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.logs import read_log, turn_to_json
from halluguard.records import Chunk, Citation, Feedback, Turn

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
TIMES = st.none() | st.integers(86_400 * 10**6, 4 * 10**15).map(
    lambda micros: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)
)
SCORES = st.none() | st.floats(-1e6, 1e6)
METADATA = st.dictionaries(
    st.sampled_from(["source", "page", "tags"]),
    st.integers(-9, 9) | st.text("ab", max_size=3) | st.lists(st.booleans(), max_size=2),
)
CHUNKS = st.builds(
    Chunk,
    id=NAME,
    text=st.none() | TEXT,
    score=SCORES,
    rank=st.none() | st.integers(0, 99),
    used=st.booleans(),
    metadata=METADATA,
)
FEEDBACK = st.builds(
    Feedback,
    kind=NAME,
    value=st.none() | st.floats(-5, 5) | TEXT,
    timestamp=TIMES,
    by=st.none() | st.sampled_from(["user", "judge"]),
)
OPTIONAL = st.none() | NAME
TURNS = st.builds(
    Turn, turn_id=NAME, answer=TEXT, question=OPTIONAL, conversation_id=OPTIONAL, timestamp=TIMES, retrieved=st.lists(CHUNKS, max_size=3).map(tuple),
    citations=st.none() | st.lists(st.builds(Citation, id=NAME, marker=OPTIONAL, quote=OPTIONAL), max_size=2).map(tuple),
    feedback=st.lists(FEEDBACK, max_size=2).map(tuple), user_id=OPTIONAL, model=OPTIONAL, index_version=OPTIONAL, retry_of=OPTIONAL, metadata=METADATA, line=st.just(1),
)  # fmt: skip


def schema(name: str) -> dict[str, object]:
    return json.loads((files("halluguard.logs") / f"{name}.schema.json").read_text("utf-8"))  # type: ignore[no-any-return]


@settings(max_examples=80)
@given(TURNS)
def test_a_turn_written_and_read_again_is_the_same_turn(turn: Turn) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        path.write_text(json.dumps(turn_to_json(turn)) + "\n")
        assert list(read_log(path)) == [turn]


@settings(max_examples=25)
@given(TURNS)
def test_a_written_turn_follows_the_schema(turn: Turn) -> None:
    jsonschema.validate(turn_to_json(turn), schema("turn"))


@pytest.mark.parametrize("name", ["turn", "entry"])
def test_the_schemas_are_valid_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_the_entry_schema_takes_the_documented_entry() -> None:
    entry = {
        "id": "kb-340",
        "text": "Shoe returns: 90 days.",
        "source": "faq-auto",
        "ingested_at": "2026-03-03T01:00:00Z",
        "written_by_turn": "a-1",
    }
    jsonschema.validate(entry, schema("entry"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"text": "x"}, schema("entry"))
