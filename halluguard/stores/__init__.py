"""Vector stores, opened as evidence: read-only, streamed, never unpickled, whatever wrote them.

`open_store` tells what wrote a store and opens it; `read_vectors` gathers its vectors into one array. Who writes a new store
of the same kind reads the files of the old one by `read_faiss`, `load_array`, `copy_database`, `find_collection` and `halluguard.stores.qdrant`.
"""

from halluguard.stores.chroma_tables import Collection, count_rows, find_collection
from halluguard.stores.codes import STORE_MEANINGS, StoreCode
from halluguard.stores.detect import open_store
from halluguard.stores.faiss_file import read_faiss
from halluguard.stores.hnsw import DATA_FILE, filled_bytes
from halluguard.stores.native import load_array
from halluguard.stores.sqlite_copy import copy_database
from halluguard.stores.store import Store, StoreFile, read_vectors

__all__ = [
    "DATA_FILE",
    "STORE_MEANINGS",
    "Collection",
    "Store",
    "StoreCode",
    "StoreFile",
    "copy_database",
    "count_rows",
    "filled_bytes",
    "find_collection",
    "load_array",
    "open_store",
    "read_faiss",
    "read_vectors",
]
