"""The faults a store's container can show before any entry is looked at, and what each code means."""

from enum import StrEnum


class StoreCode(StrEnum):
    """A stable code for each fault of a container; the meaning stands in `STORE_MEANINGS`."""

    FOREIGN_PICKLE_GLOBAL = "foreign_pickle_global"
    PICKLE_REFUSED = "pickle_refused"
    PICKLE_TRAILING_BYTES = "pickle_trailing_bytes"
    COUNT_MISMATCH = "count_mismatch"
    DIMENSION_MISMATCH = "dimension_mismatch"
    ID_REPEATED = "id_repeated"
    POSITION_MISSING = "position_missing"
    INDEX_BEHIND = "index_behind"
    DELETED_SLOTS = "deleted_slots"
    REWRITTEN_IN_PLACE = "rewritten_in_place"
    HASH_MISMATCH = "hash_mismatch"
    JSON_KEY_REPEATED = "json_key_repeated"


STORE_MEANINGS: dict[str, str] = {
    StoreCode.FOREIGN_PICKLE_GLOBAL: "a pickle of the store names code that a store of its kind never names",
    StoreCode.PICKLE_REFUSED: "a pickle of the store asks for something its kind never asks for, so its texts were not read",
    StoreCode.PICKLE_TRAILING_BYTES: "bytes follow the end of a pickle of the store",
    StoreCode.COUNT_MISMATCH: "index, id map and documents do not hold the same number of entries",
    StoreCode.DIMENSION_MISMATCH: "vectors do not all have the dimension the store declares",
    StoreCode.ID_REPEATED: "an id names more than one entry",
    StoreCode.POSITION_MISSING: "positions of the id map are not 0 to n-1",
    StoreCode.INDEX_BEHIND: "the vector index lacks entries that no pending write covers",
    StoreCode.DELETED_SLOTS: "the vector index still holds vectors of deleted entries",
    StoreCode.REWRITTEN_IN_PLACE: "an entry was rewritten after later ones were added",
    StoreCode.HASH_MISMATCH: "the text no longer has the hash the store recorded for it",
    StoreCode.JSON_KEY_REPEATED: "a JSON object gives the same key twice",
}
