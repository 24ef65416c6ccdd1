"""New stores of the same kind as one that was read: `read_items` and `write_store` choose the kind."""

from collections.abc import Callable, Iterator
from pathlib import Path

from halluguard.errors import StoreError
from halluguard.response.writers import chroma, langchain_faiss, llamaindex, native, qdrant
from halluguard.response.writers.item import Item, Items, plain_items
from halluguard.stores import Store

_READERS: dict[str, Callable[[Store], Iterator[Item]]] = {
    "native": native.read_items,
    "langchain_faiss": lambda store: plain_items(store.entries()),
    "llamaindex": llamaindex.read_items,
    "chroma": chroma.read_items,
    "qdrant": qdrant.read_items,
}
_WRITERS: dict[str, Callable[[Items, Store, Path], tuple[str, ...]]] = {
    "native": native.write_items,
    "langchain_faiss": langchain_faiss.write_items,
    "llamaindex": llamaindex.write_items,
    "chroma": chroma.write_items,
    "qdrant": qdrant.write_items,
}


def read_items(store: Store) -> Iterator[Item]:
    """Yield every entry of a store, in order, with all that its kind keeps of it."""
    return _READERS[store.kind](store)


def take_place(now: Item, earlier: Item, store: Store) -> Item:
    """Return an item of an earlier copy as it stands in `store` in the place of the item that has its id now."""
    return llamaindex.take_place(now, earlier) if store.kind == "llamaindex" else earlier


def keep_name(item: Item, store: Store) -> Item:
    """Return an item of `store` that has the same id wherever it stands; a plain one may be called by its line."""
    return native.keep_name(item) if store.kind == "native" else item


def give_up_name(item: Item, store: Store) -> Item:
    """Return an item as it was before `keep_name`."""
    return native.give_up_name(item) if store.kind == "native" else item


def write_store(items: Items, like: Store, target: Path) -> tuple[str, ...]:
    """Write a new store of the kind of `like` into a folder, which is made; return what could not be kept as it was.

    Raises:
        StoreError: the folder holds something, or the library that writes the kind is missing.

    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise StoreError(f"{target}: is not empty. Choose a new folder for the store")
    return _WRITERS[like.kind](items, like, target)


__all__ = ["Item", "Items", "give_up_name", "keep_name", "read_items", "take_place", "write_store"]
