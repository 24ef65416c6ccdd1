"""How far a false claim spread, whether the loop feeds it, and what to remove.

`run_cascade` reads a run and a store and writes `cascade.json` and `cascade.graphml`. The scores are plain functions in
`halluguard.cascade.scores`, the drawing is `halluguard.cascade.drawing.render_svg`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from halluguard.cascade.verdict import Decision, Evidence, Regime, decide_regime

if TYPE_CHECKING:
    from halluguard.cascade.circumstances import Circumstances
    from halluguard.cascade.claims import Entails
    from halluguard.cascade.observe import normalise
    from halluguard.cascade.stage import CascadeResult, run_cascade

__all__ = [
    "CascadeResult",
    "Circumstances",
    "Decision",
    "Entails",
    "Evidence",
    "Regime",
    "decide_regime",
    "normalise",
    "run_cascade",
]

_HOMES = {
    "CascadeResult": "stage",
    "Circumstances": "circumstances",
    "Entails": "claims",
    "normalise": "observe",
    "run_cascade": "stage",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for: the verdict's rules alone must not load networkx and SciPy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
