"""Scores to probabilities and thresholds, fitted for one model digest on one labelled set."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from halluguard.errors import ModelError
from halluguard.grounding.features import WORD_FEATURES, logit
from halluguard.run import write_json

FILE_NAME = "calibration.json"
"""What a calibration is called beside a model's weights."""

RISING = ("entailment",)
"""Features whose weight for support may not be negative. Reading more windows can only raise the best entailment, so
with this a claim that already passes the threshold would pass it after any further reading, and reading may stop."""


@dataclass(frozen=True, slots=True)
class Combination:
    """A logistic combination: probability = 1 / (1 + exp(-(intercept + sum of weight * feature)))."""

    intercept: float
    weights: Mapping[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        """Return the probability for some features; those without a weight do not count."""
        total = self.intercept + math.fsum(weight * features[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a model's scores become `Reading`s, and what that rests on.

    Attributes:
        support: probability that a claim is supported, of the features in `features.py`.
        contradiction: probability that a window on the claim's subject contradicts it, of the features in `CONTRADICTION_FEATURES`.
        support_threshold: a claim at or above it is supported.
        doubt_threshold: at or under it support is all but out of reach; between the two everything chosen is read.
        contradiction_threshold: a claim at or above it that is not supported is contradicted.
        model_digest: the model it was fitted for; empty for the built-in default, which fits none exactly.
        data: name of the labelled set.
        data_digest: SHA-256 of it.
        rows: labelled rows used.
        expected_calibration_error: of the support probability on held-back folds, between 0 and 1.

    """

    support: Combination
    contradiction: Combination
    support_threshold: float = 0.5
    doubt_threshold: float = 0.4
    contradiction_threshold: float = 0.5
    model_digest: str = ""
    data: str = ""
    data_digest: str = ""
    rows: int = 0
    expected_calibration_error: float | None = None

    def __post_init__(self) -> None:
        """Refuse weights and thresholds with which reading could not stop early, or a claim be both."""
        falling = [name for name in RISING if self.support.weights.get(name, 0.0) < 0]
        if falling:
            raise ModelError(
                f"calibration: the weight of {falling[0]} is negative. Fit it again with `halluguard calibrate`"
            )
        if (
            not 0 <= self.doubt_threshold <= self.support_threshold <= 1
            or not 0 <= self.contradiction_threshold <= 1
        ):
            raise ModelError(
                "calibration: thresholds must lie between 0 and 1, doubt at or under support. Fit it again"
            )

    def decide(self, p_supported: float, p_contradicted: float) -> tuple[bool, bool]:
        """Return whether a claim is supported and whether it is contradicted: one, neither, never both."""
        supports = p_supported >= self.support_threshold
        return supports, not supports and p_contradicted >= self.contradiction_threshold

    def describe(self) -> dict[str, Any]:
        """Return everything as plain values, for a manifest or a file."""
        described = asdict(self)
        for name in ("support", "contradiction"):
            described[name] = {
                "intercept": described[name]["intercept"],
                "weights": dict(described[name]["weights"]),
            }
        return described

    def save(self, path: Path) -> None:
        """Write it as JSON, atomically."""
        write_json(path, self.describe())


SUPPORT_FEATURES = ("entailment", *WORD_FEATURES)
"""What support is weighed by. Tried without gain on families that were held out: contradiction, words found anywhere,
copied runs of words, embedding similarity of claims, sentences and tokens, lengths of premise and passage, counts of
windows, and means in place of the best entailment. The contradiction of what is read first, by how much of the claim one
sentence holds: 95 of 100 changed details are caught with it and 89 without, but of the airline's true claims 10 are flagged and not 3."""

LEAST_SUPPORT = 0.1
"""Probability of support under which less of it says no more against a claim: silence is no contradiction."""

CONTRADICTION_FEATURES = ("contradiction", "cover", "doubt")
"""What a contradiction is weighed by, all rising: the model's word for it, the share of the claim's words in the window, and
how far all that was read is from bearing the claim out, as log-odds. What is refuted in the labelled sets often shares few
words with its refutation; in a log few shared words mean another subject. Of one changed detail a model often sees both the
likeness and the clash: with a fixed zone of doubt in place of the weight 63 of 100 were called contradicted, 80 with it, at
fewer false alarms."""


def doubt_of(p_supported: float) -> float:
    """Return how far a claim is from being borne out: the log-odds against it, no more than those at `LEAST_SUPPORT`."""
    return -logit(max(p_supported, LEAST_SUPPORT))


def load_calibration(path: Path, *, model_digest: str | None = None) -> Calibration:
    """Read a calibration file; with a model digest, refuse one that was fitted for another model.

    Raises:
        ModelError: unreadable, incomplete, of an earlier version, or of another model.

    """
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
        combos = {
            name: Combination(float(loaded[name]["intercept"]), dict(loaded[name]["weights"]))
            for name in ("support", "contradiction")
        }
        calibration = Calibration(**{**loaded, **combos})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"{path}: not a calibration ({error}). Make one with `halluguard calibrate`"
        ) from error
    unknown = calibration.support.weights.keys() - SUPPORT_FEATURES | (
        calibration.contradiction.weights.keys() - CONTRADICTION_FEATURES
    )
    if unknown:
        raise ModelError(
            f"{path}: not a calibration of this version (features {', '.join(sorted(unknown))}). "
            "Make one with `halluguard calibrate`"
        )
    if "doubt" not in calibration.contradiction.weights:
        raise ModelError(
            f"{path}: fitted by an earlier version: its contradiction does not weigh `doubt`. "
            "Fit it again with `halluguard calibrate`"
        )
    if model_digest is not None and calibration.model_digest != model_digest:
        raise ModelError(
            f"{path}: fitted for model {calibration.model_digest[:12] or 'unknown'}, not for {model_digest[:12]}. "
            "Fit it again with `halluguard calibrate`"
        )
    return calibration


def find_calibration(
    model_digest: str, *, folders: Sequence[Path] = (), path: Path | None = None
) -> Calibration:
    """Return the calibration in force: the file given, else the one beside the weights, else the built-in default.

    A file named by the user must be of this model. One found beside the weights that is of another model, as after
    weights were replaced, gives way to the default; `Calibration.model_digest` is then empty, and manifests show it.

    Args:
        model_digest: of the NLI model in use.
        folders: where its weights lie, if they lie in a folder.
        path: a file the user named.

    """
    if path is not None:
        return load_calibration(path, model_digest=model_digest)
    for folder in folders:
        beside = folder / FILE_NAME
        if beside.is_file():
            found = load_calibration(beside)
            if found.model_digest == model_digest:
                return found
    return DEFAULT


DEFAULT = Calibration(
    support=Combination(
        -2.0,
        {
            "entailment": 0.45,
            "sentence_cover": 1.3,
            "missing_numbers": -0.7,
            "stray_numbers": -0.8,
            "stray_negation": -0.3,
            "log_words": 0.5,
        },
    ),
    contradiction=Combination(-3.0, {"contradiction": 0.7, "cover": 1.0, "doubt": 1.0}),
)
"""Weights for a model nobody has calibrated: rough, and named so in every manifest by an empty digest."""
