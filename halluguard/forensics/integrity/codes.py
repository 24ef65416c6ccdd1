"""One stable code a fault, with its meaning, and whether it says that the entry itself is damaged."""

from enum import StrEnum

from halluguard.stores import STORE_MEANINGS, StoreCode


class Code(StrEnum):
    """What the sweep can find against an entry; container faults have a `StoreCode`."""

    VECTOR_MISSING = "vector_missing"
    TEXT_MISSING = "text_missing"
    DIMENSION_MISMATCH = "dimension_mismatch"
    VECTOR_NAN = "vector_nan"
    VECTOR_ZERO = "vector_zero"
    VECTOR_UNNORMALISED = "vector_unnormalised"
    VECTOR_SHARED = "vector_shared"
    VECTOR_MISMATCH = "vector_mismatch"
    VECTOR_OF_OTHER_ENTRY = "vector_of_other_entry"
    STALE_MODEL = "stale_model"
    TEMPLATE_CHANGED = "template_changed"
    EDITED_AFTER_EMBEDDING = "edited_after_embedding"
    TRUNCATED_INPUT = "truncated_input"
    TEXT_OVER_LIMIT = "text_over_limit"
    DUPLICATE_EXACT = "duplicate_exact"
    DUPLICATE_NEAR = "duplicate_near"
    SUPERSEDED = "superseded"
    COPY_OF_KNOWN_BAD = "copy_of_known_bad"
    ENCODING_DAMAGE = "encoding_damage"
    HIDDEN_CHARACTERS = "hidden_characters"
    MIXED_SCRIPT = "mixed_script"
    WORDS_MISSPELT = "words_misspelt"
    GHOST_RETRIEVED = "ghost_retrieved"
    TEXT_CHANGED_SINCE_LOG = "text_changed_since_log"
    WRITTEN_BACK = "written_back"
    SOURCE_MISSING = "source_missing"
    TEXT_NOT_IN_SOURCE = "text_not_in_source"
    CONTRADICTS_TRUSTED = "contradicts_trusted"
    ASSERTS_KNOWN_FALSE = "asserts_known_false"
    SEMANTIC_TWIN_DENSITY = "semantic_twin_density"


MEANINGS: dict[str, str] = STORE_MEANINGS | {
    Code.VECTOR_MISSING: "the entry has a text and no vector, so retrieval cannot find it",
    Code.TEXT_MISSING: "the entry has a vector and no text: retrieval returns what nobody can read",
    Code.DIMENSION_MISMATCH: "the vector has another dimension than the store",
    Code.VECTOR_NAN: "the vector holds numbers that are not finite",
    Code.VECTOR_ZERO: "the vector is zero",
    Code.VECTOR_UNNORMALISED: "the vector's length is not 1 where the store's vectors have length 1",
    Code.VECTOR_SHARED: "entries of different texts have the very same vector",
    Code.VECTOR_MISMATCH: "the vector does not fit the text, nor any other text of the store",
    Code.VECTOR_OF_OTHER_ENTRY: "the vector fits the text of another entry",
    Code.STALE_MODEL: "the vector comes from another embedding model",
    Code.TEMPLATE_CHANGED: "the vector fits the text in another template, such as with its title or a prefix",
    Code.EDITED_AFTER_EMBEDDING: "the vector is near the text but not its own: the text was edited after it was embedded",
    Code.TRUNCATED_INPUT: "the vector fits only the beginning of the text",
    Code.TEXT_OVER_LIMIT: "the text is longer than the model reads, so its end is not in the vector",
    Code.DUPLICATE_EXACT: "another entry has the same text",
    Code.DUPLICATE_NEAR: "another entry has nearly the same text",
    Code.SUPERSEDED: "a later entry of the same source has a newer version of the text",
    Code.COPY_OF_KNOWN_BAD: "the text is a copy of a known bad entry, perhaps edited",
    Code.ENCODING_DAMAGE: "the text was decoded with the wrong encoding, or lost characters",
    Code.HIDDEN_CHARACTERS: "the text holds characters that people do not see and models read",
    Code.MIXED_SCRIPT: "words mix look-alike letters of different scripts",
    Code.WORDS_MISSPELT: "far more words than in other entries are a letter off words of the store: misspelt, badly scanned, or foreign",
    Code.GHOST_RETRIEVED: "the log retrieved an id that the store does not hold",
    Code.TEXT_CHANGED_SINCE_LOG: "the log retrieved another text under this id",
    Code.WRITTEN_BACK: "the text repeats an earlier answer of the chatbot",
    Code.SOURCE_MISSING: "the source the entry names is gone",
    Code.TEXT_NOT_IN_SOURCE: "the text is not in the source the entry names",
    Code.CONTRADICTS_TRUSTED: "the trusted corpus says otherwise",
    Code.ASSERTS_KNOWN_FALSE: "the text says what people know to be false",
    Code.SEMANTIC_TWIN_DENSITY: "unusually many neighbours say the same in other words",
}
"""What each code says to people, container faults included."""

DAMAGE = frozenset(
    {
        Code.TEXT_MISSING,
        Code.DIMENSION_MISMATCH,
        Code.VECTOR_NAN,
        Code.VECTOR_ZERO,
        Code.VECTOR_UNNORMALISED,
        Code.VECTOR_SHARED,
        Code.VECTOR_MISMATCH,
        Code.VECTOR_OF_OTHER_ENTRY,
        Code.STALE_MODEL,
        Code.TEMPLATE_CHANGED,
        Code.EDITED_AFTER_EMBEDDING,
        Code.TRUNCATED_INPUT,
        Code.ENCODING_DAMAGE,
        Code.HIDDEN_CHARACTERS,
        Code.MIXED_SCRIPT,
        Code.TEXT_CHANGED_SINCE_LOG,
        Code.TEXT_NOT_IN_SOURCE,
        StoreCode.HASH_MISMATCH,
    }
)
"""Codes that say the entry's text or vector is not what was once put in; the others only call for a look."""

WEAR = frozenset({StoreCode.DELETED_SLOTS, StoreCode.REWRITTEN_IN_PLACE, Code.TEMPLATE_CHANGED})
"""Codes of a container in which nothing is damaged: entries were deleted or written anew, or are embedded with their title."""
