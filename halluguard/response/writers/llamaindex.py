"""Write a LlamaIndex folder: every mention of an entry's id is taken out of its JSON files, or put back.

An entry is not one record there but a key in `docstore/data`, in `docstore/metadata`, in each `embedding_dict`, in the
index's `nodes_dict`, an element of its document's `node_ids`, and a target of its neighbours' relations.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from halluguard.response.writers.item import Item, Items
from halluguard.stores import Store

Fragment = dict[str, Any]
"""One mention: `file`, `path` of its container, `key` or None for an element of a list, `value`."""


def read_items(store: Store) -> Iterator[Item]:
    """Yield entries with their fragments, nodes' relations to others left as they are."""
    entries = list(store.entries())
    _, found = _take_apart(store, {entry.id for entry in entries})
    for ordinal, entry in enumerate(entries):
        yield Item(ordinal, entry, {"fragments": found.get(entry.id, [])}, entry.vector)


def take_place(now: Item, earlier: Item) -> Item:
    """Return an earlier item at the mentions that the item of its id has now.

    A copy's index may have another id, and its node belong to another document: values are the copy's, the places are those of
    the store. A mention that is the id alone stays as it is.
    """
    values = {_place(fragment): fragment["value"] for fragment in earlier.payload["fragments"]}
    fragments = [
        {**fragment, "value": values.get(_place(fragment), fragment["value"])}
        for fragment in now.payload["fragments"]
        if _place(fragment) in values or fragment["value"] == now.entry.id
    ]
    return Item(earlier.ordinal, earlier.entry, {"fragments": fragments}, earlier.vector)


def _place(fragment: Mapping[str, Any]) -> tuple[Any, ...]:
    return (fragment["file"], *fragment["path"], fragment["key"])


def write_items(items: Items, like: Store, target: Path) -> tuple[str, ...]:
    """Write every JSON file of `like` with the given items in place of its own.

    Relations of a node to an entry that is not written are left out; `relations_to` keeps them for the archive.
    """
    frame, _ = _take_apart(like, {entry.id for entry in like.entries()})
    for item in items():
        for fragment in item.payload["fragments"]:
            _put(frame[fragment["file"]], fragment)
    kept = {item.entry.id for item in items()}
    for document in frame.values():
        _cut_relations(document, kept)
    for name, document in sorted(frame.items()):
        (target / name).write_text(json.dumps(_pack(document), ensure_ascii=False), encoding="utf-8")
    return ()


def _take_apart(store: Store, ids: Collection[str]) -> tuple[dict[str, Any], dict[str, list[Fragment]]]:
    frame: dict[str, Any] = {}
    found: dict[str, list[Fragment]] = {}
    for path in store.paths:
        document = _unpack(json.loads(path.read_bytes()))
        for fragment in _take(document, ids, ()):
            mention = str(fragment["value"] if fragment["key"] is None else fragment["key"])
            found.setdefault(mention, []).append({"file": path.name, **fragment})
        frame[path.name] = document
    return frame, found


def _take(node: Any, ids: Collection[str], path: tuple[str, ...]) -> Iterator[Fragment]:
    """Take out, depth first, every key and every list element that is one of the ids."""
    if isinstance(node, list):
        kept = [item for item in node if not (isinstance(item, str) and item in ids)]
        for item in node:
            if isinstance(item, str) and item in ids:
                yield {"path": list(path), "key": None, "value": item}
        node[:] = kept
        return
    if not isinstance(node, dict):
        return
    for key in [key for key in node if key in ids]:
        yield {"path": list(path), "key": key, "value": node.pop(key)}
    for key, value in node.items():
        if isinstance(value, dict) or key == "node_ids":
            yield from _take(value, ids, (*path, key))


def _put(document: Any, fragment: Fragment) -> None:
    node = document
    for key in fragment["path"][:-1]:
        node = node.setdefault(key, {})
    if fragment["path"]:
        node = node.setdefault(fragment["path"][-1], [] if fragment["key"] is None else {})
    if fragment["key"] is None:
        node.append(fragment["value"])
    else:
        node[fragment["key"]] = json.loads(
            json.dumps(fragment["value"])
        )  # its own copy: relations are cut in it


def _cut_relations(document: Any, kept: Collection[str]) -> None:
    """Leave out the relations of nodes to their neighbours before and after that are gone; sources and parents stay."""
    for item in document.get("docstore/data", {}).values():
        relations = item.get("__data__", {}).get("relationships")
        if isinstance(relations, dict):
            for kind in [kind for kind in ("2", "3") if _points_away(relations.get(kind), kept)]:
                del relations[kind]


def _points_away(relation: Any, kept: Collection[str]) -> bool:
    return isinstance(relation, Mapping) and relation.get("node_id") not in kept


def _unpack(document: Any) -> Any:
    """Open the index struct, which LlamaIndex keeps as JSON inside JSON."""
    for item in _structs(document):
        if isinstance(item.get("__data__"), str):
            item["__data__"] = json.loads(item["__data__"])
            item["__packed__"] = True
    return document


def _pack(document: Any) -> Any:
    for item in _structs(document):
        if item.pop("__packed__", False):
            item["__data__"] = json.dumps(item["__data__"])
    return document


def _structs(document: Any) -> Iterator[dict[str, Any]]:
    data = document.get("index_store/data", {}) if isinstance(document, dict) else {}
    yield from (item for item in data.values() if isinstance(item, dict))
