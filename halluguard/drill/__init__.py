"""Feedback loops with known truth, and the detector scored blind on them.

`run_drill` plays a scenario and writes log, trusted pages, store and truth; `score_drill` investigates what it wrote without the
truth and compares; `exercise` does both. Scenarios lie in `corpora/drills`; `list_scenarios` names them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from halluguard.drill.reading import list_scenarios, load_scenario
    from halluguard.drill.record import DrillFiles
    from halluguard.drill.run import (
        DrillResult,
        ScoredDrill,
        exercise,
        replay_without,
        run_drill,
        score_drill,
    )
    from halluguard.drill.scenario import Scenario

__all__ = [
    "DrillFiles",
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

_READ = {
    "list_scenarios": "reading",
    "load_scenario": "reading",
    "DrillFiles": "record",
    "Scenario": "scenario",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for: to list scenarios must not load FAISS and LangChain."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_READ.get(name, 'run')}"), name)
