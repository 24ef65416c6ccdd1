"""Name a model by the bytes it is made of."""

import hashlib
from functools import lru_cache
from pathlib import Path

from halluguard.errors import ModelError, first_line

_PARTS = (
    "*.safetensors",
    "*.bin",
    "config.json",
    "tokenizer.json",
    "vocab.txt",
    "modules.json",
    "sentence_bert_config.json",
)

_WEIGHTS = (".safetensors", ".bin")


@lru_cache(maxsize=16)
def digest_model(folder: Path) -> str:
    """Return the SHA-256 over the names and bytes of a model's weights, configuration and tokenizer files.

    Raises:
        ModelError: the folder holds no weights; their digest would be that of any other such folder.

    """
    total = hashlib.sha256()
    paths = sorted({path for pattern in _PARTS for path in folder.rglob(pattern)})
    if not any(path.suffix in _WEIGHTS for path in paths):
        raise ModelError(
            f"{folder}: holds no model weights. Expected a file that ends in {' or '.join(_WEIGHTS)}"
        )
    for path in paths:
        total.update(str(path.relative_to(folder)).encode())
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def find_snapshot(name: str, cache_folder: str | None = None) -> Path:
    """Return the folder where the files of a model of the hub lie once it was loaded.

    Args:
        name: the hub name, with its organisation.
        cache_folder: where downloads are kept; None is the hub's own cache.

    Raises:
        ModelError: it lies nowhere.

    """
    from transformers.utils import cached_file

    try:
        found = cached_file(name, "config.json", cache_dir=cache_folder)
    except OSError as error:
        raise ModelError(
            f"model {name!r}: its files are not found ({first_line(error, 200)}). Give a model folder instead"
        ) from error
    if found is None:
        raise ModelError(f"model {name!r}: its config.json is not found. Give a model folder instead")
    return Path(found).parent
