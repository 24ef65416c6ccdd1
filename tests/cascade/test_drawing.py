import random
import xml.etree.ElementTree as ET

import pytest

from halluguard.cascade import run_cascade
from halluguard.cascade.drawing import merge_days, render_svg, score_table
from halluguard.cascade.layout import MAX_STACK, lay_out

EVIL = "<script>alert(1)</script>\"'&\x00\x1b[31m\u202e"


@pytest.fixture
def small(chain, tmp_path, entails):
    return run_cascade(chain.write(tmp_path / "small"), chain, entails=entails).data


@pytest.fixture
def large(tmp_path, entails, growing):
    built = growing(random.Random(3), days=20, per_day=20)
    return run_cascade(built.write(tmp_path / "large"), built, entails=entails).data


def test_a_small_cascade_shows_every_node_with_origin_and_cut(small):
    layout = lay_out(small["cascades"][0], small["window"])
    assert sorted(mark.label for mark in layout.marks) == ["bad", "m1", "m2", "t1", "t2", "t3"]
    assert [mark.label for mark in layout.marks if mark.origin] == ["bad"]
    assert [mark.label for mark in layout.marks if mark.cut] == ["bad"]
    assert [lane.name for lane in layout.lanes] == ["generation 0", "generation 1", "generation 2"]
    assert len(layout.links) == 6


def test_time_runs_to_the_right_and_generations_downwards(small):
    marks = {mark.label: mark for mark in lay_out(small["cascades"][0], small["window"]).marks}
    assert marks["bad"].x < marks["m1"].x < marks["m2"].x
    assert marks["bad"].y < marks["m1"].y < marks["m2"].y


def test_hundreds_of_nodes_become_few_marks_that_count_them_all(large):
    cascade = large["cascades"][0]
    nodes = len(cascade["entries"]) + len(cascade["answers"])
    layout = lay_out(cascade, large["window"])
    assert nodes > 150
    assert len(layout.marks) < nodes / 2
    assert sum(mark.count for mark in layout.marks) == nodes
    assert any(mark.origin and mark.count == 1 for mark in layout.marks)
    places = {}
    for mark in layout.marks:
        places.setdefault((round(mark.x * 12 / 100 - 0.5), mark.style), []).append(mark)
    assert max(map(len, places.values())) <= (MAX_STACK + 2) * len(layout.lanes)


def test_the_labels_of_the_shares_end_at_the_edge_of_the_drawing(large):
    root = ET.fromstring(render_svg(large))
    plot, label = next(
        (plot, text)
        for plot in root.iter()
        if plot.tag.endswith("svg") and plot is not root
        for text in plot
        if text.text == "100%"
    )
    left, width, at = (
        float(value.rstrip("%")) for value in (plot.get("x"), plot.get("width"), label.get("x"))
    )
    assert left + width * at / 100 == pytest.approx(100, abs=0.01)
    assert label.get("text-anchor") == "end"


def test_the_svg_is_well_formed_deterministic_and_without_script(large):
    svg = render_svg(large)
    assert svg == render_svg(large)
    ET.fromstring(svg)
    assert "<script" not in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_hostile_labels_are_escaped(chain, tmp_path, entails):
    chain.texts["bad"] = EVIL
    data = run_cascade(chain.write(tmp_path / "run"), chain, entails=entails).data
    cascade = data["cascades"][0]
    cascade["claim"] = EVIL
    for entry in cascade["entries"]:
        entry["key"] = EVIL + entry["key"]
    cascade["answers"][0]["turn_id"] = EVIL
    svg = render_svg(data)
    ET.fromstring(svg)
    assert "<script" not in svg
    assert not {"\x00", "\x1b", "\u202e"} & set(svg)


def test_no_case_is_said_in_words(loop, tmp_path):
    loop.true("t1", 1, [])
    svg = render_svg(run_cascade(loop.write(tmp_path / "run"), loop).data)
    assert "No case found" in svg
    ET.fromstring(svg)


def test_a_log_without_times_is_drawn_in_order_of_hops(chain, tmp_path, entails):
    for row in chain.turns:
        row["timestamp"] = None
    chain.stored = [type(e)(e.id, e.text, written_by_turn=e.written_by_turn) for e in chain.stored]
    data = run_cascade(chain.write(tmp_path / "run"), chain, entails=entails).data
    assert "in order of hops" in render_svg(data)


def test_long_series_are_merged_with_their_counts_kept():
    days = [
        {"day": f"2026-{m:02d}-{d:02d}", "cases": 1, "answers": 3} for m in range(1, 10) for d in range(1, 29)
    ]
    bars = merge_days(days)
    assert len(bars) <= 60
    assert sum(bar["answers"] for bar in bars) == 3 * len(days)
    assert all(bar["low"] < bar["value"] < bar["high"] for bar in bars)


def test_the_score_table_reads_in_words(small):
    rows = {row["id"]: row for row in score_table(small["cascades"][0])}
    assert rows["S1"]["reading"].startswith("60%")
    assert rows["S4b"]["figure"] == "not known"
    assert all(row["reading"].endswith(".") for row in rows.values())
