"""Batches under a token budget."""

from hypothesis import given
from hypothesis import strategies as st

from halluguard.models.batching import padding_ratio, plan_batches

lengths = st.lists(st.integers(min_value=1, max_value=512), max_size=200)


@given(lengths, st.integers(min_value=1, max_value=4096))
def test_every_position_is_in_exactly_one_batch_within_the_budget(some, budget):
    batches = plan_batches(some, max_tokens=budget)

    assert sorted(position for batch in batches for position in batch) == list(range(len(some)))
    assert all(len(b) == 1 or max(some[p] for p in b) * len(b) <= budget for b in batches)


def test_mixed_lengths_are_padded_by_less_than_a_tenth():
    some = [(7 * n) % 250 + 10 for n in range(2000)]

    assert padding_ratio(some, plan_batches(some, max_tokens=8192)) < 1.1


def test_no_items_make_no_batches():
    assert plan_batches([], max_tokens=10) == ()
    assert padding_ratio([], ()) == 1.0
