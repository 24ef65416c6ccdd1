"""Real chains of langchain-core leave a log that `read_log` reads without a repair."""

import asyncio
import json
from uuid import uuid4

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import SimpleChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableConfig, RunnableLambda, RunnablePassthrough
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore

from halluguard.errors import HalluguardWarning
from halluguard.integrations.langchain import LogRecorder
from halluguard.logs import LogNotes, read_log

BAGS = Document("A checked bag costs 30 dollars.", id="bags", metadata={"source": "fees.md", "score": 0.9})
PETS = Document("Pets must be at least 12 weeks old.", metadata={"source": "pets.md"})


class Repeats(SimpleChatModel):
    """Says the last line of its prompt."""

    model: str = "repeats-1"

    @property
    def _llm_type(self):
        return "repeats"

    def _call(self, messages, stop=None, run_manager=None, **kwargs):
        return messages[-1].text.splitlines()[-1]


@pytest.fixture(scope="module")
def retriever():
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    store.add_documents([BAGS])
    store.add_documents([Document(PETS.page_content, metadata=PETS.metadata, id="pets")])
    return store.as_retriever(search_kwargs={"k": 2})


@pytest.fixture
def chain(retriever):
    passages = retriever | (lambda documents: "\n".join(sorted(one.page_content for one in documents)))
    prompt = {"passages": passages, "question": RunnablePassthrough()} | RunnableLambda(
        lambda values: f"{values['question']}\n{values['passages']}"
    )
    return prompt | Repeats() | StrOutputParser()


def turns_of(path):
    notes = LogNotes()
    found = list(read_log(path, strict=True, notes=notes))
    assert notes.repairs == {}
    return found


def test_a_chain_is_one_turn_with_question_answer_passages_and_model(chain, tmp_path):
    recorder = LogRecorder(tmp_path / "log.jsonl", index_version="idx-1")
    answer = chain.invoke(
        "What does a bag cost?", config={"callbacks": [recorder], "metadata": {"session_id": "s1"}}
    )
    (turn,) = turns_of(recorder.path)

    assert turn.answer == answer
    assert turn.question == "What does a bag cost?"
    assert {chunk.id: chunk.text for chunk in turn.retrieved} == {
        "bags": BAGS.page_content,
        "pets": PETS.page_content,
    }
    assert {chunk.source for chunk in turn.retrieved} == {"fees.md", "pets.md"}
    assert {chunk.id: chunk.score for chunk in turn.retrieved} == {"bags": 0.9, "pets": None}
    assert sorted(chunk.rank for chunk in turn.retrieved) == [0, 1]
    assert (turn.conversation_id, turn.model, turn.index_version) == ("s1", "repeats-1", "idx-1")
    assert turn.timestamp is not None
    assert (recorder.written, recorder.left_out) == (1, 0)


def test_batches_and_async_chains_keep_their_passages_apart(chain, tmp_path):
    recorder = LogRecorder(tmp_path / "log.jsonl")
    config = {"callbacks": [recorder]}
    chain.batch([f"Question {number}?" for number in range(8)], config=config)
    asyncio.run(chain.ainvoke("Question 8?", config=config))
    turns = turns_of(recorder.path)

    assert sorted(turn.question for turn in turns) == [f"Question {number}?" for number in range(9)]
    assert all(len(turn.retrieved) == 2 for turn in turns)
    assert len({turn.turn_id for turn in turns}) == 9
    assert not recorder._open
    assert not recorder._roots


def test_a_streamed_answer_is_whole(chain, tmp_path):
    recorder = LogRecorder(tmp_path / "log.jsonl")
    said = "".join(chain.stream("What does a bag cost?", config={"callbacks": [recorder]}))

    assert [turn.answer for turn in turns_of(recorder.path)] == [said]


