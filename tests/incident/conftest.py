"""A run with one poisoned entry, a written-back copy, an invention and hostile texts; checked and traced by hand, scored for real."""

from datetime import UTC, datetime, timedelta

import pytest

from halluguard.cascade import run_cascade
from halluguard.incident import Header
from halluguard.run import Run

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
FALSE = "Tickets can be refunded for 90 days after departure."
RIGHT = "Tickets can be refunded until departure."
HOSTILE = "=cmd|'/c calc'!A0 <script>alert(1)</script> \u202e\x1b[31m [x](http://evil.example) {0}"
HEADER = Header(
    system="Airline assistant", title="Refund window misstated", reporter="service desk",
    reported_at=START + timedelta(days=6), detected_at=START + timedelta(days=6, hours=2), stakeholders="passengers",
)  # fmt: skip


def build(path, *, traced=True, timed=True, users=True, clean=False):
    run = Run.create(
        path,
        {
            "fingerprint": "f" * 64, "tool": "halluguard", "version": "0.1.0", "state": "finished",
            "inputs": {"log": {"path": "logs/chats of march.jsonl", "sha256": "a" * 64}, "trusted": {"path": "t", "sha256": "b" * 64}},
            "counts": {"turns": 12, "claims": 12, "checkable": 12, "ungrounded": 0 if clean else 7, "errors": 0, "statuses": {}},
            "summary": {}, "groups": {}, "not_shown": ["a field is missing: " + HOSTILE],
        },
    )  # fmt: skip
    turns, claims, events = [], [], []
    for number in range(12):
        false, invented = number % 2 == 1 and not clean, number == 10 and not clean
        moment = START + timedelta(hours=12 * number) if timed else None
        turn_id = f"t{number}"
        text = FALSE if false else HOSTILE if invented else RIGHT
        status = "source_conflict" if false else "unsupported" if invented else "grounded"
        entry = "bad" if false else "good"
        turns.append(
            {
                "turn_id": turn_id, "line": number + 1, "conversation_id": f"c{number // 2}", "timestamp": moment,
                "user_id": f"u{number // 3}" if users else None, "question": "Until when can I get a refund?", "answer": text,
                "n_claims": 1, "n_checkable": 1, "n_ungrounded": int(false or invented), "feedback": [],
                "retrieved": [{"id": entry, "text": text, "source": "feed/refunds.html", "score": 0.8, "rank": 0, "used": True}],
            }
        )  # fmt: skip
        claims.append(
            {
                "turn_id": turn_id, "conversation_id": f"c{number // 2}", "timestamp": moment, "claim_id": f"{turn_id}#0",
                "start": 0, "end": len(text), "text": text, "reading": text, "status": status, "cited_ids": [entry],
                "ghost_ids": ["nowhere"] if number == 0 and not clean else [], "cited_entailment": 0.1 if invented else 0.9,
                "cited_contradiction": 0.0, "cited_evidence_id": entry, "cited_evidence_text": text, "trusted_entailment": 0.1,
                "trusted_contradiction": 0.9 if false else 0.0, "trusted_evidence_id": "refunds.md#0" if false else "",
                "trusted_evidence_text": RIGHT if false else "", "supporting_chunk_id": entry if false else "", "truncated": False, "error": "",
            }
        )  # fmt: skip
        if false or invented:
            events.append(
                {
                    "event_id": f"e{number}", "turn_id": turn_id, "claim_id": f"{turn_id}#0", "origin": "store" if false else "generator",
                    "accused_ids": ["bad"] if false else [], "scores": [], "p_values": [], "still_supported_after_removal": None,
                }
            )  # fmt: skip
    run.write("turns", turns)
    run.write("claims", claims)
    if traced:
        run.write("events", events)
        run.write(
            "suspects",
            [] if clean else [_suspect("bad", "responsible", FALSE), _suspect("odd", "suspect", HOSTILE)],
        )
        run_cascade(run)
    return run


def _suspect(entry_id, verdict, text):
    return {
        "entry_id": entry_id, "source": "feed/refunds.html", "batch": HOSTILE if entry_id == "odd" else "b-1", "ingested_at": START - timedelta(days=1),
        "text": text, "verdict": verdict, "responsibility": 0.97, "p_value": 0.001, "n_events": 6, "n_turns": 6,
        "reasons": [{"code": "contradicts_trusted", "figure": 0.9, "detail": HOSTILE}], "nearest_trusted_id": "refunds.md#0", "nearest_trusted_text": RIGHT,
    }  # fmt: skip


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    return build(tmp_path_factory.mktemp("incident") / "run")


@pytest.fixture
def make(tmp_path):
    return lambda **options: build(tmp_path / "made", **options)


@pytest.fixture
def header():
    return HEADER
