import numpy as np
import pytest

from halluguard.errors import InputError
from halluguard.grounding.calibrate import (
    SUPPORT_FEATURES,
    Evidence,
    Labelled,
    fit_calibration,
    fit_from,
    fit_logistic,
    fit_support,
    fold_of,
    label_row,
    predict,
    predict_held_back,
    probability_of,
    shuffle_documents,
    weighted_calibration_error,
    worst_of,
)
from halluguard.grounding.calibration import DEFAULT
from halluguard.grounding.features import logit
from halluguard.grounding.reader import Examined, Reader

WORDS = {
    "sentence_cover": 0.5,
    "missing_numbers": 0.0,
    "stray_numbers": 0.0,
    "stray_negation": 0.0,
    "log_words": 2.0,
}


def evidence(label, entailments, *, group="set", document="d", contradiction=-2.0, contradicted=None):
    parts = tuple(
        Examined(
            {"entailment": value, **WORDS},
            ({"contradiction": contradiction, "cover": 0.5},),
        )
        for value in entailments
    )
    return Evidence(Labelled(document, "c", None, label, contradicted, group), parts)


def sample(n=400, seed=0, group="set", shift=0.0, share=0.5):
    """Pairs whose true probability is the logistic of their entailment."""
    rng = np.random.default_rng(seed)
    values = rng.normal(logit(share) + shift, 2.0, n)
    labels = rng.random(n) < 1 / (1 + np.exp(-(values - shift)))
    return [
        evidence(int(label), [value], group=group, document=f"{group}{number}", contradiction=rng.normal())
        for number, (value, label) in enumerate(zip(values.tolist(), labels, strict=True))
    ]


def test_a_logistic_fit_finds_the_weights_that_made_the_labels():
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(20_000, 2))
    labels = (rng.random(20_000) < 1 / (1 + np.exp(-(matrix @ [1.5, -0.5] + 0.3)))).astype(float)

    weights, intercept = fit_logistic(matrix, labels, np.ones(20_000), [False, False], penalty=1e-6)

    assert weights == pytest.approx([1.5, -0.5], abs=0.06)
    assert intercept == pytest.approx(0.3, abs=0.05)


def test_a_rising_feature_never_gets_a_negative_weight():
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(500, 1))

    weights, _ = fit_logistic(matrix, (matrix[:, 0] < 0).astype(float), np.ones(500), [True])

    assert weights[0] == 0.0


def test_probabilities_of_a_fit_mean_what_they_say_on_new_pairs():
    combination, _ = fit_support(sample(2_000))
    fresh = sample(2_000, seed=5)

    assert weighted_calibration_error(fresh, predict(fresh, combination)) < 0.05


def test_the_threshold_is_balanced_and_the_probability_is_not():
    rare = sample(2_000, share=0.2)
    share = np.mean([one.pair.label for one in rare])

    combination, threshold = fit_support(rare)

    assert predict(rare, combination).mean() == pytest.approx(share, abs=0.03)
    assert threshold == pytest.approx(0.3, abs=0.02) or threshold < 0.4


def test_the_worst_claim_of_a_text_decides():
    combination, _ = fit_support(sample())
    text = evidence(0, [4.0, -4.0, 5.0])

    assert predict([text], combination)[0] == predict([evidence(0, [-4.0])], combination)[0]


def test_the_fit_looks_at_the_worst_claim_and_not_at_the_others():
    texts = [Evidence(one.pair, (*one.parts, *evidence(1, [8.0]).parts)) for one in sample()]

    assert fit_support(texts) == fit_support(sample())


def test_groups_weigh_alike_whatever_their_size():
    small, large = sample(100, group="a", shift=3.0), sample(2_000, seed=3, group="b")

    combination, _ = fit_support([*small, *large])

    assert abs(predict(small, combination).mean() - np.mean([one.pair.label for one in small])) < 0.25


def test_held_back_predictions_come_from_fits_without_the_fold():
    seen = sample(200)
    folds = [number % 2 for number in range(200)]

    held_back = predict_held_back(seen, folds)

    other, threshold = fit_support(seen[1::2])
    assert held_back.probabilities[::2] == pytest.approx(predict(seen[::2], other))
    assert set(held_back.thresholds[::2].tolist()) == {threshold}


def test_rows_of_one_document_share_a_fold():
    assert fold_of("a text") == fold_of("a text")
    assert len({fold_of(f"text {number}") for number in range(100)}) == 5


