"""Vector stores, opened as evidence: read-only, streamed, never unpickled, whatever wrote them.

`open_store` tells what wrote a store and opens it; `read_vectors` gathers its vectors into one array.
"""

from halluguard.stores.codes import STORE_MEANINGS, StoreCode
from halluguard.stores.detect import open_store
from halluguard.stores.store import Store, StoreFile, read_vectors

__all__ = ["STORE_MEANINGS", "Store", "StoreCode", "StoreFile", "open_store", "read_vectors"]
