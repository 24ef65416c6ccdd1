"""A folder that is there whole or not at all: built beside its place, and put there by one system call."""

import ctypes
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """Give an empty folder beside `target`; when the block ends well it takes `target`'s place, otherwise it goes.

    Where `target` is a link, the folder that it names is replaced. What `target` held before is gone then: copy what shall stay. A process killed at any moment leaves the old folder or
    the new one, and at most a hidden folder beside it, which the next call removes.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    built = Path(tempfile.mkdtemp(dir=target.parent, prefix=f"{_prefix(target)}{os.getpid()}-"))
    built.chmod(0o755)
    try:
        yield built
        _sync(built)
        _put(built, target)
    finally:
        shutil.rmtree(built, ignore_errors=True)


def _prefix(target: Path) -> str:
    return f".{target.name}.building-"


def _sweep(target: Path) -> None:
    """Remove what processes that are no longer there left beside the target, and finish an exchange that was cut."""
    named = glob.escape(_prefix(target))
    for old in sorted(target.parent.glob(f"{named}*.old")):
        if not target.exists():
            old.rename(target)
    for left in sorted(target.parent.glob(f"{named}*")):
        owner = left.name.removeprefix(_prefix(target)).partition("-")[0]
        if owner.isdigit() and not _is_alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _put(built: Path, target: Path) -> None:
    if target.exists() and any(target.iterdir()):
        _exchange(built, target)
    else:
        built.rename(target)  # onto nothing or an empty folder: one system call
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(one: Path, other: Path) -> None:
    """Exchange two folders by renameat2(2); where the file system cannot, by two renames with a moment between them."""
    library = ctypes.CDLL(None, use_errno=True)
    rename = getattr(library, "renameat2", None)
    names = os.fsencode(one), os.fsencode(other)
    if rename and rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return
    aside = one.with_name(f"{one.name}.old")
    other.rename(aside)
    one.rename(other)
    aside.rename(one)
