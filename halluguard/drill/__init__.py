"""Feedback loops with known truth, and the detector scored blind on them.

`run_drill` plays a scenario and writes log, trusted pages, store and truth; `score_drill` investigates what it wrote without the
truth and compares; `exercise` does both. Scenarios lie in `corpora/drills`; `list_scenarios` names them.
"""

from halluguard.drill.reading import list_scenarios, load_scenario
from halluguard.drill.run import DrillResult, ScoredDrill, exercise, replay_without, run_drill, score_drill
from halluguard.drill.scenario import Scenario

__all__ = [
    "DrillResult",
    "Scenario",
    "ScoredDrill",
    "exercise",
    "list_scenarios",
    "load_scenario",
    "replay_without",
    "run_drill",
    "score_drill",
]
