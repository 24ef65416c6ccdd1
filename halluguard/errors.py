"""Every error halluguard raises on purpose: one base, one subclass per thing a caller can act on."""

from pathlib import Path
from typing import ClassVar


class HalluguardError(Exception):
    """Base of every error halluguard raises on purpose; `exit_code` is what the command line returns."""

    exit_code: ClassVar[int] = 2


class HalluguardWarning(UserWarning):
    """Something was left out or changed that the result also counts."""


class InputError(HalluguardError):
    """A file or folder given by the user is missing, empty, or not what was expected."""


class LogFormatError(InputError):
    """A log row cannot be read as a turn."""

    def __init__(self, path: Path | str, line: int, problem: str, remedy: str) -> None:
        """Say where, what was found, and what to do; `line` counts from 1."""
        super().__init__(f"{path}:{line}: {problem}. {remedy}")
        self.line = line
        self.problem = problem


class TrustedCorpusError(InputError):
    """The trusted documents or their index cannot be used."""


class StoreError(InputError):
    """A vector store cannot be read."""


class ModelError(HalluguardError):
    """A model cannot be found, loaded, or understood."""


class RunError(HalluguardError):
    """A run directory does not hold what is asked of it, or belongs to another input."""


class SettingError(HalluguardError):
    """An option or setting has a value outside its range."""


def first_line(error: BaseException, limit: int | None = None) -> str:
    """Return the first line of an error's message, cut to `limit` characters; its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:limit]
