"""A file of texts that a person lists: one a line, or JSONL rows with a text."""

import json
from pathlib import Path

from halluguard.errors import InputError
from halluguard.text.surrogates import mend_text


def read_texts(path: Path, what: str) -> tuple[str, ...]:
    """Return the texts of a file: of JSONL rows their `text`, of any other file its lines that are not blank.

    Args:
        path: the file; `.jsonl` in its name tells rows from lines.
        what: what the texts are, for the message.

    Raises:
        InputError: the file cannot be read, holds no text, or a row has none.

    """
    try:
        # Not splitlines(), which also cuts at U+2028, U+0085 and form feeds: those stand within texts.
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InputError(f"{path}: cannot be read ({why}). Give a file of {what}") from error
    rows = path.suffix.lower() == ".jsonl"
    texts = tuple(
        _text_of(line, f"{path}:{number}") if rows else line.strip()
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )
    if not texts:
        raise InputError(f"{path}: holds no text. Give a file of {what}, one a line")
    return texts


def _text_of(line: str, where: str) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a JSON object ({error})") from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str) or not row["text"].strip():
        raise InputError(f'{where}: no string under "text". Write {{"text": ...}} a line')
    return mend_text(str(row["text"]).strip())  # JSON may spell half a surrogate pair, which no table takes
