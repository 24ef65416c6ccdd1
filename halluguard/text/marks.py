"""What stands beside the words of a stored text or an answer: ids in brackets, the letters of a question and its answer, pictures."""

import re

_ID = re.compile(
    r"(?:(?<=[.!?,;])|(?<![\s\]])(?=\s))\s*(?:\[(?:[A-Za-z]{1,12}[-_:#.]?\d[\w.-]{0,40}|\d{1,2})\]\s?)+(?=\s*(?:[.,;!?]|$))",
    re.MULTILINE,
)
_LABEL = re.compile(r"^\s*(?:Q|A|Question|Answer):\s*", re.IGNORECASE)
_PICTURES = (
    "\u2600-\u26ff\u2728\u2764\U0001f300-\U0001f6aa\U0001f6ac-\U0001f6ff\U0001f7e0-\U0001faff\u200d\ufe0f"
)
_AT_AN_END = re.compile(
    rf"^[{_PICTURES}][{_PICTURES}\s]*(?=\w)|(?<![{_PICTURES}\s])\s*[{_PICTURES}][{_PICTURES}\s]*(?=[.!?]*$)"
)
"""Pictures before the first word or behind the last; signs that say something (ticks, crosses, arrows) are none."""


def drop_ids(text: str) -> str:
    """Return a text without the ids that an answer cites: "after 90 days [e04]." and "[doc-3]", but not "rows[7]" and "in [2020]"."""
    return _ID.sub("", text) if "[" in text else text


def drop_label(text: str) -> str:
    """Return a text without the letter that says that a question or an answer follows: "A: Within 14 days."."""
    return _LABEL.sub("", text, count=1)


def drop_pictures(text: str) -> str:
    """Return a sentence without the emoji at its ends; to a small model they are words that no document holds."""
    return text if text.isascii() else _AT_AN_END.sub("", text) or text
