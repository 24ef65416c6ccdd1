"""Apply a plan: evidence copied, a new store without the quarantined entries, an archive to undo it, and a ledger."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from halluguard.errors import InputError, StoreError
from halluguard.response.archive import read_archive, write_archive
from halluguard.response.digests import root_of_entries
from halluguard.response.evidence import digest_store, preserve, require_unchanged
from halluguard.response.ledger import Signature, append_ledger, chain, read_ledger, write_ledger
from halluguard.response.plan import DONE_HERE, Plan, write_plan
from halluguard.response.swap import building
from halluguard.response.writers import Item, Items, read_items, write_store
from halluguard.run import Run
from halluguard.stores import Store, open_store

STORE, QUARANTINE, EVIDENCE, LEDGER, PLAN = "store", "quarantine", "evidence", "ledger.jsonl", "plan.yaml"


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: entries before, out and left, the roots, notes on what could not be kept, the ledger's last digest."""

    folder: Path
    before: int
    out: int
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
        InputError: the folder holds an applied plan, or the plan names an entry the store does not have.
        StoreError: the store is not as the plan saw it, or nothing would be left of it.

    """
    if (folder / LEDGER).exists():
        raise InputError(f"{folder}: a plan was applied here. Choose another folder with -o")
    before = digest_store(store)
    require_unchanged(store, dict(plan.store.get("files") or before))
    condemned = _require_known(plan, store)
    with building(folder) as built:
        kept = preserve(run, store, built / EVIDENCE)
        (built / PLAN).write_text(write_plan(plan), encoding="utf-8")
        proposed = folder / PLAN
        if proposed.is_file() and proposed.read_text(encoding="utf-8") != write_plan(plan):
            shutil.copyfile(proposed, built / "plan.before.yaml")
        notes = write_store(_kept_items(plan, store, condemned, collection), store, built / STORE)
        why = {entry.id: entry.why for action in plan.actions for entry in action.entries}
        out = write_archive(
            (item for item in read_items(store) if item.entry.id in condemned), built / QUARANTINE, why
        )
        made = open_store(built / STORE, collection=collection)
        root_before, count = root_of_entries(store.entries())
        root_after, left = root_of_entries(made.entries())
        if not _is_rolled_back(plan) and left != count - out:
            raise StoreError(f"{store.path}: {left} entries were written where {count - out} were expected")
        after = {"files": digest_store(made), "root": root_after, "entries": left}
        state = {"before": {"files": before, "root": root_before, "entries": count}, "after": after}
        lines = _lines(plan, signed, kept, state, condemned)
        write_ledger(built / LEDGER, lines)
        require_unchanged(store, before)
    return Applied(folder, count, out, left, root_before, root_after, notes, lines[-1]["digest"])


def _require_known(plan: Plan, store: Store) -> frozenset[str]:
    condemned = frozenset(plan.condemned())
    unknown = sorted(condemned - {entry.id for entry in store.entries()})
    if unknown:
        raise InputError(
            f"the plan quarantines {unknown[0]!r}, which {store.path} does not hold. Correct its id"
        )
    if not condemned and not _is_rolled_back(plan):
        raise InputError("the plan has no approved entry to quarantine: there is nothing to apply")
    return condemned


def _is_rolled_back(plan: Plan) -> bool:
    action = plan.find("roll_back")
    return action is not None and action.approve


def _kept_items(plan: Plan, store: Store, condemned: Collection[str], collection: str | None) -> Items:
    """Return what the new store holds: the store's entries or, rolled back, an earlier copy's and what was added since.

    Of a condemned entry that was edited in place the earlier copy holds another text, which is kept.
    """
    if not _is_rolled_back(plan):
        return lambda: (item for item in read_items(store) if item.entry.id not in condemned)
    earlier = _open_earlier(plan, store, collection)
    bad = {entry.id: entry.text for entry in store.entries() if entry.id in condemned}

    def items() -> Iterator[Item]:
        ids = set()
        for item in read_items(earlier):
            ids.add(item.entry.id)
            if item.entry.id not in bad or item.entry.text != bad[item.entry.id]:
                yield item
        yield from (item for item in read_items(store) if item.entry.id not in {*ids, *condemned})

    return items


def _open_earlier(plan: Plan, store: Store, collection: str | None) -> Store:
    """Open the earlier copy that a plan names; raises InputError where it cannot take the store's place."""
    from halluguard.response.snapshot import is_snapshot

    action = plan.find("roll_back")
    path = Path(str(action.targets.get("snapshot"))) if action else Path()
    if is_snapshot(path):
        raise InputError(
            f"{path}: holds digests, no entries; a store cannot be rolled back to it. Name an earlier copy of the store"
        )
    earlier = open_store(path, collection=collection)
    if earlier.kind != store.kind:
        raise InputError(
            f"{path}: a {earlier.kind} store, where {store.path} is {store.kind}. Name one of its kind"
        )
    if _has_vectors(store) and not _has_vectors(earlier):
        raise InputError(f"{path}: holds no vectors, where {store.path} does. Name a copy with its vectors")
    return earlier


