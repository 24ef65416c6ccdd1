"""`respond` from end to end: propose, apply, prove, restore, each with its files in one folder."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from halluguard.errors import InputError
from halluguard.response.apart import list_kept, require_apart
from halluguard.response.ledger import Signature, append_ledger, read_ledger
from halluguard.response.plan import Plan, read_plan, write_plan
from halluguard.response.propose import Found, Search, propose_plan
from halluguard.response.quarantine import LEDGER, PLAN, STORE, Applied, apply_plan, read_applied
from halluguard.run import Run, digest_file, write_atomically, write_json
from halluguard.stores import Store, open_store

if TYPE_CHECKING:
    from halluguard.grounding.reader import Reader
    from halluguard.models import Embedder
    from halluguard.response.probes import FalseClaim
    from halluguard.response.proof import Proof

PROOF = "proof.json"


def search_with(
    run: Run,
    store: Store,
    reader: "Reader",
    embedder: "Embedder",
    *,
    snapshots: Sequence[Path] = (),
    collection: str | None = None,
) -> Search:
    """Return what tells, of entries to be quarantined, which are trusted texts, which others say what the rest say, and what copies held before."""
    from halluguard.forensics import index_entries
    from halluguard.response.book import find_all_rewrites, find_false, find_vouched, open_book
    from halluguard.response.earlier import choose_earlier, read_earlier
    from halluguard.response.probes import read_false_claims

    def search(ids: Sequence[str]) -> Found:
        entries, accused = list(store.entries()), set(ids)
        book = open_book(run, reader, embedder)
        vouched = find_vouched(book, [entry for entry in entries if entry.id in accused])
        index = index_entries(entries, embedder)
        rewrites: dict[str, list[str]] = {}
        claims: tuple[FalseClaim, ...] = ()
        while True:  # an entry found may be in another cascade, whose claim is then false too
            held = {*accused, *rewrites} - vouched
            more, left_in = read_false_claims(run, held)
            if len(more) == len(claims):
                break
            claims = more
            rewrites |= find_all_rewrites(claims, index, book, embedder, held)
        copies = read_earlier(store, held, snapshots, collection)
        texts = {one.text for found in copies.values() for one in found if one.text and not one.hindrance}
        false = find_false((*claims, *left_in), sorted(texts), book)
        said = {key: found for key, found in rewrites.items() if key not in vouched}
        return Found(vouched, said, choose_earlier(copies, false))

    return search


def plan_response(
    run: Run,
    store: Store,
    folder: Path,
    *,
    snapshots: Iterable[Path] = (),
    collection: str | None = None,
    search: Search | None = None,
) -> Plan:
    """Write `plan.yaml` into a folder and return the plan; nothing else is written.

    Raises:
        InputError: the folder is, contains or lies inside what the case rests on, holds an applied plan, or a plan that differs
            from this one and may have been edited.

    """
    copies = tuple(snapshots)
    require_apart(folder, list_kept(run, store, copies))
    if (folder / LEDGER).exists():
        raise InputError(f"{folder}: a plan was applied here. Choose another folder with -o")
    plan = propose_plan(run, store, copies, collection=collection, search=search)
    text = write_plan(plan).encode()
    path = folder / PLAN
    if path.exists() and path.read_bytes() != text:
        raise InputError(
            f"{path}: is another plan, perhaps edited. Apply it with --apply, or remove it to plan anew"
        )
    write_atomically(path, text)
    return plan


def carry_out(
    run: Run,
    store: Store,
    folder: Path,
    *,
    signed: Signature,
    plan: Path | None = None,
    collection: str | None = None,
) -> Applied:
    """Apply the plan of a folder, or another file's.

    Raises:
        InputError: there is no plan.

    """
    return apply_plan(run, store, find_plan(folder, plan), folder, signed=signed, collection=collection)


def find_plan(folder: Path, plan: Path | None = None) -> Plan:
    """Read the plan of a folder, or another file's.

    Raises:
        InputError: there is no plan, or it cannot be meant.

    """
    path = plan or folder / PLAN
    if not path.is_file():
        raise InputError(
            f"{path}: no plan. Make one with `halluguard respond RUN --store S -o DIR`, read it, then apply"
        )
    return read_plan(path)


def find_unproved(store: Store, folder: Path, plan: Plan) -> Applied | None:
    """Return what was applied in a folder and not proved yet, though its plan asks for a proof; None where that is not so.

    Raises:
        InputError: another plan than the given one was applied there, another store was reduced, or the ledger was edited.

    """
    if not (folder / LEDGER).is_file() or not wants_proof(plan) or _is_proof_recorded(folder):
        return None
    if plan != read_plan(folder / PLAN):
        raise InputError(f"{folder}: another plan was applied here. Leave --plan out to prove that one")
    return read_applied(store, folder)


def _is_proof_recorded(folder: Path) -> bool:
    """Tell whether the ledger names the very proof that lies in a folder; a kill may have come between the two."""
    path = folder / PROOF
    digest = digest_file(path) if path.is_file() else None
    return any(
        line.get("deed") == "proof" and line.get("proof") == digest for line in read_ledger(folder / LEDGER)
    )


def wants_proof(plan: Plan) -> bool:
    """Tell whether a plan asks for a proof."""
    action = plan.find("prove")
    return action is not None and action.approve


def prove_response(
    run: Run,
    store: Store,
    folder: Path,
    *,
    reader: "Reader",
    embedder: "Embedder",
    collection: str | None = None,
    signed: Signature | None = None,
) -> "Proof":
    """Prove what was applied in a folder, and write `proof.json` there; with `signed` the ledger says so."""
    from halluguard.response.proof import prove

    made = open_store(folder / STORE, collection=collection)
    ghosts = read_plan(folder / PLAN).ghosts()
    proof = prove(run, store.entries(), made.entries(), reader=reader, embedder=embedder, ghosts=ghosts)
    write_json(folder / PROOF, proof.as_dict())
    if signed is not None:
        verdict = proof.as_dict()["verdict"]
        append_ledger(
            folder / LEDGER,
            signed,
            {"deed": "proof", "verdict": verdict, "proof": digest_file(folder / PROOF)},
        )
    return proof
