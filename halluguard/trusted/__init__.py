"""Trusted documents, cut into chunks and kept in a FAISS index on disk.

`build_index` makes or refreshes one, `open_index` opens it for search, `ready_index` does what of both is needed, and
`verify_index` checks it.
"""

from halluguard.trusted.build import BuildProgress, build_index, ready_index
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
    "ready_index",
    "verify_index",
]
