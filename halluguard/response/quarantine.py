"""Apply a plan: evidence copied, a new store without the quarantined entries, an archive to undo it, and a ledger."""

import shutil
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from halluguard.errors import HalluguardWarning, InputError, StoreError
from halluguard.response.agree import MAX_DIFFERENCE, agree
from halluguard.response.apart import Kept, list_copies, list_kept, require_apart, require_bare
from halluguard.response.archive import read_archive, write_archive
from halluguard.response.digests import root_of_entries
from halluguard.response.earlier import is_by_place, open_earlier
from halluguard.response.evidence import digest_store, preserve, require_unchanged
from halluguard.response.ledger import Signature, append_ledger, chain, read_ledger, write_ledger
from halluguard.response.plan import DONE_HERE, Plan, read_plan, write_plan
from halluguard.response.swap import building
from halluguard.response.writers import (
    Item,
    Items,
    give_up_name,
    keep_name,
    read_items,
    take_place,
    write_store,
)
from halluguard.run import Run
from halluguard.stores import Store, open_store

STORE, QUARANTINE, EVIDENCE, LEDGER, PLAN = "store", "quarantine", "evidence", "ledger.jsonl", "plan.yaml"
PLAN_BEFORE = "plan.before.yaml"


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: entries before, out, put back with an earlier text and left, the roots, notes, the ledger's last digest."""

    folder: Path
    before: int
    out: int
    back: int
    left: int
    root_before: str
    root_after: str
    notes: tuple[str, ...]
    ledger: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "folder": str(self.folder), "notes": list(self.notes)}


def apply_plan(
    run: Run, store: Store, plan: Plan, folder: Path, *, signed: Signature, collection: str | None = None
) -> Applied:
    """Carry out a plan into `folder`, which is replaced as a whole at the end; the original store is only read.

    Raises:
        InputError: the folder holds an applied plan or other files, or is, contains or lies inside what the case rests on; or
            the plan names an entry that the store, or the copy it is to be put back from, does not have.
        StoreError: the store is not as the plan saw it, or nothing would be left of it.

    """
    if (folder / LEDGER).exists():
        raise InputError(f"{folder}: a plan was applied here. Choose another folder with -o")
    require_apart(folder, list_kept(run, store, list_copies(plan)))
    require_bare(folder, {PLAN, PLAN_BEFORE})
    before = digest_store(store)
    require_unchanged(store, dict(plan.store.get("files") or before))
    condemned = _require_known(plan, store)
    back = _read_back(plan, store, condemned, collection)
    kept_items = _kept_items(plan, store, condemned, back, collection)
    if next(kept_items(), None) is None:
        raise StoreError(
            f"{store.path}: nothing would be left of it, and a store without an entry cannot be proved. Stop what reads it, and build "
            "it anew from its documents; or leave an entry in"
        )
    with building(folder) as built:
        kept = None if _is_declined(plan, "preserve_evidence") else preserve(run, store, built / EVIDENCE)
        (built / PLAN).write_bytes(write_plan(plan).encode())
        proposed = folder / PLAN
        if proposed.is_file() and proposed.read_bytes() != write_plan(plan).encode():
            shutil.copyfile(proposed, built / PLAN_BEFORE)
        notes = write_store(kept_items, store, built / STORE)
        why = {
            entry.id: entry.why
            for action in plan.actions
            if action.do == "quarantine"
            for entry in action.entries
        }
        out = write_archive(
            (item for item in read_items(store) if item.entry.id in condemned), built / QUARANTINE, why
        )
        made = open_store(built / STORE, collection=collection)
        root_before, count = root_of_entries(store.entries())
        root_after, left = root_of_entries(made.entries())
        expected = count - out + len(back)
        if plan.roll_back() is None and left != expected:
            raise StoreError(f"{store.path}: {left} entries were written where {expected} were expected")
        _require_written(made, back)
        after = {"files": digest_store(made), "root": root_after, "entries": left}
        state = {"before": {"files": before, "root": root_before, "entries": count}, "after": after}
        changed = {"quarantined": sorted(condemned), "put_back": sorted(back), "ghosts": list(plan.ghosts())}
        lines = _lines(plan, signed, kept, {**changed, **state})
        write_ledger(built / LEDGER, lines)
        require_unchanged(store, before)
    if not condemned and plan.roll_back() is None:
        notes += (
            f"nothing was taken out: {', '.join(plan.ghosts())} came from outside the store. Flush the caches that serve it",
        )
    if kept is None:
        notes += ("no evidence was copied, as the plan says: keep the store and the log as they are",)
    if note := plan.store.get("note"):
        notes += (str(note),)
    digest = lines[-1]["digest"]
    return Applied(folder, count, out, len(back), left, root_before, root_after, notes, digest)


