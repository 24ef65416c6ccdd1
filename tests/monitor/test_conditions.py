"""What two runs were made with: told where it differs, and nothing where a verdict means the same in both."""

from halluguard.monitor import compare_runs, monitor_runs
from halluguard.monitor.conditions import differing_conditions
from halluguard.monitor.tell import tell_difference

MADE = {
    "models": {"nli": {"name": "small", "digest": "1" * 64}, "embedder": {"name": "e", "digest": "2" * 64}},
    "thresholds": {"support": 0.5},
    "settings": {"top_k": 5, "limit": None},
    "version": "1.0",
    "device": "cpu",
}
OTHER = MADE | {
    "models": MADE["models"] | {"nli": {"name": "large", "digest": "3" * 64}},
    "thresholds": {"support": 0.6},
    "settings": MADE["settings"] | {"top_k": 8},
    "device": "cpu:bfloat16",
}


def test_runs_made_alike_differ_in_nothing(make_run):
    before, after = make_run("a", 30), make_run("b", 30, seed=3)
    for run in (before, after):
        run.update_manifest(MADE)

    assert differing_conditions(before, after) == ()
    assert "not made alike" not in tell_difference(compare_runs(before, after))


def test_what_was_otherwise_is_told_by_diff_and_by_monitor(make_run):
    before, after = make_run("a", 60), make_run("b", 60, trusted="b" * 64)
    before.update_manifest(MADE)
    after.update_manifest(
        OTHER | {"inputs": {**after.manifest["inputs"], "known_false": {"path": "k.txt", "sha256": "c" * 64}}}
    )
    found = compare_runs(before, after)

    assert found.conditions == (
        "NLI model: small (111111111111) -> large (333333333333)",
        "trusted corpus: unnamed (aaaaaaaaaaaa) -> unnamed (bbbbbbbbbbbb)",
        "statements known to be false: none -> k.txt (cccccccccccc)",
        "thresholds: another calibration",
        "setting top_k: 5 -> 8",
        "device: cpu -> cpu:bfloat16",
    )
    assert found.as_dict()["conditions"] == list(found.conditions)
    assert "not made alike, setting top_k: 5 -> 8" in tell_difference(found)
    limits = monitor_runs([after], before).limits
    assert "b was not made as a: setting top_k: 5 -> 8" in limits
