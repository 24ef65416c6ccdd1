"""The scores S1 to S10, each a pure function of plain arrays, usable on its own.

S1 `estimate_prevalence`, `count_distinct` · S2 `estimate_exposure` · S3 `estimate_slope` · S4 `estimate_amplification` ·
S4b `estimate_r_loop` · Cori R_t `estimate_cori` · S5 `measure_tree` · S6 `estimate_dispersion`, `top_share` · S7
`count_dominated`, `expected_reach`, `sample_reach` · S8 `estimate_feedback_gain` · S9 `estimate_decay` · S10
`estimate_residual`, `extinction_probability`.
"""

from halluguard.cascade.scores.amplification import Amplification, estimate_amplification
from halluguard.cascade.scores.attribution import attribute_parents, case_reproduction, estimate_cohort_r
from halluguard.cascade.scores.blast import count_dominated, expected_reach, sample_reach
from halluguard.cascade.scores.estimate import Estimate, Quality
from halluguard.cascade.scores.extinction import extinction_probability, r_from_chains, share_causing
from halluguard.cascade.scores.feedback import estimate_decay, estimate_feedback_gain
from halluguard.cascade.scores.generation import estimate_generation_interval
from halluguard.cascade.scores.intervals import garwood, odds_ratio, probes_needed, upper_share, wilson
from halluguard.cascade.scores.offspring import (
    estimate_dispersion,
    estimate_r_loop,
    expected_top_share,
    fit_offspring,
    top_share,
    truncation_weights,
    zero_count_upper,
)
from halluguard.cascade.scores.prevalence import count_distinct, estimate_exposure, estimate_prevalence
from halluguard.cascade.scores.reproduction import estimate_cori, estimate_growth_r, estimate_ml_r
from halluguard.cascade.scores.residual import estimate_residual
from halluguard.cascade.scores.slope import Slope, estimate_slope
from halluguard.cascade.scores.trees import Shape, measure_tree

__all__ = [
    "Amplification",
    "Estimate",
    "Quality",
    "Shape",
    "Slope",
    "attribute_parents",
    "case_reproduction",
    "count_distinct",
    "count_dominated",
    "estimate_amplification",
    "estimate_cohort_r",
    "estimate_cori",
    "estimate_decay",
    "estimate_dispersion",
    "estimate_exposure",
    "estimate_feedback_gain",
    "estimate_generation_interval",
    "estimate_growth_r",
    "estimate_ml_r",
    "estimate_prevalence",
    "estimate_r_loop",
    "estimate_residual",
    "estimate_slope",
    "expected_reach",
    "expected_top_share",
    "extinction_probability",
    "fit_offspring",
    "garwood",
    "measure_tree",
    "odds_ratio",
    "probes_needed",
    "r_from_chains",
    "sample_reach",
    "share_causing",
    "top_share",
    "truncation_weights",
    "upper_share",
    "wilson",
    "zero_count_upper",
]
