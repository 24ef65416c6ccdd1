"""Prove an eradication: false claims are no longer borne out by what the new store retrieves, and true ones still are."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halluguard.cascade.scores import estimate_residual, probes_needed, wilson
from halluguard.forensics import EntryIndex, index_entries
from halluguard.grounding.reader import Reader
from halluguard.models import Embedder
from halluguard.records import Entry, Status
from halluguard.report.wording import counted
from halluguard.response.book import Book, find_rewrites, open_book, retrieve
from halluguard.response.ghosts import as_entries, read_ghosts
from halluguard.response.probes import (
    CleanClaim,
    FalseClaim,
    Probe,
    make_probes,
    read_clean_claims,
    read_false_claims,
)
from halluguard.run import Run

RESIDUAL = 0.05
"""What the upper bound of the residual rate must lie below: 59 probes without a hit."""
LEAST_UNSUPPORTED = 0.99
MOST_CLEAN_LOST = 0.005
CLEAN_LIMIT = 2000
NEAR_COPY = 90.0
"""Least share of shared words, in percent, of a text that is looked at as a near copy."""


@dataclass(frozen=True)
class Proof:
    """Figures of one proof; `probes` are those that brought the false claim up before, the others show nothing.

    `ghosts` are the entries from outside the store, by id, with what the log shows of them; `uncorroborated` are clean claims
    that no longer have support and that no trusted text bears out either; `unjudged` are entries left in of which no trusted
    document speaks, with how many claims cite each.
    """

    claims: tuple[FalseClaim, ...]
    left_in: tuple[FalseClaim, ...]
    asked: int
    probes: int
    hits: int
    missed: tuple[Mapping[str, Any], ...]
    clean: int
    clean_lost: tuple[Mapping[str, Any], ...]
    uncorroborated: tuple[Mapping[str, Any], ...]
    copies: tuple[Mapping[str, Any], ...]
    ghosts: Mapping[str, tuple[str, ...]]
    top_k: int
    embedded_again: bool
    unjudged: Mapping[str, int]

    @property
    def says_it(self) -> list[Mapping[str, Any]]:
        """Entries still in the store that bear a false claim out."""
        return [one for one in self.copies if one["bears_out"]]

    @property
    def untold(self) -> list[str]:
        """Ghosts of which the log has no text."""
        return [key for key, texts in self.ghosts.items() if not texts]

    @property
    def bound(self) -> float | None:
        """S10: one-sided 95 % upper bound of the share of probes that still bring the claim up."""
        return estimate_residual(self.hits, self.probes).high if self.probes else None

    @property
    def probes_missing(self) -> int:
        """How many more probes without a hit the bound needs to fall below 5 %."""
        return max(0, probes_needed(self.hits, RESIDUAL) - self.probes)

    def failures(self) -> list[str]:
        """Return why it is not proved, one line each; nothing where it is."""
        found = []
        if not self.claims:
            found.append(
                "no false claim rests on a quarantined entry or on one from outside the store: there is nothing to prove it by"
            )
        elif not self.probes:
            found.append("no probe brought a false claim up in the old store: nothing was tested")
        elif self.hits > (1 - LEAST_UNSUPPORTED) * self.probes:
            found.append(f"{self.hits} of {self.probes} probes still bring a false claim up")
        elif (self.bound or 0.0) >= RESIDUAL:
            found.append(f"too few probes: {self.probes_missing} more without a hit are needed")
        if self.untold:
            ids = ", ".join(self.untold[:8])
            found.append(f"the log holds no text of {ids}: what it said cannot be tested")
        if self.says_it:
            ids = ", ".join(str(one["id"]) for one in self.says_it[:8])
            found.append(f"{len(self.says_it)} entries still bear a false claim out: {ids}")
        if self.clean and len(self.clean_lost) > MOST_CLEAN_LOST * self.clean:
            found.append(f"{len(self.clean_lost)} of {self.clean} clean claims lost their support")
        return found

    @property
    def proved(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.failures()

    @property
    def exit_code(self) -> int:
        """0 proved, 1 not proved."""
        return 0 if self.proved else 1

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for `proof.json`."""
        lost = len(self.clean_lost)
        return {
            "schema": 1,
            "verdict": "proved" if self.proved else "not proved",
            "failures": self.failures(),
            "top_k": self.top_k,
            "embedded_again": self.embedded_again,
            "false_claims": [
                {"claim": one.text, "entries": list(one.entries), "questions": list(one.questions)}
                for one in self.claims
            ],
            "not_judged": dict(self.unjudged),
            "claims_left_in": [{"claim": one.text, "entries": list(one.entries)} for one in self.left_in],
            "probes": {
                "asked": self.asked,
                "brought_it_up_before": self.probes,
                "bring_it_up_now": self.hits,
                "unsupported_share": None if not self.probes else round(1 - self.hits / self.probes, 6),
                "residual_upper_95": None if self.bound is None else round(self.bound, 6),
                "probes_still_needed": self.probes_missing,
                "note": "rewrites of one question are not independent: the bound is as good as the probes are varied",
                "still": list(self.missed),
            },
            "clean": {
                "claims": self.clean,
                "lost": lost,
                "share": None if not self.clean else round(lost / self.clean, 6),
                "interval": None if not self.clean else [round(x, 6) for x in wilson(lost, self.clean)],
                "which": list(self.clean_lost),
                "uncorroborated": list(self.uncorroborated),
            },
            "ghosts": {
                "ids": list(self.ghosts),
                "without_text": self.untold,
                "note": "entries from outside the store: the store alone is asked, what a cache serves is not",
            },
            "near_copies": list(self.copies),
        }


