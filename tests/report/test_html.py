"""The page is self-contained, harmless, accessible and the same every time."""

import re
import shutil
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup

from halluguard.cascade import Circumstances, run_cascade
from halluguard.report import collect, render_html, render_markdown, write_report
from halluguard.report.collect import STALE_CASCADE
from halluguard.report.hostile import UNSAFE
from halluguard.run import Run


@pytest.fixture(scope="module")
def page(library_run) -> str:
    return render_html(collect(library_run))


@pytest.fixture(scope="module")
def soup(page) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


def test_the_same_run_gives_the_same_bytes(library_run, page, tmp_path):
    write_report(library_run, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == page.encode()


def test_timings_do_not_change_the_page(make_run):
    def rendered(name, seconds):
        return render_html(collect(make_run([], [], name=name, timings={"total_s": seconds})))

    assert rendered("one", 1.0) == rendered("two", 2.0)


def test_what_people_reported_as_false_is_not_shown_as_a_trusted_text(library_run, tmp_path):
    shutil.copytree(library_run.path, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    for table, column in (("claims", "trusted_evidence_id"), ("suspects", "nearest_trusted_id")):
        rows = run.read(table).to_pylist()
        run.write(table, [row | {column: "known-false:1" if row[column] else row[column]} for row in rows])
    told = BeautifulSoup(render_html(collect(run)), "html.parser").get_text()

    assert "Reported as false" in told
    for words in ("The trusted documents say", "The nearest trusted text says", "trusted documents: support"):
        assert words not in told


def test_hostile_text_is_shown_and_does_nothing(page, soup):
    assert not UNSAFE.search(page)
    assert not soup.find_all(["script", "iframe", "img", "object", "embed", "form", "base"])
    assert "<script>alert('x')</script>" in soup.get_text()
    assert "![p](http://evil.example/p.png)" in soup.get_text()
    assert {"‹ESC›", "‹RLO›", "‹BEL›"} <= {chip.get_text() for chip in soup.select(".chip")}
    assert not [name for tag in soup.find_all(True) for name in tag.attrs if name.startswith("on")]


def test_hostile_text_in_the_manifest_is_harmless_too(make_run):
    bad = '"><script>x</script>\x1b[31m\u202e'
    page = render_html(
        collect(make_run([], [], title=bad, version=bad, not_shown=[bad], device=bad, models={bad: {"name": bad, "digest": bad}},
                         groups={"model": [{"key": bad, "hits": 1, "total": 2}], "day": [{"key": bad, "hits": 1, "total": 2}]}))
    )  # fmt: skip
    assert not UNSAFE.search(page)
    assert not BeautifulSoup(page, "html.parser").find("script")


def test_nothing_is_loaded_from_outside(page, soup):
    addresses = [
        tag.get(name)
        for tag in soup.find_all(True)
        for name in ("src", "href", "srcset", "action", "xlink:href")
        if tag.get(name)
    ]
    assert addresses
    assert all(address.startswith("#") or address == "data:," for address in addresses)
    assert "url(" not in page
    assert "@import" not in page


def test_every_link_inside_the_page_leads_somewhere(soup):
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    named = [link["href"][1:] for link in soup.select("a[href^='#']")]
    named += [
        name
        for tag in soup.find_all(attrs={"aria-labelledby": True})
        for name in tag["aria-labelledby"].split()
    ]
    assert set(named) <= set(ids)


def test_tables_charts_and_headings_can_be_read_aloud(soup):
    assert all(table.find("caption") for table in soup.find_all("table"))
    assert all(head.get("scope") for head in soup.find_all("th"))
    charts = [svg for svg in soup.find_all("svg") if not svg.find_parent("svg")]
    assert all(svg.get("aria-hidden") == "true" or svg.find("title") for svg in charts)
    levels = [int(heading.name[1]) for heading in soup.find_all(re.compile("^h[1-6]$"))]
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))


def test_the_claims_of_an_answer_stand_in_place(soup):
    answer = soup.select_one(".answer-card .answer")
    for tag in answer.select(".tag"):
        tag.decompose()
    assert (
        answer.get_text()
        == "You may keep borrowed books for 90 days [loans-4]. You can book a study room 14 days ahead [rooms-1]."
    )
    assert [claim["class"][1] for claim in answer.select(".claim")] == ["s-source_conflict", "s-grounded"]


