"""What each score means, in a sentence for people who know no statistics."""

from collections.abc import Callable

from halluguard.cascade.scores.estimate import Estimate


def read_score(id_: str, estimate: Estimate) -> str:
    """Return the plain reading of a score, or why there is none."""
    if estimate.value is None:
        return f"Not known: {estimate.reason}." if estimate.reason else "Not known."
    return _READERS[id_](estimate)


def _percent(value: float | None) -> str:
    return "?" if value is None else f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"


def _count(noun: str) -> Callable[[Estimate], str]:
    def read(e: Estimate) -> str:
        assert e.value is not None
        return f"{e.value:.0f} {noun}{'' if round(e.value) == 1 else 's'}."

    return read


def _prevalence(e: Estimate) -> str:
    return f"{_percent(e.value)} of the {e.n:.0f} answers on this topic say it (between {_percent(e.low)} and {_percent(e.high)})."


def _slope(e: Estimate) -> str:
    assert e.low is not None
    assert e.high is not None
    if e.low > 0:
        return f"The false claim takes a growing share of the answers; {e.reason}."
    if e.high < 0:
        return f"The false claim is losing share; {e.reason}."
    return f"No clear rise or fall from day to day; {e.reason}."


def _ratio(e: Estimate) -> str:
    assert e.value is not None
    assert e.low is not None
    assert e.high is not None
    head = f"Contaminated entries are written back {e.value:.1f} times as often as clean ones on the same questions"
    if e.low > 1:
        return f"{head}: the loop favours the false claim."
    if e.high < 1:
        return f"{head}: the loop works against the false claim."
    return f"{head}, which may be chance ({e.low:.2f} to {e.high:.2f})."


def _r_loop(e: Estimate) -> str:
    assert e.value is not None
    if e.quality == "structural":
        return "Answers never become entries, so the claim cannot feed itself."
    if e.low is None or e.high is None:
        return f"Each contaminated entry leads to {e.value:.2f} more."
    span = f"({e.low:.2f} to {e.high:.2f})"
    if e.low > 1:
        return f"Each contaminated entry leads to {e.value:.2f} more {span}: it grows by itself. Clean text may grow as fast; see S4."
    if e.high < 1:
        return f"Each contaminated entry leads to {e.value:.2f} more {span}: without new imports it dies out."
    return f"Each contaminated entry leads to {e.value:.2f} more {span}: it may grow or die out."


def _r_t(e: Estimate) -> str:
    return f"In that week each contaminated entry led to {e.value:.2f} more ({e.low:.2f} to {e.high:.2f}). No alarm by itself."


def _dispersion(e: Estimate) -> str:
    assert e.value is not None
    how = "a few entries make most of the children" if e.value < 1 else "entries spread about equally"
    return f"k = {e.value:.2f} ({e.low:.2f} to {e.high:.2f}): {how}."


def _gain(e: Estimate) -> str:
    assert e.low is not None
    assert e.high is not None
    side = "favour" if e.low > 1 else "work against" if e.high < 1 else "do not clearly favour"
    return f"Thumbs and write-back {side} contaminated answers (odds ratio {e.value:.1f}, {e.low:.1f} to {e.high:.1f})."


def _decay(e: Estimate) -> str:
    assert e.value is not None
    how = "fades" if (e.high or 2) < 1 else "hardens" if (e.low or 0) > 1 else "keeps its strength"
    return f"From the first generation to the last the claim {how} ({e.value:.2f} of its first support)."


def _residual(e: Estimate) -> str:
    return f"{_percent(e.value)} of {e.n:.0f} probes still got the claim; with 95 % confidence at most {_percent(e.high)} would."


_READERS: dict[str, Callable[[Estimate], str]] = {
    "S1": _prevalence,
    "S1.answers": _count("contaminated answer"),
    "S1.conversations": _count("conversation"),
    "S1.users": _count("user"),
    "S2": lambda e: (
        f"{_percent(e.value)} of what is retrieved for this topic is contaminated ({_percent(e.low)} to {_percent(e.high)})."
    ),
    "S2.lift": lambda e: (
        f"Contaminated entries are retrieved {e.value:.1f} times as often as their share of the store."
    ),
    "S3": _slope,
    "S4": _ratio,
    "S4b": _r_loop,
    "R_t": _r_t,
    "S5.size": _count("node"),
    "S5.depth": lambda e: (
        f"{e.value:.0f} round{'' if e.value == 1 else 's'} of answer and write-back{'; ' + e.reason if e.reason else ''}."
    ),
    "S5.breadth": lambda e: f"At most {e.value:.0f} at one hop.",
    "S5.roots": _count("start"),
    "S5.span": lambda e: f"{e.value:.1f} days.",
    "S5.virality": lambda e: f"Mean distance {e.value:.1f}; {e.reason}.",
    "S6": _dispersion,
    "S6.top": lambda e: f"The most productive fifth of the entries made {_percent(e.value)} of the children.",
    "S8": _gain,
    "S9": _decay,
    "S10": _residual,
    "extinction": lambda e: (
        f"{_percent(e.value)} chance of dying out without action ({_percent(e.low)} to {_percent(e.high)})."
    ),
}
