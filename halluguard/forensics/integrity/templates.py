"""The texts that may have been embedded in place of an entry's text: with a title, metadata, or a prefix."""

from collections.abc import Callable, Mapping

from halluguard.records import Entry

Template = Callable[[Entry], str | None]
"""Returns the text a template makes of an entry, or None where the entry lacks what it needs."""

_TITLE_KEYS = ("title", "heading", "section", "Header 1")
_NOT_EMBEDDED = frozenset(
    {"file_name", "file_type", "file_size", "creation_date", "last_modified_date", "last_accessed_date"}
)  # what LlamaIndex's directory reader keeps out of the embedding


def _title(entry: Entry) -> str | None:
    return next(
        (value for key in _TITLE_KEYS if isinstance(value := entry.metadata.get(key), str) and value), None
    )


def _titled(joint: str) -> Template:
    def make(entry: Entry) -> str | None:
        title = _title(entry)
        return None if title is None else f"{title}{joint}{entry.text}"

    return make


def _untitled(entry: Entry) -> str | None:
    """Drop a title that the stored text begins with and the embedded text may not have had."""
    title, text = _title(entry), entry.text or ""
    if title is None or not text.startswith(title) or len(text) == len(title):
        return None
    return text[len(title) :].lstrip(" .:-\n")


def _prefixed(prefix: str) -> Template:
    return lambda entry: prefix + (entry.text or "")


def _with_metadata(left_out: frozenset[str]) -> Template:
    def make(entry: Entry) -> str | None:
        lines = [f"{key}: {value}" for key, value in entry.metadata.items() if key not in left_out]
        return "\n".join(lines) + f"\n\n{entry.text}" if lines else None

    return make


TEMPLATES: Mapping[str, Template] = {
    "text": lambda entry: entry.text,
    "title + text": _titled(" "),
    "title: text": _titled(": "),
    "title, newline, text": _titled("\n"),
    "title, blank line, text": _titled("\n\n"),
    "text without its title": _untitled,
    "metadata + text (LlamaIndex)": _with_metadata(_NOT_EMBEDDED),
    "all metadata + text (LlamaIndex)": _with_metadata(frozenset()),
    "passage: text": _prefixed("passage: "),
    "query: text": _prefixed("query: "),
    "search_document: text": _prefixed("search_document: "),
    "lower-case text": lambda entry: (entry.text or "").lower(),
}
"""By the name shown to people; the first is the plain text."""
