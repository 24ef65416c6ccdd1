"""Fit a calibration to labelled pairs: weights by logistic regression, thresholds and error on held-back folds."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from halluguard.errors import InputError
from halluguard.grounding.calibration import (
    CONTRADICTION_FEATURES,
    DEFAULT,
    RISING,
    SUPPORT_FEATURES,
    Calibration,
    Combination,
    doubt_of,
)
from halluguard.grounding.reader import P_QUOTED, Examined, Reader, ReadRequest
from halluguard.grounding.score import split_for_scoring
from halluguard.records import Passage

FOLDS = 5
ROUNDS = 6
"""How often the worst claim of each text is chosen anew while weights are fitted."""

PENALTY = 1e-3
"""Weight of the squared standardised weights beside the mean log loss."""

REFUTED = frozenset({"refutes", "refute", "refuted", "contradiction", "contradicts", "contradicted"})
IRRELEVANT = frozenset({"irrelevant", "neutral", "not enough info", "neither"})

THRESHOLD_RANGE = (0.3, 0.7)
MIN_ROWS = 40
FALSE_ALARM_RATE = 0.04
"""Share of supported claims, and of unrelated ones, that may be called contradicted on the fitting data."""

GREY_ZONE = 0.1
"""How far under the support threshold a claim must be for support to be all but out of reach."""

Floats = NDArray[np.float64]


class Labelled(NamedTuple):
    """A labelled pair.

    `label` is 1 where the document bears out all of the claim. `contradicted` says whether it states the opposite, None
    where the labels do not tell. Pairs of one `group` (a data set) together weigh as much as those of any other.
    """

    document: str
    claim: str
    question: str | None
    label: int
    contradicted: bool | None = None
    group: str = ""


def label_row(row: Mapping[str, Any]) -> Labelled:
    """Read a labelled row: `document`, `claim`, `label`, and where there are any `question`, `group` and a finer label.

    `label` is 1 or 0. `raw_label` may say more: refuted claims are known to be contradicted, irrelevant ones not to be.
    `query` and `benchmark` are read for `question` and `group`; what follows a slash in a group is a part of it.
    """
    label = int(row["label"])
    finer = str(row.get("raw_label", "")).lower()
    contradicted = False if label or finer in IRRELEVANT else True if finer in REFUTED else None
    question = row.get("question") or row.get("query") or None
    group = str(row.get("group") or row.get("benchmark") or "").split("/")[0]
    return Labelled(row["document"], row["claim"], question, label, contradicted, group)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of a labelled pair: one entry a claim of its text."""

    pair: Labelled
    parts: tuple[Examined, ...]


def fit_calibration(
    rows: Iterable[Labelled | tuple[str, str, str | None, int]],
    reader: Reader,
    *,
    data: str = "",
    data_digest: str = "",
) -> Calibration:
    """Fit weights and thresholds for the reader's model; its own calibration plays no part.

    The expected calibration error that is recorded is of folds that were held back, whole documents at a time.

    Args:
        rows: labelled pairs, at least `MIN_ROWS` and both labels.
        reader: models to fit for.
        data: a name for the labelled set, for manifests.
        data_digest: SHA-256 of it.

    """
    seen = examine_pairs([Labelled(*row) for row in rows], reader)
    unrelated = examine_pairs(shuffle_documents([one.pair for one in seen]), reader)
    return fit_from(seen, unrelated, model_digest=reader.scorer.digest, data=data, data_digest=data_digest)


def fit_from(
    seen: Sequence[Evidence],
    others: Sequence[Evidence],
    *,
    model_digest: str,
    data: str = "",
    data_digest: str = "",
) -> Calibration:
    """Fit a calibration to what was already seen of labelled pairs.

    `others` take part in the fit of contradiction alone: claims with unrelated documents, and more refuted claims.
    """
    _check(seen)
    support, threshold = fit_support(seen)
    doubt = round(max(0.0, threshold - GREY_ZONE), 4)
    opposed = fit_contradiction([*seen, *others], support)
    held_back = predict_held_back(seen, [fold_of(one.pair.document) for one in seen])
    return Calibration(
        support=support,
        contradiction=opposed,
        support_threshold=threshold,
        doubt_threshold=doubt,
        contradiction_threshold=_alarm_threshold(opposed, support, threshold, [*seen, *others]),
        model_digest=model_digest,
        data=data,
        data_digest=data_digest,
        rows=len(seen),
        expected_calibration_error=round(weighted_calibration_error(seen, held_back.probabilities), 4),
    )


def examine_pairs(rows: Sequence[Labelled], reader: Reader) -> list[Evidence]:
    """Read every claim of every pair exhaustively and return what was seen, in order."""
    parts = [split_for_scoring(row.claim, row.question) for row in rows]
    requests = [
        ReadRequest(part, (Passage("document", row.document),), row.question)
        for row, some in zip(rows, parts, strict=True)
        for part in some
    ]
    seen = iter(reader.examine(requests))
    return [Evidence(row, tuple(next(seen) for _ in some)) for row, some in zip(rows, parts, strict=True)]


