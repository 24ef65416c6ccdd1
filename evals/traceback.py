"""Traceback: name the entries responsible for a wrong answer, or that none is; NQ, HotpotQA and RAMDocs.

`python -m evals traceback` reports, `--fit` first fits the weights that ship (on every other NQ and RAMDocs
question; HotpotQA is never fitted on, and the halves that are fitted on are not reported).
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from evals.data import data_path, digests
from evals.lexical_trace import LEXICAL, accuse_lexically
from evals.results import ROOT, Table, print_tables, write_result
from evals.traceback_data import (
    Event,
    PoisonData,
    Scenario,
    attack_scenario,
    clean_scenario,
    gold_index,
    read_poison,
)
from halluguard.forensics.attribute import TOP, Attribution, Attributor, measure
from halluguard.forensics.candidates import Flagged
from halluguard.forensics.nearest import EntryIndex
from halluguard.forensics.responsibility import ResponsibilityModel, default_responsibility
from halluguard.forensics.signals import FEATURES, stack_rows
from halluguard.grounding.loading import load_reader
from halluguard.grounding.rates import wilson
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.models import Embedder, load_models
from halluguard.records import Entry, Origin, Passage, Rate

SHIPPED = ROOT / "halluguard" / "forensics" / "responsibility.json"
UNITS = 20
"""Entries of each ranking over which accusations are counted, ours and those of the lexical rows."""
ATTACKS = {
    "nq": ("poisonedrag", "gpt4", "gemini", "blind", "garag_typo"),
    "hotpotqa": ("poisonedrag", "gpt4", "gemini", "blind", "garag_typo"),
    "ramdocs": ("ramdocs_misinfo",),
}
HELD = 0.05
"""Inverse strength of the penalty on the weights."""
INVENTED = 3
"""Wrong answers to each question that the fit of p-values sees where nothing is poisoned: its own, and those of others."""
_BLOCK = 100
_NEUTRAL = ResponsibilityModel(dict.fromkeys(FEATURES, 0.0), 0.0, (1.0,) * 200)

PUBLISHED = (
    ("RAGForensics, GPT-4o-mini judge", "nq poisonedrag", 99.6, 0.8, 0.0),
    ("RAGForensics, GPT-4o-mini judge", "hotpotqa poisonedrag", 97.4, 2.4, 2.8),
)
"""RAGForensics table 1, PRAG-B (arXiv 2504.21668): successful attacks only, other units; no clean events."""


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark and return an exit code."""
    options = _parse(arguments)
    folder = data_path("poison")
    if folder is None:
        return 0
    models = load_models(nli=options.nli_model, device=options.device)
    reader = load_reader(models)
    data = read_poison(folder, models.embedder, max_chars=options.max_chars)
    keep = data.questions if not options.questions else _thin(data, options.questions)
    if options.fit:
        fitted = fit(list(_fitting_scenarios(data, keep)), reader, models.embedder)
        SHIPPED.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
        default_responsibility.cache_clear()
    model = default_responsibility()
    held = [
        question for question in keep if not question.fits and (not options.questions or question.number % 2)
    ]
    rows, payload = [], []
    for drawn in _scenarios(data, held):
        scenario = (
            without_grounded(drawn, gold_index(data, drawn.dataset), reader, models.embedder)
            if drawn.right
            else drawn
        )
        attributor = Attributor(scenario.index, reader, models.embedder, model)
        made = attribute(attributor, scenario)
        ranked = rank_events(scenario, models.embedder)
        row = {
            "scenario": scenario.name,
            **report(scenario, made, ranked),
            **_lexical(scenario, ranked),
        }
        print(json.dumps(row), flush=True)
        payload.append(row)
        rows.append(row)
    tables = {"traceback": _attack_table(rows), "traceback-clean": _clean_table(rows)}
    print_tables(tables)
    write_result(
        "traceback",
        {
            "scenarios": payload,
            "questions": len(held),
            "questions_per_set": options.questions,
            "max_chars": options.max_chars,
            "responsibility": model.source,
        },
        tables=tables,
        data=digests(folder / "entries.jsonl.gz", folder / "questions.jsonl.gz"),
        models={models.scorer.name: models.scorer.digest, models.embedder.name: models.embedder.digest},
        device=models.device,
    )
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m evals traceback", description=__doc__)
    parser.add_argument("--fit", action="store_true", help="fit and write the weights that ship, then report")
    parser.add_argument("--questions", type=int, default=0, help="questions per data set; 0 is all")
    parser.add_argument("--nli-model", default=None)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--max-chars", type=int, default=0, help="leave longer passages out; 0 keeps all")
    return parser.parse_args(arguments)


