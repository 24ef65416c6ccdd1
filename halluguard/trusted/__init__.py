"""Trusted documents, cut into chunks and kept in a FAISS index on disk.

`build_index` makes or refreshes one, `open_index` opens it for search, `verify_index` checks it.
"""

from halluguard.trusted.build import BuildProgress, build_index
from halluguard.trusted.index import TrustedIndex, open_index
from halluguard.trusted.manifest import IndexManifest, is_index
from halluguard.trusted.verify import VerifyResult, verify_index

__all__ = [
    "BuildProgress",
    "IndexManifest",
    "TrustedIndex",
    "VerifyResult",
    "build_index",
    "is_index",
    "open_index",
    "verify_index",
]
