"""Run directories with figures drawn by chance, so that what changed in them is known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from halluguard.run import Run

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture
def make_run(tmp_path):
    """Return a maker of checked runs: `n` answers of one turn each unless `turns` a conversation are asked for."""

    def make(
        name,
        n,
        *,
        seed=0,
        bad=0.1,
        status="unsupported",
        similarity=0.7,
        turns=1,
        trusted="a" * 64,
        known_false=None,
        first=0,
    ):
        draw = np.random.default_rng(seed)
        run = Run.create(
            tmp_path / name,
            {
                "fingerprint": name,
                "inputs": {"trusted": {"sha256": trusted}}
                | ({"known_false": {"sha256": known_false}} if known_false else {}),
                "state": "finished",
            },
        )
        turn_rows, claim_rows = [], []
        for number in range(n):
            turn_id, wrong = f"t{number}", bool(draw.random() < bad)
            moment = START + timedelta(hours=first + number)
            conversation = f"{name}-c{number // turns}"
            words = ["word"] * int(draw.integers(5, 40))
            turn_rows.append(
                {
                    "turn_id": turn_id, "line": number + 1, "conversation_id": conversation, "timestamp": moment,
                    "question": f"question {number % 7}", "answer": " ".join(words), "n_claims": 1, "n_checkable": 1,
                    "n_ungrounded": int(wrong), "feedback": [],
                    "retrieved": [{"id": "e1", "text": "x", "source": f"page-{number % 3}.md",
                                   "score": float(np.clip(draw.normal(similarity, 0.1), 0, 1)), "rank": 0, "used": True}],
                }
            )  # fmt: skip
            support = float(draw.beta(2, 6) if wrong else draw.beta(8, 2))
            claim_rows.append(
                {
                    "turn_id": turn_id, "conversation_id": conversation, "timestamp": moment, "claim_id": f"{turn_id}#0",
                    "start": 0, "end": 4, "text": "word", "reading": "word", "status": status if wrong else "grounded",
                    "cited_ids": ["e1"], "ghost_ids": [], "cited_entailment": support, "trusted_entailment": None,
                    "trusted_contradiction": 0.1, "truncated": False, "error": "",
                }
            )  # fmt: skip
        run.write("turns", turn_rows)
        run.write("claims", claim_rows)
        return run

    return make
