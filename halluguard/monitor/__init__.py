"""Watch runs over time: drift against a baseline, alerts that are not lost, and the paired difference of two runs.

`monitor_runs` compares, `compare_runs` pairs two runs answer by answer, `halluguard.monitor.alerts` delivers.
"""

from halluguard.monitor.compare import RunDifference, compare_runs
from halluguard.monitor.watch import MonitorResult, monitor_runs

__all__ = ["MonitorResult", "RunDifference", "compare_runs", "monitor_runs"]
