import json

import pytest

from halluguard.api import Loaded
from halluguard.errors import InputError
from halluguard.grounding.calibrate import fit_calibration, label_row
from halluguard.grounding.files import calibrate_jsonl

PLACES = ("Rome", "Oslo", "Lima", "Bern", "Cairo", "Quito")


def labelled_rows(n=44):
    """Half of the claims are borne out; some rows have a question, a finer label and a group."""
    for number in range(n):
        place, hours = PLACES[number % len(PLACES)], 2 + number
        said = hours if number % 2 else hours + 1
        yield {
            "document": f"The museum of {place} is open for {hours} hours a day. Dogs wait outside.",
            "claim": f"The museum of {place} is open for {said} hours a day.",
            "query": f"How long is the museum of {place} open?",
            "label": number % 2,
            "raw_label": "supported" if number % 2 else "refuted",
            "benchmark": "museums/dev" if number % 3 else "hours",
        }


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_labelled_file_is_read_with_questions_groups_and_finer_labels(tmp_path, models, reader):
    rows = list(labelled_rows())
    path = write(tmp_path / "labelled.jsonl", rows)
    path.write_text(path.read_text() + "\n")  # a blank line at the end is no row
    fitted = calibrate_jsonl(path, tmp_path / "fitted.json", Loaded(models, reader))
    wanted = fit_calibration([label_row(row) for row in rows], reader).describe()
    about_the_file = {"data", "data_digest"}

    assert {k: v for k, v in fitted.items() if k not in about_the_file} == {
        k: v for k, v in wanted.items() if k not in about_the_file
    }
    assert fitted["data"] == "labelled.jsonl"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"label": 2}, r":2: label is 2\. Expected 1"),
        ({"label": None}, r":2: label is None"),
        ({"claim": 7}, ":2: claim is missing or not text"),
        ({"query": ["how"]}, ":2: question is list"),
    ],
)
def test_a_labelled_row_that_cannot_be_read_is_named_by_its_line(tmp_path, models, reader, change, problem):
    first, second = list(labelled_rows(2))
    path = write(tmp_path / "labelled.jsonl", [first, {**second, **change}])

    with pytest.raises(InputError, match=problem):
        calibrate_jsonl(path, tmp_path / "fitted.json", Loaded(models, reader))
    assert not (tmp_path / "fitted.json").exists()
