"""Where may be written: never over, around or into what a case rests on."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from halluguard.errors import InputError
from halluguard.response.plan import Plan
from halluguard.run import Run
from halluguard.stores import Store

Kept = tuple[str, Path]
"""Something that must stay as it is: what people call it, and where it lies."""


def require_apart(output: Path, kept: Iterable[Kept]) -> None:
    """Raise InputError where an output is, contains or lies inside something that must stay as it is."""
    place = output.resolve()
    for name, path in kept:
        held = path.resolve()
        how = (
            "is"
            if place == held
            else "contains"
            if place in held.parents
            else "lies inside"
            if held in place.parents
            else ""
        )
        if how:
            raise InputError(f"{output}: {how} the {name} ({path}). Choose a folder apart from it with -o")


def list_kept(run: Run, store: Store, snapshots: Sequence[Path] = ()) -> Iterator[Kept]:
    """Yield what a response reads: the run with its log and trusted documents, the store, and its earlier copies."""
    yield from list_store(store)
    yield "run", run.path
    yield from (("snapshot", path) for path in snapshots)
    inputs = run.manifest.get("inputs", {})
    for name, what in (("trusted", "trusted corpus"), ("log", "log")):
        path = (inputs.get(name) or {}).get("path")
        if path:
            yield what, Path(str(path))
            yield what, find_input(run, str(path))


def find_input(run: Run, named: str) -> Path:
    """Return where a file or folder that a run names lies: a relative path is looked for in the run's folder and those above.

    The check may have been started in any of them, and not where the response is. Where it is in none, it is returned as it is.
    """
    above = (folder / named for folder in (run.path.resolve(), *run.path.resolve().parents))
    return next((place for place in above if place.exists()), Path(named))


def list_store(store: Store) -> Iterator[Kept]:
    """Yield the files of a store, and its folder where that holds nothing else: a plain store may lie among other files."""
    folder = store.path if store.path.is_dir() else store.path.parent
    files = {path.resolve() for path in store.paths}
    others = (path for path in folder.iterdir() if not path.name.startswith("."))
    if store.kind != "native" or all(path.resolve() in files for path in others):
        yield "store", folder
    yield from (("store", path) for path in store.paths)


def list_copies(plan: Plan) -> tuple[Path, ...]:
    """Return the earlier copies of the store that a plan takes entries from, or could."""
    action = plan.find("roll_back")
    named = [] if action is None else [Path(str(action.targets["snapshot"]))]
    return tuple(dict.fromkeys([*named, *plan.put_back().values()]))


def require_bare(folder: Path, allowed: Collection[str]) -> None:
    """Raise InputError where a folder that is to be replaced as a whole holds what planning did not write."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: is a file. Choose a folder with -o")
    # a write that was killed leaves its hidden part beside the file
    parts = tuple(f".{name}." for name in allowed)
    names = {path.name for path in folder.iterdir() if not path.name.startswith(parts)}
    others = sorted(names - {*allowed})
    if others:
        raise InputError(
            f"{folder}: holds {others[0]!r}, which is no plan and would be lost. Choose an empty folder with -o"
        )
