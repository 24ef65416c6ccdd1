"""A pytest plugin: the fixture `halluguard` fails a test whose answer is not borne out by its passages.

    def test_refund_answer(halluguard):
        halluguard.check(bot.ask("How long for a refund?"), bot.passages, question="How long for a refund?")

Settings of the ini file: `halluguard_trusted`, a folder of trusted documents or an index, relative to it; and
`halluguard_nli_model` and `halluguard_device`, as on the command line. Nothing is loaded until a test asks for it.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from halluguard.integrations.grounding import AnswerChecker


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the settings."""
    parser.addini(
        "halluguard_trusted", "trusted documents or index that answers are held against", default=""
    )
    parser.addini("halluguard_nli_model", "NLI model folder or hub name", default="")
    parser.addini("halluguard_device", "auto, cpu or cuda", default="auto")


@pytest.fixture(scope="session")
def halluguard(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> "AnswerChecker":
    """A checker of answers: `check(answer, contexts, question=...)` fails the test, `decide` returns verdicts."""
    from halluguard.api import ModelChoice
    from halluguard.integrations.grounding import AnswerChecker
    from halluguard.trusted import ready_index

    loaded = ModelChoice(
        pytestconfig.getini("halluguard_nli_model") or None, device=pytestconfig.getini("halluguard_device")
    ).load()
    named = pytestconfig.getini("halluguard_trusted")
    if not named:
        return AnswerChecker(loaded)
    trusted = (pytestconfig.inipath or pytestconfig.rootpath / "pytest.ini").parent / named
    target = tmp_path_factory.mktemp("halluguard") / "trusted.index"
    return AnswerChecker(loaded, ready_index(trusted, target, loaded.models.embedder))
