"""Where the marks of a cascade's drawing go: across in percent of the width, down in pixels, so that any width reads.

Nodes of one kind, generation and stretch of time stand in a stack; a stack too high becomes one mark with its count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MAX_LANES = 10
MAX_STACK = 3
MAX_SINGLE = 6
"""Origins and cut entries that keep a mark of their own however many nodes there are."""
MANY = 80
STEP, ROW, LABEL = 14.0, 16.0, 15.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A node, or `count` nodes, at (`x` percent, `y` pixels); `style` is entry, answer, invented or report."""

    x: float
    y: float
    style: str
    count: int
    title: str
    label: str = ""
    origin: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Edges from one mark to another; `dashed` where all of them are suspected."""

    start: Mark
    end: Mark
    count: int
    dashed: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """The band of one generation."""

    name: str
    top: float
    height: float


@dataclass(frozen=True)
class Layout:
    """A whole drawing: lanes, marks, links, and day labels with their places."""

    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    links: tuple[Link, ...]
    ticks: tuple[tuple[float, str], ...]
    height: float
    timed: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """Days to percent of the width; what lies before the log stands at its left edge."""

    start: float
    end: float

    def place(self, days: float) -> float:
        """Return the place of a time, between 0 and 100."""
        span = self.end - self.start
        return 50.0 if span <= 0 else min(100.0, max(0.0, 100 * (days - self.start) / span))


@dataclass(frozen=True, slots=True)
class _Node:
    key: str
    style: str
    lane: int
    x: float
    title: str
    label: str
    origin: bool
    cut: bool
    weight: float

    @property
    def alone(self) -> bool:
        return self.origin or self.cut


def lay_out(cascade: Mapping[str, Any], window: Mapping[str, Any]) -> Layout:
    """Place a cascade of `cascade.json`; without any time nodes stand in order of their hop."""
    scale = scale_of(cascade, window)
    nodes = _nodes(cascade, scale)
    bins = 40 if len(nodes) <= 40 else 20 if len(nodes) <= 120 else 12
    stacks: dict[tuple[int, bool, int], list[_Node]] = {}
    singles = {
        n.key
        for n in sorted((n for n in nodes if n.alone), key=lambda n: (not n.origin, -n.weight, n.key))[
            :MAX_SINGLE
        ]
    }
    for node in nodes:
        row = node.style in ("answer", "invented")
        stacks.setdefault((node.lane, row, min(bins - 1, int(node.x * bins / 100))), []).append(node)
    groups = {key: _group(stack, singles) for key, stack in sorted(stacks.items())}
    lanes, rows = _lanes(groups)
    mark_of: dict[str, Mark] = {}
    marks = []
    for (lane, row, _), members in groups.items():
        for level, group in enumerate(members):
            mark = _mark(group, rows[lane, row] + level * STEP)
            marks.append(mark)
            mark_of.update({node.key: mark for node in group})
    ticks = () if scale is None else _ticks(scale)
    return Layout(
        lanes,
        tuple(marks),
        _links(cascade, mark_of),
        ticks,
        lanes[-1].top + lanes[-1].height,
        scale is not None,
    )


def read_days(moment: str | None) -> float | None:
    """Return days since 1970 of an ISO moment of `cascade.json`."""
    if not moment:
        return None
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() / 86400


def scale_of(cascade: Mapping[str, Any], window: Mapping[str, Any]) -> Scale | None:
    """Return the scale of time: the log's window, whole days; None where nothing has a time."""
    times = [read_days(node["time"]) for node in (*cascade["entries"], *cascade["answers"])]
    known = [time for time in times if time is not None]
    start, end = read_days(window.get("start")), read_days(window.get("end"))
    if start is None or end is None:
        return Scale(float(int(min(known))), float(int(max(known)) + 1)) if known else None
    return Scale(float(int(start)), float(int(end) + 1))