def prove(
    run: Run,
    before: Iterable[Entry],
    after: Iterable[Entry],
    *,
    reader: Reader,
    embedder: Embedder,
    ghosts: Collection[str] = (),
    top_k: int | None = None,
    seed: int = 0,
) -> Proof:
    """Ask both states of a store the same questions, and read what they retrieve.

    Args:
        run: a traced run; its questions and flagged claims are replayed.
        before: entries of the original store.
        after: entries of the new one.
        reader: decides whether a text bears a claim out.
        embedder: of the questions, and of the entries where their vectors are another model's.
        ghosts: accused ids that the store no longer holds; as the log shows them they count as entries of the original.
        top_k: texts retrieved a question; by default the median of the log.
        seed: of the sample of clean answers.

    """
    stored, left = list(before), list(after)
    known = read_ghosts(run, {entry.id for entry in stored})
    told = {key: known.get(key, ()) for key in ghosts}
    old, new = index_entries([*stored, *as_entries(told, embedder)], embedder), index_entries(left, embedder)
    kept = {(entry.id, entry.text) for entry in left}
    gone = [entry for entry in old.entries if (entry.id, entry.text) not in kept]
    claims, left_in = read_false_claims(run, {*(entry.id for entry in gone), *told})
    k, asked = _habits(run)
    k = top_k or k
    book = open_book(run, reader, embedder)
    probes = make_probes(claims, asked, embedder)
    tops_old, tops_new = (retrieve(index, [p.question for p in probes], k, embedder) for index in (old, new))
    asked_of = zip(probes, tops_old, tops_new, strict=True)
    book.learn((claims[p.claim].text, entry) for p, was, now in asked_of for entry in (*was, *now))
    effective = [
        (probe, top)
        for probe, was, top in zip(probes, tops_old, tops_new, strict=True)
        if book.said_by(claims[probe.claim].text, was)
    ]
    still = [
        {"question": p.question, "origin": p.origin, "claim": claims[p.claim].text, "entries": found}
        for p, top in effective
        if (found := book.said_by(claims[p.claim].text, top))
    ]
    clean = read_clean_claims(run, CLEAN_LIMIT, seed)
    lost, uncorroborated = part_by_trust(_lost(clean, old, new, k, book=book, embedder=embedder), book)
    return Proof(
        claims,
        left_in,
        len(probes),
        len(effective),
        len(still),
        tuple(still),
        len(clean),
        lost,
        uncorroborated,
        tuple(_find_copies(claims, new, gone, book=book, embedder=embedder)),
        told,
        k,
        new.embedded_again,
        _read_unjudged(run, {entry.id for entry in gone}),
    )


def _read_unjudged(run: Run, gone: Collection[str]) -> Mapping[str, int]:
    """Return the entries left in of which no trusted document speaks, each with how many claims cite it."""
    rows = run.read("claims", ["status", "cited_ids"]).to_pylist()
    found = Counter(
        id_
        for row in rows
        if row["status"] == Status.UNCORROBORATED
        for id_ in row["cited_ids"] or ()
        if id_ not in gone
    )
    return dict(found.most_common())


def _habits(run: Run) -> tuple[int, list[str]]:
    """Return how many texts the log's answers retrieved at the median, and every question."""
    sizes, questions = [], []
    for batch in run.stream("turns"):
        for row in batch.select(["question", "retrieved"]).to_pylist():
            if row["retrieved"]:
                sizes.append(len(row["retrieved"]))
            if row["question"]:
                questions.append(row["question"])
    return (max(1, int(np.median(sizes))) if sizes else 5), questions


def _lost(
    clean: Sequence[CleanClaim], old: EntryIndex, new: EntryIndex, k: int, *, book: Book, embedder: Embedder
) -> list[Mapping[str, Any]]:
    """Return the clean claims that what was retrieved before bore out and what is retrieved now does not."""
    questions = [claim.question for claim in clean]
    tops = zip(
        clean, retrieve(old, questions, k, embedder), retrieve(new, questions, k, embedder), strict=True
    )
    touched = [(c, was, now) for c, was, now in tops if _said(was) != _said(now)]
    book.learn((claim.text, entry) for claim, was, now in touched for entry in (*was, *now))
    return [
        {"turn_id": c.turn_id, "claim": c.text, "question": c.question, "was_borne_by": borne}
        for c, was, now in touched
        if (borne := book.borne_by(c.text, was)) and not book.borne_by(c.text, now)
    ]


