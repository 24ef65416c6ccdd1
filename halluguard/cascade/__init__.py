"""How far a false claim spread, whether the loop feeds it, and what to remove.

`run_cascade` reads a run and a store and writes `cascade.json` and `cascade.graphml`. The scores are plain functions in
`halluguard.cascade.scores`, the drawing is `halluguard.cascade.drawing.render_svg`.
"""

from halluguard.cascade.stage import CascadeResult, run_cascade
from halluguard.cascade.verdict import Decision, Evidence, Regime, decide_regime

__all__ = ["CascadeResult", "Decision", "Evidence", "Regime", "decide_regime", "run_cascade"]
