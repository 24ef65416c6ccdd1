"""Ingest jobs: pages become entries, now and then with a fault."""

from collections.abc import Sequence
from dataclasses import replace

from corpora.chatbot.pages import cut_page, read_page
from corpora.chatbot.scenario import Fault, Ingest
from corpora.chatbot.shelf import Embed, Item, Shelf


def run_ingest(ingest: Ingest, shelf: Shelf, faults: Sequence[Fault], embed: Embed) -> None:
    """Cut, embed and shelve the pages of one ingest, with the faults named for its batch."""
    items: list[Item] = []
    for path, source in ingest.pages:
        text = read_page(path)
        pieces = cut_page(text)
        title = next(line for line in text.splitlines() if line.strip()).lstrip("# ").strip()
        for number, (piece, vector) in enumerate(zip(pieces, embed(pieces), strict=True)):
            item = Item(
                id=shelf.next_id(),
                text=piece,
                vector=vector,
                source=source,
                ingested_at=ingest.at,
                batch=ingest.batch,
                metadata={"title": title, "piece": number},
                label=ingest.label,
            )
            is_false = ingest.label in ("poisoned", "stale")
            items.append(replace(item, hop=0, origins=(item.id,)) if is_false else item)
    for fault in faults:
        if fault.batch == ingest.batch:
            _damage(items, fault, embed)
    shelf.change(items, {source for _, source in ingest.pages} if ingest.replaces else frozenset())


def _damage(items: list[Item], fault: Fault, embed: Embed) -> None:
    place = _place(items, fault.source, fault.piece)
    item = items[place]
    if fault.kind == "swapped":
        assert fault.other is not None
        vector = items[_place(items, *fault.other)].vector
        items[place] = replace(item, vector=vector, label="fault:swapped_vector")
        return
    damaged = item.text.encode("utf-8").decode("cp1252", errors="replace")
    assert damaged != item.text, f"{fault.source}#{fault.piece} has nothing to damage"
    items[place] = replace(item, text=damaged, vector=embed([damaged])[0], label="fault:mojibake")


def _place(items: Sequence[Item], source: str, piece: int) -> int:
    return next(n for n, item in enumerate(items) if (item.source, item.metadata["piece"]) == (source, piece))


def mark_duplicates(items: Sequence[Item]) -> dict[str, str]:
    """Return, for each entry whose text stands earlier in the store already, the id of the first."""
    first: dict[str, str] = {}
    again: dict[str, str] = {}
    for item in items:
        if first.setdefault(item.text, item.id) != item.id:
            again[item.id] = first[item.text]
    return again