def test_a_refutation_is_told_from_silence_and_false_alarms_stay_rare():
    rng = np.random.default_rng(4)
    refuted = [evidence(0, [-3.0], contradiction=rng.normal(2, 1), contradicted=True) for _ in range(100)]
    clean = [evidence(1, [3.0], contradiction=rng.normal(-2, 1), contradicted=False) for _ in range(100)]
    silent = [evidence(0, [-3.0], contradiction=rng.normal(-1, 1), contradicted=False) for _ in range(200)]

    fitted = fit_from([*refuted, *clean], silent, model_digest="m")

    def called(some):
        parts = [part for one in some for part in one.parts]
        rated = [worst_of(part, probability_of(part, fitted.support), fitted.contradiction) for part in parts]
        return np.mean(np.array(rated) >= fitted.contradiction_threshold)

    assert called(refuted) > 0.5
    assert called([*clean, *silent]) <= 0.03


def test_without_refuted_pairs_the_default_for_contradiction_stays():
    fitted = fit_from(sample(), [], model_digest="m")

    assert fitted.contradiction == DEFAULT.contradiction


def test_a_row_tells_its_group_question_and_whether_it_is_refuted():
    row = {
        "document": "d",
        "claim": "c",
        "label": 0,
        "query": "q",
        "benchmark": "set/part",
        "raw_label": "REFUTES",
    }

    assert label_row(row) == Labelled("d", "c", "q", 0, True, "set")
    assert label_row({**row, "raw_label": "irrelevant"}).contradicted is False
    assert label_row({**row, "raw_label": "partially_supported"}).contradicted is None
    assert label_row({**row, "label": 1}).contradicted is False


def test_too_few_or_one_sided_labels_are_refused():
    with pytest.raises(InputError, match="at least 40 and both labels"):
        fit_from([evidence(1, [1.0])] * 100, [], model_digest="m")
    with pytest.raises(InputError, match="10 labelled pairs"):
        fit_from(sample(10), [], model_digest="m")


QUOTED = Examined({}, (), quoted=True)
NOTHING = Examined({}, ())


@pytest.mark.parametrize(("label", "part"), [(1, QUOTED), (0, NOTHING)])
def test_labels_that_only_quotes_or_empty_documents_bear_are_refused(label, part):
    seen = [
        evidence(1 - label, [1.0]),
        Evidence(Labelled("d", "c", None, label, None, "set"), (part,)),
    ] * 30

    with pytest.raises(
        InputError, match=rf"60 labelled pairs, of which only labels \[{1 - label}\] are left"
    ):
        fit_from(seen, [], model_digest="m")


def test_nothing_but_quotes_is_refused():
    seen = [Evidence(Labelled("d", "c", None, label, None, "set"), (QUOTED,)) for label in (0, 1)] * 30

    with pytest.raises(InputError, match=r"only labels \[\] are left once claims that repeat"):
        fit_from(seen, [], model_digest="m")


def test_a_fold_without_which_only_quotes_bear_a_label_is_not_held_back():
    supported = [one for one in sample(200) if one.pair.label]
    others = [one for one in sample(200) if not one.pair.label]
    quoted = [Evidence(one.pair, (QUOTED,)) for one in supported[:5]]
    seen = [*supported, *others, *quoted]
    folds = ["supported"] * len(supported) + ["rest"] * (len(others) + len(quoted))

    held_back = predict_held_back(seen, folds)

    combination, threshold = fit_support(seen)
    assert held_back.probabilities[: len(supported)] == pytest.approx(predict(supported, combination))
    assert set(held_back.thresholds[: len(supported)].tolist()) == {threshold}


def test_unrelated_pairs_keep_the_claim_and_take_a_foreign_document():
    rows = [Labelled(f"document {number}", f"claim {number}", None, 1, None, "g") for number in range(6)]

    shuffled = shuffle_documents(rows)

    assert [row.claim for row in shuffled] == [row.claim for row in rows]
    assert all(row.document != f"document {number}" for number, row in enumerate(shuffled))
    assert all((row.label, row.contradicted) == (0, False) for row in shuffled)


def test_a_calibration_is_fitted_to_a_small_labelled_set_with_the_real_models(models):
    cities = (
        "Porto",
        "Graz",
        "Lyon",
        "Ghent",
        "Turin",
        "Cork",
        "Bergen",
        "Leeds",
        "Malmo",
        "Split",
        "Gdansk",
    )
    rows = []
    for number, city in enumerate(cities):
        document = f"The office in {city} opened in {1990 + number} and employs {number + 12} people."
        rows += [
            (document, f"The {city} office opened in {1990 + number}.", None, 1),
            (document, f"{number + 12} people work in {city}.", None, 1),
        ]
        rows += [
            (document, f"The {city} office opened in {2005 + number}.", None, 0),
            (document, f"The {city} office has a canteen.", None, 0),
        ]

    fitted = fit_calibration(rows, Reader(models.scorer, DEFAULT), data="towns", data_digest="x")

    assert set(fitted.support.weights) == set(SUPPORT_FEATURES)
    assert (fitted.model_digest, fitted.data, fitted.rows) == (models.scorer.digest, "towns", 44)
    assert 0 <= fitted.doubt_threshold < fitted.support_threshold < 1
    assert fitted.expected_calibration_error is not None
