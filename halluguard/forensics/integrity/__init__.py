"""The integrity sweep: every entry of a store, held against itself, its model, its sources and the log.

`sweep` takes an open store and whatever `Evidence` there is; `MEANINGS` explains each code to people, `DAMAGE` names
the codes that say an entry is not what was once put in.
"""

from halluguard.forensics.integrity.codes import DAMAGE, MEANINGS, Code
from halluguard.forensics.integrity.result import Finding, SweepResult
from halluguard.forensics.integrity.sources import folder_sources
from halluguard.forensics.integrity.sweep import Evidence, SweepRules, sweep

__all__ = [
    "DAMAGE",
    "MEANINGS",
    "Code",
    "Evidence",
    "Finding",
    "SweepResult",
    "SweepRules",
    "folder_sources",
    "sweep",
]
