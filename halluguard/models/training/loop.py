"""The training loop: schedule, steps, checkpoints, exact resume, progress log, interim exports."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import PreTrainedModel

from halluguard.models.devices import resolve_device
from halluguard.models.training.batches import Batch
from halluguard.models.training.feeding import Feed, batches_from
from halluguard.models.training.network import (
    build_network,
    export_network,
    forward,
    in_head,
    load_tokenizer,
    loss_of,
)

Evaluator = Callable[[PreTrainedModel, Tokenizer], dict[str, float]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every setting that shapes the weights; it is stored with them.

    `max_tokens` (real tokens seen) ends the run and drives the schedule, unless `time_budget_s` is set: then the
    share of seconds spent drives it, which is not reproducible to the bit but ends when it must.
    `precision` is float32 or bfloat16 (the network; loss, optimiser and its weights in float32): twice as fast on a GPU
    and where the processor has AMX or AVX512-BF16, slower elsewhere. `dropout` is that of the embeddings, `layer_dropout` that of every
    layer and its attention, which on a CPU takes a quarter of a step. `train_embeddings` trains the word embeddings too. `keep_head` trains a model on in place of an encoder; `teacher_weight` is the share of a row's
    loss that a teacher's judgement takes, where it has one. `threads` of this process and
    `workers` that make shards ready ahead of it change nothing but the time.
    """

    seed: int = 13
    peak_lr: float = 1.5e-4
    head_lr: float = 4e-4
    warmup_rate: float = 0.05
    weight_decay: float = 0.01
    batch_tokens: int = 2_400
    max_length: int = 256
    max_tokens: int = 15_000_000
    time_budget_s: float | None = None
    smoothing: float = 0.03
    margin: float = 2.0
    margin_weight: float = 0.3
    clip: float = 1.0
    ema: float = 0.998
    dropout: float = 0.1
    layer_dropout: float = 0.0
    train_embeddings: bool = False
    keep_head: bool = False
    teacher_weight: float = 0.7
    threads: int = 2
    workers: int = 0
    device: str = "cpu"
    precision: str = "float32"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands: the next batch of which shard, and what it cost so far."""

    shard: int = 0
    batch: int = 0
    step: int = 0
    tokens: int = 0
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a run reads its shards (`shard-*.jsonl`, re-listed as it goes) and writes its state and log."""

    shards: Path
    work: Path
    base: Path

    @property
    def checkpoint(self) -> Path:
        """The newest complete checkpoint."""
        return self.work / "checkpoint"

    @property
    def log(self) -> Path:
        """The progress log, one JSON object a line."""
        return self.work / "progress.jsonl"

    @property
    def export(self) -> Path:
        """The newest weights in Hugging Face form."""
        return self.work / "export"


def read_position(checkpoint: Path) -> Position:
    """Read where the run of a checkpoint stood; fields this version does not know are ignored."""
    stored = json.loads((checkpoint / "position.json").read_text(encoding="utf-8"))
    known = {item.name for item in fields(Position)}
    return Position(**{key: value for key, value in stored.items() if key in known})


def lr_factor(progress: float, warmup_rate: float) -> float:
    """Return the share of the peak rate at `progress` (0 to 1): linear up over `warmup_rate`, linear down to zero."""
    if progress < warmup_rate:
        return progress / warmup_rate
    return max(0.0, (1.0 - progress) / (1.0 - warmup_rate))


def progress_of(recipe: Recipe, position: Position) -> float:
    """Return how much of the run is done, 0 to 1, by time if the recipe has a time budget, else by tokens."""
    if recipe.time_budget_s is not None:
        return min(1.0, position.elapsed_s / recipe.time_budget_s)
    return min(1.0, position.tokens / recipe.max_tokens)


