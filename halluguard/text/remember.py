"""Results remembered by text, for so many characters of text that memory stays bounded whatever the length of the documents."""

from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

_CHARS = 2**23
"""Characters of texts of one size whose results are kept by one function."""

_SIZES = (2**9, 2**11, 2**14, 2**18, 2**21)
"""The sizes: sentences, chunks, pages, documents and books, each with room of its own, so that no book drives out the chunks."""

_Rest = ParamSpec("_Rest")
_Result = TypeVar("_Result")


def remember(
    function: Callable[Concatenate[str, _Rest], _Result],
) -> Callable[Concatenate[str, _Rest], _Result]:
    """Return a pure function of a text that keeps its results: of 16,384 sentences, 4,096 chunks, 512 pages or 32 documents.

    Of texts longer than any of the sizes the last one is kept.
    """
    counts = (*(_CHARS // size for size in _SIZES), 1)
    kept: list[Any] = [lru_cache(maxsize=count)(function) for count in counts]

    @wraps(function)
    def remembered(text: str, /, *args: _Rest.args, **kwargs: _Rest.kwargs) -> _Result:
        result: _Result = kept[bisect_left(_SIZES, len(text))](text, *args, **kwargs)
        return result

    return remembered
