"""An investigation of a drill by a check, a trace and an entailment model that make no error: what the cascade adds of its own.

Beside a blind score it tells apart what the check missed and what the cascade made of what it was told. It knows the truth of
single answers only: never an origin, a parent of an entry, or a generation.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.cascade import Entails, normalise, run_cascade
from halluguard.drill.record import DrillFiles
from halluguard.drill.scoring import DrillScore, compare
from halluguard.drill.simulate import Played
from halluguard.records import Status
from halluguard.run import Run
from halluguard.stores import open_store


def score_ideal(played: Played, files: DrillFiles, folder: Path) -> DrillScore:
    """Score a written drill as if no claim had been misjudged; `folder` becomes the run."""
    run = investigate_ideally(played, files, folder)
    return compare(files, run)


def investigate_ideally(played: Played, files: DrillFiles, folder: Path) -> Run:
    """Write a run's turns and claims from the truth of each answer, and its cascade by the stage itself."""
    run = Run.create(folder, {"fingerprint": f"{played.scenario.name} {played.seed}"})
    run.write("turns", [_turn_row(turn) for turn in played.turns])
    run.write("claims", [_claim_row(turn, played) for turn in played.turns])
    run_cascade(
        run,
        open_store(files.store),
        entails=perfect_entailment(played.scenario.false_claims()),
        embed=played.shelf.embeddings.vectors,
    )
    return run


def perfect_entailment(false_claims: Sequence[str]) -> Entails:
    """Return an entailment model for the wordings of one false statement: whatever holds one entails each of them."""
    wordings = [f" {normalise(claim)} " for claim in false_claims]

    def says_it(text: str) -> bool:
        words = f" {normalise(text)} "
        return any(wording in words for wording in wordings)

    def entails(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        yes, no = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
        rows = [yes if says_it(premise) and says_it(hypothesis) else no for premise, hypothesis in pairs]
        return np.array(rows, dtype=np.float32).reshape(-1, 3)

    return entails


def _turn_row(turn: Mapping[str, Any]) -> dict[str, Any]:
    chunks = [{**chunk, "source": chunk["metadata"]["source"]} for chunk in turn["retrieved"]]
    feedback = [{**one, "timestamp": None} for one in turn["feedback"]]
    when = datetime.fromisoformat(turn["timestamp"])
    return {**turn, "timestamp": when, "retrieved": chunks, "feedback": feedback}


def _claim_row(turn: Mapping[str, Any], played: Played) -> dict[str, Any]:
    truth, id_ = played.truth, turn["turn_id"]
    source, text = truth.cases.get(id_), turn["answer"].split(" [")[0]
    said = next((claim for claim in played.scenario.false_claims() if claim in text), text)
    if id_ not in truth.cases:
        status = Status.GROUNDED
    else:
        status = Status.CONTRADICTED if source is None else Status.SOURCE_CONFLICT
    return {
        "turn_id": id_,
        "claim_id": f"{id_}#0",
        "text": text,
        "reading": said,
        "status": str(status),
        "timestamp": datetime.fromisoformat(turn["timestamp"]),
        "cited_ids": [part.split("]")[0] for part in turn["answer"].split("[")[1:]],
        "supporting_chunk_id": source or "",
        "cited_entailment": 0.0 if source is None else 0.95,
    }
