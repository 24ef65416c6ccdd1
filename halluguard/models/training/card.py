"""The model card: what the weights were trained on, what was measured, what they cannot do, how to make them again."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halluguard.models.training.examples import TARGETS, list_shards
from halluguard.models.training.loop import Position, read_position
from halluguard.models.training.network import SETTINGS, WEIGHTS
from halluguard.models.training.plan import BANDS, describe, read_shards

_HEAD = """---
license: apache-2.0
language: en
base_model: sentence-transformers/all-MiniLM-L6-v2
pipeline_tag: text-classification
---

# nli-minilm-grounding

A three-way cross-encoder (0 entailment, 1 neutral, 2 contradiction) that reads a passage and a claim: does the passage
bear out all of the claim? 22M parameters, six layers of width 384, standard attention, float16 on disk, 512 positions,
trained on pairs of up to {max_length} tokens. It is the default model of halluguard and needs no network.

Initialised from the encoder of all-MiniLM-L6-v2 (Apache-2.0) with a fresh pooler and head; word embeddings {embeddings}.
"""

_ALONE = "No other model's weights were used."

_TAUGHT = """Trained with the
judgements of a teacher beside the labels: all-mpnet-base-v2 (Apache-2.0, 110M parameters), itself trained on {tokens:,}
tokens of the same data in {seconds:,.0f} s. No other model's weights were used. The teacher by itself, on the small slices of
its run: {shown}. It is made by the same command and taken by `--nli-model`: slower, and surer of such pairs."""

_LIMITS = """## Limits

- English. Trained on pairs of up to {max_length} tokens: cut longer documents into windows and aggregate.
- Of the 393,000 rows of MNLI, on which a plain 22M model reaches 83 %, it saw 13,000: everyday speech and fiction are judged less
  well than encyclopedias.
- Grounding pairs are edits made by code, mostly of encyclopedia sentences, and (`written_*`) documents with claims that a large
  language model was asked to invent for this project (`corpora/written`), without sight of any data set. Arithmetic, units and counting across sentences are weak.
- A claim that needs its conversation (pronouns, fragments) should be given with its question.
- Probabilities are not calibrated here; run `halluguard calibrate` and use its thresholds.
- Texts from Wikipedia (FEVER, 2Wiki, NQ) are CC BY-SA: attribution as above.
"""


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def band_table(bands: Mapping[str, int]) -> str:
    """Render label by length band, in counts and shares of the band."""
    names = [f"{low + 1}-{high}" for low, high in zip((0, *BANDS), BANDS, strict=False)] + [
        f"over {BANDS[-1]}"
    ]
    rows = []
    for name in names:
        counts = {label: bands.get(f"{name} | {label}", 0) for label in TARGETS}
        total = sum(counts.values())
        shares = [f"{100 * count / max(1, total):.0f} %" for count in counts.values()]
        rows.append([name, f"{total:,}", *shares])
    return _table(["premise words", "rows", *TARGETS], rows)


def source_table(counts: Mapping[str, int]) -> str:
    """Render rows by kind and licence."""
    return _table(
        ["kind", "licence", "rows"], [[*key.split(" | "), f"{n:,}"] for key, n in sorted(counts.items())]
    )


def figure_table(figures: Mapping[str, Any]) -> str:
    """Render measured figures; rates as percentages, with the number of rows where it is known."""
    rows = []
    for name, value in figures.items():
        if isinstance(value, Mapping):
            rows.append([name, f"{100 * float(value['accuracy']):.1f}", f"{value['rows']:,}"])
        else:
            rows.append([name, f"{100 * float(value):.1f}", ""])
    return _table(["set", "accuracy, %", "rows"], rows)


@dataclass(frozen=True, slots=True)
class Run:
    """One training behind some weights: what it was, its folder, and the shards it read."""

    name: str
    work: Path
    shards: Path

    def position(self) -> Position:
        """Return how far it went."""
        return read_position(self.work / "checkpoint")

    def recipe(self) -> dict[str, Any]:
        """Return its settings."""
        stored: dict[str, Any] = json.loads(
            (self.work / "checkpoint" / "recipe.json").read_text(encoding="utf-8")
        )
        return stored

    def mix(self) -> dict[str, dict[str, int]]:
        """Return what is in the shards it read, those begun counted whole."""
        available = len(list_shards(self.shards))
        read = {index % available for index in range(self.position().shard + 1)}
        return describe(read_shards(self.shards, read))


def write_card(
    folder: Path, runs: Sequence[Run], *, figures: Mapping[str, Any], teacher: Path | None, note: str
) -> None:
    """Write README.md into an exported model folder."""
    kinds: Counter[str] = Counter()
    bands: Counter[str] = Counter()
    for run in runs:
        mix = run.mix()
        kinds.update(mix["licences"])
        bands.update(mix["bands"])
    lengths = []
    for run in runs:
        at = run.position()
        lengths.append(f"{run.name}: {at.step:,} steps, {at.tokens:,} tokens, {at.elapsed_s:,.0f} s")
    settings = {run.name: run.recipe() for run in runs}
    longest = runs[-1].recipe()
    text = "\n\n".join((
        _HEAD.format(**longest, embeddings="trained too" if any(run.recipe().get("train_embeddings") for run in runs) else "frozen").rstrip() + " " + (_ALONE if teacher is None else _taught_by(teacher)),
        "## Figures\n\nDevelopment sets; `hans`, `held_*` and `long` count entailment against the rest.\n\n" + figure_table(figures),
        "## Data\n\nRows of the shards the trainings read (a shard begun counts whole), by kind and"
        " licence. Kinds without a data set's name were made by `halluguard/models/training/kinds.py`, `curriculum.py` and"
        " `teaching.py` from text under the licence beside them.\n\n" + source_table(kinds),
        "Label by premise length:\n\n" + band_table(bands),
        _LIMITS.format(**longest).rstrip(),
        ("## Recipe\n\n```\npython -m halluguard.models.training reproduce --work WORK --out halluguard/models/nli-minilm-grounding"
        "\n```\n\nThe calibration beside the weights: `python -m evals grounding --sample 200 --calibration"
        " halluguard/models/nli-minilm-grounding/calibration.json`."),
        f"{'; '.join(lengths)}. {note}".rstrip(),
        "Settings:\n\n```json\n" + json.dumps(settings, indent=2, sort_keys=True) + "\n```",
    ))  # fmt: skip
    (folder / "README.md").write_text(text + "\n", encoding="utf-8")


def _taught_by(teacher: Path) -> str:
    at = read_position(teacher / "checkpoint")
    figures = json.loads((teacher / "export" / "figures.json").read_text(encoding="utf-8"))
    shown = ", ".join(f"{name.removeprefix('acc_')} {100 * value:.1f}" for name, value in figures.items())
    return _TAUGHT.format(tokens=at.tokens, seconds=at.elapsed_s, shown=shown)


def ship(
    runs: Sequence[Run],
    out: Path,
    *,
    figures: Mapping[str, Any],
    weights: Path | None = None,
    teacher: Path | None = None,
    note: str = "",
) -> None:
    """Copy exported weights into `out`, if not told otherwise the newest of the last of some trainings, and write their card."""
    source = weights or runs[-1].work / "export"
    out.mkdir(parents=True, exist_ok=True)
    for name in (WEIGHTS, *SETTINGS):
        partial = out / f".{name}.partial"
        shutil.copyfile(source / name, partial)  # a fresh file: readable by all, whatever the run wrote
        partial.replace(out / name)
    write_card(out, runs, figures=figures, teacher=teacher, note=note)
