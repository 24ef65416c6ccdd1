import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import numpy as np
import pytest
from langchain_core.documents import Document

from halluguard.drill.answering import (
    EndpointAnswerer,
    ExtractiveAnswerer,
    Reply,
    load_answerer,
    resolve_reply,
    strip_question,
    write_prompt,
)
from halluguard.errors import ModelError

PASSAGES = [
    Document("A ticket costs ten euros. Children pay half.", id="fares-1", metadata={"score": 0.9}),
    Document("Dogs travel free of charge.", id="pets-1", metadata={"score": 0.1}),
]


def draw(seed=0):
    return np.random.default_rng(seed)


def test_the_extractive_answer_quotes_and_cites_one_passage(embeddings):
    answerer = ExtractiveAnswerer(embeddings, temperature=0.01)
    replies = {answerer.answer("What does a ticket cost?", PASSAGES, draw(seed)) for seed in range(8)}
    assert {reply.source for reply in replies} == {"fares-1"}
    assert all("A ticket costs ten euros. [fares-1]" in reply.text for reply in replies)
    assert len(replies) > 1


def test_a_high_temperature_follows_worse_passages_too(embeddings):
    answerer = ExtractiveAnswerer(embeddings, temperature=50)
    assert {
        answerer.answer("What does a ticket cost?", PASSAGES, draw(seed)).source for seed in range(20)
    } == {"fares-1", "pets-1"}


def test_without_a_passage_nothing_is_claimed(embeddings):
    assert ExtractiveAnswerer(embeddings).answer("Anything?", [], draw()).source is None


def test_a_stored_question_is_not_quoted_as_an_answer():
    assert strip_question("Q: What is it?\nA: It is blue.") == "It is blue."
    assert strip_question("Quiet: it is blue.") == "Quiet: it is blue."


def test_numbers_of_a_language_model_become_entry_ids():
    assert "[1] A ticket costs" in write_prompt("What?", PASSAGES)
    assert resolve_reply("\nTen euros [1], I think [7].\nMore words", PASSAGES) == Reply(
        "Ten euros [fares-1], I think .", "fares-1"
    )
    assert resolve_reply("", PASSAGES).source is None


class Chat(BaseHTTPRequestHandler):
    """Answers as a chat endpoint does."""

    seen: ClassVar[list] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Chat.seen.append((self.path, self.headers["Authorization"], body))
        reply = (
            {"choices": [{"message": {"content": "Ten euros [1]"}}]}
            if body["model"] == "good"
            else {"error": "no such model"}
        )
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.mark.enable_socket
def test_an_endpoint_is_asked_as_documented_and_faults_are_named():
    server = HTTPServer(("127.0.0.1", 0), Chat)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/v1"
        reply = EndpointAnswerer(url, "good", key="secret").answer(
            "What does a ticket cost?", PASSAGES, draw()
        )
        assert reply == Reply("Ten euros [fares-1]", "fares-1")
        path, key, body = Chat.seen[0]
        assert (path, key) == ("/v1/chat/completions", "Bearer secret")
        assert "What does a ticket cost?" in body["messages"][0]["content"]
        with pytest.raises(ModelError, match="no usable answer") as refused:
            EndpointAnswerer(url, "bad", key="secret").answer("What?", PASSAGES, draw())
        assert "secret" not in str(refused.value)
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(ModelError, match="not a web address"):
        EndpointAnswerer("file:///etc/passwd", "good").answer("What?", PASSAGES, draw())


def test_a_language_model_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"nowhere: cannot be loaded as a language model"):
        load_answerer(str(tmp_path / "nowhere" / "model.gguf"))
    with pytest.raises(ModelError, match=r"nowhere: cannot be loaded as a language model"):
        load_answerer(str(tmp_path / "nowhere"))
