"""The evidence that dialogues name, `page#phrase`: that it stands in the pages, and how the truth writes it."""

import json
from pathlib import Path
from typing import Any

from corpora.chatbot.building import build
from corpora.chatbot.dialogue import load_dialogues
from corpora.chatbot.pages import cut_page, read_page
from corpora.chatbot.scenario import Scenario
from corpora.chatbot.shelf import Embed
from corpora.chatbot.writing import write_json


def build_checked(scenario: Scenario, home: Path, out: Path, embed: Embed) -> None:
    """Write a corpus to `out` whose dialogues in `home` may name pages with their ending; refuse evidence that no page holds."""
    _check_evidence(scenario, home)
    build(scenario, home, out, embed)
    _name_pages_plainly(out / "truth.json")


def _check_evidence(scenario: Scenario, home: Path) -> None:
    """Refuse evidence that stands in no piece of the page it names."""
    pieces: dict[str, list[str]] = {}
    for ingest in scenario.ingests:
        for path, source in ingest.pages:
            pieces[source.rsplit(".", 1)[0]] = [" ".join(p.split()) for p in cut_page(read_page(path))]
    named = [
        (intent.id, *key.partition("#")[::2])
        for intent in load_dialogues(home / "dialogues.yaml")
        for answer in intent.answers
        for segment in answer.segments
        for key in filter(None, segment.key.split(";"))
    ]
    missing = [
        f"{intent}: no piece of {page} says {phrase!r}"
        for intent, page, phrase in named
        if not any(phrase in piece for piece in pieces.get(page.removesuffix(".md"), ()))
    ]
    assert not missing, "\n".join(missing)


def _name_pages_plainly(path: Path) -> None:
    """Write evidence as page#phrase throughout."""
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for turn in truth["turns"].values():
        for claim in turn["claims"]:
            claim["evidence"] = claim["evidence"].replace(".md#", "#")
    write_json(path, truth)
