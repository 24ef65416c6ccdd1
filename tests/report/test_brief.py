"""The paragraph at the top says what lies behind it, how far it went and what to do next, for every outcome."""

import pytest

from halluguard.records import Origin
from halluguard.report import collect, render_html, render_markdown
from halluguard.report.brief import BEHIND, brief


def told(run, /, **changes) -> dict[str, str]:
    from dataclasses import replace

    data = replace(collect(run), **changes)
    return {point.name: "".join(words.text for words in point.words) for point in brief(data)}


def test_a_traced_run_names_entries_sources_and_the_plan(library_run):
    said = told(library_run, run="runs/may", store="the store")

    assert "loans-4 from feed/partner-loans.html" in said[BEHIND]
    assert "flagged claims are laid to" in said[BEHIND]
    assert "halluguard respond runs/may --store 'the store' -o response" in said["What to do next"]


@pytest.mark.parametrize("regime", ["CAPTURED", "AMPLIFYING", "GROWING-WITH-STORE"])
def test_where_the_loop_feeds_it_saving_back_is_to_stop_first(library_run, regime):
    cascade = {
        "verdict": {"regime": regime, "meaning": "It spreads."},
        "cascades": [
            {"claim": "Books are kept for 90 days.", "n_answers": 2, "n_entries": 1},
            {"claim": "A fee is due.", "n_answers": 1, "n_entries": 1},
        ],
    }
    said = told(library_run, cascade=cascade)

    assert said["What to do next"].startswith("Stop saving answers back")
    assert (
        "Books are kept for 90 days, stands in 2 answers and 1 entry of the store." in said["How far it went"]
    )
    assert "It spreads." in said["How far it went"]


def test_the_verdict_is_told_with_the_claim_it_is_of_and_what_the_store_no_longer_holds(library_run):
    held, gone = {"in_store": True}, {"in_store": False}
    cascade = {
        "verdict": {"regime": "CAPTURED", "meaning": "Most say it.", "cascade": "C2"},
        "counts": {"retries": 3},
        "cascades": [
            {"id": "C1", "claim": "Books are kept for 90 days.", "n_answers": 9, "n_entries": 3, "entries": [held, held, gone]},
            {"id": "C2", "claim": "A fee is due.", "n_answers": 4, "n_entries": 1, "entries": [held]},
        ],
    }  # fmt: skip
    said = told(library_run, cascade=cascade)["How far it went"]

    assert (
        "Books are kept for 90 days, stands in 9 answers and 2 entries of the store (1 more by the log alone)."
        in said
    )
    assert "A question asked again at once counts once." in said
    assert (
        "Verdict on the loop: captured, for another claim: A fee is due, stands in 4 answers and 1 entry"
        in said
    )


def test_where_answers_are_never_saved_nobody_is_told_to_stop_it(library_run):
    cascade = {"verdict": {"regime": "CAPTURED", "meaning": "Most say it."}, "told": {"write_back": False}}

    assert not told(library_run, cascade=cascade)["What to do next"].startswith("Stop")


def test_a_loop_that_does_not_feed_it_is_not_stopped(library_run):
    said = told(library_run, cascade={"verdict": {"regime": "SEEDED-ONLY", "meaning": "Put in."}})

    assert not said["What to do next"].startswith("Stop")


def test_where_only_a_cache_can_serve_it_the_plan_is_named_all_the_same(library_run):
    from dataclasses import replace

    findings = replace(collect(library_run).findings, culprits=(), origins=((Origin.NOT_IN_STORE, 2),))
    said = told(library_run, findings=findings, store="store")["What to do next"]

    assert said.startswith("What gave the false answers is no longer in the store")
    assert f"halluguard respond {library_run.path} --store store" in said


def test_a_run_with_nothing_checkable_asks_for_the_right_field(make_run):
    said = told(make_run([], []))

    assert list(said) == ["What to do next"]
    assert "--map answer=FIELD" in said["What to do next"]


def test_an_interrupted_run_is_to_go_on(library_run):
    assert "goes on" in told(library_run, interrupted=True)["What to do next"]


def test_names_of_the_store_stand_apart_from_our_words(library_run):
    data = collect(library_run)

    assert '<span class="id">loans-4</span>' in render_html(data).split("<nav")[0]
    assert "`loans-4` from `feed/partner-loans.html`" in render_markdown(data)


def test_skipped_rows_are_named_with_the_limits(make_run):
    skipped = [{"line": 4817, "reason": "broken JSON"}]
    data = collect(make_run([], [], log={"skipped": skipped, "repairs": ["2 x times mended"]}))

    assert data.not_shown[:2] == ("line 4817: broken JSON", "2 x times mended")
    assert "line 4817: broken JSON" in render_html(data)


def test_trusted_documents_left_out_are_named(make_run):
    run = make_run([], [])
    (run.path / "trusted.index").mkdir()
    (run.path / "trusted.index" / "manifest.json").write_text('{"skipped": ["fees.pdf: is encrypted"]}')

    assert collect(run).not_shown[0] == "trusted document left out: fees.pdf: is encrypted"


@pytest.mark.parametrize("hits", [0, 2])
def test_what_no_document_speaks_of_is_told_with_what_can_be_done(library_run, hits):
    from dataclasses import replace

    from halluguard.records import Status
    from halluguard.report.data import MeasuredRate

    findings = replace(collect(library_run).findings, culprits=(), origins=((Origin.GENERATOR, 2),))
    changes = {"rate": MeasuredRate(hits, 9), "findings": findings}
    with_some = told(library_run, statuses=((Status.UNCORROBORATED, 3),), **changes)["What to do next"]
    without = told(library_run, statuses=((Status.GROUNDED, 3),), **changes)["What to do next"]

    assert "3 claims rest on passages of which no trusted document speaks" in with_some
    assert "--known-false FILE" in with_some
    assert "--known-false" not in without
