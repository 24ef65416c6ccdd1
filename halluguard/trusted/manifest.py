"""What an index says about itself: the one file that makes a folder an index."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halluguard.errors import TrustedCorpusError

FORMAT = "halluguard-trusted-index"
VERSION = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """What was indexed, by which model, cut how, and which files hold it.

    `corpus_digest` covers the ids, titles and texts of all documents in order. `recall` is the share of the true
    nearest `recall_at` chunks an approximate index finds, measured on `recall_queries` chunks when it was built;
    None where the index is exact. `skipped` names every file and row that gave no document, with the reason.
    `index_file` and `chunks_file` carry the first figures of their SHA-256 in their names.
    """

    model_name: str
    model_digest: str
    dimension: int
    corpus_digest: str
    n_documents: int
    n_chunks: int
    index_kind: str
    index_file: str
    index_digest: str
    chunks_file: str
    chunks_digest: str
    chunk_words: int
    chunk_tokens: int
    chunk_overlap: int
    recall: float | None = None
    recall_at: int | None = None
    recall_queries: int | None = None
    skipped: tuple[str, ...] = ()
    n_other_files: int = 0
    metric: str = "cosine"
    version: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as plain values, led by the format's name."""
        return {"format": FORMAT, **dataclasses.asdict(self), "skipped": list(self.skipped)}


def read_manifest(folder: Path) -> IndexManifest:
    """Read the manifest of an index.

    Raises:
        TrustedCorpusError: the folder is no index, or one of a later version, or its manifest is damaged.

    """
    path = folder / MANIFEST
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TrustedCorpusError(
            f"{folder}: holds no {MANIFEST}, so it is not an index. Make one with `halluguard index build`"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise TrustedCorpusError(f"{path}: unreadable ({error}). Build the index again") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise TrustedCorpusError(
            f"{path}: not the manifest of a trusted index. Make one with `halluguard index build`"
        )
    if value.get("version") != VERSION:
        raise TrustedCorpusError(
            f"{path}: format version {value.get('version')!r}, expected {VERSION}. Build the index again"
        )
    fields = {
        field.name: value[field.name] for field in dataclasses.fields(IndexManifest) if field.name in value
    }
    try:
        return IndexManifest(**{**fields, "skipped": tuple(value.get("skipped", ()))})
    except TypeError as error:
        raise TrustedCorpusError(f"{path}: incomplete ({error}). Build the index again") from error


def is_index(path: Path) -> bool:
    """Whether a folder is an index of trusted documents, of any version."""
    try:
        value = json.loads((Path(path) / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("format") == FORMAT
