"""Evidence first: store, log and tables are copied, and each copy is hashed against what it was made from."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from halluguard.errors import StoreError
from halluguard.response.apart import find_input
from halluguard.run import Run, digest_file, write_json
from halluguard.stores import Store

TABLES = (
    "manifest.json",
    "turns.parquet",
    "claims.parquet",
    "events.parquet",
    "suspects.parquet",
    "cascade.json",
)


def digest_store(store: Store) -> dict[str, str]:
    """Return the SHA-256 of every file of a store, by name."""
    return {file.name: file.sha256 for file in store.files()}


def preserve(run: Run, store: Store, folder: Path) -> dict[str, Any]:
    """Copy what the case rests on into a folder and write `digests.json` beside it; return the digests by copy.

    The log is copied where it is still there with the digest the run names; otherwise that is said.

    Raises:
        StoreError: a file changed while it was copied, or its name leads out of the folder.

    """
    root = store.path if store.path.is_dir() else store.path.parent
    copied = {f"store/{path.relative_to(root)}": path for path in store.paths}
    copied |= {f"run/{name}": run.path / name for name in TABLES if (run.path / name).is_file()}
    log = run.manifest.get("inputs", {}).get("log", {})
    named = str(log.get("path", ""))
    places = (place for place in (Path(named), find_input(run, named)) if place.is_file())
    source = next((place for place in places if digest_file(place) == log.get("sha256")), None)
    missing: list[str] = []
    if source is not None:
        copied[f"log/{source.name}"] = source
    else:
        missing.append("the log is not where the run read it, or was changed since")
    digests = {name: _copy(path, folder, name) for name, path in sorted(copied.items())}
    write_json(folder / "digests.json", {"sha256": digests, "missing": missing})
    return {"files": len(digests), "missing": missing, "digests": digest_file(folder / "digests.json")}


def _copy(source: Path, folder: Path, name: str) -> str:
    target = folder / name
    # a store's own tables may name its files, and they are hostile: nothing outside the folder is ever written
    if not target.resolve().is_relative_to(folder.resolve()):
        raise StoreError(
            f"{source}: its copy {name!a:.80} would lie outside {folder}. Expected a file of the store's folder"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    before = digest_file(source)
    shutil.copyfile(source, target)
    if digest_file(target) != before:
        raise StoreError(f"{source}: changed while it was copied. Stop what writes to it, and try again")
    return before


def require_unchanged(store: Store, before: dict[str, str], names: Iterable[str] = ()) -> None:
    """Raise StoreError where the files of a store are not those of `before`."""
    now = digest_store(store)
    changed = sorted(name for name in {*now, *before, *names} if now.get(name) != before.get(name))
    if changed:
        raise StoreError(
            f"{store.path}: {changed[0]} changed since the plan was made. Freeze what writes to it, and plan again"
        )
