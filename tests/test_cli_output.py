"""What the command line says while it works."""

import json

import pytest

from halluguard.cli.output import print_json, time_left
from halluguard.grounding.check import Progress


@pytest.mark.parametrize(
    ("done", "elapsed", "told"),
    [
        (Progress(turns=50, rows=100), 30.0, ", about 30 s left"),
        (Progress(turns=49, skipped_rows=1, rows=1000), 60.0, ", about 19 min left"),
        (Progress(turns=100, rows=100), 30.0, ""),
        (Progress(turns=0, rows=100), 30.0, ""),
        (Progress(turns=50, rows=1), 30.0, ""),
        (Progress(turns=50), 30.0, ""),
    ],
    ids=[
        "seconds",
        "minutes, skipped rows counted",
        "done",
        "not begun",
        "more than was counted",
        "not counted",
    ],
)
def test_the_time_left_is_told_where_it_can_be(done, elapsed, told):
    assert time_left(done, elapsed) == told


def test_json_for_machines_steers_no_terminal_and_is_whole(capsys):
    hostile = {"id\x9b31m": ["\u202egnp.exe", "\x1b[31m", "\x7f", "\ud800", "café"]}
    print_json(hostile)
    printed = capsys.readouterr().out

    assert json.loads(printed) == hostile
    assert printed.replace("\n", "").isascii()
    assert printed.replace("\n", "").isprintable()
