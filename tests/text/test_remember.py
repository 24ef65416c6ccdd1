"""What is remembered of texts, and how much."""

import gc
import weakref

import pytest

from halluguard.text.remember import remember


class Kept:
    """A result that tells whether it is still held."""


def held_after(texts):
    """Return how many results of a function are held after it has read texts."""
    made = weakref.WeakSet()

    @remember
    def read(text):
        made.add(one := Kept())
        return one

    for text in texts:
        read(text)
    gc.collect()
    return len(made)


def test_a_text_is_read_once():
    read = []

    @remember
    def size(text, more=0):
        """Say how long it is."""
        read.append(text)
        return len(text) + more

    assert [size("abc"), size("abc"), size("abc", 1), size("abc", 1)] == [3, 3, 4, 4]
    assert read == ["abc", "abc"]
    assert (size.__name__, size.__doc__) == ("size", "Say how long it is.")


@pytest.mark.parametrize(
    ("length", "kept"), [(1_500, 4_096), (50_000, 32), (250_000, 32), (2_000_000, 4), (3_000_000, 1)]
)
def test_the_longer_the_texts_the_fewer_are_kept(length, kept):
    body = "x" * length
    assert held_after(f"{number}{body}" for number in range(kept + 3)) == kept


def test_long_texts_do_not_drive_out_the_short_ones():
    body = "x" * 100_000
    assert held_after(["a short one", *(f"{number}{body}" for number in range(40))]) == 33
