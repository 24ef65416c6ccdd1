"""The summary of a run on a terminal.

Every text is put in a rich `Text`, so that square brackets from a log are never read as markup.
"""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from halluguard.report import wording
from halluguard.report.brief import BEHIND, brief
from halluguard.report.data import Grouping, MeasuredRate, ReportData
from halluguard.report.hostile import one_line
from halluguard.report.statuses import VERDICTS, WORDINGS, is_flagged

NAMED = 5
"""How many entries, groups and suspects a terminal names."""


def print_summary(data: ReportData, console: Console) -> None:
    """Print the headline, what limits it, statuses, where it concentrates, and what lies behind it."""
    grave = not data.rate.total or data.rate.hits > 0
    console.print(Text(wording.headline(data), style="bold red" if grave else "bold green"))
    if wording.lede(data):
        console.print(Text(wording.lede(data), style="dim"))
    for notice in wording.notices(data):
        told = f"! {notice.text} {one_line(notice.quoted, 300)}".rstrip()
        console.print(Text(told, style="red" if notice.grave else "yellow"))
    if any(count for _, count in data.statuses):
        console.print(_status_table(data))
    for grouping in data.groupings:
        if grouping.name != "day" and len(grouping.groups) > 1:
            console.print(_group_table(grouping))
    console.print(Text(wording.finding(data)))
    if data.findings.culprits:
        console.print(_culprit_table(data))
    if data.suspects and data.suspects.counts:
        counts = ", ".join(
            f"{count:,} {VERDICTS[verdict].lower()}" for verdict, count in data.suspects.counts
        )
        console.print(Text(f"Suspects: {counts}"))
    for point in brief(data):
        if point.name != BEHIND:  # said above, with the table of entries
            said = "".join(
                f"“{one_line(words.text)}”" if words.quoted else words.text for words in point.words
            )
            console.print(Text(f"{point.name}: ", style="bold").append(Text(said, style="not bold")))
    if data.not_shown:
        console.print(Text("What the log could not show:", style="dim"))
    for line in data.not_shown:
        console.print(Padding(Text(f"- {one_line(line, 300)}", style="dim"), (0, 0, 0, 2)))


def _table(*columns: str, numbers: int) -> Table:
    """Start a borderless table whose last `numbers` columns are aligned right."""
    table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False, padding=(0, 2, 0, 0))
    for position, name in enumerate(columns):
        justify = "right" if position >= len(columns) - numbers else "left"
        table.add_column(Text(name), justify=justify, overflow="fold")  # type: ignore[arg-type]
    return table


def _status_table(data: ReportData) -> Table:
    table = _table("Status", "Claims", "Share", numbers=2)
    whole = sum(count for _, count in data.statuses)
    for status, count in data.statuses:
        if count:
            style = "red" if is_flagged(status) else ""
            table.add_row(
                Text(WORDINGS[status].name, style=style),
                Text(f"{count:,}"),
                Text(wording.percent(count / whole)),
            )
    return table


def _group_table(grouping: Grouping) -> Table:
    table = _table(grouping.name.replace("_", " ").capitalize(), "Rate", "95% interval", "Claims", numbers=3)
    for group in grouping.groups[:NAMED]:
        table.add_row(Text(one_line(group.key, 60) or wording.NOT_STATED), *_rate_cells(group.rate))
    left_out = len(grouping.groups) - NAMED + grouping.n_rest
    if left_out > 0:
        table.add_row(Text(f"and {left_out:,} more", style="dim"))
    return table


def _rate_cells(rate: MeasuredRate) -> tuple[Text, Text, Text]:
    return (
        Text(wording.percent(rate.value)),
        Text(wording.interval(rate)),
        Text(f"{rate.hits:,} of {rate.total:,}"),
    )


def _culprit_table(data: ReportData) -> Table:
    table = _table("Entry", "Source", "First seen", "Claims", "Answers", numbers=2)
    for culprit in data.findings.culprits[:NAMED]:
        table.add_row(
            Text(one_line(culprit.entry_id, 40)), Text(one_line(culprit.source, 50) or "—"), Text(wording.moment(culprit.first_seen)),
            Text(f"{culprit.n_claims:,}"), Text(f"{culprit.n_turns:,}"),
        )  # fmt: skip
    left_out = data.findings.n_culprits - len(data.findings.culprits[:NAMED])
    if left_out > 0:
        table.add_row(Text(f"and {left_out:,} more", style="dim"))
    return table
