"""The plan: what a run and its store call for, in order, as YAML that a person may edit before anything is done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import yaml

from halluguard.errors import InputError

SCHEMA = 1
KINDS = (
    "preserve_evidence",
    "freeze_write_back",
    "quarantine",
    "put_back",
    "freeze_sources",
    "flush_caches",
    "fall_back",
    "roll_back",
    "prove",
    "recall_answers",
)
"""What an action can do, in the order of a plan: keep, stop growth, take out, put the earlier text in, stop what comes in, flush, cover, prove, correct."""

ONCE = ("preserve_evidence", "roll_back", "prove")
"""What a plan decides once: of two such actions, one approved and one not, neither could be meant."""

DONE_HERE = frozenset({"preserve_evidence", "quarantine", "put_back", "roll_back"})
"""What applying a plan does itself; a proof follows it, the rest is for people, and the ledger says so."""


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """One entry on the list of a quarantine, or of what is put back: then `text` and `snapshot` say what, from which copy."""

    id: str
    approve: bool = True
    role: str = ""
    why: tuple[str, ...] = ()
    source: str | None = None
    batch: str | None = None
    text: str = ""
    snapshot: str = ""


@dataclass(frozen=True, slots=True)
class PlanAction:
    """One action: what, why, on what evidence, what it costs and what it saves, in counts."""

    id: str
    do: str
    approve: bool
    reason: str
    evidence: tuple[str, ...] = ()
    cost: Mapping[str, Any] = field(default_factory=dict)
    saves: Mapping[str, Any] = field(default_factory=dict)
    entries: tuple[PlanEntry, ...] = ()
    targets: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan over one store; `files` are the digests of the store it was made on."""

    run: str
    store: Mapping[str, Any]
    actions: tuple[PlanAction, ...]

    def find(self, kind: str) -> PlanAction | None:
        """Return the action of a kind, or None."""
        return next((action for action in self.actions if action.do == kind), None)

    def condemned(self) -> tuple[str, ...]:
        """Return the ids that approved quarantines take out, in order."""
        return tuple(entry.id for entry in self._approved("quarantine"))

    def put_back(self) -> dict[str, Path]:
        """Return the ids that get their earlier text, each with the copy of the store that holds it."""
        return {entry.id: Path(entry.snapshot) for entry in self._approved("put_back")}

    def roll_back(self) -> Path | None:
        """Return the copy of the store that an approved roll back goes to; None where there is none."""
        action = self.find("roll_back")
        return Path(str(action.targets["snapshot"])) if action is not None and action.approve else None

    def ghosts(self) -> tuple[str, ...]:
        """Return the ids that the store no longer holds and that approved flushes of caches are for."""
        flushes = (one for one in self.actions if one.do == "flush_caches" and one.approve)
        return tuple(str(key) for one in flushes for key in one.targets.get("ghosts") or ())

    def _approved(self, kind: str) -> Iterator[PlanEntry]:
        for action in self.actions:
            if action.do == kind and action.approve:
                yield from (entry for entry in action.entries if entry.approve)


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as it stands in YAML; what is empty is left out."""
    return {
        "schema": SCHEMA,
        "run": plan.run,
        "store": dict(plan.store),
        "actions": [_action_as_dict(action) for action in plan.actions],
    }


def _action_as_dict(action: PlanAction) -> dict[str, Any]:
    made: dict[str, Any] = {"id": action.id, "do": action.do, "approve": action.approve}
    made |= {"reason": action.reason, "evidence": list(action.evidence)}
    made |= {"cost": dict(action.cost), "saves": dict(action.saves), "targets": dict(action.targets)}
    made["entries"] = [
        {
            name: list(value) if isinstance(value, tuple) else value
            for name in (field.name for field in fields(PlanEntry))
            if (value := getattr(entry, name)) not in ("", (), None)
        }
        for entry in action.entries
    ]
    return {key: value for key, value in made.items() if value not in ({}, [])}


_HEAD = """\
# Plan of response. Nothing is done before `halluguard respond --apply` with this file.
# Edit it: `approve: false` on an action or an entry leaves it out; an entry may be deleted, or added by its id.
"""


def write_plan(plan: Plan) -> str:
    """Return the YAML of a plan, keys in their order."""
    return _HEAD + yaml.safe_dump(
        plan_as_dict(plan), sort_keys=False, allow_unicode=True, width=110, default_flow_style=False
    )


def read_plan(path: Path) -> Plan:
    """Read a plan that a person may have edited.

    Raises:
        InputError: it is no YAML, or a field is unknown, missing, or of another kind; naming the field.

    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:  # a date that is none: ValueError
        why = str(error).replace("\n", " ")
        raise InputError(
            f"{path}: cannot be read as a plan ({why}). Make one with `halluguard respond`"
        ) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError(f"{path}: not a plan of this version (field schema: {SCHEMA} is missing)")
    actions, store = document.get("actions"), document.get("store")
    if not isinstance(actions, list) or not isinstance(store, dict):
        raise InputError(f"{path}: field actions is no list, or store no mapping")
    if not isinstance(store.get("files") or {}, dict):
        raise InputError(
            f"{path}: store.files is {store['files']!r:.80}. Expected a mapping of file names to their SHA-256"
        )
    read = tuple(_read_action(path, number, one) for number, one in enumerate(actions, start=1))
    kinds = [action.do for action in read]
    if twice := next((kind for kind in ONCE if kinds.count(kind) > 1), None):
        raise InputError(f"{path}: several actions with do: {twice}. Expected one at most: remove the others")
    return Plan(str(document.get("run", "")), store, read)