def test_known_keys_and_messages_are_understood(retriever, tmp_path):
    recorder = LogRecorder(tmp_path / "log.jsonl")
    config = {"callbacks": [recorder]}
    keyed = RunnablePassthrough.assign(context=lambda values: retriever.invoke(values["input"])) | (
        lambda values: {"context": values["context"], "answer": "Thirty."}
    )
    keyed.invoke({"input": "Bag?"}, config=config)
    talk = [HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Pets?")]
    RunnableLambda(lambda _: {"messages": [*talk, AIMessage("12 weeks.")]}).invoke(
        {"messages": talk}, config=config
    )

    assert [(turn.question, turn.answer) for turn in turns_of(recorder.path)] == [
        ("Bag?", "Thirty."),
        ("Pets?", "12 weeks."),
    ]


def test_a_document_without_an_id_is_named_by_its_text(tmp_path):
    from langchain_core.retrievers import BaseRetriever

    class Fixed(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            return [PETS]

    recorder = LogRecorder(tmp_path / "log.jsonl")
    (Fixed() | (lambda found: found[0].page_content)).invoke("Pets?", config={"callbacks": [recorder]})
    (turn,) = turns_of(recorder.path)

    assert turn.retrieved[0].id.startswith("sha:")


def test_pieces_of_a_document_under_its_id_are_all_written_and_a_repeat_once(tmp_path):
    from langchain_core.retrievers import BaseRetriever

    class Fixed(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            return [BAGS, Document("A second bag costs 40 dollars.", id="bags"), BAGS]

    recorder = LogRecorder(tmp_path / "log.jsonl")
    (Fixed() | (lambda found: found[0].page_content)).invoke("Bags?", config={"callbacks": [recorder]})
    (turn,) = turns_of(recorder.path)

    assert [(chunk.id, chunk.text) for chunk in turn.retrieved] == [
        ("bags", BAGS.page_content),
        ("bags", "A second bag costs 40 dollars."),
    ]


def test_what_a_tool_retrieves_belongs_to_the_chain_around_it(retriever, tmp_path):
    @tool
    def look_up(query: str, config: RunnableConfig) -> str:
        """Look it up."""
        return retriever.invoke(query, config=config)[0].page_content

    recorder = LogRecorder(tmp_path / "log.jsonl")
    agent = RunnableLambda(lambda question, config: look_up.invoke({"query": question}, config=config))
    agent.invoke("Bag?", config={"callbacks": [recorder]})
    (turn,) = turns_of(recorder.path)

    assert (turn.question, len(turn.retrieved)) == ("Bag?", 2)
    assert not recorder._roots


def test_chains_without_an_answer_are_counted_and_the_first_is_said(tmp_path):
    recorder = LogRecorder(tmp_path / "log.jsonl")
    config = {"callbacks": [recorder]}

    def fail(_):
        raise LookupError("down")

    with pytest.warns(HalluguardWarning, match="failed with LookupError"), pytest.raises(LookupError):
        RunnableLambda(fail).invoke("x", config=config)
    RunnableLambda(lambda _: {"number": 7}).invoke("x", config=config)

    assert (recorder.written, recorder.left_out) == (0, 2)
    assert not recorder.path.exists()


def test_turns_are_added_behind_what_the_file_holds(chain, tmp_path):
    for _ in range(2):
        chain.invoke("Bag?", config={"callbacks": [LogRecorder(tmp_path / "log.jsonl")]})

    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2
    assert all(json.loads(line)["answer"] for line in (tmp_path / "log.jsonl").read_text().splitlines())


def test_a_streamed_chain_keeps_its_question_and_not_the_query_of_a_retriever(retriever, tmp_path):
    recorder = LogRecorder(tmp_path / "log.jsonl")
    config = {"callbacks": [recorder]}
    rewrite = RunnableLambda(lambda _: "fees policy")
    chain = {"found": rewrite | retriever, "question": RunnablePassthrough()} | RunnableLambda(
        lambda values: f"About {values['question']}"
    )
    keyed = RunnableLambda(lambda values: values["question"]) | Repeats() | StrOutputParser()
    list(chain.stream("What does a bag cost?", config=config))
    list(keyed.stream({"question": "Pets?"}, config=config))

    assert [turn.question for turn in turns_of(recorder.path)] == ["What does a bag cost?", "Pets?"]


def test_messages_of_roles_and_contents_are_understood(tmp_path):
    recorder = LogRecorder(tmp_path / "log.jsonl")
    parts = [{"type": "text", "text": "Pets "}, {"type": "image_url", "image_url": "x"}, "too?"]
    for question in ("Bags?", parts):
        asked = [{"role": "user", "content": question}, {"role": "assistant", "content": "Which?"}]
        RunnableLambda(lambda _: {"messages": [{"role": "assistant", "content": "Yes."}]}).invoke(
            {"messages": asked}, config={"callbacks": [recorder]}
        )
    RunnableLambda(lambda _: "Hello.").invoke(
        {"messages": [{"role": "system", "content": "Be kind."}]}, config={"callbacks": [recorder]}
    )

    assert [(turn.question, turn.answer) for turn in turns_of(recorder.path)] == [
        ("Bags?", "Yes."),
        ("Pets too?", "Yes."),
        (None, "Hello."),
    ]


def test_a_turn_is_not_glued_onto_a_last_line_without_an_end(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"turn_id": "old", "answer": "Old."}')
    for number in range(2):
        RunnableLambda(lambda _: "New.").invoke(f"q{number}", config={"callbacks": [LogRecorder(path)]})

    assert [turn.answer for turn in turns_of(path)] == ["Old.", "New.", "New."]
    assert path.read_text().count("\n") == 3


def test_the_folder_of_the_log_is_made(tmp_path):
    recorder = LogRecorder(tmp_path / "logs" / "today" / "log.jsonl")
    RunnableLambda(lambda _: "Yes.").invoke("Bag?", config={"callbacks": [recorder]})

    assert [turn.answer for turn in turns_of(recorder.path)] == ["Yes."]


def test_turns_that_cannot_be_written_are_counted_and_the_first_is_said(tmp_path):
    from langchain_core.retrievers import BaseRetriever

    class Odd(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            return [Document("A bag.", metadata={("a", 1): 2})]

    (tmp_path / "file").write_text("")
    nowhere, odd = LogRecorder(tmp_path / "file" / "log.jsonl"), LogRecorder(tmp_path / "log.jsonl")
    with pytest.warns(HalluguardWarning, match=r"log\.jsonl: a turn is left out, it cannot be written"):
        RunnableLambda(lambda _: "Yes.").invoke("Bag?", config={"callbacks": [nowhere]})
    with pytest.warns(HalluguardWarning, match="it cannot be written .*keys must be str"):
        (Odd() | (lambda _: "Yes.")).invoke("Bag?", config={"callbacks": [odd]})

    assert (nowhere.written, nowhere.left_out) == (odd.written, odd.left_out) == (0, 1)
    assert not odd.path.exists()


def test_a_chain_inside_one_that_does_not_carry_the_recorder_is_a_turn(chain, tmp_path):
    recorder = LogRecorder(tmp_path / "log.jsonl")
    outer = RunnableLambda(str.strip) | chain.with_config(callbacks=[recorder])
    outer.invoke(" What does a bag cost? ")
    (turn,) = turns_of(recorder.path)

    assert (turn.question, len(turn.retrieved)) == ("What does a bag cost?", 2)
    assert (recorder.written, recorder.left_out) == (1, 0)
    assert not recorder._open
    assert not recorder._roots


def test_a_chain_that_starts_late_or_inside_a_lone_retriever_is_no_turn(tmp_path):
    recorder = LogRecorder(tmp_path / "log.jsonl")
    root, lone = uuid4(), uuid4()
    recorder.on_chain_start(None, "Bag?", run_id=root)
    recorder.on_chain_end("Yes.", run_id=root)
    recorder.on_retriever_start(None, "Bag?", run_id=lone)
    for parent in (root, lone):
        child = uuid4()
        recorder.on_chain_start(None, "inner", run_id=child, parent_run_id=parent)
        recorder.on_chain_end("inner answer", run_id=child, parent_run_id=parent)

    assert [turn.answer for turn in turns_of(recorder.path)] == ["Yes."]
    assert recorder.left_out == 0


def test_what_is_remembered_of_runs_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("halluguard.integrations.langchain._REMEMBERED", 5)
    recorder = LogRecorder(tmp_path / "log.jsonl")
    for number in range(20):
        RunnableLambda(lambda _: "Yes.").invoke(f"q{number}", config={"callbacks": [recorder]})

    assert recorder.written == 20
    assert len(recorder._seen) == 5
