"""Traceback: name the entries responsible for a wrong answer, or that none is; NQ, HotpotQA and RAMDocs.

`python -m evals traceback` reports, `--fit` first fits what ships: weights on every other NQ and RAMDocs question,
p-values on every other question where nothing is poisoned. What is reported are the other halves: nothing is fitted to
any question that is reported, nor to any attack on HotpotQA.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from evals.data import data_path, digests
from evals.lexical_trace import LEXICAL, accuse_lexically
from evals.results import ROOT, Table, print_tables, write_result
from evals.traceback_data import (
    Event,
    PoisonData,
    Question,
    Scenario,
    attack_scenario,
    clean_scenario,
    gold_index,
    read_poison,
)
from halluguard.forensics.attribute import TOP, Attribution, Attributor, measure
from halluguard.forensics.candidates import Flagged
from halluguard.forensics.damage import find_misspelt
from halluguard.forensics.nearest import EntryIndex
from halluguard.forensics.responsibility import (
    ResponsibilityModel,
    chorus_score,
    default_responsibility,
)
from halluguard.forensics.signals import FEATURES, stack_rows
from halluguard.grounding.loading import load_reader
from halluguard.grounding.rates import wilson
from halluguard.grounding.reader import Reader, ReadRequest
from halluguard.models import Embedder, load_models
from halluguard.records import Entry, Origin, Passage, Rate
from halluguard.text import anchor_share

SHIPPED = ROOT / "halluguard" / "forensics" / "responsibility.json"
UNITS = 20
"""Entries of each ranking over which accusations are counted, ours and those of the lexical rows."""
ATTACKS = {
    "nq": ("poisonedrag", "gpt4", "gemini", "blind", "garag_typo"),
    "hotpotqa": ("poisonedrag", "gpt4", "gemini", "blind", "garag_typo"),
    "ramdocs": ("ramdocs_misinfo",),
}
HELD = 1.0
"""Inverse strength of the penalty on the weights, by cross-validation over the NQ questions that are fitted on."""
INVENTED = 5
"""Wrong answers to each question that the fit of p-values sees where nothing is poisoned: its own, and those of others."""
APART = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0)
"""Log-odds behind the highest score of an event that are tried in the fit."""
ALPHA = 0.02
GREYS = (0.05, 0.04, 0.03, 0.025)
"""P-values up to which an event that accuses nobody may stay undetermined, the widest first."""
OWN = 0.92
"""Share of the wrong answers that nothing poisoned which are to be called the generator's: the widest zone that leaves so many is
taken, on the questions that are fitted on, and the aim of 90 % is left some room."""
_BLOCK = 100
_NEUTRAL = ResponsibilityModel(dict.fromkeys(FEATURES, 0.0), 0.0, (1.0,) * 200, (1.0,) * 200)

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
        fitted = fit(_fitting_scenarios(data, keep, reader, models.embedder), reader, models.embedder)
        SHIPPED.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
        default_responsibility.cache_clear()
    model = default_responsibility()
    held = [question for question in keep if question.held]
    rows, payload = [], []
    for drawn in _scenarios(data, held):
        scenario = check(drawn, gold_index(data, drawn.dataset), reader, models.embedder)
        if options.alone:
            scenario = replace(
                scenario, events=tuple(replace(event, conflict=False) for event in scenario.events)
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
    if options.alone:
        return 0
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
    parser.add_argument(
        "--alone",
        action="store_true",
        help="print what is found where trusted passages contradict nothing; the result file stays as it is",
    )
    parser.add_argument("--questions", type=int, default=0, help="questions per data set; 0 is all")
    parser.add_argument("--nli-model", default=None)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--max-chars", type=int, default=0, help="leave longer passages out; 0 keeps all")
    return parser.parse_args(arguments)


def _thin(data: PoisonData, per_dataset: int) -> list[Question]:
    return [question for question in data.questions if question.number < per_dataset]


def _scenarios(data: PoisonData, keep: Sequence[Question]) -> Iterator[Scenario]:
    for dataset, attacks in ATTACKS.items():
        for attack in attacks:
            yield attack_scenario(data, dataset, attack, keep)
        yield clean_scenario(data, dataset, keep)
        yield clean_scenario(data, dataset, keep, right=True)


def _fitting_scenarios(
    data: PoisonData, keep: Sequence[Question], reader: Reader, embedder: Embedder
) -> Iterator[Scenario]:
    some = [question for question in keep if question.fits]
    for dataset, attack in (
        ("nq", "poisonedrag"),
        ("nq", "gpt4"),
        ("nq", "gemini"),
        ("ramdocs", "ramdocs_misinfo"),
    ):
        yield attack_scenario(data, dataset, attack, some)
    # p-values are as fine as there are clean events, whatever the sample. RAMDocs lends its web pages once: some of its
    # passages that are labelled correct or noise state the wrong answer, which makes p-values err on the safe side.
    every = [question for question in data.questions if not question.held]
    for dataset, invented in (("nq", INVENTED), ("hotpotqa", INVENTED), ("ramdocs", 1)):
        trusted = gold_index(data, dataset)
        for shift in range(invented):
            drawn = clean_scenario(data, dataset, every, shift=shift)
            yield check(drawn, trusted, reader, embedder)
        # A right answer that the check did not find borne out: entries do say it, and none is to blame.
        yield check(clean_scenario(data, dataset, every, right=True), trusted, reader, embedder)


def check(scenario: Scenario, trusted: EntryIndex, reader: Reader, embedder: Embedder) -> Scenario:
    """Read each claim against the trusted passages, as a check does before a trace.

    What they contradict is in conflict with its source. What they bear out is not flagged, so that a clean event of it
    is none; an attack stays an event, as if a person had reported it.
    """
    vectors = embedder.encode([event.claim for event in scenario.events])
    requests = [
        ReadRequest(
            event.claim,
            tuple(
                Passage(trusted.entries[p].id, trusted.entries[p].text or "")
                for p, _ in trusted.rank(vector, TOP)
            ),
            event.question.question,
        )
        for event, vector in zip(scenario.events, vectors, strict=True)
    ]
    events = tuple(
        replace(event, conflict=reading.contradicts)
        for event, reading in zip(scenario.events, reader.read(requests), strict=True)
        if event.poison or not reading.supports
    )
    asked = len(scenario.events)
    name = scenario.name if scenario.poison else f"{scenario.name} ({len(events)} of {asked} flagged)"
    return replace(scenario, name=name, events=events)


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
    entries = attributor.index.entries
    texts = {id_: entries[attributor.index.position(id_) or 0].text for id_ in shown}
    chunks = {id_: (text,) if text else () for id_, text in texts.items()}
    qid = event.question.qid
    return Flagged(qid, qid, event.claim, event.question.question, None, (), chunks, event.conflict)


def fit(scenarios: Iterable[Scenario], reader: Reader, embedder: Any) -> dict[str, Any]:
    """Fit the weights on attacked events and the clean maxima on clean ones."""
    rows, labels, attacked, clean = [], [], [], []
    for scenario in scenarios:
        print(f"reading {scenario.name}: {len(scenario.events)} events", file=sys.stderr, flush=True)
        for one, event in zip(
            attribute(Attributor(scenario.index, reader, embedder, _NEUTRAL), scenario),
            scenario.events,
            strict=True,
        ):
            features = stack_rows(measure(one.flagged, one.candidates, one.readings))
            rows.append(features)
            labels += [candidate.entry.id in event.poison for candidate in one.candidates]
            open_ = np.array([not reading.contradicts for reading in one.readings], dtype=bool)
            if event.poison:
                attacked.append((features, open_, np.array(labels[-len(features) :], dtype=bool)))
            else:
                texts = [c.text for c, is_open in zip(one.candidates, open_, strict=True) if is_open]
                clean.append((features[open_], texts, event.answer == event.question.incorrect))
    model = fit_weights(np.concatenate(rows), labels)
    beside, apart = best_bounds([(model.score_rows(row), open_, label) for row, open_, label in attacked])
    clean_scores = [(model.score_rows(features).tolist(), texts, own) for features, texts, own in clean]
    maxima = sorted(max(values, default=0.0) for values, *_ in clean_scores)
    choruses = sorted(chorus_score(values, texts) for values, texts, _ in clean_scores)
    held = replace(model, clean_maxima=tuple(maxima), clean_choruses=tuple(choruses))
    lowest = [
        min(held.p_values(values, texts, [False] * len(values)), default=1.0)
        for values, texts, own in clean_scores
        if own
    ]
    return {
        "weights": dict(model.weights),
        "intercept": model.intercept,
        "clean_maxima": [round(one, 5) for one in maxima],
        "clean_choruses": [round(one, 5) for one in choruses],
        "alpha": ALPHA,
        "grey": widest_grey(lowest),
        "beside": beside,
        "apart": apart,
        "source": f"every other NQ and RAMDocs question, {len(labels)} readings; p-values by {len(clean)} flagged answers where nothing is poisoned, NLI {reader.scorer.digest[:12]}",
    }


def widest_grey(lowest: Sequence[float]) -> float:
    """Return the widest of `GREYS` above which the lowest p-value of a share `OWN` of events lies, the narrowest where none is."""
    return next((grey for grey in GREYS if np.mean([p > grey for p in lowest]) >= OWN), GREYS[-1])


def fit_weights(features: Any, labels: Sequence[bool]) -> ResponsibilityModel:
    """Fit the weights on features of equal spread, held near zero: what sets one data set's poison apart may not be another's."""
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    regression = LogisticRegression(C=HELD, class_weight="balanced", max_iter=2000)
    regression.fit((features - middle) / spread, labels)
    raw = regression.coef_[0] / spread
    weights = {name: round(float(weight), 4) for name, weight in zip(FEATURES, raw, strict=True)}
    return ResponsibilityModel(weights, round(float(regression.intercept_[0] - raw @ middle), 4), (), ())


def best_bounds(events: Sequence[tuple[Any, Any, Any]]) -> tuple[float, float]:
    """Return `beside` and `apart`: those that part responsible entries from others with the fewest errors.

    Each attacked event gives, for its candidates, scores, whether they may be accused, and whether they are responsible.
    """
    labels = np.concatenate([label for *_, label in events])
    found = []
    for apart in APART:
        scores = np.concatenate([_within(score, open_, apart) for score, open_, _ in events])
        errors, cut = _best_cut(scores, labels)
        found.append((errors, apart, cut))
    _, apart, beside = min(found)
    return beside, apart


def _within(scores: Any, open_: Any, apart: float) -> Any:
    """Return the scores of one event, -1 for what may not be accused or stays too far behind the highest."""
    highest = max(scores[open_], default=0.0)
    return np.where(open_ & (logit(scores) >= logit(highest) - apart), scores, -1.0)


def _best_cut(scores: Any, labels: Any) -> tuple[int, float]:
    """Return the fewest errors and the score, above -1, that makes them, the highest of equals."""
    cuts = np.unique(scores[scores >= 0])
    errors = [int(np.sum((scores >= cut) != labels)) for cut in cuts]
    best = len(cuts) - 1 - int(np.argmin(errors[::-1]))
    return errors[best], round(float(cuts[best]), 5)


def report(
    scenario: Scenario, made: Sequence[Attribution], ranked: Sequence[Sequence[tuple[Entry, float]]]
) -> dict[str, Any]:
    """Return the metrics of one scenario: DACC, FPR, FNR over the top of each ranking and over the whole store."""
    totals = np.zeros(4, dtype=int)  # TP, FP, FN, TN over retrieved entries
    store = np.zeros(4, dtype=int)
    naming = np.zeros(2, dtype=int)  # TP, FN among the injected that hold words of the answer
    left = 0
    damaged = find_damaged(scenario)
    for one, event, near in zip(made, scenario.events, ranked, strict=True):
        units = {entry.id for entry, _ in near}
        accused = {one.candidates[i].entry.id for i in one.accusation.accused}
        named = (accused | damaged & (units | event.poison)) - (scenario.poison - event.poison)
        totals += count_units(named, event.poison, units)
        store += count_units(named, event.poison, None, len(scenario.index.entries))
        says = {entry.id for entry, _ in near if entry.id in event.poison and _names_answer(event, entry)}
        naming += len(says & named), len(says - named)
        kept = [entry.id for entry, _ in near if entry.id not in named][:TOP]
        left += bool(event.poison & set(kept))
    n = len(made)
    origins = {str(o): sum(one.accusation.origin is o for one in made) for o in Origin}
    return {
        "events": n,
        "retrieved": _rates(totals),
        "store": _rates(store),
        "naming": {
            "entries": int(naming.sum()),
            "fnr": round(100 * float(naming[1]) / naming.sum(), 2) if naming.sum() else None,
        },
        "store_fp_per_event": round(float(store[1]) / n, 4) if n else None,
        "accused_events": origins["store"],
        "accused_events_interval": wilson(Rate(origins["store"], n)),
        "origins": origins,
        "conflicts": sum(event.conflict for event in scenario.events),
        "damaged_entries": len(damaged),
        "still_supported": sum(bool(one.still_supported) for one in made),
        "poison_left": left,
    }


def _names_answer(event: Event, entry: Entry) -> bool:
    """Whether an entry holds any of the words that the answer adds to the question."""
    return anchor_share(event.claim, event.question.question, entry.text or "") > 0


def find_damaged(scenario: Scenario) -> frozenset[str]:
    """Return the entries that a trace calls corrupted for their words: the sweep needs no event for it."""
    entries = scenario.index.entries
    found = find_misspelt([entry.text or "" for entry in entries])
    return frozenset(entry.id for entry, damage in zip(entries, found, strict=True) if damage)


def rank_events(scenario: Scenario, embedder: Embedder) -> list[list[tuple[Entry, float]]]:
    """Return the units that are counted: the entries nearest to the question of each event, with their cosines.

    What was injected for another question is neither right nor wrong to name, and is left out.
    """
    vectors = embedder.encode([event.question.question for event in scenario.events])
    entries = scenario.index.entries
    injected = {p: entry.id for p, entry in enumerate(entries) if entry.id in scenario.poison}
    return [
        [
            (entries[p], score)
            for p, score in scenario.index.rank(
                vector, UNITS, [p for p, id_ in injected.items() if id_ not in event.poison]
            )
        ]
        for event, vector in zip(scenario.events, vectors, strict=True)
    ]


def count_units(
    accused: set[str], poison: frozenset[str], units: set[str] | None, size: int = 0
) -> NDArray[np.int_]:
    """Count TP, FP, FN, TN over the given entries, or over a whole store of `size` entries."""
    if units is not None:
        accused, poison, size = accused & units, poison & units, len(units)
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
            counts[name] += count_units(accused, event.poison, set(ids))
            falsely[name] += bool(accused & set(ids[:TOP]))
    return {"lexical": {name: {**_rates(counts[name]), "accused_events": falsely[name]} for name in LEXICAL}}


def _attack_table(rows: Sequence[dict[str, Any]]) -> Table:
    columns = (
        "store and attack",
        "events",
        "in conflict",
        "DACC",
        "FPR",
        "FNR",
        "FNR naming it",
        "store FPR",
        "store FNR",
        "TKM",
        "lexO",
        "FD+A",
        "still supported",
        "poison left",
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
                row["conflicts"],
                near["dacc"],
                near["fpr"],
                near["fnr"],
                row["naming"]["fnr"],
                store["fpr"],
                store["fnr"],
                *shown,
                row["still_supported"],
                row["poison_left"],
            )
        )
    note = (
        "Percent. DACC, FPR and FNR over the 20 entries nearest to each question, those injected for other questions left out; "
        "lexical rows as DACC/FPR/FNR over the same. Named are the accused and those whose words are damaged. In conflict: events "
        "whose claim the trusted passages contradict, as the check before a trace finds. FNR naming it: over the injected entries "
        "that hold words of the wrong answer; of the others (most of blind, rewrites that give the right answer instead) none "
        "says it. Still supported: events where what is left in the top 5 after removal would come under suspicion itself; "
        "poison left: events where it holds an injected entry. A RAMDocs question with several wrong answers has an event for each, of "
        "the entries that hold that answer word for word: TKM, which looks for just that, misses none by construction. "
        "Published for comparison, other units, successful attacks only: "
        + "; ".join(f"{system}, {cell}: {d}/{fp}/{fn}" for system, cell, d, fp, fn in PUBLISHED)
        + "."
    )
    return Table(
        columns,
        tuple(out),
        note,
        {"store FPR": 3, "DACC": 2, "FPR": 2, "FNR": 2, "FNR naming it": 2, "store FNR": 2},
    )


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
