"""The end-to-end benchmark: what is counted of a run's tables."""

import pandas as pd

from evals.reported import measure


class Result:
    """The tables of a run, made by hand."""

    def __init__(self, **tables):
        self.tables = tables

    def to_pandas(self, name):
        return pd.DataFrame(self.tables[name])


def suspect(key, verdict, *codes):
    return {"entry_id": key, "verdict": verdict, "reasons": [{"code": code} for code in codes]}


def test_answers_and_entries_are_counted_against_the_truth():
    result = Result(
        claims=[
            {"turn_id": "wrong q1", "status": "source_conflict"},
            {"turn_id": "wrong q2", "status": "uncorroborated"},
            {"turn_id": "right q1", "status": "uncited"},
            {"turn_id": "right q2", "status": "contradicted"},
        ],
        events=[
            {"turn_id": "wrong q1", "origin": "store"},
            {"turn_id": "right q2", "origin": "generator"},
        ],
        suspects=[
            suspect("p1", "responsible", "asserts_flagged_claim"),
            suspect("c1", "responsible"),
            suspect("p2", "suspect", "asserts_known_false"),
            suspect("c2", "suspect", "text_over_limit"),
        ],
    )

    assert measure(result, frozenset({"p1", "p2", "p3"})) == {
        "wrong answers flagged": 50.0,
        "right answers flagged": 50.0,
        "right answers accused": 0.0,
        "entries: precision": 50.0,
        "recall": 33.3,
        "and says it: precision": 66.7,
        "recall with it": 66.7,
    }
