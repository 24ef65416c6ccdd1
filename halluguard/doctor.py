"""What a user asks first when something does not work: versions, models, device, and a timing."""

import importlib.metadata
import importlib.util
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halluguard.errors import ModelError

if TYPE_CHECKING:
    from halluguard.models import NliModel

_EXTRAS = {
    "chroma": "chromadb",
    "langchain": "langchain_community",
    "llama-index": "llama_index",
    "llm": "gguf",
    "qdrant": "qdrant_client",
}
"""The optional dependencies that pyproject.toml names, by a module of each."""

_PAIRS = 100


def examine(*, nli_model: str | None = None, device: str = "auto") -> dict[str, Any]:
    """Return facts in the order they are worth reading; a model or device that is missing is a fact, not an error."""
    from halluguard import __version__
    from halluguard.grounding.check import library_versions
    from halluguard.models import default_cache_path

    owners = importlib.metadata.packages_distributions().get("halluguard", [])
    facts: dict[str, Any] = {
        "halluguard": __version__,
        "installed by": ", ".join(sorted(set(owners))) or "no distribution",
        **library_versions(),
        "extras": ", ".join(sorted(e for e, m in _EXTRAS.items() if importlib.util.find_spec(m))) or "none",
        "cache": _cache_fact(default_cache_path()),
    }
    found, usable = _device_facts(device)
    return {**facts, **found, **_model_facts(nli_model, usable)}


def _cache_fact(path: Path) -> str:
    from halluguard.models import Cache

    cache = Cache(path)
    cache.close()
    return str(path) if cache.available else f"{path} cannot be written; name another with --cache"


def _device_facts(device: str) -> tuple[dict[str, Any], str]:
    """Return what is told of the device, and where models can run: there, or on the CPU where it is missing."""
    import torch

    from halluguard.models.devices import place

    try:
        told, usable = str(place(device)), device
    except ModelError as error:
        told, usable = f"missing: {error}. Models are tried on the CPU", "cpu"
    facts: dict[str, Any] = {"device": told, "threads": torch.get_num_threads()}
    if torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name(0)
    return facts, usable


_PAIR = (
    "Checked bags up to 23 kg cost 30 dollars on domestic flights. " * 3,
    "A checked bag costs 30 dollars.",
)


def _speed(nli: "NliModel") -> str:
    nli.score([_PAIR] * 4)
    started = time.perf_counter()
    nli.score([_PAIR] * _PAIRS)
    seconds = time.perf_counter() - started
    return f"{seconds:.2f} s, {_PAIRS / seconds:.0f} pairs/s"


def _model_facts(nli_model: str | None, device: str) -> dict[str, Any]:
    from huggingface_hub.utils.logging import set_verbosity_error

    from halluguard.models import load_embedder, load_nli

    # the hub tells of every new try to reach it; that a model is missing is told below
    set_verbosity_error()  # type: ignore[no-untyped-call]
    facts: dict[str, Any] = {}
    try:
        embedder = load_embedder(device=device)
        facts["embedder"] = f"{embedder.name} {embedder.digest[:12]}"
    except ModelError as error:
        facts["embedder"] = f"missing: {error}"
    try:
        nli = load_nli(nli_model, device=device)
    except ModelError as error:
        return {**facts, "nli model": f"missing: {error}"}
    facts["nli model"] = f"{nli.name} {nli.digest[:12]}"
    facts[f"{_PAIRS} pairs"] = _speed(nli)
    if str(nli.placement) == "cpu":
        facts[f"{_PAIRS} pairs, cpu:bfloat16"] = _speed(load_nli(nli_model, device="cpu:bfloat16"))
    return facts
