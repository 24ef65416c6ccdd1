"""Oracle numbers that may not be copied into the repository are read from the reference beside the data, or skipped."""

import os
import re
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference():
    """Return a reader of sections of the cascade reference: name -> text."""
    data = Path(os.environ.get("HALLUGUARD_DATA", Path(__file__).parents[4] / "shared" / "data"))
    path = data.parent / "reference" / "cascade.md"
    if not path.is_file():
        pytest.skip(
            "the cascade reference lies beside HALLUGUARD_DATA; its third-party numbers are not in the repository"
        )
    text = path.read_text(encoding="utf-8")

    def section(name):
        found = re.search(rf"\*\*{name} (.*?)(?=\n\*\*[ON])", text, re.DOTALL)
        assert found, f"no section {name} in the reference"
        return found.group(1)

    return section


@pytest.fixture(scope="session")
def numbers():
    """Return a reader of the numbers between two marks of a text."""

    def read(text, start, end):
        part = text.split(start, 1)[1].split(end, 1)[0]
        return [float(found) for found in re.findall(r"(?<![\w.])-?\d*\.?\d+(?:e-?\d+)?(?![\w])", part)]

    return read
