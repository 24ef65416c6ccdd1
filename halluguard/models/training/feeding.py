"""Shards made ready for the network: read, tokenised and cut into batches, ahead of it by other processes if asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from halluguard.models.training.batches import TENSORS, Batch, collate, encode, plan_batches
from halluguard.models.training.examples import UNLABELLED, list_shards, read_examples
from halluguard.models.training.network import load_tokenizer

Packed = tuple[dict[str, NDArray[np.generic]], int]
"""A batch on its way between processes: arrays by field, and its tokens. Tensors would travel as a file descriptor each."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Where the batches of a run come from: `shard-*.jsonl` of a folder, round again when they run out.

    The batches of a shard depend on its number and these settings alone, not on `workers`: the number of processes that
    make shards ready ahead, none for as it comes.
    """

    shards: Path
    tokenizer: Path
    pad_id: int
    max_length: int
    batch_tokens: int
    seed: int
    workers: int = 0

    def from_shard(self, first: int) -> Generator[list[Batch]]:
        """Yield the batches of one shard after another, for ever; close it to let the processes go.

        Raises:
            FileNotFoundError: the folder holds no shards.

        """
        if not self.workers:
            yield from (ready(self, index) for index in count(first))
            return
        # Fresh processes: a forked one would inherit the state of a GPU it must not touch.
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            waiting: deque[Future[list[Packed]]] = deque()
            try:
                for index in count(first):
                    waiting.append(pool.submit(_packed, self, index))
                    if len(waiting) > self.workers:
                        yield [_unpack(*packed) for packed in waiting.popleft().result()]
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


def batches_from(feed: Feed, shard: int, batch: int) -> Iterator[tuple[int, int, Batch]]:
    """Yield shard, batch and the batch itself from a position onwards."""
    with closing(feed.from_shard(shard)) as prepared:
        for index, batches in zip(count(shard), prepared, strict=False):
            for number in range(batch if index == shard else 0, len(batches)):
                yield index, number, batches[number]


def ready(feed: Feed, index: int) -> list[Batch]:
    """Read, tokenise and cut one shard; pairs with neither label nor judgement teach nothing and are left out."""
    paths = list_shards(feed.shards)
    if not paths:
        msg = f"no shard-*.jsonl under {feed.shards}: write them with the `data` command first"
        raise FileNotFoundError(msg)
    rows = [row for row in read_examples(paths[index % len(paths)]) if row.label != UNLABELLED or row.teacher]
    encoded = encode(rows, _tokenizer(feed.tokenizer), feed.max_length)
    plan = plan_batches(encoded, budget=feed.batch_tokens, seed=feed.seed * 1_000 + index)
    return [collate(planned, feed.pad_id) for planned in plan]


@lru_cache(maxsize=2)
def _tokenizer(folder: Path) -> Tokenizer:
    return load_tokenizer(folder)


def _packed(feed: Feed, index: int) -> list[Packed]:
    torch.set_num_threads(1)
    return [
        ({name: getattr(batch, name).numpy() for name in TENSORS}, batch.tokens)
        for batch in ready(feed, index)
    ]


def _unpack(arrays: dict[str, NDArray[np.generic]], tokens: int) -> Batch:
    return Batch(**{name: torch.from_numpy(array) for name, array in arrays.items()}, tokens=tokens)