def _require_known(plan: Plan, store: Store) -> frozenset[str]:
    condemned = frozenset(plan.condemned())
    unknown = sorted(condemned - {entry.id for entry in store.entries()})
    if unknown:
        raise InputError(
            f"the plan quarantines {unknown[0]!r}, which {store.path} does not hold. Correct its id"
        )
    if not condemned and plan.roll_back() is None and not plan.ghosts():
        raise InputError(
            "the plan has no approved entry to quarantine, and no approved flush of caches names one that the store has lost: "
            "there is nothing to apply"
        )
    return condemned


def _read_back(
    plan: Plan, store: Store, condemned: Collection[str], collection: str | None
) -> dict[str, Item]:
    """Return, by id, the earlier items that take the place of condemned ones; raises InputError where one cannot."""
    wanted = plan.put_back()
    if stray := sorted(wanted.keys() - condemned):
        raise InputError(
            f"the plan puts back {stray[0]!r}, which it does not quarantine. Quarantine it, or leave it out of put_back"
        )
    now = _read_only(store, wanted.keys()) if wanted else {}
    held: dict[str, Item] = {}
    for path in dict.fromkeys(wanted.values()):
        earlier = open_earlier(path, store, collection)
        held |= _read_only(earlier, {key for key, copy in wanted.items() if copy == path})
    for key, path in wanted.items():
        _require_other(key, now[key], held.get(key), path)
    return {key: take_place(now[key], held[key], store) for key in wanted}


def _read_only(store: Store, ids: Collection[str]) -> dict[str, Item]:
    """Return the items of some ids; raises InputError where several share one, of which none is the other's earlier text."""
    found: dict[str, Item] = {}
    for item in read_items(store):
        if item.entry.id not in ids:
            continue
        if item.entry.id in found:
            raise InputError(
                f"{store.path}: several entries have the id {item.entry.id!r}, which the plan puts back. Expected one: leave it "
                "out of put_back"
            )
        found[item.entry.id] = item
    return found


def _require_other(key: str, now: Item, held: Item | None, path: Path) -> None:
    """Raise InputError where a copy does not hold another text with a vector like that of the store."""
    if held is None or held.entry.text is None:
        raise InputError(
            f"{path}: holds no text of {key!r}, which the plan puts back from it. Name another copy"
        )
    if held.entry.text == now.entry.text:
        raise InputError(
            f"{path}: holds {key!r} with the very text that is quarantined. Name an earlier copy"
        )
    shapes = [None if item.vector is None else item.vector.shape for item in (held, now)]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"{path}: the vector of {key!r} has the shape {shapes[0]}, where the store's has {shapes[1]}. Name another copy"
        )


def _require_written(made: Store, back: Mapping[str, Item]) -> None:
    """Raise StoreError where the new store does not hold the earlier text and a vector of what was put back."""
    if not back:
        return
    held = {entry.id: (entry.text, entry.vector is None) for entry in made.entries() if entry.id in back}
    for key, item in back.items():
        if held.get(key) != (item.entry.text, item.entry.vector is None):
            raise StoreError(f"{made.path}: {key!r} could not be written as the earlier copy holds it")


