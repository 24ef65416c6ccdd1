"""Token-budget batches: pairs of similar length together, twins in the same batch, order fixed by a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from halluguard.models.training.examples import TARGETS, Example

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Encoded:
    """One pair as token ids; `boundary` is the index of the first token of the hypothesis."""

    ids: tuple[int, ...]
    boundary: int
    target: int
    twin: str
    teacher: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step.

    `ids`, `types`, `mask`: int64 (rows, width); `targets`: int64 (rows,), values of `TARGETS`;
    `twins`: int64 (n, 2), row of the entailed member, row of its edit; `taught`: int64 (m,), rows a teacher judged, and
    `teacher`: float32 (m, 3), what it gave them; `tokens`: real tokens, padding excluded.
    """

    ids: Tensor
    types: Tensor
    mask: Tensor
    targets: Tensor
    twins: Tensor
    taught: Tensor
    teacher: Tensor
    tokens: int

    def to(self, device: str) -> Batch:
        """Return the batch on a device; itself on the CPU.

        From pinned memory, so that a GPU still at work on the last batch is not waited for.
        """
        if device == "cpu":
            return self
        moved = {name: getattr(self, name).pin_memory().to(device, non_blocking=True) for name in TENSORS}
        return Batch(**moved, tokens=self.tokens)


TENSORS = tuple(item.name for item in fields(Batch) if item.name != "tokens")
"""The fields of a batch that are tensors."""


def pair_frame(tokenizer: Tokenizer) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return the ids a tokenizer sets before, between and after two texts: `[CLS]`, `[SEP]`, `[SEP]` for BERT."""
    example = tokenizer.encode("a", "b")
    frame: dict[int, list[int]] = {0: [], 1: [], 2: []}
    passed = 0
    for token, text in zip(example.ids, example.sequence_ids, strict=True):
        if text is None:
            frame[passed].append(token)
        else:
            passed = text + 1
    before, between, after = (tuple(ids) for ids in frame.values())
    if not (before and between and after):
        msg = "expected a tokenizer that marks the ends of a pair; give the folder of a BERT or MPNet encoder"
        raise ValueError(msg)
    return before, between, after


def encode(examples: Sequence[Example], tokenizer: Tokenizer, max_tokens: int) -> list[Encoded]:
    """Tokenise pairs in the tokenizer's own frame; the premise is cut to fit `max_tokens`."""
    premises = tokenizer.encode_batch([e.premise for e in examples], add_special_tokens=False)
    hypotheses = tokenizer.encode_batch([e.hypothesis for e in examples], add_special_tokens=False)
    before, between, after = pair_frame(tokenizer)
    frame = len(before) + len(between) + len(after)
    encoded = []
    for example, left, right in zip(examples, premises, hypotheses, strict=True):
        claim = right.ids[: max_tokens // 2]
        text = left.ids[: max_tokens - frame - len(claim)]
        ids = (*before, *text, *between, *claim, *after)
        boundary = len(before) + len(text) + len(between)
        encoded.append(Encoded(ids, boundary, TARGETS[example.label], example.twin, example.teacher))
    return encoded


def _units(rows: Sequence[Encoded]) -> list[list[Encoded]]:
    """Group rows that share a twin id; every other row is a unit of its own."""
    groups: dict[str, list[Encoded]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(row.twin or f"#{index}", []).append(row)
    return list(groups.values())


def _width(unit: Sequence[Encoded]) -> int:
    return max(len(row.ids) for row in unit)


def plan_batches(
    rows: Sequence[Encoded], *, budget: int, seed: int, max_rows: int | None = None
) -> list[list[Encoded]]:
    """Cut rows into batches of at most `budget` padded tokens and `max_rows` rows, in a seeded order.

    Without `max_rows` it is one row for every 37 tokens of the budget, so that the shortest pairs do not make the largest batches.

    A unit wider than the budget gets a batch of its own. Lengths are jittered by up to 8 % before sorting, so that
    a second pass over the same rows meets other neighbours.
    """
    rng = random.Random(seed)
    max_rows = max_rows or max(64, budget // 37)
    units = _units(rows)
    keys = [_width(unit) * (1 + 0.08 * rng.random()) for unit in units]
    batches: list[list[Encoded]] = []
    current: list[Encoded] = []
    width = 0
    for index in sorted(range(len(units)), key=lambda i: (keys[i], i)):
        unit = units[index]
        wider = max(width, _width(unit))
        size = len(current) + len(unit)
        if current and (wider * size > budget or size > max_rows):
            batches.append(current)
            current, wider = [], _width(unit)
        current = [*current, *unit]
        width = wider
    if current:
        batches.append(current)
    rng.shuffle(batches)
    return batches


def collate(rows: Sequence[Encoded], pad_id: int) -> Batch:
    """Pad one planned batch into tensors with the token the network takes for padding."""
    width = _width(rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    types = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    entailed: dict[str, int] = {}
    others: list[tuple[str, int]] = []
    for index, row in enumerate(rows):
        length = len(row.ids)
        ids[index, :length] = torch.tensor(row.ids)
        types[index, row.boundary : length] = 1
        mask[index, :length] = 1
        if row.twin and row.target == 0:
            entailed.setdefault(row.twin, index)
        elif row.twin:
            others.append((row.twin, index))
    twins = [(entailed[twin], index) for twin, index in others if twin in entailed]
    taught = [(index, row.teacher) for index, row in enumerate(rows) if row.teacher]
    return Batch(
        ids=ids,
        types=types,
        mask=mask,
        targets=torch.tensor([row.target for row in rows]),
        twins=torch.tensor(twins, dtype=torch.long).reshape(-1, 2),
        taught=torch.tensor([index for index, _ in taught], dtype=torch.long),
        teacher=torch.tensor([scores for _, scores in taught], dtype=torch.float32).reshape(-1, 3),
        tokens=sum(len(row.ids) for row in rows),
    )