@dataclass
class Trainer:
    """One run: holds the weights, the optimiser and the position, and moves them forward a step at a time."""

    recipe: Recipe
    folders: Folders
    evaluate: Evaluator | None = None
    clock: Callable[[], float] = time.monotonic
    position: Position = field(default_factory=Position)

    def __post_init__(self) -> None:
        """Build the network, its averaged copy and the optimiser."""
        torch.set_num_threads(self.recipe.threads)
        resolve_device(self.recipe.device)
        self.tokenizer = load_tokenizer(self.folders.base)
        # Measured: in bfloat16 on a CPU the fused attention's backward takes over half of a step; the plain one does not.
        plain = self.recipe.device == "cpu" and self.recipe.precision == "bfloat16"
        self.network = build_network(
            self.folders.base,
            self.recipe.seed,
            dropout=self.recipe.dropout,
            layer_dropout=self.recipe.layer_dropout,
            train_embeddings=self.recipe.train_embeddings,
            attention="eager" if plain else None,
            keep_head=self.recipe.keep_head,
        ).to(self.recipe.device)
        self.frozen = {
            n: p.detach().clone() for n, p in self.network.named_parameters() if not p.requires_grad
        }
        self.live = {n: p for n, p in self.network.named_parameters() if p.requires_grad}
        self.trained = self._masters()
        self.average = {n: p.detach().clone() for n, p in self.trained.items()}
        self.optimizer = self._build_optimizer()
        self._mark = self.clock()

    def _masters(self) -> dict[str, Tensor]:
        """Return what the optimiser moves: the weights themselves, or float32 copies of a network in bfloat16.

        Steps are smaller than what bfloat16 can hold, so that without the copies most of them would be lost.
        """
        if self.recipe.precision != "bfloat16":
            return dict(self.live)
        masters = {name: parameter.detach().clone() for name, parameter in self.live.items()}
        self.network.to(torch.bfloat16)
        return masters

    def _build_optimizer(self) -> torch.optim.AdamW:
        recipe = self.recipe
        groups: dict[tuple[bool, bool], list[Tensor]] = {}
        for name, parameter in self.trained.items():
            head = in_head(name)
            groups.setdefault((head, parameter.ndim > 1), []).append(parameter)
        settings = [
            {
                "params": parameters,
                "peak": recipe.head_lr if head else recipe.peak_lr,
                "weight_decay": recipe.weight_decay if matrix else 0.0,
            }
            for (head, matrix), parameters in groups.items()
        ]
        return torch.optim.AdamW(settings, lr=recipe.peak_lr, betas=(0.9, 0.98), fused=True)

    # -- data ---------------------------------------------------------------------------------------------------

    def batches(self) -> Iterator[Batch]:
        """Yield batches from the position onwards, shard after shard, round again when they run out.

        Advances `shard` and `batch` of the position as each batch is handed over.
        """
        recipe = self.recipe
        feed = Feed(
            shards=self.folders.shards,
            tokenizer=self.folders.base,
            pad_id=self.network.config.pad_token_id,
            max_length=recipe.max_length,
            batch_tokens=recipe.batch_tokens,
            seed=recipe.seed,
            workers=recipe.workers,
        )
        for shard, number, batch in batches_from(feed, self.position.shard, self.position.batch):
            self.position = replace(self.position, shard=shard, batch=number + 1)
            yield batch

    # -- steps --------------------------------------------------------------------------------------------------

    def step(self, batch: Batch) -> tuple[Tensor, float]:
        """Train on one batch; return its loss, left on the device so that nothing waits for it, and the factor of the peak rate used."""
        recipe = self.recipe
        batch = batch.to(recipe.device)
        factor = lr_factor(progress_of(recipe, self.position), recipe.warmup_rate)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        # Dropout is drawn from the seed and the step, so that a resumed run draws what the whole one would have drawn.
        torch.manual_seed(recipe.seed * 1_000_003 + self.position.step)
        loss = loss_of(
            forward(self.network, batch).float(),
            batch,
            smoothing=recipe.smoothing,
            margin=recipe.margin,
            margin_weight=recipe.margin_weight,
            teacher_weight=recipe.teacher_weight,
        )
        loss.backward()  # type: ignore[no-untyped-call]
        self._gradients_to_masters()
        torch.nn.utils.clip_grad_norm_(list(self.trained.values()), recipe.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if recipe.precision == "bfloat16":
            self._copy_into_network(self.trained)
        step = self.position.step + 1
        self._average(min(recipe.ema, (1 + step) / (10 + step)))
        self.position = replace(self.position, step=step, tokens=self.position.tokens + batch.tokens)
        return loss.detach(), factor

    def _gradients_to_masters(self) -> None:
        if self.recipe.precision != "bfloat16":
            return
        moved = [
            (master, parameter, parameter.grad)
            for master, parameter in zip(self.trained.values(), self.live.values(), strict=True)
            if parameter.grad is not None
        ]
        copies = [torch.empty_like(master) for master, *_ in moved]
        torch._foreach_copy_(copies, [grad for *_, grad in moved])
        for (master, parameter, _), copied in zip(moved, copies, strict=True):
            master.grad, parameter.grad = copied, None

    @torch.no_grad()
    def _average(self, decay: float) -> None:
        torch._foreach_lerp_(list(self.average.values()), list(self.trained.values()), 1.0 - decay)

    def tick(self) -> None:
        """Add the seconds since the last tick to the position."""
        now = self.clock()
        self.position = replace(self.position, elapsed_s=self.position.elapsed_s + now - self._mark)
        self._mark = now

    def run(
        self, *, checkpoint_every_s: float = 600.0, log_every: int = 50, stop_at_step: int | None = None
    ) -> None:
        """Train to the end of the budget (or to `stop_at_step`), logging and checkpointing on the way."""
        # Vanishing gradients become denormal numbers, which a CPU is slow at; the mode is the process's, so it is put back.
        torch.set_flush_denormal(True)
        try:
            self._run(checkpoint_every_s, log_every, stop_at_step)
        finally:
            torch.set_flush_denormal(False)

    def _run(self, checkpoint_every_s: float, log_every: int, stop_at_step: int | None) -> None:
        if progress_of(self.recipe, self.position) >= 1.0:
            return
        self.network.train()
        self._mark = self.clock()
        saved_s = self.position.elapsed_s
        seen: list[Tensor] = []
        tokens_then, elapsed_then = self.position.tokens, self.position.elapsed_s
        for batch in self.batches():
            loss, factor = self.step(batch)
            seen.append(loss)
            self.tick()
            if self.position.step % log_every == 0:
                spent = self.position.elapsed_s - elapsed_then
                self.write_log(
                    loss=float(torch.stack(seen).mean()),
                    lr=factor * self.recipe.peak_lr,
                    tokens_per_s=(self.position.tokens - tokens_then) / max(spent, 1e-9),
                )
                seen, tokens_then, elapsed_then = [], self.position.tokens, self.position.elapsed_s
            if self.position.elapsed_s - saved_s >= checkpoint_every_s:
                self.save()
                saved_s = self.position.elapsed_s
                elapsed_then = saved_s
            if progress_of(self.recipe, self.position) >= 1.0 or self.position.step == stop_at_step:
                break
        self.save()

    # -- state --------------------------------------------------------------------------------------------------

    def write_log(self, **figures: float) -> None:
        """Append one line to the progress log."""
        where = {k: round(v, 1) if k == "elapsed_s" else v for k, v in asdict(self.position).items()}
        line = where | {k: float(f"{v:.5g}") for k, v in figures.items()}
        self.folders.work.mkdir(parents=True, exist_ok=True)
        with self.folders.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    def averaged_weights(self) -> dict[str, Tensor]:
        """Return the full state with the averaged weights in place of the trained ones."""
        return {**self.network.state_dict(), **self.frozen, **self.average}

    def evaluate_average(self) -> dict[str, float]:
        """Evaluate the averaged weights, then put the trained ones back."""
        if self.evaluate is None:
            return {}
        kept = {name: parameter.detach().clone() for name, parameter in self.trained.items()}
        self._copy_into_network(self.average)
        self.network.eval()
        with torch.inference_mode():
            figures = self.evaluate(self.network, self.tokenizer)
        self._copy_into_network(kept)
        self.network.train()
        return figures

    @torch.no_grad()
    def _copy_into_network(self, weights: dict[str, Tensor]) -> None:
        torch._foreach_copy_(list(self.live.values()), [weights[name] for name in self.live])

    def save(self) -> None:
        """Checkpoint, evaluate and export; the previous checkpoint stays until the new one is whole."""
        state: dict[str, Any] = {
            "recipe": asdict(self.recipe),
            "trained": {n: p.detach() for n, p in self.trained.items()},
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
        }
        self.tick()
        partial = self.folders.work / "checkpoint.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        torch.save(state, partial / "state.pt")
        (partial / "position.json").write_text(json.dumps(asdict(self.position)), encoding="utf-8")
        (partial / "recipe.json").write_text(json.dumps(asdict(self.recipe)), encoding="utf-8")
        _swap(partial, self.folders.checkpoint)
        export_network(self.network, self.averaged_weights(), self.folders.base, self.folders.export)
        figures = self.evaluate_average()
        self.tick()
        if figures:
            (self.folders.export / "figures.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
            self.write_log(**figures)

    def resume(self) -> None:
        """Load the newest checkpoint: weights, average, optimiser and position."""
        folder = self.folders.checkpoint
        state = torch.load(folder / "state.pt", weights_only=True, map_location=self.recipe.device)
        torch._foreach_copy_(
            [parameter.detach() for parameter in self.trained.values()],
            [state["trained"][name] for name in self.trained],
        )
        self._copy_into_network(state["trained"])
        self.average = state["average"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.position = read_position(folder)


def _swap(new: Path, target: Path) -> None:
    """Put a finished folder in place of the old one; the old one survives until the new one has its name."""
    old = target.with_name(target.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)
