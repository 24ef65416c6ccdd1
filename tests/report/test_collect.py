"""A run directory becomes the values of a report, whatever is missing from it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from halluguard.errors import RunError, SettingError
from halluguard.records import Origin, Status, SuspectVerdict
from halluguard.report import collect, wording, write_report
from halluguard.report.answers import _outcome
from halluguard.report.data import MeasuredRate
from halluguard.report.hostile import code_span
from halluguard.report.html import render_html
from halluguard.report.markdown import render_markdown
from halluguard.report.tables import retrievals_of
from halluguard.report.wording import finding, headline, notices
from halluguard.run import Run

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def turn(turn_id, answer="Pay 5 euros.", **columns):
    return {
        "turn_id": turn_id,
        "answer": answer,
        "timestamp": NOON,
        "retrieved": [],
        "feedback": [],
    } | columns


def claim(turn_id, status, text="Pay 5 euros.", **columns):
    return {"turn_id": turn_id, "claim_id": f"{turn_id}.0", "start": 0, "end": len(text), "text": text, "reading": text,
            "status": status, "timestamp": NOON} | columns  # fmt: skip


def conflict(turn_id, entry, **columns):
    return claim(turn_id, "source_conflict", cited_ids=[entry], cited_evidence_id=entry, cited_evidence_text="Pay 5 euros.",
                 trusted_evidence_id="fees", trusted_evidence_text="Pay 3 euros.", trusted_contradiction=0.9, **columns)  # fmt: skip


def test_a_traced_run_names_the_responsible_entries(library_run):
    data = collect(library_run)
    assert data.findings.traced
    assert [(culprit.entry_id, culprit.n_claims) for culprit in data.findings.culprits] == [
        ("loans-4", 9),
        ("fines-2", 4),
    ]
    assert dict(data.findings.origins) == {Origin.STORE: 13, Origin.GENERATOR: 11}
    assert (data.rate.hits, data.rate.total) == (24, 101)
    assert data.counts.flagged_turns == 23
    assert dict(data.statuses)[Status.SOURCE_CONFLICT] == 13
    assert sum(answer.n_alike + 1 for answer in data.worst) + data.n_worst_left_out == 23


def test_each_suspect_comes_with_its_trusted_counterpart_and_the_turns_it_touched(library_run):
    suspects = collect(library_run).suspects
    assert [card.entry_id for card in suspects.cards] == ["loans-4", "fines-2", "print-3"]
    assert dict(suspects.counts) == {
        SuspectVerdict.RESPONSIBLE: 2,
        SuspectVerdict.CORRUPTED: 1,
        SuspectVerdict.CLEARED: 1,
    }
    first = suspects.cards[0]
    assert first.trusted.id == "lending-rules.md#3"
    marked = {
        segment.left.strip() or segment.right.strip() for segment in first.comparison if not segment.same
    }
    assert marked == {"90", "without", "30"}
    assert sum(first.activity.touched) == sum(first.activity.flagged) == first.n_touched == 9
    cards = suspects.cards[2]
    assert sum(cards.activity.touched) == cards.n_touched > 0
    assert sum(cards.activity.flagged) == 0


def test_an_untraced_run_counts_the_passages_behind_conflicts(make_run):
    retrieved = [{"id": "old", "text": "Pay 5 euros.", "source": "fees-2019.html"}]
    run = make_run(
        [turn("a", retrieved=retrieved), turn("b", retrieved=retrieved)],
        [conflict("a", "old"), conflict("b", "old")],
    )
    data = collect(run)
    assert data.suspects is None
    assert not data.findings.traced
    assert [(c.entry_id, c.source, c.n_claims, c.n_turns) for c in data.findings.culprits] == [
        ("old", "fees-2019.html", 2, 2)
    ]
    assert [(share.source, share.n_claims) for share in data.findings.sources] == [("fees-2019.html", 2)]
    assert "1 cited passage" in finding(data)
    assert [(worst.turn_id, worst.n_alike, worst.alike) for worst in data.worst] == [("a", 1, ("b",))]


def test_a_claim_accused_twice_is_counted_once(make_run):
    events = [
        {"event_id": "e", "turn_id": "a", "claim_id": "a.0", "origin": "store", "accused_ids": ["x", "y"]}
    ]
    suspects = [
        {"entry_id": entry, "source": "s", "text": "t", "verdict": "responsible", "n_events": 1, "n_turns": 1}
        for entry in "xy"
    ]
    data = collect(make_run([turn("a")], [conflict("a", "x")], suspects=suspects, events=events))
    assert (data.findings.n_culprits, data.findings.n_claims) == (2, 1)
    assert [(share.n_entries, share.n_claims) for share in data.findings.sources] == [(2, 1)]


def test_a_trace_that_accuses_nobody_says_so(make_run):
    data = collect(make_run([turn("a")], [claim("a", "unsupported")], suspects=[], events=[]))
    assert finding(data) == "The trace found no entry of the store responsible."


def test_an_unsupported_claim_is_shown_with_the_passage_it_cites(make_run):
    retrieved = [{"id": "p1", "text": "Opening hours.", "source": "h.html"}]
    run = make_run([turn("a", retrieved=retrieved)], [claim("a", "unsupported", cited_ids=["p1"])])
    shown = collect(run).worst[0].claims[0]
    assert (shown.cited.id, shown.cited.text, shown.comparison) == ("p1", "Opening hours.", ())


def test_of_pieces_that_share_an_id_the_first_with_a_text_is_shown(make_run):
    retrieved = [
        {"id": "p1", "text": None},
        {"id": "p1", "text": "Opening hours."},
        {"id": "p1", "text": "Directions."},
    ]
    run = make_run([turn("a", retrieved=retrieved)], [claim("a", "unsupported", cited_ids=["p1"])])
    assert collect(run).worst[0].claims[0].cited.text == "Opening hours."


def test_a_turn_that_retrieved_an_id_twice_is_listed_once(make_run):
    retrieved = [{"id": name, "text": text} for name, text in (("x", "One."), ("y", "Two."), ("x", "Three."))]
    run = make_run([turn("a", retrieved=retrieved), turn("b", retrieved=retrieved)], [])
    assert retrievals_of(run, ["x"]).turns == {"x": [("a", NOON), ("b", NOON)]}


def test_nothing_checkable_is_not_a_pass(make_run):
    data = collect(make_run([turn("a")], [claim("a", "abstained")]))
    assert headline(data) == "Nothing could be checked in 1 answer. This is not a pass."
    assert notices(data)[0].grave


def test_what_the_files_of_the_store_show_is_told_and_obeyed_nowhere(make_run):
    bad = "os.system\x1b[2J <img src=x> [a](http://b) `c`"
    faults = [{"code": "pickle_refused", "figure": 1.0, "detail": bad}, {"code": "another", "detail": "x"}]
    data = collect(make_run([turn("a")], [], trace={"sweep": {"container": faults}}))
    meaning, shown = data.store_faults[0]

    assert meaning.endswith("so its texts were not read (pickle_refused)")
    assert [notice.quoted for notice in notices(data)][-1] == shown == bad
    assert len(data.store_faults) == 1
    assert f"(pickle_refused): {code_span(bad)}" in render_markdown(data)
    page = render_html(data)
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page
    assert "\x1b" not in page


def test_an_empty_log_is_not_a_pass(make_run):
    assert (
        headline(collect(make_run([], [])))
        == "The log holds no turns, so nothing was checked. This is not a pass."
    )


def test_a_clean_log_says_what_was_checked(make_run):
    data = collect(make_run([turn("a")], [claim("a", "grounded")]))
    assert headline(data) == "No ungrounded claim was found among 1 checkable claim (95% interval 0.0–79.3%)."
    assert (data.worst, data.findings.culprits) == ((), ())


def test_sources_that_are_not_named_are_not_summed_as_they_may_share_claims(make_run):
    groups = {"source": [{"key": f"s{n:02d}", "hits": n, "total": 100} for n in range(20)]}
    run = make_run([turn("a")], [claim("a", "grounded")], groups=groups)
    grouping = collect(run).groupings[0]
    assert (grouping.n_rest, grouping.rest) == (8, MeasuredRate(0, 0))
    assert "A claim that cites several sources counts under each." in render_markdown(collect(run))
    assert "And 8 others." in render_html(collect(run))


def test_an_accused_entry_that_is_cited_is_told_apart():
    event = {"origin": "store", "accused_ids": ["b", "a"]}
    assert _outcome(event, {"status": "source_conflict", "cited_ids": ["a"]}) == "laid to a, b"
    assert _outcome(event, {"status": "contradicted", "cited_ids": ["c"]}) == "laid to a, b"
    told = _outcome(event, {"status": "contradicted", "cited_ids": ["a", "c"]})
    assert told == "laid to a, b; cited, though the check did not read it as saying this: a"


def test_a_time_that_is_not_known_is_left_out_and_numbers_agree(library_run):
    data = collect(library_run)
    found = replace(data.findings, first_seen=None)
    for traced in (True, False):
        said = wording.finding(replace(data, findings=replace(found, traced=traced)))
        assert "first seen" not in said
    assert wording.part_of(1, 1, "flagged claim") == "the only flagged claim"
    one = replace(data, counts=replace(data.counts, turns=1, flagged_turns=1))
    assert wording.lede(one).startswith("1 of 1 answer holds at least one")


def test_groups_beyond_the_named_ones_are_summed(make_run):
    rows = [{"key": f"s{n:02d}", "hits": n, "total": 100} for n in range(20)]
    groups = {"model": rows}
    grouping = collect(make_run([turn("a")], [claim("a", "grounded")], groups=groups)).groupings[0]
    assert [group.key for group in grouping.groups][:2] == ["s19", "s18"]
    assert (grouping.n_rest, grouping.rest) == (8, MeasuredRate(28, 800))


def test_a_manifest_with_counts_alone_is_enough(make_run):
    run = make_run([turn("a")], [claim("a", "unsupported")])
    bare = {"fingerprint": "f", "counts": run.manifest["counts"]}
    run.manifest_path.write_text(json.dumps(bare))
    data = collect(run)
    assert headline(data) == "100.0% of checkable claims are ungrounded: 1 of 1."
    assert (data.groupings, data.not_shown) == ((), ())


def test_a_run_that_has_not_finished_says_how_to_go_on(tmp_path):
    run = Run.create(tmp_path / "run", {"fingerprint": "f"})
    with pytest.raises(RunError, match=r"no turns\.parquet: the check has not finished.*--resume"):
        collect(run)


def test_a_broken_cascade_is_named(make_run):
    run = make_run([turn("a")], [claim("a", "grounded")])
    (run.path / "cascade.json").write_text("[1]")
    with pytest.raises(RunError, match=r"cascade\.json: expected a JSON object, found list"):
        collect(run)


@pytest.mark.parametrize("name", ["turns.parquet", "claims.parquet", "trusted.index/manifest.json"])
def test_a_damaged_file_of_the_run_is_named(make_run, name):
    run = make_run([turn("t0")], [claim("t0", "contradicted")])
    (run.path / name).parent.mkdir(exist_ok=True)
    (run.path / name).write_bytes(b"PAR1{no longer whole")
    with pytest.raises(RunError, match=f"{name}: unreadable"):
        collect(run)


def test_an_unknown_suffix_is_refused(library_run, tmp_path):
    with pytest.raises(SettingError, match=r"Use \.html or \.md"):
        write_report(library_run, tmp_path / "report.pdf")


def test_an_interrupted_run_says_that_its_figures_are_partial(make_run):
    data = collect(make_run([turn("a")], [claim("a", "grounded")], state="interrupted"))
    assert notices(data)[0].grave
    assert "interrupted" in notices(data)[0].text


def test_the_roll_up_of_the_trace_is_carried_over(make_run):
    rollup = [
        {"level": "source", "key": f"page-{n}", "accused": 1, "total": n + 1, "p_value": 0.1, "whole": not n}
        for n in range(15)
    ]
    trace = {
        "rollup": rollup,
        "unsupported_after_removal": 9,
        "still_supported_after_removal": 1,
        "store": {"cannot_know": ["no times"]},
    }
    data = collect(make_run([turn("a")], [conflict("a", "x")], suspects=[], events=[], trace=trace))
    assert (data.findings.rollup[0].key, data.findings.rollup[0].whole, data.findings.n_rollup) == (
        "page-0",
        True,
        15,
    )
    assert len(data.findings.rollup) == 12
    assert (data.findings.removal.hits, data.findings.removal.total) == (9, 10)
    assert "no times" in data.not_shown


def test_of_many_flagged_claims_the_gravest_are_explained_and_the_rest_counted(make_run):
    claims = [claim("a", "unsupported") | {"claim_id": f"a.{n}", "start": n, "end": n + 1} for n in range(6)]
    claims.append(claim("a", "contradicted") | {"claim_id": "a.6", "start": 6, "end": 8})
    worst = collect(make_run([turn("a")], claims)).worst[0]
    assert [explained.number for explained in worst.claims] == [1, 2, 3, 7]
    assert worst.n_claims_left_out == 3


def test_thresholds_of_any_depth_are_written_on_one_line(make_run):
    thresholds = {
        "support": {"intercept": -2.0, "weights": {"cover": 0.5, "none": None}},
        "source": "dev",
        "digest": "",
    }
    method = dict(collect(make_run([], [], thresholds=thresholds)).method)
    assert method["Thresholds"] == "support (intercept -2, weights (cover 0.5)) · source dev"
