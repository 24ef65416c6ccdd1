"""Contain and eradicate: a plan, a new store without what is false, an archive to undo it, and the proof that it is gone.

`propose_plan` reads a run, `apply_plan` carries a plan out, `restore_store` undoes it; `take_snapshot` and `diff_stores`
compare states of a store.
"""

from halluguard.response.diff import StoreDifference, diff_stores, tell_difference
from halluguard.response.ledger import Signature, read_ledger
from halluguard.response.plan import Plan, PlanAction, PlanEntry, read_plan, write_plan
from halluguard.response.propose import propose_plan
from halluguard.response.quarantine import Applied, apply_plan, restore_store
from halluguard.response.respond import (
    carry_out,
    find_plan,
    find_unproved,
    plan_response,
    prove_response,
    search_with,
    wants_proof,
)
from halluguard.response.snapshot import Snapshot, take_snapshot

__all__ = [
    "Applied",
    "Plan",
    "PlanAction",
    "PlanEntry",
    "Signature",
    "Snapshot",
    "StoreDifference",
    "apply_plan",
    "carry_out",
    "diff_stores",
    "find_plan",
    "find_unproved",
    "plan_response",
    "propose_plan",
    "prove_response",
    "read_ledger",
    "read_plan",
    "restore_store",
    "search_with",
    "take_snapshot",
    "tell_difference",
    "wants_proof",
    "write_plan",
]
