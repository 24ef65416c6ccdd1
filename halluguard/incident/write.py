"""Write the record of an incident: pages for people, drafts, exports for machines, and the digests of all of them."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from halluguard.errors import InputError
from halluguard.incident.document import to_html, to_markdown
from halluguard.incident.drafts import write_drafts
from halluguard.incident.exports.misp import to_misp
from halluguard.incident.exports.native import to_native
from halluguard.incident.exports.sarif import to_sarif
from halluguard.incident.exports.stix import to_stix
from halluguard.incident.exports.tables import write_tables
from halluguard.incident.facts import Action, Facts, Header
from halluguard.incident.gather import gather_facts
from halluguard.incident.record import title_of, write_record
from halluguard.run import Run, digest_file, write_atomically

DIGESTS = "sha256sums.txt"


def write_incident(
    run: Run,
    output: Path,
    *,
    header: Header | None = None,
    actions: Sequence[Action] = (),
    redact_text: bool = False,
) -> tuple[Path, ...]:
    """Write the incident record of a checked run into a new folder and return the files; same input, same bytes.

    Args:
        run: checked, best also traced and scored.
        output: a folder that does not exist or is empty, so that no edited draft is overwritten.
        header: what a person states; the rest is said to be missing.
        actions: what was done, such as the ledger of a response.
        redact_text: leave out every text of users, answers, entries and documents.

    Raises:
        InputError: the folder holds something.
        RunError: the check is not finished.

    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(
            f"{output}: exists and is not empty. Choose a new folder, so that no edited draft is lost"
        )
    facts = gather_facts(run, header, actions=actions, redact_text=redact_text)
    output.mkdir(parents=True, exist_ok=True)
    written = [*_write_pages(facts, output), *_write_exports(facts, output / "exports")]
    lines = [f"{digest_file(path)}  {path.relative_to(output).as_posix()}\n" for path in sorted(written)]
    write_atomically(output / DIGESTS, "".join(lines).encode())
    return (*written, output / DIGESTS)


def _write_pages(facts: Facts, output: Path) -> list[Path]:
    record = write_record(facts)
    pages = {
        "record.md": to_markdown(record),
        "record.html": to_html(record, title=f"Incident record: {title_of(facts)}"),
    }
    for name, blocks in write_drafts(facts).items():
        pages[f"drafts/{name}.md"] = to_markdown(blocks)
    for name, text in pages.items():
        write_atomically(output / name, text.encode("utf-8"))
    return [output / name for name in pages]


def _write_exports(facts: Facts, folder: Path) -> list[Path]:
    folder.mkdir()
    exports: dict[str, Mapping[str, Any] | None] = {
        "findings.sarif": to_sarif(facts),
        "incident.stix.json": to_stix(facts),
        "event.misp.json": to_misp(facts),
    }
    reason = "no time to date it with: neither the log nor `reported_at` of --facts gives one"
    exports["incident.json"] = to_native(
        facts, {name: reason for name, value in exports.items() if value is None}
    )
    written = []
    for name, value in exports.items():
        if value is not None:
            text = json.dumps(_finite(value), indent=2, ensure_ascii=True, allow_nan=False) + "\n"
            write_atomically(folder / name, text.encode("ascii"))
            written.append(folder / name)
    return [*written, *write_tables(facts, folder)]


def _finite(value: Any) -> Any:
    """JSON has no infinity and no NaN; both become null."""
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
