"""Halves of surrogate pairs, such as an emoji cut in two leaves: no file, table or model takes them."""

import re

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def has_surrogate(text: str) -> bool:
    """Tell whether a text holds a lone surrogate."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def mend_text(text: str) -> str:
    """Return a text with each lone surrogate replaced by U+FFFD, one for one, so that offsets stay true."""
    return _SURROGATE.sub("\ufffd", text) if has_surrogate(text) else text
