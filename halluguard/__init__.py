"""halluguard: find ungrounded answers, trace them to corrupted store entries, score their spread, contain them.

Offline, on a CPU or a GPU, with no LLM.
"""

__version__ = "0.1.0"
