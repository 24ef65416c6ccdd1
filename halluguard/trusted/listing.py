"""Which files of a folder can be trusted documents: not hidden ones, and nothing that halluguard itself has written.

A report quotes the claims it is about: read as a trusted document, it would bear out every one of them.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from halluguard.errors import TrustedCorpusError
from halluguard.run import is_run
from halluguard.trusted.manifest import MANIFEST, is_index

_OUTPUTS = (
    ("an applied response", ("plan.yaml", "ledger.jsonl")),
    ("an incident record", ("record.md", "sha256sums.txt", "exports/incident.json")),
    ("a drill", ("truth.json", "log.jsonl", "trusted")),
)
"""Our folders without a manifest, each told by files that stand together nowhere else."""

_REPORT_MARKS = {
    b"<!-- generator: halluguard -->": (".md", ".markdown", ".txt", ".text"),
    b'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="generator" content="halluguard">': (
        ".html",
        ".htm",
        ".xhtml",
    ),
}
"""What our reports begin with, by the suffixes they may have."""
_REPORT = "is a report that halluguard has written, which is no trusted document. Keep it in another folder"

_LINKED = (
    "is a link to a folder, which is not followed. Copy the folder here, or give it as the trusted documents"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file by its path under a folder; or a report of ours that is not read, or a folder that is not entered, with the reason."""

    name: str
    problem: str = ""


def list_files(folder: Path) -> list[Listed]:
    """Return the files under a folder, at any depth, and the folders that are not entered, in the order of their paths.

    Hidden files and folders and halluguard's own folders are not among them; a report that lies by itself has a reason.

    Raises:
        TrustedCorpusError: the folder itself cannot be read.

    """
    found: list[Listed] = []

    def keep(error: OSError) -> None:
        reason = f"cannot be read ({error.strerror}). Check the folder and its permissions"
        if Path(error.filename) == folder:
            raise TrustedCorpusError(f"{folder}: {reason}") from error
        found.append(Listed(_name_of(Path(error.filename), folder), reason))

    for parent, folders, files in os.walk(folder, onerror=keep):
        at = Path(parent)
        seen = [name for name in folders if not name.startswith(".") and not own_output(at / name)]
        links = {name for name in seen if os.path.islink(at / name)}  # noqa: PTH114 - Path.is_symlink raises
        folders[:] = [name for name in seen if name not in links]
        found.extend(Listed(_name_of(at / name, folder), _LINKED) for name in links)
        found.extend(
            Listed(_name_of(at / name, folder), _REPORT if _is_report(at / name) else "")
            for name in files
            if not name.startswith(".")
        )
    return sorted(found, key=lambda each: each.name)


def _name_of(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _is_report(file: Path) -> bool:
    """Whether a file begins as a report of ours; one that cannot be read is said to be so where documents are read."""
    marks = [mark for mark, suffixes in _REPORT_MARKS.items() if file.suffix.lower() in suffixes]
    try:
        if not marks or not file.is_file():  # a pipe would be waited for
            return False
        with file.open("rb") as stream:
            beginning = stream.read(512).removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    except OSError:
        return False
    return beginning.startswith(tuple(marks))


def own_output(folder: Path) -> str:
    """Say in words which output of halluguard a folder or file is; nothing where it is none, or cannot be looked into."""
    if _is_report(folder):
        return "a report"
    try:
        if (folder / MANIFEST).is_file():
            if is_index(folder):
                return "an index of trusted documents"
            if is_run(folder):
                return "a run"
        return next((what for what, names in _OUTPUTS if all((folder / name).exists() for name in names)), "")
    except OSError:
        return ""
