"""Write-back edges: which answer became which entry, by a ladder of evidence."""

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from halluguard.cascade.observe import Answer, EntryVersion, Observation, normalise

EXPLICIT, SAME_TEXT, NEAR_COPY, SUSPECTED = 1, 2, 3, 4
RUNGS = {
    EXPLICIT: "explicit id",
    SAME_TEXT: "same text",
    NEAR_COPY: "near-duplicate text, later in time",
    SUSPECTED: "similar meaning, later in time: suspected",
}
SUSPECTED_WEIGHT = 0.3
NEAR_JACCARD = 0.8
MIN_WORDS = 4
MAX_PARENTS = 5
"""An entry equal to many earlier answers is shared among the latest of them."""
_SHINGLE, _RAREST, _LOOK_BACK = 3, 8, 60


@dataclass(frozen=True, slots=True)
class WriteBack:
    """An answer that became an entry: their numbers, the rung of the evidence, and the parent's weight (at most 1)."""

    answer: int
    entry: int
    rung: int
    weight: float


def find_write_backs(seen: Observation) -> tuple[list[WriteBack], dict[str, int]]:
    """Return write-back edges of rungs 1 to 3, in entry order, and counts of what was dropped.

    Rung 1 an id the entry carries; rung 2 the same words; rung 3 shingle Jaccard of at least 0.8 with the answer, or with
    question and answer together. Rungs 2 and 3 need the entry to be later in time, or to have no known time. An entry earlier than its
    answer is a `time_paradox`; equal times are a `tie` and make no edge without an id. A copy of an entry that the answer
    itself was given from is a re-ingest, hence an import, unless it lies under a source that answers are written to.
    """
    counts = dict.fromkeys(("time_paradox", "tie", "reingest", "writer_not_in_log", "shared_parent"), 0)
    by_turn = seen.by_turn
    found: list[WriteBack] = []
    open_entries: list[int] = []
    for number, entry in enumerate(seen.entries):
        named = [by_turn[writer] for writer in entry.writers if writer in by_turn]
        counts["writer_not_in_log"] += bool(entry.writers) and not named
        parents = [
            answer
            for answer in dict.fromkeys(named)
            if _in_time(seen.answers[answer], entry, EXPLICIT, counts)
        ]
        if parents:
            found += _share(parents, number, EXPLICIT, counts)
        elif not named:
            open_entries.append(number)
    found += _match_texts(seen, open_entries, found, counts)
    return sorted(found, key=lambda edge: (edge.entry, edge.answer)), counts


def _share(parents: Sequence[int], entry: int, rung: int, counts: dict[str, int]) -> list[WriteBack]:
    counts["shared_parent"] += len(parents) > 1
    return [WriteBack(answer, entry, rung, 1 / len(parents)) for answer in parents]


def _in_time(answer: Answer, entry: EntryVersion, rung: int, counts: dict[str, int]) -> bool:
    """Whether an answer can be the parent of an entry by their times; an explicit id may do without them."""
    if answer.time is None or entry.time is None:
        return rung == EXPLICIT or answer.time is not None
    if entry.time < answer.time:
        counts["time_paradox"] += rung == EXPLICIT
        return False
    if entry.time == answer.time:
        counts["tie"] += 1
        return rung == EXPLICIT
    return True


@dataclass(frozen=True)
class _Texts:
    """Distinct normalised answer texts with the numbers of their answers in order of time."""

    answers: dict[str, list[int]]
    postings: dict[str, list[str]]


def _match_texts(
    seen: Observation, numbers: Sequence[int], named: Sequence[WriteBack], counts: dict[str, int]
) -> list[WriteBack]:
    """Match entries without an id to earlier answers by their words."""
    start = seen.start
    if start is None:
        return []
    late = [n for n in numbers if (time := seen.entries[n].time) is None or time >= start]
    words = {n: normalise(seen.entries[n].text) for n in late}
    shingles = {n: shingle(words[n]) for n in late if len(words[n].split()) >= MIN_WORDS}
    texts = _index_answers(seen.answers, set().union(*shingles.values()) if shingles else set())
    usual = _usual_delay(seen, named)
    found: list[WriteBack] = []
    copies: list[tuple[int, int, list[int]]] = []
    for number in late:
        if number not in shingles:
            continue
        match = _best_answers(seen, number, words[number], shingles[number], texts)
        if match is None:
            continue
        rung, parents = match
        parents = _likely_before(seen, number, parents, usual)
        parents = [a for a in parents if _in_time(seen.answers[a], seen.entries[number], rung, counts)]
        if parents and _is_copy_of_source(seen, number, parents):
            copies.append((number, rung, parents))
        elif parents:
            found += _share(parents, number, rung, counts)
    writing = _writing_sources(seen, late, {edge.entry for edge in [*named, *found]})
    for number, rung, parents in copies:
        if seen.entries[number].source in writing:
            found += _share(parents, number, rung, counts)
        else:
            counts["reingest"] += 1
    return found


def _writing_sources(seen: Observation, late: Sequence[int], written: set[int]) -> set[str]:
    """Return sources that answers are written to: at least half of their entries, and two, are known to be answers."""
    total = Counter(source for n in {*late, *written} if (source := seen.entries[n].source))
    known = Counter(source for n in written if (source := seen.entries[n].source))
    return {source for source, count in known.items() if count >= 2 and 2 * count >= total[source]}


