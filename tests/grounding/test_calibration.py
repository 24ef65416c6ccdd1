import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluguard.errors import ModelError
from halluguard.grounding.calibration import (
    DEFAULT,
    LEAST_SUPPORT,
    Calibration,
    Combination,
    doubt_of,
    find_calibration,
    load_calibration,
)

PROBABILITIES = st.floats(0, 1)
WORDS = {
    "sentence_cover": 0.5,
    "missing_numbers": 0.0,
    "stray_numbers": 0.0,
    "stray_negation": 0.0,
    "log_words": 2.0,
}
UNKNOWN = (
    '{"support": {"intercept": 0, "weights": {"mood": 1}}, "contradiction": {"intercept": 0, "weights": {}}}'
)


def fitted(digest="d" * 64):
    return Calibration(
        Combination(-1.0, {"entailment": 0.5}),
        Combination(0.0, {"contradiction": 1.0, "doubt": 1.0}),
        model_digest=digest,
        data="set",
    )


@given(PROBABILITIES, PROBABILITIES)
def test_a_claim_is_never_both_supported_and_contradicted(p_supported, p_contradicted):
    assert DEFAULT.decide(p_supported, p_contradicted) != (True, True)


@pytest.mark.parametrize(
    ("p_supported", "p_contradicted", "decided"),
    [
        (0.9, 0.0, (True, False)),
        (0.9, 0.9, (True, False)),
        (0.1, 0.9, (False, True)),
        (0.1, 0.1, (False, False)),
        (0.45, 0.9, (False, True)),
        (0.45, 0.1, (False, False)),
    ],
)
def test_what_is_not_supported_may_be_contradicted(p_supported, p_contradicted, decided):
    assert fitted().decide(p_supported, p_contradicted) == decided


@given(PROBABILITIES, PROBABILITIES)
def test_doubt_rises_as_support_falls_and_silence_says_no_more_than_little_support(one, other):
    assert (doubt_of(one) >= doubt_of(other)) or one > other
    assert doubt_of(one) <= doubt_of(LEAST_SUPPORT) == doubt_of(0.0)


@given(st.floats(-9, 9), st.floats(-9, 9))
def test_support_never_falls_when_a_better_window_is_read(one, other):
    words = WORDS
    features = {**words, "contradiction": 0.0, "entailment": one}

    assert DEFAULT.support.probability(
        {**features, "entailment": max(one, other)}
    ) >= DEFAULT.support.probability(features)


def test_a_negative_weight_for_entailment_is_refused():
    with pytest.raises(ModelError, match="entailment"):
        Calibration(Combination(0.0, {"entailment": -0.1}), DEFAULT.contradiction)


def test_thresholds_out_of_order_are_refused():
    with pytest.raises(ModelError, match="doubt"):
        Calibration(DEFAULT.support, DEFAULT.contradiction, support_threshold=0.3, doubt_threshold=0.4)


def test_what_is_saved_is_loaded_again(tmp_path):
    fitted().save(tmp_path / "calibration.json")

    assert load_calibration(tmp_path / "calibration.json", model_digest="d" * 64) == fitted()


def test_a_calibration_of_an_earlier_version_is_refused(tmp_path):
    old = replace(fitted(), contradiction=Combination(0.0, {"contradiction": 1.0}))
    old.save(tmp_path / "c.json")

    with pytest.raises(ModelError, match=r"c\.json: fitted by an earlier version.*`halluguard calibrate`"):
        load_calibration(tmp_path / "c.json")


def test_a_calibration_of_another_model_is_refused_by_name(tmp_path):
    path = tmp_path / "calibration.json"
    fitted().save(path)

    with pytest.raises(ModelError, match=r"calibration\.json: fitted for model dddd.*not for eeee"):
        load_calibration(path, model_digest="e" * 64)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"support": 3}', "not json", UNKNOWN])
def test_a_file_that_is_no_calibration_is_one_clear_error(tmp_path, text):
    path = tmp_path / "calibration.json"
    path.write_text(text)

    with pytest.raises(ModelError, match="not a calibration"):
        load_calibration(path)


def test_weights_beside_the_model_are_found_only_for_that_model(tmp_path):
    fitted().save(tmp_path / "calibration.json")

    assert find_calibration("d" * 64, folders=[tmp_path]) == fitted()
    assert find_calibration("e" * 64, folders=[tmp_path]) == DEFAULT
    assert find_calibration("e" * 64) == DEFAULT


def test_a_description_is_plain_json(tmp_path):
    assert json.loads(json.dumps(fitted().describe()))["support"]["weights"] == {"entailment": 0.5}