def _thin(data: PoisonData, per_dataset: int) -> list[Any]:
    return [question for question in data.questions if question.number < per_dataset]


def _scenarios(data: PoisonData, keep: Sequence[Any]) -> Iterator[Scenario]:
    for dataset, attacks in ATTACKS.items():
        for attack in attacks:
            yield attack_scenario(data, dataset, attack, keep)
        yield clean_scenario(data, dataset, keep)
        yield clean_scenario(data, dataset, keep, right=True)


def _fitting_scenarios(data: PoisonData, keep: Sequence[Any]) -> Iterator[Scenario]:
    some = [question for question in keep if question.fits]
    for dataset, attack in (
        ("nq", "poisonedrag"),
        ("nq", "gpt4"),
        ("nq", "gemini"),
        ("ramdocs", "ramdocs_misinfo"),
    ):
        yield attack_scenario(data, dataset, attack, some)
    # p-values are as fine as there are clean events, whatever the sample. RAMDocs lends none: many of its passages that
    # are labelled correct or noise state the wrong answer, so that an accusation there would not be false.
    every = [question for question in data.questions if question.fits and question.dataset == "nq"]
    for shift in range(INVENTED):
        yield clean_scenario(data, "nq", every, shift=shift)


def without_grounded(scenario: Scenario, gold: EntryIndex, reader: Reader, embedder: Embedder) -> Scenario:
    """Leave out the events whose claim the trusted passages bear out: a check does not flag them."""
    events = scenario.events
    vectors = embedder.encode([event.claim for event in events])
    requests = [
        ReadRequest(
            event.claim,
            tuple(Passage(gold.entries[p].id, gold.entries[p].text or "") for p, _ in gold.rank(vector, TOP)),
            event.question.question,
        )
        for event, vector in zip(events, vectors, strict=True)
    ]
    kept = [
        event for event, reading in zip(events, reader.read(requests), strict=True) if not reading.supports
    ]
    return replace(
        scenario, name=f"{scenario.name} ({len(kept)} of {len(events)} flagged)", events=tuple(kept)
    )


def attribute(attributor: Attributor, scenario: Scenario) -> list[Attribution]:
    """Attribute every event of a scenario; the log shows the top of the store's own ranking."""
    made: list[Attribution] = []
    for start in range(0, len(scenario.events), _BLOCK):
        events = scenario.events[start : start + _BLOCK]
        questions = attributor.embedder.encode([event.question.question for event in events])
        flagged = [
            _flagged(
                event, [scenario.index.entries[p].id for p, _ in scenario.index.rank(vector, TOP)], attributor
            )
            for event, vector in zip(events, questions, strict=True)
        ]
        made += attributor.attribute(flagged)
    return made


def _flagged(event: Event, shown: Sequence[str], attributor: Attributor) -> Flagged:
    chunks = {id_: attributor.index.entries[attributor.index.position(id_) or 0].text for id_ in shown}
    qid = event.question.qid
    return Flagged(qid, qid, event.claim, event.question.question, None, (), chunks)