def shingle(words: str) -> set[str]:
    """Return the runs of three words of a normalised text; a shorter text is one run."""
    tokens = words.split()
    if len(tokens) <= _SHINGLE:
        return {words}
    return {f"{a} {b} {c}" for a, b, c in zip(tokens, tokens[1:], tokens[2:], strict=False)}


def _index_answers(answers: Sequence[Answer], wanted: set[str]) -> _Texts:
    by_text: dict[str, list[int]] = {}
    postings: dict[str, list[str]] = defaultdict(list)
    if not wanted:
        return _Texts(by_text, postings)
    for number, answer in enumerate(answers):
        if answer.time is None:
            continue
        words = normalise(answer.text)
        if words in by_text:
            by_text[words].append(number)
            continue
        by_text[words] = [number]
        for run in wanted & shingle(words):
            postings[run].append(words)
    return _Texts(by_text, postings)


def _best_answers(
    seen: Observation, number: int, words: str, runs: set[str], texts: _Texts
) -> tuple[int, list[int]] | None:
    """Return the rung and the answers, in order of time, that an entry repeats; None where there is none."""
    if words in texts.answers:
        return SAME_TEXT, texts.answers[words]
    rarest = sorted(
        (run for run in runs if run in texts.postings), key=lambda run: (len(texts.postings[run]), run)
    )
    candidates: dict[str, None] = {}
    for run in rarest[:_RAREST]:
        candidates.update(dict.fromkeys(_latest(seen, number, texts, texts.postings[run])))
    scored = [(_likeness(seen, runs, text, texts), text) for text in candidates]
    good = [(score, text) for score, text in scored if score >= NEAR_JACCARD]
    if not good:
        return None
    best = max(good, key=lambda item: (item[0], fuzz.ratio(words, item[1]), item[1]))[1]
    return NEAR_COPY, texts.answers[best]


def _latest(seen: Observation, number: int, texts: _Texts, posting: list[str]) -> list[str]:
    """Return the texts of a posting first given before the entry came, the latest only."""
    time = seen.entries[number].time
    cut = len(posting)
    if time is not None:
        cut = bisect_left(posting, time, key=lambda text: seen.answers[texts.answers[text][0]].time or 0.0)
    return posting[max(0, cut - _LOOK_BACK) : cut]


def _likeness(seen: Observation, runs: set[str], text: str, texts: _Texts) -> float:
    """Return the shingle Jaccard of an entry with an answer, or with its question and answer if that is nearer."""
    answer = shingle(text)
    question = normalise(seen.answers[texts.answers[text][0]].question)
    whole = answer | shingle(f"{question} {text}")
    return max(jaccard(runs, answer), jaccard(runs, whole))


def jaccard(one: set[str], other: set[str]) -> float:
    """Return the shared part of two sets."""
    return len(one & other) / len(one | other) if one or other else 0.0


def _usual_delay(seen: Observation, named: Sequence[WriteBack]) -> tuple[float, float] | None:
    """Return the shortest and longest delay of write-backs that carry an id, in days; None for fewer than 5."""
    pairs = ((seen.answers[edge.answer].time, seen.entries[edge.entry].time) for edge in named)
    delays = [came - given for given, came in pairs if given is not None and came is not None]
    return (min(delays), max(delays)) if len(delays) >= 5 else None


def _likely_before(
    seen: Observation, number: int, answers: Sequence[int], usual: tuple[float, float] | None
) -> list[int]:
    """Return the latest answers given no later than the entry came; `answers` are in order of time.

    Where write-backs with an id show how long it takes, only answers given that long before count, if there are any.
    """
    time = seen.entries[number].time
    if time is None:
        return list(answers[-MAX_PARENTS:])
    cut = bisect_right(answers, time, key=lambda a: seen.answers[a].time or 0.0)
    latest = answers[max(0, cut - _LOOK_BACK) : cut]
    if usual is not None:
        likely = [a for a in latest if usual[0] <= time - (seen.answers[a].time or 0.0) <= usual[1]]
        latest = likely or latest
    return list(latest[-MAX_PARENTS:])


def _is_copy_of_source(seen: Observation, number: int, parents: Sequence[int]) -> bool:
    """Whether an entry repeats an older entry that the answer was given from at least as closely as the answer."""
    entry = seen.entries[number]
    runs = shingle(normalise(entry.text))
    answer = max(jaccard(runs, shingle(normalise(seen.answers[p].text))) for p in parents)
    sources = {source for p in parents for source in seen.answers[p].retrieved if source != number}
    older = [
        s for s in sources if entry.time is None or (t := seen.entries[s].time) is None or t < entry.time
    ]
    return any(
        jaccard(runs, shingle(normalise(seen.entries[s].text))) >= max(answer, NEAR_JACCARD) for s in older
    )


_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")


def numbers_of(text: str) -> frozenset[str]:
    """Return the numbers written in digits, thousands separators dropped: texts with other numbers say other things."""
    return frozenset(found.replace(",", "") for found in _DIGITS.findall(text))
