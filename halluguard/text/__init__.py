"""What can be said of a text without a model: its content words and numbers, its sentences and windows."""

from halluguard.text.answers import Term, anchor_share, own_terms, short_answer, terms
from halluguard.text.quantities import quantities, restate
from halluguard.text.surrogates import has_surrogate, mend_text
from halluguard.text.tables import find_rows
from halluguard.text.windows import WINDOW_TOKENS, Span, estimate_tokens, split_sentences, split_windows
from halluguard.text.words import content_words, negates, numbers, stated_numbers, stem, stems

__all__ = [
    "WINDOW_TOKENS",
    "Span",
    "Term",
    "anchor_share",
    "content_words",
    "estimate_tokens",
    "find_rows",
    "has_surrogate",
    "mend_text",
    "negates",
    "numbers",
    "own_terms",
    "quantities",
    "restate",
    "short_answer",
    "split_sentences",
    "split_windows",
    "stated_numbers",
    "stem",
    "stems",
    "terms",
]
