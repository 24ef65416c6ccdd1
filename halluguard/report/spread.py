"""How far a false claim spread, as the cascade stage drew and scored it."""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_DRAWING = "halluguard.cascade.drawing"


@dataclass(frozen=True, slots=True)
class ScoredClaim:
    """One cascade: the claim that spread, and its scores as rows of name, figure, interval and reading."""

    claim: str
    regime: str
    scores: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Spread:
    """The verdict over all cascades, the rule that gave it, the drawing (our own SVG), what people told beside the log, and the cascades drawn."""

    regime: str
    meaning: str
    rule: str
    svg: str
    told: str
    claims: tuple[ScoredClaim, ...]


def describe_spread(cascade: Mapping[str, Any] | None) -> Spread | None:
    """Have the cascade stage draw `cascade.json`; None where the run has none or nothing here can draw it."""
    if not cascade or importlib.util.find_spec(_DRAWING) is None:
        return None
    drawing = importlib.import_module(_DRAWING)
    verdict = cascade["verdict"]
    return Spread(
        regime=verdict["regime"],
        meaning=verdict["meaning"],
        rule=verdict["rule"],
        svg=drawing.render_svg(cascade),
        told=_say_told(cascade.get("told") or {}),
        claims=tuple(
            ScoredClaim(one["claim"], one["verdict"]["regime"], drawing.score_table(one))
            for one in drawing.choose_cascades(cascade)
        ),
    )


def _say_told(told: Mapping[str, Any]) -> str:
    """Return what the scores were told beside log and store, in one sentence; empty where nothing was."""
    facts = []
    if "sample_rate" in told:
        facts.append(f"the log holds {told['sample_rate']:.3g} of all turns")
    if told.get("write_back") is False:
        facts.append("answers are never written back to the store")
    if "contained_at" in told:
        facts.append(f"containment began at {told['contained_at']}")
    if "probes" in told:
        facts.append(
            f"{told['probes']['hits']:,} of {told['probes']['asked']:,} probes still brought the claim"
        )
    return f"As told: {', '.join(facts)}." if facts else ""