def test_the_differing_words_are_marked_on_both_sides(soup):
    evidence = soup.select_one(".evidence")
    assert [mark.get_text() for mark in evidence.select("mark.left")] == ["90", "without"]
    assert [mark.get_text() for mark in evidence.select("mark.right")] == ["30"]


def test_a_run_with_nothing_checkable_says_so_in_its_headline(make_run):
    rows = [{"turn_id": "a", "answer": "Hello!", "retrieved": [], "feedback": []}]
    claims = [
        {"turn_id": "a", "claim_id": "a.0", "start": 0, "end": 6, "text": "Hello!", "status": "not_a_claim"}
    ]
    soup = BeautifulSoup(render_html(collect(make_run(rows, claims))), "html.parser")
    assert "This is not a pass" in soup.h1.get_text()
    assert soup.select_one(".notices .grave")


def test_without_a_cascade_there_is_no_section_for_it(soup):
    assert soup.find(id="cascade") is None


def test_a_cascade_is_drawn_with_its_verdict_and_scores(library_run, tmp_path):
    run = Run.open(shutil.copytree(library_run.path, tmp_path / "run"))
    run_cascade(run)
    page = render_html(collect(run))
    section = BeautifulSoup(page, "html.parser").find(id="cascade")
    assert section.find("svg")
    assert section.find("p").get_text().strip()
    assert "Contaminated answers" in section.find("table").get_text()
    assert not UNSAFE.search(page)
    assert not BeautifulSoup(page, "html.parser").find("script")
    assert "How far it spread" in render_markdown(collect(run))


def test_what_people_told_of_a_spread_stands_beside_its_verdict(library_run, tmp_path):
    run = Run.open(shutil.copytree(library_run.path, tmp_path / "run"))
    run_cascade(run, given=Circumstances(probe_hits=1, probes=60, write_back=False))
    told = "As told: answers are never written back to the store, 1 of 60 probes still brought the claim."

    assert (
        told
        in BeautifulSoup(render_html(collect(run)), "html.parser").find(id="cascade").find("p").get_text()
    )
    assert told in render_markdown(collect(run))


def test_a_spread_that_was_scored_before_the_last_trace_is_left_out_and_said_to_be(library_run, tmp_path):
    run = Run.open(shutil.copytree(library_run.path, tmp_path / "run"))
    run_cascade(run)
    assert collect(run).cascade is not None

    run.write("suspects", run.read("suspects").to_pylist()[:1])  # as a trace of another store does

    assert collect(run).cascade is None
    assert STALE_CASCADE in collect(run).not_shown


def test_what_steers_in_the_id_of_a_drawn_entry_is_shown_and_takes_no_tag_along(library_run, tmp_path):
    run = Run.open(shutil.copytree(library_run.path, tmp_path / "run"))
    run_cascade(run)
    told = run.path / "cascade.json"
    told.write_text(told.read_text().replace("loans-4", "loans-4\\u009b\\u200b"))
    page = render_html(collect(run))
    drawn = BeautifulSoup(page, "html.parser").find(id="cascade").find("svg")

    assert not UNSAFE.search(page)
    assert "loans-4\N{REPLACEMENT CHARACTER}" in str(drawn)
    assert str(drawn).count("<title>") == str(drawn).count("</title>")


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_that_wcag_aa_asks_for(page, scheme):
    palettes = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    ]
    colours = palettes[0] if scheme == "light" else palettes[0] | palettes[1]
    statuses = ["source_conflict", "contradicted", "unsupported", "misattributed", "uncited", "uncorroborated", "grounded",
                "abstained", "not_a_claim", "error"]  # fmt: skip
    pairs = [(name, ground) for name in ["ink", "muted", "accent"] for ground in ["paper", "card", "soft"]]
    pairs += [(name, "card") for name in statuses]
    pairs += [("ink", f"tint-{name}") for name in statuses[:3]] + [
        (name, f"tint-{name}") for name in statuses[:3]
    ]
    pairs += [("left-ink", "left"), ("right-ink", "right")]
    weak = {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair in pairs
        if contrast(colours[pair[0]], colours[pair[1]]) < 4.5
    }
    assert not weak
