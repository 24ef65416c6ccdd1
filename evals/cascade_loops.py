"""Feedback loops whose truth is known, in plain arrays: branching cohorts and a store that answers are written back to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GI_SHAPE, GI_SCALE = 2.0, 0.5
"""The generation interval of the branching cascades: gamma, mean 1."""


def draw_cohort(r: float, k: float, n: int, generator: np.random.Generator) -> tuple[Array, Array]:
    """Return children and truncation weights of `n` entries that came at random times before the log's end.

    Ages are uniform between 0.5 and 5 mean intervals; thinning a negative binomial is exact.
    """
    from scipy.special import gammainc

    ages = generator.uniform(0.5, 5.0, n)
    pi = np.asarray(gammainc(GI_SHAPE, ages / GI_SCALE))
    rates = generator.gamma(k, r / k, n)
    return generator.poisson(rates * pi).astype(np.float64), pi


def grow_cascade(r: float, k: float, until: float, generator: np.random.Generator) -> tuple[Array, Array]:
    """Return children and truncation weights of the entries of one cascade grown from one entry; stops at 2,000."""
    from scipy.special import gammainc

    times, children = [0.0], []
    place = 0
    while place < len(times) and len(times) < 2000:
        born = times[place]
        count = generator.poisson(generator.gamma(k, r / k))
        seen = born + generator.gamma(GI_SHAPE, GI_SCALE, count)
        seen = seen[seen <= until]
        times.extend(seen.tolist())
        children.append(float(len(seen)))
        place += 1
    known = np.array(times[: len(children)])
    return np.array(children), np.asarray(gammainc(GI_SHAPE, (until - known) / GI_SCALE))


@dataclass(frozen=True)
class Loops:
    """Many runs of one loop. Entries: shape (runs, capacity), `birth` infinite where there is none.

    `parent` is the entry that decided the answer an entry was written from, -1 for those of the beginning. `cases` and
    `answers` have shape (runs, days).
    """

    birth: Array
    contaminated: NDArray[np.bool_]
    parent: NDArray[np.int64]
    cases: Array
    answers: Array


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """A store of clean and contaminated entries, questions a day, top-5 by Gumbel noise plus `boost`, write-back by chance."""

    boost: float
    clean: int = 20
    contaminated: int = 1
    per_day: int = 40
    days: int = 28
    write_back: float = 0.15
    write_back_contaminated: float | None = None
    removed_on: int | None = None


def simulate_loops(settings: LoopSettings, runs: int, seed: int) -> Loops:
    """Run a loop many times; one entry drawn from the five retrieved decides the answer and is its single parent."""
    s, generator = settings, np.random.default_rng(seed)
    steps = s.days * s.per_day
    start = s.clean + s.contaminated
    capacity = start + int(steps * s.write_back * 1.5) + 40
    birth = np.full((runs, capacity), np.inf)
    birth[:, :start] = 0.0
    bad = np.zeros((runs, capacity), dtype=bool)
    bad[:, : s.contaminated] = True
    gone = np.zeros((runs, capacity), dtype=bool)
    parent = np.full((runs, capacity), -1, dtype=np.int64)
    size = np.full(runs, start)
    cases, answers = np.zeros((runs, s.days)), np.full((runs, s.days), float(s.per_day))
    row = np.arange(runs)
    for step in range(steps):
        day, time = step // s.per_day, (step + 0.5) / s.per_day
        if s.removed_on is not None and step == s.removed_on * s.per_day:
            gone |= bad
        width = int(size.max())
        noise = generator.gumbel(size=(runs, width)) + s.boost * bad[:, :width]
        noise[(np.arange(width) >= size[:, None]) | gone[:, :width]] = -np.inf
        top = np.argpartition(-noise, 4, axis=1)[:, :5]
        source = top[row, generator.integers(0, 5, runs)]
        case = bad[row, source]
        cases[:, day] += case
        chance = (
            s.write_back
            if s.write_back_contaminated is None
            else np.where(case, s.write_back_contaminated, s.write_back)
        )
        written = (generator.random(runs) < chance) & (size < capacity)
        who = row[written]
        birth[who, size[who]], bad[who, size[who]], parent[who, size[who]] = time, case[who], source[who]
        size[who] += 1
    return Loops(birth, bad, parent, cases, answers)
