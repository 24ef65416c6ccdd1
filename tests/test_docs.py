"""The README names what there is, and its tables are those of the committed results."""

import re

import halluguard
from evals.results import render_tables
from halluguard.cli import app, index_app
from halluguard.records import Status


def test_every_verb_is_in_the_readme(root):
    text = (root / "README.md").read_text()
    verbs = [command.name or command.callback.__name__ for command in app.registered_commands]
    verbs += [f"index {command.name}" for command in index_app.registered_commands]

    assert len(verbs) >= 10
    assert [verb for verb in verbs if f"halluguard {verb}" not in text and f"make {verb}" not in text] == []


def test_every_status_is_in_the_readme(root):
    text = (root / "README.md").read_text()

    assert [status for status in Status if f"`{status}`" not in text and status is not Status.ERROR] == []


def test_tables_are_those_of_the_results(root):
    assert render_tables(root / "README.md", write=False) == []


def test_public_names_are_sorted_and_exist():
    assert list(halluguard.__all__) == sorted(halluguard.__all__)
    assert all(hasattr(halluguard, name) for name in halluguard.__all__)


def test_repository_names_no_machine_path(root):
    for path in [*root.glob("*.md"), *(root / "halluguard").rglob("*.py"), *(root / "evals").rglob("*.py")]:
        assert not re.search(r"(?<!\w)/(work|tmp|root|home)/", path.read_text()), path
