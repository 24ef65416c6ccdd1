"""The model card: what the weights were trained on, what was measured, what they cannot do, how to make them again."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from halluguard.models.training.examples import TARGETS
from halluguard.models.training.loop import Recipe
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

Initialised from the encoder of all-MiniLM-L6-v2 (Apache-2.0) with a fresh pooler and head; word embeddings frozen. No
other model's weights or outputs were used.
"""

_LIMITS = """## Limits

- English. Trained on pairs of up to {max_length} tokens: cut longer documents into windows and aggregate.
- Trained on two CPU cores in about an hour: a plain 22M model on all of MNLI reaches 83 %, this one saw 13,000 of its
  393,000 rows.
- Grounding pairs are edits made by code, mostly of encyclopedia sentences: subtle rewrites by people or language models
  are harder than the edits it was trained on. Arithmetic, units and counting across sentences are weak.
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


def write_card(
    folder: Path, *, recipe: Mapping[str, Any], position: Mapping[str, Any], mix: Mapping[str, Mapping[str, int]],
    figures: Mapping[str, Any], note: str,
) -> None:  # fmt: skip
    """Write README.md into an exported model folder."""
    usual = recipe["max_tokens"] == Recipe().max_tokens and not recipe.get("time_budget_s")
    budget = "" if usual else f" --max-tokens {position['tokens']}"
    kinds: Counter[str] = Counter()
    for key, count in mix["licences"].items():
        kinds[key] += count
    text = "\n\n".join((
        _HEAD.format(**recipe).rstrip(),
        "## Figures\n\nDevelopment sets; `hans`, `held_*` and `long` count entailment against the rest.\n\n" + figure_table(figures),
        "## Data\n\nRows of the shards the run read (a shard begun counts whole, a row met twice counts twice), by kind and"
        " licence. Kinds without a data set's name were made by `halluguard/models/training/kinds.py` and `curriculum.py`"
        " from text under the licence beside them.\n\n" + source_table(kinds),
        "Label by premise length:\n\n" + band_table(mix["bands"]),
        _LIMITS.format(**recipe).rstrip(),
        ("## Recipe\n\n```\npython -m halluguard.models.training reproduce --work WORK --out halluguard/models/nli-minilm-grounding"
        f"{budget}\n```\n\nThe calibration beside the weights: `python -m evals grounding --sample 200 --calibration"
        " halluguard/models/nli-minilm-grounding/calibration.json`."),
        f"Steps {position['step']:,}, tokens {position['tokens']:,}, seconds {position['elapsed_s']:,.0f}. {note}".rstrip(),
        "Settings:\n\n```json\n" + json.dumps(dict(recipe), indent=2, sort_keys=True) + "\n```",
    ))  # fmt: skip
    (folder / "README.md").write_text(text + "\n", encoding="utf-8")


def ship(
    work: Path,
    shards: Path,
    out: Path,
    *,
    recipe: Mapping[str, Any],
    figures: Mapping[str, Any],
    note: str = "",
) -> None:
    """Copy the newest exported weights of a run into `out` and write their card."""
    position = json.loads((work / "checkpoint" / "position.json").read_text(encoding="utf-8"))
    available = len(list(shards.glob("shard-*.jsonl")))
    passes = Counter(index % available for index in range(position["shard"] + 1))
    mix = describe(read_shards(shards, set(passes)))
    out.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        partial = out / f".{name}.partial"
        shutil.copyfile(
            work / "export" / name, partial
        )  # a fresh file: readable by all, whatever the run wrote
        partial.replace(out / name)
    write_card(out, recipe=recipe, position=position, mix=mix, figures=figures, note=note)
