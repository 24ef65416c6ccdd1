"""The words that the shipped tokenizer knows whole: some 22,000 common English ones, for telling a slip from a rare word."""

import json
from functools import cache

from halluguard.models.nli import DEFAULT_MODEL


@cache
def common_words() -> frozenset[str]:
    """Return the entries of the shipped vocabulary that are words, in small letters."""
    tokenizer = json.loads((DEFAULT_MODEL / "tokenizer.json").read_text(encoding="utf-8"))
    return frozenset(word for word in tokenizer["model"]["vocab"] if word.isalpha())
