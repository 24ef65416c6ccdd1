"""Claims of our own making with one thing changed: a group of its own in the fit of the calibration that ships.

The labelled sets hold few of them, and a fit to those sets alone lets a long claim of the document's own words pass with one
number wrong. Pages and claims are other than those of `evals.grounding_nli.run_edits`, which judges, and none has trained.
"""

import random

from evals.data import data_path
from halluguard.grounding.calibrate import Labelled
from halluguard.models.training.curriculum import make_scene
from halluguard.models.training.examples import CONTRADICTION, ENTAILMENT, Example
from halluguard.models.training.kinds import edited_claim, other_subject
from halluguard.models.training.measure import held_pages
from halluguard.models.training.passages import Corpus

GROUP = "changed details"
CLAIMS = 300
_KINDS = (edited_claim, edited_claim, other_subject)


def changed_details(seed: int) -> list[Labelled]:
    """Return about 300 claims on pages that never trained, true ones beside the same with one thing changed; none without data."""
    folder = data_path("poison")
    if folder is None:
        return []
    pages = held_pages(folder.parent)
    corpus = Corpus(pages)
    rng = random.Random(seed)
    made: list[Example] = []
    while len(made) < CLAIMS:
        made += rng.choice(_KINDS)(make_scene(corpus, rng.randrange(len(pages)), rng), rng)
    return [_labelled(example) for example in made]


def _labelled(example: Example) -> Labelled:
    true = example.label == ENTAILMENT
    contradicted = True if example.label == CONTRADICTION else False if true else None
    return Labelled(example.premise, example.hypothesis, None, int(true), contradicted, GROUP)
