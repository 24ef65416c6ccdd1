"""Two runs of the same questions: which answers gained or lost grounding, and whether the difference is real."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from halluguard.errors import InputError
from halluguard.monitor.conditions import differing_conditions
from halluguard.monitor.decide import ALPHA as _ALPHA
from halluguard.run import Run

LEVEL = 0.05
RESAMPLES = 4000
NAMED = 50
"""Answers named on either side; all are counted."""
NO_SOURCE = "(no source)"

assert (
    _ALPHA < LEVEL
)  # a comparison someone asks for once may be read at 5 %, a watch that runs daily may not


@dataclass(frozen=True, slots=True)
class Paired:
    """Answers checkable in both runs: how many are grounded in each, gained, lost, and the exact McNemar p-value."""

    pairs: int
    grounded_before: int
    grounded_after: int
    gained: int
    lost: int
    p_value: float

    @property
    def difference(self) -> float | None:
        """The grounded share after less the one before; None without pairs."""
        return (self.gained - self.lost) / self.pairs if self.pairs else None


@dataclass(frozen=True, slots=True)
class SourceDifference:
    """The same for the answers that retrieved or cited from one source; `p_holm` is corrected over the sources.

    `low` and `high` bound the difference as those of a run do; they are None below two conversations, and where `p_holm` alone
    says that chance suffices.
    """

    source: str
    paired: Paired
    p_holm: float
    low: float | None = None
    high: float | None = None

    @property
    def worse(self) -> bool:
        """Whether grounding was lost beyond chance; McNemar's p alone takes turns of a conversation for independent."""
        return self.p_holm < LEVEL and self.high is not None and self.high < 0


@dataclass(frozen=True)
class RunDifference:
    """What changed from run A to run B; `low` and `high` bound the difference (95 %, resampled by conversation).

    `conditions` says what else was otherwise when B was made: verdicts may differ for that alone.
    """

    paired: Paired
    low: float | None
    high: float | None
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    sources: tuple[SourceDifference, ...]
    only_before: int
    only_after: int
    not_checkable: int
    other_questions: int
    conditions: tuple[str, ...] = ()

    @property
    def real(self) -> bool:
        """Whether the difference is beyond chance: exact p below 0.05 and an interval that excludes none."""
        excludes = self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)
        return self.paired.p_value < LEVEL and excludes

    @property
    def worse(self) -> bool:
        """Whether grounding was lost beyond chance, on the whole or in a source."""
        whole = self.real and self.paired.lost > self.paired.gained
        return whole or any(one.worse for one in self.sources)

    @property
    def line(self) -> str:
        """The verdict in one line."""
        p = self.paired
        if not p.pairs:
            return "NOTHING PAIRED: no turn is checkable in both runs"
        kind = "WORSE" if self.worse else "BETTER" if self.real else "NO REAL DIFFERENCE"
        bounds = (
            ""
            if self.low is None
            else f", 95 % interval {100 * self.low:+.1f} to {100 * (self.high or 0.0):+.1f}"
        )
        return (
            f"{kind}: {p.gained} answers gained grounding and {p.lost} lost it, of {p.pairs} "
            f"({100 * (p.difference or 0.0):+.1f} points{bounds}; exact McNemar p = {p.p_value:.3g})"
        )

    def exit_code(self, *, gate: bool = False) -> int:
        """Return 4 without pairs, 1 where a gate is set and grounding was lost, else 0."""
        if not self.paired.pairs:
            return 4
        return 1 if gate and self.worse else 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "verdict": self.line,
            "real": self.real,
            "worse": self.worse,
            **asdict(self.paired),
            "difference": self.paired.difference,
            "low": self.low,
            "high": self.high,
            "gained_turns": list(self.gained),
            "lost_turns": list(self.lost),
            "sources": [
                {
                    "source": one.source,
                    **asdict(one.paired),
                    "p_holm": one.p_holm,
                    "low": one.low,
                    "high": one.high,
                }
                for one in self.sources
            ],
            "only_before": self.only_before,
            "only_after": self.only_after,
            "not_checkable": self.not_checkable,
            "other_questions": self.other_questions,
            "conditions": list(self.conditions),
        }


@dataclass(frozen=True, slots=True)
class _Answer:
    grounded: bool | None
    question: str
    conversation: str
    sources: tuple[str, ...]


