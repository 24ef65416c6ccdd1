"""Open a SQLite database that is evidence: a copy of it, with its pending writes, never the file itself."""

import fcntl
import os
import shutil
import sqlite3
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

from halluguard.errors import StoreError

_PENDING, _SHARED, _SHARED_SIZE = (
    0x40000000,
    0x40000002,
    510,
)  # lock bytes of the SQLite file format, section 3
_FLOCK = struct.Struct("hhqqi4x")


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """A copied database and the folder that owns the copy; it goes when the last reference to it does."""

    path: Path
    folder: tempfile.TemporaryDirectory[str]

    def connect(self) -> sqlite3.Connection:
        """Return a connection that cannot write."""
        connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)
        connection.execute("PRAGMA query_only = 1")
        connection.execute("PRAGMA trusted_schema = 0")
        return connection


def copy_database(path: Path) -> DatabaseCopy:
    """Copy a database with its journal files.

    Raises:
        StoreError: another process is writing to it, or it is not a whole SQLite database.

    """
    if _is_being_written(path):
        raise StoreError(
            f"{path}: locked by a process that is writing to it. Stop the writer, or copy the store, and try again"
        )
    folder = tempfile.TemporaryDirectory(prefix="halluguard-")
    for source in database_files(path):
        shutil.copyfile(source, Path(folder.name) / source.name)
    copy = DatabaseCopy(Path(folder.name) / path.name, folder)
    _check_whole(copy, path)
    return copy


def database_files(path: Path) -> tuple[Path, ...]:
    """Return the database and those of its journal files that exist."""
    names = (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal")
    return tuple(file for name in names if (file := path.parent / name).is_file())


def _is_being_written(path: Path) -> bool:
    """Ask the system, without taking any lock, whether a reader would be locked out now."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        for start, length in ((_PENDING, 1), (_SHARED, _SHARED_SIZE)):
            request = _FLOCK.pack(fcntl.F_RDLCK, os.SEEK_SET, start, length, 0)
            answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, request)
            if _FLOCK.unpack(answer)[0] == fcntl.F_WRLCK:
                return True
    except OSError:  # a file system without locks cannot tell
        return False
    finally:
        os.close(descriptor)
    return False


def _check_whole(copy: DatabaseCopy, path: Path) -> None:
    try:
        connection = sqlite3.connect(
            copy.path
        )  # the copy may be written: this replays what its journal still holds
        try:
            connection.execute("PRAGMA trusted_schema = 0")
            view = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchone()
            problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if view is None else "ok"
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path}: not a whole SQLite database ({error}). Half written? Copy the store again"
        ) from error
    if view is not None:  # reading one runs what it says, which may never end
        raise StoreError(
            f"{path}: holds a view {view[0]!a:.80}, which no vector store writes: the database was tampered with"
        )
    if problem != "ok":
        raise StoreError(f"{path}: the SQLite database is corrupted ({str(problem).splitlines()[-1][:120]})")
