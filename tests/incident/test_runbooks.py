"""Every command of a runbook is one the command line knows, and every tag one of the table."""

import re
import shlex
from pathlib import Path

import click
import pytest
import typer.main

from halluguard.cli import app
from halluguard.incident.identifiers import TABLE, Framework

RUNBOOKS = Path(__file__).parents[2] / "corpora" / "runbooks"
NAMES = ["cascade-by-write-back", "model-drift", "model-invention", "poisoned-source", "stale-re-embedding"]


def commands():
    for path in sorted(RUNBOOKS.glob("*.md")):
        for block in re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.splitlines():
                if line.strip():
                    yield pytest.param(line.strip(), id=f"{path.stem}: {line.strip()[:60]}")


def test_there_is_a_runbook_a_kind_of_incident_and_each_names_commands():
    assert [path.stem for path in sorted(RUNBOOKS.glob("*.md")) if path.stem != "README"] == NAMES
    for name in NAMES:
        assert (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8").count("halluguard ") >= 5


@pytest.mark.parametrize("line", list(commands()))
def test_the_command_line_knows_the_verb_and_its_options(line):
    words = shlex.split(line)
    assert words[0] == "halluguard"
    command, words = typer.main.get_command(app), words[1:]
    context = click.Context(command)
    while hasattr(command, "commands"):
        assert words[0] in command.commands, f"no verb {words[0]}"
        command, words = command.commands[words[0]], words[1:]
        context = click.Context(command, parent=context)
    parser = command.make_parser(context)
    values, rest, _ = parser.parse_args(args=words)

    assert values
    assert not rest or any(parameter.nargs == -1 for parameter in command.params)


def test_every_tag_of_a_runbook_is_in_the_table():
    text = "".join(path.read_text(encoding="utf-8") for path in RUNBOOKS.glob("*.md"))
    found = set(re.findall(r"\b(?:DE|RS|RC|ID)\.[A-Z]{2}-\d{2}\b", text))

    assert len(found) > 10
    assert found <= set(TABLE[Framework.CSF])


def test_links_between_runbooks_lead_somewhere():
    for path in RUNBOOKS.glob("*.md"):
        for target in re.findall(r"\]\(([\w-]+\.md)\)", path.read_text(encoding="utf-8")):
            assert (RUNBOOKS / target).is_file(), (path, target)
