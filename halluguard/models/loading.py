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


def open_cache(where: Path | bool | None) -> Cache:
    """Open a cache: a file, True for the user's cache folder, False or None for memory only."""
    return Cache(default_cache_path() if where is True else (where or None))


def load_cached_embedder(name: str | None, *, device: str, cache: Cache) -> CachedEmbedder:
    """Load an embedder behind a cache, which tells its number format from others."""
    embedder = load_embedder(name, device=device)
    return CachedEmbedder(embedder, cache, embedder.placement.settings)


def load_models(
    *,
    nli: str | None = None,
    embedder: str | None = None,
    device: str = "auto",
    cache: Path | bool | None = True,
) -> Models:
    """Load both models; `cache` as `open_cache` takes it."""
    kept = open_cache(cache)
    scorer = load_nli(nli, device=device)
    return Models(
        load_cached_embedder(embedder, device=device, cache=kept),
        CachedScorer(scorer, kept, scorer.placement.settings),
        kept,
        str(scorer.placement),
        scorer.folder,
    )
