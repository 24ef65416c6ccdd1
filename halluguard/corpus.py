"""Find the embedded corpora, in a checkout or in an installed package."""

import json
from dataclasses import dataclass
from pathlib import Path

from halluguard.errors import InputError


@dataclass(frozen=True, slots=True)
class Corpus:
    """Where the parts of an embedded corpus lie."""

    folder: Path
    log: Path
    trusted: Path
    store: Path


INSTALLED = Path(__file__).parent / "corpora"
"""Where an installed package holds them; a checkout has them beside the package."""


def find_folder(name: str) -> Path | None:
    """Return a folder of the embedded corpora, None where there is none of this name."""
    roots = (INSTALLED, INSTALLED.parent.parent / "corpora")
    return next((root / name for root in roots if (root / name).is_dir()), None)


def find_corpus(name: str) -> Corpus:
    """Return an embedded corpus by name; its manifest says where the parts lie."""
    folder = find_folder(name)
    if folder is None or not (folder / "manifest.json").is_file():
        raise InputError(f"corpus {name!r} is not installed. Expected it in {INSTALLED}")
    inputs = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    return Corpus(folder, *(folder / inputs[part]["path"] for part in ("log", "trusted", "store")))
