"""What people state of an incident, from a YAML file: the header, the times only they know, and what was done."""

from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from halluguard.errors import InputError
from halluguard.incident.facts import Action, Header
from halluguard.report.hostile import one_line
from halluguard.report.wording import counted

PHASES = ("containment", "eradication", "recovery")
_TIMES = {field.name for field in fields(Header) if field.name.endswith("_at")}


def read_stated(path: Path | None) -> tuple[Header, tuple[Action, ...]]:
    """Read header and actions; None is an empty header. Raises InputError naming file and field.

    Times are ISO 8601; one without a zone is refused, since a record must not guess.
    """
    if path is None:
        return Header(), ()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:  # PyYAML lets a date such as 2026-13-45 raise
        raise InputError(
            f"{path}: cannot be read as YAML ({(str(error).splitlines() or [''])[0]})"
        ) from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: expected a mapping of facts, found {type(document).__name__}")
    actions = document.pop("actions", None) or []
    if not isinstance(actions, list):
        raise InputError(
            f"{path}: actions is {one_line(repr(actions), 60)}. Expected a list of what was done"
        )
    known = {field.name for field in fields(Header)}
    if unknown := sorted(set(map(str, document)) - known):
        raise InputError(f"{path}: unknown field {unknown[0]!r}. Known: {', '.join(sorted(known))}, actions")
    header = Header(
        **{name: _value(path, name, value) for name, value in document.items() if value is not None}
    )
    return header, tuple(_action(path, number, one) for number, one in enumerate(actions, start=1))


def _value(path: Path, name: str, value: Any) -> Any:
    if name in _TIMES:
        return _moment(path, name, value)
    if name == "adversary_suspected":
        if not isinstance(value, bool):
            raise InputError(f"{path}: {name} is {value!r}. Expected true or false")
        return value
    return str(value)


def _moment(path: Path, name: str, value: Any) -> datetime:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InputError(
            f"{path}: {name} is {value!r}. Expected a time such as 2026-03-22T09:30:00Z"
        ) from error
    if isinstance(value, date) and not isinstance(value, datetime):
        raise InputError(f"{path}: {name} is a day. Expected a time such as 2026-03-22T09:30:00Z")
    if found.tzinfo is None:
        raise InputError(f"{path}: {name} has no zone. Write it such as 2026-03-22T09:30:00Z")
    return found.astimezone(UTC)


def _action(path: Path, number: int, value: Any) -> Action:
    where = f"actions[{number}]"
    if not isinstance(value, dict) or not value.get("what"):
        raise InputError(f"{path}: {where} has no `what`")
    known = {field.name for field in fields(Action)}
    if unknown := sorted(set(map(str, value)) - known):
        raise InputError(
            f"{path}: {where} has an unknown field {unknown[0]!r}. Known: {', '.join(sorted(known))}"
        )
    phase = str(value.get("phase", "containment"))
    if phase not in PHASES:
        raise InputError(f"{path}: {where} phase {phase!r} is none of {', '.join(PHASES)}")
    time = value.get("time")
    rest = {name: str(one) for name, one in value.items() if name != "time" and one is not None}
    return Action(time=None if time is None else _moment(path, f"{where}.time", time), **rest)


_EVIDENCE = ("evidence copied", "proof")
_TO_DO = ("approved, for people to do", "approved, to be made next", "declined")


def read_actions(response: Path) -> tuple[Action, ...]:
    """Read what a response did from its ledger, whose chain is checked; what was left to people or declined is no action.

    Raises InputError where the folder holds no ledger or the ledger was edited.
    """
    from halluguard.response import read_ledger

    return tuple(
        _deed(line) for line in read_ledger(response / "ledger.jsonl") if line.get("deed") not in _TO_DO
    )


def _deed(line: dict[str, Any]) -> Action:
    deed = str(line.get("deed", ""))
    before, after = line.get("before") or {}, line.get("after") or {}
    quarantined = line.get("quarantined") or ()
    what = f"{deed}: {line['do']}" if line.get("do") else deed
    if quarantined:
        what += f" without {counted(len(quarantined), 'entry', 'entries')}"
    if back := line.get("put_back"):
        what += f"; {len(back)} put back with an earlier text"
    if ghosts := line.get("ghosts"):
        what += f"; {counted(len(ghosts), 'accused entry', 'accused entries')} from outside it: caches are to be flushed"
    return Action(
        time=datetime.fromisoformat(str(line["at"])),
        what=what,
        who=str(line.get("by") or ""),
        why=str(line.get("reason") or line.get("why") or ""),
        phase="evidence" if deed in _EVIDENCE or line.get("do") == "preserve_evidence" else "prepared",
        digest_before=str(before.get("root") or ""),
        digest_after=str(after.get("root") or line.get("root") or ""),
    )
