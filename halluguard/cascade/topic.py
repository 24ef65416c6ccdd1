"""Which answers are on the topic of a false claim: the denominator of prevalence and the clean side of comparison."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halluguard.cascade.claims import Embed
from halluguard.cascade.observe import Answer, normalise

QUESTION_COSINE = 0.4
MEANING_COSINE = 0.6
"""With all-MiniLM-L6-v2; over the drills, questions on other pages stay below it and questions about the claim lie above."""
MAX_EMBEDDED = 5000
RETRIEVAL_SHARE = 0.5
_MAX_QUESTIONS, _BLOCK = 300, 10_000
_STOP = frozenset(
    [
        "about",
        "and",
        "any",
        "are",
        "ask",
        "but",
        "can",
        "could",
        "did",
        "does",
        "for",
        "from",
        "get",
        "has",
        "have",
        "how",
        "its",
        "long",
        "many",
        "may",
        "might",
        "much",
        "must",
        "not",
        "our",
        "please",
        "shall",
        "should",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "want",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)


@dataclass(frozen=True)
class Questions:
    """The distinct questions of a log as unit vectors, shape (questions, dimension), and the row of each answer's question."""

    vectors: NDArray[np.float32]
    row: NDArray[np.int64]


def embed_questions(answers: Sequence[Answer], embed: Embed | None) -> Questions | None:
    """Embed each distinct question once; None without an embedder, or for more than 5,000 of them, where words have to do."""
    distinct = sorted({answer.question for answer in answers})
    if embed is None or not any(distinct) or len(distinct) > MAX_EMBEDDED:
        return None
    place = {question: number for number, question in enumerate(distinct)}
    rows = np.array([place[answer.question] for answer in answers], dtype=np.int64)
    return Questions(np.asarray(embed(distinct), dtype=np.float32), rows)


def find_topic(
    answers: Sequence[Answer], cases: Sequence[int], questions: Questions | None = None
) -> tuple[NDArray[np.int64], str]:
    """Return the numbers of answers on the topic of the cases, in order, and how the topic was told.

    With embedded questions an answer is on the topic if its question has a cosine of at least 0.6 with the mean of the questions
    that cases answer, each as often as it was asked: one stray case does not make its question the topic. Without, the
    question must resemble a case's question (cosine of weighted words of at least 0.4), or what was retrieved must be what
    cases retrieve: the mean over its list of each entry's share of case lists is at least half the cases' median. Before
    the first case the topic is told the same way, so that prevalence starts at 0. Where neither questions of any words nor retrievals
    were logged, every answer counts.
    """
    member = np.zeros(len(answers), dtype=bool)
    member[list(cases)] = True
    asked = any(normalise(answers[case].question) for case in cases)
    shown = any(answers[case].retrieved for case in cases)
    if not asked and not shown:
        return np.arange(len(answers)), "all answers: neither questions nor retrieved entries were logged"
    if asked and questions is not None:
        return np.flatnonzero(member | _near_questions(answers, cases, questions)), "meaning of questions"
    if asked:
        member |= _similar_questions(answers, cases)
    if shown:
        member |= _similar_retrievals(answers, cases)
    means = [name for name, used in (("questions", asked), ("retrieved entries", shown)) if used]
    return np.flatnonzero(member), " and ".join(means)


def _near_questions(
    answers: Sequence[Answer], cases: Sequence[int], questions: Questions
) -> NDArray[np.bool_]:
    asked = [case for case in cases if answers[case].question]
    centre = questions.vectors[questions.row[asked]].mean(axis=0)
    cosines = questions.vectors @ (centre / max(float(np.linalg.norm(centre)), 1e-12))
    return np.asarray((cosines >= MEANING_COSINE)[questions.row])


def _similar_questions(answers: Sequence[Answer], cases: Sequence[int]) -> NDArray[np.bool_]:
    texts = [normalise(answer.question) for answer in answers]
    distinct = sorted(set(texts))
    place = {text: number for number, text in enumerate(distinct)}
    common = Counter(texts[case] for case in cases if texts[case])
    wanted = [place[text] for text in sorted(common, key=lambda text: (-common[text], text))[:_MAX_QUESTIONS]]
    matrix = _weigh_words(distinct)
    near = np.zeros(len(distinct), dtype=bool)
    near[wanted] = True
    for start in range(0, len(distinct), _BLOCK):
        cosines = (matrix[start : start + _BLOCK] @ matrix[wanted].T).max(axis=1).toarray().ravel()
        near[start : start + _BLOCK] |= cosines >= QUESTION_COSINE
    return np.asarray(near[[place[text] for text in texts]])


def _weigh_words(texts: Sequence[str]) -> Any:
    """Return unit rows of word weights, sparse: 1 + ln((1 + n) / (1 + df)) for each word a text holds, stop words left out."""
    from scipy.sparse import csr_matrix

    words = [
        sorted({word[:6] for word in text.split() if len(word) > 2 and word not in _STOP}) for text in texts
    ]
    frequency = Counter(word for some in words for word in some)
    column = {word: number for number, word in enumerate(sorted(frequency))}
    weight = {word: 1 + math.log((1 + len(texts)) / (1 + count)) for word, count in frequency.items()}
    norms = [math.sqrt(sum(weight[word] ** 2 for word in some)) for some in words]
    data = [weight[word] / norm for some, norm in zip(words, norms, strict=True) for word in some]
    columns = [column[word] for some in words for word in some]
    ends = np.cumsum([0, *(len(some) for some in words)])
    return csr_matrix((data, columns, ends), shape=(len(texts), max(1, len(column))))


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
