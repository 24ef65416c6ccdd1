"""Go through a whole store, with no log or with one, and collect what every check finds."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from halluguard.forensics.damage import find_misspelt
from halluguard.forensics.integrity.characters import check_characters
from halluguard.forensics.integrity.codes import Code
from halluguard.forensics.integrity.contents import Contents, Progress, load_contents, unit_rows
from halluguard.forensics.integrity.density import DensityRule, check_density
from halluguard.forensics.integrity.duplicates import DuplicateRule, check_duplicates, check_known_bad
from halluguard.forensics.integrity.embedding import count_tokens
from halluguard.forensics.integrity.log_checks import check_retrieved, check_written_back
from halluguard.forensics.integrity.reembed import check_embedding, keep_shared_misfits
from halluguard.forensics.integrity.result import Finding, SweepResult
from halluguard.forensics.integrity.sources import ReadSource, check_sources
from halluguard.forensics.integrity.vectors import check_halves, check_vectors, unnormalised_store
from halluguard.models import Embedder
from halluguard.records import Entry, Reason, Turn
from halluguard.stores import Store

ReadEntries = Callable[[Sequence[Entry]], Sequence[Reason | None]]
"""Reads entries; returns a reason for each that something speaks against, None for the others."""

_TOKEN_BLOCK = 2_000


@dataclass(frozen=True, slots=True)
class SweepRules:
    """The thresholds of the checks that have any."""

    duplicates: DuplicateRule = field(default_factory=DuplicateRule)
    density: DensityRule = field(default_factory=DensityRule)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sweep may use besides the store; what is None or empty is said not to be checked.

    `models` are other embedders that may have written vectors, by name; `contradict` reads entries against the
    trusted corpus, and `known_false` against statements known to be false; `read_source` returns the text of a source;
    `known_bad` are texts of entries known to be bad.
    """

    embedder: Embedder | None = None
    models: Mapping[str, Embedder] = field(default_factory=dict)
    turns: Sequence[Turn] = ()
    contradict: ReadEntries | None = None
    known_false: ReadEntries | None = None
    read_source: ReadSource | None = None
    known_bad: Sequence[str] = ()


@dataclass(slots=True)
class _Tally:
    """What is collected on the way."""

    contents: Contents
    found: list[tuple[int, Reason]] = field(default_factory=list)
    ghosts: list[Finding] = field(default_factory=list)
    container: list[Reason] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    not_checked: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    def take(self, name: str, reasons: Iterable[tuple[int, Reason]], n: int) -> None:
        """Keep the findings of one check, and over how many entries they are taken."""
        self.found.extend(reasons)
        self.checked[name] = n