def _is_declined(plan: Plan, do: str) -> bool:
    action = plan.find(do)
    return action is not None and not action.approve


def _kept_items(
    plan: Plan, store: Store, condemned: Collection[str], back: Mapping[str, Item], collection: str | None
) -> Items:
    """Return what the new store holds: the store's entries or, rolled back, an earlier copy's and what was added since.

    In the place of a condemned entry stands what is put back for it. An earlier copy that is rolled back to holds another text of
    an entry that was edited in place, which is kept.
    """
    copy = plan.roll_back()
    earlier = None if copy is None else open_earlier(copy, store, collection)
    bad: dict[str, set[str | None]] = {}
    for entry in store.entries():
        if earlier is not None and is_by_place(entry.id):
            raise InputError(
                f"{store.path}: {entry.id!r} is called by its place, where the copy to roll back to may hold another entry. Leave "
                "roll_back out"
            )
        if entry.id in condemned:
            bad.setdefault(entry.id, set()).add(entry.text)

    def items() -> Iterator[Item]:
        return (keep_name(item, store) for item in kept())

    def kept() -> Iterator[Item]:
        ids = set()
        for item in read_items(earlier) if earlier is not None else ():
            ids.add(item.entry.id)
            if item.entry.id not in bad or item.entry.text not in bad[item.entry.id]:
                yield item
            elif item.entry.id in back:
                yield back[item.entry.id]
        for item in read_items(store):
            if item.entry.id not in ids and item.entry.id not in condemned:
                yield item
            elif item.entry.id not in ids and item.entry.id in back:
                ids.add(item.entry.id)
                yield back[item.entry.id]

    return items


def _lines(
    plan: Plan,
    signed: Signature,
    kept: Mapping[str, Any] | None,
    state: Mapping[str, Any],
) -> tuple[dict[str, Any], ...]:
    """Return the ledger: evidence that was copied, then every action of the plan as decided, the store's change last."""
    lines: list[dict[str, Any]] = []

    def add(deed: Mapping[str, Any]) -> None:
        lines.append(chain(tuple(lines), signed, deed))

    if kept is not None:
        add({"deed": "evidence copied", **kept})
    for action in plan.actions:
        what = (
            "declined"
            if not action.approve
            else "done"
            if action.do in DONE_HERE
            else "approved, to be made next"
            if action.do == "prove"
            else "approved, for people to do"
        )
        add({"deed": what, "action": action.id, "do": action.do, "reason": action.reason})
    add({"deed": "new store written", **state})
    return tuple(lines)


def read_applied(store: Store, folder: Path) -> Applied:
    """Return what the ledger of a folder says was done to a store.

    Raises:
        InputError: the store is not the one that the plan was applied to, or the ledger was edited.

    """
    lines = read_ledger(folder / LEDGER)
    state = _written(folder, lines)
    before, after = state["before"], state["after"]
    if digest_store(store) != before["files"]:
        raise InputError(
            f"{store.path}: is not the store that the plan was applied to. Give its copy: --store {folder / EVIDENCE / STORE}"
        )
    out = sum(1 for _ in read_archive(folder / QUARANTINE))
    notes = ("applied before; only the proof is made now",)
    back = len(state.get("put_back") or ())
    roots = before["root"], after["root"]
    return Applied(folder, before["entries"], out, back, after["entries"], *roots, notes, lines[-1]["digest"])


