"""The worst answers come first, and answers with the same fault are one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.report.ranking import NAMED_ALIKE, rank_faults


def row(turn_id, status, text="A claim.", cited="", strength=None):
    return {
        "turn_id": turn_id,
        "status": status,
        "text": text,
        "cited_evidence_id": cited,
        "trusted_contradiction": strength,
    }


def test_conflicts_with_one_passage_are_one_fault_whatever_the_words():
    faults = rank_faults(
        [row(f"t{n}", "source_conflict", f"Claim {n}.", "loans-4", n / 10) for n in range(5)]
    )
    assert [(fault.turn_id, fault.n_turns, sorted(fault.others)) for fault in faults] == [
        ("t4", 5, ["t0", "t1", "t2", "t3"])
    ]


def test_the_gravest_status_comes_before_the_most_repeated_one():
    rows = [row(f"u{n}", "unsupported") for n in range(9)] + [
        row("c", "contradicted", "Other.", strength=0.9)
    ]
    assert [fault.turn_id for fault in rank_faults(rows)] == ["c", "u0"]


def test_among_equals_the_most_repeated_comes_first():
    rows = [
        row("a", "unsupported", "Once."),
        row("b", "unsupported", "Twice."),
        row("c", "unsupported", "twice.  "),
    ]
    assert [(fault.turn_id, fault.n_turns) for fault in rank_faults(rows)] == [("b", 2), ("a", 1)]


STATUSES = st.sampled_from(["source_conflict", "contradicted", "unsupported"])


@given(st.lists(st.tuples(STATUSES, st.sampled_from("abc")), max_size=40))
@settings(max_examples=40)
def test_every_flagged_turn_is_counted_once(claims):
    rows = [row(f"t{n:02d}", status, text, text) for n, (status, text) in enumerate(claims)]
    faults = rank_faults(rows)
    assert sum(fault.n_turns for fault in faults) == len(rows)
    assert all(len(fault.others) <= NAMED_ALIKE for fault in faults)
