"""Find ungrounded answers of a RAG chatbot, trace them to corrupted store entries, score their spread.

Offline, on a CPU or a GPU, with no LLM. `check` a log, `trace` a run to a store, `investigate` for all of it;
`score` document/claim pairs; `open_run` what a run has written.
"""

from halluguard.api import (
    Loaded,
    ModelChoice,
    RunResult,
    build_index,
    calibrate,
    cascade,
    check,
    demo,
    investigate,
    open_run,
    score,
    trace,
    verify_index,
    write_report,
)
from halluguard.errors import HalluguardError

__version__ = "0.1.0"

__all__ = [
    "HalluguardError",
    "Loaded",
    "ModelChoice",
    "RunResult",
    "build_index",
    "calibrate",
    "cascade",
    "check",
    "demo",
    "investigate",
    "open_run",
    "score",
    "trace",
    "verify_index",
    "write_report",
]