def fit(scenarios: Sequence[Scenario], reader: Reader, embedder: Any) -> dict[str, Any]:
    """Fit the weights on attacked events and the clean maxima on clean ones."""
    rows, labels, under_attack, clean_rows = [], [], [], []
    for scenario in scenarios:
        for one, event in zip(
            attribute(Attributor(scenario.index, reader, embedder, _NEUTRAL), scenario),
            scenario.events,
            strict=True,
        ):
            features = stack_rows(measure(one.flagged, one.candidates, one.readings))
            rows.append(features)
            labels += [candidate.entry.id in event.poison for candidate in one.candidates]
            under_attack += [bool(event.poison)] * len(features)
            if not event.poison:
                clean_rows.append(features)
    model = fit_weights(np.concatenate(rows), labels)
    scores, attacked = model.score_rows(np.concatenate(rows)), np.array(under_attack)
    maxima = sorted(_highest(model, features) for features in clean_rows)
    return {
        "weights": dict(model.weights),
        "intercept": model.intercept,
        "clean_maxima": [round(one, 5) for one in maxima],
        "alpha": 0.02,
        "grey": 0.05,
        "beside": best_cut(scores[attacked], np.array(labels)[attacked]),
        "source": f"every other NQ and RAMDocs question, {len(labels)} readings; p-values by {len(clean_rows)} wrong answers to NQ questions, NLI {reader.scorer.digest[:12]}",
    }


def fit_weights(features: Any, labels: Sequence[bool]) -> ResponsibilityModel:
    """Fit the weights on features of equal spread, held near zero: what sets one data set's poison apart may not be another's."""
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    regression = LogisticRegression(C=HELD, class_weight="balanced", max_iter=2000)
    regression.fit((features - middle) / spread, labels)
    raw = regression.coef_[0] / spread
    weights = {name: round(float(weight), 4) for name, weight in zip(FEATURES, raw, strict=True)}
    return ResponsibilityModel(weights, round(float(regression.intercept_[0] - raw @ middle), 4), ())


def _highest(model: ResponsibilityModel, features: Any) -> float:
    return float(model.score_rows(features).max()) if len(features) else 0.0


def best_cut(scores: Any, labels: Any) -> float:
    """Return the score that parts responsible entries from others with the fewest errors, the highest of equals."""
    cuts = np.unique(scores)
    errors = [np.sum((scores >= cut) != labels.astype(bool)) for cut in cuts]
    return round(float(cuts[len(cuts) - 1 - int(np.argmin(errors[::-1]))]), 5)


def report(
    scenario: Scenario, made: Sequence[Attribution], ranked: Sequence[Sequence[tuple[Entry, float]]]
) -> dict[str, Any]:
    """Return the metrics of one scenario: DACC, FPR, FNR over the top of each ranking and over the whole store."""
    totals = np.zeros(4, dtype=int)  # TP, FP, FN, TN over retrieved entries
    store = np.zeros(4, dtype=int)
    for one, event, near in zip(made, scenario.events, ranked, strict=True):
        accused = {one.candidates[i].entry.id for i in one.accusation.accused}
        totals += count_units(accused, event.poison, [entry.id for entry, _ in near])
        store += count_units(accused, event.poison, None, len(scenario.index.entries))
    n = len(made)
    origins = {str(o): sum(one.accusation.origin is o for one in made) for o in Origin}
    left = sum(bool(one.still_supported) for one in made)
    return {
        "events": n,
        "retrieved": _rates(totals),
        "store": _rates(store),
        "store_fp_per_event": round(float(store[1]) / n, 4) if n else None,
        "accused_events": origins["store"],
        "accused_events_interval": wilson(Rate(origins["store"], n)),
        "origins": origins,
        "still_supported": left,
    }


def rank_events(scenario: Scenario, embedder: Embedder) -> list[list[tuple[Entry, float]]]:
    """Return the entries nearest to the question of each event with their cosines: the units that are counted."""
    vectors = embedder.encode([event.question.question for event in scenario.events])
    entries = scenario.index.entries
    return [[(entries[p], score) for p, score in scenario.index.rank(v, UNITS)] for v in vectors]


