"""The monitor's results as plain text; names of runs, windows and sources are made harmless."""

from collections.abc import Sequence

from halluguard.monitor.compare import RunDifference
from halluguard.monitor.watch import MonitorResult
from halluguard.report.hostile import one_line, plain

SHOWN = 12
"""Rows shown of a table; the others are counted."""
LONG_RUN = 10_000


def tell_result(result: MonitorResult) -> str:
    """Return the verdict, the comparisons that moved most, the charts, and what could not be compared."""
    lines = [result.line]
    ranked = sorted(result.tests, key=lambda test: (not test.alarm, test.p_value))
    if ranked:
        rows = [
            (
                "ALARM" if test.alarm else "",
                test.signal,
                test.window or "all",
                test.test,
                f"{test.value:.3f}",
                f"{test.null:.3f}",
                f"{test.p_value:.2g}",
                f"{test.n_reference}/{test.n_current}",
            )
            for test in ranked[:SHOWN]
        ]
        lines += ["", *_columns(("", "signal", "window", "test", "value", "chance", "p", "n"), rows)]
    if len(ranked) > SHOWN:
        lines.append(f"and {len(ranked) - SHOWN} more comparisons")
    for name, chart in result.charts.items():
        state = "outside" if chart.z > chart.limit else "inside"
        lines.append(
            f"chart of {name}: baseline {chart.centre or 0.0:.1%}, largest average {chart.z:.2f} {state} the limit "
            f"{chart.limit:.2f} (average run length {_length(chart.run_length)} windows)"
        )
    if result.homogeneity is not None:
        alike = result.homogeneity
        lines.append(
            f"likeness of answers to like questions: {alike.reference:.3f} before, {alike.current:.3f} now (p {alike.p_value:.2g})"
        )
    for name, trend in result.trends.items():
        lines.append(
            f"trend of {name}: {trend.slope:+.4f} a window ({trend.low:+.4f} to {trend.high:+.4f}), tau {trend.tau:+.2f}, p {trend.p_value:.2g}"
        )
    return "\n".join([*lines, *(f"not shown: {plain(limit)}" for limit in result.limits)])


def tell_difference(found: RunDifference) -> str:
    """Return the verdict, the sources that moved, the answers that did, and what could not be paired."""
    lines = [found.line]
    moved = [one for one in found.sources if one.paired.gained or one.paired.lost]
    if moved:
        rows = [
            (
                one_line(one.source, 60),
                str(one.paired.gained),
                str(one.paired.lost),
                str(one.paired.pairs),
                f"{one.paired.p_value:.2g}",
                f"{one.p_holm:.2g}",
            )
            for one in moved[:SHOWN]
        ]
        lines += ["", *_columns(("source", "gained", "lost", "answers", "p", "p corrected"), rows)]
    for name, turns, count in (
        ("gained", found.gained, found.paired.gained),
        ("lost", found.lost, found.paired.lost),
    ):
        if turns:
            more = f" and {count - SHOWN} more" if count > SHOWN else ""
            lines.append(f"{name}: {', '.join(one_line(turn, 60) for turn in turns[:SHOWN])}{more}")
    left = {
        "turns only in the first run": found.only_before,
        "turns only in the second run": found.only_after,
        "turns not checkable in both": found.not_checkable,
        "turns left out, with another question": found.other_questions,
    }
    lines += [f"{name}: {count}" for name, count in left.items() if count]
    return "\n".join([*lines, *(f"not made alike, {one_line(one, 200)}" for one in found.conditions)])


def _length(windows: float) -> str:
    return f"{windows:,.0f}" if windows < LONG_RUN else f"over {LONG_RUN:,}"


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    table = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
