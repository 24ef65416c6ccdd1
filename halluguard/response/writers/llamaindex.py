"""Write a LlamaIndex folder: every mention of an entry's id is taken out of its JSON files, or put back.

An entry is not one record there but a key in `docstore/data`, in `docstore/metadata`, in each `embedding_dict`, in the
index's `nodes_dict`, an element of its document's `node_ids`, and a target of its neighbours' relations. A JSON file beside them
that is no object, or cut, is none of LlamaIndex's: its bytes are copied.
"""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from halluguard.response.writers.item import Item, Items
from halluguard.stores import Store
from halluguard.text import mend_text

_NEIGHBOURS = ("2", "3")
"""Kinds of the relations to the nodes before and after."""

Fragment = dict[str, Any]
"""One mention: `file`, `path` of its container, `key` or None for an element of a list, `value`."""


def read_items(store: Store) -> Iterator[Item]:
    """Yield entries with their fragments, nodes' relations to others left as they are, and the relations others have to them."""
    entries = list(store.entries())
    _, found = _take_apart(store, {entry.id for entry in entries})
    pointing = _find_relations(found)
    for ordinal, entry in enumerate(entries):
        payload: dict[str, Any] = {"fragments": found.get(entry.id, [])}
        if entry.id in pointing:
            payload["relations_to"] = pointing[entry.id]
        yield Item(ordinal, entry, payload, entry.vector)


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

    Relations of a node to an entry that is not written are left out; an item's `relations_to` keeps them for the archive, and puts
    them back.
    """
    frame, _ = _take_apart(like, {entry.id for entry in like.entries()})
    kept: set[str] = set()
    pointing: list[list[Any]] = []
    for item in items():
        kept.add(item.entry.id)
        pointing += item.payload.get("relations_to", ())
        for fragment in item.payload["fragments"]:
            _put(frame[fragment["file"]], fragment)
    for document in frame.values():
        for relation in pointing:
            _point(document, *relation)
        _cut_relations(document, kept)
    for name, document in sorted(frame.items()):
        # in ASCII, as LlamaIndex writes it: half a character of a damaged text has no other form
        (target / name).write_text(json.dumps(_pack(document)), encoding="ascii")
    foreign = [path for path in like.paths if path.name not in frame]
    for path in foreign:
        shutil.copyfile(path, target / path.name)
    return tuple(f"{path.name}: no JSON object of LlamaIndex, copied as it is" for path in foreign)


def _take_apart(store: Store, ids: Collection[str]) -> tuple[dict[str, Any], dict[str, list[Fragment]]]:
    frame: dict[str, Any] = {}
    found: dict[str, list[Fragment]] = {}
    for path in store.paths:
        document = _read_document(path)
        if document is None:
            continue
        for fragment in _take(document, ids, ()):
            mention = mend_text(str(fragment["value"] if fragment["key"] is None else fragment["key"]))
            found.setdefault(mention, []).append({"file": path.name, **fragment})
        frame[path.name] = document
    return frame, found


def _read_document(path: Path) -> dict[str, Any] | None:
    """Return the opened content of a file, None where it is no JSON object."""
    try:
        document = json.loads(path.read_bytes())
        return _unpack(document) if isinstance(document, dict) else None
    except (ValueError, RecursionError):
        return None


def _take(node: Any, ids: Collection[str], path: tuple[str, ...]) -> Iterator[Fragment]:
    """Take out, depth first, every key and every list element that is one of the ids, which are read with lone surrogates mended."""
    if isinstance(node, list):
        kept = [item for item in node if not (isinstance(item, str) and mend_text(item) in ids)]
        for item in node:
            if isinstance(item, str) and mend_text(item) in ids:
                yield {"path": list(path), "key": None, "value": item}
        node[:] = kept
        return
    if not isinstance(node, dict):
        return
    for key in [key for key in node if mend_text(key) in ids]:
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
    for item in _objects(document, "docstore/data").values():
        if (relations := _relations(item)) is not None:
            for kind in [kind for kind in _NEIGHBOURS if _points_away(relations.get(kind), kept)]:
                del relations[kind]


def _find_relations(found: Mapping[str, list[Fragment]]) -> dict[str, list[list[Any]]]:
    """Return, by the id they point at, the relations of nodes to their neighbours: node, kind, and what it says."""
    pointing: dict[str, list[list[Any]]] = {}
    for fragments in found.values():
        for fragment in fragments:
            held = _relations(fragment["value"]) if fragment["path"] == ["docstore/data"] else None
            for kind in _NEIGHBOURS:
                relation = (held or {}).get(kind)
                if isinstance(relation, dict) and isinstance(relation.get("node_id"), str):
                    pointing.setdefault(mend_text(relation["node_id"]), []).append(
                        [fragment["key"], kind, relation]
                    )
    return pointing


def _point(document: Any, key: str, kind: str, relation: Any) -> None:
    """Give a node that is there a relation that was cut, before the kinds that follow; one that it has stays."""
    relations = _relations(_objects(document, "docstore/data").get(key))
    if relations is not None and kind not in relations:
        relations[kind] = deepcopy(relation)
        ordered = sorted(relations.items())
        relations.clear()
        relations.update(ordered)


def _objects(document: Any, name: str) -> dict[str, Any]:
    """Return the object under a name, empty where there is none."""
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def _relations(item: Any) -> dict[str, Any] | None:
    node = item.get("__data__") if isinstance(item, dict) else None
    relations = node.get("relationships") if isinstance(node, dict) else None
    return relations if isinstance(relations, dict) else None


def _points_away(relation: Any, kept: Collection[str]) -> bool:
    return isinstance(relation, Mapping) and mend_text(str(relation.get("node_id"))) not in kept


def _unpack(document: dict[str, Any]) -> dict[str, Any]:
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
    yield from (item for item in _objects(document, "index_store/data").values() if isinstance(item, dict))
