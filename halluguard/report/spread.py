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
    """The verdict over all cascades, the rule that gave it, the drawing (our own SVG), and the cascades drawn."""

    regime: str
    meaning: str
    rule: str
    svg: str
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
        claims=tuple(
            ScoredClaim(one["claim"], one["verdict"]["regime"], drawing.score_table(one))
            for one in drawing.choose_cascades(cascade)
        ),
    )
