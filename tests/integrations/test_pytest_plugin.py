"""The fixture `halluguard` lets grounded answers pass and says of the others which claim fails, and against what."""

from importlib.metadata import entry_points

import pytest

from halluguard.api import Loaded
from halluguard.integrations.grounding import AnswerChecker
from halluguard.records import Status

pytest_plugins = ["pytester"]

PASSAGES = {"bags": "A checked bag costs 30 dollars.", "pets": "Pets must be at least 12 weeks old."}
TESTS = """
PASSAGES = ["A checked bag costs 30 dollars.", "Pets must be at least 12 weeks old."]

def test_grounded(halluguard):
    halluguard.check("A checked bag costs 30 dollars [1].", PASSAGES)

def test_invented(halluguard):
    halluguard.check("The lounge serves free champagne at midnight.", PASSAGES)

def test_against_trusted(halluguard):
    verdicts = halluguard.decide("The lounge opens at 5 in the morning.")
    assert verdicts[0].status == "uncited"
"""


@pytest.fixture(scope="module")
def checker(models, reader):
    return AnswerChecker(Loaded(models, reader))


def test_a_grounded_answer_passes_and_returns_its_verdicts(checker):
    (verdict,) = checker.check("A checked bag costs 30 dollars [bags].", PASSAGES, question="Bag fee?")

    assert verdict.status is Status.UNCORROBORATED
    assert verdict.cited.evidence_id == "bags"


def test_an_invented_claim_fails_with_its_text_and_the_nearest_passage(checker):
    answer = "A checked bag costs 30 dollars [bags]. The lounge serves free champagne at midnight."
    with pytest.raises(AssertionError) as caught:
        checker.check(answer, PASSAGES)
    said = str(caught.value)

    assert said.startswith("1 of 2 checkable claims fail:")
    assert "unsupported: “The lounge serves free champagne at midnight.”" in said
    assert "supported 0." in said


def test_a_wrong_citation_fails_only_where_it_is_asked_for(checker):
    answer = "A checked bag costs 30 dollars [pets]."

    assert checker.check(answer, PASSAGES)[0].status is Status.MISATTRIBUTED
    with pytest.raises(AssertionError, match="misattributed"):
        checker.check(answer, PASSAGES, fail_on=["misattributed"])


def test_an_answer_without_a_claim_is_no_pass_unless_allowed(checker):
    with pytest.raises(AssertionError, match="nothing in the answer can be checked"):
        checker.check("I do not know.", PASSAGES)

    assert checker.check("I do not know.", PASSAGES, allow_nothing=True)


def test_one_string_is_no_list_of_passages(checker):
    with pytest.raises(TypeError, match="Expected a list"):
        checker.check("Yes.", "A checked bag costs 30 dollars.")


def test_passages_are_taken_as_retrievers_give_them(checker):
    from langchain_core.documents import Document

    text = "A checked bag costs 30 dollars."
    for passages in ([Document(text)], [{"id": "1", "text": text}], {"1": Document(text)}):
        (verdict,) = checker.check("A checked bag costs 30 dollars [1].", passages)
        assert (verdict.status, verdict.cited.evidence_id) == (Status.UNCORROBORATED, "1")
    with pytest.raises(TypeError, match="passage 2 of contexts is of type int"):
        checker.check("Yes.", [text, 3])


def test_the_plugin_gives_the_fixture_and_reads_the_trusted_folder(pytester):
    pytester.makepyfile(TESTS)
    pytester.makeini("[pytest]\nhalluguard_trusted = trusted\nhalluguard_device = cpu\n")
    pytester.mkdir("trusted").joinpath("lounge.md").write_text(
        "# Lounge\n\nThe lounge opens at 5 in the morning.\n"
    )
    installed = any(point.name == "halluguard" for point in entry_points(group="pytest11"))
    done = pytester.runpytest_inprocess(
        *(() if installed else ("-p", "halluguard.integrations.pytest_plugin"))
    )

    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["*1 of 1 checkable claims fail:*", "*champagne*"])
    assert "grounding.py" not in done.stdout.str()  # the failure is shown where the test calls