def _read_action(path: Path, number: int, value: Any) -> PlanAction:
    where = f"{path}: actions[{number}]"
    row = _checked(where, value, PlanAction)
    if row.get("do") not in KINDS:
        raise InputError(f"{where}.do is {row.get('do')!r}. Expected one of {', '.join(KINDS)}")
    _require_flag(where, row)
    for name in ("cost", "saves", "targets"):
        row[name] = _field(where, row, name, "mapping")
    targets = row["targets"]
    if not isinstance(targets.get("ghosts", []), list):
        raise InputError(
            f"{where}.targets is {targets!r:.80}. Expected a mapping, with ghosts as a list of ids"
        )
    copy = targets.get("snapshot")
    if row["do"] == "roll_back" and (not isinstance(copy, str) or not copy):
        raise InputError(
            f"{where}.targets.snapshot is {copy!r:.80}. Expected the path of an earlier copy of the store"
        )
    entries = _field(where, row, "entries", "list")
    listed = tuple(_read_entry(f"{where}.entries[{n}]", one) for n, one in enumerate(entries, start=1))
    row["evidence"] = tuple(map(str, _field(where, row, "evidence", "list")))
    for name in ("id", "reason"):
        if name in row:
            row[name] = str(row[name] or "")
    for entry in listed:
        if row["do"] == "put_back" and not entry.snapshot:
            raise InputError(
                f"{where}: entry {entry.id!r} has no snapshot. Expected the path of an earlier copy of the store"
            )
    return PlanAction(**{"id": f"A{number}", "reason": "", **row, "entries": listed})


def _read_entry(where: str, value: Any) -> PlanEntry:
    row = _checked(where, value, PlanEntry)
    if not isinstance(row.get("id"), str):
        raise InputError(
            f"{where}.id is {row.get('id')!r}. Expected the id of an entry, in quotes if it is a number"
        )
    _require_flag(where, {"approve": True, **row})
    for name in ("source", "batch", "role", "text", "snapshot"):
        if not isinstance(row.get(name), str | None):
            raise InputError(
                f"{where}.{name} is {row[name]!r:.80}. Expected text, in quotes if it is a number"
            )
        if row.get(name) is None:
            row.pop(name, None)
    return PlanEntry(**{**row, "why": tuple(map(str, _field(where, row, "why", "list")))})


def _field(where: str, row: Mapping[str, Any], name: str, kind: Literal["list", "mapping"]) -> Any:
    """Return a list or mapping that may be left empty."""
    value = row.get(name)
    if value is None:
        return [] if kind == "list" else {}
    if not isinstance(value, list if kind == "list" else dict):
        raise InputError(f"{where}.{name} is {value!r:.80}. Expected a {kind}")
    return value


def _checked(where: str, value: Any, kind: type) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where} is a {type(value).__name__}. Expected a mapping")
    known = [field.name for field in fields(kind)]
    if unknown := sorted(set(map(str, value)) - set(known)):
        raise InputError(f"{where}: unknown field {unknown[0]!r}. Known: {', '.join(known)}")
    return dict(value)


def _require_flag(where: str, row: Mapping[str, Any]) -> None:
    if not isinstance(row.get("approve"), bool):
        raise InputError(f"{where}.approve is {row.get('approve')!r}. Expected true or false")


def number_actions(actions: Sequence[PlanAction]) -> tuple[PlanAction, ...]:
    """Return actions in the order of `KINDS`, with ids A1, A2, ..."""
    from dataclasses import replace

    ordered = sorted(actions, key=lambda action: KINDS.index(action.do))
    return tuple(replace(action, id=f"A{number}") for number, action in enumerate(ordered, start=1))
