"""One verdict on a cascade: an ordered list of rules, the first that holds wins; no weighted sum."""

from dataclasses import dataclass
from enum import StrEnum

RESIDUAL_LIMIT = 0.05
QUIET_INTERVALS = 3.0
CAPTURED_SHARE = 0.5
RISING_Z = 2.33
RISING_Z_BESIDE_RATIO = 3.0
"""Where the rate ratio is known and does not exceed 1 for sure, a slope alone must be steeper: the share of a neutral loop drifts,
and 2.33 then raises 5 false alarms in 100 loops of 28 days instead of 2 (`evals.cascade`)."""


class Regime(StrEnum):
    """What the loop does with the false claim."""

    CONTAINED = "CONTAINED"
    CAPTURED = "CAPTURED"
    AMPLIFYING = "AMPLIFYING"
    GROWING_WITH_STORE = "GROWING-WITH-STORE"
    SEEDED_ONLY = "SEEDED-ONLY"
    UNDETERMINED = "UNDETERMINED"
    NO_CASE = "NO-CASE"


MEANING = {
    Regime.CONTAINED: "Probes after the clean-up no longer get the false claim, and no new case has come.",
    Regime.CAPTURED: "Most answers on the topic already say it.",
    Regime.AMPLIFYING: "The loop favours the false claim over correct text on the same topic.",
    Regime.GROWING_WITH_STORE: "The false claim multiplies, but no faster than everything else that is written back.",
    Regime.SEEDED_ONLY: "The false claim comes from what was put into the store; the loop does not feed it.",
    Regime.UNDETERMINED: "The log does not allow a verdict.",
    Regime.NO_CASE: "No answer asserts a false claim: nothing spreads.",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The figures the rules read; None is "not known", never 0.

    `quiet_intervals` is the time since containment, without a case, in mean generation intervals; `prevalence_low` is the lower bound
    that holds for all claims looked at together; `children` the contaminated entries
    written back; `structural` whether the system has no path from an answer to an entry.
    """

    residual_upper: float | None = None
    quiet_intervals: float | None = None
    prevalence_low: float | None = None
    ratio_low: float | None = None
    slope_z: float | None = None
    r_loop_low: float | None = None
    r_loop_high: float | None = None
    children: float | None = None
    structural: bool = False
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The regime, the rule that fired with its figures, and, where undetermined, what is missing."""

    regime: Regime
    rule: str
    missing: tuple[str, ...] = ()


def decide_regime(evidence: Evidence) -> Decision:
    """Apply the rules in order: contained, captured, amplifying, growing with the store, seeded only, undetermined.

    R above 1 alone is not an alarm: a loop that writes back every answer alike grows without amplifying anything.
    """
    e = evidence
    if _below(e.residual_upper, RESIDUAL_LIMIT) and _above(
        e.quiet_intervals, QUIET_INTERVALS, inclusive=True
    ):
        rule = f"residual at most {e.residual_upper:.1%} by probes, and no case for {e.quiet_intervals:.1f} generation intervals"
        return Decision(Regime.CONTAINED, rule)
    if _above(e.prevalence_low, CAPTURED_SHARE):
        return Decision(
            Regime.CAPTURED, f"at least {e.prevalence_low:.0%} of the answers on the topic are contaminated"
        )
    if _above(e.ratio_low, 1.0):
        rule = (
            f"contaminated entries are written back at least {e.ratio_low:.2f} times as often as clean ones"
        )
        return Decision(Regime.AMPLIFYING, rule)
    if _above(e.slope_z, RISING_Z if e.ratio_low is None else RISING_Z_BESIDE_RATIO):
        return Decision(
            Regime.AMPLIFYING,
            f"the contaminated share of answers rises from day to day (z = {e.slope_z:.2f})",
        )
    if _above(e.r_loop_low, 1.0):
        rule = f"each contaminated entry leads to more than one (R_loop at least {e.r_loop_low:.2f}), as clean ones may"
        return Decision(Regime.GROWING_WITH_STORE, rule)
    if e.structural:
        return Decision(Regime.SEEDED_ONLY, "structural: no answer is written back to the store")
    if e.children == 0 and _below(e.r_loop_high, 1.0):
        return Decision(
            Regime.SEEDED_ONLY, f"no contaminated entry was written back; R_loop at most {e.r_loop_high:.2f}"
        )
    return _undetermined(e)


def _undetermined(e: Evidence) -> Decision:
    missing = list(e.missing)
    if e.children == 0 and not _below(e.r_loop_high, 1.0):
        bound = "" if e.r_loop_high is None else f" (R_loop may still be {e.r_loop_high:.2f})"
        missing.append(f"exposure: too few entry-days without offspring to exclude growth{bound}")
    if not missing and e.r_loop_low is None:
        missing.append("R_loop")
    rule = "no rule holds" if not missing else "no rule holds, and figures are missing"
    return Decision(Regime.UNDETERMINED, rule, tuple(missing))


def _below(value: float | None, limit: float) -> bool:
    return value is not None and value < limit


def _above(value: float | None, limit: float, *, inclusive: bool = False) -> bool:
    return value is not None and (value > limit or (inclusive and value == limit))
