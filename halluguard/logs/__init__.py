"""Conversation logs to turns: `read_log` streams any known format, `turn_to_json` writes our own.

A row that cannot be read is reported by number and left out; what was put right or is missing is counted in `LogNotes`.
"""

from halluguard.logs.native import turn_to_json
from halluguard.logs.notes import LogNotes, SkippedRow, absent_fields, repair_lines
from halluguard.logs.reading import FORMATS, count_rows, read_log

__all__ = [
    "FORMATS",
    "LogNotes",
    "SkippedRow",
    "absent_fields",
    "count_rows",
    "read_log",
    "repair_lines",
    "turn_to_json",
]
