"""Which answers are on the topic of a false claim: the denominator of prevalence and the clean side of comparison."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from halluguard.cascade.observe import Answer, normalise

QUESTION_COSINE = 0.4
RETRIEVAL_SHARE = 0.5
_MAX_QUESTIONS = 300


def find_topic(answers: Sequence[Answer], cases: Sequence[int]) -> tuple[NDArray[np.int64], str]:
    """Return the numbers of answers on the topic of the cases, in order, and how the topic was told.

    An answer is on the topic if its question resembles a case's question (TF-IDF cosine of at least 0.4), or if what it
    retrieved is what cases retrieve: the mean over its list of each entry's share of case lists is at least half the
    cases' median. Before the first case the topic is told the same way, so that prevalence starts at 0. Where neither
    questions nor retrievals were logged, every answer counts.
    """
    member = np.zeros(len(answers), dtype=bool)
    member[list(cases)] = True
    asked = any(answers[case].question for case in cases)
    shown = any(answers[case].retrieved for case in cases)
    if not asked and not shown:
        return np.arange(len(answers)), "all answers: neither questions nor retrieved entries were logged"
    if asked:
        member |= _similar_questions(answers, cases)
    if shown:
        member |= _similar_retrievals(answers, cases)
    means = [name for name, used in (("questions", asked), ("retrieved entries", shown)) if used]
    return np.flatnonzero(member), " and ".join(means)


def _similar_questions(answers: Sequence[Answer], cases: Sequence[int]) -> NDArray[np.bool_]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [normalise(answer.question) for answer in answers]
    distinct = sorted(set(texts))
    place = {text: number for number, text in enumerate(distinct)}
    common = Counter(texts[case] for case in cases if texts[case])
    wanted = sorted(common, key=lambda text: (-common[text], text))[:_MAX_QUESTIONS]
    near = np.zeros(len(distinct), dtype=bool)
    vectorizer = TfidfVectorizer(
        sublinear_tf=True, stop_words="english", ngram_range=(1, 1), dtype=np.float32
    )
    try:
        matrix = vectorizer.fit_transform(distinct)
    except ValueError:  # nothing but stop words
        near[[place[text] for text in wanted]] = True
        return near[[place[text] for text in texts]]
    seeds = matrix[[place[text] for text in wanted]]
    for start in range(0, len(distinct), 10_000):
        block = (matrix[start : start + 10_000] @ seeds.T).max(axis=1).toarray().ravel()
        near[start : start + 10_000] = block >= QUESTION_COSINE
    return near[[place[text] for text in texts]]


def _similar_retrievals(answers: Sequence[Answer], cases: Sequence[int]) -> NDArray[np.bool_]:
    listed = [case for case in cases if answers[case].retrieved]
    counts = Counter(entry for case in listed for entry in answers[case].retrieved)
    weight = {entry: count / len(listed) for entry, count in counts.items()}
    scores = np.array(
        [
            sum(weight.get(e, 0.0) for e in a.retrieved) / len(a.retrieved) if a.retrieved else 0.0
            for a in answers
        ]
    )
    return scores >= max(RETRIEVAL_SHARE * float(np.median(scores[listed])), 1e-12)