def _nodes(cascade: Mapping[str, Any], scale: Scale | None) -> list[_Node]:
    rows = [(entry, f"entry:{entry['key']}", entry["key"], True) for entry in cascade["entries"]]
    rows += [
        (answer, f"answer:{answer['turn_id']}", answer["turn_id"], False) for answer in cascade["answers"]
    ]
    deepest = max((row["hop"] or 0 for row, *_ in rows), default=0) or 1
    nodes = []
    for row, key, label, is_entry in rows:
        role, days = row["role"], read_days(row["time"])
        style = (
            "report"
            if role == "reports"
            else "entry"
            if is_entry
            else "invented"
            if role == "de_novo"
            else "answer"
        )
        x = (
            scale.place(days)
            if scale is not None and days is not None
            else 100 * (row["hop"] or 0) / deepest
            if scale is None
            else 0.0
        )
        when = row["time"] or "time unknown"
        title = f"{'entry' if is_entry else 'answer'} {label}, {role.replace('_', ' ')}, {when}"
        if is_entry and row.get("evidence"):
            title += f", evidence: {row['evidence']}"
        lane = min(row["generation"] or 0, MAX_LANES - 1)
        origin = is_entry and role in ("origin", "left_cut")
        nodes.append(
            _Node(
                key,
                style,
                lane,
                x,
                title,
                label,
                origin,
                bool(row.get("in_cut")),
                float(row.get("expected") or 0),
            )
        )
    return sorted(nodes, key=lambda node: (node.x, node.key))


def _group(stack: Sequence[_Node], singles: set[str]) -> list[list[_Node]]:
    """Return the marks of one stack: each node by itself if few, else named ones and one mark for each other style."""
    alone = [[node] for node in stack if node.key in singles]
    rest = [node for node in stack if node.key not in singles]
    if len(stack) <= MAX_STACK:
        return alone + [[node] for node in rest]
    styles = sorted({node.style for node in rest})
    return alone + [[node for node in rest if node.style == style] for style in styles]


def _lanes(
    groups: Mapping[tuple[int, bool, int], Sequence[Any]],
) -> tuple[tuple[Lane, ...], dict[tuple[int, bool], float]]:
    """Return the lanes with room for their highest stacks, and the first line of entries and of answers of each."""
    last = max((lane for lane, _, _ in groups), default=0)
    lanes, rows, top = [], {}, 0.0
    for lane in range(last + 1):
        heights = {
            row: max(
                (len(members) for (at, kind, _), members in groups.items() if at == lane and kind == row),
                default=0,
            )
            for row in (False, True)
        }
        rows[lane, False] = top + LABEL + ROW
        rows[lane, True] = rows[lane, False] + max(1, heights[False]) * STEP + ROW
        height = rows[lane, True] - top + max(1, heights[True]) * STEP + 6
        name = f"generation {lane}" + (" and later" if lane == MAX_LANES - 1 else "")
        lanes.append(Lane(name, top, height))
        top += height
    return tuple(lanes), rows


def _mark(group: Sequence[_Node], y: float) -> Mark:
    first = group[0]
    x = round(sum(node.x for node in group) / len(group), 3)
    if len(group) == 1:
        return Mark(x, y, first.style, 1, first.title, first.label, first.origin, first.cut)
    kind = "entries" if first.style in ("entry", "report") else "answers"
    return Mark(
        x,
        y,
        first.style,
        len(group),
        f"{len(group)} {kind}",
        origin=any(n.origin for n in group),
        cut=any(n.cut for n in group),
    )


def _links(cascade: Mapping[str, Any], mark_of: Mapping[str, Mark]) -> tuple[Link, ...]:
    counts: dict[tuple[Mark, Mark], list[int]] = {}
    for edge in cascade["edges"]:
        ends = ("entry", "answer") if edge["kind"] == "exposure" else ("answer", "entry")
        keys = (f"{ends[0]}:{edge['source']}", f"{ends[1]}:{edge['target']}")
        if keys[0] in mark_of and keys[1] in mark_of:
            count = counts.setdefault((mark_of[keys[0]], mark_of[keys[1]]), [0, 0])
            count[0] += 1
            count[1] += edge["rung"] == 4
    order = sorted(counts, key=lambda ends: (ends[0].x, ends[0].y, ends[1].x, ends[1].y))
    return tuple(Link(a, b, counts[a, b][0], counts[a, b][0] == counts[a, b][1]) for a, b in order)


def _strongest(links: Sequence[Link]) -> tuple[Link, ...]:
    """Keep the two heaviest links into each mark: with hundreds of nodes more lines show less."""
    into: dict[Mark, list[Link]] = {}
    for link in links:
        into.setdefault(link.end, []).append(link)
    kept = {id(link) for some in into.values() for link in sorted(some, key=lambda link: -link.count)[:2]}
    return tuple(link for link in links if id(link) in kept)


def _ticks(scale: Scale) -> tuple[tuple[float, str], ...]:
    """Return at most five day labels, at whole days."""
    days = int(scale.end - scale.start)
    step = max(1, -(-days // 5))
    marks = range(int(scale.start), int(scale.end), step)
    return tuple(
        (scale.place(day), datetime.fromtimestamp(day * 86400, tz=UTC).strftime("%d %b").lstrip("0"))
        for day in marks
    )
