"""A small question-answering bot over a vector store, whose every answer is known to be true or false.

`build` plays the days of a scenario with real retrieval and writes log, store and truth in the native formats.
"""

from corpora.chatbot.building import build, load_minilm
from corpora.chatbot.evidence import build_checked
from corpora.chatbot.scenario import Fault, Ingest, Scenario, at, pages_of
from corpora.chatbot.shelf import Embed

__all__ = ["Embed", "Fault", "Ingest", "Scenario", "at", "build", "build_checked", "load_minilm", "pages_of"]
