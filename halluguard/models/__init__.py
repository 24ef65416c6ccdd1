"""Models behind the verdicts: an embedder, an NLI cross-encoder, and the cache in front of both."""

from halluguard.models.cache import Cache, CachedEmbedder, CachedScorer, default_cache_path
from halluguard.models.embedder import Embedder, SentenceEmbedder, load_embedder
from halluguard.models.loading import Models, load_cached_embedder, load_models, open_cache
from halluguard.models.nli import NliModel, PairScorer, PairScores, label_order, load_nli

__all__ = [
    "Cache",
    "CachedEmbedder",
    "CachedScorer",
    "Embedder",
    "Models",
    "NliModel",
    "PairScorer",
    "PairScores",
    "SentenceEmbedder",
    "default_cache_path",
    "label_order",
    "load_cached_embedder",
    "load_embedder",
    "load_models",
    "load_nli",
    "open_cache",
]
