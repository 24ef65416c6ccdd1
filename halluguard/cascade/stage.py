"""The cascade stage: tables of a run and a store in, `cascade.json` and `cascade.graphml` out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import networkx as nx

from halluguard.cascade.circumstances import Circumstances
from halluguard.cascade.claims import ClaimCluster, Embed, Entails, FlaggedClaim, cluster_claims
from halluguard.cascade.containment import leave_without_origins, minimum_cut, removal_order
from halluguard.cascade.contamination import Surroundings, find_cases, surround
from halluguard.cascade.describe import FoundCascade, describe_cascade
from halluguard.cascade.graph import as_moment, build_graph, named_graph, to_graphml
from halluguard.cascade.loop import measure_loop
from halluguard.cascade.observe import EntryStore, Observation, observe
from halluguard.cascade.provenance import find_write_backs
from halluguard.cascade.score import score_cascade
from halluguard.cascade.topic import Questions, embed_questions, find_topic
from halluguard.cascade.verdict import MEANING, Decision, Regime
from halluguard.records import UNGROUNDED, Origin
from halluguard.run import SPREAD_TABLES, Run, write_atomically, write_json

MAX_CASCADES = 20
"""Cascades described in full, those with a named entry and the largest first; the rest are counted."""
SCHEMA = 1
_NOTHING_TOLD = Circumstances()


@dataclass(frozen=True)
class CascadeResult:
    """What the stage found: `data` is `cascade.json`, `graphs` the named graphs in the same order."""

    data: Mapping[str, Any]
    graphs: tuple[nx.DiGraph, ...]

    @property
    def regime(self) -> Regime:
        """The verdict over all cascades."""
        return Regime(self.data["verdict"]["regime"])

    def summary(self) -> Mapping[str, Any]:
        """Return the verdict and the reach of each cascade, for the manifest and the terminal."""
        return {
            "verdict": self.data["verdict"],
            "cascades": [
                {key: cascade[key] for key in ("id", "claim", "n_answers", "n_entries", "origins")}
                | {"regime": cascade["verdict"]["regime"]}
                for cascade in self.data["cascades"]
            ],
        }


def run_cascade(
    run: Run,
    store: EntryStore | None = None,
    *,
    entails: Entails | None = None,
    embed: Embed | None = None,
    given: Circumstances = _NOTHING_TOLD,
) -> CascadeResult:
    """Score how the false claims of a checked (and best also traced) run spread, and write the result into the run.

    Args:
        run: with `turns` and `claims`; `events` of the trace sharpen the edges where there are any.
        store: the store under suspicion; without it only retrieved entries are seen and R_loop is limited.
        entails: (premise, hypothesis) pairs to rows of entailment, neutral, contradiction; without it words decide.
        embed: texts to unit vectors; without it words propose, and no suspected write-back is looked for.
        given: what people know beside the log and the store.

    Raises:
        RunError: the run has no finished check.
    """
    seen = observe(run, store)
    write_backs, counts = find_write_backs(seen)
    around = surround(seen, write_backs, entails, embed)
    clusters = cluster_claims(_read_flagged(run), entails=entails, embed=embed)
    chosen = _choose(clusters)
    cited = _read_cited(run, around)
    questions = embed_questions(seen.answers, embed) if chosen else None
    cascades = [_one(around, cluster, cited, questions, given=given, looks=len(chosen)) for cluster in chosen]
    cascades = [one for one in cascades if one.cases.answers or one.cases.entries]
    cascades.sort(key=lambda one: (not one.cases.entries, -len(one.cases.answers), one.cases.cluster.leader))
    described = [
        describe_cascade(f"C{n}", around, one, seed=given.seed) for n, one in enumerate(cascades, start=1)
    ]
    counts = {**seen.counts, **counts, "claim_clusters": len(clusters), "cascades": len(cascades)}
    data = _assemble(seen, described, counts, given, reads=entails is not None, embeds=embed is not None)
    graphs = tuple(
        named_graph(seen, one.graph, {node: {"cascade": d["id"]} for node in one.graph.nodes})
        for d, one in zip(described, cascades, strict=True)
    )
    write_json(run.path / "cascade.json", data)
    write_atomically(run.path / "cascade.graphml", to_graphml(graphs))
    result = CascadeResult(data, graphs)
    run.update_manifest({"cascade": {**result.summary(), "read": run.digests(SPREAD_TABLES)}})
    return result


def _one(
    around: Surroundings,
    cluster: ClaimCluster,
    cited: Mapping[int, Sequence[int]],
    questions: Questions | None,
    *,
    given: Circumstances,
    looks: int,
) -> FoundCascade:
    cases = find_cases(around, cluster)
    graph, broken = build_graph(around.seen, cases)
    topic, told = find_topic(around.seen.answers, cases.answers, questions)
    loop = measure_loop(around, graph, topic.tolist(), cited, until=given.contained_day)
    scored = score_cascade(around, cases, graph, topic, loop, given=given, looks=looks)
    cut = {
        "cut": minimum_cut(graph),
        "order": removal_order(graph),
        "without_origins": leave_without_origins(graph),
        "topic": told,
        "counts": {**cases.counts, **broken, "answers_on_topic": len(topic)},
        "sampled": given.sample_rate < 1,
    }
    return FoundCascade(cases, graph, scored, cut, len(topic))


def _read_flagged(run: Run) -> list[FlaggedClaim]:
    accused: dict[str, tuple[str, ...]] = {}
    if run.has("events"):
        for row in run.read("events", ["claim_id", "origin", "accused_ids"]).to_pylist():
            if row["origin"] == Origin.STORE:
                accused[row["claim_id"]] = tuple(row["accused_ids"] or ())
    columns = [
        "claim_id",
        "turn_id",
        "text",
        "reading",
        "status",
        "cited_ids",
        "cited_entailment",
        "supporting_chunk_id",
    ]
    return [
        FlaggedClaim(
            row["claim_id"],
            row["turn_id"],
            row["text"],
            row["reading"] or row["text"],
            row["status"],
            tuple(row["cited_ids"] or ()),
            (row["supporting_chunk_id"],) if row["supporting_chunk_id"] else (),
            accused.get(row["claim_id"], ()),
            row["cited_entailment"],
        )
        for row in _rows_where(run, columns, "status", {str(status) for status in UNGROUNDED})
    ]


def _rows_where(run: Run, columns: list[str], field: str, values: Iterable[str]) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    table = run.read("claims", columns)
    rows: list[dict[str, Any]] = table.filter(
        pc.is_in(table[field], pa.array(sorted(values), pa.string()))
    ).to_pylist()
    return rows


def _read_cited(run: Run, around: Surroundings) -> dict[int, list[int]]:
    """Return the retrieved entries that each answer cites."""
    import pyarrow.compute as pc

    table = run.read("claims", ["turn_id", "cited_ids"])
    rows = table.filter(pc.greater(pc.list_value_length(table["cited_ids"]), 0)).to_pylist()
    named: dict[int, set[str]] = {}
    for row in rows:
        answer = around.by_turn.get(row["turn_id"])
        if answer is not None:
            named.setdefault(answer, set()).update(row["cited_ids"])
    entries = around.seen.entries
    return {
        answer: [n for n in around.seen.answers[answer].retrieved if entries[n].entry_id in ids]
        for answer, ids in sorted(named.items())
    }


def _choose(clusters: Sequence[ClaimCluster]) -> list[ClaimCluster]:
    """Return the clusters worth a full account: those read from a named entry first, then by size."""

    def rank(cluster: ClaimCluster) -> tuple[bool, int]:
        named = any(claim.evidence_ids or claim.accused_ids for claim in cluster.claims)
        return (not named, -len(cluster.claims))

    return sorted(clusters, key=rank)[:MAX_CASCADES]


_ALARMS = (Regime.CAPTURED, Regime.AMPLIFYING, Regime.GROWING_WITH_STORE)


def _assemble(
    seen: Observation,
    cascades: Sequence[Mapping[str, Any]],
    counts: Mapping[str, int],
    given: Circumstances,
    *,
    reads: bool,
    embeds: bool,
) -> dict[str, Any]:
    limits = _limits(seen, counts, reads=reads, embeds=embeds)
    # An answer that many repeat though no entry of the store says it is less of an alarm than any loop through the store.
    looping = [one for one in cascades if one["n_entries"]] or cascades
    worst = next(
        (c for regime in _ALARMS for c in looping if c["verdict"]["regime"] == regime),
        looping[0] if looping else None,
    )
    if worst is None:
        nothing = Decision(Regime.NO_CASE, "no flagged claim asserts anything false")
        verdict = {**asdict(nothing), "meaning": MEANING[nothing.regime], "cascade": None}
    else:
        verdict = {**worst["verdict"], "cascade": worst["id"]}
    return {
        "schema": SCHEMA,
        "verdict": verdict,
        "window": {"start": as_moment(seen.start), "end": as_moment(seen.end)},
        "counts": dict(counts),
        "limits": limits,
        "told": given.told(),
        "cascades": list(cascades),
    }


def _limits(seen: Observation, counts: Mapping[str, int], *, reads: bool, embeds: bool) -> list[str]:
    """Return, in words, what the log and the models could not show."""
    limits = []
    if not reads:
        limits.append("no entailment model: claims are grouped and entries read by their words alone")
    if not embeds:
        limits.append(
            "no embedder: paraphrases are proposed by words, and suspected write-backs are not looked for"
        )
    if not seen.has_store:
        limits.append("no store: entries are known only where the log retrieved them")
    if counts["without_timestamp"]:
        limits.append(f"{counts['without_timestamp']} answers without timestamp")
    if seen.day_resolution:
        limits.append("timestamps name days only: order within a day is unknown")
    if counts["writer_not_in_log"]:
        limits.append(
            f"{counts['writer_not_in_log']} entries name a turn that is not in the log: it is cut or sampled"
        )
    return limits
