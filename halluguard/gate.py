"""The gate of an evaluation job: one function gives the verdict line and the exit code."""

import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from halluguard.errors import SettingError

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_CONDITION = re.compile(r"\s*([a-z_]+)\s*(>=|<=|>|<)\s*([0-9]*\.?[0-9]+)\s*(%?)\s*")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that fails the gate, such as `ungrounded_rate>0.05`."""

    metric: str
    sign: str
    limit: float

    def fails(self, value: float) -> bool:
        """Whether a value meets the failing condition."""
        return _OPERATORS[self.sign](value, self.limit)

    def __str__(self) -> str:
        return f"{self.metric}{self.sign}{self.limit:g}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run ends in: the line a person reads and the code a job reads, never computed apart."""

    exit_code: int
    line: str


def parse_condition(text: str) -> Condition:
    """Read `METRIC>NUMBER` (also `>=`, `<`, `<=`; a number may end in %).

    Raises:
        SettingError: it is no condition, or one that every rate meets alike, such as 5 where 5 % was meant.

    """
    found = _CONDITION.fullmatch(text)
    if not found:
        raise SettingError(
            f"--fail-on {text!r} is not a condition. Expected one such as 'ungrounded_rate>0.05'"
        )
    metric, sign, number, percent = found.groups()
    limit = float(Decimal(number) / (100 if percent else 1))  # as a float, 0.7 / 100 is less than 0.007
    if limit > 1 or (limit == 1 and sign in (">", "<=")) or (limit == 0 and sign in ("<", ">=")):
        raise SettingError(
            f"--fail-on {text!r} can decide nothing: {_beyond_rates(metric, sign, number, percent)}"
        )
    return Condition(metric, sign, limit)


def _beyond_rates(metric: str, sign: str, number: str, percent: str) -> str:
    if not float(number):
        return "a rate is 0 at least. Expected one such as 'ungrounded_rate>0.05'"
    if percent or float(number) > 100:
        return "a rate is 100 % at most. Expected one such as 'ungrounded_rate>0.05'"
    return f"a rate is 1 at most. For {number} % write '{metric}{sign}{float(number) / 100:g}' or '{metric}{sign}{number}%'"


def require_known(conditions: Sequence[Condition], known: Collection[str]) -> None:
    """Raise SettingError where a condition names a rate that is not among the known ones."""
    for condition in conditions:
        if condition.metric not in known:
            raise SettingError(
                f"--fail-on names {condition.metric!r}. Known rates: {', '.join(sorted(known))}"
            )


def decide_outcome(manifest: Mapping[str, Any], conditions: Sequence[Condition] = ()) -> Outcome:
    """Return verdict line and exit code of a finished check.

    4 where nothing was checkable or no rate of the conditions was measured, else 1 where a condition holds, else 3 where rows were skipped or claims failed,
    else 0. A metric that the run does not have raises SettingError naming those it has.
    """
    counts, summary = manifest["counts"], manifest["summary"]
    require_known(conditions, summary)
    if not counts["checkable"]:
        return Outcome(4, f"NOTHING CHECKABLE: no claim in {counts['turns']} turns could be decided")
    rate = summary["ungrounded_rate"]
    told = (
        f"{rate['hits']} of {rate['total']} checkable claims ungrounded "
        f"({rate['value']:.1%}, 95 % interval {rate['low']:.1%} to {rate['high']:.1%})"
    )
    values = {c.metric: _exact(summary[c.metric]) for c in conditions}
    failed = [c for c in conditions if (value := values[c.metric]) is not None and c.fails(value)]
    unknown = [c for c in conditions if values[c.metric] is None]
    if failed:
        return Outcome(1, f"GATE FAILED: {', '.join(map(str, failed))}; {told}")
    left_out = counts.get("skipped_rows", 0) + counts["errors"]
    gate = "GATE PASSED: " if conditions else ""
    if conditions and len(unknown) == len(conditions):
        return Outcome(4, f"GATE UNDECIDED: not measured: {', '.join(c.metric for c in unknown)}; {told}")
    if unknown:
        told += f"; not measured: {', '.join(c.metric for c in unknown)}"
    if left_out:
        return Outcome(3, f"{gate}{told}; {left_out} rows or claims could not be checked")
    return Outcome(0, f"{gate}{told}")


def _exact(rate: Mapping[str, Any]) -> float | None:
    """Return a rate from its counts; the value beside them is rounded, and 1 of 3,000,000 would be 0."""
    return rate["hits"] / rate["total"] if rate["total"] else None