def sweep(
    store: Store,
    evidence: Evidence | None = None,
    *,
    rules: SweepRules | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Check every entry of a store.

    Args:
        store: an open store; its own container findings are part of the result.
        evidence: what to hold the store against; without it only the checks that need no model, log or source run.
        rules: the thresholds.
        progress: called with the step, the entries done, and their number.

    Returns:
        Findings in the order of the store; those about ids that the store lacks come last.

    """
    evidence, rules = evidence or Evidence(), rules or SweepRules()
    tally = _Tally(load_contents(store, progress))
    tally.container.extend(store.findings())
    tally.take("store records", _store_marks(store, tally.contents), store.count)
    _check_vectors(store, tally)
    _check_texts(tally, rules, evidence, progress)
    _check_density(tally, rules, progress)
    _check_log(tally, evidence)
    _check_outside(tally, evidence)
    _check_embedding(
        tally, evidence, progress
    )  # the dear one last, so that progress is honest about the wait
    return _finish(tally)


def _store_marks(store: Store, contents: Contents) -> Iterator[tuple[int, Reason]]:
    marks = store.entry_findings()
    for number, entry in enumerate(contents.entries):
        for reason in marks.get(entry.id, ()):
            yield number, reason


def _check_vectors(store: Store, tally: _Tally) -> None:
    contents = tally.contents
    if not contents.lengths.any():
        tally.not_checked["vectors"] = "the store holds no vectors"
        return
    tally.take("vectors", check_vectors(contents), int((contents.lengths > 0).sum()))
    tally.take("text and vector pairs", check_halves(contents), len(contents.entries))
    reason = unnormalised_store(np.linalg.norm(contents.vectors, axis=1), contents.usable, store.metric)
    if reason is not None:
        tally.container.append(reason)


def _check_texts(tally: _Tally, rules: SweepRules, evidence: Evidence, progress: Progress | None) -> None:
    entries = tally.contents.entries
    n = sum(1 for entry in entries if entry.text)
    if progress:
        progress("texts", 0, len(entries))
    tally.take(
        "characters",
        ((at, reason) for at, one in enumerate(entries) if one.text for reason in check_characters(one.text)),
        n,
    )
    tally.take("spelling", _check_spelling(tally.contents.texts), n)
    tally.take("duplicates", check_duplicates(entries, rules.duplicates), n)
    if evidence.known_bad:
        tally.take(
            "copies of known bad entries", check_known_bad(entries, evidence.known_bad, rules.duplicates), n
        )
    else:
        tally.not_checked["copies of known bad entries"] = "no known bad entry was given"
    if progress:
        progress("texts", len(entries), len(entries))


def _check_spelling(texts: Sequence[str]) -> Iterator[tuple[int, Reason]]:
    """Yield the texts whose words are damaged; true of healthy texts in another language too, so only worth a look."""
    for at, found in enumerate(find_misspelt(texts)):
        if found is not None:
            shown = ", ".join(f"{slip} for {meant}" for slip, meant in found.examples)
            detail = f"{len(found.slips)} of {found.words} words, such as {shown}"
            yield at, Reason(Code.WORDS_MISSPELT, round(found.share, 5), detail)


def _check_density(tally: _Tally, rules: SweepRules, progress: Progress | None) -> None:
    contents = tally.contents
    usable = np.flatnonzero(contents.usable)
    if len(usable) <= rules.density.neighbours:
        tally.not_checked["density"] = (
            f"{len(usable)} vectors, too few for {rules.density.neighbours} neighbours"
        )
        return
    texts = [contents.entries[at].text or "" for at in usable]
    told = None if progress is None else lambda done: progress("neighbours", done, len(usable))
    found = check_density(texts, unit_rows(contents.vectors[usable]), rules.density, progress=told)
    tally.take("density", ((int(usable[at]), reason) for at, reason in found), len(usable))


def _check_log(tally: _Tally, evidence: Evidence) -> None:
    if not evidence.turns:
        tally.not_checked["log"] = "no log was given: ghosts and answers written back were not looked for"
        return
    entries = tally.contents.entries
    for finding in check_retrieved(entries, evidence.turns):
        if finding.index is None:
            tally.ghosts.append(finding)
        else:
            tally.found.append((finding.index, finding.reason))
    tally.take("log", check_written_back(entries, evidence.turns), len(entries))


def _check_outside(tally: _Tally, evidence: Evidence) -> None:
    entries = tally.contents.entries
    if evidence.read_source is None:
        tally.not_checked["sources"] = "no folder of sources was given"
    else:
        apart: list[int] = []
        n = sum(one.source is not None for one in entries)
        found = list(check_sources(entries, evidence.read_source, elsewhere=apart.append))
        tally.take("sources", found, n - sum(apart))
        if apart:
            tally.not_checked["sources elsewhere"] = (
                f"{sum(apart)} entries name a URL that no document is named after"
            )
    _take_readings(tally, "trusted corpus", evidence.contradict, "no trusted corpus was given")
    _take_readings(tally, "statements known to be false", evidence.known_false, "none was given")


def _take_readings(tally: _Tally, name: str, read: ReadEntries | None, without: str) -> None:
    if read is None:
        tally.not_checked[name] = without
        return
    entries = tally.contents.entries
    readable = [at for at, one in enumerate(entries) if one.text]
    reasons = read([entries[at] for at in readable])
    found = ((at, reason) for at, reason in zip(readable, reasons, strict=True) if reason is not None)
    tally.take(name, found, len(readable))


def _check_embedding(tally: _Tally, evidence: Evidence, progress: Progress | None) -> None:
    if evidence.embedder is None:
        tally.not_checked["embedding"] = "no embedding model was given: vectors were not compared with texts"
        return
    _check_limit(tally, evidence.embedder)
    if not tally.contents.usable.any():
        tally.not_checked["embedding"] = "the store holds no usable vectors"
        return
    done = check_embedding(tally.contents, evidence.embedder, models=evidence.models, progress=progress)
    tally.found = keep_shared_misfits(tally.found, done.verified)
    tally.container.extend(done.container)
    if not done.n_compared:
        tally.not_checked["embedding"] = (
            "no template makes the store's vectors fit the embedding model"
            if done.container
            else "no entry has both a text and a usable vector"
        )
        return
    tally.take("embedding", done.reasons, done.n_compared)
    healthy = done.healthy
    tally.figures |= {
        "healthy_cosine": healthy.center,
        "healthy_floor": healthy.floor,
        "healthy_share": healthy.share,
    }


def _check_limit(tally: _Tally, embedder: Embedder) -> None:
    """Find texts longer than the model reads; true of healthy entries too, so it calls for a look and no more."""
    texts = tally.contents.texts
    for start in range(0, len(texts), _TOKEN_BLOCK):
        counts = count_tokens(texts[start : start + _TOKEN_BLOCK], embedder)
        if counts is None:
            tally.not_checked["text length"] = f"{embedder.name} does not count tokens"
            return
        for at, count in enumerate(counts, start=start):
            if count > embedder.max_tokens:
                detail = f"{count} tokens where {embedder.name} reads {embedder.max_tokens}"
                tally.found.append((at, Reason(Code.TEXT_OVER_LIMIT, float(count), detail)))
    tally.checked["text length"] = len(texts)


def _finish(tally: _Tally) -> SweepResult:
    entries = tally.contents.entries
    ordered = sorted(tally.found, key=lambda item: (item[0], item[1].code))
    findings = [Finding(entries[at].id, at, reason) for at, reason in ordered]
    return SweepResult(
        n_entries=len(entries),
        findings=(*findings, *tally.ghosts),
        container=tuple(tally.container),
        checked=tally.checked,
        not_checked=tally.not_checked,
        figures=tally.figures,
    )