def count_units(accused: set[str], poison: frozenset[str], units: Sequence[str] | None, size: int = 0) -> Any:
    """Count TP, FP, FN, TN over the given entries, or over a whole store of `size` entries."""
    if units is not None:
        accused, poison, size = accused & set(units), poison & set(units), len(set(units))
    hit = len(accused & poison)
    return np.array([hit, len(accused - poison), len(poison - accused), size - len(accused | poison)])


def _rates(counts: Any) -> dict[str, float | None]:
    tp, fp, fn, tn = (int(count) for count in counts)
    total = tp + fp + fn + tn
    return {
        "dacc": round(100 * (tp + tn) / total, 2) if total else None,
        "fpr": round(100 * fp / (fp + tn), 3) if fp + tn else None,
        "fnr": round(100 * fn / (fn + tp), 2) if fn + tp else None,
    }


def _lexical(scenario: Scenario, ranked: Sequence[Sequence[tuple[Entry, float]]]) -> dict[str, Any]:
    """Return the same metrics for the lexical baselines, over the top of the question's ranking."""
    counts = {name: np.zeros(4, dtype=int) for name in LEXICAL}
    falsely = dict.fromkeys(LEXICAL, 0)
    for event, near in zip(scenario.events, ranked, strict=True):
        ids = [entry.id for entry, _ in near]
        texts = [entry.text or "" for entry, _ in near]
        found = accuse_lexically(texts, [score for _, score in near], event.question.question, event.answer)
        for name, chosen in found.items():
            accused = {ids[i] for i in chosen}
            counts[name] += count_units(accused, event.poison, ids)
            falsely[name] += bool(accused & set(ids[:TOP]))
    return {"lexical": {name: {**_rates(counts[name]), "accused_events": falsely[name]} for name in LEXICAL}}


def _attack_table(rows: Sequence[dict[str, Any]]) -> Table:
    columns = (
        "store and attack",
        "events",
        "DACC",
        "FPR",
        "FNR",
        "store FPR",
        "store FNR",
        "TKM",
        "lexO",
        "FD+A",
        "still supported",
    )
    out = []
    for row in rows:
        if "clean" in row["scenario"] or not row["events"]:
            continue
        near, store, lexical = row["retrieved"], row["store"], row["lexical"]
        shown = [
            f"{lexical[name]['dacc'] or 0:.1f}/{lexical[name]['fpr'] or 0:.1f}/{lexical[name]['fnr'] or 0:.1f}"
            for name in LEXICAL
        ]
        out.append(
            (
                row["scenario"],
                row["events"],
                near["dacc"],
                near["fpr"],
                near["fnr"],
                store["fpr"],
                store["fnr"],
                *shown,
                row["still_supported"],
            )
        )
    note = (
        "Percent. DACC, FPR and FNR over the 20 entries nearest to each question; lexical rows as DACC/FPR/FNR over the same. "
        "Published for comparison, other units, successful attacks only: "
        + "; ".join(f"{system}, {cell}: {d}/{fp}/{fn}" for system, cell, d, fp, fn in PUBLISHED)
        + "."
    )
    return Table(columns, tuple(out), note, {"store FPR": 3, "DACC": 2, "FPR": 2, "FNR": 2, "store FNR": 2})


def _clean_table(rows: Sequence[dict[str, Any]]) -> Table:
    columns = (
        "store, nothing poisoned",
        "events",
        "falsely accused",
        "generator",
        "undetermined",
        "TKM",
        "lexO",
        "FD+A",
    )
    out = []
    for row in rows:
        if "clean" in row["scenario"]:
            origins, lexical = row["origins"], row["lexical"]
            out.append(
                (row["scenario"], row["events"], origins["store"], origins["generator"], origins["undetermined"],
                 *(lexical[name]["accused_events"] for name in LEXICAL))
            )  # fmt: skip
    return Table(
        columns, tuple(out), "Events in which at least one entry is accused, though none is responsible."
    )