def shuffle_documents(rows: Sequence[Labelled]) -> list[Labelled]:
    """Pair each claim with the document of another row of its group: related in kind, unrelated in fact."""
    groups: dict[str, list[Labelled]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    shuffled = []
    for some in groups.values():
        half = len(some) // 2
        for row, other in zip(some, some[half:] + some[:half], strict=True):
            if other.document != row.document:
                shuffled.append(row._replace(document=other.document, label=0, contradicted=False))
    return shuffled


def fit_support(seen: Sequence[Evidence]) -> tuple[Combination, float]:
    """Fit the probability that a claim is supported, where a text is as good as its worst claim, and its threshold.

    Weights are fitted with groups and both labels counting alike, so that the threshold is where balanced accuracy is
    best and not where one group's share of supported claims puts it; then the probability is levelled to the shares
    that the groups have. The worst claim depends on the weights: it is chosen anew after each fit, beginning with the
    least entailed.
    """
    names = sorted(SUPPORT_FEATURES)
    kept = _weighable(seen)
    tables = [
        np.array([[part.support[name] for name in names] for part in one.parts if part.support])
        for one in kept
    ]
    labels = np.array([one.pair.label for one in kept], dtype=np.float64)
    direction, worst = _fit_worst(tables, labels, balanced_weights(kept), [name in RISING for name in names])
    slope, level = fit_logistic(worst[:, None], labels, group_weights(kept), [True])
    intercept = slope[0] * direction[1] + level
    weights = dict(zip(names, np.round(slope[0] * direction[0], 5).tolist(), strict=True))
    threshold = float(np.clip(1 / (1 + np.exp(-level)), *THRESHOLD_RANGE))
    return Combination(round(float(intercept), 5), weights), round(threshold, 4)


def _weighable(seen: Iterable[Evidence]) -> list[Evidence]:
    """Return the pairs that weights can be fitted to: not a claim that is quoted, nor an empty document."""
    return [one for one in seen if any(part.support for part in one.parts)]


def _fit_worst(
    tables: Sequence[Floats], labels: Floats, weights: Floats, rising: Sequence[bool]
) -> tuple[tuple[Floats, float], Floats]:
    """Fit on the worst claim of each text; returns weights and intercept, and the log-odds of each worst claim."""
    chosen = [int(table[:, list(rising).index(True)].argmin()) for table in tables]
    fitted = np.zeros(len(rising)), 0.0
    for _ in range(ROUNDS):
        matrix = np.array([table[place] for table, place in zip(tables, chosen, strict=True)])
        fitted = fit_logistic(matrix, labels, weights, rising)
        chosen = [int((table @ fitted[0]).argmin()) for table in tables]
    return fitted, np.array([(table @ fitted[0]).min() + fitted[1] for table in tables])


def fit_logistic(
    matrix: Floats, labels: Floats, weights: Floats, rising: Sequence[bool], penalty: float = PENALTY
) -> tuple[Floats, float]:
    """Return weights and intercept of a penalised logistic regression; those marked rising are kept at 0 or above."""
    from scipy.optimize import minimize

    share = weights / weights.sum()
    mean = share @ matrix
    scale = np.sqrt(share @ (matrix - mean) ** 2) + 1e-6
    standard = np.column_stack([(matrix - mean) / scale, np.ones(len(matrix))])
    mask = np.append(np.ones(matrix.shape[1]), 0.0)

    def loss(vector: Floats) -> tuple[float, Floats]:
        total = standard @ vector
        error = 1 / (1 + np.exp(-total)) - labels
        value = share @ (np.logaddexp(0, total) - labels * total) + penalty * (mask * vector) @ vector
        return float(value), standard.T @ (share * error) + 2 * penalty * mask * vector

    bounds = [(0.0, None) if up else (None, None) for up in rising] + [(None, None)]
    found = minimize(loss, np.zeros(standard.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[:-1] / scale, float(found[-1] - (found[:-1] * mean / scale).sum())


def group_weights(seen: Sequence[Evidence]) -> Floats:
    """Return a weight a pair: groups count alike whatever their size."""
    return _share_alike([(one.pair.group,) for one in seen])


def balanced_weights(seen: Sequence[Evidence]) -> Floats:
    """Return a weight a pair: groups, and both labels within each, count alike."""
    return _share_alike([(one.pair.group, one.pair.label) for one in seen])


def _share_alike(keys: Sequence[tuple[object, ...]]) -> Floats:
    sizes = Counter(keys)
    return np.array([1 / sizes[key] for key in keys]) / len(sizes)


def predict(seen: Sequence[Evidence], combination: Combination) -> Floats:
    """Return the probability that each text is supported: that of its worst claim."""
    return np.array([min(probability_of(part, combination) for part in one.parts) for one in seen])


def probability_of(part: Examined, combination: Combination) -> float:
    """Return the probability that one claim is supported."""
    if part.quoted:
        return P_QUOTED
    return combination.probability(part.support) if part.support else 0.0


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Probabilities by fits that saw no pair of the same fold, and the threshold each of those fits chose."""

    probabilities: Floats
    thresholds: Floats


def predict_held_back(seen: Sequence[Evidence], folds: Sequence[object]) -> HeldBack:
    """Return for each pair what a fit without its fold says of it.

    A fold without which a label would be missing is not held back: a tiny set can be fitted, and not judged.
    """
    probabilities, thresholds = np.zeros(len(seen)), np.zeros(len(seen))
    for fold in dict.fromkeys(folds):
        inside = [position for position, other in enumerate(folds) if other == fold]
        rest = [one for one, other in zip(seen, folds, strict=True) if other != fold]
        both_labels = len({one.pair.label for one in _weighable(rest)}) == 2
        combination, threshold = fit_support(rest if both_labels else seen)
        probabilities[inside] = predict([seen[position] for position in inside], combination)
        thresholds[inside] = threshold
    return HeldBack(probabilities, thresholds)


def fold_of(document: str) -> int:
    """Return the fold of a document, from its digest: rows of one document share one."""
    return hashlib.sha256(document.encode("utf-8", "surrogatepass")).digest()[0] % FOLDS


def weighted_calibration_error(seen: Sequence[Evidence], probabilities: Floats, bins: int = 10) -> float:
    """Return the expected calibration error with every group counting alike (Guo et al. 2017, equal-width bins)."""
    weights = group_weights(seen)
    labels = np.array([one.pair.label for one in seen], dtype=np.float64)
    places = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [
        abs(weights[places == place] @ (probabilities - labels)[places == place]) for place in range(bins)
    ]
    return float(sum(gaps) / weights.sum())


def fit_contradiction(seen: Sequence[Evidence], support: Combination) -> Combination:
    """Fit the probability that a window contradicts a claim, where `support` says how far the claim is borne out.

    Contradicted pairs are those labelled so; supported, irrelevant and unrelated pairs are not. Only windows on the
    claim's subject take part, as when reading. Where few pairs are contradicted the default stays.
    """
    cases = [
        (
            {
                **max(part.against, key=lambda features: features["contradiction"]),
                "doubt": doubt_of(probability_of(part, support)),
            },
            one.pair,
        )
        for one in seen
        if len(one.parts) == 1 and (one.pair.label or one.pair.contradicted is not None)
        for part in one.parts
        if part.against
    ]
    opposed = np.array([float(bool(pair.contradicted)) for _, pair in cases])
    if opposed.sum() < MIN_ROWS / 2:
        return DEFAULT.contradiction
    matrix = np.array([[features[name] for name in CONTRADICTION_FEATURES] for features, _ in cases])
    weights = np.where(opposed > 0, 0.5 / opposed.sum(), 0.5 / (1 - opposed).sum())
    values, intercept = fit_logistic(matrix, opposed, weights, [True] * len(CONTRADICTION_FEATURES))
    found = dict(zip(CONTRADICTION_FEATURES, np.round(values, 5).tolist(), strict=True))
    return Combination(round(intercept, 5), found)


def _alarm_threshold(
    opposed: Combination, support: Combination, threshold: float, seen: Sequence[Evidence]
) -> float:
    """Return the lowest threshold, in hundredths, at which few enough clean claims are called contradicted.

    Few of the supported claims, and few of those with an irrelevant document. Claims at or over the support threshold
    raise no alarm.
    """
    alarms: dict[int, list[float]] = {}
    for one in seen:
        if one.pair.label or one.pair.contradicted is False:
            rated = [(part, probability_of(part, support)) for part in one.parts]
            worst = max((worst_of(part, p, opposed) for part, p in rated if p < threshold), default=0.0)
            alarms.setdefault(one.pair.label, []).append(worst)
    highest = max((float(np.quantile(some, 1 - FALSE_ALARM_RATE)) for some in alarms.values()), default=0.0)
    return float(min(1.0, np.floor(100 * max(0.5, highest)) / 100 + 0.01))


def worst_of(part: Examined, p_supported: float, combination: Combination) -> float:
    """Return the highest probability of contradiction among the windows of a claim, 0 where none is on the subject."""
    doubt = doubt_of(p_supported)
    rated = (combination.probability({**features, "doubt": doubt}) for features in part.against)
    return max(rated, default=0.0)


def _check(seen: Sequence[Evidence]) -> None:
    labels = {one.pair.label for one in seen}
    if len(seen) < MIN_ROWS or labels != {0, 1}:
        raise InputError(
            f"{len(seen)} labelled pairs with labels {sorted(labels)}. Calibration needs at least {MIN_ROWS} and both labels, 0 and 1"
        )
    left = sorted({one.pair.label for one in _weighable(seen)})
    if left != [0, 1]:
        raise InputError(
            f"{len(seen)} labelled pairs, of which only labels {left} are left once claims that repeat their document "
            "word for word, and empty documents, are set aside. Calibration needs both labels, 0 and 1"
        )