def _said(entries: Sequence[Entry]) -> list[tuple[str, str | None]]:
    return [(entry.id, entry.text) for entry in entries]


_Rows = tuple[Mapping[str, Any], ...]


def part_by_trust(lost: Sequence[Mapping[str, Any]], book: Book) -> tuple[_Rows, _Rows]:
    """Part lost claims into those that a trusted text bears out, and those that only what is gone bore out.

    Trusted texts are read as the store's are, one at a time: the check read those nearest to a claim together, and may have found
    in them what none of them says. Without a trusted corpus every claim counts as lost.
    """
    if book.vouching is None or not lost:
        return tuple(lost), ()
    near = book.vouching.nearest([text for row in lost for text in (row["claim"], row["question"])])
    passages = [[Entry(p.id, p.text) for p in (*near[2 * n], *near[2 * n + 1])] for n, _ in enumerate(lost)]
    book.learn((row["claim"], p) for row, some in zip(lost, passages, strict=True) for p in some)
    borne = [bool(book.borne_by(row["claim"], some)) for row, some in zip(lost, passages, strict=True)]
    return (
        tuple(row for row, is_borne in zip(lost, borne, strict=True) if is_borne),
        tuple(row for row, is_borne in zip(lost, borne, strict=True) if not is_borne),
    )


def _find_copies(
    claims: Sequence[FalseClaim],
    new: EntryIndex,
    gone: Sequence[Entry],
    *,
    book: Book,
    embedder: Embedder,
) -> list[Mapping[str, Any]]:
    """Return entries still in the store that bear a false claim out, and those that share a quarantined text's words."""
    bears = find_rewrites(claims, new, book, embedder)
    like = _share_words(gone, new.entries)
    return [
        {"id": key, "bears_out": bears.get(key, []), "shares_words_with": like.get(key)}
        for key in sorted({*bears, *like}, key=lambda key: (key not in bears, key))
    ]


def _share_words(gone: Sequence[Entry], kept: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Return, by id, the quarantined entry whose words an entry shares most, where it shares nearly all."""
    from rapidfuzz import fuzz, process, utils

    texts = [utils.default_process(entry.text or "") for entry in kept]
    found: dict[str, dict[str, Any]] = {}
    score: Callable[..., float] = fuzz.token_sort_ratio
    first: dict[str, Entry] = {}  # copies of one text share the same words with the same entries
    for entry in gone:
        if entry.text:
            first.setdefault(utils.default_process(entry.text), entry)
    for text, entry in first.items():
        matches = process.extract(text, texts, scorer=score, score_cutoff=NEAR_COPY, limit=None)
        for _, likeness, place in matches:
            if likeness > found.get(kept[place].id, {"percent": 0.0})["percent"]:
                found[kept[place].id] = {"id": entry.id, "percent": round(float(likeness), 1)}
    return found


def tell_proof(proof: Proof) -> list[str]:
    """Return the proof in lines for people."""
    from halluguard.report.hostile import one_line

    bound = "not tested" if proof.bound is None else f"{proof.bound:.1%}"
    lines = [
        f"{'PROVED' if proof.proved else 'NOT PROVED'}: {len(proof.claims)} false claims, top {proof.top_k}.",
        (
            f"  probes      {proof.hits} of {proof.probes} still bring a false claim up ({proof.asked} asked); "
            f"residual at most {bound} (95 %), {proof.probes_missing} more probes needed for 5 %"
        ),
        f"  clean       {len(proof.clean_lost)} of {proof.clean} grounded claims lost their support"
        + (
            f"; {len(proof.uncorroborated)} more, which no trusted text bears out by itself"
            if proof.uncorroborated
            else ""
        ),
        (
            f"  still there {len(proof.says_it)} entries bear a false claim out, "
            f"{len(proof.copies) - len(proof.says_it)} share the words of a quarantined text without bearing one out"
        ),
    ]
    lines += [f"  ! {one_line(failure, 300)}" for failure in proof.failures()]
    if proof.ghosts:
        lines.append(
            f"  accused from outside the store: {len(proof.ghosts)}; what a cache still serves is not tested"
        )
    if proof.unjudged:
        named = one_line(", ".join(list(proof.unjudged)[:6]), 120)
        lines.append(
            f"  not judged  {len(proof.unjudged)} entries left in, of which no trusted document speaks, are cited: {named}. "
            "If one says what is false, check again with --known-false"
        )
    if proof.left_in:
        lines.append(
            f"  {counted(len(proof.left_in), 'flagged claim')} {'rests' if len(proof.left_in) == 1 else 'rest'} only on entries that were left in the store"
        )
    return lines


__all__ = ["Probe", "Proof", "prove", "tell_proof"]
