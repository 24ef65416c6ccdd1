"""Removal replay on rankings that can be followed by eye."""

from hypothesis import given
from hypothesis import strategies as st

from halluguard.forensics.replay import replay_removals


def ranking(order, k=2):
    return lambda _, removed: [p for p in order if p not in set(removed)][:k]


def test_copies_are_found_one_ranking_after_another():
    """Five copies agree; leaving one out changes nothing, removing them all does."""
    copies = {0, 1, 2, 3, 4}
    replay = replay_removals(
        [[0, 1]],
        ranking(range(8)),
        lambda tops: {e: [p for p in top if p in copies] for e, top in tops.items()},
    )[0]

    assert set(replay.removed) == copies
    assert replay.remaining == (5, 6)
    assert replay.settled
    assert replay.rounds == 3


def test_single_fluent_document_is_settled_in_one_round():
    replay = replay_removals([[3]], ranking([3, 1, 2]), lambda tops: dict.fromkeys(tops, ()))[0]

    assert replay.removed == (3,)
    assert replay.settled


def test_nobody_accused_means_nothing_is_ranked():
    def never(*_):
        raise AssertionError

    replay = replay_removals([[], []], never, never)[0]

    assert replay.rounds == 0
    assert replay.removed == replay.remaining == ()
    assert replay.settled


def test_depth_is_capped_and_said():
    replay = replay_removals(
        [[0]], ranking(range(100)), lambda tops: {e: list(top) for e, top in tops.items()}, max_rounds=3
    )[0]

    assert not replay.settled
    assert replay.rounds == 3


@given(st.lists(st.sets(st.integers(0, 20), max_size=8), max_size=6))
def test_events_replayed_together_or_alone_end_the_same(supporters):
    def find(tops, offset=0):
        return {e: [p for p in top if p in supporters[e + offset]] for e, top in tops.items()}

    accused = [sorted(s)[:1] for s in supporters]
    together = replay_removals(accused, ranking(range(21), 3), find)
    alone = [
        replay_removals([one], ranking(range(21), 3), lambda tops, i=i: find(tops, i))[0]
        for i, one in enumerate(accused)
    ]

    assert together == alone
    for replay, supporter in zip(together, supporters, strict=True):
        if replay.removed and replay.settled:
            assert not supporter & set(replay.remaining)
