import pytest

from halluguard.cascade.verdict import Evidence, Regime, decide_regime


@pytest.mark.parametrize(
    ("evidence", "regime"),
    [
        (Evidence(residual_upper=0.0495, quiet_intervals=3.2, ratio_low=1.4), Regime.CONTAINED),
        (Evidence(prevalence_low=0.598, r_loop_low=0.9, r_loop_high=1.2), Regime.CAPTURED),
        (Evidence(ratio_low=1.3), Regime.AMPLIFYING),
        (Evidence(slope_z=2.5), Regime.AMPLIFYING),
        (Evidence(slope_z=2.5, ratio_low=0.8), Regime.UNDETERMINED),
        (Evidence(slope_z=3.1, ratio_low=0.8), Regime.AMPLIFYING),
        (Evidence(ratio_low=0.7, slope_z=0.4, r_loop_low=1.2, r_loop_high=2.0), Regime.GROWING_WITH_STORE),
        (Evidence(children=0, r_loop_low=0, r_loop_high=0.303), Regime.SEEDED_ONLY),
        (Evidence(children=0, r_loop_low=0, r_loop_high=50.0), Regime.UNDETERMINED),
        (Evidence(structural=True), Regime.SEEDED_ONLY),
        (Evidence(residual_upper=0.0495, quiet_intervals=2.9), Regime.UNDETERMINED),
        (Evidence(residual_upper=0.0503, quiet_intervals=9), Regime.UNDETERMINED),
        (Evidence(), Regime.UNDETERMINED),
    ],
)
def test_the_truth_table_of_the_reference(evidence, regime):
    assert decide_regime(evidence).regime is regime


def test_a_structural_zero_says_so():
    assert "structural" in decide_regime(Evidence(structural=True)).rule


def test_undetermined_names_what_is_missing():
    found = decide_regime(Evidence(children=0, r_loop_low=0, r_loop_high=3.7, missing=("timestamps",)))
    assert found.missing[0] == "timestamps"
    assert "3.70" in found.missing[1]


def test_r_above_one_alone_is_no_alarm():
    assert (
        decide_regime(Evidence(r_loop_low=1.5, r_loop_high=3, ratio_low=0.9, slope_z=1.0)).regime
        is Regime.GROWING_WITH_STORE
    )
