"""When to raise an alarm, and what kind of drift it is: rules over figures, with no file, model or clock in reach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

ALPHA = 0.01
"""Share of calls that may raise an alarm where nothing changed."""
LEAST_ALPHA = 1e-4
"""Below this the shuffles that a p-value needs are too many to draw."""


class Measure(StrEnum):
    """What is watched. Each measure gets an equal part of the false-alarm rate."""

    SUPPORT = "support"
    SIMILARITY = "similarity"
    LENGTH = "length"
    QUESTIONS = "questions"
    ANSWERS = "answers"
    HOMOGENEITY = "homogeneity"
    RATES = "rates"
    DECAY = "decay"


class Kind(StrEnum):
    """What the alarms together say."""

    NONE = "none"
    DATA_DRIFT = "data drift"
    STORE_DRIFT = "store drift"
    CONCEPT_DRIFT = "concept drift"
    MODEL_DRIFT = "model drift"
    UNEXPLAINED = "unexplained"
    IMPROVED = "improved"


class Grounding(StrEnum):
    """Which way the support of claims and the rates moved, as far as they raised an alarm."""

    SAME = "same"
    WORSE = "worse"
    BETTER = "better"
    BOTH = "both"


_DENIED = (
    "more answers follow entries that the trusted documents or statements known to be false deny, and those"
)
_MEANING = {
    Kind.NONE: "nothing moved more than chance allows",
    Kind.CONCEPT_DRIFT: f"{_DENIED} have changed: entries may be stale",
    Kind.MODEL_DRIFT: "more answers say what neither their sources nor the trusted corpus bear out",
    Kind.IMPROVED: "answers are better grounded than before, and nothing else moved",
}
_STORE_DRIFT = {
    False: f"{_DENIED} are the same",
    None: "more answers follow entries that are denied, and what denied entries before is not known",
}
_DATA_DRIFT = {
    Grounding.SAME: "; answers are as well grounded as before",
    Grounding.WORSE: "; answers are less grounded than before",
    Grounding.BETTER: "; answers are better grounded than before",
    Grounding.BOTH: "",
}
_UNEXPLAINED = {
    Grounding.SAME: "answers moved, and neither questions, nor retrieval, nor grounding explain it",
    Grounding.WORSE: "answers are less grounded than before; neither questions nor retrieval explain it, and neither conflicts nor "
    "inventions alone rose beyond chance",
    Grounding.BETTER: "answers moved and are better grounded than before; neither questions nor retrieval explain it",
    Grounding.BOTH: "answers are better grounded by one figure and less by another, and neither questions nor retrieval explain it",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison: of a signal, in a window (empty: over all of them), with its statistic beside its null quantile.

    `higher` says which way the figure moved, None where the test does not tell.
    """

    measure: Measure
    signal: str
    window: str
    test: str
    value: float
    null: float
    p_value: float
    n_reference: int
    n_current: int
    higher: bool | None = None
    alarm: bool = False


def decide_alarms(tests: Sequence[Comparison], alpha: float = ALPHA) -> tuple[Comparison, ...]:
    """Return the tests with `alarm` set: alpha shared equally among the measures that were taken, Holm's rule inside each.

    So a call raises a false alarm in at most a share alpha of cases (Bonferroni over measures; Holm 1979), whatever depends on what.
    """
    measures = sorted({test.measure for test in tests})
    raised: set[int] = set()
    for measure in measures:
        rows = [number for number, test in enumerate(tests) if test.measure is measure]
        rows.sort(key=lambda number: tests[number].p_value)
        for rank, number in enumerate(rows):
            if tests[number].p_value > alpha / len(measures) / (len(rows) - rank):
                break
            raised.add(number)
    return tuple(_with_alarm(test, number in raised) for number, test in enumerate(tests))


def _with_alarm(test: Comparison, alarm: bool) -> Comparison:
    from dataclasses import replace

    return replace(test, alarm=alarm)


def tell_drift(tests: Iterable[Comparison], *, trusted_changed: bool | None) -> tuple[Kind, ...]:
    """Return the kinds of drift that the alarms show, the gravest first; `trusted_changed` is None where that is not known.

    A share of answers that fell is good news; where nothing else moved it is `IMPROVED`, for which nobody need be called.
    """
    alarms = [test for test in tests if test.alarm]
    if not alarms:
        return (Kind.NONE,)
    worse = {test.signal for test in alarms if test.measure is Measure.RATES and test.higher}
    kinds: list[Kind] = []
    if "conflict" in worse:
        kinds.append(Kind.CONCEPT_DRIFT if trusted_changed else Kind.STORE_DRIFT)
    if "invention" in worse:
        kinds.append(Kind.MODEL_DRIFT)
    if any(test.measure in _INPUTS for test in alarms):
        kinds.append(Kind.DATA_DRIFT)
    if not kinds and all(map(_of_grounding, alarms)) and _moved(alarms) is Grounding.BETTER:
        return (Kind.IMPROVED,)
    return tuple(kinds) or (Kind.UNEXPLAINED,)


def explain_drift(kinds: Iterable[Kind], tests: Iterable[Comparison], *, trusted_changed: bool | None) -> str:
    """Say in one line what the kinds that `tell_drift` returned mean, and nothing that an alarm contradicts."""
    moved = _moved([test for test in tests if test.alarm])
    return "; ".join(f"{kind}: {_meaning(kind, moved, trusted_changed)}" for kind in kinds)


def _meaning(kind: Kind, moved: Grounding, trusted_changed: bool | None) -> str:
    if kind is Kind.DATA_DRIFT:
        return f"users ask something else or retrieval fits otherwise{_DATA_DRIFT[moved]}"
    if kind is Kind.UNEXPLAINED:
        return _UNEXPLAINED[moved]
    if kind is Kind.STORE_DRIFT:
        return _STORE_DRIFT[False if trusted_changed is False else None]
    return _MEANING[kind]


def _of_grounding(test: Comparison) -> bool:
    return test.measure in (Measure.RATES, Measure.SUPPORT) or (
        test.measure is Measure.DECAY and test.signal.startswith(Measure.SUPPORT)
    )


def _moved(alarms: Iterable[Comparison]) -> Grounding:
    worse = {test.higher is (test.measure is Measure.RATES) for test in alarms if _of_grounding(test)}
    if len(worse) == 2:
        return Grounding.BOTH
    return Grounding.SAME if not worse else Grounding.WORSE if worse.pop() else Grounding.BETTER


_INPUTS = frozenset({Measure.QUESTIONS, Measure.SIMILARITY})


def decide_exit(*, alarms: int, tests: int, left_out: int) -> int:
    """Return the exit code: 4 where nothing could be compared, 1 on alarm, 3 where answers were left out, else 0."""
    if not tests:
        return 4
    if alarms:
        return 1
    return 3 if left_out else 0


def worst_level(kinds: Sequence[Kind], levels: Mapping[Kind, str]) -> str:
    """Return the gravest level of some kinds; levels sort by name, SEV0 the gravest."""
    return min((levels[kind] for kind in kinds if kind in levels), default="SEV3")