def _has_vectors(store: Store) -> bool:
    return any(item.vector is not None for item in islice(read_items(store), 1))


def _lines(
    plan: Plan,
    signed: Signature,
    kept: Mapping[str, Any],
    state: Mapping[str, Any],
    condemned: Collection[str],
) -> tuple[dict[str, Any], ...]:
    """Return the ledger: evidence, then every action of the plan as decided, the store's change last."""
    lines: list[dict[str, Any]] = []

    def add(deed: Mapping[str, Any]) -> None:
        lines.append(chain(tuple(lines), signed, deed))

    add({"deed": "evidence copied", **kept})
    for action in plan.actions:
        what = (
            "declined"
            if not action.approve
            else "done"
            if action.do in DONE_HERE
            else "approved, for people to do"
        )
        add({"deed": what, "action": action.id, "do": action.do, "reason": action.reason})
    add({"deed": "new store written", "quarantined": sorted(condemned), **state})
    return tuple(lines)


def restore_store(
    folder: Path, output: Path, *, signed: Signature | None = None, collection: str | None = None
) -> tuple[str, int]:
    """Put the quarantined entries back where they were, into a new store, and return its root and number of entries.

    With `signed`, the ledger of `folder` gets a line. After a roll back the evidence copy is the way back, and is said to be.

    Raises:
        InputError: the folder holds no applied plan, its ledger was edited, or the new store is not the one before.

    """
    ledger = folder / LEDGER
    if not ledger.is_file():
        raise InputError(
            f"{folder}: no ledger.jsonl, so no applied plan. Make one with `halluguard respond --apply`"
        )
    state = next(line for line in reversed(read_ledger(ledger)) if line["deed"] == "new store written")
    reduced = open_store(folder / STORE, collection=collection)
    if root_of_entries(reduced.entries())[0] != state["after"]["root"]:
        raise InputError(
            f"{folder / STORE}: is not as the ledger left it. Restore from {folder / EVIDENCE / STORE}"
        )
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output}: exists. Choose a new folder with -o")
    with building(output) as built:
        write_store(lambda: _merge(reduced, folder / QUARANTINE), reduced, built)
        root, count = root_of_entries(open_store(built, collection=collection).entries())
        if root != state["before"]["root"]:
            raise InputError(
                f"{output}: what was put together is not the store before ({count} entries). "
                f"Take the copy in {folder / EVIDENCE / STORE}"
            )
    if signed is not None:
        with suppress(PermissionError):
            append_ledger(
                ledger, signed, {"deed": "restored", "to": output.name, "root": root, "entries": count}
            )
    return root, count


def _merge(reduced: Store, archive: Path) -> Iterator[Item]:
    """Yield the reduced store's items with the archived ones at the places they had."""
    waiting = iter(read_archive(archive))
    next_out = next(waiting, None)
    place = 0
    for item in read_items(reduced):
        while next_out is not None and next_out.ordinal == place:
            yield next_out
            place, next_out = place + 1, next(waiting, None)
        yield item
        place += 1
    while next_out is not None:
        yield next_out
        next_out = next(waiting, None)
