"""Compare every stored vector with a fresh embedding of its text, and say what each misfit fits instead."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from halluguard.forensics.integrity.calibration import Healthy, find_healthy, find_stretch
from halluguard.forensics.integrity.codes import Code
from halluguard.forensics.integrity.contents import Contents, Progress, unit_rows
from halluguard.forensics.integrity.embedding import embed_texts
from halluguard.forensics.integrity.fits import (
    Encode,
    Low,
    fit_beginnings,
    fit_geometry,
    fit_models,
    fit_other_entries,
    fit_templates,
    fit_texts,
)
from halluguard.forensics.integrity.templates import TEMPLATES
from halluguard.models import Embedder
from halluguard.records import Entry, Reason

_SAMPLE = 200
_DECIMALS = 5  # beyond them a cosine depends on which texts were embedded together
_NEAR_OWN = 0.5  # an edited text keeps its topic; unrelated texts of one store rarely reach this
_BEGINNING = 0.985  # a cut inside a word moves the cosine by up to this much
_REMAINS = 0.25  # of the misfit may be left under an explanation; more, and it explains nothing
_EXPLAINED = 5_000  # misfits whose beginnings are tried, each at up to twenty embeddings


@dataclass(frozen=True, slots=True)
class Reembedded:
    """The outcome of the check: reasons by entry number, reasons against the whole, and the calibration.

    `verified` are the entries whose vector fits their text, shape (n,).
    """

    reasons: tuple[tuple[int, Reason], ...]
    container: tuple[Reason, ...]
    healthy: Healthy
    template: str
    verified: NDArray[np.bool_]
    n_compared: int


def check_embedding(
    contents: Contents,
    embedder: Embedder,
    *,
    models: Mapping[str, Embedder] | None = None,
    progress: Progress | None = None,
) -> Reembedded:
    """Re-embed the store and explain its misfits.

    Args:
        contents: the store.
        embedder: the model the chatbot uses today.
        models: other models that may have written some of the vectors, by name.
        progress: told after every block.

    """
    comparable = contents.usable & np.array([bool(entry.text) for entry in contents.entries], dtype=np.bool_)
    positions = np.flatnonzero(comparable)
    entries = tuple(contents.entries[at] for at in positions)
    stored = unit_rows(contents.vectors[positions])
    if contents.vectors.shape[1] != embedder.dimension:
        return _not_compared(contents, _other_dimension(contents.vectors.shape[1], embedder), "text")
    if not entries:
        return _not_compared(contents, None, "text")
    template, doubt = _choose_template(entries, stored, embedder, models or {})
    if doubt is not None:
        return _not_compared(contents, doubt, template)
    texts = [TEMPLATES[template](entry) or entry.text or "" for entry in entries]
    fresh = embed_texts(texts, embedder, progress=progress)
    cosines = np.round(np.einsum("ij,ij->i", stored, fresh).astype(np.float64), _DECIMALS)
    healthy = find_healthy(cosines)
    chosen = cosines < healthy.floor
    low = Low(
        np.flatnonzero(chosen),
        tuple(entries[at] for at in np.flatnonzero(chosen)),
        stored[chosen],
        fresh[chosen],
        cosines[chosen],
    )
    found = explain(
        low,
        entries,
        fresh,
        healthy,
        encode=partial(embed_texts, embedder=embedder, progress=progress, step="misfits"),
        models={name: model.encode for name, model in (models or {}).items()},
    )
    named = [(int(positions[at]), reason) for at, reason in found]
    verified = comparable.copy()
    verified[positions[chosen]] = False
    container = (*_wrong_template(template, embedder), *describe_stretches(named, contents.entries))
    return Reembedded(tuple(named), container, healthy, template, verified, len(entries))


def _not_compared(contents: Contents, doubt: Reason | None, template: str) -> Reembedded:
    nothing = np.zeros(len(contents.entries), dtype=np.bool_)
    container = () if doubt is None else (doubt,)
    return Reembedded((), container, find_healthy(np.zeros(0)), template, nothing, 0)


def _other_dimension(dimension: int, embedder: Embedder) -> Reason:
    detail = f"the store's vectors have {dimension} numbers, those of {embedder.name} {embedder.dimension}: another model wrote it"
    return Reason(Code.DIMENSION_MISMATCH, float(dimension), detail)


def _choose_template(
    entries: Sequence[Entry], stored: NDArray[np.float32], embedder: Embedder, models: Mapping[str, Embedder]
) -> tuple[str, Reason | None]:
    """Find, on a sample, the template under which most of a store fits; a reason where none does."""
    step = max(1, -(-len(entries) // _SAMPLE))
    sample = Low(
        np.arange(0, len(entries), step),
        tuple(entries[::step]),
        stored[::step],
        stored[::step],
        np.zeros(len(stored[::step])),
    )
    best, share = "text", -1.0
    for name, template in TEMPLATES.items():
        cosines = fit_texts(sample, [template(entry) for entry in sample.entries], embedder.encode)
        healthy = find_healthy(cosines)
        if healthy.trusted and healthy.share > share:
            best, share = name, healthy.share
        if share >= 0.5:
            return best, None
    if share > 0:
        return best, None
    return best, _other_model(sample, embedder, models)


def _other_model(sample: Low, embedder: Embedder, models: Mapping[str, Embedder]) -> Reason:
    """Name the model that a whole store was written by, where one of those at hand fits."""
    for name, model in models.items():
        healthy = find_healthy(fit_texts(sample, [entry.text for entry in sample.entries], model.encode))
        if healthy.trusted:
            return Reason(
                Code.STALE_MODEL, healthy.center, f"the store was written by {name}, not by {embedder.name}"
            )
    median = float(np.median(fit_texts(sample, [entry.text for entry in sample.entries], embedder.encode)))
    detail = f"no template makes the store's vectors fit {embedder.name} (median cosine {median:.2f}): another model wrote it"
    return Reason(Code.STALE_MODEL, median, detail)


def _wrong_template(template: str, embedder: Embedder) -> tuple[Reason, ...]:
    if template == "text":
        return ()
    return (
        Reason(
            Code.TEMPLATE_CHANGED,
            None,
            f"the store embeds {template!r} with {embedder.name}; entries were compared so",
        ),
    )


def explain(
    low: Low,
    entries: Sequence[Entry],
    fresh: NDArray[np.float32],
    healthy: Healthy,
    *,
    encode: Encode,
    models: Mapping[str, Encode],
) -> list[tuple[int, Reason]]:
    """Name, for each misfit, the first thing it fits; `low` counts positions of `entries`, `fresh` is theirs."""
    found: dict[int, Reason] = {}

    def name(rest: Low, *steps: Callable[[Low], Mapping[int, Reason]]) -> Low:
        for step in steps:
            if not rest.entries:
                break
            reasons = step(rest)
            found.update((int(rest.positions[number]), reason) for number, reason in reasons.items())
            rest = rest.take(~np.isin(np.arange(len(rest.entries)), list(reasons)))
        return rest

    rest = name(
        low,
        partial(_name_others, fresh=fresh, entries=entries, floor=healthy.floor),
        partial(_name_models, models=models, floor=healthy.floor),
        partial(_name_templates, encode=encode, floor=healthy.floor),
    )
    late = np.arange(len(rest.entries)) >= _EXPLAINED
    name(rest.take(late), partial(_name_rest, why=f"not explained: more than {_EXPLAINED:,} misfits"))
    name(
        rest.take(~late),
        partial(_name_beginnings, encode=encode, floor=healthy.floor),
        partial(_name_batch, n=len(entries)),
        _name_edits,
        _name_geometry,
        partial(_name_rest, why="it fits no text of the store"),
    )
    return sorted(found.items())


def _name_rest(low: Low, *, why: str) -> dict[int, Reason]:
    return {
        number: Reason(Code.VECTOR_MISMATCH, float(cosine), f"cosine {cosine:.3f} to its own text; {why}")
        for number, cosine in enumerate(low.cosines)
    }


def _name_others(
    low: Low, *, fresh: NDArray[np.float32], entries: Sequence[Entry], floor: float
) -> dict[int, Reason]:
    cosines, positions = fit_other_entries(low, fresh)
    named = {}
    for number in np.flatnonzero(cosines >= floor):
        other = int(positions[number])
        shift = other - int(low.positions[number])
        detail = f"fits {entries[other].id} ({shift:+d} places away) with cosine {cosines[number]:.3f}, its own text with {low.cosines[number]:.3f}"
        named[int(number)] = Reason(Code.VECTOR_OF_OTHER_ENTRY, float(low.cosines[number]), detail)
    return named


def _name_models(low: Low, *, models: Mapping[str, Encode], floor: float) -> dict[int, Reason]:
    named = {}
    for name, cosines in fit_models(low, models, floor).items():
        for number in np.flatnonzero(cosines >= floor):
            detail = f"made by {name}: cosine {cosines[number]:.3f} there, {low.cosines[number]:.3f} with the model in use"
            named[int(number)] = Reason(Code.STALE_MODEL, float(low.cosines[number]), detail)
    return named


def _name_templates(low: Low, *, encode: Encode, floor: float) -> dict[int, Reason]:
    named = {}
    for name, cosines in fit_templates(low, encode, floor).items():
        for number in np.flatnonzero(cosines >= floor):
            detail = f"embedded as {name!r}: cosine {cosines[number]:.3f} so, {low.cosines[number]:.3f} as the store does it"
            named[int(number)] = Reason(Code.TEMPLATE_CHANGED, float(low.cosines[number]), detail)
    return named


def _name_beginnings(low: Low, *, encode: Encode, floor: float) -> dict[int, Reason]:
    near = np.flatnonzero(low.cosines >= 0.2)  # a beginning shares its topic with the whole
    if not len(near):
        return {}
    cosines, cuts = fit_beginnings(low.take(np.isin(np.arange(len(low.entries)), near)), encode)
    named = {}
    for number, cosine, cut in zip(near, cosines, cuts, strict=True):
        if cosine >= min(floor, _BEGINNING) and 1 - cosine <= _REMAINS * (1 - low.cosines[number]):
            words = len((low.entries[number].text or "").split())
            detail = f"fits the first {cut} of {words} words with cosine {cosine:.3f}, the whole with {low.cosines[number]:.3f}"
            named[int(number)] = Reason(Code.TRUNCATED_INPUT, float(low.cosines[number]), detail)
    return named


def _name_batch(low: Low, *, n: int) -> dict[int, Reason]:
    """Name a stretch of the order in which nearly every vector misfits: nobody edits a whole batch, a model does."""
    faulty = np.zeros(n, dtype=np.bool_)
    faulty[low.positions] = True
    stretch = find_stretch(faulty)
    if stretch is None or stretch.rate_inside < 0.9 or stretch.stop - stretch.start < _SAMPLE // 10:
        return {}
    inside = np.flatnonzero((low.positions >= stretch.start) & (low.positions < stretch.stop))
    alike = fit_geometry(low.take(np.isin(np.arange(len(low.entries)), inside)))
    detail = f"{stretch.rate_inside:.0%} of entries {stretch.start} to {stretch.stop - 1} misfit, in the relations of another model"
    return {
        int(at): Reason(Code.STALE_MODEL, float(low.cosines[at]), detail)
        for at, fits in zip(inside, alike, strict=True)
        if fits
    }


def _name_edits(low: Low) -> dict[int, Reason]:
    return {
        int(number): Reason(
            Code.EDITED_AFTER_EMBEDDING,
            float(low.cosines[number]),
            f"cosine {low.cosines[number]:.3f}: near its text, but another wording of it was embedded",
        )
        for number in np.flatnonzero(low.cosines >= _NEAR_OWN)
    }


def _name_geometry(low: Low) -> dict[int, Reason]:
    detail = "far from its text, yet it lies to other misfits as their texts do: another model"
    return {
        int(number): Reason(
            Code.STALE_MODEL, float(low.cosines[number]), f"cosine {low.cosines[number]:.3f}: {detail}"
        )
        for number in np.flatnonzero(fit_geometry(low))
    }


def describe_stretches(named: Sequence[tuple[int, Reason]], entries: Sequence[Entry]) -> list[Reason]:
    """Say, code by code, where along the insertion order the misfits crowd."""
    told = []
    for code in sorted({reason.code for _, reason in named}):
        faulty = np.zeros(len(entries), dtype=np.bool_)
        faulty[[number for number, reason in named if reason.code == code]] = True
        stretch = find_stretch(faulty)
        if stretch is None:
            continue
        first, last = entries[stretch.start], entries[stretch.stop - 1]
        times = (
            f", {first.ingested_at} to {last.ingested_at}" if first.ingested_at and last.ingested_at else ""
        )
        detail = (
            f"{stretch.rate_inside:.0%} of entries {stretch.start} ({first.id}) to {stretch.stop - 1} ({last.id}){times}, "
            f"{stretch.rate_outside:.2%} of the others"
        )
        told.append(Reason(code, float(stretch.start), detail))
    return told


def keep_shared_misfits(
    reasons: Sequence[tuple[int, Reason]], verified: NDArray[np.bool_]
) -> list[tuple[int, Reason]]:
    """Drop the suspicion of a shared vector from entries whose vector was shown to be their own."""
    return [
        (at, reason) for at, reason in reasons if not (reason.code == Code.VECTOR_SHARED and verified[at])
    ]