def compare_runs(before: Run, after: Run, *, seed: int = 0) -> RunDifference:
    """Pair two checked runs by turn id: an answer is grounded where it has checkable claims and none is ungrounded.

    Turns of one id that answer different questions are left out: ids made from line numbers shift with the lines.

    Raises InputError where the runs have no turn in common.
    """
    a, b = _read(before), _read(after)
    shared = [turn for turn in a if turn in b]
    if not shared:
        raise InputError(
            f"{before.path} and {after.path} have no turn_id in common, so nothing can be paired. "
            "Give both logs the ids of the same questions (--map turn_id=FIELD names another field)"
        )
    same = [turn for turn in shared if _ask_the_same(a[turn], b[turn])]
    pairs = [turn for turn in same if a[turn].grounded is not None and b[turn].grounded is not None]
    flips = {turn: int(bool(b[turn].grounded)) - int(bool(a[turn].grounded)) for turn in pairs}
    paired = count_pairs([(bool(a[turn].grounded), bool(b[turn].grounded)) for turn in pairs])
    low, high = bound_difference(
        [flips[turn] for turn in pairs], [a[turn].conversation or turn for turn in pairs], seed=seed
    )
    return RunDifference(
        paired=paired,
        low=low,
        high=high,
        gained=tuple(turn for turn in pairs if flips[turn] > 0)[:NAMED],
        lost=tuple(turn for turn in pairs if flips[turn] < 0)[:NAMED],
        sources=_by_source(a, b, flips, seed),
        only_before=len(a) - len(shared),
        only_after=len(b) - len(shared),
        not_checkable=len(same) - len(pairs),
        other_questions=len(shared) - len(same),
        conditions=differing_conditions(before, after),
    )


def _ask_the_same(before: _Answer, after: _Answer) -> bool:
    """Whether two answers are to one question, apart from case and blanks; a log may not hold the question."""
    one, other = (" ".join(answer.question.casefold().split()) for answer in (before, after))
    return one == other or not one or not other


def count_pairs(pairs: Sequence[tuple[bool, bool]]) -> Paired:
    """Count (grounded before, grounded after) and test the discordant pairs by the exact binomial (McNemar 1947)."""
    from scipy.stats import binomtest

    gained = sum(after and not before for before, after in pairs)
    lost = sum(before and not after for before, after in pairs)
    p_value = float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    grounded = sum(before for before, _ in pairs), sum(after for _, after in pairs)
    return Paired(len(pairs), *grounded, gained, lost, p_value)


def bound_difference(
    flips: Sequence[int], conversations: Sequence[str], *, seed: int = 0
) -> tuple[float | None, float | None]:
    """Return the 2.5 and 97.5 % quantiles of the mean flip over resampled conversations; None below two of them."""
    sums: dict[str, list[int]] = {}
    for flip, conversation in zip(flips, conversations, strict=True):
        total = sums.setdefault(conversation, [0, 0])
        total[0] += flip
        total[1] += 1
    if len(sums) < 2:
        return None, None
    table = np.array(list(sums.values()), dtype=np.float64)
    generator = np.random.default_rng(seed)
    shares = []
    for _ in range(RESAMPLES):
        drawn = table[generator.integers(0, len(table), len(table))].sum(axis=0)
        shares.append(drawn[0] / drawn[1])
    low, high = np.quantile(shares, [0.025, 0.975])
    return round(float(low), 6), round(float(high), 6)


def _by_source(
    a: Mapping[str, _Answer], b: Mapping[str, _Answer], flips: Mapping[str, int], seed: int
) -> tuple[SourceDifference, ...]:
    groups: dict[str, list[str]] = {}
    for turn in flips:
        for source in sorted({*a[turn].sources, *b[turn].sources}) or [NO_SOURCE]:
            groups.setdefault(source, []).append(turn)
    counted = [
        (source, count_pairs([(bool(a[turn].grounded), bool(b[turn].grounded)) for turn in turns]))
        for source, turns in groups.items()
    ]
    counted.sort(key=lambda one: (one[1].p_value, -one[1].gained - one[1].lost, one[0]))
    found, worst = [], 0.0
    for rank, (source, paired) in enumerate(counted):
        worst = max(worst, min(1.0, paired.p_value * (len(counted) - rank)))
        low, high = None, None
        if worst < LEVEL:  # a log may name thousands of sources, and resampling is what costs
            turns = groups[source]
            low, high = bound_difference(
                [flips[turn] for turn in turns], [a[turn].conversation or turn for turn in turns], seed=seed
            )
        found.append(SourceDifference(source, paired, worst, low, high))
    return tuple(found)


def _read(run: Run) -> dict[str, _Answer]:
    found: dict[str, _Answer] = {}
    columns = ["turn_id", "conversation_id", "question", "retrieved", "n_checkable", "n_ungrounded"]
    for batch in run.stream("turns"):
        for row in batch.select(columns).to_pylist():
            sources = {chunk["source"] for chunk in row["retrieved"] or () if chunk["source"]}
            found.setdefault(
                row["turn_id"],
                _Answer(
                    not row["n_ungrounded"] if row["n_checkable"] else None,
                    row["question"] or "",
                    row["conversation_id"] or "",
                    tuple(sorted(sources)),
                ),
            )
    return found
