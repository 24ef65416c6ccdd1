"""From an ungrounded claim to the corrupted store entry, and the whole store swept.

`trace_run` is the stage; `sweep` goes through a store without a log.
"""

from halluguard.forensics.integrity import sweep
from halluguard.forensics.trace import trace_run

__all__ = ["sweep", "trace_run"]
