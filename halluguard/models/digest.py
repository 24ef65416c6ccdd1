"""Name a model by the bytes it is made of."""

import hashlib
from functools import lru_cache
from pathlib import Path

_PARTS = (
    "*.safetensors",
    "*.bin",
    "config.json",
    "tokenizer.json",
    "vocab.txt",
    "modules.json",
    "sentence_bert_config.json",
)


@lru_cache(maxsize=16)
def digest_model(folder: Path) -> str:
    """Return the SHA-256 over the names and bytes of a model's weights, configuration and tokenizer files."""
    total = hashlib.sha256()
    paths = sorted({path for pattern in _PARTS for path in folder.rglob(pattern)})
    for path in paths:
        total.update(str(path.relative_to(folder)).encode())
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()
