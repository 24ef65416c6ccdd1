"""Load the models of a run once, with one cache in front of both."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halluguard.models.cache import Cache, CachedEmbedder, CachedScorer, default_cache_path
from halluguard.models.embedder import load_embedder
from halluguard.models.nli import load_nli


@dataclass(frozen=True, slots=True)
class Models:
    """The embedder and the NLI model of a run, both cached."""

    embedder: CachedEmbedder
    scorer: CachedScorer
    cache: Cache
    device: str
    nli_folder: Path | None = None

    def describe(self) -> dict[str, Any]:
        """Return what a manifest says of the models."""
        return {
            "embedder": {"name": self.embedder.name, "digest": self.embedder.digest},
            "nli": {"name": self.scorer.name, "digest": self.scorer.digest},
        }


def load_models(
    *,
    nli: str | None = None,
    embedder: str | None = None,
    device: str = "auto",
    cache: Path | bool | None = True,
) -> Models:
    """Load both models; `cache` is a file, True for the user's cache folder, False or None for memory only."""
    path = default_cache_path() if cache is True else (cache or None)
    kept = Cache(path)
    scorer = load_nli(nli, device=device)
    settings = scorer.placement.settings
    return Models(
        CachedEmbedder(load_embedder(embedder, device=device), kept, settings),
        CachedScorer(scorer, kept, settings),
        kept,
        str(scorer.placement),
        scorer.folder,
    )
