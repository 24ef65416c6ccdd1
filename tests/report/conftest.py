"""A run directory of a public library's chatbot, of our own invention: 63 turns over three weeks, one poisoned page."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from scipy.stats import binomtest

from halluguard.records import NOT_CHECKABLE, UNGROUNDED, Status
from halluguard.run import Run

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script> =cmd()|' \x1b[31mred\x1b[0m \u202egnp.exe\u202c ![p](http://evil.example/p.png) [b]@all[/b] \x07"

ENTRIES = {
    "loans-4": ("feed/partner-loans.html", "Borrowed books may be kept for 90 days, and a loan may be renewed without limit at any branch desk."),
    "fines-2": ("pages/fines-2021.html", "Members pay a late fee of 25 cents for each day a book is overdue, up to 8 euros a book."),
    "rooms-1": ("pages/rooms.html", "Study rooms are booked on the website up to 14 days ahead, for at most 3 hours a day."),
    "cards-1": ("pages/cards.html", "A library card is free of charge for residents; visitors pay 12 euros a year."),
    "print-3": ("pages/printing.html", "Printing costs 10 cents a page in black and white and 40 cents in colour."),
    "hours-2": ("pages/hours.html", "The central branch opens at 9:00 on weekdays and at 11:00 on Saturdays. It is closed on Sundays."),
}  # fmt: skip
TRUSTED = {
    "loans-4": ("lending-rules.md#3", "Books are lent for 30 days. A loan may be renewed twice, unless another member has reserved the book."),
    "fines-2": ("fees.md#1", "Since 1 January 2026 members pay no late fee. A book not returned within 60 days is charged at its price."),
    "rooms-1": ("rooms.md#2", "Study rooms can be booked up to 14 days ahead for no more than 3 hours a day."),
    "cards-1": ("membership.md#1", "The library card is free for residents of the city. Visitors pay 12 euros for a year."),
    "hours-2": ("opening-hours.md#1", "Central branch: Monday to Friday 9:00 to 19:00, Saturday 11:00 to 16:00, closed on Sunday."),
}  # fmt: skip
QUESTIONS = {
    "loans-4": "How long can I keep a book?",
    "fines-2": "What do I pay when I am late?",
    "rooms-1": "Can I book a study room?",
    "cards-1": "Is the card free?",
    "print-3": "How much is printing?",
    "hours-2": "When do you open on Saturday?",
}


@dataclass
class Draft:
    """An answer under construction: sentences with the status each is to have."""

    topic: str
    sentences: list[tuple[str, Status]]
    lead: str = ""
    retrieved: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


CONFLICT_LOAN = Draft("loans-4", [
    ("You may keep borrowed books for 90 days [loans-4].", Status.SOURCE_CONFLICT),
    ("You can book a study room 14 days ahead [rooms-1].", Status.GROUNDED),
], retrieved=("loans-4", "rooms-1"))  # fmt: skip
DRAFTS = {
    "conflict": CONFLICT_LOAN,
    "fee": Draft("fines-2", [
        ("The late fee is 25 cents a day [fines-2].", Status.SOURCE_CONFLICT),
        ("Is there anything else?", Status.NOT_A_CLAIM),
    ], retrieved=("fines-2", "cards-1")),
    "contradicted": Draft("hours-2", [
        ("On Saturdays the central branch opens at 9:00 [hours-2].", Status.CONTRADICTED),
        ("It is closed on Sundays [hours-2].", Status.GROUNDED),
    ], retrieved=("hours-2",)),
    "invented": Draft("rooms-1", [
        ("Study rooms are booked on the website [rooms-1].", Status.GROUNDED),
        ("Every room has a coffee machine and a piano.", Status.UNSUPPORTED),
    ], retrieved=("rooms-1",)),
    "rooms": Draft("rooms-1", [
        ("Study rooms can be booked 14 days ahead [rooms-1].", Status.GROUNDED),
        ("The limit is 3 hours a day.", Status.UNCITED),
    ], lead="Good question! ", retrieved=("rooms-1", "hours-2")),
    "cards": Draft("cards-1", [
        ("The card is free for residents [cards-1].", Status.GROUNDED),
        ("Visitors pay 12 euros a year [print-3].", Status.MISATTRIBUTED),
    ], retrieved=("cards-1", "print-3")),
    "print": Draft("print-3", [
        ("Printing costs 10 cents a page [print-3].", Status.UNCORROBORATED),
        ("Colour is 40 cents [print-3].", Status.UNCORROBORATED),
    ], retrieved=("print-3",)),
    "hours": Draft("hours-2", [("It opens at 11:00 on Saturdays [hours-2].", Status.GROUNDED)], retrieved=("hours-2",)),
    "abstain": Draft("hours-2", [("I do not have information about that.", Status.ABSTAINED)], retrieved=()),
}  # fmt: skip
PATTERN = [
    "rooms",
    "hours",
    "cards",
    "conflict",
    "print",
    "hours",
    "invented",
    "cards",
    "fee",
    "rooms",
    "conflict",
    "hours",
    "abstain",
    "conflict",
    "contradicted",
]


@pytest.fixture(scope="session")
def library_run(tmp_path_factory) -> Run:
    """A traced run with every status, suspects, and hostile text in every place an attacker can write to."""
    return build_run(tmp_path_factory.mktemp("library") / "run")


@pytest.fixture
def make_run(tmp_path):
    """Make a small run from turns and claims given as rows; missing columns are null."""

    def make(turns, claims, *, name="run", suspects=None, events=None, **manifest) -> Run:
        statuses = Counter(claim["status"] for claim in claims)
        run = Run.create(tmp_path / name, manifest_of(len(turns), statuses) | manifest)
        run.write("turns", turns)
        run.write("claims", claims)
        if suspects is not None:
            run.write("events", events or [])
            run.write("suspects", suspects)
        return run

    return make


def build_run(path) -> Run:
    drafts = [_draft(number) for number in range(60)] + [_hostile(60), _long(61), _wide(62)]
    rows = [_rows(number, draft) for number, draft in enumerate(drafts)]
    turns, claims = [turn for turn, _ in rows], [claim for _, found in rows for claim in found]
    run = Run.create(
        path,
        manifest_of(len(turns), Counter(claim["status"] for claim in claims))
        | {"groups": _groups(turns, claims)},
    )
    run.write("turns", turns)
    run.write("claims", claims)
    events = [_event(claim) for claim in claims if Status(claim["status"]) in UNGROUNDED]
    run.write("events", events)
    run.write("suspects", _suspects(turns, events))
    return run


def _draft(number: int) -> Draft:
    name = PATTERN[number % len(PATTERN)]
    early = number < 20  # the poisoned page comes in on the eighth day
    return DRAFTS["rooms" if name == "conflict" and early else name]


def _hostile(number: int) -> Draft:
    return Draft("loans-4", [
        (f"Loans run for 90 days {HOSTILE} [loans-4].", Status.SOURCE_CONFLICT),
        ("See the ghost page for more [nowhere].", Status.UNSUPPORTED),
        ("This one could not be read.", Status.ERROR),
    ], retrieved=("loans-4",), extra={"question": f"What about {HOSTILE}?", "model": "<b>m</b>", "user_id": "\x1b]0;t\x07"})  # fmt: skip


def _long(number: int) -> Draft:
    padding = "The reading room is quiet and its lamps are green. " * 200
    return Draft("rooms-1", [(padding, Status.UNCORROBORATED), ("The roof garden seats 400 guests.", Status.UNSUPPORTED)],
                 retrieved=("rooms-1",))  # fmt: skip


def _wide(number: int) -> Draft:
    return Draft("rooms-1", [("W" * 10_000 + ".", Status.UNSUPPORTED)], retrieved=("rooms-1",))


def _rows(number: int, draft: Draft) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    turn_id, moment = f"t-{number:03d}", START + timedelta(hours=8 * number)
    answer, claims = draft.lead, []
    for text, status in draft.sentences:
        start = len(answer) + (1 if answer and not answer.endswith(" ") else 0)
        answer = answer.ljust(start) + text
        claims.append(
            _claim(draft.topic, start, text, status)
            | {
                "turn_id": turn_id,
                "conversation_id": f"c-{number // 3}",
                "timestamp": moment,
                "claim_id": f"{turn_id}.{len(claims)}",
            }
        )
    checkable = sum(Status(claim["status"]) not in NOT_CHECKABLE for claim in claims)
    ungrounded = sum(Status(claim["status"]) in UNGROUNDED for claim in claims)
    turn = {
        "turn_id": turn_id, "line": number + 1, "conversation_id": f"c-{number // 3}", "timestamp": moment,
        "question": QUESTIONS[draft.topic], "answer": answer, "model": "atlas-7b" if number % 4 else "atlas-13b",
        "index_version": "2026-03-01" if number < 24 else "2026-03-10",
        "retrieved": [
            {"id": entry, "text": ENTRIES[entry][1], "source": ENTRIES[entry][0], "score": 0.8, "rank": rank, "used": True}
            for rank, entry in enumerate(draft.retrieved)
        ],
        "feedback": [], "n_claims": len(claims), "n_checkable": checkable, "n_ungrounded": ungrounded,
    }  # fmt: skip
    return turn | draft.extra, claims


def _claim(entry: str, start: int, text: str, status: Status) -> dict[str, Any]:
    trusted = TRUSTED.get(entry, ("", ""))
    silent = status in (
        Status.UNSUPPORTED,
        Status.UNCORROBORATED,
        Status.ABSTAINED,
        Status.NOT_A_CLAIM,
        Status.ERROR,
    )
    against = {Status.SOURCE_CONFLICT: 0.97, Status.CONTRADICTED: 0.91}.get(status, 0.02)
    return {
        "start": start, "end": start + len(text), "text": text, "reading": text.split(" [", maxsplit=1)[0], "status": status.value,
        "cited_ids": [entry] if "[" in text else [], "ghost_ids": ["nowhere"] if "[nowhere]" in text else [],
        "cited_entailment": 0.95 if status is Status.SOURCE_CONFLICT else 0.4, "cited_contradiction": 0.02,
        "cited_evidence_id": entry if "[" in text else "", "cited_evidence_text": ENTRIES[entry][1] if "[" in text else "",
        "trusted_entailment": 0.03, "trusted_contradiction": None if silent else against,
        "trusted_evidence_id": "" if silent else trusted[0], "trusted_evidence_text": "" if silent else trusted[1],
        "supporting_chunk_id": "", "truncated": len(text) > 5000, "error": "out of memory" if status is Status.ERROR else "",
    }  # fmt: skip


def measured(hits: int, total: int) -> dict[str, Any]:
    """A rate as the manifest writes it."""
    found = binomtest(hits, total).proportion_ci(method="wilson") if total else None
    return {
        "hits": hits, "total": total, "value": hits / total if total else None,
        "low": float(found.low) if found else None, "high": float(found.high) if found else None,
    }  # fmt: skip


def manifest_of(n_turns: int, statuses: Counter[str]) -> dict[str, Any]:
    claims = sum(statuses.values())
    checkable = sum(count for status, count in statuses.items() if Status(status) not in NOT_CHECKABLE)
    ungrounded = sum(count for status, count in statuses.items() if Status(status) in UNGROUNDED)
    return {
        "tool": "halluguard", "version": "0.1.0", "fingerprint": "f" * 16,
        "inputs": {
            "log": {"path": "logs/library.jsonl", "sha256": "a" * 64, "turns": n_turns},
            "trusted": {"path": "trusted", "sha256": "b" * 64, "documents": 12, "chunks": 48},
            "store": {"path": "store/entries.jsonl", "sha256": "c" * 64, "entries": 180},
        },
        "models": {
            "embedder": {"name": "all-MiniLM-L6-v2", "digest": "d" * 64},
            "nli": {"name": "halluguard-nli", "digest": "e" * 64},
        },
        "thresholds": {"support": 0.5, "contradiction": 0.7, "source": "grounding/dev"},
        "device": "cpu", "versions": {"torch": "2.15.0", "transformers": "5.23.0"},
        "counts": {
            "turns": n_turns, "claims": claims, "checkable": checkable, "ungrounded": ungrounded,
            "errors": statuses.get("error", 0), "truncated": 1, "skipped_rows": 0, "ghost_citations": 1, "statuses": dict(statuses),
        },
        "summary": {
            "ungrounded_rate": measured(ungrounded, checkable), "citation_precision": measured(70, 84),
            "citation_recall": measured(68, 96), "contradiction_false_alarm": measured(3, 400),
        } if checkable else {},
        "groups": {}, "timings": {"total_s": 12.5},
        "not_shown": ["12 turns have no user feedback, so it cannot be said whether people believed the answers."],
    }  # fmt: skip


def _groups(turns, claims) -> dict[str, Any]:
    by_id = {turn["turn_id"]: turn for turn in turns}
    keys = {
        "day": lambda turn, claim: f"{turn['timestamp']:%Y-%m-%d}",
        "source": lambda turn, claim: ENTRIES[claim["cited_ids"][0]][0] if claim["cited_ids"] else "",
        "model": lambda turn, claim: turn["model"],
        "index_version": lambda turn, claim: turn["index_version"],
    }
    checkable = [claim for claim in claims if Status(claim["status"]) not in NOT_CHECKABLE]
    groups = {}
    for name, key in keys.items():
        found: dict[str, list[bool]] = {}
        for claim in checkable:
            found.setdefault(key(by_id[claim["turn_id"]], claim), []).append(
                Status(claim["status"]) in UNGROUNDED
            )
        groups[name] = [
            {"key": group, **measured(sum(hits), len(hits))} for group, hits in sorted(found.items())
        ]
    return groups


def _event(claim) -> dict[str, Any]:
    blamed = claim["status"] == "source_conflict"
    return {
        "event_id": f"e-{claim['claim_id']}", "turn_id": claim["turn_id"], "claim_id": claim["claim_id"],
        "origin": "store" if blamed else "generator", "accused_ids": [claim["cited_evidence_id"]] if blamed else [],
        "scores": [0.93] if blamed else [], "p_values": [0.001] if blamed else [], "still_supported_after_removal": False if blamed else None,
    }  # fmt: skip


def _suspects(turns, events) -> list[dict[str, Any]]:
    accused = Counter(entry for event in events for entry in event["accused_ids"])
    rows = [
        ("loans-4", "responsible", START + timedelta(days=7), "2026-03-09/partner-feed", 0.97, 0.0005, [
            ("trusted_contradiction", 0.97, "the trusted corpus says otherwise: lending-rules.md#3"),
            ("retrieval_pull", 0.84, "retrieved for 3 unlike questions"),
            ("written_after", None, "came in with a batch of 1 entry, from a feed no other entry has " + HOSTILE)]),
        ("fines-2", "responsible", datetime(2021, 5, 4, tzinfo=UTC), "2021-05-04", 0.88, 0.004, [
            ("trusted_contradiction", 0.93, "the trusted corpus says otherwise: fees.md#1")]),
        ("print-3", "corrupted", None, "", 0.2, None, [("stale_vector", 0.41, "the stored vector is not that of the text")]),
        ("hours-2", "cleared", START - timedelta(days=3), "2026-03-01", 0.05, 0.6, []),
    ]  # fmt: skip
    return [
        {
            "entry_id": entry, "source": ENTRIES[entry][0], "batch": batch, "ingested_at": ingested, "text": ENTRIES[entry][1],
            "verdict": verdict, "responsibility": score, "p_value": p_value, "n_events": accused[entry],
            "n_turns": len({event["turn_id"] for event in events if entry in event["accused_ids"]}),
            "reasons": [{"code": code, "figure": figure, "detail": detail} for code, figure, detail in reasons],
            "nearest_trusted_id": TRUSTED.get(entry, ("", ""))[0], "nearest_trusted_text": TRUSTED.get(entry, ("", ""))[1],
        }
        for entry, verdict, ingested, batch, score, p_value, reasons in rows
    ]  # fmt: skip
