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


def find_corpus(name: str) -> Corpus:
    """Return an embedded corpus by name; its manifest says where the parts lie."""
    package = Path(__file__).parent
    for root in (package / "corpora", package.parent / "corpora"):
        manifest = root / name / "manifest.json"
        if manifest.is_file():
            inputs = json.loads(manifest.read_text(encoding="utf-8"))["inputs"]
            folder = manifest.parent
            return Corpus(folder, *(folder / inputs[part]["path"] for part in ("log", "trusted", "store")))
    raise InputError(f"corpus {name!r} is not installed. Expected it in {package / 'corpora'}")
