"""What a plan and its application come to, in lines for people."""

import shlex
from collections.abc import Sequence

from halluguard.report.hostile import one_line
from halluguard.response.plan import Plan, PlanAction
from halluguard.response.quarantine import Applied


def tell_plan(plan: Plan) -> list[str]:
    """Return a line an action with what it costs and saves, after what is to be known of the store."""
    note = plan.store.get("note")
    lines = [f"! {one_line(str(note), 300)}"] if note else []
    for action in plan.actions:
        mark = "x" if action.approve else " "
        lines.append(f"[{mark}] {action.id} {action.do}: {one_line(action.reason, 170)}")
        lines += [f"        {label}: {text}" for label, text in _figures(action)]
    return lines


def _figures(action: PlanAction) -> list[tuple[str, str]]:
    """Return cost and saving, and the first ids of a list of entries."""
    found = [
        (label, ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items()))
        for label, values in (("cost", action.cost), ("saves", action.saves))
        if values
    ]
    approved = "back" if action.do == "put_back" else "out"
    for label, wanted in ((approved, True), ("look at", False)):
        ids = [entry.id for entry in action.entries if entry.approve is wanted]
        if ids:
            found.append((label, _first_of(ids)))
    if ghosts := action.targets.get("ghosts"):
        found.append(("outside the store", _first_of(list(map(str, ghosts)))))
    return found


def _first_of(ids: Sequence[str]) -> str:
    """Return the first ids, each whole unless it alone fills a line, and how many more there are."""
    shown: list[str] = []
    for key in (one_line(key, 200) for key in ids[:12]):
        if shown and len(", ".join([*shown, key])) > 200:
            break
        shown.append(key)
    more = f" and {len(ids) - len(shown)} more" if len(ids) > len(shown) else ""
    return ", ".join(shown) + more


def tell_applied(applied: Applied) -> list[str]:
    """Return what was written and where."""
    folder = applied.folder
    back = f", {applied.back} put back with an earlier text" if applied.back else ""
    return [
        f"{applied.out} of {applied.before} entries quarantined{back}; the original store is untouched.",
        f"  new store   {folder / 'store'} ({applied.left} entries, root {applied.root_after[:16]})",
        f"  undo        halluguard respond --restore {shlex.quote(str(folder))} -o NEWSTORE",
        f"  ledger      {folder / 'ledger.jsonl'}, last digest {applied.ledger}",
        *(f"  ! {one_line(note, 300)}" for note in applied.notes),
    ]
