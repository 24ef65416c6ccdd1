"""Trusted documents, cut into chunks and kept in a FAISS index on disk.

`build_index` makes or refreshes one, `open_index` opens it for search, `ready_index` does what of both is needed, and
`verify_index` checks it.
"""

from halluguard.trusted.build import BuildProgress, build_index, ready_index
from halluguard.trusted.index import TrustedIndex, open_index
from halluguard.trusted.listing import Listed, list_files
from halluguard.trusted.manifest import IndexManifest, is_index
from halluguard.trusted.verify import VerifyResult, verify_index

__all__ = [
    "BuildProgress",
    "IndexManifest",
    "Listed",
    "TrustedIndex",
    "VerifyResult",
    "build_index",
    "is_index",
    "list_files",
    "open_index",
    "ready_index",
    "verify_index",
]