def _written(folder: Path, lines: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Return the line of a ledger that says what the new store is; raises InputError where it was cut off."""
    written = [line for line in lines if line.get("deed") == "new store written"]
    if written:
        return written[-1]
    raise InputError(
        f"{folder / LEDGER}: no line says what the new store is: cut off? Restore from {folder / EVIDENCE / STORE}"
    )


def restore_store(
    folder: Path, output: Path, *, signed: Signature | None = None, collection: str | None = None
) -> tuple[str, int]:
    """Put the quarantined entries back where they were, in place of what was put back for them, into a new store.

    Returns its root and number of entries.

    With `signed`, the ledger of `folder` gets a line; where it cannot be written, a HalluguardWarning says so. After a roll back
    the evidence copy is the way back, and is said to be. Vectors of a Chroma store may differ from those before by
    `MAX_DIFFERENCE`, which the ledger and a HalluguardWarning say; the root is then that of the new store.

    Raises:
        InputError: the folder holds no applied plan, its ledger was edited, or the new store is not the one before.

    """
    ledger = folder / LEDGER
    if not ledger.is_file():
        raise InputError(
            f"{folder}: no ledger.jsonl, so no applied plan. Make one with `halluguard respond --apply`"
        )
    state = _written(folder, read_ledger(ledger))
    reduced = open_store(folder / STORE, collection=collection)
    if root_of_entries(reduced.entries())[0] != state["after"]["root"]:
        raise InputError(
            f"{folder / STORE}: is not as the ledger left it. Restore from {folder / EVIDENCE / STORE}"
        )
    require_apart(output, (("response", folder), *_named_in(folder / PLAN)))
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output}: exists. Choose a new folder with -o")
    with building(output) as built:
        stand_ins = frozenset(state.get("put_back") or ())
        write_store(lambda: _merge(reduced, folder / QUARANTINE, stand_ins), reduced, built)
        made = open_store(built, collection=collection)
        root, count = root_of_entries(made.entries())
        wanted, kept = state["before"]["root"], folder / EVIDENCE / STORE
        notes: tuple[str, ...] = () if root == wanted else _notes_on_vectors(made, kept, wanted, collection)
        if root != wanted and not notes:
            raise InputError(
                f"{output}: what was put together is not the store before ({count} entries). "
                f"Take the copy in {kept}"
            )
    if signed is not None:
        deed = {"deed": "restored", "to": output.name, "root": root, "entries": count}
        try:
            append_ledger(ledger, signed, deed | ({"notes": list(notes)} if notes else {}))
        except OSError as error:  # kept where nobody can write, which hinders no restoring
            notes += (f"{ledger} could not be written ({error.strerror}), and does not say so",)
    for note in notes:
        warnings.warn(f"{output}: {note}", HalluguardWarning, stacklevel=2)
    return root, count


def _notes_on_vectors(made: Store, kept: Path, root: str, collection: str | None) -> tuple[str, ...]:
    """Say that a Chroma store is the one before but for the last bits of its vectors; nothing where it is not.

    Chroma moves every thousand entries of a cosine collection to its index, where they are made unit vectors once more. A root
    tells only that something differs, so the copy that was kept as evidence is compared, if it still has the root of before.
    """
    if made.kind != "chroma":
        return ()
    try:
        before = open_store(kept, collection=collection)
        same = root_of_entries(before.entries())[0] == root and agree(made, before)
    except InputError:
        return ()
    note = (
        f"Chroma made unit vectors of its vectors again: they are those before within {MAX_DIFFERENCE:g}, all else is the same; "
        f"the root before was {root}"
    )
    return (note,) if same else ()


def _named_in(path: Path) -> tuple[Kept, ...]:
    """Return the store and the run that a plan was made on, where they are still there; a lost plan hinders no restoring."""
    try:
        plan = read_plan(path)
    except InputError:
        return ()
    named = (("store", plan.store.get("path")), ("run", plan.run))
    return tuple((name, Path(str(at))) for name, at in named if at and Path(str(at)).exists())


def _merge(reduced: Store, archive: Path, stand_ins: Collection[str]) -> Iterator[Item]:
    """Yield the reduced store's items, less those that stand in for archived ones, with the archived ones at the places they had."""
    waiting = iter(read_archive(archive))
    next_out = next(waiting, None)
    place = 0
    for item in read_items(reduced):
        if item.entry.id in stand_ins:
            continue
        while next_out is not None and next_out.ordinal == place:
            yield next_out
            place, next_out = place + 1, next(waiting, None)
        yield give_up_name(item, reduced)
        place += 1
    while next_out is not None:
        yield next_out
        next_out = next(waiting, None)
